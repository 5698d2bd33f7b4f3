//! Serials (应用序列号): written out, or made from running numbers.

/// How serials are made from running numbers: `prefix ‖ number, filled with zeros ‖ check digit`,
/// sixteen digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialRule {
    /// First digits, hexadecimal.
    pub prefix: String,
    /// Running number of the first card that has none of its own.
    pub start: u64,
    /// From one to the next.
    pub step: u64,
    /// The last digit.
    pub check: CheckDigit,
}

/// The last digit of a serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigit {
    /// A digit like the others.
    None,
    /// By the rule of bank card numbers (Luhn) over the digits before it.
    Luhn,
}

/// Why a text is no serial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Neither form.
    #[error("{text:?} is no serial")]
    Form {
        /// What was given.
        text: String,
    },
    /// What a table program makes of long numbers.
    #[error("{text:?} is a serial that a table program has turned into a decimal fraction")]
    Rounded {
        /// What was given.
        text: String,
    },
    /// More digits than there is room for.
    #[error("running number {number} has more than {room} digits")]
    TooLong {
        /// The number.
        number: u64,
        /// Digits left for it.
        room: usize,
    },
    /// The check digit is another.
    #[error("the check digit of {text} is {found}, its digits give {expected}")]
    Check {
        /// The serial.
        text: String,
        /// Its last digit.
        found: char,
        /// What it should be.
        expected: char,
    },
    /// A check digit is made from decimal digits.
    #[error("{text} has a letter, and a check digit is made from decimal digits")]
    Letter {
        /// The serial.
        text: String,
    },
}

impl SerialError {
    /// What to do.
    pub const fn mend(&self) -> &'static str {
        match self {
            Self::Form { .. } => "write 16 hexadecimal digits, or a running number in decimal",
            Self::Rounded { .. } => {
                "format the column as text in the table program, and write the serials again"
            }
            Self::TooLong { .. } => "shorten [serial] prefix, or use smaller numbers",
            Self::Check { .. } => "mend the digit, or write check = \"none\" in [serial]",
            Self::Letter { .. } => "use decimal digits, or write check = \"none\" in [serial]",
        }
    }
}

impl SerialRule {
    /// The serial that a cell means: sixteen digits as they are, fewer decimal ones as a running
    /// number.
    ///
    /// # Errors
    /// [`SerialError`].
    pub fn read(&self, text: &str) -> Result<[u8; 8], SerialError> {
        let hexadecimal = text.chars().all(|c| c.is_ascii_hexdigit());
        if text.len() == 16 && hexadecimal {
            self.checked(text)?;
            return packed(text).ok_or_else(|| SerialError::Form { text: text.to_owned() });
        }
        if text.contains(['E', 'e']) && text.contains(['+', '.']) {
            return Err(SerialError::Rounded { text: text.to_owned() });
        }
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if plain && text.len() < 16 => self.of_number(number),
            _ => Err(SerialError::Form { text: text.to_owned() }),
        }
    }

    /// The serial of a running number.
    ///
    /// # Errors
    /// Too long a number, or a prefix with letters where a check digit is made.
    pub fn of_number(&self, number: u64) -> Result<[u8; 8], SerialError> {
        let check = usize::from(self.check == CheckDigit::Luhn);
        let room = 16_usize.saturating_sub(self.prefix.len() + check);
        let digits = format!("{number:0room$}");
        if digits.len() > room {
            return Err(SerialError::TooLong { number, room });
        }
        let mut text = format!("{}{digits}", self.prefix);
        if self.check == CheckDigit::Luhn {
            let digit = luhn(&text).ok_or_else(|| SerialError::Letter { text: text.clone() })?;
            text.push(digit);
        }
        packed(&text).ok_or(SerialError::Form { text })
    }

    /// The running number of the `nth` card (from 0) that has none of its own.
    pub fn running(&self, nth: u64) -> Option<u64> {
        self.step.checked_mul(nth)?.checked_add(self.start)
    }

    fn checked(&self, text: &str) -> Result<(), SerialError> {
        let (CheckDigit::Luhn, Some((before, _)), Some(found)) =
            (self.check, text.split_at_checked(15), text.chars().last())
        else {
            return Ok(());
        };
        let letter = || SerialError::Letter { text: text.to_owned() };
        let expected = luhn(before).ok_or_else(letter)?;
        if !found.is_ascii_digit() {
            return Err(letter());
        }
        if found != expected {
            return Err(SerialError::Check { text: text.to_owned(), found, expected });
        }
        Ok(())
    }
}

/// Sixteen hexadecimal digits as bytes.
fn packed(text: &str) -> Option<[u8; 8]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// The check digit that follows these digits; `None` where one is a letter.
fn luhn(digits: &str) -> Option<char> {
    let mut sum = 0;
    for (at, c) in digits.chars().rev().enumerate() {
        let digit = c.to_digit(10)?;
        let doubled = if at % 2 == 0 { digit * 2 } else { digit };
        sum += doubled / 10 + doubled % 10;
    }
    char::from_digit((10 - sum % 10) % 10, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str, check: CheckDigit) -> SerialRule {
        SerialRule { prefix: prefix.to_owned(), start: 7, step: 3, check }
    }

    fn text(serial: Result<[u8; 8], SerialError>) -> String {
        serial.map_or_else(|error| error.to_string(), hex::encode_upper)
    }

    #[test]
    fn a_serial_is_written_out_or_made_from_a_number() {
        let plain = rule("9999", CheckDigit::None);
        assert_eq!(text(plain.read("12345678abcdef90")), "12345678ABCDEF90");
        assert_eq!(text(plain.read("42")), "9999000000000042");
        assert_eq!(text(plain.read("007")), "9999000000000007");
        assert_eq!(plain.running(2), Some(13));
        // The usual example of a number with its check digit: 7992739871 and 3.
        let luhn = rule("79927", CheckDigit::Luhn);
        assert_eq!(text(rule("000007992", CheckDigit::Luhn).read("739871")), "0000079927398713");
        assert!(luhn.of_number(1).is_ok());
    }

    #[test]
    fn what_is_no_serial_is_told_why() {
        let luhn = rule("", CheckDigit::Luhn);
        let plain = rule("123456789012", CheckDigit::None);
        for (rule, given, said) in [
            (&plain, "1.23457E+15", "table program"),
            (&plain, "", "is no serial"),
            (&plain, "12x", "is no serial"),
            (&plain, "123456789012345678", "is no serial"),
            (&plain, "12345", "more than 4 digits"),
            (&luhn, "0000079927398710", "is 0, its digits give 3"),
            (&luhn, "00000799273987AB", "has a letter"),
        ] {
            let error = rule.read(given).expect_err(given);
            assert!(error.to_string().contains(said), "{given}: {error}");
            assert!(!error.mend().is_empty());
        }
    }
}
