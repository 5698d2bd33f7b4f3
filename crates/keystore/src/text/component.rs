//! Key components (密钥分量): what key custodians hold, each a part of a key by exclusive or.

use crypto::{Key, KeyCheckValue, Suite};
use zeroize::Zeroizing;

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
    /// In words, without the key: not hex, not 8 or 16 bytes, another check value.
    pub fn parse(suite: Suite, text: &str) -> Result<Self, String> {
        let (digits, expected) = match text.split_once(':') {
            Some((digits, value)) => (digits, Some(check_value(value)?)),
            None => (text, None),
        };
        let mut bytes = Zeroizing::new([0; 16]);
        let wrong = |count: usize| format!("a key has 16 or 32 hexadecimal digits, not {count}");
        let room = match digits.chars().count() {
            16 => bytes.get_mut(..8),
            32 => bytes.get_mut(..16),
            count => return Err(wrong(count)),
        };
        let room = room.unwrap_or_default();
        hex::decode_to_slice(digits, room).map_err(|error| match error {
            hex::FromHexError::InvalidHexCharacter { index, .. } => {
                format!("character {} of the key is no hexadecimal digit", index.saturating_add(1))
            }
            _ => wrong(digits.len()),
        })?;
        let key = Key::new(room).map_err(|error| error.to_string())?;
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
/// In words, without the key.
pub fn combine(
    suite: Suite,
    parts: &[Component],
    expected: Option<KeyCheckValue>,
) -> Result<Key, String> {
    let (first, more) = parts.split_first().ok_or("the key itself is missing")?;
    if parts.len() > Component::MOST {
        return Err(format!(
            "a key has at most {} components, not {}",
            Component::MOST,
            parts.len()
        ));
    }
    let mut bytes = Zeroizing::new(first.key.expose().to_vec());
    for part in more {
        if part.key.len() != bytes.len() {
            return Err("the components have different lengths".to_owned());
        }
        for (to, from) in bytes.iter_mut().zip(part.key.expose()) {
            *to ^= from;
        }
    }
    let key = Key::new(&bytes).map_err(|error| error.to_string())?;
    verify(suite, &key, expected)?;
    Ok(key)
}

/// Takes six hexadecimal digits.
pub(super) fn check_value(text: &str) -> Result<KeyCheckValue, String> {
    let mut value = [0; 3];
    hex::decode_to_slice(text, &mut value)
        .map(|()| KeyCheckValue(value))
        .map_err(|_| "a check value has 6 hexadecimal digits".to_owned())
}

fn verify(suite: Suite, key: &Key, expected: Option<KeyCheckValue>) -> Result<(), String> {
    let found = key.check_value(suite);
    match expected {
        Some(expected) if expected != found => Err(format!(
            "its check value is {found}, and {expected} is written: a digit is wrong, or the suite"
        )),
        _ => Ok(()),
    }
}
