//! What a suite file says, typed: families, rules, cases, steps, expectations.
//!
//! Everything here is as it was written; nothing is looked up in a profile yet. Matrices are
//! multiplied out already: one [`Case`] is one run.

mod expect;
mod step;
mod value;

use std::sync::Arc;

use applet_spec::CommandId;

use crate::Text;

pub use expect::*;
pub use step::*;
pub use value::*;

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// File, or the name of a built-in suite.
    pub origin: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A suite file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its family.
    pub family: Arc<Family>,
    /// Its cases, multiplied out, in the order of the file.
    pub cases: Vec<Arc<Case>>,
}

/// A family of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Name that is typed: `purchase`.
    pub name: String,
    /// What its case ids begin with: `EP_XF`.
    pub prefix: String,
    /// Name in reports.
    pub title: Text,
    /// Version of the suite file.
    pub version: String,
}

/// A rule that cases prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Family and short name: `purchase.debit`.
    pub id: String,
    /// The rule in one sentence.
    pub text: Text,
    /// What it rests on.
    pub source: String,
    /// Fields of answers that show it, by command and catalogue name: what is wrong there breaks this
    /// rule, whichever case finds it.
    pub answers: Vec<(CommandId, String)>,
}

/// Who wrote a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Somebody, by hand, from the facts.
    Hand,
    /// This program, from the command catalogue.
    Catalogue,
}

/// A case: one numbered thing that a card must do.
#[derive(Clone, Debug)]
pub struct Case {
    /// Id with its parameters: `EP_XF_004:amount=250`; blanks in their values are left out.
    pub id: String,
    /// Id without them: `EP_XF_004`.
    pub base: String,
    /// Its family.
    pub family: Arc<Family>,
    /// Who wrote it.
    pub author: Author,
    /// Where; `None` for generated cases.
    pub written: Option<Written>,
    /// What is proved.
    pub purpose: Text,
    /// What a failure breaks, the main one first.
    pub rules: Vec<Arc<Rule>>,
    /// What the expectation rests on, beside the rules' own sources.
    pub source: Option<String>,
    /// Wrong cards that it is there to catch.
    pub catches: Vec<String>,
    /// When it applies.
    pub applies: Vec<Condition>,
    /// How the card is when the first step begins.
    pub start: Start,
    /// Settings of the card, before that.
    pub card: Vec<(String, String)>,
    /// The terminal.
    pub terminal: TerminalConfig,
    /// It says that it may lock something for good or use up tries; see
    /// [`may_destroy`](Self::may_destroy).
    pub destructive: bool,
    /// Steps, in order.
    pub steps: Vec<Step>,
}

impl Case {
    /// Everything that its steps may change.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|step| &step.changes)
    }

    /// Whether it may lock something for good or use up tries: it says so, or a step of it may change
    /// a lock, the PIN or tries.
    pub fn may_destroy(&self) -> bool {
        let wears = |change: &Change| {
            matches!(change, Change::Lock | Change::Pin | Change::Keys | Change::Anything)
        };
        self.destructive || self.changes().any(wears)
    }
}

/// A condition on the card's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The word, as written, without `!`.
    pub word: String,
    /// Written with `!`.
    pub negated: bool,
}

/// How the card is when a case begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Reset, main application selected.
    Selected,
    /// Reset.
    Reset,
    /// Without power.
    Off,
}

/// The terminal of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalConfig {
    /// Terminal number (终端机编号).
    pub number: [u8; 6],
    /// Terminal transaction serial (终端交易序号).
    pub serial: u32,
    /// Date, BCD.
    pub date: [u8; 4],
    /// Time, BCD.
    pub time: [u8; 3],
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            number: [0x01, 0x10, 0x00, 0x00, 0x00, 0x01],
            serial: 1,
            date: [0x20, 0x26, 0x11, 0x22],
            time: [0x08, 0x30, 0x15],
        }
    }
}
