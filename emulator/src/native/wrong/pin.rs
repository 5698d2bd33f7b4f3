//! PINs that wrong cards compare and count wrongly.

use purse::Pin;

use super::{Deviation, Session};
use crate::native::tree::PinSlot;

impl Session<'_, '_> {
    /// Tries left once one is spent; `None` where there is none to spend.
    pub(in crate::native) fn tries_left(&self, slot: &PinSlot, right: Option<u8>) -> Option<u8> {
        match right {
            Some(_) => self.or_wrong(right, Deviation::PinTriesNotCounted, Some(slot.tries)),
            None => self.or_wrong(None, Deviation::PinLocksLate, Some(0)),
        }
    }

    /// A PIN as it is compared with that of the slot.
    pub(in crate::native) fn pin_compared(&self, slot: &PinSlot, pin: &Pin) -> [u8; 6] {
        let mut compared = pin.padded();
        if self.deviates(Deviation::PinLastByteIgnored)
            && let Some(last) = slot.value.iter().rposition(|byte| *byte != 0xFF)
            && let (Some(to), Some(from)) = (compared.get_mut(last), slot.value.get(last))
        {
            *to = *from;
        }
        compared
    }
}
