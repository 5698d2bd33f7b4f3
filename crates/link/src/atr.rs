//! The answer to reset.

use std::fmt;

/// Answer to reset (复位应答), as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Atr(pub Vec<u8>);

impl Atr {
    /// The historical bytes (历史字节), ISO 7816-3 8.2: what the maker wants to say of the card.
    /// `None` where the bytes are no answer to reset, or are cut short.
    pub fn historical(&self) -> Option<&[u8]> {
        let (first, mut rest) = self.0.split_first_chunk::<2>()?;
        let [0x3B | 0x3F, format] = *first else { return None };
        // T0 and each TD tell in their high half which of TA, TB, TC and TD follow.
        let mut announced = format >> 4;
        while announced != 0 {
            let plain = (announced & 0x7).count_ones() as usize;
            rest = rest.get(plain..)?;
            announced = match announced & 0x8 {
                0 => 0,
                _ => {
                    let (next, after) = rest.split_first()?;
                    rest = after;
                    next >> 4
                }
            };
        }
        rest.get(..usize::from(format & 0x0F))
    }
}

impl fmt::Display for Atr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Atr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::bytes;

    #[test]
    fn historical_bytes_are_found_behind_the_interface_bytes() {
        for (atr, historical) in [
            ("3B880150555253454B49549E", Some("50555253454B4954")),
            ("3B6900005449434B455420202000", Some("5449434B4554202020")),
            (
                "3BFE1800008031FE4553434536302D43443038312D6E46A9",
                Some("53434536302D43443038312D6E46"),
            ),
            ("3B8F8001804F0CA000000306030001000000006A", Some("804F0CA00000030603000100000000")),
            ("3B00", Some("")),
            ("3B05112233", None),
            ("3B8080", None),
            ("3B", None),
            ("", None),
            ("6F00", None),
        ] {
            let found = Atr(bytes(atr)).historical().map(hex::encode_upper);
            assert_eq!(found.as_deref(), historical, "{atr}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Atr(bytes).historical();
        }
    }
}
