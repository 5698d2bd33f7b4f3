//! The runner: cases against a card, one after the other, each from the same state.
//!
//! With a hand at the card ([`Target::controlled`], [`Target::with_control`]) every case begins from
//! a snapshot, and what a step changes is read on a copy of the card before and after it. Without one
//! the card is taken as it is, and what needs the hand is skipped with a reason.

mod answer_to_reset;
mod attempt;
mod bench;
mod check;
mod command;
mod options;
mod partition;
mod plain;
mod probe;
mod reach;
mod select;
mod state;
mod target;
mod tear;
mod wear;
mod words;

use std::sync::Arc;
use std::time::Duration;

use applet_spec::Profile;
use crypto::custody::KeyCustody;

use crate::{Case, Heading, Outcome, RunReport, Text, Verdict};
use attempt::Attempted;
use bench::Bench;

pub use options::{Destructive, Options, Order, Stop, Tears, Trace};
pub use partition::{Partition, PartitionError};
pub use select::{Entry, Selection, select};
pub use target::{Hand, Target};

/// Time, handed in.
pub trait Clock {
    /// Time since any fixed moment.
    fn now(&mut self) -> Duration;

    /// Waits.
    fn wait(&mut self, time: Duration);
}

/// Who is told what happens. Progress, lines of JSON and printing stand on it.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: &Event<'_>);

    /// Whether the run is to end before the next case; it is asked before each.
    fn stops(&mut self) -> bool {
        false
    }
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}

/// What happens in a run.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// It begins.
    RunBegins {
        /// What will be done, in order.
        selection: &'e Selection,
    },
    /// A case begins.
    CaseBegins {
        /// Which.
        case: &'e Arc<Case>,
        /// Its place in the selection, from 0.
        at: usize,
    },
    /// A case ended.
    CaseEnded(&'e Outcome),
    /// The run ended.
    RunEnded(&'e RunReport),
}

/// Runs cases.
pub struct Runner<'r> {
    profile: &'r Profile,
    custody: &'r dyn KeyCustody,
    clock: &'r mut dyn Clock,
    options: Options,
    heading: Heading,
}

impl<'r> Runner<'r> {
    /// For cards of `profile`, whose master keys `custody` holds.
    pub fn new(
        profile: &'r Profile,
        custody: &'r dyn KeyCustody,
        clock: &'r mut dyn Clock,
        options: Options,
    ) -> Self {
        Self { profile, custody, clock, options, heading: Heading::default() }
    }

    /// What the report says of the run beside what the runner knows: target, profile and ATR are
    /// filled in where they are empty.
    #[must_use]
    pub fn heading(mut self, heading: Heading) -> Self {
        self.heading = heading;
        self
    }

    /// Runs what the options select of `cases`. However the target behaves, what ran is in the
    /// report; where the run could not go on, the report says why.
    pub fn run(
        &mut self,
        cases: &[Arc<Case>],
        target: &mut Target,
        observer: &mut dyn Observer,
    ) -> RunReport {
        let selection = select(cases, &self.options, self.profile, target.hand());
        observer.event(&Event::RunBegins { selection: &selection });
        let begun = self.clock.now();
        let mut report = RunReport {
            heading: self.headed(target),
            outcomes: Vec::with_capacity(selection.entries.len()),
            elapsed: Duration::ZERO,
            broken_off: None,
        };
        let mut bench =
            Bench::new(self.profile, self.custody, target, &mut *self.clock, &self.options);
        for (at, entry) in selection.entries.iter().enumerate() {
            if observer.stops() {
                report.broken_off = Some(words::text("it was interrupted", "运行被中断"));
                break;
            }
            observer.event(&Event::CaseBegins { case: &entry.case, at });
            let outcome = match &entry.skipped {
                Some(reason) => skipped(&entry.case, reason.clone()),
                None => match bench.ready().and_then(|()| bench.usable()) {
                    Ok(()) => bench.tried(&entry.case),
                    Err(problem) => {
                        report.broken_off = Some(problem);
                        break;
                    }
                },
            };
            observer.event(&Event::CaseEnded(&outcome));
            let bad = outcome.verdict.is_bad();
            report.outcomes.push(outcome);
            if bad && self.options.stop == Stop::AtFirstFailure {
                break;
            }
        }
        if report.heading.atr.is_empty() {
            report.heading.atr = bench.atr();
        }
        bench.release();
        bench.leave();
        drop(bench);
        report.elapsed = self.clock.now().saturating_sub(begun);
        observer.event(&Event::RunEnded(&report));
        report
    }

    fn headed(&self, target: &mut Target) -> Heading {
        let mut heading = self.heading.clone();
        if heading.target.is_empty() {
            heading.target = target.transport().describe();
        }
        heading.profile.clone_from(&self.profile.name);
        heading.profile_version.clone_from(&self.profile.version);
        heading
    }
}

impl Bench<'_, '_> {
    /// A case, again where it did not pass and retries are left.
    fn tried(&mut self, case: &Arc<Case>) -> Outcome {
        let begun = self.now();
        let mut tries = 1;
        let Attempted { verdict, steps } = loop {
            let attempted = self.attempt(case);
            let bad = attempted.verdict.is_bad();
            if !bad || tries > self.options.retries {
                break attempted;
            }
            // The card may be gone for good: then this was the verdict.
            if self.ready().is_err() {
                break attempted;
            }
            tries += 1;
        };
        let verdict = self.judged(case, verdict);
        let kept = match self.options.trace {
            Trace::All => true,
            Trace::Failures => verdict.is_bad(),
        };
        let steps = if kept { steps } else { Vec::new() };
        let elapsed = self.now().saturating_sub(begun);
        Outcome { case: Arc::clone(case), verdict, steps, elapsed, tries }
    }
}

fn skipped(case: &Arc<Case>, reason: Text) -> Outcome {
    Outcome {
        case: Arc::clone(case),
        verdict: Verdict::Skipped(reason),
        steps: Vec::new(),
        elapsed: Duration::ZERO,
        tries: 0,
    }
}
