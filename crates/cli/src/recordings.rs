//! Files with recordings, and with the logs of other programs: text from outside, within bounds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use link::Recording;

use crate::error::CliError;

/// Longest file.
const MOST: u64 = 64 * 1024 * 1024;

/// The text of a file; `-` is stdin. What is not UTF-8 in it is shown as such: logs hold anything.
///
/// # Errors
/// [`CliError::Recording`].
pub fn read(path: &Path) -> Result<String, CliError> {
    let name = path.display();
    let failed = |error: std::io::Error| CliError::Recording(format!("{name}: {error}"));
    let mut bytes = Vec::new();
    match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes),
        false => File::open(path).map_err(failed)?.take(MOST + 1).read_to_end(&mut bytes),
    }
    .map_err(failed)?;
    if bytes.len() as u64 > MOST {
        let most = MOST / (1024 * 1024);
        return Err(CliError::Recording(format!("{name} has more than {most} MiB; split it")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The recording in `text`, which is of the file `name`.
///
/// # Errors
/// [`CliError::Recording`] with the line.
pub fn parse(name: &str, text: &str) -> Result<Recording, CliError> {
    Recording::parse(text)
        .map_err(|error| CliError::Recording(format!("{name}:{}: {}", error.line, error.problem)))
}
