//! Words of findings and reasons, in both languages.

use applet_spec::FieldFormat;
use link::{ControlError, LinkError};
use purse::Language;
use purse::trace::field_in_words;

use crate::Text;

pub(super) use crate::text::{alike, masked, text};

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

/// Bytes as people read them: amounts in yuan, numbers, dates and times as such, everything else and
/// what has free bytes in hexadecimal.
pub(super) fn shown(bytes: &[Option<u8>], format: FieldFormat) -> Text {
    use FieldFormat::{Date, Fen, Number, Time};
    let whole: Option<Vec<u8>> = bytes.iter().copied().collect();
    match (format, whole) {
        (Fen | Number | Date | Time, Some(bytes)) => {
            let words = |language| field_in_words(format, &bytes, language);
            text(words(Language::English), words(Language::Chinese))
        }
        _ => alike(masked(bytes)),
    }
}

/// Digits of a status word with free ones as `x`.
pub(super) fn digits(pattern: &[Option<u8>; 4]) -> String {
    let digit = |digit: &Option<u8>| match digit {
        Some(digit) => char::from_digit(u32::from(*digit), 16).unwrap_or('?').to_ascii_uppercase(),
        None => 'x',
    };
    pattern.iter().map(digit).collect()
}
