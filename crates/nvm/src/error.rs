//! Why the memory refuses.

/// Why the memory refuses. After any error but [`PowerLost`](NvmError::PowerLost) nothing has
/// changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NvmError {
    /// The bytes asked for do not all lie inside the memory.
    #[error("{length} bytes at address {address:#x} reach outside a memory of {size} bytes")]
    OutOfRange {
        /// first byte asked for
        address: u32,
        /// how many bytes were asked for
        length: usize,
        /// size of the memory
        size: u32,
    },
    /// The card has no power: nothing but power-on works.
    #[error("the card has no power; switch it on first")]
    PowerLost,
    /// `begin` inside an open transaction; they do not nest.
    #[error("a transaction is already open")]
    TransactionOpen,
    /// `commit` or `abort` without a transaction.
    #[error("no transaction is open")]
    NoTransaction,
    /// The undo log has no room for the old bytes; the transaction is intact and can be aborted.
    #[error("the undo log is full: {needed} bytes needed, {free} free")]
    LogFull {
        /// log bytes the refused write would take
        needed: usize,
        /// log bytes left
        free: usize,
    },
}
