//! Writing and transactions: which physical writes a logical one is made of, and in which order.

use super::Nvm;
use crate::error::NvmError;
use crate::power::Step;

/// Writing, inside and outside transactions. An empty write is no write.
impl Nvm {
    /// Opens a transaction; nothing is written yet.
    #[inline]
    pub fn begin(&mut self) -> Result<(), NvmError> {
        self.check(0, 0)?;
        if self.power.in_transaction() {
            return Err(NvmError::TransactionOpen);
        }
        self.power.open_transaction();
        Ok(())
    }

    /// Makes the transaction happen: one atomic write, or none if it wrote nothing.
    #[inline]
    pub fn commit(&mut self) -> Result<(), NvmError> {
        self.check_transaction()?;
        self.clear_log()?;
        self.power.close_transaction();
        Ok(())
    }

    /// Undoes the transaction.
    pub fn abort(&mut self) -> Result<(), NvmError> {
        self.check_transaction()?;
        self.roll_back()?;
        self.power.close_transaction();
        Ok(())
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.power.in_transaction()
    }

    /// Writes one field, which never stays half written; an open transaction can undo it.
    #[inline]
    pub fn put(&mut self, address: u32, bytes: &[u8]) -> Result<(), NvmError> {
        self.write(address, bytes, Torn::NotWritten)
    }

    /// Writes bytes that a loss of power can tear in the middle; an open transaction can undo
    /// them, and then they are whole again after power-on.
    #[inline]
    pub fn put_raw(&mut self, address: u32, bytes: &[u8]) -> Result<(), NvmError> {
        self.write(address, bytes, Torn::HalfWritten)
    }

    /// Writes one field for good, whatever becomes of the open transaction: PIN try counters,
    /// non-atomic copies. It never stays half written. Where the transaction has logged an old
    /// value of the same bytes, that copy is overwritten in the same physical write.
    pub fn put_outside(&mut self, address: u32, bytes: &[u8]) -> Result<(), NvmError> {
        self.check(address, bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.power.step() == Step::Lost {
            return Err(NvmError::PowerLost);
        }
        self.log.patch(address, bytes);
        self.tree.write(address, bytes);
        Ok(())
    }

    #[inline]
    fn write(&mut self, address: u32, bytes: &[u8], torn: Torn) -> Result<(), NvmError> {
        self.check(address, bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.power.in_transaction() && !self.log.covers(address, bytes.len()) {
            self.log_old(address, bytes.len())?;
        }
        if self.power.step() == Step::Lost {
            return self.lose_in_place(address, bytes, torn);
        }
        self.tree.write(address, bytes);
        Ok(())
    }

    #[inline]
    fn log_old(&mut self, address: u32, length: usize) -> Result<(), NvmError> {
        let (needed, free) = self.log.room_for(length);
        if needed > free {
            return Err(NvmError::LogFull { needed, free });
        }
        self.log.stage(&self.tree, address, length);
        if self.power.step() == Step::Lost {
            self.log.tear_staged();
            return Err(NvmError::PowerLost);
        }
        if self.power.step() == Step::Lost {
            return Err(NvmError::PowerLost);
        }
        self.log.seal();
        Ok(())
    }

    #[cold]
    fn lose_in_place(&mut self, address: u32, bytes: &[u8], torn: Torn) -> Result<(), NvmError> {
        if let Torn::HalfWritten = torn {
            let (written, _) = bytes.split_at(bytes.len() / 2);
            self.tree.write(address, written);
        }
        Err(NvmError::PowerLost)
    }

    /// Puts back what the log holds, youngest first, then empties it. Each old value is one write
    /// that can be torn; all of it can be done again from the start.
    pub(super) fn roll_back(&mut self) -> Result<(), NvmError> {
        for entry in self.log.newest_first() {
            if self.power.step() == Step::Lost {
                let (written, _) = entry.old.split_at(entry.old.len() / 2);
                self.tree.write(entry.address, written);
                return Err(NvmError::PowerLost);
            }
            self.tree.write(entry.address, entry.old);
        }
        self.clear_log()
    }

    #[inline]
    fn clear_log(&mut self) -> Result<(), NvmError> {
        if !self.log.is_empty() {
            if self.power.step() == Step::Lost {
                return Err(NvmError::PowerLost);
            }
            self.log.clear();
        }
        Ok(())
    }

    #[inline]
    fn check_transaction(&self) -> Result<(), NvmError> {
        self.check(0, 0)?;
        if self.power.in_transaction() { Ok(()) } else { Err(NvmError::NoTransaction) }
    }
}

/// How a write in place behaves when power is lost at it.
#[derive(Clone, Copy)]
enum Torn {
    NotWritten,
    HalfWritten,
}
