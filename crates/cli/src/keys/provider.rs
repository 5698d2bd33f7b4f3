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
    /// pkcs11:MODULE[?token=LABEL]. Without it, who PURSE_KEYS names.
    #[arg(long, value_name = "SPEC")]
    keys: Option<String>,
}

impl KeysArgs {
    /// What was typed, to be typed again.
    pub fn words(&self) -> Vec<String> {
        self.keys.iter().flat_map(|keys| ["--keys".to_owned(), keys.clone()]).collect()
    }

    /// What SPEC says, else what PURSE_KEYS says; without either, the lab keys.
    ///
    /// # Errors
    /// A SPEC that names nobody.
    pub fn spec(&self) -> Result<KeysSpec, CliError> {
        self.named().map(|named| named.unwrap_or(KeysSpec::Lab))
    }

    /// What SPEC says, else what PURSE_KEYS says. An empty variable is none, and an empty SPEC names
    /// nobody: in a script it is a name that was lost.
    ///
    /// # Errors
    /// A SPEC that names nobody.
    pub fn named(&self) -> Result<Option<KeysSpec>, CliError> {
        if let Some(typed) = &self.keys {
            return spec(typed).map(Some);
        }
        let variable = std::env::var_os("PURSE_KEYS").filter(|text| !text.is_empty());
        let Some(text) = variable else { return Ok(None) };
        let text = text.to_str().ok_or_else(|| CliError::Usage("PURSE_KEYS is no text".into()))?;
        spec(text).map(Some)
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
