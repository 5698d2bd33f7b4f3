//! Where a terminal keeps what must not be lost.

use crate::{Attempt, RefusalRecord, TransactionRecord};

/// Whatever a ledger says of its own failures.
pub type LedgerError = Box<dyn std::error::Error + Send + Sync>;

/// Where a terminal keeps what must not be lost (账本).
///
/// The order in which the engine calls it is a promise: an attempt is kept before its second step is
/// sent; a record is handed over before its attempt is kept no more. A terminal that is killed at any
/// instant can go on from what was kept last: a record may be handed over twice, never not at all. Two
/// records of one transaction have the same card number and serial, terminal number and serial.
pub trait Ledger {
    /// Keeps the attempts that are open, in place of those kept before. When this returns they must
    /// be where a killed process finds them again.
    ///
    /// # Errors
    /// They cannot be kept; then the second step is not sent.
    fn keep(&mut self, open: &Open<'_>) -> Result<(), LedgerError>;

    /// Takes the record of a transaction.
    ///
    /// # Errors
    /// It cannot be taken; its attempt is kept.
    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError>;

    /// Takes the record of a card that was not served.
    ///
    /// # Errors
    /// It cannot be taken.
    fn refusal(&mut self, record: &RefusalRecord) -> Result<(), LedgerError>;
}

/// What is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Open<'o> {
    /// Transactions whose outcome is not known.
    pub attempts: &'o [Attempt],
    /// Terminal serial that was used last, where the PSAM does not keep it itself.
    pub terminal_serial: Option<u32>,
}
