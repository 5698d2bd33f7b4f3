//! Randomness is passed in: the card and the flows take an [`Entropy`].

use sm3::{Digest, Sm3};

/// A source of random bytes.
pub trait Entropy {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]);
}

/// Repeatable randomness: `SM3(seed ‖ counter)`, 32 bytes at a time. The same seed gives the same
/// bytes, and the state (seed and counter) can be part of a snapshot or a card image.
#[derive(Clone)]
pub struct SeededEntropy {
    seed: u64,
    drawn: u64,
    block: [u8; 32],
}

impl SeededEntropy {
    /// Starts at the beginning of `seed`'s sequence.
    pub fn new(seed: u64) -> Self {
        Self::resume(seed, 0)
    }

    /// Goes on after `drawn` bytes of `seed`'s sequence.
    pub fn resume(seed: u64, drawn: u64) -> Self {
        let mut out = Self { seed, drawn, block: [0; 32] };
        if !drawn.is_multiple_of(32) {
            out.block = out.make(drawn / 32);
        }
        out
    }

    /// The seed and how many bytes were drawn: what [`Self::resume`] takes.
    pub fn position(&self) -> (u64, u64) {
        (self.seed, self.drawn)
    }

    fn make(&self, index: u64) -> [u8; 32] {
        Sm3::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(index.to_be_bytes())
            .finalize()
            .into()
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            let at = self.drawn % 32;
            if at == 0 {
                self.block = self.make(self.drawn / 32);
            }
            *byte = self.block.get(at as usize).copied().unwrap_or_default();
            self.drawn = self.drawn.wrapping_add(1);
        }
    }
}
