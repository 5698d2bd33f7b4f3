//! WRITE KEY 写密钥: adds a key to the key file of the current directory, or changes one.
//!
//! Under line protection (class 84) the data has a MAC, and is enciphered where the key asks for
//! that, by the master key 39/00 of the directory. A key that is added says in its record which
//! protection it wants from then on; the data of the addition itself is told apart by what it
//! deciphers to.

use apdu::StatusWord;
use applet_spec::{
    IssuingRules, KeyKind, KeyUpdate, PlainKeys, Protection, RightsByte, suite_of_algorithm,
};
use crypto::{Key, Mac, Suite, decipher};
use purse::issuing::{ErrorCounter, KeyHead, KeyRecord, KeyRole, KeyType, KeyValue};
use purse::{Pin, ProtectedKey};
use zeroize::Zeroizing;

use super::super::secure::WrongMac;
use crate::application::{Halt, Reply};
use crate::native::tree::{Address, Df, Ef, KeySlot, PinSlot, Site};
use crate::native::{Outcome, Session};

/// P1 of WRITE KEY that adds.
const ADD: u8 = 0x01;

/// What WRITE KEY finds under a type and an index.
enum Held {
    Key(KeySlot),
    Pin(PinSlot),
}

impl Session<'_, '_> {
    pub(super) fn write_key(
        &mut self,
        rules: &IssuingRules,
        target: u8,
        index: u8,
        data: &ProtectedKey,
    ) -> Outcome {
        let site = self.site()?;
        let file = self.df().key_file(self.memory)?.ok_or(StatusWord::NO_KEY_FILE)?;
        if target == ADD {
            self.add_key(rules, &site, &file, index, data)?;
        } else {
            self.change_key(rules, target, index, data)?;
        }
        Ok(Reply::done())
    }

