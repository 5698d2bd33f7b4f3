//! A card's memory in a file: a base snapshot and a journal of what changed since.
//!
//! Everything that changed between two calls of [`CardImage::persist`] goes out as one record in
//! one write, so a process killed at any instant leaves the card as it was before or after. The
//! byte format is in `docs/formats/card-image.md`. This module is the only one in the crate that
//! touches the disk, and in it only `disk`.

use std::path::{Path, PathBuf};

use crate::Nvm;
use disk::{Disk, DiskFile};
use payload::META_LIMIT;

mod checksum;
mod disk;
mod error;
mod format;
mod payload;
mod replay;
#[cfg(test)]
mod tests;

pub use error::{ImageError, Remedy};

/// The journal is folded into a new base when it is longer than this...
const JOURNAL_LIMIT: u64 = 64 * 1024;

/// ...and longer than this many bases.
const JOURNAL_IN_BASES: u64 = 4;

/// What a persisted change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, by `kill -9` too.
    Process,
    /// The host losing power as well; every change waits for the disk.
    Host,
}

/// An image file, open and locked: while this lives no other process can open it.
pub struct CardImage {
    path: PathBuf,
    disk: Box<dyn Disk>,
    /// what the file says, sharing pages with the card
    last: Nvm,
    meta: Vec<u8>,
    next_sequence: u64,
    base_length: u64,
    /// where the next record goes; what lies beyond is to be cut off
    end: u64,
    beyond_end: Beyond,
    compact_above: u64,
    unsynced: bool,
    dropped: u64,
}

/// What may lie behind the last good record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Nothing,
    Remains,
}

impl CardImage {
    /// Starts an image of this card. Refuses to replace a file that exists.
    pub fn create(
        path: &Path,
        nvm: &Nvm,
        meta: &[u8],
        durability: Durability,
    ) -> Result<CardImage, ImageError> {
        check_meta(meta)?;
        let path = disk::place_of_new(path)?;
        let mut disk = DiskFile::create(&path, durability)?;
        let base = first_contents(nvm, meta, 0)?;
        disk.replace(&base).and_then(|()| disk.sync()).map_err(|source| {
            disk.discard();
            ImageError::of_write(&path, source)
        })?;
        let image = CardImage::new(path, Box::new(disk), nvm.clone(), meta.to_vec());
        Ok(image.with_base(1, base.len() as u64))
    }

    /// Opens an image and gives back the card in it, switched off, and its meta bytes. A record
    /// that was being written when the process or the host died is dropped.
    pub fn open(
        path: &Path,
        durability: Durability,
    ) -> Result<(CardImage, Nvm, Vec<u8>), ImageError> {
        let path = disk::place_of_existing(path)?;
        let (disk, contents) = DiskFile::open(&path, durability)?;
        let found = replay::replay(&contents).map_err(|flaw| flaw.in_file(&path))?;
        let mut image = CardImage::new(path, Box::new(disk), found.nvm.clone(), found.meta.clone())
            .with_base(found.next_sequence, found.base_length);
        image.end = found.end;
        image.dropped = contents.len() as u64 - found.end;
        if image.dropped > 0 {
            image.beyond_end = Beyond::Remains;
            image.cut()?;
        }
        Ok((image, found.nvm, found.meta))
    }

    /// Brings the file up to this card and these meta bytes; when it returns, they are what an
    /// `open` will find. Writes nothing when nothing changed. After an error the file still opens
    /// as the state before, or as this one where nothing but the wait for the disk failed.
    pub fn persist(&mut self, nvm: &Nvm, meta: &[u8]) -> Result<(), ImageError> {
        check_meta(meta)?;
        if nvm.size() != self.last.size() || nvm.log_size() != self.last.log_size() {
            self.compact(nvm, meta)?;
            return self.sync();
        }
        let mut payload = Vec::new();
        payload::changes(&self.last, nvm, &mut payload)?;
        if self.meta != meta {
            payload::meta(meta, &mut payload);
        }
        if payload.is_empty() {
            self.last = nvm.clone();
            return if self.unsynced { self.sync() } else { Ok(()) };
        }
        let record = format::record(self.next_sequence, &payload)?;
        if self.is_due(record.len()) {
            if self.compact(nvm, meta).is_ok() {
                return self.sync();
            }
            self.compact_above = 2 * (self.end - self.base_length);
        }
        self.append(&record)?;
        self.remember(nvm, meta);
        Ok(())
    }

