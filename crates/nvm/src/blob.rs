//! Large texts the card keeps whole: code, CAP files, profile texts. A blob is named by the SM3
//! hash of its content, shared by every fork, and never torn.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sm3::{Digest, Sm3};

/// The name of a blob: the SM3 hash of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

impl BlobId {
    /// The name these bytes have as a blob.
    pub fn of(content: &[u8]) -> BlobId {
        BlobId(Sm3::digest(content).into())
    }

    /// A name read back from where it was kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> BlobId {
        BlobId(bytes)
    }

    /// The 32 bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

/// The blobs of one card; forks share the whole table until one of them changes it.
#[derive(Clone, Default)]
pub(crate) struct Blobs(Option<Arc<BTreeMap<BlobId, Arc<[u8]>>>>);

impl Blobs {
    pub fn add(&mut self, content: Arc<[u8]>) -> BlobId {
        let id = BlobId::of(&content);
        if self.find(&id).is_none() {
            Arc::make_mut(self.0.get_or_insert_default()).insert(id, content);
        }
        id
    }

    pub fn find(&self, id: &BlobId) -> Option<&Arc<[u8]>> {
        self.0.as_ref()?.get(id)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&BlobId) -> bool) {
        let Some(table) = &mut self.0 else { return };
        let gone: Vec<BlobId> = table.keys().filter(|id| !keep(id)).copied().collect();
        if !gone.is_empty() {
            let table = Arc::make_mut(table);
            gone.iter().for_each(|id| drop(table.remove(id)));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&BlobId, &Arc<[u8]>)> {
        self.0.iter().flat_map(|table| table.iter())
    }

    pub fn shares_all_with(&self, other: &Blobs) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Heap bytes that `other` does not share: contents, and the table if it is another one.
    pub fn heap_bytes_apart_from(&self, other: &Blobs) -> usize {
        const TABLE_ENTRY: usize = size_of::<(BlobId, Arc<[u8]>)>();
        if self.shares_all_with(other) {
            return 0;
        }
        let of_one = |(id, content): (&BlobId, &Arc<[u8]>)| match other.find(id) {
            Some(theirs) if Arc::ptr_eq(content, theirs) => TABLE_ENTRY,
            _ => TABLE_ENTRY + content.len(),
        };
        self.iter().map(of_one).sum()
    }
}
