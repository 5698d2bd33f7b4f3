//! What stored keys are called.

use std::fmt;
use std::str::FromStr;

/// Name of a stored key: parts of letters, digits, `.`, `_` and `-`, with `/` between them.
///
/// Keys of a profile are called `PROFILE/DIRECTORY/KIND/INDEX/VERSION`, with the directory's fid,
/// index and version in upper-case hex: `jtt978/1001/purchase/01/01`. Other names are free.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// Why a text is no key name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyNameError {
    /// No characters, or too many.
    #[error("a key name has 1 to {} characters, not {length}", KeyName::LONGEST)]
    Length {
        /// Characters that were given.
        length: usize,
    },
    /// Nothing between two slashes, or at an end.
    #[error("'{text}': a part between slashes is empty; write it like jtt978/1001/purchase/01/01")]
    EmptyPart {
        /// What was given.
        text: String,
    },
    /// Another character. The text is not repeated: it may be a key typed in the wrong place.
    #[error(
        "a key name is made of letters, digits, '.', '_', '-' and '/', and character {at} is \
         {found:?}; write it like jtt978/1001/purchase/01/01"
    )]
    Character {
        /// Its place, from 1.
        at: usize,
        /// What stands there.
        found: char,
    },
    /// Key material where a name belongs. It is not repeated.
    #[error(
        "a name of {length} hexadecimal digits looks like a key; keys are read from files, stdin \
         or a prompt, never from the command line"
    )]
    LooksLikeKey {
        /// Digits that were given.
        length: usize,
    },
}

impl KeyName {
    /// Most characters of a name.
    pub const LONGEST: usize = 96;

    /// Takes a name.
    ///
    /// # Errors
    /// [`KeyNameError`].
    pub fn new(text: &str) -> Result<Self, KeyNameError> {
        let length = text.chars().count();
        if length == 0 || length > Self::LONGEST {
            return Err(KeyNameError::Length { length });
        }
        if let Some((at, found)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            return Err(KeyNameError::Character { at: at + 1, found });
        }
        if length >= 16 && text.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(KeyNameError::LooksLikeKey { length });
        }
        if text.split('/').any(str::is_empty) {
            return Err(KeyNameError::EmptyPart { text: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Joins parts of programs' own making. Total, so that callers need no error for what their
    /// parts never have: a character that names lack becomes `_`, and so does an empty part; what
    /// is beyond [`LONGEST`](Self::LONGEST) is left out.
    pub fn joined<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        let parts = parts.into_iter().flat_map(|part| part.split('/'));
        let parts: Vec<_> = parts.map(|part| if part.is_empty() { "_" } else { part }).collect();
        let text = if parts.is_empty() { "_".to_owned() } else { parts.join("/") };
        let plain = text.chars().map(|c| if allowed(c) { c } else { '_' });
        let text: String = plain.take(Self::LONGEST).collect();
        Self(text.trim_end_matches('/').to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['.', '_', '-', '/'].contains(&c)
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        Self::new(text)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
