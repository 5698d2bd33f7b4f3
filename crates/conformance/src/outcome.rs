//! What happened: the outcome of each case, and what was seen on the way.

use std::sync::Arc;
use std::time::Duration;

use crate::{Case, Rule, Text};

/// A run of suites: what it was of, and how each case ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What was run against what.
    pub heading: Heading,
    /// Every selected case, in the order it was run.
    pub outcomes: Vec<Outcome>,
    /// Time of the whole run.
    pub elapsed: Duration,
    /// Why the run ended before its end, if it did.
    pub broken_off: Option<Text>,
}

/// What was run against what: the head of every report.
#[derive(Clone, Debug, Default)]
pub struct Heading {
    /// What the transport says of itself, with faults that were switched on.
    pub target: String,
    /// Profile.
    pub profile: String,
    /// Its version.
    pub profile_version: String,
    /// Answer to reset, hexadecimal.
    pub atr: String,
    /// Seed of the card's randomness, where it is known.
    pub seed: Option<u64>,
    /// Revision of the program (version, and git revision where known).
    pub revision: String,
    /// When, for people; handed in.
    pub when: String,
    /// The words that begin the command which reproduces a case: `purse conform run all --card ..`.
    pub command: String,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case.
    pub case: Arc<Case>,
    /// Verdict.
    pub verdict: Verdict,
    /// What was done and seen, step by step, up to the one that failed.
    pub steps: Vec<StepSeen>,
    /// Time.
    pub elapsed: Duration,
    /// How often it was tried; more than once only where retries were asked for.
    pub tries: u32,
}

/// Verdict on a case.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// As it must be.
    Passed,
    /// Not so.
    Failed(Vec<Finding>),
    /// Not run, and why.
    Skipped(Text),
    /// The card or the way to it failed: mute, gone, garbage.
    Broken(Text),
}

impl Verdict {
    /// Whether somebody must look: the case failed, or is broken.
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Broken(_))
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which step, from 0; `None` is the case as a whole.
    pub step: Option<usize>,
    /// What: `status word`, `TAC`, `balance`, `file 18 changed`.
    pub what: Text,
    /// What must be, for people: `97.50 yuan (9750 fen)`, `in the answer`; hexadecimal where bytes
    /// are nothing else.
    pub expected: Text,
    /// What was.
    pub actual: Text,
    /// Both as bytes, where they are bytes: for a byte-level difference; `None` in the first is any
    /// byte.
    pub bytes: Option<(Vec<Option<u8>>, Vec<u8>)>,
    /// The rule that is broken.
    pub rule: Option<Arc<Rule>>,
}

/// What was done and seen in a step.
#[derive(Clone, Debug)]
pub struct StepSeen {
    /// Which step of the case, from 0. Repeated and whole-transaction steps are seen several times.
    pub step: usize,
    /// What was done, in words: `INITIALIZE FOR PURCHASE`, `reset`.
    pub title: Text,
    /// What went over the link: commands and answers, in order. Data of secret fields is as it was;
    /// reports leave out what the catalogue says is secret.
    pub exchanges: Vec<Exchange>,
    /// What was expected, in words.
    pub expected: Vec<Text>,
}

/// A command and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Command.
    pub command: Vec<u8>,
    /// Answer with its status word; `None`: the card fell silent.
    pub answer: Option<Vec<u8>>,
    /// How long it took.
    pub elapsed: Duration,
}

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
    /// Broken.
    pub broken: usize,
}

impl RunReport {
    /// How many ended how.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.outcomes)
    }
}

impl Counts {
    /// Of these.
    pub fn of<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            let count = match outcome.verdict {
                Verdict::Passed => &mut counts.passed,
                Verdict::Failed(_) => &mut counts.failed,
                Verdict::Skipped(_) => &mut counts.skipped,
                Verdict::Broken(_) => &mut counts.broken,
            };
            *count += 1;
        }
        counts
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.passed + self.failed + self.skipped + self.broken
    }
}
