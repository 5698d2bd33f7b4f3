//! Files of packages: bytes from outside, within bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::CliError;

/// Longest file: what the largest CAP can have, and class files beside it.
const MOST: u64 = 64 * 1024 * 1024;

/// The bytes of a file.
///
/// # Errors
/// It cannot be read, or has more than 64 MiB.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::Read { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MOST.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST) {
        let wrong = "it has more than 64 MiB, which no package has";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, wrong)));
    }
    Ok(bytes)
}
