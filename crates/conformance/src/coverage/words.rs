//! The words of `coverage.toml` and of the tables.

use applet_spec::text::spelling;
use applet_spec::words;

use super::{FormatRule, LeForm, LockState};
use crate::TransactionState;

/// A state as it is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct State(pub(super) Result<TransactionState, LockState>);

impl TransactionState {
    /// Its word in `coverage.toml` and in tables.
    pub fn word(self) -> &'static str {
        spelling(State(Ok(self)))
    }
}

impl LockState {
    /// Its word in settings, in `coverage.toml` and in tables.
    pub fn word(self) -> &'static str {
        spelling(State(Err(self)))
    }
}

impl FormatRule {
    /// Its word in `coverage.toml` and in tables.
    pub fn word(self) -> &'static str {
        spelling(self)
    }
}

words! {
    State {
        "idle" => State(Ok(TransactionState::Idle)),
        "load" => State(Ok(TransactionState::Load)),
        "purchase" => State(Ok(TransactionState::Purchase)),
        "cash" => State(Ok(TransactionState::Cash)),
        "unload" => State(Ok(TransactionState::Unload)),
        "update" => State(Ok(TransactionState::Overdraft)),
        "capp1" => State(Ok(TransactionState::Capp)),
        "capp2" => State(Ok(TransactionState::CappCached)),
        "sam-purchase" => State(Ok(TransactionState::SamPurchase)),
        "sam-mac" => State(Ok(TransactionState::SamMac)),
        "temporary" => State(Err(LockState::Temporary)),
        "permanent" => State(Err(LockState::Permanent)),
        "card" => State(Err(LockState::Card)),
    }
    FormatRule {
        "class" => FormatRule::Class,
        "instruction" => FormatRule::Instruction,
        "parameters" => FormatRule::Parameters,
        "length" => FormatRule::Length,
        "le-absent" => FormatRule::Le(LeForm::Absent),
        "le-00" => FormatRule::Le(LeForm::Zero),
        "le-exact" => FormatRule::Le(LeForm::Exact),
        "le-longer" => FormatRule::Le(LeForm::Longer),
        "le-shorter" => FormatRule::Le(LeForm::Shorter),
    }
}
