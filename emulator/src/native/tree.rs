//! The file tree in card memory: fixed-size headers in linked lists, data behind them.
//!
//! Everything that personalisation can create and commands can change lies here, at addresses that
//! a card image keeps; the layout has a version word.

use applet_spec::{Access, FciForm, KeyKind, Protection, PurseKind};
use crypto::{Key, Suite};
use nvm::{Nvm, NvmError};
use purse::{Amount, Limit};

/// Layout version, in the first four bytes of memory.
pub const LAYOUT: [u8; 4] = *b"PK\x00\x01";
/// Whole-card state: 00 or 01 (CARD BLOCK).
pub const CARD_BLOCKED: u32 = 4;
/// Address of the first free byte.
const FREE: u32 = 8;
/// Address of the MF.
const FIRST_DF: u32 = 12;
/// Length (00 or 09) and value of the identification code.
pub const CODE: u32 = 16;
/// Where allocation starts.
const HEAP: u32 = 32;

/// A link to another header; zero is none.
pub type Address = u32;

/// A directory header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Df(pub Address);

/// Offsets in a directory header.
mod df {
    pub const NEXT: u32 = 0;
    pub const FID: u32 = 4;
    pub const NAME: u32 = 6;
    pub const BLOCKED: u32 = 23;
    pub const FCI: u32 = 24;
    pub const LABEL: u32 = 32;
    pub const FIRST_EF: u32 = 52;
    pub const FIRST_KEY: u32 = 56;
    pub const PIN: u32 = 60;
    pub const PURSES: u32 = 64;
    pub const LOG: u32 = 72;
    pub const WRONG_MACS: u32 = 75;
    pub const PROOF: u32 = 76;
    pub const SIZE: u32 = 88;
}

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
const EF_SIZE: u32 = 24;

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
}

const KEY_TRIES: u32 = 10;
const KEY_LENGTH: u32 = 12;
const KEY_VALUE: u32 = 16;
const KEY_SIZE: u32 = 32;

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

/// What changes in a purse; twelve bytes, written at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PurseState {
    /// Stored balance, overdraft limit included.
    pub balance: Amount,
    /// Online serial.
    pub online: u16,
    /// Offline serial.
    pub offline: u16,
    /// Overdraft limit.
    pub limit: Limit,
}

/// What does not change in a purse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PurseTerms {
    /// Largest stored balance.
    pub maximum: Amount,
    /// Whether it can be overdrawn.
    pub overdraft: bool,
    /// Bits of [`applet_spec::PinUse`]: what needs the PIN.
    pub pin_for: u8,
    /// Bits of [`applet_spec::PinUse`]: what it can do.
    pub allows: u8,
}

const PURSE_SIZE: u32 = 20;

/// The last transaction's proof (交易认证).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredProof {
    /// Transaction type.
    pub transaction_type: u8,
    /// Serial it is asked for by.
    pub serial: u16,
    /// Whether there is one.
    pub valid: bool,
    /// MAC.
    pub mac: [u8; 4],
    /// TAC.
    pub tac: [u8; 4],
}

/// How an application is blocked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocked {
    /// Not.
    No,
    /// Until unblocked.
    Temporarily,
    /// For ever.
    Permanently,
}

type Read<T> = Result<T, NvmError>;

/// Writes the frame of an empty card.
pub fn format(memory: &mut Nvm) -> Read<()> {
    write(memory, 0, &LAYOUT)?;
    write(memory, FREE, &HEAP.to_be_bytes())
}

/// Personalisation writes bytes only where they change, so that cards made from one template share
/// their pages.
pub fn write(memory: &mut Nvm, address: Address, bytes: &[u8]) -> Read<()> {
    let mut at = address;
    for chunk in bytes.chunks(32) {
        let mut held = [0; 32];
        let held = held.get_mut(..chunk.len()).unwrap_or_default();
        memory.read(at, held)?;
        if held != chunk {
            memory.put(at, chunk)?;
        }
        at += chunk.len() as u32;
    }
    Ok(())
}

/// Takes `size` bytes of the heap.
pub fn allocate(memory: &mut Nvm, size: u32) -> Read<Address> {
    let at = memory.be32(FREE)?;
    let end = at.saturating_add(size);
    // Reading the last byte tells whether the room is there.
    memory.byte(end.saturating_sub(1))?;
    write(memory, FREE, &end.to_be_bytes())?;
    Ok(at)
}

