//! What wrong cards write at the end of a transaction, and what they write too early.

use purse::record::LogRecord;
use purse::{Amount, TerminalId, Time, TransactionType};

use super::{Deviation, Session};
use crate::application::Halt;
use crate::native::debit::Entry;
use crate::native::tree::{Ef, PurseState, StoredProof};

/// Where a wrong card writes a log record instead of behind the newest.
pub enum LogPlace {
    /// Over the newest.
    Newest,
    /// Nowhere.
    Nowhere,
}

/// What was written before the commit, and is not to be written again.
#[derive(Default)]
pub struct Ahead {
    /// Compound purchase records.
    pub records: bool,
    /// The log record.
    pub log: bool,
}

impl Session<'_, '_> {
    /// The log record as it is written.
    #[inline]
    pub(in crate::native) fn logged(&self, right: LogRecord, after: &PurseState) -> LogRecord {
        let fixed = TransactionType::PursePurchase as u8;
        let kind = right.transaction_type;
        LogRecord {
            amount: self.or_wrong(right.amount, Deviation::LogAmountBalance, after.balance),
            transaction_type: self.or_wrong(kind, Deviation::LogTypeFixed, fixed),
            terminal: self.or_wrong(right.terminal, Deviation::LogTerminalZero, TerminalId([0; 6])),
            time: self.or_wrong(right.time, Deviation::LogTimeZero, Time([0; 3])),
            ..right
        }
    }

    /// Where a log record goes, where that is not behind the newest.
    #[inline]
    pub(in crate::native) fn log_place(&self, file: &Ef) -> Result<Option<LogPlace>, Halt> {
        let full = file.used == file.count;
        if full && self.deviates(Deviation::LogStopsWhenFull) {
            return Ok(Some(LogPlace::Nowhere));
        }
        let newest = file.used > 0 && self.deviates(Deviation::LogOverwritesNewest);
        Ok(newest.then_some(LogPlace::Newest))
    }

    /// The proof that is kept.
    #[inline]
    pub(in crate::native) fn proof_kept(&self, right: StoredProof) -> Result<StoredProof, Halt> {
        if self.deviates(Deviation::ProofFirstKept) {
            let held = self.df().proof(self.memory)?;
            if held.valid {
                return Ok(held);
            }
        }
        let load = TransactionType::from_byte(right.transaction_type)
            .is_some_and(TransactionType::credits);
        if load && self.deviates(Deviation::ProofOfLoadWithMac) {
            return Ok(StoredProof { mac: right.tac, ..right });
        }
        Ok(right)
    }

    /// Writes what a wrong card does not keep for its commit.
    #[inline]
    pub(in crate::native) fn commit_ahead(
        &mut self,
        entry: &Entry<'_>,
        log: Option<&Ef>,
        record: &LogRecord,
    ) -> Result<Ahead, Halt> {
        let mut ahead = Ahead::default();
        if self.system.deviations.is_empty() {
            return Ok(ahead);
        }
        if let Some(log) = log.filter(|_| self.deviates(Deviation::LogBeforeCommit)) {
            self.append_to_log(log, record)?;
            ahead.log = true;
        }
        if self.deviates(Deviation::CappTornApart) {
            self.write_cached(entry.records)?;
            ahead.records = true;
        }
        // They went into the file when they were cached.
        ahead.records |= self.deviates(Deviation::CappRecordWithoutDebit);
        if self.deviates(Deviation::PurchaseTornApart) {
            let before = entry.begun.purse.state(self.memory)?;
            let balance: Amount = entry.after.balance;
            entry.begun.purse.set_state(self.memory, &PurseState { balance, ..before })?;
        }
        Ok(ahead)
    }
}
