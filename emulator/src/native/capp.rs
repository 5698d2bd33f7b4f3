//! UPDATE CAPP DATA CACHE (更新复合应用数据缓存): records that wait for the debit.
//!
//! The lock flag, the length rule and the id width are profile data. P1 and the low bits of P2 name
//! the record: by id (mode 000), by number (100), or a new one at the front of a ring (000 and 011).

use apdu::StatusWord;
use applet_spec::{Access, Rules};
use purse::RecordRef;
use purse::record::{capp_id, capp_length_fits, capp_locked};

use super::transaction::{CachedRecord, Transaction};
use super::tree::{Ef, Structure};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn update_capp_data_cache(
        &mut self,
        running: Transaction,
        sfi: u8,
        record: RecordRef,
        mut data: Vec<u8>,
    ) -> Outcome {
        let Transaction::Capp(mut compound) = running else {
            return Err(Halt::Status(self.rules.status.wrong_state));
        };
        let rules = &self.rules.capp;
        let sfi = if sfi == 0 { rules.default_sfi } else { sfi };
        let df = self.df();
        let file = df.by_sfi(self.memory, sfi)?.ok_or(StatusWord::FILE_NOT_FOUND)?;
        if file.read == Access::Never {
            return Err(Halt::Status(self.rules.status.internal_file));
        }
        // Only a debit writes the log, whatever a terminal asks for. A binary file has records of no
        // size.
        let is_log = df.logs(self.memory)?.contains(&sfi);
        if is_log || file.record == 0 {
            return Err(Halt::Status(StatusWord::FILE_TYPE));
        }
        let number = self.cached_target(&file, record)?;
        let (slot, held) = match number {
            Some(number) => {
                let held = file.record(self.memory, number)?;
                (file.content(self.memory, number)?, held.ok_or(StatusWord::RECORD_NOT_FOUND)?)
            }
            None => (None, vec![0; usize::from(file.record)]),
        };
        if data.len() > held.len() {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        if file.structure != Structure::Cyclic {
            if capp_locked(rules, &held) && !self.deviates(Deviation::CappLockIgnored) {
                return Err(Halt::Status(StatusWord::RECORD_LOCKED));
            }
            check_and_complete(self.rules, &mut data, held.len())?;
        }
        if self.deviates(Deviation::CappNotZeroFilled) {
            data.extend_from_slice(held.get(data.len()..).unwrap_or_default());
        }
        data.resize(held.len(), 0);
        let cached: usize = compound.cache.iter().map(|record| record.data.len()).sum();
        if cached + data.len() > usize::from(rules.cache) {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        if self.deviates(Deviation::CappLastRecordOnly) {
            compound.cache.clear();
        }
        compound.cache.push(CachedRecord { file: file.address, slot, data });
        if self.deviates(Deviation::CappRecordWithoutDebit) {
            self.write_cached(compound.cache.get(compound.cache.len() - 1..).unwrap_or_default())?;
        }
        self.state.transaction = Transaction::Capp(compound);
        Ok(Reply::done())
    }

    /// Writes the cached records, inside the debit's memory transaction.
    pub(super) fn write_cached(&mut self, records: &[CachedRecord]) -> Result<(), Halt> {
        for record in records {
            match record.slot {
                Some(slot) => self.memory.put_raw(slot, &record.data)?,
                None => {
                    let file = Ef::at(self.memory, record.file)?;
                    let lost = || Halt::Bug("a cached record has lost its file".to_owned());
                    let file = file.ok_or_else(lost)?;
                    if self.deviates(Deviation::CappRingOverwritten) && file.used > 0 {
                        self.overwrite_newest(&file, &record.data)?;
                    } else {
                        self.append_to(&file, &record.data)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Number of the record that is meant; `None` appends to a ring.
    fn cached_target(&self, file: &Ef, record: RecordRef) -> Result<Option<u8>, Halt> {
        let ring = file.structure == Structure::Cyclic;
        match record {
            RecordRef::First(_) | RecordRef::Previous(_) if ring => Ok(None),
            RecordRef::Number(number) => Ok(Some(number)),
            RecordRef::First(_) if self.deviates(Deviation::CappWrongRecord) => Ok(Some(1)),
            RecordRef::First(id) => {
                for number in 1..=file.used {
                    let held = file.record(self.memory, number)?;
                    if held.is_some_and(|held| capp_id(&self.rules.capp, &held) == Some(id)) {
                        return Ok(Some(number));
                    }
                }
                Err(Halt::Status(StatusWord::RECORD_NOT_FOUND))
            }
            _ => Err(Halt::Status(StatusWord::WRONG_P1P2)),
        }
    }
}

/// The length byte must say what was sent; shorter data than the record has its length byte
/// corrected to the record's (the rest is zero-filled).
fn check_and_complete(rules: &Rules, data: &mut [u8], record: usize) -> Result<(), Halt> {
    let rules = &rules.capp;
    if !rules.check_length {
        return Ok(());
    }
    if !capp_length_fits(rules, data) {
        return Err(Halt::Status(StatusWord::WRONG_DATA));
    }
    let at = usize::from(rules.length_offset);
    if let Some(length) = data.get_mut(at) {
        *length = u8::try_from(record - at - 1).unwrap_or(u8::MAX);
    }
    Ok(())
}
