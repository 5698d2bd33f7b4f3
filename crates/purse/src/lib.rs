//! THE command layer: what terminals say to purse cards and what the cards answer, typed.
//!
//! Both sides use it. [`PurseCommand::parse`] is strict and gives the card its command or a
//! [`CommandError`] that keeps the reason; [`PurseCommand::to_apdu`] is what a host sends. Answers
//! ([`answer`]) are parsed and written by the same types. Every MAC and TAC input is one function
//! in [`mac`], called by card, PSAM, issuer and `explain` alike. [`Rules`](applet_spec::Rules)
//! choose the variant; this room holds no key and no state.

#![warn(clippy::indexing_slicing)]

pub mod answer;
mod command;
mod fields;
pub mod issuing;
mod language;
pub mod mac;
pub mod record;
pub mod setting;
pub mod trace;

pub use command::{
    BlockKind, Command, CommandError, CryptMode, DataFault, Debit, Expected, FileRef, Initialize,
    IssuingCommand, Occurrence, OnlineStep, Problem, Protected, ProtectedKey, PsamCommand,
    PurseCommand, RecordRef, SamPurchase, SelectBy,
};
pub use fields::{
    Amount, AmountError, Date, IdentificationCode, Limit, Pin, PinError, TerminalId,
    TerminalSerial, Time, TransactionType,
};
pub use language::Language;
