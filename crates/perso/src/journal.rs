//! The journal of a batch on disk: what was done to which card, so that nothing is done twice.
//!
//! One file per batch, a database of its own (redb), bound to the job, its cards and the profile it
//! was begun with. Beside it lies a small file that says how far the card under work is, where that
//! must outlast the end of this program but not a loss of power. `docs/formats/journal.md`.

mod error;
mod mark;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use crate::engine::{Entry, Lasting, Ledger, Progress, Record, Refusal, Serial};
use mark::Mark;

pub use error::JournalError;

/// Version of the format that this program writes.
const FORMAT: u32 = 1;
/// Bytes of the database that are held in memory.
const CACHE: usize = 8 << 20;

const HEAD: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("head");
const CARDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("cards");
const STEPS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("steps");
const REFUSED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("refused");

/// What a journal is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Format of the journal.
    pub format: u32,
    /// Name of the batch.
    pub name: String,
    /// Name and version of the profile.
    pub profile: String,
    /// Digests (SM3, hex) of the job file, the cards file, and the profiles.
    pub job: String,
    /// Of the cards file.
    pub cards: String,
    /// Of the texts of the profiles.
    pub profiles: String,
    /// When it was begun, in seconds since 1970 (UTC). It binds nothing.
    pub began: u64,
}

/// A journal that is open, and locked against other programs.
pub struct Journal {
    database: Database,
    path: PathBuf,
    binding: Binding,
    mark: Mark,
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// What is known of each serial.
    pub records: BTreeMap<Serial, Record>,
    /// Cards that were turned away, and why.
    pub refused: Vec<Refusal>,
}

