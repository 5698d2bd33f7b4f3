//! Flows on top of the command layer: load, purchase, compound purchase, unload, overdraft update.
//!
//! A flow drives any [`CardTransport`](link::CardTransport) through the steps of a transaction.
//! Behind the terminal stand two roles, a [`Psam`] for purchases and an [`Issuer`] for loads, and
//! every MAC and TAC that the card answers is given to whoever can check it. [`Terminal`] runs
//! single transactions. [`Engine`] runs flows that are data
//! ([`Flow`](applet_spec::flow::Flow), made ready as a [`Program`]) with checks, records, fares and
//! tables, and settles transactions whose answer was lost.
//!
//! No I/O and no clock here: the card is a transport, and moments are [`Timestamp`]s.

#![warn(clippy::indexing_slicing)]

mod attempt;
mod clock;
mod engine;
mod error;
mod factors;
mod keys;
mod ledger;
mod program;
mod role;
mod session;
mod steps;
mod tables;
mod transaction;

pub use attempt::{
    Attempt, AttemptSteps, CardIdentity, RefusalRecord, Site, TransactionRecord, Verdict,
    WrittenRecord,
};
pub use clock::{Timestamp, TimestampError};
pub use engine::{Engine, Order, Outcome};
pub use error::{FlowError, Side};
pub use factors::Factors;
pub use ledger::{Ledger, LedgerError, Open};
pub use program::{AsksAmount, Named, Program, ProgramError};
pub use role::{
    Authorisation, BlockRequest, CardPsam, Check, Issuer, KeyId, LocalIssuer, LocalPsam,
    OnlineRequest, OnlineTerms, Psam, Purchase,
};
pub use session::CardSession;
pub use tables::{Offered, TableError, TableKind, Tables};
pub use transaction::{CappRecord, Receipt, Terminal};
