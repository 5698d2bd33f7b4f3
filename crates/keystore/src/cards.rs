//! Before keys go onto a card, or work with one.

use std::collections::BTreeSet;

use applet_spec::{Custody, Directory, Profile};
use crypto::custody::{CustodyError, KeyCustody, KeyName, KeyRecord};

use crate::KeystoreError;

/// The keys of a profile that anybody may know, to be told before they are written to a card.
///
/// # Errors
/// [`KeystoreError::PublicKeyForSealedCard`] where there is one and the profile does not say
/// custody = "lab"; a key that the provider does not have.
pub fn public_keys_for(
    custody: &dyn KeyCustody,
    profile: &Profile,
) -> Result<Vec<KeyRecord>, KeystoreError> {
    let names: BTreeSet<KeyName> =
        profile.directories.iter().flat_map(|d| names(profile, d)).collect();
    let records = names.iter().map(|name| custody.record(name));
    let public = records.collect::<Result<Vec<_>, _>>()?;
    public_ones(custody, profile, public)
}

/// The same for keys that work with a card and are not written to it: keys that the provider does
/// not have do not matter.
///
/// # Errors
/// [`KeystoreError::PublicKeyForSealedCard`]; a provider that cannot be asked.
pub fn public_keys_held_for(
    custody: &dyn KeyCustody,
    profile: &Profile,
) -> Result<Vec<KeyRecord>, KeystoreError> {
    let mut held = Vec::new();
    for name in profile.directories.iter().flat_map(|directory| names(profile, directory)) {
        match custody.record(&name) {
            Ok(record) => held.push(record),
            Err(CustodyError::NoSuchKey { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    public_ones(custody, profile, held)
}

fn public_ones(
    custody: &dyn KeyCustody,
    profile: &Profile,
    mut records: Vec<KeyRecord>,
) -> Result<Vec<KeyRecord>, KeystoreError> {
    records.retain(|record| record.public);
    match records.first() {
        Some(first) if profile.custody != Custody::Lab => {
            Err(KeystoreError::PublicKeyForSealedCard {
                provider: custody.describe(),
                name: first.name.clone(),
                check_value: first.check_value,
                profile: profile.name.clone(),
            })
        }
        _ => Ok(records),
    }
}

/// What the keys of a directory are made of: those of a card's slots and those of a PSAM's.
fn names(profile: &Profile, directory: &Directory) -> Vec<KeyName> {
    let of_card = directory.keys.iter().map(|key| profile.custody_name(directory, key));
    let of_sam = directory.sam_keys.iter().map(|key| profile.sam_custody_name(directory, key));
    of_card.chain(of_sam).collect()
}
