//! How a literal is read.

use applet_spec::{Field, FieldFormat};
use purse::Amount;

use super::Trouble;
use crate::text;

/// Bytes, of which some may be any; `None` is one of those.
pub(super) type Bytes = Vec<Option<u8>>;

/// Most bytes of a value: what a command carries.
pub(super) const LONGEST: usize = 0xFFFF;

/// How a value is written: by the format of the field that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueFormat {
    /// Amount, number, date, time, or bytes.
    pub kind: FieldFormat,
    /// Bytes that it has, where that is known.
    pub length: Option<u16>,
}

impl ValueFormat {
    /// Hexadecimal bytes, as many as are written.
    pub const BYTES: Self = Self { kind: FieldFormat::Hex, length: None };

    /// That of a field.
    pub fn of(field: &Field) -> Self {
        Self { kind: field.format, length: field.len }
    }

    pub(super) const fn fixed(kind: FieldFormat, length: u16) -> Self {
        Self { kind, length: Some(length) }
    }

    /// Amounts and numbers whose field does not say have four bytes.
    pub(super) fn width(self) -> usize {
        self.length.map_or(4, usize::from)
    }

    pub(super) fn numeric(self) -> bool {
        matches!(self.kind, FieldFormat::Fen | FieldFormat::Number)
    }

    /// The bytes of a literal.
    pub(super) fn read(self, text: &str) -> Result<Bytes, Trouble> {
        let text = text.trim();
        match self.kind {
            FieldFormat::Fen if !text.contains('?') => known(amount(text)?, self.width()),
            FieldFormat::Number if !text.contains('?') => known(number(text)?, self.width()),
            FieldFormat::Date if !text.contains('?') => self.digits(text, 4, "20261122"),
            FieldFormat::Time if !text.contains('?') => self.digits(text, 3, "083015"),
            _ => hexadecimal(text),
        }
    }

    fn digits(self, text: &str, bytes: usize, example: &str) -> Result<Bytes, Trouble> {
        let wanted = || format!("{} digits such as {example}", 2 * bytes);
        let read = hexadecimal(text).ok().filter(|read| read.len() == bytes);
        read.ok_or_else(|| Trouble::Unreadable { text: text.to_owned(), wanted: wanted() })
    }
}

/// The value of an operand of + and -: an amount or a number, as it is written.
pub(super) fn quantity(text: &str) -> Result<u64, Trouble> {
    let text = text.trim();
    if text.contains('.') || text.ends_with("fen") { amount(text) } else { number(text) }
}

/// A number as big-endian bytes.
pub(super) fn known(number: u64, width: usize) -> Result<Bytes, Trouble> {
    be_bytes(number, width).map(fixed)
}

/// A number as big-endian bytes.
pub(super) fn be_bytes(number: u64, width: usize) -> Result<Vec<u8>, Trouble> {
    let bytes = number.to_be_bytes();
    let out_of_range = || Trouble::OutOfRange { what: number.to_string(), width };
    match bytes.len().checked_sub(width) {
        Some(spare) => {
            let (head, tail) = bytes.split_at_checked(spare).unwrap_or((&[], &bytes));
            let fits = head.iter().all(|byte| *byte == 0);
            if fits { Ok(tail.to_vec()) } else { Err(out_of_range()) }
        }
        None if width <= LONGEST => Ok([vec![0; width - bytes.len()], bytes.to_vec()].concat()),
        None => Err(out_of_range()),
    }
}

/// Bytes that are all known.
pub(super) fn fixed(bytes: impl IntoIterator<Item = u8>) -> Bytes {
    bytes.into_iter().map(Some).collect()
}

/// Refuses free bytes.
pub(super) fn settled(bytes: Bytes) -> Result<Vec<u8>, Trouble> {
    bytes.into_iter().collect::<Option<Vec<u8>>>().ok_or(Trouble::FreeByte)
}

fn amount(text: &str) -> Result<u64, Trouble> {
    if text.starts_with("0x") {
        return number(text);
    }
    let read = text.parse::<Amount>();
    read.map(|amount| u64::from(amount.0)).map_err(|error| Trouble::Unreadable {
        text: error.text.clone(),
        wanted: "an amount: write yuan with two decimals (2.50) or fen (250fen)".to_owned(),
    })
}

fn number(text: &str) -> Result<u64, Trouble> {
    text::number(text).ok_or_else(|| not_a_number(text))
}

fn not_a_number(text: &str) -> Trouble {
    let wanted = "a number: write it decimal (255) or hexadecimal (0x00FF)".to_owned();
    Trouble::Unreadable { text: text.to_owned(), wanted }
}

/// Pairs of hexadecimal digits or `??`, blanks anywhere, `0x` before them.
fn hexadecimal(text: &str) -> Result<Bytes, Trouble> {
    let wanted = "bytes: write two hexadecimal digits for each (01 1F), or ?? for any";
    let wrong = || Trouble::Unreadable { text: text.to_owned(), wanted: wanted.to_owned() };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let byte = |pair: &[char; 2]| match pair.map(|c| c.to_digit(16)) {
        [Some(high), Some(low)] => Ok(Some((high << 4 | low) as u8)),
        _ if *pair == ['?', '?'] => Ok(None),
        _ => Err(wrong()),
    };
    pairs.iter().map(byte).collect()
}
