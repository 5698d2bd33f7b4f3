//! A whole transaction: commands, and what each must answer.

use crate::{Capture, Send, Value};

/// The steps of a whole transaction, in order. Each is what a `send` step of a case is: its values
/// are made when it is its turn, from what the card answered before.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In order.
    pub steps: Vec<PlannedStep>,
}

/// A command of a [`Plan`].
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// What is sent.
    pub send: Send,
    /// Fields of the answer that must be so, as of [`Expect`](crate::Expect); the status word
    /// must be 9000.
    pub fields: Vec<(String, Value)>,
    /// What is kept of the answer for later steps.
    pub captures: Vec<Capture>,
}
