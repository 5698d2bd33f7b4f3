//! Key components (密钥分量): what key custodians hold, each a part of a key by exclusive or.

use crypto::{Key, KeyCheckValue, KeyError, Suite};
use zeroize::Zeroizing;

/// Why a text is no component, or components are no key. The key is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// Neither 8 nor 16 bytes.
    #[error("a key has 16 or 32 hexadecimal digits, not {0}")]
    Length(usize),
    /// Not hexadecimal.
    #[error("character {0} of the key is no hexadecimal digit")]
    NotHex(usize),
    /// What is written as a check value is none.
    #[error("a check value has 6 hexadecimal digits")]
    NoCheckValue,
    /// Another check value than is written.
    #[error("its check value is {found}, and {written} is written: a digit is wrong, or the suite")]
    CheckValue {
        /// That of the key.
        found: KeyCheckValue,
        /// That which is written.
        written: KeyCheckValue,
    },
    /// No component.
    #[error("the key itself is missing")]
    Missing,
    /// Too many components.
    #[error("a key has at most {most} components, not {0}", most = Component::MOST)]
    TooMany(usize),
    /// Components of 8 and of 16 bytes.
    #[error("the components have different lengths")]
    Lengths,
}

/// One part of a key; a key that is not divided is one part.
pub struct Component {
    key: Key,
    checked: bool,
}

impl Component {
    /// Most parts of a key.
    pub const MOST: usize = 3;

    /// Takes `HEX` or `HEX:KCV`, and checks the check value.
    ///
    /// # Errors
    /// [`ComponentError`]: not hex, not 8 or 16 bytes, another check value.
    pub fn parse(suite: Suite, text: &str) -> Result<Self, ComponentError> {
        let (digits, expected) = match text.split_once(':') {
            Some((digits, value)) => (digits, Some(check_value(value)?)),
            None => (text, None),
        };
        let mut bytes = Zeroizing::new([0; 16]);
        let room = match digits.chars().count() {
            16 => bytes.get_mut(..8),
            32 => bytes.get_mut(..16),
            count => return Err(ComponentError::Length(count)),
        };
        let room = room.unwrap_or_default();
        hex::decode_to_slice(digits, room).map_err(|error| match error {
            hex::FromHexError::InvalidHexCharacter { index, .. } => {
                ComponentError::NotHex(index.saturating_add(1))
            }
            _ => ComponentError::Length(digits.len()),
        })?;
        let key = key_of(room)?;
        verify(suite, &key, expected)?;
        Ok(Self { key, checked: expected.is_some() })
    }

    /// The part itself.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Whether it was written with a check value, which then is right.
    pub fn is_checked(&self) -> bool {
        self.checked
    }
}

/// The key of these parts, by exclusive or.
///
/// # Errors
/// [`ComponentError`].
pub fn combine(
    suite: Suite,
    parts: &[Component],
    expected: Option<KeyCheckValue>,
) -> Result<Key, ComponentError> {
    let (first, more) = parts.split_first().ok_or(ComponentError::Missing)?;
    if parts.len() > Component::MOST {
        return Err(ComponentError::TooMany(parts.len()));
    }
    let mut bytes = Zeroizing::new(first.key.expose().to_vec());
    for part in more {
        if part.key.len() != bytes.len() {
            return Err(ComponentError::Lengths);
        }
        for (to, from) in bytes.iter_mut().zip(part.key.expose()) {
            *to ^= from;
        }
    }
    let key = key_of(&bytes)?;
    verify(suite, &key, expected)?;
    Ok(key)
}

/// Takes six hexadecimal digits.
pub(super) fn check_value(text: &str) -> Result<KeyCheckValue, ComponentError> {
    let mut value = [0; 3];
    hex::decode_to_slice(text, &mut value).map_err(|_| ComponentError::NoCheckValue)?;
    Ok(KeyCheckValue(value))
}

fn key_of(bytes: &[u8]) -> Result<Key, ComponentError> {
    let digits = |error: KeyError| error.length.saturating_mul(2);
    Key::new(bytes).map_err(|error| ComponentError::Length(digits(error)))
}

fn verify(suite: Suite, key: &Key, expected: Option<KeyCheckValue>) -> Result<(), ComponentError> {
    let found = key.check_value(suite);
    match expected {
        Some(written) if written != found => Err(ComponentError::CheckValue { found, written }),
        _ => Ok(()),
    }
}
