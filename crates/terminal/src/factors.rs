//! Diversification factors of one card.

/// Diversification factors (分散因子), highest level first; up to three of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    levels: u8,
    of: [[u8; 8]; Factors::MOST],
}

impl Factors {
    /// Most levels there are.
    pub const MOST: usize = 3;

    /// Takes factors, highest level first; `None` where there are more than [`Self::MOST`].
    pub fn new(factors: &[[u8; 8]]) -> Option<Self> {
        let mut of = [[0; 8]; Self::MOST];
        of.get_mut(..factors.len())?.copy_from_slice(factors);
        Some(Self { levels: factors.len() as u8, of })
    }

    /// Highest level first: as keys are derived.
    pub fn as_slice(&self) -> &[[u8; 8]] {
        self.of.get(..usize::from(self.levels)).unwrap_or(&self.of)
    }

    /// The card's own first: as a PSAM is told them.
    pub fn card_first(&self) -> Vec<[u8; 8]> {
        self.as_slice().iter().rev().copied().collect()
    }

    /// How many.
    pub fn levels(&self) -> u8 {
        self.levels
    }
}
