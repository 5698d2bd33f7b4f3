//! Why a journal cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal cannot be used. The first split is whose part it is to mend it: who typed, who
/// else works with it, the disk, or this program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is one already.
    #[error(
        "{} is there already: go on with it by --resume, or name another --journal FILE",
        path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is none.
    #[error("there is no journal {}: begin without --resume, or name it by --journal FILE", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is of another batch.
    #[error(
        "{} is the journal of {held}, and what is wanted is {wanted}: {what} differs; put the old \
         files back to go on, or begin another journal by --journal FILE",
        path.display()
    )]
    OtherBatch {
        /// The file.
        path: PathBuf,
        /// Batch in the journal.
        held: String,
        /// Batch asked for.
        wanted: String,
        /// What differs.
        what: String,
    },
    /// Another program has it open.
    #[error("{} is in use by another program: end that first", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is of another version of this program.
    #[error(
        "{} has journal format {format}, which this program does not know: use the version of the \
         program that began the batch",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: String,
    },
    /// It is no journal.
    #[error("{} is no journal of a batch: name another --journal FILE", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged.
    #[error(
        "{} is damaged ({why}): cards may have been made that it does not know; check them by hand \
         before the serials are used again, and begin another journal by --journal FILE",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// The disk is full.
    #[error(
        "no room left for {}: nothing more was done to the card; make room, and go on by --resume",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk.
    #[error("{}: {source}; check the path and its rights", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A bug.
    #[error("bug in the journal {}: {what}", path.display())]
    Bug {
        /// The file.
        path: PathBuf,
        /// What happened.
        what: String,
    },
}

impl JournalError {
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path },
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::WouldBlock => Self::Locked { path },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn bug(path: &Path, what: &dyn std::fmt::Display) -> Self {
        Self::Bug { path: path.to_owned(), what: what.to_string() }
    }
}