    fn add_key(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        file: &Ef,
        index: u8,
        data: &ProtectedKey,
    ) -> Result<(), Halt> {
        self.check_access(file.update)?;
        let record = match (data.data(), data.mac()) {
            (plain, None) => {
                self.check_plain_keys(rules)?;
                KeyRecord::parse(plain).map_err(|_| StatusWord::WRONG_DATA)?
            }
            (data, Some(mac)) => {
                let master = self.check_transport(data, mac)?;
                let opened = self.opened(&master, data)?;
                let enciphered = opened.and_then(|plain| KeyRecord::parse(&plain).ok());
                let record = enciphered.map_or_else(|| KeyRecord::parse(data), Ok);
                record.map_err(|_| StatusWord::WRONG_DATA)?
            }
        };
        let df = self.df();
        if self.held(record.head.role.key_type(), index)?.is_some() {
            return Err(Halt::Status(StatusWord::CLASS_NOT_FOR_FILE));
        }
        let taken = self.key_bytes(rules)?;
        let own = record.value.expose().len() as u32 + u32::from(rules.key_overhead);
        if taken + own > u32::from(file.size) {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        let bytes = match record.value {
            KeyValue::Key(_) => KeySlot::SIZE,
            // This card keeps one PIN per directory.
            KeyValue::Pin(_) if df.pin(self.memory)?.is_some() => {
                return Err(Halt::Status(StatusWord::NO_SPACE));
            }
            KeyValue::Pin(_) => PinSlot::SIZE,
        };
        self.reserve(site, bytes)?;
        let master = Df::master(self.memory)?;
        let suite = self.rules.suite;
        let at = site.free();
        self.atomically(|session| {
            match &record.value {
                KeyValue::Key(key) => {
                    let slot = key_slot(at, &record.head, index, df == master, suite, key);
                    df.add_key(session.memory, &slot, key)?;
                }
                KeyValue::Pin(pin) => {
                    df.add_pin(session.memory, pin_slot(at, &record.head, index, pin))?;
                }
            }
            Ok(())
        })
    }

    fn change_key(
        &mut self,
        rules: &IssuingRules,
        target: u8,
        index: u8,
        data: &ProtectedKey,
    ) -> Result<(), Halt> {
        let key_type = KeyType::from_byte(target).ok_or(StatusWord::KEY_NOT_FOUND)?;
        let held = self.held(key_type, index)?.ok_or(StatusWord::KEY_NOT_FOUND)?;
        let (right, protection) = match &held {
            Held::Key(slot) => (slot.change_right, Some(slot.protection)),
            // Memory has no place for a PIN's line protection: any is taken.
            Held::Pin(slot) => (slot.change_right, None),
        };
        if !self.granted(right)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        let sent = data.data();
        let content = match (data.mac(), protection) {
            (None, None | Some(Protection::None)) => {
                self.check_plain_keys(rules)?;
                Zeroizing::new(sent.to_vec())
            }
            (Some(mac), None | Some(Protection::Mac)) => {
                let master = self.check_transport(sent, mac)?;
                let opened = self.opened(&master, sent)?.filter(|_| protection.is_none());
                opened.unwrap_or_else(|| Zeroizing::new(sent.to_vec()))
            }
            (Some(mac), Some(Protection::EncryptedMac)) => {
                let master = self.check_transport(sent, mac)?;
                self.opened(&master, sent)?.ok_or(StatusWord::WRONG_DATA)?
            }
            _ => return Err(Halt::Status(StatusWord::CLASS_NOT_FOR_FILE)),
        };
        let form = rules.key_update;
        match held {
            Held::Key(slot) => {
                let (head, key) = update(form, key_type, &content, key_of)?;
                let in_master = self.df() == Df::master(self.memory)?;
                let suite = self.rules.suite;
                let fresh = match head {
                    Some(head) => key_slot(slot.address, &head, index, in_master, suite, &key),
                    None => KeySlot { tries: slot.tries_max, ..slot },
                };
                self.atomically(|session| Ok(fresh.replace(session.memory, &key)?))
            }
            Held::Pin(slot) => {
                let (head, pin) = update(form, key_type, &content, pin_of)?;
                let fresh = match head {
                    Some(head) => pin_slot(slot.address, &head, index, &pin),
                    None => PinSlot { value: pin.padded(), tries: slot.tries_max, ..slot },
                };
                self.atomically(|session| Ok(fresh.rewrite(session.memory)?))
            }
        }
    }

    /// Whether keys are taken in clear now.
    fn check_plain_keys(&self, rules: &IssuingRules) -> Result<(), Halt> {
        let taken = match rules.plain_keys {
            PlainKeys::Always => true,
            PlainKeys::Building => self.state.building,
            PlainKeys::Never => false,
        };
        if taken { Ok(()) } else { Err(Halt::Status(StatusWord::CLASS_NOT_FOR_FILE)) }
    }

    /// Checks the MAC by the master key of the directory, which it gives.
    fn check_transport(&mut self, data: &[u8], mac: Mac) -> Result<KeySlot, Halt> {
        const MASTER: u8 = 0x00;
        match self.held(KeyType::AUTHENTICATION, MASTER)? {
            Some(Held::Key(slot)) => {
                self.check_secured(&slot, data, mac, WrongMac::Counts)?;
                Ok(slot)
            }
            _ => Err(Halt::Status(StatusWord::KEY_NOT_FOUND)),
        }
    }

    /// What the data deciphers to, if it was enciphered.
    fn opened(&self, master: &KeySlot, data: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Halt> {
        let key = master.value(self.memory)?;
        Ok(decipher(master.suite, &key, data).ok().map(Zeroizing::new))
    }

    fn held(&self, key_type: KeyType, index: u8) -> Result<Option<Held>, Halt> {
        let df = self.df();
        if key_type == KeyType::PIN {
            let pin = df.pin(self.memory)?.filter(|pin| pin.index == index);
            return Ok(pin.map(Held::Pin));
        }
        for kind in key_type.kinds() {
            if let Some(slot) = df.key(self.memory, *kind, index)? {
                return Ok(Some(Held::Key(slot)));
            }
        }
        Ok(None)
    }

    /// Bytes of the keys in the key file, by the card's own count.
    fn key_bytes(&self, rules: &IssuingRules) -> Result<u32, Halt> {
        let df = self.df();
        let mut lengths = Vec::new();
        for slot in df.keys(self.memory) {
            lengths.push(u32::from(slot.length(self.memory)?));
        }
        if let Some(slot) = df.pin(self.memory)? {
            lengths.push(slot.value.iter().filter(|byte| **byte != 0xFF).count() as u32);
        }
        Ok(lengths.into_iter().map(|length| length + u32::from(rules.key_overhead)).sum())
    }
}

/// A whole record or a new value alone, as the card takes it, of what is `wanted`.
fn update<T>(
    form: KeyUpdate,
    key_type: KeyType,
    content: &[u8],
    wanted: impl FnOnce(KeyValue) -> Option<T>,
) -> Result<(Option<KeyHead>, T), Halt> {
    let record = KeyRecord::parse(content).ok();
    let record = record.filter(|record| record.head.role.key_type() == key_type);
    let whole = record.map(|record| (Some(record.head), record.value));
    let value = || KeyValue::parse(key_type, content, 0).ok().map(|value| (None, value));
    let found = match form {
        KeyUpdate::Record => whole,
        KeyUpdate::Value => value(),
        KeyUpdate::Either => whole.or_else(value),
    };
    let found = found.and_then(|(head, value)| Some((head, wanted(value)?)));
    found.ok_or(Halt::Status(StatusWord::WRONG_DATA))
}

fn key_of(value: KeyValue) -> Option<Key> {
    match value {
        KeyValue::Key(key) => Some(key),
        KeyValue::Pin(_) => None,
    }
}

fn pin_of(value: KeyValue) -> Option<Pin> {
    match value {
        KeyValue::Pin(pin) => Some(pin),
        KeyValue::Key(_) => None,
    }
}

/// What a record says nothing of: only keys of transactions and internal authentication have a
/// version and an algorithm, and the card itself links its slots.
const UNSAID: KeySlot = KeySlot {
    address: 0,
    next: 0,
    kind: 0,
    index: 0,
    version: 0,
    algorithm: 0,
    suite: Suite::TripleDes,
    tries_max: KeySlot::UNLIMITED,
    tries: KeySlot::UNLIMITED,
    next_state: 0,
    use_right: RightsByte::ALWAYS,
    change_right: RightsByte::NEVER,
    protection: Protection::None,
};

/// The slot of a key at `address`. Keys whose record names no algorithm are of the card's suite.
fn key_slot(
    address: Address,
    head: &KeyHead,
    index: u8,
    in_master: bool,
    suite: Suite,
    key: &Key,
) -> KeySlot {
    let role = head.role;
    let kind = match (role.key_type().kinds(), index, in_master) {
        ([kind], ..) => *kind,
        (_, 0x00, true) => KeyKind::CardMaster,
        (_, 0x00, false) => KeyKind::ApplicationMaster,
        _ => KeyKind::ExternalAuthentication,
    };
    let (tries_max, tries) = tries(head);
    let mut slot = KeySlot {
        address,
        kind: kind as u8,
        index,
        suite,
        tries_max,
        tries,
        next_state: next_state(role),
        use_right: head.use_right,
        change_right: head.change_right,
        protection: head.protection,
        ..UNSAID
    };
    if let KeyRole::Working { version, algorithm, .. } = role {
        slot.version = version;
        slot.algorithm = algorithm;
        slot.suite = suite_of_algorithm(algorithm).unwrap_or(Suite::TripleDes);
    }
    // An SM4 key has 16 bytes.
    if key.len() != 16 {
        slot.suite = Suite::TripleDes;
    }
    slot
}

fn pin_slot(address: Address, head: &KeyHead, index: u8, pin: &Pin) -> PinSlot {
    let (tries_max, tries) = tries(head);
    PinSlot {
        address,
        index,
        tries_max,
        tries,
        next_state: next_state(head.role),
        value: pin.padded(),
        use_right: head.use_right,
        change_right: head.change_right,
    }
}

/// The state that an authentication or the PIN leads to.
fn next_state(role: KeyRole) -> u8 {
    match role {
        KeyRole::Authentication { next_state, .. } | KeyRole::Pin { next_state, .. } => {
            next_state & 0x0F
        }
        KeyRole::Working { .. } | KeyRole::Service { .. } => 0,
    }
}

/// Most tries and tries left, as slots have them.
fn tries(head: &KeyHead) -> (u8, u8) {
    let counter = head.role.counter().unwrap_or(ErrorCounter::UNLIMITED);
    match (counter.most(), counter.left()) {
        (Some(most), Some(left)) => (most, left),
        _ => (KeySlot::UNLIMITED, KeySlot::UNLIMITED),
    }
}
