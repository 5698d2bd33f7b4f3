//! Application identifiers: names of packages and applets.

use std::fmt;
use std::str::FromStr;

use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Problem};

/// An AID of 5 to 16 bytes; the first five are the RID of its owner, the rest is the PIX.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aid {
    bytes: [u8; 16],
    length: u8,
}

/// Why something is not an AID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AidError {
    /// Too few or too many bytes.
    #[error("an AID has 5 to 16 bytes, not {0}")]
    Length(usize),
    /// Text that is not hexadecimal.
    #[error("`{0}` is not hexadecimal: an AID is written as 10 to 32 digits 0-9 A-F")]
    Digits(String),
}

impl Aid {
    /// Takes 5 to 16 bytes.
    ///
    /// # Errors
    /// Any other number of bytes.
    pub fn new(value: &[u8]) -> Result<Self, AidError> {
        let mut bytes = [0; 16];
        match u8::try_from(value.len()) {
            Ok(length @ 5..=16) => {
                for (to, from) in bytes.iter_mut().zip(value) {
                    *to = *from;
                }
                Ok(Self { bytes, length })
            }
            _ => Err(AidError::Length(value.len())),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }

    /// The registered identifier of the owner, 5 bytes.
    pub fn rid(&self) -> &[u8] {
        self.as_bytes().get(..5).unwrap_or_default()
    }

    /// What the owner chose, 0 to 11 bytes.
    pub fn pix(&self) -> &[u8] {
        self.as_bytes().get(5..).unwrap_or_default()
    }

    /// Reads a length and that many bytes.
    pub(crate) fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = from.offset();
        let length = from.u1("length of the AID")?;
        let bytes = from.take(length.into(), "AID")?;
        Self::new(bytes).map_err(|_| {
            let expected = "5 to 16 bytes".to_owned();
            from.wrong_at(
                at,
                Problem::Value { what: "length of the AID", found: length.to_string(), expected },
            )
        })
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.u1(self.length);
        to.extend(self.as_bytes());
    }
}

impl FromStr for Aid {
    type Err = AidError;

    /// Hexadecimal digits; spaces and colons between them are left out.
    fn from_str(text: &str) -> Result<Self, AidError> {
        let wrong = || AidError::Digits(text.to_owned());
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':'))
            .map(|c| c.to_digit(16).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => u8::try_from(high << 4 | low).ok(),
                _ => None,
            })
            .collect();
        Self::new(&bytes.ok_or_else(wrong)?)
    }
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_is_an_aid_and_back() {
        let aid: Aid = "A0:00:00 0062 01 01".parse().unwrap();
        assert_eq!(aid.to_string(), "A0000000620101");
        assert_eq!((aid.rid(), aid.pix()), (&[0xA0, 0, 0, 0, 0x62][..], &[1, 1][..]));
    }

    #[test]
    fn what_is_no_aid_says_why() {
        let wrong = |text: &str| text.parse::<Aid>().unwrap_err();
        assert_eq!(wrong("A0000000"), AidError::Length(4));
        assert_eq!(wrong(&"00".repeat(17)), AidError::Length(17));
        for text in ["A00000006", "A00000006201G1"] {
            assert!(matches!(wrong(text), AidError::Digits(_)), "{text}");
        }
    }
}
