//! Keys held in this process: those of a lab, and what an opened key file holds.

use std::collections::BTreeMap;

use super::{
    CustodyError, KeyCustody, KeyName, KeyRecord, MacForm, is_public_test_key, whole_blocks,
};
use crate::{BlockCipher, Key, Mac, Suite};

/// Who may know a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Anybody: it was made in the open, for a lab.
    Public,
    /// Its owner alone, unless it is one of the well-known test keys.
    Guarded,
}

/// Keys by name in this process's memory, zeroized on drop. No `Debug`.
#[derive(Clone)]
pub struct HeldKeys {
    provider: String,
    keys: BTreeMap<KeyName, Held>,
}

#[derive(Clone)]
struct Held {
    suite: Suite,
    key: Key,
    public: bool,
}

impl HeldKeys {
    /// Holds nothing yet. `provider` is what messages call it: `key file lab.keys`.
    pub fn new(provider: impl Into<String>) -> Self {
        Self { provider: provider.into(), keys: BTreeMap::new() }
    }

    /// Holds keys that anybody may know, such as the lab keys of a profile, and gives them out.
    pub fn public(
        provider: impl Into<String>,
        keys: impl IntoIterator<Item = (KeyName, Suite, Key)>,
    ) -> Self {
        let mut held = Self::new(provider);
        for (name, suite, key) in keys {
            held.insert(name, suite, key, Secrecy::Public);
        }
        held
    }

    /// Takes a key, in place of one of that name.
    pub fn insert(&mut self, name: KeyName, suite: Suite, key: Key, secrecy: Secrecy) {
        let public = secrecy == Secrecy::Public || is_public_test_key(suite, &key);
        self.keys.insert(name, Held { suite, key, public });
    }

    /// Every key itself, by name: for the provider that writes them down.
    pub fn expose(&self) -> impl Iterator<Item = (&KeyName, Suite, &Key, Secrecy)> {
        self.keys.iter().map(|(name, Held { suite, key, public })| {
            let secrecy = if *public { Secrecy::Public } else { Secrecy::Guarded };
            (name, *suite, key, secrecy)
        })
    }

    /// A key itself and its suite: for the provider that replaces it.
    pub fn stored(&self, name: &KeyName) -> Option<(Suite, &Key)> {
        self.keys.get(name).map(|held| (held.suite, &held.key))
    }

    fn held(&self, name: &KeyName) -> Result<&Held, CustodyError> {
        self.keys.get(name).ok_or_else(|| CustodyError::NoSuchKey {
            provider: self.provider.clone(),
            name: name.clone(),
        })
    }
}

impl KeyCustody for HeldKeys {
    fn describe(&self) -> String {
        self.provider.clone()
    }

    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError> {
        Ok(self.keys.iter().map(|(name, held)| held.record(name)).collect())
    }

    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError> {
        Ok(self.held(name)?.record(name))
    }

    fn suite(&self, name: &KeyName) -> Result<Suite, CustodyError> {
        Ok(self.held(name)?.suite)
    }

    fn encrypt_by_stored(&self, name: &KeyName, blocks: &[u8]) -> Result<Vec<u8>, CustodyError> {
        let Held { suite, key, .. } = self.held(name)?;
        whole_blocks(name, *suite, blocks)?;
        Ok(BlockCipher::new(*suite, key).encrypt_ecb(blocks))
    }

    fn mac_by_stored(
        &self,
        name: &KeyName,
        form: MacForm<'_>,
        data: &[u8],
    ) -> Result<Mac, CustodyError> {
        let Held { suite, key, .. } = self.held(name)?;
        Ok(form.compute(*suite, key, data))
    }

    fn give_stored(&self, name: &KeyName) -> Result<Key, CustodyError> {
        match self.held(name)? {
            Held { key, public: true, .. } => Ok(key.clone()),
            _ => Err(CustodyError::NoFactor { name: name.clone() }),
        }
    }
}

impl Held {
    fn record(&self, name: &KeyName) -> KeyRecord {
        let check_value = self.key.check_value(self.suite);
        let (name, suite, public) = (name.clone(), self.suite, self.public);
        KeyRecord { name, suite, check_value, public, shown: public }
    }
}
