//! Flows on top of the command layer: load, purchase, compound purchase, unload, overdraft update.
//!
//! A flow drives any [`CardTransport`](link::CardTransport) through the steps of a transaction.
//! Behind the terminal stand two roles, a [`Psam`] for purchases and an [`Issuer`] for loads, and
//! every MAC and TAC that the card answers is given to whoever can check it. [`Terminal`] runs
//! single transactions.
//!
//! No I/O and no clock here: the card is a transport, and moments are [`Timestamp`]s.

#![warn(clippy::indexing_slicing)]

mod clock;
mod error;
mod factors;
mod keys;
mod role;
mod session;
mod steps;
mod transaction;

pub use clock::{Timestamp, TimestampError};
pub use error::{FlowError, Side};
pub use factors::Factors;
pub use keys::CardKeys;
pub use role::{
    Authorisation, BlockRequest, CardPsam, Check, Issuer, KeyId, LocalIssuer, LocalPsam,
    OnlineRequest, OnlineTerms, Psam, Purchase,
};
pub use session::CardSession;
pub use transaction::{CappRecord, Receipt, Terminal};
