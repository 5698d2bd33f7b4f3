//! `coverage.toml`: why there is no case for a cell.

use std::sync::OnceLock;

use applet_spec::text::{self, Log, MAX_TEXT, Section};
use applet_spec::{CommandId, CommandSet};

use super::words::State;
use super::{Aspect, Cell, CoveredCell, FormatRule, LockState, Set};
use crate::TransactionState;
use crate::read::text_in_both;
use crate::{SuiteErrors, Text};

const TOP_KEYS: &[&str] = &["reason"];
const KEYS: &[&str] =
    &["commands", "set", "status", "when", "state", "rule", "reason", "reason-zh"];

/// The reasons.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    reasons: Vec<Reason>,
}

/// Why there is no case for cells.
#[derive(Clone, Debug)]
pub struct Reason {
    /// Of which commands.
    pub commands: Vec<CommandId>,
    /// On cards with which commands; each command's own set, where none is said.
    pub set: Option<CommandSet>,
    /// Which cells of them.
    pub what: What,
    /// Why.
    pub reason: Text,
}

/// Which cells of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Those of a status word; all of its reasons, where none is said.
    Status(u16, Option<String>),
    /// The one of a transaction's state.
    While(TransactionState),
    /// The one of a lock.
    Locked(LockState),
    /// The one of a rule of format.
    Format(FormatRule),
}

impl Reasons {
    /// Those of the built-in suites.
    ///
    /// # Panics
    /// Where their text is not valid, which a test of this crate excludes.
    pub fn built_in() -> &'static Self {
        static READ: OnceLock<Reasons> = OnceLock::new();
        READ.get_or_init(|| {
            let text = include_str!("../../../../tests/suites/coverage.toml");
            match Self::parse(text, "coverage.toml (built in)") {
                Ok(reasons) => reasons,
                Err(errors) => unreachable!("the built-in reasons are read by a test: {errors}"),
            }
        })
    }

    /// Reads a file of reasons.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, SuiteErrors> {
        if text.len() > MAX_TEXT {
            let message = format!("longer than {} KiB", MAX_TEXT / 1024);
            return Err(SuiteErrors::of_file(origin, message, "this is no file of reasons"));
        }
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let reasons = Section::open(&log, &root, "", TOP_KEYS).and_then(|top| {
            let read: Vec<Option<Reason>> =
                top.sections("reason", KEYS)?.iter().map(reason).collect();
            read.into_iter().collect::<Option<Vec<_>>>()
        });
        let problems = log.into_problems();
        match reasons {
            Some(reasons) if problems.is_empty() => Ok(Self { reasons }),
            _ => Err(SuiteErrors::new(problems, &[(origin, text)])),
        }
    }

    /// The reason why a cell has no case.
    pub fn of(&self, cell: &Cell) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.commands.iter().any(|id| reason.is_of(*id, cell)))
    }

    /// Which say nothing any more, and why.
    pub(super) fn stale(&self, cells: &[CoveredCell]) -> Vec<String> {
        let mut out = Vec::new();
        for reason in &self.reasons {
            for id in &reason.commands {
                let mut own = cells.iter().filter(|cell| reason.is_of(*id, &cell.cell)).peekable();
                let why = if own.peek().is_none() {
                    "there is no such cell"
                } else if own.all(|cell| cell.count > 0) {
                    "there is a case for it"
                } else {
                    continue;
                };
                out.push(format!("{} {}: {why}", id.text(), reason.what.words()));
            }
        }
        out
    }
}

impl Reason {
    fn is_of(&self, id: CommandId, cell: &Cell) -> bool {
        let set = Set::from(self.set.unwrap_or(id.home()));
        cell.command == Some(id.text()) && cell.set == set && self.what.is(&cell.aspect)
    }
}

impl What {
    fn is(&self, aspect: &Aspect) -> bool {
        match (self, aspect) {
            (Self::Status(own, None), Aspect::Status(status, _)) => own == status,
            (Self::Status(own, when), Aspect::Status(status, reason)) => {
                own == status && when == reason
            }
            (Self::While(own), Aspect::While(state)) => own == state,
            (Self::Locked(own), Aspect::Locked(lock)) => own == lock,
            (Self::Format(own), Aspect::Format(rule)) => own == rule,
            _ => false,
        }
    }

    fn words(&self) -> String {
        match self.clone() {
            Self::Status(status, when) => Aspect::Status(status, when),
            Self::While(state) => Aspect::While(state),
            Self::Locked(lock) => Aspect::Locked(lock),
            Self::Format(rule) => Aspect::Format(rule),
        }
        .words()
    }
}

fn reason(section: &Section<'_>) -> Option<Reason> {
    let commands: Option<Vec<CommandId>> = section.list("commands");
    if commands.as_ref().is_some_and(Vec::is_empty) {
        section.missing("commands");
    }
    let set = section.maybe("set");
    let status: Option<Option<u16>> = section.maybe("status");
    let when: Option<Option<String>> = section.maybe("when");
    let state: Option<Option<State>> = section.maybe("state");
    let rule: Option<Option<FormatRule>> = section.maybe("rule");
    let reason = text_in_both(section, "reason", "reason-zh");
    let what = match (status?, when?, state?, rule?) {
        (Some(status), when, None, None) => What::Status(status, when),
        (None, None, Some(State(Ok(state))), None) => What::While(state),
        (None, None, Some(State(Err(lock))), None) => What::Locked(lock),
        (None, None, None, Some(rule)) => What::Format(rule),
        _ => {
            let mend = "write one of status (perhaps with when), state and rule";
            section.wrong_here("says not which cell", mend);
            return None;
        }
    };
    Some(Reason { commands: commands?, set: set?, what, reason: reason? })
}
