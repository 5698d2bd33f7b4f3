//! The memory as stored, with or without power: what a card image reads and sets.

use super::Nvm;
use crate::blob::BlobId;
use crate::log::Log;
use crate::tree::Page;

impl Nvm {
    /// Shows each page in which the user's bytes differ: its first address, this memory's bytes,
    /// the other's.
    pub(crate) fn differences(&self, other: &Nvm, mut visit: impl FnMut(u32, &Page, &Page)) {
        self.tree.differences(&other.tree, |number, mine, theirs| visit(number << 8, mine, theirs));
    }

    pub(crate) fn log_bytes(&self) -> &[u8] {
        self.log.valid_bytes()
    }

    pub(crate) fn has_blob(&self, id: &BlobId) -> bool {
        self.blobs.find(id).is_some()
    }

    pub(crate) fn shares_blobs_with(&self, other: &Nvm) -> bool {
        self.blobs.shares_all_with(&other.blobs)
    }

    /// Sets bytes as they were stored; `None` if there are none or they lie outside.
    pub(crate) fn restore_bytes(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        let end = u64::from(address) + bytes.len() as u64;
        if bytes.is_empty() || end > u64::from(self.size) {
            return None;
        }
        self.tree.write(address, bytes);
        Some(())
    }

    /// Sets the undo log as it was stored; `None` if no log could read so.
    pub(crate) fn restore_log(&mut self, bytes: &[u8]) -> Option<()> {
        self.log = Log::restore(self.log.capacity(), bytes, self.size)?;
        Some(())
    }
}
