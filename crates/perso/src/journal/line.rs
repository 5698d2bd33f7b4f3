//! A line of a journal: `SUM NUMBER LASTING JSON`, and the first line, which is none of these.
//!
//! NUMBER counts the lines from 0, LASTING says how many before it outlast a loss of power, and SUM
//! is of the rest of the line: the first eight bytes of its SM3 digest, in hex.

use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

use super::Binding;
use crate::engine::Entry;

/// How every journal begins, of whatever format.
pub(super) const KIND: &str = "purse-perso-journal ";
/// Format that this program writes.
pub(super) const FORMAT: &str = "1";
/// The first line.
pub(super) const FIRST: &str = "purse-perso-journal 1\n";
/// No line is longer.
pub(super) const MOST: usize = 1 << 20;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Content {
    /// Line 0: what the journal is bound to.
    Journal(Binding),
    /// What was kept at once.
    Entries(Vec<Entry>),
    /// The journal was closed in order.
    Closed,
}

/// A line.
pub(super) struct Line {
    pub number: u64,
    pub lasting: u64,
    pub content: Content,
}

/// The text of a line, with its end.
pub(super) fn write(
    number: u64,
    lasting: u64,
    content: &Content,
) -> Result<String, serde_json::Error> {
    let said = format!("{number} {lasting} {}", serde_json::to_string(content)?);
    Ok(format!("{} {said}\n", sum(said.as_bytes())))
}

/// Reads a line without its end; `None` where it is not as it was written.
pub(super) fn parse(line: &[u8]) -> Option<Line> {
    let line = std::str::from_utf8(line).ok()?;
    let (told, said) = line.split_once(' ')?;
    if told != sum(said.as_bytes()) {
        return None;
    }
    let (number, rest) = said.split_once(' ')?;
    let (lasting, json) = rest.split_once(' ')?;
    Some(Line {
        number: number.parse().ok()?,
        lasting: lasting.parse().ok()?,
        content: serde_json::from_str(json).ok()?,
    })
}

fn sum(said: &[u8]) -> String {
    let digest = Sm3::digest(said);
    hex::encode(digest.first_chunk::<8>().copied().unwrap_or_default())
}
