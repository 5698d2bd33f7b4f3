//! The keys of the card on the bench, as whoever derives them holds them.

use applet_spec::{Directory, KeyKind, KeySpec};
use crypto::{BlockCipher, Key, Suite, TacKey};
use emulator::{LabKeys, MasterKeys};

/// The keys of one card's application, scheduled.
pub struct CardKeys {
    slots: Vec<Slot>,
}

struct Slot {
    kind: KeyKind,
    index: u8,
    suite: Suite,
    cipher: BlockCipher,
    tac: TacKey,
    key: Key,
}

impl CardKeys {
    /// Those of a directory, derived from lab keys with the factors, highest first.
    pub fn derive(lab: &LabKeys<'_>, directory: &Directory, factors: &[[u8; 8]]) -> Self {
        let slot = |spec: &KeySpec| {
            let key = lab.card_key(directory, spec, factors).unwrap();
            let (cipher, tac) = (BlockCipher::new(spec.suite, &key), TacKey::new(spec.suite, &key));
            Slot { kind: spec.kind, index: spec.index, suite: spec.suite, cipher, tac, key }
        };
        Self { slots: directory.keys.iter().map(slot).collect() }
    }

    /// A transaction key and its suite.
    pub fn cipher(&self, kind: KeyKind, index: u8) -> Option<(Suite, &BlockCipher)> {
        self.slot(kind, index).map(|slot| (slot.suite, &slot.cipher))
    }

    /// A TAC key.
    pub fn tac(&self, index: u8) -> Option<&TacKey> {
        self.slot(KeyKind::Tac, index).map(|slot| &slot.tac)
    }

    /// A key as it is, for secure messaging.
    pub fn key(&self, kind: KeyKind, index: u8) -> Option<(Suite, &Key)> {
        self.slot(kind, index).map(|slot| (slot.suite, &slot.key))
    }

    /// Index of the first key of a kind.
    pub fn first_index(&self, kind: KeyKind) -> Option<u8> {
        self.slots.iter().find(|slot| slot.kind == kind).map(|slot| slot.index)
    }

    fn slot(&self, kind: KeyKind, index: u8) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.kind == kind && slot.index == index)
    }
}