impl Journal {
    /// Begins a journal in a new file.
    ///
    /// # Errors
    /// [`JournalError`]; there is a file of this name, for one.
    pub fn create(path: &Path, binding: &Binding) -> Result<Self, JournalError> {
        let at = |source| JournalError::of_io(path, source);
        if path.symlink_metadata().is_ok() {
            return Err(JournalError::Exists { path: path.to_owned() });
        }
        // Made under another name: under its own it is whole from its first instant.
        let beside = beside(path, ".new");
        let file = new_file(&beside, path)?;
        let (database, mark) = Self::initialize(path, file, binding)?;
        match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let _ = std::fs::remove_file(&beside);
                return Err(JournalError::Exists { path: path.to_owned() });
            }
            // Not every file system has links.
            Err(_) => std::fs::rename(&beside, path).map_err(at)?,
            Ok(()) => std::fs::remove_file(&beside).map_err(at)?,
        }
        sync_directory_of(path).map_err(at)?;
        Ok(Self { database, path: path.to_owned(), binding: binding.clone(), mark })
    }

    fn initialize(
        path: &Path,
        file: File,
        binding: &Binding,
    ) -> Result<(Database, Mark), JournalError> {
        let at = |error: redb::Error| JournalError::of_database(path, error);
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(FileBackend::new(file).map_err(|error| at(error.into()))?)
            .map_err(|error| at(error.into()))?;
        let head = serde_json::to_vec(binding).map_err(|error| JournalError::bug(path, &error))?;
        let write = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(HEAD)?.insert("binding", head.as_slice())?;
            transaction.open_table(CARDS)?;
            transaction.open_table(STEPS)?;
            transaction.open_table(REFUSED)?;
            Ok(transaction.commit()?)
        };
        write().map_err(at)?;
        Ok((database, Mark::create(path)?))
    }

    /// Opens the journal in a file.
    ///
    /// # Errors
    /// [`JournalError`]; it is in use, damaged, of another format, or no journal.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let at = |error: redb::Error| JournalError::of_database(path, error);
        let kind = std::fs::metadata(path).map_err(|source| JournalError::of_io(path, source))?;
        if !kind.is_file() {
            return Err(JournalError::Foreign { path: path.to_owned() });
        }
        let mut database = Database::builder()
            .set_cache_size(CACHE)
            .open(path)
            .map_err(|error| at(error.into()))?;
        database.check_integrity().map_err(|error| at(error.into()))?;
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let head = database.begin_read()?.open_table(HEAD)?;
            Ok(head.get("binding")?.map(|value| value.value().to_vec()))
        };
        let foreign = || JournalError::Foreign { path: path.to_owned() };
        let head = match read() {
            Err(redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. }) => None,
            read => read.map_err(at)?,
        };
        let head = head.ok_or_else(foreign)?;
        let Format { format } = serde_json::from_slice(&head).map_err(|_| foreign())?;
        if format != FORMAT {
            return Err(JournalError::Format { path: path.to_owned(), format });
        }
        let binding = serde_json::from_slice(&head).map_err(|_| foreign())?;
        let mark = Mark::open(path)?;
        let mut journal = Self { database, path: path.to_owned(), binding, mark };
        journal.take_mark()?;
        Ok(journal)
    }

    /// Takes into the journal how far an interrupted run was, before another mark is made.
    fn take_mark(&mut self) -> Result<(), JournalError> {
        let Some((serial, progress)) = self.mark.read() else { return Ok(()) };
        let mut held = self.read()?;
        let before = held.records.get(&serial).map(|record| record.progress);
        overlay(&mut held.records, serial, progress);
        if held.records.get(&serial).map(|record| record.progress) == before {
            return Ok(());
        }
        self.keep(&[Entry::Step { serial, progress }], Lasting::Power)
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
        let held = &self.binding;
        let differs = [
            ("the job file", held.job != binding.job),
            ("the cards file", held.cards != binding.cards),
            ("the profile", held.profiles != binding.profiles),
        ];
        let what: Vec<&str> =
            differs.iter().filter(|(_, differs)| *differs).map(|(what, _)| *what).collect();
        if what.is_empty() {
            return Ok(());
        }
        Err(JournalError::OtherBatch {
            path: self.path.clone(),
            held: format!("{} ({})", held.name, held.profile),
            wanted: format!("{} ({})", binding.name, binding.profile),
            what: what.join(", "),
        })
    }

    /// Everything in it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn read(&self) -> Result<Held, JournalError> {
        let damaged = || JournalError::Damaged {
            path: self.path.clone(),
            why: "a record in it cannot be read".to_owned(),
        };
        let mut held = Held::default();
        let (cards, steps, refused) =
            self.rows().map_err(|error| JournalError::of_database(&self.path, error))?;
        for (key, value) in cards {
            let serial = Serial(key.as_slice().try_into().map_err(|_| damaged())?);
            held.records.insert(serial, serde_json::from_slice(&value).map_err(|_| damaged())?);
        }
        for (key, value) in steps {
            let serial = Serial(key.as_slice().try_into().map_err(|_| damaged())?);
            let progress: Progress = serde_json::from_slice(&value).map_err(|_| damaged())?;
            overlay(&mut held.records, serial, progress);
        }
        for value in refused {
            held.refused.push(serde_json::from_slice(&value).map_err(|_| damaged())?);
        }
        Ok(held)
    }

    #[expect(clippy::type_complexity, reason = "three tables, as they lie")]
    fn rows(
        &self,
    ) -> Result<(Vec<(Vec<u8>, Vec<u8>)>, Vec<(Vec<u8>, Vec<u8>)>, Vec<Vec<u8>>), redb::Error> {
        let transaction = self.database.begin_read()?;
        let all = |definition: TableDefinition<'_, &[u8], &[u8]>| -> Result<Vec<_>, redb::Error> {
            let table = transaction.open_table(definition)?;
            let mut rows = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(rows)
        };
        let (cards, steps) = (all(CARDS)?, all(STEPS)?);
        let mut refused = Vec::new();
        for row in transaction.open_table(REFUSED)?.iter()? {
            refused.push(row?.1.value().to_vec());
        }
        Ok((cards, steps, refused))
    }

    fn commit(&mut self, entries: &[Entry]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut cards = transaction.open_table(CARDS)?;
            let mut steps = transaction.open_table(STEPS)?;
            let mut refused = transaction.open_table(REFUSED)?;
            for entry in entries {
                match entry {
                    Entry::Record(serial, record) => {
                        cards.insert(&serial.0[..], json(record).as_slice())?;
                        steps.remove(&serial.0[..])?;
                    }
                    Entry::Step { serial, progress } => {
                        steps.insert(&serial.0[..], json(progress).as_slice())?;
                    }
                    Entry::Released(serial) => {
                        cards.remove(&serial.0[..])?;
                        steps.remove(&serial.0[..])?;
                    }
                    Entry::Refused(refusal) => {
                        let uid = refusal.card.uid.as_deref().unwrap_or_default();
                        refused.insert(uid, json(refusal).as_slice())?;
                    }
                }
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Ledger for Journal {
    fn keep(&mut self, entries: &[Entry], lasting: Lasting) -> Result<(), JournalError> {
        if let (Lasting::Process, [Entry::Step { serial, progress }]) = (lasting, entries) {
            return self.mark.write(*serial, progress);
        }
        self.commit(entries).map_err(|error| JournalError::of_database(&self.path, error))
    }
}

/// The version alone, of a head that may be of another version.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Binding {
    /// Binds to these texts.
    pub fn new(
        name: &str,
        profile: &str,
        job: &[u8],
        cards: &[u8],
        profiles: &[&str],
        began: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            profile: profile.to_owned(),
            job: digest(&[job]),
            cards: digest(&[cards]),
            profiles: digest(&profiles.iter().map(|text| text.as_bytes()).collect::<Vec<_>>()),
            began,
        }
    }
}

/// How far a begun card is, where that was written after its record.
fn overlay(records: &mut BTreeMap<Serial, Record>, serial: Serial, progress: Progress) {
    if let Some(record) = records.get_mut(&serial) {
        let kept = record.progress;
        let later = progress.attempts == kept.attempts && progress.reached() >= kept.reached();
        if later || progress.attempts > kept.attempts {
            record.progress = progress;
        }
    }
}

/// Records are plain data: writing them as JSON cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn digest(parts: &[&[u8]]) -> String {
    use sm3::{Digest, Sm3};
    let mut digest = Sm3::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

/// A new file for a journal to be. One that a killed program left behind is taken out of the way.
fn new_file(beside: &Path, path: &Path) -> Result<File, JournalError> {
    let at = |source| JournalError::of_io(path, source);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(beside) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let left = File::open(beside).map_err(at)?;
            if left.try_lock().is_err() {
                return Err(JournalError::Locked { path: path.to_owned() });
            }
            std::fs::remove_file(beside).map_err(at)?;
            options.open(beside).map_err(at)
        }
        opened => opened.map_err(at),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
