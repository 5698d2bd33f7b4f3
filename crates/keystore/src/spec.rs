//! `--keys SPEC`: who holds the keys, and opening them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use applet_spec::Profile;
use crypto::custody::{HeldKeys, KeyCustody};

use crate::import::{Imported, NewKey, Replacing};
use crate::key_file::{self, Cost};
use crate::secret::{Asked, SecretSource};
use crate::{KeystoreError, import};

/// Who holds the keys, as `--keys` and `PURSE_KEYS` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysSpec {
    /// `lab`: the public lab keys of the profiles in use.
    Lab,
    /// `file:PATH`: an encrypted key file.
    File(PathBuf),
    /// `pkcs11:MODULE[?token=LABEL]`: a token behind a PKCS#11 module.
    Pkcs11 {
        /// The module, a shared library.
        module: PathBuf,
        /// Label of the token; without one, the module's only token.
        token: Option<String>,
    },
}

/// A SPEC that names no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' names no keys: {why}; write lab, file:PATH or pkcs11:MODULE[?token=LABEL]")]
pub struct SpecError {
    text: String,
    why: &'static str,
}

impl FromStr for KeysSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let refuse = |why| Err(SpecError { text: text.to_owned(), why });
        match text.split_once(':') {
            None if text == "lab" => Ok(Self::Lab),
            None => refuse("it is no kind of provider"),
            Some(("file", "")) => refuse("the path is missing"),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("pkcs11", rest)) => {
                let (module, token) = match rest.rsplit_once("?token=") {
                    Some((_, "")) => return refuse("the token's label is missing"),
                    Some((module, label)) => (module, Some(label.to_owned())),
                    None => (rest, None),
                };
                if module.is_empty() {
                    return refuse("the module's path is missing");
                }
                Ok(Self::Pkcs11 { module: module.into(), token })
            }
            Some(_) => refuse("it is no kind of provider"),
        }
    }
}

impl fmt::Display for KeysSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lab => f.write_str("lab"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Pkcs11 { module, token: None } => write!(f, "pkcs11:{}", module.display()),
            Self::Pkcs11 { module, token: Some(label) } => {
                write!(f, "pkcs11:{}?token={label}", module.display())
            }
        }
    }
}

impl KeysSpec {
    /// Opens the provider. `profiles` are those in use: `lab` means their keys.
    ///
    /// # Errors
    /// [`KeystoreError`]: nothing there, damaged, a wrong passphrase or PIN.
    pub fn open(
        &self,
        profiles: &[&Profile],
        secrets: &dyn SecretSource,
    ) -> Result<Box<dyn KeyCustody>, KeystoreError> {
        match self {
            Self::Lab => Ok(Box::new(lab(profiles)?)),
            Self::File(path) => {
                key_file::probe(path)?;
                let passphrase = secrets.secret(Asked::Passphrase, &path.display().to_string())?;
                Ok(Box::new(key_file::read(path, &passphrase)?))
            }
            Self::Pkcs11 { module, token } => self::token(module, token.as_deref(), secrets),
        }
    }

    /// Puts keys into the provider: all of them into a key file, or none; into a token one after
    /// the other, once none of them is refused. A key file that is not there is made.
    ///
    /// # Errors
    /// [`KeystoreError`]; [`KeystoreError::OtherKey`] where a name is taken, unless `replacing`.
    pub fn import(
        &self,
        keys: Vec<NewKey>,
        replacing: Replacing,
        secrets: &dyn SecretSource,
    ) -> Result<Vec<Imported>, KeystoreError> {
        let keys = import::with_lab_keys_marked(keys);
        match self {
            Self::Lab => Err(KeystoreError::LabKeepsNothing),
            Self::File(path) => {
                let asked =
                    if key_file::exists(path)? { Asked::Passphrase } else { Asked::NewPassphrase };
                let passphrase = secrets.secret(asked, &path.display().to_string())?;
                key_file::edit(path, &passphrase, Cost::default(), |held| {
                    import::into_held(held, keys, replacing)
                })
            }
            Self::Pkcs11 { module, token } => {
                import_token(module, token.as_deref(), keys, replacing, secrets)
            }
        }
    }
}

/// The lab keys of these profiles, under one provider.
fn lab(profiles: &[&Profile]) -> Result<HeldKeys, KeystoreError> {
    let names = |separator: &str, name: fn(&&Profile) -> String| {
        profiles.iter().map(name).collect::<Vec<_>>().join(separator)
    };
    let mut keys = profiles.iter().flat_map(|profile| profile.lab_keys()).peekable();
    if keys.peek().is_none() {
        return Err(KeystoreError::NoLabKeys { profile: names(", ", |one| one.name.clone()) });
    }
    let versions = names(" and ", |one| format!("{} {}", one.name, one.version));
    Ok(HeldKeys::public(format!("lab keys of {versions}"), keys))
}

#[cfg(feature = "pkcs11")]
fn token(
    module: &std::path::Path,
    label: Option<&str>,
    secrets: &dyn SecretSource,
) -> Result<Box<dyn KeyCustody>, KeystoreError> {
    Ok(Box::new(crate::Pkcs11Token::open(module, label, secrets)?))
}

#[cfg(not(feature = "pkcs11"))]
fn token(
    _: &std::path::Path,
    _: Option<&str>,
    _: &dyn SecretSource,
) -> Result<Box<dyn KeyCustody>, KeystoreError> {
    Err(KeystoreError::NoPkcs11)
}

#[cfg(feature = "pkcs11")]
fn import_token(
    module: &std::path::Path,
    label: Option<&str>,
    keys: Vec<NewKey>,
    replacing: Replacing,
    secrets: &dyn SecretSource,
) -> Result<Vec<Imported>, KeystoreError> {
    crate::Pkcs11Token::open_for_import(module, label, secrets)?.import(keys, replacing)
}

#[cfg(not(feature = "pkcs11"))]
fn import_token(
    _: &std::path::Path,
    _: Option<&str>,
    _: Vec<NewKey>,
    _: Replacing,
    _: &dyn SecretSource,
) -> Result<Vec<Imported>, KeystoreError> {
    Err(KeystoreError::NoPkcs11)
}
