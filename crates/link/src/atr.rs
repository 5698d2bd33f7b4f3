//! The answer to reset.

use std::fmt;

/// Answer to reset (复位应答), as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Atr(pub Vec<u8>);

/// What an answer to reset says, read strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtrParts<'a> {
    /// The transmission protocols that it offers, T=0 to T=14, the first one first.
    pub protocols: Vec<u8>,
    /// The historical bytes.
    pub historical: &'a [u8],
}

/// Why bytes are no answer to reset (ISO 7816-3 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    /// TS is another than 3B and 3F, or missing.
    #[error("TS is neither 3B nor 3F")]
    Start,
    /// T0 and each TD say which bytes follow; there are fewer.
    #[error("bytes that T0 or TD announce are missing")]
    Short,
    /// There are more.
    #[error("bytes follow that T0 and TD do not announce")]
    Long,
    /// A TD names a protocol that ISO 7816-3 keeps for the future.
    #[error("TD offers T={0}, which is no protocol")]
    Protocol(u8),
    /// TCK, T0 and what is between them do not give zero.
    #[error("TCK is wrong")]
    Check,
}

impl Atr {
    /// The historical bytes (历史字节), ISO 7816-3 8.2: what the maker wants to say of the card.
    /// `None` where the bytes are no answer to reset, or are cut short.
    pub fn historical(&self) -> Option<&[u8]> {
        let (_, rest) = self.interface().ok()?;
        rest.get(..usize::from(self.0.get(1)? & 0x0F))
    }

    /// What it says, if it has the right form to the last byte: TCK is there where another protocol
    /// than T=0 is offered, and only there.
    ///
    /// # Errors
    /// [`AtrError`], the first from the left.
    pub fn parts(&self) -> Result<AtrParts<'_>, AtrError> {
        let (mut protocols, rest) = self.interface()?;
        if let Some(wrong) = protocols.iter().find(|t| !matches!(t, 0 | 1 | 14 | 15)) {
            return Err(AtrError::Protocol(*wrong));
        }
        if protocols.is_empty() {
            protocols.push(0);
        }
        let announced = self.0.get(1).map_or(0, |format| usize::from(format & 0x0F));
        let (historical, check) = rest.split_at_checked(announced).ok_or(AtrError::Short)?;
        match (protocols.iter().any(|t| *t != 0), check) {
            (false, []) | (true, [_]) => {}
            (true, []) => return Err(AtrError::Short),
            (_, _) => return Err(AtrError::Long),
        }
        if !check.is_empty() && self.0.iter().skip(1).fold(0_u8, |sum, byte| sum ^ byte) != 0 {
            return Err(AtrError::Check);
        }
        // T=15 is no protocol: what follows its TD holds for all of them.
        protocols.retain(|t| *t != 15);
        Ok(AtrParts { protocols, historical })
    }

    /// What the TDs say in their low halves, and what stands behind the interface bytes.
    fn interface(&self) -> Result<(Vec<u8>, &[u8]), AtrError> {
        let [first, rest @ ..] = &*self.0 else { return Err(AtrError::Start) };
        if !matches!(first, 0x3B | 0x3F) {
            return Err(AtrError::Start);
        }
        let (format, mut rest) = rest.split_first().ok_or(AtrError::Short)?;
        let mut protocols = Vec::new();
        // T0 and each TD tell in their high half which of TA, TB, TC and TD follow.
        let mut announced = format >> 4;
        while announced != 0 {
            let plain = (announced & 0x7).count_ones() as usize;
            rest = rest.get(plain..).ok_or(AtrError::Short)?;
            announced = match announced & 0x8 {
                0 => 0,
                _ => {
                    let (next, after) = rest.split_first().ok_or(AtrError::Short)?;
                    rest = after;
                    protocols.push(next & 0x0F);
                    next >> 4
                }
            };
        }
        Ok((protocols, rest))
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

    #[test]
    fn the_form_is_right_to_the_last_byte_or_what_is_wrong_is_told() {
        for (atr, protocols) in [
            ("3B0850555253454B4954", Ok(&[0][..])),
            ("3B880150555253454B49549E", Ok(&[1])),
            ("3B888001505552 53454B49541E", Ok(&[0, 1])),
            ("3B00", Ok(&[0])),
            ("3B8000", Ok(&[0])),
            ("3B80801F", Err(AtrError::Short)),
            ("", Err(AtrError::Start)),
            ("3C00", Err(AtrError::Start)),
            ("3B", Err(AtrError::Short)),
            ("3B0850555253454B49", Err(AtrError::Short)),
            ("3B0850555253454B495400", Err(AtrError::Long)),
            ("3B880050555253454B49549E", Err(AtrError::Long)),
            ("3B880150555253454B4954", Err(AtrError::Short)),
            ("3B880150555253454B49549E00", Err(AtrError::Long)),
            ("3B880150555253454B49549F", Err(AtrError::Check)),
            ("3B880250555253454B49549D", Err(AtrError::Protocol(2))),
        ] {
            let atr = Atr(bytes(&atr.replace(' ', "")));
            let found = atr.parts().map(|parts| parts.protocols);
            assert_eq!(found, protocols.map(<[u8]>::to_vec), "{atr}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let atr = Atr(bytes);
            if let Ok(parts) = atr.parts() {
                assert_eq!(atr.historical(), Some(parts.historical));
            }
        }
    }
}
