//! Makes codes, right ones and wrong ones, byte by byte from the fact sheet: nothing of the command
//! layer, and nothing of the crate under test.

use std::collections::BTreeMap;

use applet_spec::KeyKind;
use crypto::{BlockCipher, Key, Suite};

/// Stored keys by kind, index and version.
pub type Stored = BTreeMap<(KeyKind, u8, u8), [u8; 16]>;

/// Everything that goes into one code, to be changed at will.
#[derive(Clone)]
pub struct Maker {
    pub stored: Stored,
    pub kind: KeyKind,
    pub index: u8,
    pub version: u8,
    pub factors: Vec<Vec<u8>>,
    /// What is done to the card key.
    pub halves: fn(Vec<u8>) -> Vec<u8>,
    /// Diversification, session key, MAC.
    pub suites: [Suite; 3],
    pub way: Way,
    pub random: Vec<u8>,
    pub serial: Vec<u8>,
    pub tail: Vec<u8>,
    /// Order of random, serial, tail.
    pub order: [usize; 3],
    pub data: Vec<(&'static str, Vec<u8>)>,
    pub initial: Vec<u8>,
    pub pad: fn(Vec<u8>, usize) -> Vec<u8>,
    pub take: fn(&[u8]) -> Vec<u8>,
}

/// How the key goes into the MAC.
#[derive(Clone, Copy)]
pub enum Way {
    /// A session key, made of these two halves of its input.
    Session(fn(&[u8]) -> Vec<u8>),
    /// The same, deciphered.
    Deciphered,
    /// 16 bytes of session key by 3DES, used whole.
    SessionWhole,
    /// 16 bytes of session key by 3DES, used in algorithm 3.
    SessionRetail,
    Folded,
    Whole,
    Left,
    Right,
    Retail,
}

/// `x ‖ not x`
pub fn and_complement(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().chain(bytes.iter().map(|byte| !byte)).collect()
}

pub fn pad_80(mut bytes: Vec<u8>, block: usize) -> Vec<u8> {
    bytes.push(0x80);
    while !bytes.len().is_multiple_of(block) {
        bytes.push(0);
    }
    bytes
}

impl Maker {
    /// The code.
    pub fn code(&self) -> [u8; 4] {
        let [diversification, session, mac] = self.suites;
        let slot = (self.kind, self.index, self.version);
        let stored = self.stored.get(&slot).unwrap_or_else(|| panic!("no stored key {slot:?}"));
        let mut key = stored.to_vec();
        for factor in &self.factors {
            key = cipher(diversification, &key).encrypt_ecb(&and_complement(factor));
        }
        let key = (self.halves)(key);
        let parts = [&self.random, &self.serial, &self.tail];
        let input: Vec<u8> = self.order.iter().flat_map(|at| parts[*at].clone()).collect();
        let enciphered = |sixteen: &[u8]| cipher(session, &key).encrypt_ecb(sixteen);
        let short = |bytes: &[u8]| match mac {
            Suite::TripleDes => cipher(mac, &bytes[..8]),
            Suite::Sm4 => cipher(mac, bytes),
        };
        let (left, right) = key.split_at(8);
        let right = if right.is_empty() { left } else { right };
        let (first, last) = match self.way {
            Way::Session(both) => (short(&enciphered(&both(&input))), None),
            Way::Deciphered => {
                (short(&cipher(session, &key).decrypt_ecb(&and_complement(&input))), None)
            }
            Way::SessionWhole => (cipher(mac, &enciphered(&and_complement(&input))), None),
            Way::SessionRetail => {
                let sixteen = enciphered(&and_complement(&input));
                (cipher(mac, &sixteen[..8]), Some(cipher(mac, &sixteen[8..])))
            }
            // An 8-byte key is folded already.
            Way::Folded if key.len() == 8 => (cipher(mac, left), None),
            Way::Folded => {
                let folded: Vec<u8> = left.iter().zip(right).map(|(a, b)| a ^ b).collect();
                (cipher(mac, &folded), None)
            }
            Way::Whole => (cipher(mac, &key), None),
            Way::Left => (cipher(mac, left), None),
            Way::Right => (cipher(mac, right), None),
            Way::Retail => (
                cipher(Suite::TripleDes, left),
                (key.len() == 16).then(|| cipher(Suite::TripleDes, right)),
            ),
        };
        let block = first.block();
        let data: Vec<u8> = self.data.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let mut state = [0; 16];
        self.initial.iter().zip(&mut state).take(block).for_each(|(from, to)| *to = *from);
        for piece in (self.pad)(data, block).chunks(block) {
            state.iter_mut().zip(piece).for_each(|(to, from)| *to ^= from);
            first.encrypt(&mut state);
        }
        if let Some(last) = last {
            last.decrypt(&mut state);
            first.encrypt(&mut state);
        }
        (self.take)(&state[..block]).try_into().unwrap()
    }

    /// Other bytes in a field, where it is covered.
    pub fn put(&mut self, field: &str, bytes: &[u8]) {
        self.edit(field, |_| bytes.to_vec());
    }

    pub fn edit(&mut self, field: &str, edit: impl Fn(Vec<u8>) -> Vec<u8>) {
        for (name, bytes) in &mut self.data {
            if *name == field {
                *bytes = edit(bytes.clone());
            }
        }
    }

    /// A number in a field, where it is covered.
    pub fn count(&mut self, field: &str, edit: impl Fn(u64) -> u64) {
        self.edit(field, |bytes| {
            let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            edit(number).to_be_bytes()[8 - bytes.len()..].to_vec()
        });
    }

    pub fn remove(&mut self, field: &str) {
        self.data.retain(|(name, _)| *name != field);
    }

    pub fn covers(&self, field: &str) -> bool {
        self.data.iter().any(|(name, _)| *name == field)
    }

    pub fn has_session(&self) -> bool {
        matches!(self.way, Way::Session(_))
    }
}

fn cipher(suite: Suite, key: &[u8]) -> BlockCipher {
    BlockCipher::new(suite, &Key::new(key).unwrap())
}
