//! Why keys are not to be had, or not kept.

use crypto::KeyCheckValue;
use crypto::custody::{CustodyError, KeyName};

use crate::key_file::KeyFileError;
use crate::secret::SecretError;
use crate::spec::SpecError;

/// Why keys are not to be had, or not kept. The first split is whose part it is to mend it: who
/// typed, who holds the passphrase, or the place where the keys are.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// No provider is named.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// No passphrase or PIN.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// A PKCS#11 token.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Token(#[from] crate::token::TokenError),
    /// This build knows no tokens.
    #[error(
        "pkcs11: keys need PKCS#11, which this build does not have: build with --features pkcs11"
    )]
    NoPkcs11,
    /// What an open provider said.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// Lab keys of a profile that has none.
    #[error("profile {profile} says custody = \"sealed\" and has no lab keys")]
    NoLabKeys {
        /// The profiles.
        profile: String,
    },
    /// Lab keys are made from a profile, not kept.
    #[error(
        "lab keys are made from a profile and kept nowhere; import into file:PATH or pkcs11:MODULE"
    )]
    LabKeepsNothing,
    /// What is there under that name cannot be compared with the key to import.
    #[error("{0}; nothing was imported")]
    Unusable(CustodyError),
    /// There is another key of that name.
    #[error(
        "{provider} already has {name} with check value {held}, and the key to import has {given}; \
         nothing was imported"
    )]
    OtherKey {
        /// The provider in words.
        provider: String,
        /// The name.
        name: KeyName,
        /// Check value of the key it has.
        held: KeyCheckValue,
        /// Check value of the new one.
        given: KeyCheckValue,
    },
    /// Lab keys for a card that is not a lab card.
    #[error(
        "{name} of {provider} is a public lab or test key (KCV {check_value}), and profile \
         {profile} does not say custody = \"lab\": a card with such a key protects nothing"
    )]
    PublicKeyForSealedCard {
        /// The provider in words.
        provider: String,
        /// The key.
        name: KeyName,
        /// Its check value.
        check_value: KeyCheckValue,
        /// The profile.
        profile: String,
    },
}
