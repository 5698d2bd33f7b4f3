//! PIN slots.

use applet_spec::RightsByte;
use nvm::Nvm;

use super::directory::df;
use super::{Address, Df, Read};

/// A PIN slot.
#[derive(Clone, Copy)]
pub struct PinSlot {
    /// Where it is.
    pub address: Address,
    /// Index.
    pub index: u8,
    /// Tries a fresh counter has.
    pub tries_max: u8,
    /// Tries left.
    pub tries: u8,
    /// Security state after VERIFY.
    pub next_state: u8,
    /// Value, FF-filled.
    pub value: [u8; 6],
    /// Right to use it.
    pub use_right: RightsByte,
    /// Right to change it by WRITE KEY.
    pub change_right: RightsByte,
}

const PIN_TRIES: u32 = 2;
const PIN_VALUE: u32 = 4;
const PIN_RIGHTS: u32 = 10;
pub(super) const PIN_SIZE: u32 = 12;

impl Df {
    /// The PIN.
    pub fn pin(self, memory: &Nvm) -> Read<Option<PinSlot>> {
        let address = memory.be32(self.0 + df::PIN)?;
        if address == 0 {
            return Ok(None);
        }
        let [index, tries_max, tries, next_state] = memory.array(address)?;
        let [use_right, change_right] = memory.array(address + PIN_RIGHTS)?;
        Ok(Some(PinSlot {
            address,
            index,
            tries_max,
            tries,
            next_state,
            value: memory.array(address + PIN_VALUE)?,
            use_right: RightsByte(use_right),
            change_right: RightsByte(change_right),
        }))
    }

    /// Adds the PIN; where it is is filled in.
    pub fn add_pin(self, memory: &mut Nvm, pin: PinSlot) -> Read<()> {
        let address = self.heap(memory)?.take(memory, PIN_SIZE)?;
        PinSlot { address, ..pin }.rewrite(memory)?;
        memory.put(self.0 + df::PIN, &address.to_be_bytes())
    }
}

impl PinSlot {
    /// Bytes of card memory that one takes.
    pub const SIZE: u32 = PIN_SIZE;
    /// `tries_max` of a PIN whose tries are not counted.
    pub const UNLIMITED: u8 = 0xFF;

    /// Writes the slot over what is at its address, in one write.
    pub fn rewrite(&self, memory: &mut Nvm) -> Read<()> {
        let Self { index, tries_max, tries, next_state, .. } = *self;
        let counter = [index, tries_max, tries, next_state];
        let rights = [self.use_right.0, self.change_right.0];
        memory.put(self.address, &[&counter[..], &self.value, &rights].concat())
    }

    /// Sets the tries left, whatever transaction is open.
    pub fn set_tries(&self, memory: &mut Nvm, tries: u8) -> Read<()> {
        memory.put_outside(self.address + PIN_TRIES, &[tries])
    }

    /// Sets a new value with a fresh counter, in one write.
    pub fn replace(&self, memory: &mut Nvm, value: [u8; 6]) -> Read<()> {
        Self { tries: self.tries_max, value, ..*self }.rewrite(memory)
    }
}
