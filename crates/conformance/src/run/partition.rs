//! Parts of a suite, for several machines: `hash:1/4`.

use std::fmt;
use std::str::FromStr;

/// One of several parts. A case belongs to exactly one, by a hash of its id without parameters,
/// whatever else is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    part: u32,
    of: u32,
}

/// Why a text names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no partition: write hash:1/4 for the first of four parts, up to hash:4/4")]
pub struct PartitionError(String);

impl Partition {
    /// Part `part`, from 1, of `of`; `None` where there is no such part.
    pub fn new(part: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&part).then_some(Self { part, of })
    }

    /// Whether a case with this id, without its parameters, belongs to the part.
    pub fn holds(self, base: &str) -> bool {
        u64::from(self.part - 1) == hash(base) % u64::from(self.of)
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.strip_prefix("hash:").and_then(|rest| rest.split_once('/'));
        numbers
            .and_then(|(part, of)| Self::new(part.parse().ok()?, of.parse().ok()?))
            .ok_or_else(|| PartitionError(text.to_owned()))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hash:{}/{}", self.part, self.of)
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    const BASIS: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01B3;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(hash("foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn only_parts_that_exist_are_read() {
        assert_eq!("hash:3/4".parse(), Ok(Partition { part: 3, of: 4 }));
        for wrong in
            ["", "1/4", "hash:", "hash:0/4", "hash:5/4", "hash:1/0", "hash:-1/4", "hash:a/b"]
        {
            assert!(wrong.parse::<Partition>().unwrap_err().to_string().contains("hash:1/4"));
        }
    }
}
