//! Passphrases and PINs: where they come from. Never from the command line, which every user of a
//! machine can read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A passphrase or PIN. Zeroized on drop; no `Debug`.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes it.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The passphrase of a key file.
    Passphrase,
    /// That of a key file that is made now; typed, it is asked for twice.
    NewPassphrase,
    /// The user PIN of a token.
    Pin,
}

/// Where passphrases and PINs come from.
pub trait SecretSource {
    /// The secret of a key file or token; `of` is its name in words.
    ///
    /// # Errors
    /// [`SecretError`]: there is none.
    fn secret(&self, asked: Asked, of: &str) -> Result<Secret, SecretError>;
}

impl<F: Fn(Asked, &str) -> Result<Secret, SecretError>> SecretSource for F {
    fn secret(&self, asked: Asked, of: &str) -> Result<Secret, SecretError> {
        self(asked, of)
    }
}

/// The environment of this process: `PURSE_KEYS_PASSPHRASE`, then the file that
/// `PURSE_KEYS_PASSPHRASE_FILE` names, then a prompt on the terminal without echo. For PINs the
/// names are `PURSE_KEYS_PIN` and `PURSE_KEYS_PIN_FILE`.
pub struct Environment;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Nothing is set, and nobody can be asked.
    #[error(
        "no {what} for {of}: there is no terminal to ask on; set {variable}, or {variable}_FILE to \
         a file that holds it"
    )]
    NobodyToAsk {
        /// Passphrase or PIN.
        what: &'static str,
        /// Key file or token.
        of: String,
        /// Variable to set.
        variable: &'static str,
    },
    /// It is empty.
    #[error("the {what} for {of} is empty")]
    Empty {
        /// Passphrase or PIN.
        what: &'static str,
        /// Key file or token.
        of: String,
    },
    /// Typed twice, and not the same.
    #[error("the two passphrases for {of} are not the same; nothing was written")]
    Different {
        /// Key file.
        of: String,
    },
    /// The file cannot be read.
    #[error("{variable} names {}, which cannot be read: {source}", path.display())]
    File {
        /// Variable.
        variable: String,
        /// File it names.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Its first line is no passphrase: nothing is cut off.
    #[error(
        "{variable} names {}, whose first line has more than {most} bytes and is not taken; is it \
         the right file?",
        path.display()
    )]
    TooLong {
        /// Variable.
        variable: String,
        /// File it names.
        path: PathBuf,
        /// Most bytes.
        most: usize,
    },
    /// The terminal cannot be used.
    #[error("the {what} cannot be asked for on the terminal: {source}")]
    Prompt {
        /// Passphrase, PIN or key component.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl SecretSource for Environment {
    fn secret(&self, asked: Asked, of: &str) -> Result<Secret, SecretError> {
        let (what, variable) = (asked.what(), asked.variable());
        let secret = if let Some(value) = std::env::var_os(variable) {
            Secret::new(value.into_encoded_bytes())
        } else if let Some(path) = std::env::var_os(asked.file_variable()) {
            from_file(asked, path)?
        } else {
            ask(asked, of)?
        };
        if secret.expose().is_empty() {
            return Err(SecretError::Empty { what, of: of.to_owned() });
        }
        Ok(secret)
    }
}

impl Asked {
    fn what(self) -> &'static str {
        match self {
            Self::Passphrase | Self::NewPassphrase => "passphrase",
            Self::Pin => "PIN",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Passphrase | Self::NewPassphrase => "PURSE_KEYS_PASSPHRASE",
            Self::Pin => "PURSE_KEYS_PIN",
        }
    }

    fn file_variable(self) -> String {
        format!("{}_FILE", self.variable())
    }
}

/// Asks on the terminal, without echo, where there is one.
///
/// # Errors
/// [`SecretError::Prompt`]; `None` where there is no terminal.
pub fn prompt(what: &str) -> Result<Option<Secret>, SecretError> {
    // The answer is read from the terminal itself, so stdin may well be a file of keys.
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Ok(None);
    }
    let typed = rpassword::prompt_password(format!("{what}: "))
        .map_err(|source| SecretError::Prompt { what: what.to_owned(), source })?;
    Ok(Some(Secret::new(typed)))
}

fn ask(asked: Asked, of: &str) -> Result<Secret, SecretError> {
    let what = asked.what();
    let none = || {
        let (of, variable) = (of.to_owned(), asked.variable());
        SecretError::NobodyToAsk { what, of, variable }
    };
    let typed = prompt(&format!("{what} of {of}"))?.ok_or_else(none)?;
    if asked == Asked::NewPassphrase {
        let again = prompt(&format!("{what} of {of}, again"))?.ok_or_else(none)?;
        if typed.expose() != again.expose() {
            return Err(SecretError::Different { of: of.to_owned() });
        }
    }
    Ok(typed)
}

/// The first line of a file.
fn from_file(asked: Asked, path: OsString) -> Result<Secret, SecretError> {
    let variable = asked.file_variable();
    let bytes = match read_few(Path::new(&path)) {
        Ok(bytes) => bytes,
        Err(source) => return Err(SecretError::File { variable, path: path.into(), source }),
    };
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.len() > MOST {
        return Err(SecretError::TooLong { variable, path: path.into(), most: MOST });
    }
    Ok(Secret::new(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// Most bytes of the first line of a file.
const MOST: usize = 4096;

/// The beginning of a file, with one byte more than its first line may have.
fn read_few(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    const ROOM: usize = MOST + 1;
    // With its whole room from the start, no copies of a secret are left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    File::open(path)?.take(ROOM as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_is_taken_whole_or_refused() {
        let file = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("{error}"));
        let taken = |contents: &[u8]| {
            std::fs::write(file.path(), contents).unwrap_or_else(|error| panic!("{error}"));
            from_file(Asked::Pin, file.path().into()).map(|secret| secret.expose().to_vec())
        };
        assert!(taken(b"1234\r\nsecond").is_ok_and(|taken| taken == b"1234"));
        let longest = [b'x'; MOST];
        assert!(taken(&longest).is_ok_and(|taken| taken == longest));
        assert!(taken(&[&longest[..], b"\n"].concat()).is_ok_and(|taken| taken == longest));
        let longer = taken(&[&longest[..], b"y\n"].concat());
        assert!(matches!(longer, Err(SecretError::TooLong { most: MOST, .. })));
    }
}
