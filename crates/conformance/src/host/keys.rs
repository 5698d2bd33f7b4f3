//! Card keys, derived as they are needed from master keys that stay where they are held.

use std::cell::RefCell;

use applet_spec::{Directory, KeyKind, KeySpec, Profile, SamKeyOrigin, SamKeySpec, SamUsage};
use crypto::custody::{KeyCustody, KeyName};
use crypto::{Key, Suite};

use super::{Host, Trouble};

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// A key of the card; of a PSAM's profile, of the cards that it serves where it has none
    /// itself. Without index, the first of its kind.
    Card { kind: KeyKind, index: Option<u8>, version: Option<u8> },
    /// A key that a PSAM works with, by usage byte and number.
    Sam { usage: SamUsage, number: u8 },
}

impl Which {
    pub(super) fn first(kind: KeyKind) -> Self {
        Self::Card { kind, index: None, version: None }
    }

    pub(super) fn of(kind: KeyKind, index: u8) -> Self {
        Self::Card { kind, index: Some(index), version: None }
    }
}

/// A card key and the suite it works in.
pub(super) struct CardKey {
    pub suite: Suite,
    pub key: Key,
}

/// Keys of this card that were derived already; zeroized with it. No `Debug`.
#[derive(Clone, Default)]
pub(super) struct Cache(RefCell<Vec<Derived>>);

#[derive(Clone)]
struct Derived {
    name: KeyName,
    factors: Vec<[u8; 8]>,
    key: Key,
}

impl Cache {
    /// Most keys that are kept.
    const MOST: usize = 32;

    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn derive(
        &self,
        custody: &dyn KeyCustody,
        name: KeyName,
        factors: &[[u8; 8]],
    ) -> Result<Key, Trouble> {
        let mut kept = self.0.borrow_mut();
        let found = kept.iter().find(|known| known.name == name && known.factors == factors);
        if let Some(Derived { key, .. }) = found {
            return Ok(key.clone());
        }
        let key = custody.derive(&name, factors)?;
        if kept.len() >= Self::MOST {
            kept.clear();
        }
        kept.push(Derived { name, factors: factors.to_vec(), key: key.clone() });
        Ok(key)
    }
}

impl Host<'_> {
    /// A key of the card. `factors`, highest level first, stand for those of the card.
    pub(super) fn key(
        &self,
        which: Which,
        factors: Option<&[[u8; 8]]>,
    ) -> Result<CardKey, Trouble> {
        match which {
            Which::Sam { usage, number } => {
                let fits = |key: &&SamKeySpec| key.usage == usage && key.number() == number;
                let found = self.sam_keys().find(|(_, key)| fits(key));
                let missing = || format!("PSAM key {:02X} with index {number:02X}", usage.0);
                let (directory, key) = found.ok_or_else(|| Trouble::not_in_profile(missing()))?;
                self.sam_key(directory, key, factors)
            }
            Which::Card { kind, index, version } => {
                let found = self.key_spec(kind, index, version);
                if let Some((directory, spec)) = found {
                    let name = self.profile.custody_name(directory, spec);
                    let own = self.card_factors();
                    let factors = factors.unwrap_or(&own);
                    let key = self.cache.derive(self.custody, name, factors)?;
                    return Ok(CardKey { suite: spec.suite, key });
                }
                let served = self.sam_keys().find(|(_, key)| serves(key, kind, index, version));
                let missing = || match index {
                    Some(index) => format!("{} key with index {index:02X}", kind.text()),
                    None => format!("{} key", kind.text()),
                };
                let (directory, key) = served.ok_or_else(|| Trouble::not_in_profile(missing()))?;
                self.sam_key(directory, key, factors)
            }
        }
    }

    /// The value of a PSAM's key, diversified for the card in front of the terminal.
    pub(super) fn sam_key(
        &self,
        directory: &Directory,
        key: &SamKeySpec,
        factors: Option<&[[u8; 8]]>,
    ) -> Result<CardKey, Trouble> {
        let name = self.profile.sam_custody_name(directory, key);
        let own = self.served_factors(key.usage.levels());
        let mut all = self.profile.sam_factors(key);
        all.extend(factors.unwrap_or(&own));
        let derived = self.cache.derive(self.custody, name, &all)?;
        Ok(CardKey { suite: key.suite, key: derived })
    }

    /// The slot of a key: of the current directory, else of the main application.
    pub(super) fn key_spec(
        &self,
        kind: KeyKind,
        index: Option<u8>,
        version: Option<u8>,
    ) -> Option<(&Directory, &KeySpec)> {
        let places = [self.directory(), self.profile.main_directory()];
        let find = |version: Option<u8>| {
            places.into_iter().flatten().find_map(|directory| {
                let key = directory.keys.iter().find(|key| {
                    key.kind == kind
                        && index.is_none_or(|index| key.index == index)
                        && version.is_none_or(|version| key.version == version)
                })?;
                Some((directory, key))
            })
        };
        find(version).or_else(|| find(None))
    }

    /// Index of the first key of a kind, as the card or the cards that a PSAM serves have it.
    pub(super) fn first_index(&self, kind: KeyKind) -> Option<u8> {
        let own = self.key_spec(kind, None, None).map(|(_, key)| key.index);
        own.or_else(|| {
            let served = self.sam_keys().find(|(_, key)| serves(key, kind, None, None));
            served.map(|(_, key)| key.index)
        })
    }

    /// The keys that a PSAM works with; none of cards.
    pub(super) fn sam_keys(&self) -> impl Iterator<Item = (&Directory, &SamKeySpec)> {
        let application = self.profile.sam_application();
        application
            .into_iter()
            .flat_map(|directory| directory.sam_keys.iter().map(move |key| (directory, key)))
    }

    /// Factors of the card, highest level first.
    pub(super) fn card_factors(&self) -> Vec<[u8; 8]> {
        self.profile.factors_of(&self.serial, &self.public)
    }

    /// The lowest factors of the default card of the family that a PSAM serves, highest first.
    pub(super) fn served_factors(&self, levels: u8) -> Vec<[u8; 8]> {
        let Some(served) = self.profile.served() else { return Vec::new() };
        let mut factors = served.factors_for(&served.serial);
        // A key of more levels than the cards have is asked for with their first factor again.
        let highest = factors.first().copied().unwrap_or(served.serial);
        while factors.len() < usize::from(levels) {
            factors.insert(0, highest);
        }
        factors.split_off(factors.len() - usize::from(levels))
    }

    /// The current directory, where the profile has it.
    pub(super) fn directory(&self) -> Option<&Directory> {
        self.profile.directories.get(self.known.directory)
    }

    /// The purse application that amounts are of: that of the card, or of the cards that a PSAM
    /// serves.
    pub(super) fn card_profile(&self) -> &Profile {
        match self.profile.served() {
            Some(served) => served,
            None => self.profile,
        }
    }
}

fn serves(key: &SamKeySpec, kind: KeyKind, index: Option<u8>, version: Option<u8>) -> bool {
    let SamKeyOrigin::Served { kind: of, index: at } = key.origin else { return false };
    of == kind
        && index.is_none_or(|index| at == index)
        && version.is_none_or(|version| key.version == version)
}
