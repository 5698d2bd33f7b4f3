//! apdu4j and what is built on it (GlobalPlatformPro).
//!
//! ```text
//! SCardConnect("Reader 00 00", T=*) -> T=1, 3B8801..
//! A>> T=1 (4+0008) 00A40400 08 A000000632010105 00
//! A<< (0051+2) (20ms) 6F31.. 9000
//! ```
//!
//! Newer ones write `>> ..` and `<< ..`. A dump has `# ATR: ..`, and then command and answer by
//! turns, each on a line of its own, with `# ..` between them.

use super::build::{Builder, failure};
use super::text::{hex_bytes, plain, says_words};
use link::{Outcome, RecordingError};

/// Reads either kind.
pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), RecordingError> {
    let marked = text.lines().any(|line| matches!(Line::new(&plain(line)), Line::Sent(_)));
    for (line, content) in (1..).zip(text.lines()) {
        let content = plain(content);
        let fail = |problem: String| RecordingError { line, problem };
        match Line::new(&content) {
            Line::Atr(atr) => builder.reset(line, hex_bytes(atr).map_err(fail)?),
            Line::Connected(atr) => builder.reset(line, hex_bytes(atr).unwrap_or_default()),
            Line::Sent(command) => builder.command(line, hex_bytes(command).map_err(fail)?),
            Line::Received(answer) => {
                let answer = match hex_bytes(answer) {
                    Ok(bytes) if !bytes.is_empty() => Outcome::Bytes(bytes),
                    Err(problem) if !says_words(answer) && !answer.contains("SCARD_") => {
                        return Err(fail(problem));
                    }
                    _ => failure(answer),
                };
                builder.answer(line, answer)?;
            }
            Line::Comment(words) if !marked && builder.waiting() => {
                // `# 12ms` stands before an answer, `# 12ms WORDS` in its place.
                if let Some((time, words)) = words.split_once(' ')
                    && time.ends_with("ms")
                {
                    builder.answer(line, failure(words))?;
                }
            }
            Line::Comment(_) => {}
            Line::Other(content) if !marked && !content.is_empty() => {
                let bytes = hex_bytes(content).map_err(fail)?;
                match builder.waiting() {
                    true => builder.answer(line, Outcome::Bytes(bytes))?,
                    false => builder.command(line, bytes),
                }
            }
            // What else a program says between its APDUs.
            Line::Other(_) => {}
        }
    }
    Ok(())
}

enum Line<'l> {
    Atr(&'l str),
    Connected(&'l str),
    Sent(&'l str),
    Received(&'l str),
    Comment(&'l str),
    Other(&'l str),
}

impl<'l> Line<'l> {
    fn new(line: &'l str) -> Self {
        let line = line.trim();
        let said = line.trim_start_matches('#').trim_start();
        if let Some(atr) = line.strip_prefix("# ATR:") {
            return Self::Atr(atr);
        }
        if said.starts_with("SCardConnect(")
            && let Some((_, result)) = said.rsplit_once("-> T=")
        {
            return Self::Connected(result.split_once(',').map_or("", |(_, atr)| atr));
        }
        for prefix in ["A>>", "B>>", ">>"] {
            if let Some(command) = line.strip_prefix(prefix) {
                return Self::Sent(command);
            }
        }
        for prefix in ["A<<", "B<<", "<<"] {
            if let Some(answer) = line.strip_prefix(prefix) {
                return Self::Received(answer);
            }
        }
        match line.strip_prefix('#') {
            Some(words) => Self::Comment(words.trim()),
            None => Self::Other(line),
        }
    }
}
