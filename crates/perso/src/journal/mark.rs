//! How far the card under work is, in a file of one small block that is written over in place. A
//! kill leaves the old block or the new one; what a loss of power leaves is told by its check sum,
//! and then does not count.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sm3::{Digest, Sm3};

use super::{JournalError, beside};
use crate::engine::{Progress, Serial};

const LENGTH: usize = 32;
const MAGIC: &[u8; 4] = b"PSM1";
/// The file is called like the journal, and this.
const SUFFIX: &str = ".step";
/// No step is under way.
const NONE: u32 = u32::MAX;

/// The file.
pub(super) struct Mark {
    path: PathBuf,
    file: Option<File>,
}

impl Mark {
    /// For a new journal: an old mark is of another one.
    pub(super) fn create(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, SUFFIX);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(JournalError::of_io(&path, error))
            }
            _ => Ok(Self { path, file: None }),
        }
    }

    /// For a journal that goes on.
    pub(super) fn open(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, SUFFIX);
        match options().open(&path) {
            Ok(file) => Ok(Self { path, file: Some(file) }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { path, file: None })
            }
            Err(error) => Err(JournalError::of_io(&path, error)),
        }
    }

    pub(super) fn write(
        &mut self,
        serial: Serial,
        progress: &Progress,
    ) -> Result<(), JournalError> {
        let full = |error| JournalError::of_io(&self.path, error);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = options().create(true).truncate(true).open(&self.path).map_err(full)?;
                self.file.insert(file)
            }
        };
        let block = block(serial, progress);
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&block)).map_err(full)
    }

    /// What is in it; `None` where nothing whole is.
    pub(super) fn read(&self) -> Option<(Serial, Progress)> {
        let mut file = self.file.as_ref()?;
        let mut bytes = [0; LENGTH];
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        parse(&bytes)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// `magic4 serial8 attempts4 done4 doing4 bears1 zero3 sum4`.
fn block(serial: Serial, progress: &Progress) -> [u8; LENGTH] {
    let mut out = [0; LENGTH];
    let doing = progress.doing.unwrap_or(NONE);
    let fields = [
        &MAGIC[..],
        &serial.0,
        &progress.attempts.to_be_bytes(),
        &progress.done.to_be_bytes(),
        &doing.to_be_bytes(),
        &[u8::from(progress.bears), 0, 0, 0],
    ];
    for (to, from) in out.iter_mut().zip(fields.concat()) {
        *to = from;
    }
    let sum = sum(&out);
    for (to, from) in out.iter_mut().skip(LENGTH - 4).zip(sum) {
        *to = from;
    }
    out
}

fn parse(bytes: &[u8; LENGTH]) -> Option<(Serial, Progress)> {
    let (body, told) = bytes.split_last_chunk::<4>()?;
    let (magic, body) = body.split_first_chunk::<4>()?;
    let (serial, body) = body.split_first_chunk::<8>()?;
    let (attempts, body) = body.split_first_chunk::<4>()?;
    let (done, body) = body.split_first_chunk::<4>()?;
    let (doing, body) = body.split_first_chunk::<4>()?;
    let doing = u32::from_be_bytes(*doing);
    let progress = Progress {
        attempts: u32::from_be_bytes(*attempts),
        done: u32::from_be_bytes(*done),
        doing: (doing != NONE).then_some(doing),
        bears: body.first() == Some(&1),
    };
    (magic == MAGIC && *told == sum(bytes)).then_some((Serial(*serial), progress))
}

/// Of everything before it.
fn sum(bytes: &[u8; LENGTH]) -> [u8; 4] {
    let body = bytes.get(..LENGTH - 4).unwrap_or_default();
    Sm3::digest(body).first_chunk().copied().unwrap_or_default()
}
