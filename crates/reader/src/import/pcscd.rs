//! The PC/SC daemon, started with --apdu: `00000057 APDU: 80 5C 00 02 04` and `00000042 SW: 90 00`,
//! with a thread in brackets in newer versions, and whatever syslog puts before it. It does not say
//! which reader it means.

use super::build::Builder;
use super::text::{hex_bytes, plain};
use link::{Outcome, RecordingError};

/// Reads it.
pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    for (line, content) in (1..).zip(text.lines()) {
        let content = plain(content);
        let fail = |problem: String| RecordingError { line, problem };
        if let Some(command) = after(&content, "APDU:") {
            if builder.waiting() {
                return Err(fail(
                    "a second command before the answer to the first: two readers are in this log, \
                     which does not tell them apart; record one alone, or use pcsc-spy"
                        .to_owned(),
                ));
            }
            builder.command(line, hex_bytes(command).map_err(fail)?);
        } else if let Some(answer) = after(&content, "SW:") {
            builder.answer(line, Outcome::Bytes(hex_bytes(answer).map_err(fail)?))?;
        } else if let Some(atr) = after(&content, "Card ATR:") {
            builder.reset(line, hex_bytes(atr).map_err(fail)?);
        }
    }
    Ok(())
}

/// Whether a line is one of those that matter.
pub(super) fn is_marked(line: &str) -> bool {
    ["APDU:", "SW:"].iter().any(|mark| after(line, mark).is_some() && !line.starts_with(mark))
}

/// What follows `mark`, where it stands at the start or behind a time, a thread, and the like.
fn after<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    let (before, rest) = line.split_once(mark)?;
    let preamble = before.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let stands_alone = before.is_empty() || before.ends_with(' ');
    (preamble && stands_alone && !before.contains("Card ")).then_some(rest.trim())
}
