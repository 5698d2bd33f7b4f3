//! Why a holder of keys does not do what it is asked.

use super::KeyName;

/// Why a holder of keys does not do what it is asked. The first split is whose part it is to mend
/// it: the caller's (which key, which factors), or the provider's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustodyError {
    /// It is not there.
    #[error("{provider} has no key {name}")]
    NoSuchKey {
        /// The provider in words.
        provider: String,
        /// The name asked for.
        name: KeyName,
    },
    /// The stored key itself was asked for.
    #[error(
        "the stored key {name} is never given out, only card keys made from it: name at least one \
         diversification factor"
    )]
    NoFactor {
        /// The key.
        name: KeyName,
    },
    /// ECB takes whole blocks.
    #[error("{length} bytes are not whole blocks of {block} bytes, as key {name} takes them")]
    NotWholeBlocks {
        /// The key.
        name: KeyName,
        /// Bytes given.
        length: usize,
        /// Bytes per block.
        block: usize,
    },
    /// A wrapped key must fit a short command.
    #[error("{length} bytes of key data do not fit a command, which takes {most} to be wrapped")]
    TooLong {
        /// Bytes of head and key.
        length: usize,
        /// Most.
        most: usize,
    },
    /// The provider cannot, now or ever.
    #[error("{provider} cannot do {operation}; {instead}")]
    Unsupported {
        /// The provider in words.
        provider: String,
        /// What it cannot; with the mechanism's name where it has one.
        operation: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// The provider failed.
    #[error("{provider}: {problem}")]
    Provider {
        /// The provider in words.
        provider: String,
        /// What happened, why, and what to do next.
        problem: String,
    },
}
