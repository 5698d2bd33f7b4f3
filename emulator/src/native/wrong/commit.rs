//! What wrong cards write at the end of a transaction, and what they write too early.

use purse::record::LogRecord;
use purse::{Amount, TerminalId, Time, TransactionType};

use super::{Deviation, Session};
use crate::application::Halt;
use crate::native::debit::Entry;
use crate::native::transaction::CachedRecord;
use crate::native::tree::{Ef, PurseState, StoredProof};

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

    /// Whether a log record went over the newest or nowhere, instead of behind the newest.
    #[inline]
    pub(in crate::native) fn logs_wrongly(
        &mut self,
        file: &Ef,
        record: &LogRecord,
    ) -> Result<bool, Halt> {
        let full = file.used == file.count;
        if full && self.deviates(Deviation::LogStopsWhenFull) {
            return Ok(true);
        }
        let newest = file.used > 0 && self.deviates(Deviation::LogOverwritesNewest);
        if newest {
            self.overwrite_newest(file, &record.to_bytes())?;
        }
        Ok(newest)
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

    /// Writes what a wrong card does not keep for its commit. The compound purchase records and the
    /// log that are left to be written then.
    #[inline]
    pub(in crate::native) fn commit_ahead<'e>(
        &mut self,
        entry: &Entry<'e>,
        log: Option<Ef>,
        record: &LogRecord,
    ) -> Result<(&'e [CachedRecord], Option<Ef>), Halt> {
        let mut left = (entry.records, log);
        if self.system.deviations.is_empty() {
            return Ok(left);
        }
        if self.deviates(Deviation::LogBeforeCommit)
            && let Some(log) = left.1.take()
        {
            self.append_to_log(&log, record)?;
        }
        if self.deviates(Deviation::CappTornApart) {
            self.write_cached(entry.records)?;
            left.0 = &[];
        }
        // They went into the file when they were cached.
        if self.deviates(Deviation::CappRecordWithoutDebit) {
            left.0 = &[];
        }
        if self.deviates(Deviation::PurchaseTornApart) {
            let before = entry.begun.purse.state(self.memory)?;
            let balance: Amount = entry.after.balance;
            entry.begun.purse.set_state(self.memory, &PurseState { balance, ..before })?;
        }
        Ok(left)
    }
}
