//! What a record says: a list of items, each a tag and its fields.

use std::ops::Range;
use std::sync::Arc;

use super::ImageError;
use crate::{BlobId, Nvm};

/// Meta bytes are a few words beside the memory.
pub(super) const META_LIMIT: usize = 4096;

/// Equal bytes between two changed ones that are cheaper to repeat than to start a new item.
const GAP: usize = 8;

/// size u32, log size u32: first item of the base, and only there
const GEOMETRY: u8 = 0;
/// address u32, length u16, the bytes
const BYTES: u8 = 1;
/// length u32, the undo log's bytes
const LOG: u8 = 2;
/// length u16, the meta bytes
const META: u8 = 3;
/// length u32, the content of a new blob
const BLOB: u8 = 4;
/// name of a blob that is no longer kept
const BLOB_GONE: u8 = 5;

/// Everything in a memory, as the first record of a file says it.
pub(super) fn base(nvm: &Nvm, out: &mut Vec<u8>) -> Result<(), ImageError> {
    out.push(GEOMETRY);
    out.extend_from_slice(&nvm.size().to_be_bytes());
    out.extend_from_slice(&nvm.log_size().to_be_bytes());
    changes(&Nvm::with_log(nvm.size(), nvm.log_size()), nvm, out)
}

/// What makes `new` out of `old`, a memory of the same size.
pub(super) fn changes(old: &Nvm, new: &Nvm, out: &mut Vec<u8>) -> Result<(), ImageError> {
    new.differences(old, |address, new, old| {
        for run in runs(old.bytes(), new.bytes()) {
            let bytes = &new.bytes()[run.clone()];
            out.push(BYTES);
            out.extend_from_slice(&(address + run.start as u32).to_be_bytes());
            out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
            out.extend_from_slice(bytes);
        }
    });
    if new.log_bytes() != old.log_bytes() {
        out.push(LOG);
        push_long(new.log_bytes(), out)?;
    }
    if !new.shares_blobs_with(old) {
        for (_, content) in new.blobs().filter(|(id, _)| !old.has_blob(id)) {
            out.push(BLOB);
            push_long(content, out)?;
        }
        for (id, _) in old.blobs().filter(|(id, _)| !new.has_blob(id)) {
            out.push(BLOB_GONE);
            out.extend_from_slice(id.as_bytes());
        }
    }
    Ok(())
}

/// The meta bytes, at most [`META_LIMIT`].
pub(super) fn meta(meta: &[u8], out: &mut Vec<u8>) {
    out.push(META);
    out.extend_from_slice(&(meta.len() as u16).to_be_bytes());
    out.extend_from_slice(meta);
}

/// Why a payload with a right checksum still cannot be: the place in it, and the reason.
pub(super) struct Nonsense {
    pub at: usize,
    pub why: &'static str,
}

/// The memory that the first record's payload describes, and its meta bytes.
pub(super) fn apply_base(payload: &[u8]) -> Result<(Nvm, Vec<u8>), Nonsense> {
    let mut items = Items { payload, at: 0 };
    let geometry = match items.payload.first() {
        Some(&GEOMETRY) => items.take(1).and_then(|_| Some((items.be32()?, items.be32()?))),
        _ => None,
    };
    let Some((size, log)) = geometry else {
        return Err(Nonsense { at: 0, why: "the base does not begin with the memory's size" });
    };
    let (mut nvm, mut meta) = (Nvm::with_log(size, log), Vec::new());
    nvm.power_off();
    items.apply(&mut nvm, &mut meta)?;
    Ok((nvm, meta))
}

/// Does what a journal record's payload says.
pub(super) fn apply(payload: &[u8], nvm: &mut Nvm, meta: &mut Vec<u8>) -> Result<(), Nonsense> {
    Items { payload, at: 0 }.apply(nvm, meta)
}

struct Items<'a> {
    payload: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    fn apply(&mut self, nvm: &mut Nvm, meta: &mut Vec<u8>) -> Result<(), Nonsense> {
        while self.at < self.payload.len() {
            let at = self.at;
            self.one(nvm, meta).ok_or(Nonsense { at, why: "a record says what cannot be" })?;
        }
        Ok(())
    }

    fn one(&mut self, nvm: &mut Nvm, meta: &mut Vec<u8>) -> Option<()> {
        let [tag] = self.array()?;
        match tag {
            BYTES => {
                let address = self.be32()?;
                let length = u16::from_be_bytes(self.array()?);
                nvm.restore_bytes(address, self.take(length.into())?)
            }
            LOG => {
                let length = self.be32()?;
                nvm.restore_log(self.take(length as usize)?)
            }
            META => {
                let length = usize::from(u16::from_be_bytes(self.array()?));
                if length > META_LIMIT {
                    return None;
                }
                *meta = self.take(length)?.to_vec();
                Some(())
            }
            BLOB => {
                let length = self.be32()?;
                nvm.add_blob(Arc::from(self.take(length as usize)?));
                Some(())
            }
            BLOB_GONE => {
                let gone = BlobId::from_bytes(self.array()?);
                nvm.retain_blobs(|id| *id != gone);
                Some(())
            }
            _ => None,
        }
    }

    fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.payload.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(bytes)
    }
}

fn push_long(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ImageError> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| ImageError::TooLong { length: bytes.len(), limit: u32::MAX as usize })?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// Where `new` differs from `old`, short gaps included.
fn runs<'a>(old: &'a [u8; 256], new: &'a [u8; 256]) -> impl Iterator<Item = Range<usize>> + 'a {
    let differs = move |at: &usize| old[*at] != new[*at];
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = (from..new.len()).find(differs)?;
        let mut end = start + 1;
        while let Some(next) = (end..new.len().min(end + GAP)).find(differs) {
            end = next + 1;
        }
        from = end;
        Some(start..end)
    })
}
