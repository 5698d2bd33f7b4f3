//! The file on the disk: read within bounds, replaced at once, locked while it is edited.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::KeyFileError;
use super::format::MOST_BYTES;

/// The bytes of a file, at most one more than a key file has.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing { path: path.to_path_buf() },
        _ => KeyFileError::of("read", path, source),
    };
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if !kind.is_file() {
        let why = if kind.is_dir() { "it is a directory" } else { "it is no regular file" };
        return Err(KeyFileError::Foreign { path: path.to_path_buf(), why });
    }
    let mut bytes = Vec::new();
    let most = (MOST_BYTES as u64).saturating_add(1);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// The path with symbolic links resolved, so that one file has one lock and a link stays a link.
pub(super) fn place(path: &Path) -> Result<PathBuf, KeyFileError> {
    let failed = |source| KeyFileError::of("find the directory of key file", path, source);
    if path.symlink_metadata().is_ok() {
        return path.canonicalize().map_err(failed);
    }
    let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(directory.canonicalize().map_err(failed)?.join(name))
}

/// Randomness of the system, for salts and nonces.
pub(super) fn random<const N: usize>(path: &Path) -> Result<[u8; N], KeyFileError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        KeyFileError::of("draw random bytes for key file", path, io::Error::other(error))
    })?;
    Ok(bytes)
}

/// The right to write a key file, until it is dropped or the process ends, however it ends.
pub(super) struct Lock {
    path: PathBuf,
    /// A file of its own beside it, since another file takes the key file's place.
    _held: File,
}

impl Lock {
    /// Waits for others who are writing, but not for ever.
    pub fn take(path: &Path) -> Result<Self, KeyFileError> {
        /// A writer needs a second or two, most of it for the passphrase.
        const PATIENCE: Duration = Duration::from_secs(20);
        let beside = beside(path, ".lock");
        let failed = |source| KeyFileError::of("lock key file through", &beside, source);
        let held = owner_only().append(true).create(true).open(&beside).map_err(failed)?;
        let start = Instant::now();
        loop {
            match held.try_lock() {
                Ok(()) => return Ok(Self { path: path.to_path_buf(), _held: held }),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(KeyFileError::Locked { path: path.to_path_buf() });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// Puts these bytes in the file's place, on the disk before this returns; after an error the
    /// old file stands unchanged, save for [`KeyFileError::NotYetOnDisk`].
    pub fn replace(&self, bytes: &[u8]) -> Result<(), KeyFileError> {
        self.replace_then(bytes, sync_directory_of)
    }

    fn replace_then(
        &self,
        bytes: &[u8],
        sync: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), KeyFileError> {
        let beside = beside(&self.path, ".new");
        self.replace_through(&beside, bytes).map_err(|source| {
            let _ = fs::remove_file(&beside);
            KeyFileError::of("write key file", &self.path, source)
        })?;
        let path = || self.path.clone();
        sync(&self.path).map_err(|source| KeyFileError::NotYetOnDisk { path: path(), source })
    }

    fn replace_through(&self, beside: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = owner_only().write(true).create_new(true).open(beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, &self.path)
    }
}

/// Makes the names in a file's directory as durable as the files.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if cfg!(unix) => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// What is created can be read by its owner alone.
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_directory_does_not_sync_is_written_and_the_error_says_so() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = folder.path().join("keys");
        let lock = Lock::take(&path).unwrap_or_else(|error| panic!("{error}"));
        let full = |_: &Path| Err(ErrorKind::StorageFull.into());
        let told = lock.replace_then(b"new", full).map_err(|error| error.to_string());
        assert!(told.is_err_and(|told| told.contains("is written") && !told.contains("as before")));
        assert!(fs::read(&path).is_ok_and(|bytes| bytes == b"new"));
    }
}
