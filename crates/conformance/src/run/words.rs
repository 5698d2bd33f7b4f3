//! Words of findings and reasons, in both languages.

use applet_spec::FieldFormat;
use link::{ControlError, LinkError};
use purse::Amount;

use crate::Text;

pub(super) use crate::text::{masked, text};

/// What was wrong on the way to the card.
pub(super) fn of_link(error: &LinkError) -> Text {
    let zh = match error {
        LinkError::NoCard(place) => format!("{place} 中没有卡片"),
        LinkError::Mute => "卡片无应答, 指令可能已执行".to_owned(),
        LinkError::Timeout(time) => format!("{time:?} 内无应答"),
        other => format!("与卡片的通信出错: {other}"),
    };
    text(error.to_string(), zh)
}

/// What was wrong at the hand at the card.
pub(super) fn of_control(error: &ControlError) -> Text {
    match error {
        ControlError::Link(error) => of_link(error),
        other => text(format!("control of the card: {other}"), format!("控制通道出错: {other}")),
    }
}

/// Bytes as people read them: amounts in yuan, numbers decimal, everything else hexadecimal.
pub(super) fn shown(bytes: &[Option<u8>], format: FieldFormat) -> String {
    let number = || match bytes {
        [] | [_, _, _, _, _, ..] => None,
        bytes => {
            bytes.iter().try_fold(0, |number: u32, byte| Some(number << 8 | u32::from((*byte)?)))
        }
    };
    let words = match format {
        FieldFormat::Fen => number().map(|fen| Amount(fen).to_string()),
        FieldFormat::Number => number().map(|number| number.to_string()),
        _ => None,
    };
    words.unwrap_or_else(|| masked(bytes))
}

/// Digits of a status word with free ones as `x`.
pub(super) fn digits(pattern: &[Option<u8>; 4]) -> String {
    let digit = |digit: &Option<u8>| match digit {
        Some(digit) => char::from_digit(u32::from(*digit), 16).unwrap_or('?').to_ascii_uppercase(),
        None => 'x',
    };
    pattern.iter().map(digit).collect()
}
