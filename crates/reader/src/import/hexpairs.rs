//! Lines of hex: with marks such as `>` and `<`, or command and answer by turns. What scriptor and
//! pyscard print is of this kind.

use super::build::{Builder, failure};
use super::text::{hex_bytes, plain, says_words, without_prefix};
use link::{Outcome, RecordingError};

/// What marks a command, longest first.
const COMMANDS: &[&str] = &[
    ">>", "->", "=>", "-->", "==>", ">", "c-apdu:", "capdu:", "command:", "cmd:", "apdu:",
    "sending:", "send:", "sent:", "tx:",
];
/// What marks an answer, longest first.
const ANSWERS: &[&str] = &[
    "<<",
    "<--",
    "<==",
    "<-",
    "<=",
    "<",
    "r-apdu:",
    "rapdu:",
    "response:",
    "rsp:",
    "received:",
    "receive:",
    "recv:",
    "sw:",
    "rx:",
];
/// scriptor breaks an answer after this many bytes.
const ROW: usize = 16;

/// Reads it.
pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    let marked = text.lines().any(|line| strip(plain(line).trim(), COMMANDS).is_some());
    match marked {
        true => by_marks(text, builder),
        false => by_turns(text, builder),
    }
}

fn by_turns(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    for (line, content) in (1..).zip(text.lines()) {
        let content = plain(content);
        let content = content.trim();
        let fail = |problem: String| RecordingError { line, problem };
        if is_comment(content) {
            continue;
        }
        if let Some(atr) = strip(content, &["atr", "reset"]) {
            builder.reset(line, hex_bytes(atr).map_err(fail)?);
            continue;
        }
        let bytes = hex_bytes(content).map_err(|problem| {
            let due = if builder.waiting() { "an answer" } else { "a command" };
            fail(format!("{problem}, where {due} in hex is due; '#' starts a comment"))
        })?;
        match builder.waiting() {
            true => builder.answer(line, Outcome::Bytes(bytes))?,
            false => builder.command(line, bytes),
        }
    }
    Ok(())
}

/// An answer, which may go on in the next line.
struct Answer {
    line: usize,
    bytes: Vec<u8>,
    goes_on: bool,
}

fn by_marks(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    let mut answer: Option<Answer> = None;
    let mut resetting = false;
    for (line, content) in (1..).zip(text.lines()) {
        let content = plain(content);
        let content = content.trim();
        let fail = |problem: String| RecordingError { line, problem };
        if let Some(open) = &mut answer
            && open.goes_on
            && let Some(row) = continuation(content)
        {
            open.goes_on = row.len() == ROW && !content.contains(" : ");
            open.bytes.extend(row);
            continue;
        }
        if let Some(Answer { line, bytes, .. }) = answer.take() {
            builder.answer(line, Outcome::Bytes(bytes))?;
        }
        if let Some(command) = strip(content, COMMANDS) {
            resetting = command.eq_ignore_ascii_case("reset");
            if !resetting {
                builder.command(line, hex_bytes(command).map_err(fail)?);
            }
        } else if let Some(words) = strip(content, ANSWERS) {
            if resetting {
                resetting = false;
                let atr = without_prefix(words, "ok:").unwrap_or(words);
                builder.reset(line, hex_bytes(atr).map_err(fail)?);
                continue;
            }
            match hex_bytes(words) {
                Ok(bytes) => {
                    let goes_on = bytes.len() == ROW && !words.contains(" : ");
                    answer = Some(Answer { line, bytes, goes_on });
                }
                Err(_) if says_words(words) => builder.answer(line, failure(words))?,
                Err(problem) => return Err(fail(problem)),
            }
        } else if let Some(atr) = without_prefix(content, "atr:") {
            builder.reset(line, hex_bytes(atr).map_err(fail)?);
        }
    }
    match answer {
        Some(Answer { line, bytes, .. }) => builder.answer(line, Outcome::Bytes(bytes)),
        None => Ok(()),
    }
}

/// A line of an answer that began above.
fn continuation(content: &str) -> Option<Vec<u8>> {
    let bytes = hex_bytes(content).ok()?;
    (!bytes.is_empty() && bytes.len() <= ROW).then_some(bytes)
}

fn strip<'l>(line: &'l str, marks: &[&str]) -> Option<&'l str> {
    marks.iter().find_map(|mark| without_prefix(line, mark)).map(str::trim)
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || ["#", ";", "//"].iter().any(|mark| line.starts_with(mark))
}
