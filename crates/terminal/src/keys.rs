//! Card keys that this side holds.

use applet_spec::{Directory, KeyKind, KeySpec};
use crypto::{BlockCipher, Key, Suite, TacKey};

use crate::FlowError;

/// The keys of one card's application, scheduled; the roles of issuer and PSAM work with them.
pub struct CardKeys {
    slots: Vec<Slot>,
}

struct Slot {
    kind: KeyKind,
    index: u8,
    suite: Suite,
    key: Key,
    cipher: BlockCipher,
    tac: Option<TacKey>,
}

impl CardKeys {
    /// The card keys of a directory, from whoever holds the master keys: `card_key` derives one
    /// with the factors, highest first.
    ///
    /// # Errors
    /// What `card_key` says of a missing key.
    pub fn derive<E>(
        directory: &Directory,
        factors: &[[u8; 8]],
        mut card_key: impl FnMut(&KeySpec, &[[u8; 8]]) -> Result<Key, E>,
    ) -> Result<Self, E> {
        let mut slots = Vec::with_capacity(directory.keys.len());
        for spec in &directory.keys {
            let key = card_key(spec, factors)?;
            slots.push(Slot {
                kind: spec.kind,
                index: spec.index,
                suite: spec.suite,
                cipher: BlockCipher::new(spec.suite, &key),
                tac: (spec.kind == KeyKind::Tac).then(|| TacKey::new(spec.suite, &key)),
                key,
            });
        }
        Ok(Self { slots })
    }

    /// A scheduled transaction key and its suite.
    ///
    /// # Errors
    /// [`FlowError::NoKey`].
    pub fn cipher(&self, kind: KeyKind, index: u8) -> Result<(Suite, &BlockCipher), FlowError> {
        let slot = self.slot(kind, index)?;
        Ok((slot.suite, &slot.cipher))
    }

    /// A scheduled TAC key.
    ///
    /// # Errors
    /// [`FlowError::NoKey`].
    pub fn tac(&self, index: u8) -> Result<&TacKey, FlowError> {
        let none = FlowError::NoKey { kind: KeyKind::Tac.text(), index };
        self.slot(KeyKind::Tac, index)?.tac.as_ref().ok_or(none)
    }

    /// A key as it is, for secure messaging.
    ///
    /// # Errors
    /// [`FlowError::NoKey`].
    pub fn key(&self, kind: KeyKind, index: u8) -> Result<(Suite, &Key), FlowError> {
        let slot = self.slot(kind, index)?;
        Ok((slot.suite, &slot.key))
    }

    /// Index of the first key of a kind.
    ///
    /// # Errors
    /// [`FlowError::NoKey`] with index 00.
    pub fn first_index(&self, kind: KeyKind) -> Result<u8, FlowError> {
        let found = self.slots.iter().find(|slot| slot.kind == kind);
        found.map(|slot| slot.index).ok_or(FlowError::NoKey { kind: kind.text(), index: 0 })
    }

    fn slot(&self, kind: KeyKind, index: u8) -> Result<&Slot, FlowError> {
        self.slots
            .iter()
            .find(|slot| slot.kind == kind && slot.index == index)
            .ok_or(FlowError::NoKey { kind: kind.text(), index })
    }
}
