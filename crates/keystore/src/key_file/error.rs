//! Why a key file could not be read or written.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::CostError;

/// Why a key file could not be read or written. One that could not be written stands as before,
/// save for [`NotYetOnDisk`](Self::NotYetOnDisk).
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error("there is no key file {}; check the name", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is something else, and is left alone.
    #[error("{} is not a key file ({why}) and is left alone; check the name", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// Wrong bytes, whatever the passphrase.
    #[error("key file {} is damaged: {why}; use a copy of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// A newer program wrote it.
    #[error(
        "key file {} has format version {found}, this program knows up to {known}; use a newer \
         program",
        path.display(), known = super::format::VERSION
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The version it claims.
        found: u16,
    },
    /// Its passphrase costs more than this program does.
    #[error("key file {}: {source}; no key file that this program makes does that", path.display())]
    TooCostly {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        source: CostError,
    },
    /// The bytes are as they were written, and the passphrase does not open them.
    #[error(
        "wrong passphrase for key file {}; or somebody changed the file on purpose",
        path.display()
    )]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// Another program is writing it.
    #[error(
        "key file {} is being written by another program; try again when it has ended",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// More keys than a file holds.
    #[error(
        "the keys do not fit key file {}, which holds at most {most} bytes; use a second file",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes.
        most: usize,
    },
    /// The disk is full, or a quota or size limit is reached.
    #[error(
        "no room to write key file {} ({source}); it is as before, so free some space and repeat",
        path.display()
    )]
    StorageFull {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is written, and a loss of power may still undo that.
    #[error(
        "key file {} is written, but not known to be on the disk yet: the system failed to say so of \
         its directory ({source}). Do not throw away where its keys came from before the disk is \
         in order",
        path.display()
    )]
    NotYetOnDisk {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused.
    #[error("failed to {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl KeyFileError {
    /// What the system said, as one of these.
    pub(super) fn of(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::StorageFull { path, source }
            }
            _ => Self::Io { doing, path, source },
        }
    }
}
