//! Elementary file headers, and where records lie.

use applet_spec::{Access, Protection, RightsByte};
use nvm::Nvm;

use super::{Address, Read};

/// An elementary file header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ef {
    /// Where the header is.
    pub address: Address,
    /// Next file of the directory.
    pub next: Address,
    /// File identifier.
    pub fid: u16,
    /// Short file identifier.
    pub sfi: u8,
    /// Structure.
    pub structure: Structure,
    /// Bytes per record.
    pub record: u8,
    /// Most records.
    pub count: u8,
    /// Bytes of a binary file.
    pub size: u16,
    /// Read right.
    pub read: Access,
    /// Update right.
    pub update: Access,
    /// Line protection.
    pub protection: Protection,
    /// Whether reads are protected too.
    pub protect_read: bool,
    /// Index of the maintenance key.
    pub key: u8,
    /// Index of the maintenance key for reading.
    pub read_key: u8,
    /// Where the data is.
    pub data: Address,
    /// Records written.
    pub used: u8,
    /// Slot of the newest record of a ring.
    pub head: u8,
}

/// Structure of an elementary file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Structure {
    /// Transparent.
    #[default]
    Binary,
    /// Fixed records.
    Linear,
    /// Records with own lengths.
    Variable,
    /// Ring.
    Cyclic,
    /// Records with own lengths, one behind the other as they were added; `size` is the room for
    /// their contents together.
    Packed,
    /// A key file: nothing to be read. `size` is the room for keys, `update` the right to add one.
    Keys,
    /// A purse file: nothing to be read.
    Purse,
}

/// Offsets in a file header; the link to the next one comes first.
mod ef {
    pub const FID: u32 = 4;
    pub const SFI: u32 = 6;
    pub const SIZE: u32 = 10;
    pub const ACCESS: u32 = 12;
    /// A byte, and three of the address of the data.
    pub const KEY: u32 = 16;
    pub const RIGHTS: u32 = 20;
    /// Records written, and the newest of a ring.
    pub const USED: u32 = 22;
}

/// Bytes of a file header.
pub(super) const EF_SIZE: u32 = 24;

impl Ef {
    /// The header of a key file of `size` bytes; `add` is the right to add keys.
    pub fn key_file(fid: u16, size: u16, add: RightsByte) -> Self {
        Self { size, update: Access::State(add), ..Self::internal(fid, Structure::Keys) }
    }

    /// The header of a purse file.
    pub fn purse_file(fid: u16) -> Self {
        Self::internal(fid, Structure::Purse)
    }

    /// A file that nobody reads or updates.
    fn internal(fid: u16, structure: Structure) -> Self {
        Self { fid, sfi: Self::sfi_of(fid), structure, ..Self::default() }
    }

    /// The short identifier that goes with an identifier, on cards that are built by commands.
    pub fn sfi_of(fid: u16) -> u8 {
        (fid & 0x1F) as u8
    }

    /// The header at an address; `None` at 0.
    pub fn at(memory: &Nvm, address: Address) -> Read<Option<Self>> {
        if address == 0 {
            return Ok(None);
        }
        let [sfi, structure, record, count] = memory.array(address + ef::SFI)?;
        let [read, update, protection, protect_read] = memory.array(address + ef::ACCESS)?;
        let [read_right, update_right] = memory.array(address + ef::RIGHTS)?;
        let [used, head] = memory.array(address + ef::USED)?;
        let key = memory.byte(address + ef::KEY)?;
        Ok(Some(Self {
            address,
            next: memory.be32(address)?,
            fid: memory.be16(address + ef::FID)?,
            sfi,
            structure: match structure {
                0 => Structure::Binary,
                1 => Structure::Linear,
                2 => Structure::Variable,
                3 => Structure::Cyclic,
                4 => Structure::Packed,
                5 => Structure::Keys,
                _ => Structure::Purse,
            },
            record,
            count,
            size: memory.be16(address + ef::SIZE)?,
            read: access(read, read_right),
            update: access(update, update_right),
            protection: match protection {
                0 => Protection::None,
                1 => Protection::Mac,
                _ => Protection::EncryptedMac,
            },
            protect_read: protect_read != 0,
            key,
            // 02 says that reading has a key of its own.
            read_key: if protect_read & 0x02 == 0 { key } else { protect_read >> 4 },
            data: memory.be32(address + ef::KEY)? & 0x00FF_FFFF,
            used,
            head,
        }))
    }

    /// Writes the header behind its link.
    pub(super) fn write(&self, memory: &mut Nvm) -> Read<()> {
        let Self { sfi, record, count, key, used, head, .. } = *self;
        let (structure, protection) = (self.structure as u8, self.protection as u8);
        let (read, read_right) = access_bytes(self.read);
        let (update, update_right) = access_bytes(self.update);
        let protect_read = match (self.protect_read, self.read_key == self.key) {
            (false, _) => 0,
            (true, true) => 0x01,
            (true, false) => self.read_key << 4 | 0x03,
        };
        let [_, data @ ..] = self.data.to_be_bytes();
        let bytes = [
            &self.fid.to_be_bytes()[..],
            &[sfi, structure, record, count],
            &self.size.to_be_bytes(),
            &[read, update, protection, protect_read, key],
            &data,
            &[read_right, update_right, used, head],
        ];
        memory.put(self.address + ef::FID, &bytes.concat())
    }

