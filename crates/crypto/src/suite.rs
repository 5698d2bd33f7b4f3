//! Which algorithm family a key belongs to.

/// A purse suite (算法体系).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// Two-key triple DES, 8-byte blocks; session keys are single DES.
    TripleDes,
    /// SM4, 16-byte blocks.
    Sm4,
}

impl Suite {
    /// Bytes per cipher block.
    pub const fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Sm4 => 16,
        }
    }

    /// Name in profiles and JSON: `3des` or `sm4`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TripleDes => "3des",
            Self::Sm4 => "sm4",
        }
    }

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::TripleDes, Self::Sm4].into_iter().find(|suite| suite.name() == name)
    }
}
