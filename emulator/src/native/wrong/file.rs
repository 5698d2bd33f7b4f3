//! Files that wrong cards read wrongly.

use apdu::StatusWord;

use super::{Deviation, Session};
use crate::application::{Halt, Reply};
use crate::native::Outcome;
use crate::native::tree::{Ef, Structure};

impl Session<'_, '_> {
    /// The answer to a read that begins beyond the end of its file.
    pub(in crate::native) fn beyond_end(&self, ne: Option<u32>) -> Outcome {
        const MOST: u32 = 8;
        if self.deviates(Deviation::OffsetBeyondEndZeros) {
            return Ok(Reply::data(vec![0; ne.unwrap_or(MOST).min(MOST) as usize]));
        }
        Err(Halt::Status(StatusWord::WRONG_OFFSET))
    }

    /// The number of a record that is not there, where it is read all the same.
    pub(in crate::native) fn number_of_none(&self) -> Option<u8> {
        self.deviates(Deviation::MissingRecordZeros).then_some(u8::MAX)
    }

    /// Writes over the newest record of a ring, where a right card adds one.
    pub(in crate::native) fn overwrite_newest(
        &mut self,
        file: &Ef,
        data: &[u8],
    ) -> Result<(), Halt> {
        match file.content(self.memory, 1)? {
            Some(at) => Ok(self.memory.put_raw(at, data)?),
            None => Err(Halt::Status(StatusWord::RECORD_NOT_FOUND)),
        }
    }

    /// The content of a record that is not there.
    pub(in crate::native) fn record_of_none(&self, file: &Ef) -> Option<Vec<u8>> {
        let zeros = || vec![0; usize::from(file.record)];
        self.deviates(Deviation::MissingRecordZeros).then(zeros)
    }

    /// The number of a record, as the card counts it.
    pub(in crate::native) fn counted_from(&self, file: &Ef, number: u8) -> u8 {
        let ring = file.structure == Structure::Cyclic && (1..=file.used).contains(&number);
        if ring && self.deviates(Deviation::LogOldestFirst) {
            return file.used - number + 1;
        }
        number
    }
}
