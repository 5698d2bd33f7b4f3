//! Key slots.

use applet_spec::{KeyKind, Protection, RightsByte};
use crypto::{Key, Suite};
use nvm::Nvm;
use zeroize::Zeroizing;

use super::directory::df;
use super::{Address, Df, Read, link, write};

/// A key slot, without its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeySlot {
    /// Where it is.
    pub address: Address,
    /// Next key of the directory.
    pub next: Address,
    /// Kind, as [`KeyKind`] numbers it.
    pub kind: u8,
    /// Index.
    pub index: u8,
    /// Version.
    pub version: u8,
    /// Algorithm id.
    pub algorithm: u8,
    /// Suite.
    pub suite: Suite,
    /// Tries a fresh counter has; FF is unlimited.
    pub tries_max: u8,
    /// Tries left.
    pub tries: u8,
    /// Security state after EXTERNAL AUTHENTICATE.
    pub next_state: u8,
    /// Right to use it.
    pub use_right: RightsByte,
    /// Right to change it.
    pub change_right: RightsByte,
    /// Line protection of WRITE KEY that changes it.
    pub protection: Protection,
}

/// Offset of what stands behind the link.
const KEY_HEAD: u32 = 4;
const KEY_TRIES: u32 = 10;
const KEY_LENGTH: u32 = 12;
const KEY_VALUE: u32 = 16;
/// Bytes of a key slot.
pub(super) const KEY_SIZE: u32 = 32;

impl Df {
    /// The key of a kind with an index.
    pub fn key(self, memory: &Nvm, kind: KeyKind, index: u8) -> Read<Option<KeySlot>> {
        self.find_key(memory, |slot| slot.kind == kind as u8 && slot.index == index)
    }

    /// The first key of a kind.
    pub fn first_key(self, memory: &Nvm, kind: KeyKind) -> Read<Option<KeySlot>> {
        self.find_key(memory, |slot| slot.kind == kind as u8)
    }

    /// All keys.
    pub fn keys(self, memory: &Nvm) -> impl Iterator<Item = KeySlot> {
        let first = memory.be32(self.0 + df::FIRST_KEY).unwrap_or_default();
        std::iter::successors(KeySlot::at(memory, first).ok().flatten(), |slot| {
            KeySlot::at(memory, slot.next).ok().flatten()
        })
    }

    fn find_key(self, memory: &Nvm, wanted: impl Fn(&KeySlot) -> bool) -> Read<Option<KeySlot>> {
        let mut at = memory.be32(self.0 + df::FIRST_KEY)?;
        while let Some(slot) = KeySlot::at(memory, at)? {
            if wanted(&slot) {
                return Ok(Some(slot));
            }
            at = slot.next;
        }
        Ok(None)
    }

    /// Adds a key; where it is is filled in.
    pub fn add_key(self, memory: &mut Nvm, slot: &KeySlot, value: &Key) -> Read<()> {
        let address = self.heap(memory)?.take(memory, KEY_SIZE)?;
        KeySlot { address, ..*slot }.replace(memory, value)?;
        link(memory, self.0 + df::FIRST_KEY, address)
    }
}

impl KeySlot {
    /// Bytes of card memory that one takes.
    pub const SIZE: u32 = KEY_SIZE;
    /// `tries_max` of a key whose tries are not counted.
    pub const UNLIMITED: u8 = 0xFF;

    pub(super) fn at(memory: &Nvm, address: Address) -> Read<Option<Self>> {
        if address == 0 {
            return Ok(None);
        }
        let [kind, index, version, algorithm, suite, tries_max, tries, next_state] =
            memory.array(address + KEY_HEAD)?;
        let [_, use_right, change_right, protection] = memory.array(address + KEY_LENGTH)?;
        Ok(Some(Self {
            address,
            next: memory.be32(address)?,
            kind,
            index,
            version,
            algorithm,
            suite: if suite == 0 { Suite::TripleDes } else { Suite::Sm4 },
            tries_max,
            tries,
            next_state,
            use_right: RightsByte(use_right),
            change_right: RightsByte(change_right),
            protection: match protection {
                0 => Protection::None,
                1 => Protection::Mac,
                _ => Protection::EncryptedMac,
            },
        }))
    }

    /// The key itself.
    pub fn value(&self, memory: &Nvm) -> Read<Key> {
        value_at(memory, self.address)
    }

    /// Writes the slot with this key over what is at its address, in one write.
    pub fn replace(&self, memory: &mut Nvm, value: &Key) -> Read<()> {
        let head = [self.kind, self.index, self.version, self.algorithm];
        let tries = [self.tries_max, self.tries, self.next_state];
        let protection = self.protection as u8;
        let rights = [self.use_right.0, self.change_right.0, protection];
        memory.put(self.address + KEY_HEAD, &slot_bytes(head, self.suite, tries, rights, value))
    }

    /// Bytes of the key.
    pub fn length(&self, memory: &Nvm) -> Read<u8> {
        memory.byte(self.address + KEY_LENGTH)
    }

    /// Writes the key itself; for personalisation.
    pub fn set_value(&self, memory: &mut Nvm, value: &Key) -> Read<()> {
        write(memory, self.address + KEY_LENGTH, &[value.len() as u8])?;
        write(memory, self.address + KEY_VALUE, value.expose())
    }

    /// Sets the tries left, whatever transaction is open.
    pub fn set_tries(&self, memory: &mut Nvm, tries: u8) -> Read<()> {
        memory.put_outside(self.address + KEY_TRIES, &[tries])
    }

    /// Takes the last try, as part of the open transaction.
    pub fn use_up(&self, memory: &mut Nvm) -> Read<()> {
        memory.put(self.address + KEY_TRIES, &[0])
    }
}

/// The key in the slot at an address.
pub(super) fn value_at(memory: &Nvm, slot: Address) -> Read<Key> {
    let bytes = Zeroizing::new(memory.array::<16>(slot + KEY_VALUE)?);
    let length = memory.byte(slot + KEY_LENGTH)?;
    let left = bytes.get(..usize::from(length)).unwrap_or(bytes.as_slice());
    Ok(Key::new(left).unwrap_or(Key::double(*bytes)))
}

/// A slot behind its link: head (kind, index, version, algorithm), suite, tries (
/// allowed and left, follow-up state), then the rights to use and change it and its line
/// protection, or the usage byte of a PSAM's key; and the key.
pub(super) fn slot_bytes(
    head: [u8; 4],
    suite: Suite,
    tries: [u8; 3],
    tail: [u8; 3],
    key: &Key,
) -> Zeroizing<Vec<u8>> {
    let suite = u8::from(suite == Suite::Sm4);
    let value = key.expose();
    let length = value.len() as u8;
    Zeroizing::new([&head[..], &[suite], &tries, &[length], &tail, value].concat())
}
