//! The host of a case: against known answers, and against every built-in card.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

mod cards;
mod defaults;
mod expressions;
mod hostile;
mod modules;
mod vectors;
