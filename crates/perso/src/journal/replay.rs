//! From the bytes of a journal to what it holds, or to the line that cannot be right.

use std::io::{self, BufRead, Read};
use std::path::Path;

use super::line::{self, Content, FORMAT, KIND, Line, MOST};
use super::{Binding, Held, JournalError};
use crate::engine::Entry;

/// What a file holds.
pub(super) struct Replayed {
    pub binding: Binding,
    pub held: Held,
    /// Whole lines behind the first.
    pub lines: u64,
    /// Where they end.
    pub end: u64,
}

/// Why a file holds no journal.
pub(super) enum Flaw {
    Foreign,
    Format(String),
    Damaged(String),
    Io(io::Error),
}

impl Flaw {
    pub(super) fn in_file(self, path: &Path) -> JournalError {
        let own = path.to_owned();
        match self {
            Self::Foreign => JournalError::Foreign { path: own },
            Self::Format(format) => JournalError::Format { path: own, format },
            Self::Damaged(why) => JournalError::Damaged { path: own, why },
            Self::Io(error) => JournalError::of_io(path, error),
        }
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn replay(mut file: impl BufRead) -> Result<Replayed, Flaw> {
    let mut bytes = Vec::new();
    let mut end = first(&mut file, &mut bytes)?;
    let head = next(&mut file, &mut bytes)?.and_then(line::parse);
    let Some(Line { number: 0, content: Content::Journal(binding), .. }) = head else {
        return Err(damaged(2));
    };
    end += bytes.len() as u64;
    let (mut held, mut lines, mut row) = (Held::default(), 1, 2);
    // The first row that is not whole. A loss of power may have left it so, and any after it; but
    // none that a later one knows to last.
    let mut torn = None;
    while let Some(line) = next(&mut file, &mut bytes)? {
        row += 1;
        let line = match line {
            b"" if torn.is_none() => {
                end += 1;
                continue;
            }
            line => line::parse(line),
        };
        match (line, torn) {
            (Some(line), None) if line.number == lines => {
                match line.content {
                    Content::Entries(all) => all.into_iter().for_each(|entry| held.take(entry)),
                    Content::Closed => {}
                    Content::Journal(_) => return Err(damaged(row)),
                }
                lines += 1;
                end += bytes.len() as u64;
            }
            (Some(line), torn) if line.lasting > lines || line.number < lines => {
                return Err(damaged(torn.unwrap_or(row)));
            }
            (_, None) => torn = Some(row),
            (_, Some(_)) => {}
        }
    }
    Ok(Replayed { binding, held, lines, end })
}

/// The first line of the file; gives its length.
fn first(file: &mut impl BufRead, bytes: &mut Vec<u8>) -> Result<u64, Flaw> {
    let Some(line) = next(file, bytes)? else { return Err(Flaw::Foreign) };
    let format = line.strip_prefix(KIND.as_bytes()).ok_or(Flaw::Foreign)?;
    if format != FORMAT.as_bytes() {
        let format: String = String::from_utf8_lossy(format).chars().take(16).collect();
        return Err(Flaw::Format(format.escape_default().to_string()));
    }
    Ok(bytes.len() as u64)
}

/// The next line, without its end; `None` at the end of the file, and where no line ends there.
fn next<'b>(file: &mut impl BufRead, bytes: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, Flaw> {
    bytes.clear();
    file.take(MOST as u64).read_until(b'\n', bytes)?;
    match bytes.strip_suffix(b"\n") {
        Some(line) => Ok(Some(line)),
        // Too long for a line: whatever it is, it is not one.
        None if bytes.len() == MOST => Ok(Some(bytes)),
        None => Ok(None),
    }
}

fn damaged(row: u64) -> Flaw {
    Flaw::Damaged(format!("line {row} is not as it was written"))
}

impl Held {
    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Record(serial, record) => {
                self.records.insert(serial, *record);
            }
            Entry::Step { serial, progress } => {
                if let Some(record) = self.records.get_mut(&serial) {
                    record.progress = progress;
                }
            }
            Entry::Released(serial) => {
                self.records.remove(&serial);
            }
            Entry::Refused(refusal) => {
                let known = |old: &super::Refusal| match &old.card.uid {
                    Some(_) => old.card.uid == refusal.card.uid,
                    None => old.card == refusal.card,
                };
                self.refused.retain(|old| !known(old));
                self.refused.push(refusal);
            }
        }
    }
}
