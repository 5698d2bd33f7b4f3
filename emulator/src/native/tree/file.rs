//! Elementary file headers, and where records lie.

use applet_spec::{Access, Protection, RightsByte};
use nvm::Nvm;

use super::{Address, Read};

/// An elementary file header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Structure {
    /// Transparent.
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

/// Offset of the two bytes `used`, `head` in a file header.
const EF_USED: u32 = 22;
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

    fn internal(fid: u16, structure: Structure) -> Self {
        Self {
            address: 0,
            next: 0,
            fid,
            sfi: Self::sfi_of(fid),
            structure,
            record: 0,
            count: 0,
            size: 0,
            read: Access::Never,
            update: Access::Never,
            protection: Protection::None,
            protect_read: false,
            key: 0,
            read_key: 0,
            data: 0,
            used: 0,
            head: 0,
        }
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
        let [
            n0,
            n1,
            n2,
            n3,
            f0,
            f1,
            sfi,
            structure,
            record,
            count,
            s0,
            s1,
            read,
            update,
            protection,
            protect_read,
            key,
            d1,
            d2,
            d3,
            read_right,
            update_right,
            used,
            head,
        ] = memory.array::<24>(address)?;
        Ok(Some(Self {
            address,
            next: u32::from_be_bytes([n0, n1, n2, n3]),
            fid: u16::from_be_bytes([f0, f1]),
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
            size: u16::from_be_bytes([s0, s1]),
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
            data: u32::from_be_bytes([0, d1, d2, d3]),
            used,
            head,
        }))
    }

    pub(super) fn to_bytes(self) -> [u8; EF_SIZE as usize] {
        let [n0, n1, n2, n3] = self.next.to_be_bytes();
        let [f0, f1] = self.fid.to_be_bytes();
        let [s0, s1] = self.size.to_be_bytes();
        let [_, d1, d2, d3] = self.data.to_be_bytes();
        let structure = self.structure as u8;
        let (read, read_right) = access_bytes(self.read);
        let (update, update_right) = access_bytes(self.update);
        let protection = match self.protection {
            Protection::None => 0,
            Protection::Mac => 1,
            Protection::EncryptedMac => 2,
        };
        let protect_read = match (self.protect_read, self.read_key == self.key) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => self.read_key << 4 | 0x02,
        };
        [
            n0,
            n1,
            n2,
            n3,
            f0,
            f1,
            self.sfi,
            structure,
            self.record,
            self.count,
            s0,
            s1,
            read,
            update,
            protection,
            protect_read,
            self.key,
            d1,
            d2,
            d3,
            read_right,
            update_right,
            self.used,
            self.head,
        ]
    }

    /// Writes how many records there are and which is the newest.
    pub fn set_used(&self, memory: &mut Nvm, used: u8, head: u8) -> Read<()> {
        memory.put(self.address + EF_USED, &[used, head])
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
            Structure::Cyclic => {
                (u32::from(self.head) + u32::from(self.count) - u32::from(number - 1))
                    % u32::from(self.count.max(1))
            }
            _ => u32::from(number - 1),
        };
        Ok(Some(self.data + index * self.stride()))
    }

    /// Where record `number` has its content: behind its length byte, if it has one.
    pub fn content(&self, memory: &Nvm, number: u8) -> Read<Option<Address>> {
        let slot = self.slot(memory, number)?;
        Ok(slot.map(|at| at + u32::from(self.own_lengths())))
    }

    /// Where the next appended record of `length` bytes goes, and the `used` and `head` it leads
    /// to; `None` where a file that is no ring is full.
    pub fn next_slot(&self, memory: &Nvm, length: usize) -> Read<Option<(Address, u8, u8)>> {
        let count = self.count.max(1);
        Ok(match self.structure {
            Structure::Binary | Structure::Keys | Structure::Purse => None,
            Structure::Cyclic => {
                let head = if self.used == 0 { 0 } else { (self.head + 1) % count };
                let used = (self.used + 1).min(count);
                Some((self.data + u32::from(head) * self.stride(), used, head))
            }
            _ if self.used >= count => None,
            Structure::Packed => {
                let end = self.packed(memory, self.used)?;
                // Their length bytes do not count for the room.
                let held = (end - self.data).saturating_sub(self.used.into()) as usize;
                let fits = length > 0 && held + length <= usize::from(self.size);
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
        u32::from(size) + u32::from(size.min(Self::MOST_RECORDS.into())) + 1
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
    match access {
        Access::Free => (0, 0),
        Access::Pin => (1, 0),
        Access::Authenticated => (2, 0),
        Access::Never => (3, 0),
        Access::State(right) => (4, right.0),
    }
}
