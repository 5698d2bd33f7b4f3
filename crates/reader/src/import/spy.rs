//! pcsc-spy: the PC/SC calls of a program, each with its arguments (`i`), results (`o`) and return
//! value (`=>`).
//!
//! ```text
//! SCardTransmit
//!  i hCard: 0x133EE0D5
//!  i bSendLength 0x00000005 (5)
//!  i bSendBuffer
//!  i  0000 80 5C 00 02 04                                  .\...
//!  o bRecvLength 0x00000006 (6)
//!  o bRecvBuffer
//!  o  0000 00 00 03 E8 90 00                               ......
//!  => Command successful. (SCARD_S_SUCCESS [0x00000000])  [0.000128]
//! ```
//!
//! Threads are told apart by how far they are indented.

mod readers;

use std::collections::BTreeMap;

use self::readers::Readers;
use super::build::Builder;
use super::text::{hex_bytes, leading_bytes, plain};
use link::RecordingError;

/// Reads it; of several readers, the one that `wanted` is a part of the name of.
pub(super) fn read(
    text: &str,
    wanted: Option<&str>,
    builder: &mut Builder,
) -> Result<(), RecordingError> {
    let mut readers = Readers::new(wanted);
    let mut calls: BTreeMap<usize, Call> = BTreeMap::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = plain(content);
        let (thread, content) = thread_of(&content);
        if content.starts_with("SCar") {
            let name = content.split_whitespace().next().unwrap_or_default().to_owned();
            calls.insert(thread, Call { name, line, ..Call::default() });
        } else if let Some(result) = content.trim_start().strip_prefix("=> ") {
            if let Some(call) = calls.remove(&thread) {
                readers.done(&call, result, builder)?;
            }
        } else if let Some(call) = calls.get_mut(&thread) {
            call.argument(line, content)?;
        }
    }
    // A log that was cut in the middle of a call: what was sent may have been executed.
    calls.values().try_for_each(|call| readers.done(call, "", builder))?;
    readers.check()
}

/// How far a line is indented in steps of four, and what stands there. With `-t`, pcsc-spy also
/// writes the thread's number.
fn thread_of(line: &str) -> (usize, &str) {
    let bare = line.trim_start_matches(' ');
    let indent = line.len() - bare.len();
    match bare.strip_prefix("(t").and_then(|rest| rest.split_once(") ")) {
        Some((number, rest)) => (number.parse().unwrap_or(0), rest),
        None => (indent / 4, line.get(indent / 4 * 4..).unwrap_or(line)),
    }
}

/// A call of PC/SC.
#[derive(Default)]
struct Call {
    name: String,
    line: usize,
    /// The arguments and results of one line each, such as `o bAtr`.
    values: Vec<(String, String)>,
    sent: Buffer,
    received: Buffer,
    filling: Filling,
}

/// Bytes on lines of their own.
#[derive(Default)]
struct Buffer {
    length: Option<usize>,
    bytes: Vec<u8>,
}

impl Buffer {
    /// The bytes, where all that are announced are there; `name` is how the call at `line` names the
    /// buffer.
    fn whole(&self, line: usize, name: &str) -> Result<Vec<u8>, RecordingError> {
        let found = self.bytes.len();
        let problem = match self.length {
            Some(length) if length == found => return Ok(self.bytes.clone()),
            Some(length) => format!(
                "{name}Length of this call announces {length} bytes, and {name}Buffer has {found}; \
                 is the log cut?"
            ),
            None => format!("this call has no {name}Length; is the log cut?"),
        };
        Err(RecordingError { line, problem })
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Filling {
    #[default]
    Nothing,
    Sent,
    Received,
}

impl Call {
    fn argument(&mut self, line: usize, content: &str) -> Result<(), RecordingError> {
        let content = content.trim_start();
        let Some((way, rest)) =
            content.split_at_checked(2).filter(|(way, _)| matches!(*way, "i " | "o "))
        else {
            return Ok(());
        };
        let (name, value) = match rest.strip_prefix(' ') {
            Some(row) if self.filling != Filling::Nothing => return self.row(line, row),
            // `Atr: ..` stands under the `szReader:` it belongs to.
            Some(under) => under.split_once(':').unwrap_or((under, "")),
            None => rest.split_once([':', ' ']).unwrap_or((rest, "")),
        };
        let value = value.trim();
        self.filling = match name {
            "bSendBuffer" => Filling::Sent,
            "bRecvBuffer" => Filling::Received,
            _ => Filling::Nothing,
        };
        match name {
            "bSendLength" => self.sent.length = hexadecimal(value),
            "bRecvLength" => self.received.length = hexadecimal(value),
            _ => self.values.push((format!("{way}{name}"), value.to_owned())),
        }
        Ok(())
    }

    /// A row of a buffer: its offset, and up to sixteen bytes.
    fn row(&mut self, line: usize, row: &str) -> Result<(), RecordingError> {
        let buffer = match self.filling {
            Filling::Received => &mut self.received,
            _ => &mut self.sent,
        };
        if row.trim() == "NULL" {
            return Ok(());
        }
        let missing = buffer.length.unwrap_or(0).saturating_sub(buffer.bytes.len());
        let bytes = row.split_once(' ').and_then(|(_, row)| leading_bytes(row, missing.min(16)));
        let Some(bytes) = bytes else {
            let problem =
                format!("{missing} more bytes of the buffer are due here; is the log cut?");
            return Err(RecordingError { line, problem });
        };
        buffer.bytes.extend(bytes);
        Ok(())
    }

    /// The last value of this name.
    fn value(&self, name: &str) -> Option<&str> {
        let named = |(known, _): &&(String, String)| known == name;
        self.values.iter().rev().find(named).map(|(_, value)| value.as_str())
    }

    /// The number in it.
    fn number(&self, name: &str) -> Option<usize> {
        self.value(name).and_then(hexadecimal)
    }

    /// The bytes in it; none where there are none.
    fn bytes(&self, name: &str) -> Vec<u8> {
        self.value(name).and_then(|value| hex_bytes(value).ok()).unwrap_or_default()
    }
}

/// The number after `0x`.
fn hexadecimal(value: &str) -> Option<usize> {
    let (_, digits) = value.split_once("0x")?;
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    usize::from_str_radix(digits.get(..end)?, 16).ok()
}
