//! What a guess at a passphrase costs.

/// Work of one guess at a passphrase (argon2id), within bounds: a file cannot ask its reader for
/// more than [`MOST_MEMORY`](Self::MOST_MEMORY) and [`MOST_PASSES`](Self::MOST_PASSES).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// Work out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it asks for {memory} KiB, {passes} passes and {lanes} lanes; this program does 8 KiB per lane \
     to {} KiB, 1 to {} passes, 1 to {} lanes",
    Cost::MOST_MEMORY,
    Cost::MOST_PASSES,
    Cost::MOST_LANES
)]
pub struct CostError {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// Most memory in KiB: 512 MiB.
    pub const MOST_MEMORY: u32 = 512 * 1024;
    /// Most passes over the memory.
    pub const MOST_PASSES: u32 = 10;
    /// Most lanes.
    pub const MOST_LANES: u32 = 16;

    /// `memory` in KiB, passes over it, and lanes.
    ///
    /// # Errors
    /// Out of bounds.
    pub fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, CostError> {
        let good = (1..=Self::MOST_PASSES).contains(&passes)
            && (1..=Self::MOST_LANES).contains(&lanes)
            && (lanes.saturating_mul(8)..=Self::MOST_MEMORY).contains(&memory);
        if good {
            Ok(Self { memory, passes, lanes })
        } else {
            Err(CostError { memory, passes, lanes })
        }
    }

    /// KiB, passes, lanes.
    pub(super) fn numbers(self) -> [u32; 3] {
        [self.memory, self.passes, self.lanes]
    }
}

/// 64 MiB, three passes, four lanes: the second of the two choices that RFC 9106 recommends.
impl Default for Cost {
    fn default() -> Self {
        Self { memory: 64 * 1024, passes: 3, lanes: 4 }
    }
}
