//! The host's side of the link: ways to a card that is somewhere else.
//!
//! - [`HexLineClient`]: a running emulator, by hex lines over TCP (`tcp:HOST:PORT`);
//! - [`ControlClient`]: the hand that pulls, tears and sets that emulator's card;
//! - `PcscReader` (feature `pcsc`): a PC/SC reader, real or virtual (`reader:NAME-PART|INDEX`).

#![warn(clippy::indexing_slicing)]

mod choice;
mod control;
mod hexline;
mod lines;
#[cfg(feature = "pcsc")]
mod pcsc;
#[cfg(feature = "pcsc")]
mod pcsc_error;

pub use choice::{ReaderError, choose};
pub use control::ControlClient;
pub use hexline::HexLineClient;
pub use lines::Timeouts;

#[cfg(feature = "pcsc")]
pub use self::pcsc::{PcscReader, Share, list_readers};