/// Adds a directory at the end of the list.
pub fn add_df(
    memory: &mut Nvm,
    fid: u16,
    name: &[u8],
    fci: &FciForm,
    label: Option<&[u8]>,
) -> Read<Df> {
    let at = allocate(memory, df::SIZE)?;
    let mut header = Vec::with_capacity(df::SIZE as usize);
    header.extend_from_slice(&0_u32.to_be_bytes());
    header.extend_from_slice(&fid.to_be_bytes());
    header.extend_from_slice(&counted::<17>(name));
    header.push(0);
    let (form, sfi, version) = match fci {
        FciForm::Dir { sfi } => (1, *sfi, None),
        FciForm::Ppse => (2, 0, None),
        FciForm::PublicFile { version, sfi } => (3, *sfi, version.as_deref()),
        FciForm::Bare => (4, 0, None),
    };
    header.extend_from_slice(&[form, sfi]);
    header.extend_from_slice(&counted::<6>(version.unwrap_or_default()));
    header.extend_from_slice(&counted::<17>(label.unwrap_or_default()));
    write(memory, at, &header)?;
    link(memory, FIRST_DF, at, df::NEXT)?;
    Ok(Df(at))
}

impl Df {
    /// The MF.
    pub fn master(memory: &Nvm) -> Read<Df> {
        memory.be32(FIRST_DF).map(Df)
    }

    /// All directories, the MF first.
    pub fn all(memory: &Nvm) -> impl Iterator<Item = Df> {
        let first = memory.be32(FIRST_DF).unwrap_or_default();
        std::iter::successors(Some(first), |at| memory.be32(at + df::NEXT).ok())
            .take_while(|at| *at != 0)
            .map(Df)
    }

    /// File identifier.
    pub fn fid(self, memory: &Nvm) -> Read<u16> {
        memory.be16(self.0 + df::FID)
    }

    /// DF name.
    pub fn name(self, memory: &Nvm) -> Read<Vec<u8>> {
        counted_at::<17>(memory, self.0 + df::NAME)
    }

    /// Label in directory records.
    pub fn label(self, memory: &Nvm) -> Read<Vec<u8>> {
        counted_at::<17>(memory, self.0 + df::LABEL)
    }

    /// FCI form.
    pub fn fci(self, memory: &Nvm) -> Read<FciForm> {
        let [form, sfi] = memory.array(self.0 + df::FCI)?;
        Ok(match form {
            1 => FciForm::Dir { sfi },
            2 => FciForm::Ppse,
            3 => {
                let version = counted_at::<6>(memory, self.0 + df::FCI + 2)?;
                FciForm::PublicFile { version: Some(version).filter(|v| !v.is_empty()), sfi }
            }
            _ => FciForm::Bare,
        })
    }

    /// Block state.
    pub fn blocked(self, memory: &Nvm) -> Read<Blocked> {
        Ok(match memory.byte(self.0 + df::BLOCKED)? {
            0 => Blocked::No,
            1 => Blocked::Temporarily,
            _ => Blocked::Permanently,
        })
    }

    /// Sets the block state.
    pub fn block(self, memory: &mut Nvm, blocked: Blocked) -> Read<()> {
        memory.put(self.0 + df::BLOCKED, &[blocked as u8])
    }

    /// The file with a short identifier.
    pub fn by_sfi(self, memory: &Nvm, sfi: u8) -> Read<Option<Ef>> {
        self.find(memory, |ef| ef.sfi == sfi)
    }

    /// The file with an identifier.
    pub fn by_fid(self, memory: &Nvm, fid: u16) -> Read<Option<Ef>> {
        self.find(memory, |ef| ef.fid == fid)
    }

    /// All files.
    pub fn files(self, memory: &Nvm) -> impl Iterator<Item = Ef> {
        let first = memory.be32(self.0 + df::FIRST_EF).unwrap_or_default();
        std::iter::successors(Ef::at(memory, first).ok().flatten(), |ef| {
            Ef::at(memory, ef.next).ok().flatten()
        })
    }

    fn find(self, memory: &Nvm, wanted: impl Fn(&Ef) -> bool) -> Read<Option<Ef>> {
        let mut at = memory.be32(self.0 + df::FIRST_EF)?;
        while let Some(ef) = Ef::at(memory, at)? {
            if wanted(&ef) {
                return Ok(Some(ef));
            }
            at = ef.next;
        }
        Ok(None)
    }

    /// Adds a file and its room; `header.address`, `next` and `data` are filled in.
    pub fn add_file(self, memory: &mut Nvm, mut header: Ef, bytes: u32) -> Read<Ef> {
        header.address = allocate(memory, EF_SIZE)?;
        header.data = allocate(memory, bytes)?;
        header.next = 0;
        write(memory, header.address, &header.to_bytes())?;
        link(memory, self.0 + df::FIRST_EF, header.address, 0)?;
        Ok(header)
    }

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

    /// Adds a key slot; `slot.address` and `next` are filled in, the value follows by
    /// [`KeySlot::set_value`].
    pub fn add_key(self, memory: &mut Nvm, slot: KeySlot) -> Read<()> {
        let at = allocate(memory, KEY_SIZE)?;
        let suite = u8::from(slot.suite == Suite::Sm4);
        let head = [
            slot.kind, slot.index, slot.version, slot.algorithm, suite, slot.tries_max, slot.tries,
            slot.next_state,
        ];
        write(memory, at + 4, &head)?;
        link(memory, self.0 + df::FIRST_KEY, at, 0)
    }

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

