//! The frame of an image file: its header, and records with their checksums.

use super::ImageError;
use super::checksum::crc32;

/// The newest format version this program writes and reads.
pub(super) const VERSION: u16 = 1;

pub(super) const MAGIC: &[u8; 8] = b"PURSECRD";

/// magic, version, two reserved bytes, checksum of those
pub(super) const HEADER: usize = 16;

/// length, sequence number, checksum of those
pub(super) const RECORD_HEAD: usize = 16;

/// checksum of head and payload
pub(super) const RECORD_TAIL: usize = 4;

pub(super) fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_be_bytes());
    let checksum = crc32(&header[..12]);
    header[12..].copy_from_slice(&checksum.to_be_bytes());
    header
}

pub(super) fn record(sequence: u64, payload: &[u8]) -> Result<Vec<u8>, ImageError> {
    let length = u32::try_from(payload.len())
        .map_err(|_| ImageError::TooLong { length: payload.len(), limit: u32::MAX as usize })?;
    let mut record = Vec::with_capacity(RECORD_HEAD + payload.len() + RECORD_TAIL);
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(&sequence.to_be_bytes());
    record.extend_from_slice(&crc32(&record).to_be_bytes());
    record.extend_from_slice(payload);
    record.extend_from_slice(&crc32(&record).to_be_bytes());
    Ok(record)
}

/// What stands at the start of a record; its own checksum was right.
#[derive(Clone, Copy)]
pub(super) struct RecordHead {
    pub length: u32,
    pub sequence: u64,
}

impl RecordHead {
    /// The head at the start of `bytes`, if they start with one.
    pub fn parse(bytes: &[u8]) -> Option<RecordHead> {
        let (head, checksum) = bytes.get(..RECORD_HEAD)?.split_last_chunk::<4>()?;
        let (length, sequence) = head.split_first_chunk::<4>()?;
        if crc32(head) != u32::from_be_bytes(*checksum) {
            return None;
        }
        Some(RecordHead {
            length: u32::from_be_bytes(*length),
            sequence: u64::from_be_bytes(sequence.try_into().ok()?),
        })
    }

    /// The whole record's length in the file.
    pub fn record_length(self) -> u64 {
        u64::from(self.length) + (RECORD_HEAD + RECORD_TAIL) as u64
    }
}

/// The payload of the record that fills `record`, if its checksum is right.
pub(super) fn checked_payload(record: &[u8]) -> Option<&[u8]> {
    let (covered, checksum) = record.split_last_chunk::<RECORD_TAIL>()?;
    if crc32(covered) != u32::from_be_bytes(*checksum) {
        return None;
    }
    covered.get(RECORD_HEAD..)
}