    /// Writes how many records there are and which is the newest.
    pub fn set_used(&self, memory: &mut Nvm, used: u8, head: u8) -> Read<()> {
        memory.put(self.address + ef::USED, &[used, head])
    }

    /// Whether its records have lengths of their own, each with a length byte in front.
    pub fn own_lengths(&self) -> bool {
        matches!(self.structure, Structure::Variable | Structure::Packed)
    }

    /// Whether nothing of it is ever read or updated.
    pub fn is_internal(&self) -> bool {
        matches!(self.structure, Structure::Keys | Structure::Purse)
    }

    /// Where record `number` (1 is the first; the newest of a ring) has its bytes, for records
    /// that exist.
    pub fn slot(&self, memory: &Nvm, number: u8) -> Read<Option<Address>> {
        if number == 0 || number > self.used {
            return Ok(None);
        }
        let index = match self.structure {
            Structure::Packed => return self.packed(memory, number - 1).map(Some),
            Structure::Cyclic if number - 1 > self.head => self.count - (number - 1) + self.head,
            Structure::Cyclic => self.head - (number - 1),
            _ => number - 1,
        };
        Ok(Some(self.data + u32::from(index) * self.stride()))
    }

    /// Where record `number` has its content: behind its length byte, if it has one.
    pub fn content(&self, memory: &Nvm, number: u8) -> Read<Option<Address>> {
        let slot = self.slot(memory, number)?;
        Ok(slot.map(|at| at + u32::from(self.own_lengths())))
    }

    /// Where the next appended record of `length` bytes goes, and the `used` and `head` it leads
    /// to; `None` where a file that is no ring is full, or has no records.
    pub fn next_slot(&self, memory: &Nvm, length: usize) -> Read<Option<(Address, u8, u8)>> {
        let full = self.used >= self.count;
        Ok(match self.structure {
            Structure::Cyclic => {
                let head = if self.head + 1 < self.count { self.head + 1 } else { 0 };
                let used = if full { self.count } else { self.used + 1 };
                Some((self.data + u32::from(head) * self.stride(), used, head))
            }
            _ if full => None,
            Structure::Packed => {
                let end = self.packed(memory, self.used)?;
                // Their length bytes do not count for the room.
                let held = (end - self.data).saturating_sub(self.used.into()) as usize;
                let left = usize::from(self.size).saturating_sub(held);
                let fits = (1..=left).contains(&length);
                fits.then_some((end, self.used + 1, self.used))
            }
            _ => Some((self.data + u32::from(self.used) * self.stride(), self.used + 1, self.used)),
        })
    }

    /// Bytes from one record to the next; records with own lengths have a length byte in front.
    pub fn stride(&self) -> u32 {
        u32::from(self.record) + u32::from(self.own_lengths())
    }

    /// The bytes of record `number`.
    pub fn record(&self, memory: &Nvm, number: u8) -> Read<Option<Vec<u8>>> {
        let Some(at) = self.slot(memory, number)? else {
            return Ok(None);
        };
        let (at, length) = match self.own_lengths() {
            true => (at + 1, memory.byte(at)?.min(self.record)),
            false => (at, self.record),
        };
        let mut out = vec![0; usize::from(length)];
        memory.read(at, &mut out)?;
        Ok(Some(out))
    }

    /// Bytes of card memory that a header takes.
    pub const HEADER: u32 = EF_SIZE;
    /// Longest record: READ RECORD answers it in one go.
    pub const MOST_RECORD: u8 = 250;
    /// Most records of a file.
    pub const MOST_RECORDS: u8 = 254;

    /// Bytes of card memory for records that lie one behind the other, with their length bytes.
    pub fn packed_room(size: u16) -> u32 {
        let lengths = size.min(Self::MOST_RECORDS.into());
        u32::from(size) + u32::from(lengths)
    }

    /// The address behind so many records that lie one behind the other.
    fn packed(&self, memory: &Nvm, records: u8) -> Read<Address> {
        let mut at = self.data;
        for _ in 0..records {
            at += u32::from(memory.byte(at)?.min(self.record)) + 1;
        }
        Ok(at)
    }
}

/// A right from the byte of its word and, where that is 4, its rights byte.
fn access(word: u8, right: u8) -> Access {
    match word {
        0 => Access::Free,
        1 => Access::Pin,
        2 => Access::Authenticated,
        4 => Access::State(RightsByte(right)),
        _ => Access::Never,
    }
}

fn access_bytes(access: Access) -> (u8, u8) {
    let (word, right) = match access {
        Access::Free => (0, None),
        Access::Pin => (1, None),
        Access::Authenticated => (2, None),
        Access::Never => (3, None),
        Access::State(RightsByte(right)) => (4, Some(right)),
    };
    (word, right.unwrap_or_default())
}