    /// Where a purse is.
    pub fn purse(self, memory: &Nvm, kind: PurseKind) -> Read<Option<Purse>> {
        let at = memory.be32(self.0 + purse_link(kind))?;
        Ok(if at == 0 { None } else { Some(Purse(at)) })
    }

    /// Whether it has any purse.
    pub fn is_purse_application(self, memory: &Nvm) -> Read<bool> {
        Ok(memory.array::<8>(self.0 + df::PURSES)? != [0; 8])
    }

    /// Adds a purse.
    pub fn add_purse(
        self,
        memory: &mut Nvm,
        kind: PurseKind,
        state: &PurseState,
        terms: &PurseTerms,
    ) -> Read<()> {
        let at = allocate(memory, PURSE_SIZE)?;
        write(memory, at, &state.to_bytes())?;
        let [m0, m1, m2, m3] = terms.maximum.to_bytes();
        let terms = [m0, m1, m2, m3, u8::from(terms.overdraft), terms.pin_for, terms.allows, 0];
        write(memory, at + 12, &terms)?;
        write(memory, self.0 + purse_link(kind), &at.to_be_bytes())
    }

    /// SFIs of the logs: purchase, load, other city (00: none).
    pub fn log(self, memory: &Nvm) -> Read<[u8; 3]> {
        memory.array(self.0 + df::LOG)
    }

    /// Sets the SFIs of the logs.
    pub fn set_log(self, memory: &mut Nvm, sfis: [u8; 3]) -> Read<()> {
        write(memory, self.0 + df::LOG, &sfis)
    }

    /// Wrong transaction MACs in a row.
    pub fn wrong_macs(self, memory: &Nvm) -> Read<u8> {
        memory.byte(self.0 + df::WRONG_MACS)
    }

    /// Sets the count of wrong transaction MACs.
    pub fn set_wrong_macs(self, memory: &mut Nvm, count: u8) -> Read<()> {
        memory.put_outside(self.0 + df::WRONG_MACS, &[count])
    }

    /// Forgets wrong transaction MACs, as part of the open transaction.
    pub fn clear_wrong_macs(self, memory: &mut Nvm) -> Read<()> {
        memory.put(self.0 + df::WRONG_MACS, &[0])
    }

    /// The last transaction's proof.
    pub fn proof(self, memory: &Nvm) -> Read<StoredProof> {
        let [transaction_type, s0, s1, valid, m0, m1, m2, m3, t0, t1, t2, t3] =
            memory.array::<12>(self.0 + df::PROOF)?;
        Ok(StoredProof {
            transaction_type,
            serial: u16::from_be_bytes([s0, s1]),
            valid: valid != 0,
            mac: [m0, m1, m2, m3],
            tac: [t0, t1, t2, t3],
        })
    }

    /// Keeps the proof of a transaction.
    pub fn set_proof(self, memory: &mut Nvm, proof: &StoredProof) -> Read<()> {
        let [s0, s1] = proof.serial.to_be_bytes();
        let [m0, m1, m2, m3] = proof.mac;
        let [t0, t1, t2, t3] = proof.tac;
        let valid = u8::from(proof.valid);
        let bytes = [proof.transaction_type, s0, s1, valid, m0, m1, m2, m3, t0, t1, t2, t3];
        memory.put(self.0 + df::PROOF, &bytes)
    }
}

/// A purse in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purse(pub Address);

impl Purse {
    /// What changes.
    pub fn state(self, memory: &Nvm) -> Read<PurseState> {
        let [b0, b1, b2, b3, n0, n1, f0, f1, l0, l1, l2, _] = memory.array::<12>(self.0)?;
        Ok(PurseState {
            balance: Amount::from_bytes([b0, b1, b2, b3]),
            online: u16::from_be_bytes([n0, n1]),
            offline: u16::from_be_bytes([f0, f1]),
            limit: Limit::from_bytes([l0, l1, l2]),
        })
    }

    /// Writes what changes.
    pub fn set_state(self, memory: &mut Nvm, state: &PurseState) -> Read<()> {
        memory.put(self.0, &state.to_bytes())
    }

    /// What does not.
    pub fn terms(self, memory: &Nvm) -> Read<PurseTerms> {
        let [m0, m1, m2, m3, overdraft, pin_for, allows, _] = memory.array::<8>(self.0 + 12)?;
        Ok(PurseTerms {
            maximum: Amount::from_bytes([m0, m1, m2, m3]),
            overdraft: overdraft != 0,
            pin_for,
            allows,
        })
    }
}

