//! Flows (交易流程) as data: what a terminal says to a card, in which order, and what it checks.
//!
//! A flow is a list of typed steps. What it reads and writes are records whose fields it names, by
//! layouts ([`Layout`]); what it charges is its fare. `crates/terminal` runs flows; nothing here
//! knows a card. See `docs/flow-format.md`.

mod built_in;
mod fare;
mod layout;
mod order;
mod read;
mod step;
mod words;

use std::sync::Arc;

use crate::PurseKind;

pub use fare::{Fare, FareTable, Stop};
pub use layout::{Align, Field, FieldForm, Layout};
pub use step::{
    BalanceWord, Blocking, CacheStep, CheckStep, Condition, RecordChoice, Setting, Source, Step,
    Transaction, When,
};
pub use words::Refusal;

/// A flow, read from TOML and valid in itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Short name, as in `--flow tunion-bus`.
    pub name: String,
    /// Version; every record of a transaction names it.
    pub version: String,
    /// One sentence in English.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
    /// Built-in profiles of the cards it is for.
    pub profiles: Vec<String>,
    /// The purse it moves money in.
    pub purse: PurseKind,
    /// Seconds in which a card whose answer was lost may come back and finish the same trip.
    pub window: u32,
    /// Where the card says who it is.
    pub card: CardFields,
    /// What it charges.
    pub fare: Fare,
    /// What it reads, by name, with its layout.
    pub slots: Vec<Slot>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Something a flow reads and keeps while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Its name in the flow.
    pub name: String,
    /// Where its fields are.
    pub layout: Arc<Layout>,
}

/// A field of something that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldAt {
    /// Which of [`Flow::slots`].
    pub slot: usize,
    /// The field.
    pub field: Field,
}

/// Where a card says who it is.
#[derive(Clone, Debug, PartialEq)]
pub struct CardFields {
    /// Card number; up to 10 bytes of BCD, zero-filled on the left.
    pub number: FieldAt,
    /// Issuer; 8 bytes.
    pub issuer: FieldAt,
    /// The 8-byte diversification input.
    pub serial: FieldAt,
    /// City; 2 bytes. A card of another city than the terminal's is foreign (异地).
    pub city: Option<FieldAt>,
}

impl Flow {
    /// The transaction it makes; none in a flow that only blocks.
    pub fn transaction(&self) -> Option<Transaction> {
        self.steps.iter().find_map(|step| match step {
            Step::Initialize(transaction) => Some(*transaction),
            _ => None,
        })
    }

    /// The field as flows name it: `metro.state`.
    pub fn name_of(&self, at: &FieldAt) -> String {
        let slot = self.slots.get(at.slot).map_or("?", |slot| &slot.name);
        format!("{slot}.{}", at.field.name)
    }
}

impl FieldAt {
    /// The field's bytes in what was read; `None` where that is too short.
    pub fn of<'b>(&self, read: &'b [u8]) -> Option<&'b [u8]> {
        self.field.of(read)
    }
}
