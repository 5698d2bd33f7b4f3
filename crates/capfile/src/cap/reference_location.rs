//! RefLocation component (9): where bytecode refers to the constant pool.

use super::TooLarge;
use super::frame::{Format, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The RefLocation component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceLocations {
    /// One for each block of the Method component.
    pub blocks: Vec<LocationBlock>,
}

/// Places of one block, ascending, each as the distance from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocationBlock {
    /// Of operands of 1 byte. 255 means that the distance goes on in the next byte.
    pub byte_deltas: Vec<u8>,
    /// Of operands of 2 bytes, and of catch types.
    pub short_deltas: Vec<u8>,
}

/// Offsets from distances.
pub fn offsets(deltas: &[u8]) -> Vec<u32> {
    let mut at = 0u32;
    let mut offsets = Vec::new();
    for delta in deltas {
        at = at.saturating_add(u32::from(*delta));
        if *delta != 255 {
            offsets.push(at);
        }
    }
    offsets
}

/// Distances from ascending offsets.
pub fn deltas(offsets: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut before = 0u32;
    let mut deltas = Vec::new();
    for offset in offsets {
        let mut distance = offset.saturating_sub(before);
        while let Some(rest) = distance.checked_sub(255) {
            deltas.push(255);
            distance = rest;
        }
        deltas.push(u8::try_from(distance).unwrap_or(u8::MAX));
        before = offset;
    }
    deltas
}

impl LocationBlock {
    /// Of ascending offsets in the block.
    pub fn new(
        bytes: impl IntoIterator<Item = u32>,
        shorts: impl IntoIterator<Item = u32>,
    ) -> Self {
        Self { byte_deltas: deltas(bytes), short_deltas: deltas(shorts) }
    }

    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let length = from.u2("number of 1-byte places")?;
        let byte_deltas = from.take(length.into(), "1-byte places")?.to_vec();
        let length = from.u2("number of 2-byte places")?;
        let short_deltas = from.take(length.into(), "2-byte places")?.to_vec();
        Ok(Self { byte_deltas, short_deltas })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        for deltas in [&self.byte_deltas, &self.short_deltas] {
            to.u2(count(Tag::ReferenceLocation, "number of places", deltas.len())?);
            to.extend(deltas);
        }
        Ok(())
    }
}

impl ReferenceLocations {
    /// Of the compact form.
    pub fn compact(block: LocationBlock) -> Self {
        Self { blocks: vec![block] }
    }

    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no RefLocation component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::ReferenceLocation.part();
        let mut from = open(&part, Tag::ReferenceLocation, bytes, format)?;
        let blocks = if format.extended { from.u1("number of blocks")? } else { 1 };
        let blocks = from.list(blocks, LocationBlock::read)?;
        from.finish()?;
        Ok(Self { blocks })
    }

    /// The bytes of the component. The compact form has its first block only.
    ///
    /// # Errors
    /// Too many places or blocks.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        if format.extended {
            info.u1(count(Tag::ReferenceLocation, "number of blocks", self.blocks.len())?);
            self.blocks.iter().try_for_each(|block| block.write(&mut info))?;
        } else {
            self.blocks.first().unwrap_or(&LocationBlock::default()).write(&mut info)?;
        }
        close(Tag::ReferenceLocation, &info, format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_way_is_255_and_the_rest() {
        assert_eq!(deltas([1, 256, 511, 512, 1300]), [1, 255, 0, 255, 0, 1, 255, 255, 255, 23]);
    }

    proptest::proptest! {
        #[test]
        fn offsets_and_distances_are_inverse(mut places in proptest::collection::vec(0u32..70_000, 0..40)) {
            places.sort_unstable();
            assert_eq!(offsets(&deltas(places.iter().copied())), places);
        }
    }
}
