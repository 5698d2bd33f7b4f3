//! From the bytes of a file to the card in it, or to the place where they cannot be right. Does no
//! I/O and allocates nothing that the file merely claims.

use std::path::Path;

use super::ImageError;
use super::checksum::crc32;
use super::error::Remedy;
use super::format::{self, HEADER, MAGIC, RECORD_HEAD, RecordHead, VERSION};
use super::payload::{self, Nonsense};
use crate::Nvm;

/// What a file holds.
pub(super) struct Replayed {
    pub nvm: Nvm,
    pub meta: Vec<u8>,
    pub next_sequence: u64,
    pub base_length: u64,
    /// where the last good record ends
    pub end: u64,
}

/// Why a file holds no card.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Foreign(&'static str),
    Newer(u16),
    Damaged { at: u64, why: &'static str, remedy: Remedy },
}

impl Flaw {
    pub fn in_file(self, path: &Path) -> ImageError {
        let path = path.to_path_buf();
        match self {
            Flaw::Foreign(why) => ImageError::Foreign { path, why },
            Flaw::Newer(found) => ImageError::NewerVersion { path, found },
            Flaw::Damaged { at, why, remedy } => {
                ImageError::Damaged { path, offset: at, why, remedy }
            }
        }
    }
}

pub(super) fn replay(file: &[u8]) -> Result<Replayed, Flaw> {
    // Every version keeps its own reader here for good.
    match check_header(file)? {
        1 => replay_version_1(file),
        newer if newer > VERSION => Err(Flaw::Newer(newer)),
        _ => Err(base_flaw(0, "the format version is one that never was")),
    }
}

/// The format version, known or not, once it is certain that this is a card image.
pub(super) fn check_header(file: &[u8]) -> Result<u16, Flaw> {
    if file.is_empty() {
        return Err(Flaw::Foreign("it is empty"));
    }
    let magic = MAGIC.get(..file.len().min(MAGIC.len())).unwrap_or(MAGIC);
    if !file.starts_with(magic) {
        return Err(Flaw::Foreign("it does not begin with PURSECRD"));
    }
    let Some((covered, checksum)) = file.get(..HEADER).and_then(<[u8]>::split_last_chunk) else {
        return Err(base_flaw(0, "the file ends inside its header"));
    };
    if crc32(covered) != u32::from_be_bytes(*checksum) {
        return Err(base_flaw(0, "the header's checksum is wrong"));
    }
    let [.., high, low, _, _] = covered else { return Err(Flaw::Foreign("it has no header")) };
    Ok(u16::from_be_bytes([*high, *low]))
}

fn replay_version_1(file: &[u8]) -> Result<Replayed, Flaw> {
    let (base, first) = match record_at(file, HEADER) {
        Found::Record { payload, head } => (payload, head),
        Found::Cut => return Err(base_flaw(HEADER, "the file ends inside its base snapshot")),
        Found::Wrong(why) => return Err(base_flaw(HEADER, why)),
    };
    let payload_at = HEADER + RECORD_HEAD;
    let (nvm, meta) = payload::apply_base(base)
        .map_err(|Nonsense { at, why }| base_flaw(payload_at + at, why))?;
    let base_length = HEADER as u64 + first.record_length();
    let mut card = Replayed {
        nvm,
        meta,
        next_sequence: first.sequence.wrapping_add(1),
        base_length,
        end: base_length,
    };
    while (card.end as usize) < file.len() {
        let start = card.end as usize;
        match record_at(file, start) {
            Found::Record { payload, head } if head.sequence == card.next_sequence => {
                payload::apply(payload, &mut card.nvm, &mut card.meta).map_err(|nonsense| {
                    journal_flaw(start + RECORD_HEAD + nonsense.at, start, nonsense.why)
                })?;
                card.next_sequence = card.next_sequence.wrapping_add(1);
                card.end += head.record_length();
            }
            Found::Record { .. } => {
                return Err(journal_flaw(start, start, "a record is missing or out of order"));
            }
            _ if is_last(file, start, card.next_sequence) => break,
            Found::Cut => {
                return Err(journal_flaw(start, start, "a record is cut short"));
            }
            Found::Wrong(why) => return Err(journal_flaw(start, start, why)),
        }
    }
    Ok(card)
}

enum Found<'a> {
    Record { payload: &'a [u8], head: RecordHead },
    Cut,
    Wrong(&'static str),
}

fn record_at(file: &[u8], start: usize) -> Found<'_> {
    let rest = file.get(start..).unwrap_or_default();
    if rest.len() < RECORD_HEAD {
        return Found::Cut;
    }
    let Some(head) = RecordHead::parse(rest) else {
        return Found::Wrong("the checksum of a record's head is wrong");
    };
    let record = usize::try_from(head.record_length()).ok().and_then(|end| rest.get(..end));
    match record.map(format::checked_payload) {
        None => Found::Cut,
        Some(None) => Found::Wrong("a record's checksum is wrong"),
        Some(Some(payload)) => Found::Record { payload, head },
    }
}

/// Whether the bad record at `start` is the last thing that was written: it says itself that
/// nothing follows, or it cannot say and no later record can be found. A record is written whole
/// before the next is begun, so only the last can have been interrupted.
fn is_last(file: &[u8], start: usize, expected: u64) -> bool {
    let rest = file.get(start..).unwrap_or_default();
    if let Some(head) = RecordHead::parse(rest) {
        return head.sequence == expected && head.record_length() >= rest.len() as u64;
    }
    let could_follow = |head: RecordHead| {
        head.sequence > expected && head.sequence - expected <= rest.len() as u64
    };
    !(1..rest.len()).filter_map(|skip| RecordHead::parse(rest.get(skip..)?)).any(could_follow)
}

fn base_flaw(at: usize, why: &'static str) -> Flaw {
    Flaw::Damaged { at: at as u64, why, remedy: Remedy::RestoreCopy }
}

fn journal_flaw(at: usize, record: usize, why: &'static str) -> Flaw {
    let remedy = Remedy::RestoreCopyOrCutAt(record as u64);
    Flaw::Damaged { at: at as u64, why, remedy }
}
