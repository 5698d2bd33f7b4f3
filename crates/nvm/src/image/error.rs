//! Why an image could not be opened or kept, in words for the person at the terminal.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::format::VERSION;

/// Why an image could not be opened or kept. A file that could not be brought up to date still
/// opens as the state before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is no such file.
    #[error("there is no card image {path}; check the name, or create one")]
    Missing {
        /// the file
        path: PathBuf,
    },
    /// `create` found a file of that name.
    #[error("{path} already exists and is not overwritten; open it, or choose another name")]
    Exists {
        /// the file
        path: PathBuf,
    },
    /// Another process, or another part of this one, has the image open.
    #[error("card image {path} is in use; end the program that has it open, then try again")]
    Locked {
        /// the file
        path: PathBuf,
    },
    /// The file is no card image.
    #[error("{path} is not a card image: {why}; check the name")]
    Foreign {
        /// the file
        path: PathBuf,
        /// what it is instead
        why: &'static str,
    },
    /// The file is a card image with wrong bytes in it.
    #[error("card image {path} is damaged at byte {offset}: {why}; {remedy}")]
    Damaged {
        /// the file
        path: PathBuf,
        /// where the damaged part starts
        offset: u64,
        /// what is wrong there
        why: &'static str,
        /// what to do about it
        remedy: Remedy,
    },
    /// The file was written by a newer program.
    #[error(
        "card image {path} has format version {found}, this program knows up to {known}; \
         open it with a newer program",
        known = VERSION
    )]
    NewerVersion {
        /// the file
        path: PathBuf,
        /// the version it claims
        found: u16,
    },
    /// The disk is full, or a quota or size limit is reached.
    #[error(
        "no room to write card image {path} ({source}); \
         free some space and repeat, the image holds the state before"
    )]
    StorageFull {
        /// the file
        path: PathBuf,
        /// what the system said
        source: io::Error,
    },
    /// What is to be kept does not fit the format.
    #[error("{length} bytes do not fit a card image's limit of {limit}")]
    TooLong {
        /// how long it is
        length: usize,
        /// how long it may be
        limit: usize,
    },
    /// The system refused.
    #[error("failed to {doing} {path}: {source}{}", what_to_check(source))]
    Io {
        /// what was being done
        doing: &'static str,
        /// the file
        path: PathBuf,
        /// what the system said
        source: io::Error,
    },
}

fn what_to_check(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; check that you may write the file and its directory"
        }
        ErrorKind::NotFound => "; check the name, or make the directory",
        _ => "",
    }
}

/// What a person can do about a damaged image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing before the damage is a whole card.
    RestoreCopy,
    /// What stands before the damage is the card at an earlier time.
    RestoreCopyOrCutAt(u64),
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Remedy::RestoreCopy => f.write_str("restore a copy, or create a new card"),
            Remedy::RestoreCopyOrCutAt(offset) => write!(
                f,
                "restore a copy, or cut the file to {offset} bytes to go back to the card as it \
                 was before that point"
            ),
        }
    }
}

impl ImageError {
    pub(super) fn of_write(path: &Path, source: io::Error) -> ImageError {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                ImageError::StorageFull { path, source }
            }
            _ => ImageError::Io { doing: "write card image", path, source },
        }
    }

    pub(super) fn of_open(path: &Path, source: io::Error) -> ImageError {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound => ImageError::Missing { path },
            _ => ImageError::Io { doing: "open card image", path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_permission_says_what_to_check() {
        let denied = ImageError::of_open(Path::new("card"), ErrorKind::PermissionDenied.into());
        assert_eq!(
            denied.to_string(),
            "failed to open card image card: permission denied; check that you may write the \
             file and its directory"
        );
    }

    #[test]
    fn a_full_disk_a_quota_and_a_size_limit_are_one_thing_to_the_caller() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge] {
            let full = ImageError::of_write(Path::new("card"), kind.into());
            assert!(matches!(full, ImageError::StorageFull { .. }));
        }
    }
}
