//! What the native card system does wrong where it is told to: the table of deviations, and those
//! that take more than a line, by what they are about.
//!
//! The code of the right card asks [`Session::deviates`] at a few seams. A card that is right asks
//! one bit there and goes on.

mod amount;
mod answer;
mod commit;
mod deviation;
mod file;
mod format;
mod mac;
mod pin;
mod power;
mod process;
mod tac;

use super::{NativeSystem, Session};

pub use deviation::{Deviation, Deviations};
pub use power::after_reset;

impl NativeSystem {
    #[inline]
    pub(super) fn deviates(&self, deviation: Deviation) -> bool {
        self.system.deviations.has(deviation)
    }
}

impl Session<'_, '_> {
    #[inline]
    pub(super) fn deviates(&self, deviation: Deviation) -> bool {
        self.system.deviations.has(deviation)
    }
}
