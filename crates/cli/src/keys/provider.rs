//! `--keys SPEC`: who holds the keys.

use std::sync::Arc;

use applet_spec::Profile;
use crypto::custody::{KeyCustody, KeyName};
use keystore::{Environment, KeysSpec, KeystoreError};

use crate::error::CliError;
use crate::made;

/// The option that names who holds the keys.
#[derive(Debug, clap::Args)]
pub struct KeysArgs {
    /// Who holds the keys: lab (public lab keys), file:PATH (a key file),
    /// pkcs11:MODULE[?token=LABEL].
    #[arg(long, value_name = "SPEC", env = "PURSE_KEYS")]
    keys: Option<String>,
}

impl KeysArgs {
    /// The SPEC, where one was given. An empty PURSE_KEYS is none.
    pub fn named(&self) -> Option<&str> {
        self.keys.as_deref().filter(|text| !text.is_empty())
    }

    /// What SPEC says; without one, the lab keys.
    ///
    /// # Errors
    /// A SPEC that names nobody.
    pub fn spec(&self) -> Result<KeysSpec, CliError> {
        self.named().map_or(Ok(KeysSpec::Lab), spec)
    }

    /// Opens the provider for the profiles in use.
    ///
    /// # Errors
    /// Nothing there, damaged, a wrong passphrase or PIN.
    pub fn open(&self, profiles: &[&Profile]) -> Result<Box<dyn KeyCustody>, CliError> {
        Ok(self.spec()?.open(profiles, &Environment)?)
    }
}

/// Takes a SPEC.
///
/// # Errors
/// One that names nobody.
pub fn spec(text: &str) -> Result<KeysSpec, CliError> {
    text.parse().map_err(|error| CliError::Keystore(KeystoreError::Spec(error)))
}

/// Takes the name of a key.
///
/// # Errors
/// No name; a key in its place is not repeated.
pub fn name(text: &str) -> Result<KeyName, CliError> {
    KeyName::new(text).map_err(|error| {
        CliError::mistyped(error.to_string(), "purse keys list shows the names that there are")
    })
}

/// The profile that was named, else the one a key's name begins with, else the default one.
///
/// # Errors
/// A profile that is not there or wrong.
pub fn profile(named: Option<&str>, key: Option<&KeyName>) -> Result<Arc<Profile>, CliError> {
    if let Some(named) = named {
        return Ok(Profile::find(named)?);
    }
    let first = key.and_then(|name| name.as_str().split('/').next());
    match first.and_then(Profile::built_in) {
        Some(profile) => Ok(profile.clone()),
        None => made::or_default(None),
    }
}
