//! An encrypted key file: master keys under a passphrase. Its format is in
//! `docs/formats/key-file.md`.
//!
//! What is read was written whole: a file is replaced at once, and an edit holds a lock from
//! before it reads until after it has written.

mod cost;
mod disk;
mod error;
mod format;

use std::path::Path;

use crypto::custody::HeldKeys;

use crate::secret::Secret;
use disk::Lock;
use format::{Flaw, Opener, Sealed};

pub use cost::{Cost, CostError};
pub use error::KeyFileError;

/// Whether there is a file; what else may be there is an error of its own.
///
/// # Errors
/// [`KeyFileError`] for a directory, a file of something else, or a damaged one.
pub fn exists(path: &Path) -> Result<bool, KeyFileError> {
    match probe(path) {
        Err(KeyFileError::Missing { .. }) => Ok(false),
        probed => probed.map(|()| true),
    }
}

/// Whether a key file stands there, undamaged, as far as can be told without its passphrase.
///
/// # Errors
/// [`KeyFileError`].
pub fn probe(path: &Path) -> Result<(), KeyFileError> {
    let bytes = disk::read(path)?;
    Sealed::parse(&bytes).map(|_| ()).map_err(|flaw| flaw.in_file(path))
}

/// The keys of a file.
///
/// # Errors
/// [`KeyFileError`].
pub fn read(path: &Path, passphrase: &Secret) -> Result<HeldKeys, KeyFileError> {
    let bytes = disk::read(path)?;
    let sealed = Sealed::parse(&bytes).map_err(|flaw| flaw.in_file(path))?;
    let opened = sealed.opener(passphrase).and_then(|one| sealed.open(&one, &provider(path)));
    opened.map_err(|flaw| flaw.in_file(path))
}

/// Changes the keys of a file, or makes one: reads, lets `change` do its work, and writes. Where
/// `change` fails nothing is written. Others who edit the file wait, so nobody's keys are lost.
///
/// `cost` is what a guess at the passphrase of a new file takes; a file that exists keeps its own.
///
/// # Errors
/// [`KeyFileError`], or what `change` says.
pub fn edit<T, E: From<KeyFileError>>(
    path: &Path,
    passphrase: &Secret,
    cost: Cost,
    change: impl FnOnce(&mut HeldKeys) -> Result<T, E>,
) -> Result<T, E> {
    let place = disk::place(path)?;
    // Looked at before locking, so that no lock file appears beside what is no key file.
    exists(&place)?;
    let lock = Lock::take(&place)?;
    let in_file = |flaw: Flaw| flaw.in_file(path);
    let (opener, mut keys) = match disk::read(&place) {
        Ok(bytes) => {
            let sealed = Sealed::parse(&bytes).map_err(in_file)?;
            let opener = sealed.opener(passphrase).map_err(in_file)?;
            let keys = sealed.open(&opener, &provider(path)).map_err(in_file)?;
            (opener, keys)
        }
        Err(KeyFileError::Missing { .. }) => {
            let opener = Opener::new(cost, disk::random(path)?, passphrase).map_err(in_file)?;
            (opener, HeldKeys::new(provider(path)))
        }
        Err(error) => return Err(error.into()),
    };
    let done = change(&mut keys)?;
    lock.replace(&format::seal(&opener, disk::random(path)?, &keys).map_err(in_file)?)?;
    Ok(done)
}

fn provider(path: &Path) -> String {
    format!("key file {}", path.display())
}
