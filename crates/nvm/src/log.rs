//! The undo log: what the memory held before the open transaction wrote to it.
//!
//! An entry is the old bytes followed by an eight-byte trailer, `address` and `length`, so that
//! the log can be walked backwards from its end. Bytes lie in the log before they count: one
//! physical write puts the entry behind the valid part, a second, atomic one moves the marker over
//! it. An entry torn in the middle therefore lies beyond the marker, is never replayed, and is
//! overwritten by the next. Commit is the marker going back to zero.

use crate::tree::Tree;

const TRAILER: usize = 8;

/// How far back `covers` looks: enough for fields written again and again in one transaction.
const LOOK_BACK: usize = 8;

#[derive(Clone)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    /// the marker: how many of `bytes` count
    valid: u32,
    capacity: u32,
}

/// Old bytes and where they belong.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub address: u32,
    pub old: &'a [u8],
}

impl Log {
    pub fn new(capacity: u32) -> Log {
        Log { bytes: Vec::new(), valid: 0, capacity }
    }

    /// A log as it was persisted; `None` if it is not a whole number of entries, each inside a
    /// memory of `size` bytes.
    pub fn restore(capacity: u32, bytes: &[u8], size: u32) -> Option<Log> {
        let valid = u32::try_from(bytes.len()).ok().filter(|&valid| valid <= capacity)?;
        let log = Log { bytes: bytes.to_vec(), valid, capacity };
        let mut walked = 0;
        for entry in log.newest_first() {
            let end = u64::from(entry.address) + entry.old.len() as u64;
            if end > u64::from(size) {
                return None;
            }
            walked += entry.old.len() + TRAILER;
        }
        (walked == bytes.len()).then_some(log)
    }

    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The entries that count, as bytes.
    pub fn valid_bytes(&self) -> &[u8] {
        self.bytes.get(..self.valid as usize).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.valid == 0
    }

    /// The log bytes an entry for `length` old bytes needs, and the log bytes left.
    #[inline]
    pub fn room_for(&self, length: usize) -> (usize, usize) {
        (length.saturating_add(TRAILER), (self.capacity - self.valid) as usize)
    }

    /// Lays the entry behind the valid part; it does not count yet.
    #[inline]
    pub fn stage(&mut self, memory: &Tree, address: u32, length: usize) {
        self.bytes.truncate(self.valid as usize);
        memory.append_to(address, length, &mut self.bytes);
        let mut trailer = [0; TRAILER];
        trailer[..4].copy_from_slice(&address.to_be_bytes());
        trailer[4..].copy_from_slice(&(length as u32).to_be_bytes());
        self.bytes.extend_from_slice(&trailer);
    }

    /// What is left of a staged entry when power was lost in the middle of it.
    pub fn tear_staged(&mut self) {
        let staged = self.bytes.len() - self.valid as usize;
        self.bytes.truncate(self.valid as usize + staged / 2);
    }

    /// Moves the marker over the staged entry: from now on it will be replayed.
    #[inline]
    pub fn seal(&mut self) {
        self.valid = self.bytes.len() as u32;
    }

    /// Moves the marker back to zero.
    #[inline]
    pub fn clear(&mut self) {
        self.valid = 0;
        self.bytes.clear();
    }

    /// Whether a recent entry already holds the old value of all these bytes.
    #[inline]
    pub fn covers(&self, address: u32, length: usize) -> bool {
        self.newest_first().take(LOOK_BACK).any(|entry| {
            address
                .checked_sub(entry.address)
                .is_some_and(|skip| (skip as usize).saturating_add(length) <= entry.old.len())
        })
    }

    /// Makes `new` the old value of these bytes wherever they are logged.
    pub fn patch(&mut self, address: u32, new: &[u8]) {
        let (start, end) = (u64::from(address), u64::from(address) + new.len() as u64);
        let mut cursor = self.valid as usize;
        while let Some((entry_address, old)) = trailer_before(&self.bytes, cursor) {
            let entry_start = u64::from(entry_address);
            let from = start.max(entry_start);
            let to = end.min(entry_start + old.len() as u64);
            if from < to {
                let target = old.start + (from - entry_start) as usize;
                let length = (to - from) as usize;
                let source = (from - start) as usize;
                self.bytes[target..target + length].copy_from_slice(&new[source..source + length]);
            }
            cursor = old.start;
        }
    }

    /// The entries that count, the youngest first: the order in which they are undone.
    pub fn newest_first(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut cursor = self.valid as usize;
        std::iter::from_fn(move || {
            let (address, old) = trailer_before(&self.bytes, cursor)?;
            cursor = old.start;
            Some(Entry { address, old: &self.bytes[old] })
        })
    }
}

/// The address and the place of the old bytes of the entry that ends at `cursor`.
#[inline]
fn trailer_before(bytes: &[u8], cursor: usize) -> Option<(u32, std::ops::Range<usize>)> {
    let (rest, trailer) = bytes.get(..cursor)?.split_last_chunk::<TRAILER>()?;
    let [a, b, c, d, e, f, g, h] = *trailer;
    let length = u32::from_be_bytes([e, f, g, h]) as usize;
    let start = rest.len().checked_sub(length)?;
    Some((u32::from_be_bytes([a, b, c, d]), start..rest.len()))
}
