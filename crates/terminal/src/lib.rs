//! Flows on top of the command layer: load, purchase, compound purchase, unload, overdraft update.
//!
//! A flow drives any [`CardTransport`](link::CardTransport) through both steps of a transaction,
//! plays the other side with the keys in [`CardKeys`] (issuer for loads, PSAM for purchases), and
//! checks every MAC and TAC the card answers.

#![warn(clippy::indexing_slicing)]

mod error;
mod keys;
mod session;
mod transaction;

pub use error::FlowError;
pub use keys::CardKeys;
pub use session::CardSession;
pub use transaction::{CappRecord, Receipt, Terminal};
