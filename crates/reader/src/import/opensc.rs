//! OpenSC: the debug log of its library, and the talk of opensc-tool.
//!
//! ```text
//! Outgoing APDU (5 bytes):          Sending: 80 5C 00 02 04
//! 80 5C 00 02 04 .\...              Received (SW1=0x90, SW2=0x00):
//!                                   00 00 03 E8 ....
//! Incoming APDU (6 bytes):
//! 00 00 03 E8 90 00 ......
//! ```
//!
//! A log with both is of opensc-tool with debugging on; the library's word counts then, which has
//! every APDU.

use super::build::{Builder, failure};
use super::text::{dump_line, hex_bytes, leading_bytes, number, plain};
use link::{Outcome, RecordingError};

/// Reads either, or both in one.
pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    let lines: Vec<_> = text.lines().map(plain).collect();
    let debug = lines.iter().any(|line| heading(line).is_some());
    let mut reader = Reader { builder, connecting: false, dump: None };
    for (line, content) in (1..).zip(&lines) {
        match debug {
            true => reader.debug_line(line, content)?,
            false => reader.tool_line(line, content)?,
        }
    }
    reader.end_dump()
}

/// Which way an APDU goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

struct Reader<'b> {
    builder: &'b mut Builder,
    /// The card was connected to, and its ATR was not seen yet.
    connecting: bool,
    dump: Option<Dump>,
}

/// Bytes that come on the lines that follow.
struct Dump {
    line: usize,
    way: Way,
    bytes: Vec<u8>,
    /// How many are announced; opensc-tool does not say it.
    length: Option<usize>,
    /// SW1 SW2, where they stand apart.
    status: Vec<u8>,
}

impl Reader<'_> {
    fn debug_line(&mut self, line: usize, content: &str) -> Result<(), RecordingError> {
        if let Some(dump) = &mut self.dump {
            let missing = dump.length.unwrap_or(0).saturating_sub(dump.bytes.len());
            let row = leading_bytes(content, missing.min(16)).ok_or_else(|| RecordingError {
                line,
                problem: format!(
                    "{missing} more bytes of the APDU of line {} are due here; is the log cut, or \
                     are two programs in it?",
                    dump.line
                ),
            })?;
            dump.bytes.extend(row);
        } else if let Some((way, length)) = heading(content) {
            let status = Vec::new();
            self.dump = Some(Dump { line, way, bytes: Vec::new(), length: Some(length), status });
        } else if content.contains("pcsc_connect: called") || content.contains("sc_reset: called") {
            self.connecting = true;
        } else if content.contains("unable to transmit APDU") {
            let words = content.rsplit_once("APDU: ").map_or(content, |(_, words)| words);
            if self.builder.waiting() {
                self.builder.answer(line, failure(words))?;
            }
        } else if let Some(atr) = atr(content) {
            if self.connecting || self.builder.is_empty() {
                self.builder.reset(line, atr);
            }
            self.connecting = false;
        }
        let whole = |dump: &Dump| dump.length.is_some_and(|length| length <= dump.bytes.len());
        if self.dump.as_ref().is_some_and(whole) { self.end_dump() } else { Ok(()) }
    }

    fn tool_line(&mut self, line: usize, content: &str) -> Result<(), RecordingError> {
        if let Some(dump) = &mut self.dump {
            if let Some(row) = dump_line(content) {
                dump.bytes.extend(row);
                return Ok(());
            }
            self.end_dump()?;
        }
        let fail = |problem: String| RecordingError { line, problem };
        if let Some(command) = content.strip_prefix("Sending: ") {
            if self.connecting {
                self.connecting = false;
                self.builder.reset(line, Vec::new());
            }
            self.builder.command(line, hex_bytes(command).map_err(fail)?);
        } else if let Some(words) = content.strip_prefix("Received (SW1=0x") {
            let status = words.split(", SW2=0x").filter_map(|word| word.get(..2));
            let status = hex_bytes(&status.collect::<Vec<_>>().join(" ")).map_err(fail)?;
            if status.len() != 2 {
                return Err(fail(
                    "SW1 and SW2 are due here, as in (SW1=0x90, SW2=0x00)".to_owned(),
                ));
            }
            self.dump = Some(Dump { line, way: Way::In, bytes: Vec::new(), length: None, status });
        } else if let Some(words) = content.strip_prefix("APDU transmit failed: ") {
            self.builder.answer(line, failure(words))?;
        } else if content.starts_with("Using reader") {
            self.connecting = true;
        } else if let Some(atr) = colon_hex(content.trim()).filter(|_| !self.builder.waiting()) {
            self.connecting = false;
            self.builder.reset(line, atr);
        }
        Ok(())
    }

    fn end_dump(&mut self) -> Result<(), RecordingError> {
        let Some(Dump { line, way, mut bytes, length, status }) = self.dump.take() else {
            return Ok(());
        };
        if length.is_some_and(|length| length > bytes.len()) {
            let problem = "the log ends within this APDU".to_owned();
            return Err(RecordingError { line, problem });
        }
        bytes.extend(status);
        match way {
            Way::Out => {
                if self.connecting {
                    self.connecting = false;
                    self.builder.reset(line, Vec::new());
                }
                self.builder.command(line, bytes);
                Ok(())
            }
            Way::In => self.builder.answer(line, Outcome::Bytes(bytes)),
        }
    }
}

/// `Outgoing APDU (14 bytes):`, or as older versions write it `Outgoing APDU data [   14 bytes] ===`.
fn heading(line: &str) -> Option<(Way, usize)> {
    let line = line.trim_start();
    let (way, rest) = match (line.strip_prefix("Outgoing APDU"), line.strip_prefix("Incoming APDU"))
    {
        (Some(rest), _) => (Way::Out, rest),
        (_, Some(rest)) => (Way::In, rest),
        _ => return None,
    };
    rest.contains(" byte").then_some(())?;
    Some((way, number(rest)?))
}

/// `ATR     : 3b:88:01`; lines with other words are of the ATRs that drivers try.
fn atr(line: &str) -> Option<Vec<u8>> {
    let (_, rest) = line.split_once("ATR ")?;
    colon_hex(rest.trim_start().strip_prefix(": ")?.trim())
}

/// Two bytes or more with colons between them.
fn colon_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text
        .split(':')
        .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex_bytes(text).ok().filter(|bytes| pairs && bytes.len() > 1)
}
