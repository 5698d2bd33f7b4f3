//! Where a journal is on the disk: locked as long as it is open, whole from its first instant.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::JournalError;

/// A file that becomes a journal. It is made under another name: under its own it is whole.
pub(super) struct New {
    file: File,
    beside: PathBuf,
    named: bool,
}

impl New {
    /// For the journal at this path.
    pub(super) fn beside(path: &Path) -> Result<Self, JournalError> {
        let at = |error| JournalError::of_io(path, error);
        if path.symlink_metadata().is_ok() {
            return Err(JournalError::Exists { path: path.to_owned() });
        }
        let mut beside = OsString::from(path);
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut new = options();
        new.create_new(true);
        let file = match new.open(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // A killed program left it behind, or another one is at it.
                lock(&File::open(&beside).map_err(at)?).map_err(at)?;
                fs::remove_file(&beside).and_then(|()| new.open(&beside)).map_err(at)?
            }
            opened => opened.map_err(at)?,
        };
        lock(&file).map_err(at)?;
        Ok(Self { file, beside, named: false })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn take_its_name(mut self, path: &Path) -> Result<(), JournalError> {
        let at = |error| JournalError::of_io(path, error);
        match fs::hard_link(&self.beside, path) {
            Ok(()) => fs::remove_file(&self.beside).map_err(at)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(JournalError::Exists { path: path.to_owned() });
            }
            // Not every file system has links.
            Err(_) => fs::rename(&self.beside, path).map_err(at)?,
        }
        self.named = true;
        sync_directory_of(path).map_err(at)
    }
}

impl Drop for New {
    fn drop(&mut self) {
        if !self.named {
            // Where it stays, the next program that wants the name takes it away.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// A file that is there.
pub(super) fn existing(path: &Path) -> Result<File, JournalError> {
    let at = |error| JournalError::of_io(path, error);
    if !fs::metadata(path).map_err(at)?.is_file() {
        return Err(JournalError::Foreign { path: path.to_owned() });
    }
    let file = options().open(path).map_err(at)?;
    lock(&file).map_err(at)?;
    Ok(file)
}

/// # Errors
/// [`ErrorKind::WouldBlock`] where another program has it.
fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => ErrorKind::WouldBlock.into(),
        TryLockError::Error(error) => error,
    })
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
