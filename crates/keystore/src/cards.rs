//! Before keys go onto a card.

use applet_spec::{Custody, Profile};
use crypto::custody::{KeyCustody, KeyRecord};

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
    let mut public = Vec::new();
    for directory in &profile.directories {
        for key in &directory.keys {
            let record = custody.record(&profile.custody_name(directory, key))?;
            if record.public {
                public.push(record);
            }
        }
    }
    match public.first() {
        Some(first) if profile.custody != Custody::Lab => {
            Err(KeystoreError::PublicKeyForSealedCard {
                provider: custody.describe(),
                name: first.name.clone(),
                check_value: first.check_value,
                profile: profile.name.clone(),
            })
        }
        _ => Ok(public),
    }
}
