//! Card keys that this side holds.

use applet_spec::{KeyKind, KeySpec, Profile};
use crypto::custody::KeyCustody;
use crypto::{BlockCipher, Key, Suite, TacKey};

use crate::{Factors, FlowError};

/// Card keys derived as they are needed, from master keys that stay where they are held. Those of
/// one card are kept, and go when another card comes.
pub(crate) struct Keyring<'c> {
    profile: &'c Profile,
    custody: &'c dyn KeyCustody,
    card: Factors,
    keys: Vec<Slot>,
}

impl<'c> Keyring<'c> {
    /// For cards of `profile`, whose master keys `custody` holds under their custody names.
    pub(crate) fn new(profile: &'c Profile, custody: &'c dyn KeyCustody) -> Self {
        let (card, keys) = (Factors::default(), Vec::new());
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
            self.keys.clear();
            self.card = *card;
        }
        let missing = no_key(kind, index, version);
        let fits = |other: &Slot| {
            let same = other.kind == kind && other.index == index;
            same && version.is_none_or(|version| other.version == version)
        };
        let at = match self.keys.iter().position(fits) {
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
                self.keys.push(Slot::new(spec, key));
                self.keys.len() - 1
            }
        };
        self.keys.get(at).ok_or(no_key(kind, index, version))
    }
}

/// A card key, scheduled.
struct Slot {
    kind: KeyKind,
    index: u8,
    version: u8,
    suite: Suite,
    key: Key,
    cipher: BlockCipher,
    tac: Option<TacKey>,
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

fn no_key(kind: KeyKind, index: u8, version: Option<u8>) -> FlowError {
    FlowError::NoKey { kind: kind.text(), index, version }
}
