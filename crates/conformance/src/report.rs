//! Reports of a run: test results for CI, a page for people, lines for scripts and terminals.
//!
//! All are made from a [`RunReport`](crate::RunReport) and hold what it holds, except secrets: data
//! of commands that may be a PIN, a key or a cryptogram is left out, and so is an answer that echoes
//! it. Whatever a card, a suite file or a reader's name says is text in them, never markup or a
//! terminal's control sequence. Everything is a string; who prints it is somewhere else.

mod diff;
mod html;
mod json;
mod junit;
mod matrix;
mod reproduce;
mod secrets;
mod steps;
pub mod text;
mod trace;
mod words;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use diff::{Cell, Diff, Row};
pub use html::html;
pub use json::JsonLines;
pub use junit::junit;
pub use matrix::{RuleStanding, Standing, traceability};
pub use reproduce::{reproduce, shell_word};

use std::sync::Arc;

use purse::Language;

use crate::{Counts, Family, Outcome, RunReport, Verdict};

/// How much a page tells of cases that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Of cases that passed, and of those that did not beyond the first hundreds, a line for each of
    /// the first exchanges: a page of thousands of cases still opens.
    #[default]
    Failures,
    /// Of every case, everything that went over the link.
    Everything,
}

impl Verdict {
    /// Its word for scripts: `passed`, `failed`, `skipped`, `broken`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
            Self::Broken(_) => "broken",
        }
    }

    /// Its word for people.
    pub fn in_words(&self, language: Language) -> &'static str {
        let word = match self {
            Self::Passed => words::PASSED,
            Self::Failed(_) => words::FAILED,
            Self::Skipped(_) => words::SKIPPED,
            Self::Broken(_) => words::BROKEN,
        };
        word.of(language)
    }
}

/// The outcomes of a family.
struct Group<'r> {
    family: &'r Arc<Family>,
    outcomes: Vec<&'r Outcome>,
}

impl Group<'_> {
    fn counts(&self) -> Counts {
        Counts::of(self.outcomes.iter().copied())
    }
}

/// The outcomes by family, each where its first case was run.
fn groups(report: &RunReport) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for outcome in &report.outcomes {
        let family = &outcome.case.family;
        match groups.iter_mut().find(|group| group.family.name == family.name) {
            Some(group) => group.outcomes.push(outcome),
            None => groups.push(Group { family, outcomes: vec![outcome] }),
        }
    }
    groups
}

/// The text with pictures of its control characters in their place, but for line ends and
/// tabulators; what no document may hold, or turns round what stands beside it, is `U+FFFD`.
fn visible(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { pictured(c) }).collect()
}

/// The same on one line.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { pictured(c) }).collect()
}

fn pictured(c: char) -> char {
    match c {
        '\0'..='\u{1F}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7F}' => '\u{2421}',
        '\u{80}'..='\u{9F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FDD0}'..='\u{FDEF}' => char::REPLACEMENT_CHARACTER,
        c if u32::from(c) & 0xFFFE == 0xFFFE => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
