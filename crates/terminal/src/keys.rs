//! Card keys that this side holds.

use applet_spec::{Directory, KeyKind, KeySpec, Profile};
use crypto::custody::KeyCustody;
use crypto::{BlockCipher, Key, Suite, TacKey};

use crate::{Factors, FlowError};

/// The keys of one card's application, scheduled.
#[derive(Default)]
pub struct CardKeys {
    slots: Vec<Slot>,
}

struct Slot {
    kind: KeyKind,
    index: u8,
    version: u8,
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
        let mut keys = Self::default();
        for spec in &directory.keys {
            keys.slots.push(Slot::new(spec, card_key(spec, factors)?));
        }
        Ok(keys)
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
        self.slot(KeyKind::Tac, index)?.tac()
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
        found.map(|slot| slot.index).ok_or(no_key(kind, 0, None))
    }

    fn slot(&self, kind: KeyKind, index: u8) -> Result<&Slot, FlowError> {
        self.slots
            .iter()
            .find(|slot| slot.kind == kind && slot.index == index)
            .ok_or(no_key(kind, index, None))
    }
}

impl Slot {
    fn new(spec: &KeySpec, key: Key) -> Self {
        Self {
            kind: spec.kind,
            index: spec.index,
            version: spec.version,
            suite: spec.suite,
            cipher: BlockCipher::new(spec.suite, &key),
            tac: (spec.kind == KeyKind::Tac).then(|| TacKey::new(spec.suite, &key)),
            key,
        }
    }

    fn tac(&self) -> Result<&TacKey, FlowError> {
        self.tac.as_ref().ok_or(no_key(self.kind, self.index, Some(self.version)))
    }
}

/// Card keys derived as they are needed, from master keys that stay where they are held. Those of
/// one card are kept, and go when another card comes.
pub(crate) struct Keyring<'c> {
    profile: &'c Profile,
    custody: &'c dyn KeyCustody,
    card: Factors,
    keys: CardKeys,
}

impl<'c> Keyring<'c> {
    /// For cards of `profile`, whose master keys `custody` holds under their custody names.
    pub(crate) fn new(profile: &'c Profile, custody: &'c dyn KeyCustody) -> Self {
        let (card, keys) = (Factors::default(), CardKeys::default());
        Self { profile, custody, card, keys }
    }

    pub(crate) fn profile(&self) -> &'c Profile {
        self.profile
    }

    pub(crate) fn holder(&self) -> String {
        self.custody.describe()
    }

    /// The slot of the profile's purse application with the first key of a kind.
    pub(crate) fn first(&self, kind: KeyKind) -> Result<&'c KeySpec, FlowError> {
        let keys = self.profile.application().map_or(&[][..], |directory| &directory.keys);
        keys.iter().find(|key| key.kind == kind).ok_or(no_key(kind, 0, None))
    }

    /// TAC keys go by the profile's index, or by that of the transaction key.
    pub(crate) fn tac_index(&self, transaction_key: u8) -> u8 {
        self.profile.rules.tac_index_for(transaction_key)
    }

    /// A transaction key of a card.
    pub(crate) fn cipher(
        &mut self,
        card: &Factors,
        kind: KeyKind,
        index: u8,
        version: Option<u8>,
    ) -> Result<(Suite, &BlockCipher), FlowError> {
        let slot = self.slot(card, kind, index, version)?;
        Ok((slot.suite, &slot.cipher))
    }

    /// The TAC key of a card.
    pub(crate) fn tac(&mut self, card: &Factors, index: u8) -> Result<&TacKey, FlowError> {
        self.slot(card, KeyKind::Tac, index, None)?.tac()
    }

    /// A key of a card as it is, for secure messaging.
    pub(crate) fn key(
        &mut self,
        card: &Factors,
        kind: KeyKind,
        index: u8,
    ) -> Result<(Suite, &Key), FlowError> {
        let slot = self.slot(card, kind, index, None)?;
        Ok((slot.suite, &slot.key))
    }

    fn slot(
        &mut self,
        card: &Factors,
        kind: KeyKind,
        index: u8,
        version: Option<u8>,
    ) -> Result<&Slot, FlowError> {
        if self.card != *card {
            self.keys.slots.clear();
            self.card = *card;
        }
        let missing = no_key(kind, index, version);
        let fits = |other: &Slot| {
            let same = other.kind == kind && other.index == index;
            same && version.is_none_or(|version| other.version == version)
        };
        let at = match self.keys.slots.iter().position(fits) {
            Some(at) => at,
            None => {
                let directory = self.profile.application().ok_or(missing)?;
                let spec = directory.keys.iter().find(|key| {
                    let same = key.kind == kind && key.index == index;
                    same && version.is_none_or(|version| key.version == version)
                });
                let spec = spec.ok_or(no_key(kind, index, version))?;
                let name = self.profile.custody_name(directory, spec);
                let key = self.custody.derive(&name, card.as_slice())?;
                self.keys.slots.push(Slot::new(spec, key));
                self.keys.slots.len() - 1
            }
        };
        self.keys.slots.get(at).ok_or(no_key(kind, index, version))
    }
}

fn no_key(kind: KeyKind, index: u8, version: Option<u8>) -> FlowError {
    FlowError::NoKey { kind: kind.text(), index, version }
}