    /// Where the image is, symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of an unfinished record that `open` found and dropped.
    pub fn dropped_bytes(&self) -> u64 {
        self.dropped
    }

    fn new(path: PathBuf, disk: Box<dyn Disk>, last: Nvm, meta: Vec<u8>) -> CardImage {
        CardImage {
            path,
            disk,
            last,
            meta,
            next_sequence: 0,
            base_length: 0,
            end: 0,
            beyond_end: Beyond::Nothing,
            compact_above: JOURNAL_LIMIT,
            unsynced: false,
            dropped: 0,
        }
    }

    fn with_base(mut self, next_sequence: u64, base_length: u64) -> CardImage {
        self.next_sequence = next_sequence;
        self.base_length = base_length;
        self.end = base_length;
        self.compact_above = JOURNAL_LIMIT.max(JOURNAL_IN_BASES * base_length);
        self
    }

    fn is_due(&self, record: usize) -> bool {
        self.end - self.base_length + record as u64 > self.compact_above
    }

    fn append(&mut self, record: &[u8]) -> Result<(), ImageError> {
        self.cut()?;
        let appended = self.disk.append(record);
        let appended = appended.map_err(|source| ImageError::of_write(&self.path, source));
        if let Err(error) = appended.and_then(|()| self.sync()) {
            self.beyond_end = Beyond::Remains;
            let _ = self.cut();
            return Err(error);
        }
        self.end += record.len() as u64;
        Ok(())
    }

    /// Removes what a failed or interrupted append left behind the last good record.
    fn cut(&mut self) -> Result<(), ImageError> {
        if self.beyond_end == Beyond::Remains {
            self.disk.cut(self.end).map_err(|source| ImageError::of_write(&self.path, source))?;
            self.beyond_end = Beyond::Nothing;
        }
        Ok(())
    }

    /// Folds base and journal into a new base. After an error the old file stands; after success
    /// it has yet to be synced.
    fn compact(&mut self, nvm: &Nvm, meta: &[u8]) -> Result<(), ImageError> {
        let base = first_contents(nvm, meta, self.next_sequence)?;
        self.disk.replace(&base).map_err(|source| ImageError::of_write(&self.path, source))?;
        self.base_length = base.len() as u64;
        self.end = self.base_length;
        self.beyond_end = Beyond::Nothing;
        self.compact_above = JOURNAL_LIMIT.max(JOURNAL_IN_BASES * self.base_length);
        self.remember(nvm, meta);
        Ok(())
    }

    fn remember(&mut self, nvm: &Nvm, meta: &[u8]) {
        self.next_sequence += 1;
        self.last = nvm.clone();
        if self.meta != meta {
            self.meta = meta.to_vec();
        }
    }

    fn sync(&mut self) -> Result<(), ImageError> {
        self.unsynced = true;
        self.disk.sync().map_err(|source| ImageError::of_write(&self.path, source))?;
        self.unsynced = false;
        Ok(())
    }
}

fn check_meta(meta: &[u8]) -> Result<(), ImageError> {
    if meta.len() > META_LIMIT {
        return Err(ImageError::TooLong { length: meta.len(), limit: META_LIMIT });
    }
    Ok(())
}

fn first_contents(nvm: &Nvm, meta: &[u8], sequence: u64) -> Result<Vec<u8>, ImageError> {
    let mut payload = Vec::new();
    payload::base(nvm, &mut payload)?;
    payload::meta(meta, &mut payload);
    let mut contents = format::header().to_vec();
    contents.extend_from_slice(&format::record(sequence, &payload)?);
    Ok(contents)
}
