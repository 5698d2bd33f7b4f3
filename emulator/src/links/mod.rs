//! Links: how the outside reaches the card. Thin edges around a [`SharedCard`], which holds the card.
//!
//! - [`vpcd`]: the card in a virtual PC/SC reader;
//! - [`hexline`]: a line of hex in, a line of hex out, over TCP or stdio;
//! - [`control`]: what a hand or a mishap does to a card, over TCP.
//!
//! Each protocol is a function of bytes and state ([`link::vpcd`], [`lines`], and the parsers in the
//! modules); sockets stand around it. Every link runs until its input ends or [`SharedCard::stop`] is
//! called; a bug in the emulator or a full disk ends all of them with that error.

pub mod control;
pub mod events;
pub mod hexline;
pub mod lines;
pub mod listen;
mod shared;
pub mod vpcd;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use link::socket::{Bound, bind};
pub use shared::{SharedCard, Stopper};

/// How often a waiting link looks whether the card was pulled or the program is to end.
const POLL: Duration = Duration::from_millis(20);
