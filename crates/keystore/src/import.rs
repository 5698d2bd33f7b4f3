//! Keys on their way into a provider.

use crypto::custody::{HeldKeys, KeyCustody, KeyName, KeyRecord, Secrecy};
use crypto::{Key, KeyCheckValue, Suite};

use crate::KeystoreError;
use crate::public::lab_keys;

/// A key to be kept.
pub struct NewKey {
    /// Its name.
    pub name: KeyName,
    /// Its suite.
    pub suite: Suite,
    /// The key.
    pub key: Key,
    /// Whether anybody may know it.
    pub secrecy: Secrecy,
}

/// Whether a key may take the place of another one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacing {
    /// It may not.
    Never,
    /// It may.
    Allowed,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was none of that name.
    Added,
    /// It was there.
    Unchanged,
    /// It took the place of the key with this check value; of one that told none, or of several.
    Replaced(Option<KeyCheckValue>),
}

/// A key that is kept now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What may be said of it.
    pub record: KeyRecord,
    /// What became of it.
    pub outcome: Outcome,
}

/// Marks the lab keys of built-in profiles as public, whichever way they come.
pub(crate) fn with_lab_keys_marked(mut keys: Vec<NewKey>) -> Vec<NewKey> {
    let lab: Vec<Key> = lab_keys().collect();
    for new in keys.iter_mut().filter(|new| lab.contains(&new.key)) {
        new.secrecy = Secrecy::Public;
    }
    keys
}

/// Puts keys among those held in memory: all, or none.
pub(crate) fn into_held(
    held: &mut HeldKeys,
    keys: Vec<NewKey>,
    replacing: Replacing,
) -> Result<Vec<Imported>, KeystoreError> {
    let mut outcomes = Vec::with_capacity(keys.len());
    for new in &keys {
        let old = held.stored(&new.name);
        let outcome = match old {
            None => Outcome::Added,
            Some((suite, key)) if suite == new.suite && *key == new.key => Outcome::Unchanged,
            Some((suite, key)) => Outcome::Replaced(Some(key.check_value(suite))),
        };
        if let (Outcome::Replaced(Some(value)), Replacing::Never) = (outcome, replacing) {
            return Err(other_key(held.describe(), new, value));
        }
        outcomes.push((new.name.clone(), outcome));
    }
    for (NewKey { name, suite, key, secrecy }, (_, outcome)) in keys.into_iter().zip(&outcomes) {
        // What is public once stays so, whoever brings the same key again.
        let known = *outcome == Outcome::Unchanged && held.record(&name)?.public;
        held.insert(name, suite, key, if known { Secrecy::Public } else { secrecy });
    }
    let imported = |(name, outcome)| Ok(Imported { record: held.record(&name)?, outcome });
    outcomes.into_iter().map(imported).collect()
}

pub(crate) fn other_key(provider: String, new: &NewKey, held: KeyCheckValue) -> KeystoreError {
    let (name, given) = (new.name.clone(), new.key.check_value(new.suite));
    KeystoreError::OtherKey { provider, name, held, given }
}
