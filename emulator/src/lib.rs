//! A purse card that is not there.
//!
//! [`Card`] is the card itself: it has power or not, takes command bytes, changes its memory in one
//! place and gives answer bytes. It does no I/O and knows no clock; memory, randomness and keys are
//! handed in. [`VirtualCard`] is a card in a reader: it keeps the card's image on disk and takes
//! control commands. [`links`] join it to vpcd, to sockets and to standard input. Faults on the wire
//! are [`link::Fault`]'s.

#![warn(clippy::indexing_slicing)]

mod application;
mod card;
mod issue;
pub mod links;
pub mod native;
mod virtual_card;
pub mod wrong;

pub use application::{Application, Context, Halt, Reply};
pub use card::{Card, CardFault, Protocol};
pub use issue::{CardMaker, CardSystem};
pub use native::personalise::{CustodyKeys, LabKeys, MasterKeys, PersonaliseError};
pub use virtual_card::{VirtualCard, VirtualCardError};
