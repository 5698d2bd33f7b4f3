//! Finding things in the profile of a PSAM, and where the keys it holds come from.

use std::sync::Arc;

use crypto::custody::KeyName;
use crypto::{Key, Suite, diversify, lab_master};

use super::{Custody, Directory, KeyKind, KeySpec, Profile, SamKeyOrigin, SamKeySpec};

impl Profile {
    /// SFI of the MF file of a PSAM that holds its terminal number.
    pub const TERMINAL_SFI: u8 = 0x16;

    /// SFI of the file of a PSAM's application that holds its parameters: index 1, issuer 8,
    /// receiver 8, valid from 4, to 4.
    pub const PARAMETER_SFI: u8 = 0x17;

    /// The first directory with keys of a PSAM.
    pub fn sam_application(&self) -> Option<&Directory> {
        self.directories.iter().find(|directory| !directory.sam_keys.is_empty())
    }

    /// The card profile that a PSAM serves; `None` where this is no PSAM.
    pub fn served(&self) -> Option<&'static Arc<Profile>> {
        Profile::built_in(&self.psam.as_ref()?.serves)
    }

    /// What custody calls the key that the value of a PSAM's slot is made of: a master key of the
    /// served profile, or `PROFILE/DIRECTORY/sam-USAGE/INDEX/VERSION`.
    pub fn sam_custody_name(&self, directory: &Directory, key: &SamKeySpec) -> KeyName {
        match self.served_key(key) {
            Some((served, application, card_key)) => served.custody_name(application, card_key),
            None => KeyName::joined([self.name.as_str(), &key.label(directory)]),
        }
    }

    /// The factors that the key of [`Self::sam_custody_name`] is diversified by before it is
    /// written into the slot: none for a root key, the highest ones for a key of fewer levels.
    pub fn sam_factors(&self, key: &SamKeySpec) -> Vec<[u8; 8]> {
        let Some((served, ..)) = self.served_key(key) else { return Vec::new() };
        let mut factors = served.factors_for(&served.serial);
        factors.truncate(factors.len().saturating_sub(usize::from(key.usage.levels())));
        factors
    }

    /// The value of a PSAM's slot under lab custody; `None` where keys come from elsewhere.
    pub fn lab_sam_key(&self, directory: &Directory, key: &SamKeySpec) -> Option<Key> {
        let (suite, root) = self.lab_sam_root(directory, key)?;
        Some(self.sam_factors(key).iter().fold(root, |key, factor| diversify(suite, &key, factor)))
    }

    /// The keys behind a PSAM's slots under their custody names, each once.
    pub(super) fn lab_sam_keys(
        &self,
        directory: &Directory,
    ) -> impl Iterator<Item = (KeyName, Suite, Key)> {
        let keys = &directory.sam_keys;
        keys.iter().enumerate().filter_map(move |(at, key)| {
            let served = matches!(key.origin, SamKeyOrigin::Served { .. });
            let told = keys.iter().take(at).any(|before| before.origin == key.origin);
            let (suite, root) = self.lab_sam_root(directory, key).filter(|_| !(served && told))?;
            Some((self.sam_custody_name(directory, key), suite, root))
        })
    }

    /// The key of [`Self::sam_custody_name`] under lab custody, and its suite.
    fn lab_sam_root(&self, directory: &Directory, key: &SamKeySpec) -> Option<(Suite, Key)> {
        if self.custody != Custody::Lab {
            return None;
        }
        Some(match &key.origin {
            SamKeyOrigin::Given(material) => (key.suite, Key::double(material.0)),
            SamKeyOrigin::Own => {
                (key.suite, lab_master(self.lab_seed.as_ref()?, &key.label(directory)))
            }
            SamKeyOrigin::Served { .. } => {
                let (served, application, card_key) = self.served_key(key)?;
                (card_key.suite, served.lab_master(application, card_key)?)
            }
        })
    }

    /// The key of the served application behind a slot.
    fn served_key(
        &self,
        key: &SamKeySpec,
    ) -> Option<(&'static Profile, &'static Directory, &'static KeySpec)> {
        let SamKeyOrigin::Served { kind, index } = key.origin else { return None };
        let served = self.served()?;
        let (application, card_key) = served.application_key(kind, index)?;
        Some((served, application, card_key))
    }

    /// A key of the purse application.
    pub(crate) fn application_key(
        &self,
        kind: KeyKind,
        index: u8,
    ) -> Option<(&Directory, &KeySpec)> {
        let application = self.application()?;
        Some((application, application.key(kind, index)?))
    }
}

impl SamKeySpec {
    /// The slot within its profile, `DIRECTORY/sam-USAGE/INDEX/VERSION`: lab keys that are no
    /// card's are made from it.
    pub fn label(&self, directory: &Directory) -> String {
        let fid = directory.fid;
        format!("{fid:04X}/sam-{:02X}/{:02X}/{:02X}", self.usage.0, self.index, self.version)
    }
}
