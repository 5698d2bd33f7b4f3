//! The host's side of the link: ways to a card that is somewhere else.
//!
//! - [`HexLineClient`]: a running emulator, by hex lines over TCP (`tcp:HOST:PORT`);
//! - [`ControlClient`]: the hand that pulls, tears and sets that emulator's card;
//! - [`VpcdServer`]: a reader that virtual cards connect to (`vpcd:PORT`), without any daemon;
//! - [`LogFormat`]: what other programs wrote down of such ways, as recordings;
//! - `PcscReader` (feature `pcsc`): a PC/SC reader, real or virtual (`reader:NAME-PART|INDEX`).

#![warn(clippy::indexing_slicing)]

mod choice;
mod control;
mod hexline;
mod import;
mod lines;
#[cfg(feature = "pcsc")]
mod pcsc;
mod slots;
mod vpcd;

pub use choice::{ReaderError, choose, choose_reader};
pub use control::ControlClient;
pub use hexline::HexLineClient;
pub use import::{LogFormat, UnknownLogFormat};
pub use lines::Timeouts;
pub use slots::{Change, ReaderEvent, ReaderSlot, Slot, Use, changes};
pub use vpcd::VpcdServer;

#[cfg(feature = "pcsc")]
pub use self::pcsc::{PcscReader, Share, Watch, list_readers, wait_for_card};
