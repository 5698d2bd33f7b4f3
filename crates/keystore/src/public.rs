//! Keys that anybody knows: well-known test keys, and the lab keys of built-in profiles.

use applet_spec::Profile;
use crypto::Key;
#[cfg(feature = "pkcs11")]
use crypto::custody::public_test_keys;
#[cfg(feature = "pkcs11")]
use crypto::{KeyCheckValue, Suite};

/// The lab keys of every built-in profile.
pub(crate) fn lab_keys() -> impl Iterator<Item = Key> {
    let profiles = Profile::built_in_names().iter().filter_map(|name| Profile::built_in(name));
    profiles.flat_map(|profile| profile.lab_keys()).map(|(.., key)| key)
}

/// Every public key that works in 3DES, by check value: for a provider that has nothing else to
/// show of its keys.
#[cfg(feature = "pkcs11")]
pub(crate) struct PublicKeys(Vec<(KeyCheckValue, Key)>);

#[cfg(feature = "pkcs11")]
impl PublicKeys {
    pub fn known() -> Self {
        let keys = public_test_keys().chain(lab_keys());
        Self(keys.map(|key| (key.check_value(Suite::TripleDes), key)).collect())
    }

    /// Those with this check value: a key that has it is one of them, or none of them by chance.
    pub fn with_check_value(&self, value: KeyCheckValue) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |(of, _)| *of == value).map(|(_, key)| key)
    }
}
