//! [`Nvm`]: the memory as the card sees it.

use std::sync::Arc;

use crate::blob::{BlobId, Blobs};
use crate::error::NvmError;
use crate::log::Log;
use crate::power::Power;
use crate::tree::Tree;

mod stored;
mod write;

/// Room for old bytes in the undo log when the card does not say otherwise.
const DEFAULT_LOG: u32 = 2048;

/// A card's persistent memory: a flat space of bytes, an undo log, and blobs.
///
/// A clone is an independent card in the same instant, open transaction and all; it shares every
/// page until one of the two writes to it.
#[derive(Clone)]
pub struct Nvm {
    tree: Tree,
    log: Log,
    blobs: Blobs,
    power: Power,
    size: u32,
}

/// Making and reading.
impl Nvm {
    /// A memory of `size` zero bytes, switched on, with the usual room in the undo log.
    pub fn new(size: u32) -> Nvm {
        Nvm::with_log(size, DEFAULT_LOG)
    }

    /// A memory of `size` zero bytes, switched on, whose undo log holds `log` bytes. An entry
    /// takes eight bytes beside the old bytes it keeps.
    pub fn with_log(size: u32, log: u32) -> Nvm {
        Nvm {
            tree: Tree::new(size),
            log: Log::new(log),
            blobs: Blobs::default(),
            power: Power::on(),
            size,
        }
    }

    /// Bytes the card may use: addresses `0..size`.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Bytes the undo log holds.
    pub fn log_size(&self) -> u32 {
        self.log.capacity()
    }

    /// Copies the bytes at `address` into `buf`.
    #[inline]
    pub fn read(&self, address: u32, buf: &mut [u8]) -> Result<(), NvmError> {
        self.check(address, buf.len())?;
        self.tree.read(address, buf);
        Ok(())
    }

    /// The `N` bytes at `address`.
    #[inline]
    pub fn array<const N: usize>(&self, address: u32) -> Result<[u8; N], NvmError> {
        let mut bytes = [0; N];
        self.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// The byte at `address`.
    #[inline]
    pub fn byte(&self, address: u32) -> Result<u8, NvmError> {
        self.array(address).map(u8::from_be_bytes)
    }

    /// The big-endian 16-bit number at `address`.
    #[inline]
    pub fn be16(&self, address: u32) -> Result<u16, NvmError> {
        self.array(address).map(u16::from_be_bytes)
    }

    /// The big-endian 32-bit number at `address`.
    #[inline]
    pub fn be32(&self, address: u32) -> Result<u32, NvmError> {
        self.array(address).map(u32::from_be_bytes)
    }

    #[inline]
    fn check(&self, address: u32, length: usize) -> Result<(), NvmError> {
        if !self.power.is_on() {
            return Err(NvmError::PowerLost);
        }
        if length as u64 > u64::from(self.size).saturating_sub(u64::from(address))
            || address > self.size
        {
            return Err(NvmError::OutOfRange { address, length, size: self.size });
        }
        Ok(())
    }
}

/// Power and wear.
impl Nvm {
    /// Physical writes since power-on: each log entry, each move of the log's marker (commit is
    /// one), each write in place.
    pub fn writes(&self) -> u64 {
        self.power.writes()
    }

    /// How many physical writes are ahead of an armed tear; what [`Nvm::tear_at`] takes to arm it
    /// again.
    pub fn tear_ahead(&self) -> Option<u64> {
        self.power.tear_ahead()
    }

    /// Arranges that power is lost at the `k`-th physical write from now, 1 being the next: an
    /// atomic write does not happen, a raw one is half done. `Some(0)` loses it at once, `None`
    /// calls it off. What has not come yet stays ahead over a power-on, so that recovery can be
    /// torn too.
    pub fn tear_at(&mut self, k: Option<u64>) {
        self.power.tear_at(k);
    }

    /// Whether the card has power.
    pub fn powered(&self) -> bool {
        self.power.is_on()
    }

    /// Takes power away; an open transaction will be rolled back by the next power-on.
    pub fn power_off(&mut self) {
        self.power.switch_off();
    }

    /// Gives power, counts writes from zero and rolls back the transaction that was open. When
    /// power is lost during that, call it again.
    pub fn power_on(&mut self) -> Result<(), NvmError> {
        self.power.switch_on();
        self.roll_back()
    }
}

/// Forks and what they share.
impl Nvm {
    /// An independent card in the same instant; the same as `clone`.
    pub fn fork(&self) -> Nvm {
        self.clone()
    }

    /// Whether both memories are of one size and hold the same bytes, the log and the blobs
    /// aside. What they share is not read.
    pub fn same_contents(&self, other: &Nvm) -> bool {
        self.size == other.size && self.tree.same_contents(&other.tree)
    }

    /// Bytes on the heap that this memory does not share with `other`: what a fork costs.
    pub fn heap_bytes_apart_from(&self, other: &Nvm) -> usize {
        self.tree.heap_bytes_apart_from(&other.tree)
            + self.log.heap_bytes()
            + self.blobs.heap_bytes_apart_from(&other.blobs)
    }
}

/// Blobs: code, CAP files, profile texts. They take no physical writes and are never torn.
impl Nvm {
    /// Keeps these bytes, once however often they are added.
    pub fn add_blob(&mut self, bytes: Arc<[u8]>) -> BlobId {
        self.blobs.add(bytes)
    }

    /// The bytes kept under this name.
    pub fn blob(&self, id: &BlobId) -> Option<Arc<[u8]>> {
        self.blobs.find(id).cloned()
    }

    /// All blobs, in the order of their names.
    pub fn blobs(&self) -> impl Iterator<Item = (&BlobId, &Arc<[u8]>)> {
        self.blobs.iter()
    }

    /// Forgets the blobs that nobody refers to any more.
    pub fn retain_blobs(&mut self, keep: impl FnMut(&BlobId) -> bool) {
        self.blobs.retain(keep);
    }
}
