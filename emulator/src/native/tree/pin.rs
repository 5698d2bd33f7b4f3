//! PIN slots.

use nvm::Nvm;

use super::directory::df;
use super::{Address, Df, Read, allocate, write};

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
}

const PIN_TRIES: u32 = 2;
const PIN_VALUE: u32 = 4;
const PIN_SIZE: u32 = 12;

impl Df {
    /// The PIN.
    pub fn pin(self, memory: &Nvm) -> Read<Option<PinSlot>> {
        let address = memory.be32(self.0 + df::PIN)?;
        if address == 0 {
            return Ok(None);
        }
        let [index, tries_max, tries, next_state, v0, v1, v2, v3, v4, v5] =
            memory.array::<10>(address)?;
        let value = [v0, v1, v2, v3, v4, v5];
        Ok(Some(PinSlot { address, index, tries_max, tries, next_state, value }))
    }

    /// Adds the PIN.
    pub fn add_pin(self, memory: &mut Nvm, pin: PinSlot) -> Read<()> {
        let at = allocate(memory, PIN_SIZE)?;
        write(memory, at, &[pin.index, pin.tries_max, pin.tries, pin.next_state])?;
        write(memory, at + PIN_VALUE, &pin.value)?;
        write(memory, self.0 + df::PIN, &at.to_be_bytes())
    }
}

impl PinSlot {
    /// Sets the tries left, whatever transaction is open.
    pub fn set_tries(&self, memory: &mut Nvm, tries: u8) -> Read<()> {
        memory.put_outside(self.address + PIN_TRIES, &[tries])
    }

    /// Sets a new value with a fresh counter, in one write.
    pub fn replace(&self, memory: &mut Nvm, value: [u8; 6]) -> Read<()> {
        let [v0, v1, v2, v3, v4, v5] = value;
        let bytes = [self.tries_max, self.next_state, v0, v1, v2, v3, v4, v5];
        memory.put(self.address + PIN_TRIES, &bytes)
    }
}
