//! Words of findings and reasons, in both languages.

pub(super) use crate::text::{masked, text};

/// Digits of a status word with free ones as `x`.
pub(super) fn digits(pattern: &[Option<u8>; 4]) -> String {
    let digit = |digit: &Option<u8>| match digit {
        Some(digit) => char::from_digit(u32::from(*digit), 16).unwrap_or('?').to_ascii_uppercase(),
        None => 'x',
    };
    pattern.iter().map(digit).collect()
}
