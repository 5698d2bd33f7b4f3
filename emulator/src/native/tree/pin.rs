//! PIN slots.

use applet_spec::RightsByte;
use nvm::Nvm;

use super::directory::df;
use super::{Address, Df, Read, write};

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
pub(super) const PIN_SIZE: u32 = 12;

impl Df {
    /// The PIN.
    pub fn pin(self, memory: &Nvm) -> Read<Option<PinSlot>> {
        let address = memory.be32(self.0 + df::PIN)?;
        if address == 0 {
            return Ok(None);
        }
        let [index, tries_max, tries, next_state, v0, v1, v2, v3, v4, v5, use_right, change_right] =
            memory.array::<12>(address)?;
        let value = [v0, v1, v2, v3, v4, v5];
        let (use_right, change_right) = (RightsByte(use_right), RightsByte(change_right));
        Ok(Some(PinSlot {
            address,
            index,
            tries_max,
            tries,
            next_state,
            value,
            use_right,
            change_right,
        }))
    }

    /// Adds the PIN.
    pub fn add_pin(self, memory: &mut Nvm, pin: PinSlot) -> Read<()> {
        let at = self.heap(memory)?.take(memory, PIN_SIZE)?;
        write(memory, at, &pin.to_bytes())?;
        write(memory, self.0 + df::PIN, &at.to_be_bytes())
    }
}

impl PinSlot {
    /// Bytes of card memory that one takes.
    pub const SIZE: u32 = PIN_SIZE;
    /// `tries_max` of a PIN whose tries are not counted.
    pub const UNLIMITED: u8 = 0xFF;

    fn to_bytes(self) -> [u8; PIN_SIZE as usize] {
        let Self { index, tries_max, tries, next_state, .. } = self;
        let [v0, v1, v2, v3, v4, v5] = self.value;
        let (use_right, change_right) = (self.use_right.0, self.change_right.0);
        [index, tries_max, tries, next_state, v0, v1, v2, v3, v4, v5, use_right, change_right]
    }

    /// Writes the slot over what is at its address, in one write.
    pub fn rewrite(&self, memory: &mut Nvm) -> Read<()> {
        memory.put(self.address, &self.to_bytes())
    }

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
