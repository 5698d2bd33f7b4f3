//! The journal of a batch on disk: what was done to which card, so that nothing is done twice.
//!
//! One text file per batch, to which lines are only added, bound to the job, its cards and the
//! profile it was begun with. What a kill or a loss of power left half written is at its end, and is
//! told from damage. `docs/formats/journal.md`.

mod binding;
mod error;
mod line;
mod place;
mod replay;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::engine::{Entry, Lasting, Ledger, Record, Refusal, Serial};
use line::Content;

pub use binding::Binding;
pub use error::JournalError;

/// A journal that is open, and locked against other programs.
pub struct Journal {
    path: PathBuf,
    file: File,
    binding: Binding,
    /// Lines that are whole; the next one has this number.
    lines: u64,
    /// So many of them outlast a loss of power.
    lasting: u64,
    /// Where the next line goes.
    end: u64,
    /// What a line that failed has left there.
    remains: bool,
    /// Something was added since it was opened.
    added: bool,
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// What is known of each serial.
    pub records: BTreeMap<Serial, Record>,
    /// Cards that were turned away, and why; a card only once.
    pub refused: Vec<Refusal>,
}

impl Journal {
    /// Begins a journal in a new file.
    ///
    /// # Errors
    /// [`JournalError`]; there is a file of this name, for one.
    pub fn create(path: &Path, binding: &Binding) -> Result<Self, JournalError> {
        let new = place::New::beside(path)?;
        let at = |error| JournalError::of_io(path, error);
        let mut journal = Self::of(path, new.file().try_clone().map_err(at)?, binding.clone());
        journal.append(line::FIRST.as_bytes())?;
        journal.write(&Content::Journal(binding.clone()), Lasting::Power)?;
        new.take_its_name(path)?;
        Ok(journal)
    }

    /// Opens the journal in a file, and says what is in it.
    ///
    /// # Errors
    /// [`JournalError`]; it is in use, damaged, of another format, or no journal.
    pub fn open(path: &Path) -> Result<(Self, Held), JournalError> {
        let at = |error| JournalError::of_io(path, error);
        let file = place::existing(path)?;
        let length = file.metadata().map_err(at)?.len();
        let found = replay::replay(BufReader::new(&file)).map_err(|flaw| flaw.in_file(path))?;
        let mut journal = Self::of(path, file, found.binding);
        journal.lines = found.lines;
        journal.end = found.end;
        journal.remains = length > found.end;
        // What was read must last before anything is built on it.
        journal.cut().and_then(|()| journal.sync())?;
        Ok((journal, found.held))
    }

    fn of(path: &Path, file: File, binding: Binding) -> Self {
        Self {
            path: path.to_owned(),
            file,
            binding,
            lines: 0,
            lasting: 0,
            end: 0,
            remains: false,
            added: false,
        }
    }

    /// What it is bound to.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Refuses to serve another batch.
    ///
    /// # Errors
    /// [`JournalError::OtherBatch`], with what differs.
    pub fn serves(&self, binding: &Binding) -> Result<(), JournalError> {
        let what = self.binding.differences(binding);
        if what.is_empty() {
            return Ok(());
        }
        Err(JournalError::OtherBatch {
            path: self.path.clone(),
            held: self.binding.to_string(),
            wanted: binding.to_string(),
            what: what.join(", "),
        })
    }

    fn write(&mut self, content: &Content, lasting: Lasting) -> Result<(), JournalError> {
        let line = line::write(self.lines, self.lasting, content)
            .map_err(|error| JournalError::bug(&self.path, &error))?;
        self.append(line.as_bytes())?;
        self.lines += 1;
        self.added = true;
        match lasting {
            Lasting::Power => self.sync(),
            Lasting::Process => Ok(()),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.cut()?;
        let appended = self.file.seek(SeekFrom::Start(self.end));
        if let Err(error) = appended.and_then(|_| self.file.write_all(bytes)) {
            self.remains = true;
            return Err(JournalError::of_io(&self.path, error));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|error| JournalError::of_io(&self.path, error))?;
        self.lasting = self.lines;
        Ok(())
    }

    /// Removes what a failed or interrupted line left behind the last whole one.
    fn cut(&mut self) -> Result<(), JournalError> {
        if self.remains {
            self.file.set_len(self.end).map_err(|error| JournalError::of_io(&self.path, error))?;
            self.remains = false;
        }
        Ok(())
    }

    /// A last line that says that all others last: damage to any of them is then told from a line
    /// that was never finished. It stands apart, so that damage between it and them is not its own.
    fn close(&mut self) -> Result<(), JournalError> {
        self.sync()?;
        self.append(b"\n")?;
        self.write(&Content::Closed, Lasting::Process)
    }
}

impl Ledger for Journal {
    fn keep(&mut self, entries: &[Entry], lasting: Lasting) -> Result<(), JournalError> {
        self.write(&Content::Entries(entries.to_vec()), lasting)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.added && !self.remains {
            // Where it cannot be closed it is as after a kill, and opens all the same.
            let _ = self.close();
        }
    }
}
