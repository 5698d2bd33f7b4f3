//! Words of findings and reasons, in both languages.

use crate::Text;

pub(super) fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

/// Bytes with free ones as `??`.
pub(super) fn masked(bytes: &[Option<u8>]) -> String {
    let byte = |byte: &Option<u8>| byte.map_or_else(|| "??".to_owned(), |b| format!("{b:02X}"));
    bytes.iter().map(byte).collect()
}

/// Digits of a status word with free ones as `x`.
pub(super) fn digits(pattern: &[Option<u8>; 4]) -> String {
    let digit = |digit: &Option<u8>| match digit {
        Some(digit) => char::from_digit(u32::from(*digit), 16).unwrap_or('?').to_ascii_uppercase(),
        None => 'x',
    };
    pattern.iter().map(digit).collect()
}
