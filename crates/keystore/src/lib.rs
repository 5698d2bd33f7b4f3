//! Who holds master keys: providers of [`KeyCustody`](crypto::custody::KeyCustody) that do I/O.
//!
//! [`KeysSpec`] names one, as `--keys` does: the lab keys of profiles, an encrypted
//! [key file](key_file), or a PKCS#11 token (behind the feature `pkcs11`). [`KeysSpec::open`] gives
//! the provider, [`KeysSpec::import`] puts keys into it. Passphrases and PINs come from a
//! [`SecretSource`]: the environment, a file, or a prompt; never from the command line.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod cards;
mod error;
mod import;
pub mod key_file;
mod public;
mod secret;
mod spec;
mod text;
#[cfg(feature = "pkcs11")]
mod token;

pub use cards::{public_keys_for, public_keys_held_for};
pub use error::KeystoreError;
pub use import::{Imported, NewKey, Outcome, Replacing};
pub use secret::{Asked, Environment, Secret, SecretError, SecretSource, prompt};
pub use spec::{KeysSpec, SpecError};
pub use text::{Component, ComponentError, ImportError, combine, parse_keys, read_secret_text};
#[cfg(feature = "pkcs11")]
pub use token::{Pkcs11Token, TokenError};
