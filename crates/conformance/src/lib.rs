//! Conformance (一致性测试): suites as data, run against any card.
//!
//! A suite file says what a card must do in numbered cases ([`Case`]); [`Suite`]s are read from TOML,
//! and cases for every rule of the command catalogues are generated. The runner drives a
//! [`Target`], which is any [`CardTransport`](link::CardTransport) and, where there is one, the hand
//! at it ([`CardControl`](link::CardControl)); it never knows the emulator. What happened is an
//! [`Outcome`] for each case; reports are made from those.
//!
//! No I/O and no clock here: files, cards, keys and time are handed in.

#![warn(clippy::indexing_slicing)]

mod built_in;
mod case;
mod condition;
pub mod coverage;
mod explain;
pub mod expression;
pub mod generate;
pub mod host;
mod outcome;
pub mod profile_fields;
mod read;
pub mod report;
pub mod run;
mod shelf;
mod text;
mod transaction;

pub use case::*;
pub use condition::ConditionError;
pub use explain::{CaseDescription, RuleDescription, StepDescription, TerminalDescription};
pub use outcome::*;
pub use read::{MAX_CASES, MAX_ROWS, Mistake, Rules, SuiteErrors};
pub use run::{Runner, Target};
pub use shelf::Suites;
pub use text::Text;
pub use transaction::TransactionState;
