//! Keys of a PSAM, and which directory is a PSAM application.
//!
//! They stand in the list of keys with kind 00, which no key of a card has, and a usage byte.

use applet_spec::SamUsage;
use crypto::{Key, Suite};
use nvm::Nvm;
use zeroize::Zeroizing;

use super::directory::df;
use super::key::{KEY_SIZE, slot_bytes, value_at};
use super::{Address, Df, Ef, KeySlot, Read, allocate, link};

/// Kind of a PSAM's keys in a slot.
const SAM_KIND: u8 = 0;
/// Offset of the usage byte in a slot.
const USAGE: u32 = 13;

/// A key slot of a PSAM, without its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SamKeySlot {
    /// Where it is.
    pub address: Address,
    /// Levels and purpose.
    pub usage: SamUsage,
    /// Index.
    pub index: u8,
    /// Version.
    pub version: u8,
    /// Algorithm.
    pub algorithm: u8,
    /// Suite.
    pub suite: Suite,
}

impl Df {
    /// The file that holds the terminal transaction serial; a directory that has one is a PSAM
    /// application.
    pub fn sam_serial(self, memory: &Nvm) -> Read<Option<Ef>> {
        match memory.byte(self.0 + df::SAM_SERIAL)? {
            0 => Ok(None),
            sfi => self.by_sfi(memory, sfi),
        }
    }

    /// Makes it a PSAM application.
    pub fn set_sam_serial(self, memory: &mut Nvm, sfi: u8) -> Read<()> {
        memory.put(self.0 + df::SAM_SERIAL, &[sfi])
    }

    /// All keys of a PSAM.
    pub fn sam_keys(self, memory: &Nvm) -> impl Iterator<Item = SamKeySlot> {
        let of_psam = |slot: &KeySlot| slot.kind == SAM_KIND;
        self.keys(memory).filter(of_psam).filter_map(|slot| {
            let usage = SamUsage(memory.byte(slot.address + USAGE).ok()?);
            let KeySlot { address, index, version, algorithm, suite, .. } = slot;
            Some(SamKeySlot { address, usage, index, version, algorithm, suite })
        })
    }

    /// Adds a key of a PSAM.
    pub fn add_sam_key(self, memory: &mut Nvm, slot: &SamKeySlot, value: &Key) -> Read<()> {
        let slot = SamKeySlot { address: allocate(memory, KEY_SIZE)?, ..*slot };
        slot.replace(memory, value)?;
        link(memory, self.0 + df::FIRST_KEY, slot.address)
    }
}

impl SamKeySlot {
    /// Bytes of card memory that one takes.
    pub const SIZE: u32 = KEY_SIZE;

    /// What commands name it by.
    pub fn number(&self) -> u8 {
        if self.usage.by_version() { self.version } else { self.index }
    }

    /// The key itself.
    pub fn value(&self, memory: &Nvm) -> Read<Key> {
        value_at(memory, self.address)
    }

    /// Writes the slot over what is at its address, in one write.
    pub fn replace(&self, memory: &mut Nvm, value: &Key) -> Read<()> {
        memory.put(self.address + 4, &self.bytes(value))
    }

    fn bytes(&self, value: &Key) -> Zeroizing<Vec<u8>> {
        let Self { usage, index, version, algorithm, suite, .. } = *self;
        let rights = [KeySlot::UNLIMITED, KeySlot::UNLIMITED, 0];
        slot_bytes([SAM_KIND, index, version, algorithm], suite, rights, [usage.0, 0, 0], value)
    }
}
