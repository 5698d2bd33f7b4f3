//! What a MAC or TAC covers, and which mistake makes a wrong one: the answer to "why 9302?".
//!
//! A [`Trace`] is what went over the link; [`Reading`] finds the transactions in it and what is
//! known of each. [`explain()`] lays out how every code of a transaction is made; [`diagnose()`]
//! computes what somebody who makes a mistake would have sent, for every [`Mistake`] of the table
//! and every two of them, and names those that give the code that was sent.
//!
//! What is right is computed from the command layer's own functions (`purse::mac`); a mistake is a
//! changed `Scenario`. Keys come from a [`KeyCustody`](crypto::custody::KeyCustody) by name, card
//! keys live as long as a search. This room does no I/O.
//!
//! A code has four bytes: of 2^32 computations one fits by chance. [`Tried`] counts them.

#![warn(clippy::indexing_slicing)]

mod advice;
mod candidate;
mod diagnosis;
mod disagreement;
mod engine;
mod explain;
mod hypothesis;
mod mistakes;
mod reading;
mod right;
mod scenario;
mod subject;
mod trace;
mod transaction;

pub use advice::{Advice, advice};
pub use candidate::{Given, GivenError, Source};
pub use diagnosis::{Diagnosis, Effort, Tried, Untried, Verdict, diagnose};
pub use disagreement::{About, Disagreement, Said, disagreements};
pub use explain::{
    Explanation, KeyRole, KeyUse, Keyed, Making, Piece, Round, SessionPart, explain,
};
pub use hypothesis::{Difference, Finding, Hypothesis, Made};
pub use mistakes::{Group, Mistake, Stage, all as mistakes, to_markdown as mistakes_in_markdown};
pub use reading::{Aside, Known, Reading, SamCheck, SamExchange, Why};
pub use right::Missing;
pub use subject::{Code, Field, Flow, Maker};
pub use trace::{Counted, Place, Trace};
pub use transaction::{Card, Received, StandsIn, Step, Transaction, Values};
