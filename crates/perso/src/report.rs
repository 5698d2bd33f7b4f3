//! Reports of a batch from its journal: a table, a page, and test results. Never a key, only check
//! values; and whatever stood in a cards file is text in them, never markup or a formula.

mod html;
mod junit;
mod table;

use purse::Language;

use crate::calendar;
use crate::cards::Row;
use crate::engine::{Record, RecordState, Serial};
use crate::journal::{Binding, Held};

/// What a report is made from.
pub struct Report<'r> {
    /// The batch, as its journal knows it.
    pub binding: &'r Binding,
    /// What the journal holds.
    pub held: &'r Held,
    /// The cards that were ordered.
    pub rows: &'r [Row],
    /// Version of this program.
    pub program: &'r str,
}

/// What became of an ordered card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Made and verified.
    Passed,
    /// Failed.
    Rejected,
    /// Begun and not finished.
    Begun,
    /// Not made.
    Waiting,
}

/// How many cards became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ordered.
    pub total: usize,
    /// Made and verified.
    pub passed: usize,
    /// Failed.
    pub rejected: usize,
    /// Begun.
    pub begun: usize,
    /// Not made.
    pub waiting: usize,
}

impl Verdict {
    /// Of a record, or of none.
    pub fn of(record: Option<&Record>) -> Self {
        match record.map(|record| record.state) {
            Some(RecordState::Passed) => Self::Passed,
            Some(RecordState::Rejected) => Self::Rejected,
            Some(RecordState::Begun) => Self::Begun,
            None => Self::Waiting,
        }
    }

    /// In words.
    pub fn in_words(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Passed => ("passed", "通过"),
            Self::Rejected => ("rejected", "拒绝"),
            Self::Begun => ("begun", "未完成"),
            Self::Waiting => ("not made", "未制作"),
        };
        language.pick(english, chinese)
    }
}

impl Report<'_> {
    /// How many became what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { total: self.rows.len(), ..Counts::default() };
        for row in self.rows {
            *match Verdict::of(self.record(row.serial)) {
                Verdict::Passed => &mut counts.passed,
                Verdict::Rejected => &mut counts.rejected,
                Verdict::Begun => &mut counts.begun,
                Verdict::Waiting => &mut counts.waiting,
            } += 1;
        }
        counts
    }

    fn record(&self, serial: Serial) -> Option<&Record> {
        self.held.records.get(&serial)
    }
}

/// A moment of a record.
fn moment(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, calendar::moment)
}

/// The card as it is called.
fn card(record: &Record) -> &str {
    let uid = record.card.as_ref().and_then(|card| card.uid.as_deref());
    uid.unwrap_or_default()
}

#[cfg(test)]
mod tests;
