//! READ RECORD, UPDATE RECORD, APPEND RECORD.

use apdu::StatusWord;
use crypto::Mac;
use purse::record::{capp_id, capp_length_fits};
use purse::{FileRef, Protected, RecordRef};

use super::tree::{Ef, Structure};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn read_record(
        &mut self,
        file: FileRef,
        record: RecordRef,
        ne: Option<u32>,
        mac: Option<Mac>,
    ) -> Outcome {
        let file = self.record_file(file)?;
        self.check_access(file.read)?;
        self.check_read_protection(&file, mac)?;
        let number = self.locate(&file, record)?.or_else(|| self.number_of_none());
        let number = number.ok_or(StatusWord::RECORD_NOT_FOUND)?;
        let held = file.record(self.memory, self.counted_from(&file, number))?;
        let held = held.or_else(|| self.record_of_none(&file));
        let mut data = held.ok_or(StatusWord::RECORD_NOT_FOUND)?;
        self.state.current_record = number;
        self.shorten(&mut data, ne);
        self.protect_answer(&file, data)
    }

    pub(super) fn update_record(
        &mut self,
        file: FileRef,
        record: RecordRef,
        data: &Protected,
    ) -> Outcome {
        let file = self.record_file(file)?;
        self.check_update_access(&file)?;
        let data = self.unwrap_update(&file, data)?;
        if file.structure == Structure::Cyclic {
            match record {
                RecordRef::Number(_) => {}
                RecordRef::Previous(_) => return self.append_checked(&file, &data),
                _ => return Err(Halt::Status(StatusWord::FILE_TYPE)),
            }
        }
        let number = self.locate(&file, record)?.ok_or(StatusWord::RECORD_NOT_FOUND)?;
        // One program writes the first record of such a file on real cards so.
        if file.structure == Structure::Packed && number == file.used.saturating_add(1) {
            return self.append_checked(&file, &data);
        }
        let held = file.record(self.memory, number)?;
        let (Some(held), Some(at)) = (held, file.content(self.memory, number)?) else {
            return Err(Halt::Status(StatusWord::RECORD_NOT_FOUND));
        };
        if held.len() != data.len() {
            let too_long = data.len() > usize::from(file.record);
            let status = match (file.own_lengths(), too_long) {
                (false, _) => StatusWord::WRONG_LENGTH,
                (true, true) => StatusWord::NO_SPACE,
                (true, false) => StatusWord::TLV_INCONSISTENT,
            };
            return Err(Halt::Status(status));
        }
        self.atomically(|session| Ok(session.memory.put_raw(at, &data)?))?;
        self.state.current_record = number;
        Ok(Reply::done())
    }

    pub(super) fn append_record(&mut self, file: FileRef, data: &Protected) -> Outcome {
        let file = self.record_file(file)?;
        self.check_update_access(&file)?;
        let data = self.unwrap_update(&file, data)?;
        self.append_checked(&file, &data)
    }

    /// Adds a record whose length, and in a file of variable records whose length byte, is right.
    fn append_checked(&mut self, file: &Ef, data: &[u8]) -> Outcome {
        let longest = usize::from(file.record);
        let refused = match file.own_lengths() {
            true if data.len() > longest => Some(StatusWord::NO_SPACE),
            true if !self.record_length_fits(data)? => Some(StatusWord::TLV_INCONSISTENT),
            true => None,
            false => (data.len() != longest).then_some(StatusWord::WRONG_LENGTH),
        };
        if let Some(status) = refused {
            return Err(Halt::Status(status));
        }
        self.atomically(|session| session.append_to(file, data))?;
        Ok(Reply::done())
    }

    /// Adds a record: at the end, or as number 1 of a ring. Two appends to one ring in one command
    /// need the header read between them, so it is read here.
    pub(super) fn append_to(&mut self, file: &Ef, data: &[u8]) -> Result<(), Halt> {
        let file = Ef::at(self.memory, file.address)?.unwrap_or(*file);
        let data = data.get(..usize::from(file.record)).unwrap_or(data);
        let slot = file.next_slot(self.memory, data.len())?;
        let (at, used, head) = slot.ok_or(StatusWord::NO_SPACE)?;
        if file.own_lengths() {
            self.memory.put(at, &[data.len() as u8])?;
            self.memory.put_raw(at + 1, data)?;
        } else {
            self.memory.put_raw(at, data)?;
        }
        file.set_used(self.memory, used, head)?;
        Ok(())
    }

    fn record_file(&mut self, file: FileRef) -> Result<Ef, Halt> {
        let file = self.file(file)?;
        if file.is_internal() {
            return Err(Halt::Status(self.rules.status.internal_file));
        }
        if file.structure == Structure::Binary {
            return Err(Halt::Status(StatusWord::FILE_TYPE));
        }
        Ok(file)
    }

    /// Number of the record that is meant, if one fits; 0 where there is no current record.
    fn locate(&self, file: &Ef, record: RecordRef) -> Result<Option<u8>, Halt> {
        let current = self.state.current_record;
        let all = 1..=file.used;
        Ok(match record {
            RecordRef::Number(0) => Some(current),
            RecordRef::Number(number) => Some(number),
            RecordRef::First(id) => self.matching(file, id, all)?,
            RecordRef::Last(id) => self.matching(file, id, all.rev())?,
            RecordRef::Next(id) => {
                self.matching(file, id, all.filter(|number| *number > current))?
            }
            RecordRef::Previous(id) => {
                let before = |number: &u8| current == 0 || *number < current;
                self.matching(file, id, all.rev().filter(before))?
            }
        })
    }

    /// Variable records of a purse application have the layout of its CAPP records; those of other
    /// directories are plain TLV (DIR).
    fn holds_capp_records(&self) -> Result<bool, Halt> {
        Ok(self.df().is_purse_application(self.memory)?)
    }

    fn record_length_fits(&self, data: &[u8]) -> Result<bool, Halt> {
        if self.holds_capp_records()? {
            let rules = &self.rules.capp;
            return Ok(!rules.check_length || capp_length_fits(rules, data));
        }
        Ok(data.get(1).is_some_and(|length| usize::from(*length) + 2 == data.len()))
    }

    /// The first of `numbers` whose record has the id; id 00 fits every record.
    fn matching(
        &self,
        file: &Ef,
        id: u8,
        numbers: impl Iterator<Item = u8>,
    ) -> Result<Option<u8>, Halt> {
        for number in numbers {
            let held = file.record(self.memory, number)?.unwrap_or_default();
            let own = match file.own_lengths() && self.holds_capp_records()? {
                true => capp_id(&self.rules.capp, &held),
                false => held.first().copied(),
            };
            if id == 0 || own == Some(id) || self.deviates(Deviation::RecordIdIgnored) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }
}
