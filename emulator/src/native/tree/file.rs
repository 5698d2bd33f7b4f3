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
}

/// Offset of the two bytes `used`, `head` in a file header.
const EF_USED: u32 = 22;
/// Bytes of a file header.
pub(super) const EF_SIZE: u32 = 24;

impl Ef {
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
                _ => Structure::Cyclic,
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
        let protect_read = u8::from(self.protect_read);
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

    /// Where record `number` (1 is the first; the newest of a ring) has its bytes, for records
    /// that exist.
    pub fn slot(&self, number: u8) -> Option<Address> {
        if number == 0 || number > self.used {
            return None;
        }
        let index = match self.structure {
            Structure::Cyclic => {
                (u32::from(self.head) + u32::from(self.count) - u32::from(number - 1))
                    % u32::from(self.count.max(1))
            }
            _ => u32::from(number - 1),
        };
        Some(self.data + index * self.stride())
    }

    /// Where record `number` has its content: behind the length byte of a variable record.
    pub fn content(&self, number: u8) -> Option<Address> {
        self.slot(number).map(|at| at + u32::from(self.structure == Structure::Variable))
    }

    /// Where the next appended record goes, and the `used` and `head` it leads to; `None` where a
    /// linear file is full.
    pub fn next_slot(&self) -> Option<(Address, u8, u8)> {
        let count = self.count.max(1);
        match self.structure {
            Structure::Binary => None,
            Structure::Cyclic => {
                let head = if self.used == 0 { 0 } else { (self.head + 1) % count };
                let used = (self.used + 1).min(count);
                Some((self.data + u32::from(head) * self.stride(), used, head))
            }
            _ if self.used >= count => None,
            _ => Some((self.data + u32::from(self.used) * self.stride(), self.used + 1, self.used)),
        }
    }

    /// Bytes from one record to the next; variable records have a length byte in front.
    pub fn stride(&self) -> u32 {
        u32::from(self.record) + u32::from(self.structure == Structure::Variable)
    }

    /// The bytes of record `number`.
    pub fn record(&self, memory: &Nvm, number: u8) -> Read<Option<Vec<u8>>> {
        let Some(at) = self.slot(number) else {
            return Ok(None);
        };
        let (at, length) = match self.structure {
            Structure::Variable => (at + 1, memory.byte(at)?.min(self.record)),
            _ => (at, self.record),
        };
        let mut out = vec![0; usize::from(length)];
        memory.read(at, &mut out)?;
        Ok(Some(out))
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