impl PurseState {
    fn to_bytes(self) -> [u8; 12] {
        let [b0, b1, b2, b3] = self.balance.to_bytes();
        let [n0, n1] = self.online.to_be_bytes();
        let [f0, f1] = self.offline.to_be_bytes();
        let [l0, l1, l2] = self.limit.to_bytes();
        [b0, b1, b2, b3, n0, n1, f0, f1, l0, l1, l2, 0]
    }
}

impl KeySlot {
    fn at(memory: &Nvm, address: Address) -> Read<Option<Self>> {
        if address == 0 {
            return Ok(None);
        }
        let [n0, n1, n2, n3, kind, index, version, algorithm, suite, tries_max, tries, next_state] =
            memory.array::<12>(address)?;
        Ok(Some(Self {
            address,
            next: u32::from_be_bytes([n0, n1, n2, n3]),
            kind,
            index,
            version,
            algorithm,
            suite: if suite == 0 { Suite::TripleDes } else { Suite::Sm4 },
            tries_max,
            tries,
            next_state,
        }))
    }

    /// The key itself.
    pub fn value(&self, memory: &Nvm) -> Read<Key> {
        let bytes = memory.array::<16>(self.address + KEY_VALUE)?;
        let length = memory.byte(self.address + KEY_LENGTH)?;
        let left = bytes.get(..usize::from(length)).unwrap_or(&bytes);
        Ok(Key::new(left).unwrap_or(Key::double(bytes)))
    }

    /// Writes the key itself, at personalisation.
    pub fn set_value(&self, memory: &mut Nvm, value: &Key) -> Read<()> {
        write(memory, self.address + KEY_LENGTH, &[value.len() as u8])?;
        write(memory, self.address + KEY_VALUE, value.expose())
    }

    /// Sets the tries left, whatever transaction is open.
    pub fn set_tries(&self, memory: &mut Nvm, tries: u8) -> Read<()> {
        memory.put_outside(self.address + KEY_TRIES, &[tries])
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

impl Ef {
    /// The header at an address; `None` at 0.
    pub fn at(memory: &Nvm, address: Address) -> Read<Option<Self>> {
        if address == 0 {
            return Ok(None);
        }
        let [
            n0, n1, n2, n3, f0, f1, sfi, structure, record, count, s0, s1, read, update, protection,
            protect_read, key, d1, d2, d3, _, _, used, head,
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
            read: access(read),
            update: access(update),
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

    fn to_bytes(self) -> [u8; EF_SIZE as usize] {
        let [n0, n1, n2, n3] = self.next.to_be_bytes();
        let [f0, f1] = self.fid.to_be_bytes();
        let [s0, s1] = self.size.to_be_bytes();
        let [_, d1, d2, d3] = self.data.to_be_bytes();
        let structure = self.structure as u8;
        let (read, update) = (access_byte(self.read), access_byte(self.update));
        let protection = match self.protection {
            Protection::None => 0,
            Protection::Mac => 1,
            Protection::EncryptedMac => 2,
        };
        let protect_read = u8::from(self.protect_read);
        [
            n0, n1, n2, n3, f0, f1, self.sfi, structure, self.record, self.count, s0, s1, read,
            update, protection, protect_read, self.key, d1, d2, d3, 0, 0, self.used, self.head,
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

fn access(byte: u8) -> Access {
    match byte {
        0 => Access::Free,
        1 => Access::Pin,
        2 => Access::Authenticated,
        _ => Access::Never,
    }
}

fn access_byte(access: Access) -> u8 {
    match access {
        Access::Free => 0,
        Access::Pin => 1,
        Access::Authenticated => 2,
        Access::Never => 3,
    }
}

fn purse_link(kind: PurseKind) -> u32 {
    match kind {
        PurseKind::Deposit => df::PURSES,
        PurseKind::Purse => df::PURSES + 4,
    }
}

/// Hangs `address` on the end of the list that starts at `head`.
fn link(memory: &mut Nvm, head: Address, address: Address, next: u32) -> Read<()> {
    let mut at = head;
    loop {
        let following = memory.be32(at)?;
        if following == 0 || following == address {
            return write(memory, at, &address.to_be_bytes());
        }
        at = following + next;
    }
}

/// A length byte and up to `N - 1` bytes, zero-filled.
fn counted<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().skip(1).zip(bytes) {
        *to = *from;
    }
    if let Some(first) = out.first_mut() {
        *first = bytes.len().min(N - 1) as u8;
    }
    out
}

fn counted_at<const N: usize>(memory: &Nvm, address: Address) -> Read<Vec<u8>> {
    let bytes = memory.array::<N>(address)?;
    let (length, rest) = bytes.split_first().unwrap_or((&0, &[]));
    Ok(rest.iter().take(usize::from(*length)).copied().collect())
}
