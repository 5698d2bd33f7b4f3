//! Recordings: what went over a link, as text (docs/formats/recording.md). A recording is a
//! fixture: [`Replay`](crate::Replay) answers from it.

use std::fmt;

use apdu::CommandApdu;

use crate::LinkError;

/// First line of a recording.
pub(crate) const HEADER: &str = "# recording 1";
/// Begins the comment with the card's family.
pub(crate) const FAMILY: &str = "# profile ";
const VERSION: &str = "# recording ";
const ATR: &str = "# ATR";
const OFF: &str = "# OFF";
const MUTE: &str = "mute";
const NO_CARD: &str = "no card";
const FAILED: &str = "failed:";

/// A recording, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// One event and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Line in the file, 1 is the first.
    pub line: usize,
    /// What happened.
    pub kind: StepKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A reset.
    Reset(Outcome),
    /// Power was taken away.
    PowerOff,
    /// A command and its answer.
    Exchange(Pattern, Outcome),
}

/// What a reset or a command gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer to reset; or data and status word.
    Bytes(Vec<u8>),
    /// The card was silent.
    Mute,
    /// There was no card.
    NoCard,
    /// Anything else, in words.
    Failed(String),
}

/// Command bytes; `None` stands for any byte (`**`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub Vec<Option<u8>>);

/// Why a text is not a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recording, line {line}: {problem}")]
pub struct RecordingError {
    /// Line, 1 is the first.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Recording {
    /// Name and version of the family that the card was taken for, where a comment before the first
    /// event tells: `# profile jtt978 1.0.0`.
    pub fn family(text: &str) -> Option<(&str, &str)> {
        let lines = text.lines().map(str::trim);
        let mut before = lines
            .take_while(|line| line.is_empty() || matches!(Marked::new(line), Marked::Nothing));
        before.find_map(|line| {
            let (name, version) = line.strip_prefix(FAMILY)?.trim().rsplit_once(' ')?;
            Some((name.trim(), version))
        })
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// [`RecordingError`] at the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut steps = Vec::new();
        let mut open: Option<(usize, Pattern)> = None;
        for (line, content) in (1..).zip(text.lines().map(str::trim)) {
            let fail = |problem: String| RecordingError { line, problem };
            let kind = match Marked::new(content) {
                Marked::Nothing => continue,
                Marked::Version(version) => {
                    return Err(fail(format!(
                        "version {version} is newer than this program, which reads 1; update it"
                    )));
                }
                Marked::Answer(text) => {
                    let (line, command) = open.take().ok_or_else(|| {
                        fail("an answer without command: a line '> HEX' goes before it".to_owned())
                    })?;
                    let answer = outcome(text).map_err(fail)?;
                    steps.push(Step { line, kind: StepKind::Exchange(command, answer) });
                    continue;
                }
                marked if open.is_some() => return Err(fail(marked.instead_of_answer())),
                Marked::Command(text) => {
                    open = Some((line, pattern(text).map_err(fail)?));
                    continue;
                }
                Marked::Atr(text) => StepKind::Reset(outcome(text).map_err(fail)?),
                Marked::Off => StepKind::PowerOff,
                Marked::Unknown => {
                    return Err(fail("lines start with '>', '<' or '#'".to_owned()));
                }
            };
            steps.push(Step { line, kind });
        }
        match open {
            None => Ok(Self { steps }),
            Some((line, _)) => Err(RecordingError {
                line,
                problem: "the command has no answer: add '< mute' or delete it".to_owned(),
            }),
        }
    }

    /// The same with the data of commands that `secrecy` names masked.
    pub fn hiding(self, secrecy: Secrecy) -> Self {
        let hidden = |Step { line, kind }| match kind {
            StepKind::Exchange(command, answer) => {
                Step { line, kind: StepKind::Exchange(command.hiding(secrecy), answer) }
            }
            kind => Step { line, kind },
        };
        Self { steps: self.steps.into_iter().map(hidden).collect() }
    }

    /// Whether a line is an event that only recordings say so: a reset, a power-off, or an answer
    /// that is no bytes.
    pub fn is_event_in_words(line: &str) -> bool {
        match Marked::new(line.trim()) {
            Marked::Atr(text) => outcome(text).is_ok(),
            Marked::Off => true,
            Marked::Answer(text) => outcome(text).is_ok_and(|it| !matches!(it, Outcome::Bytes(_))),
            _ => false,
        }
    }
}

impl fmt::Display for Recording {
    /// The text that [`Recording::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.steps.iter().try_for_each(|step| write!(f, "{}", step.kind))
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset(outcome) => writeln!(f, "{ATR} {outcome}"),
            Self::PowerOff => writeln!(f, "{OFF}"),
            Self::Exchange(command, answer) => writeln!(f, "> {command}\n< {answer}"),
        }
    }
}

impl Outcome {
    /// What `result` gave.
    pub fn of<B: AsRef<[u8]>>(result: Result<B, &LinkError>) -> Self {
        match result {
            Ok(bytes) => Self::Bytes(bytes.as_ref().to_vec()),
            Err(LinkError::Mute) => Self::Mute,
            Err(LinkError::NoCard(_)) => Self::NoCard,
            Err(error) => Self::Failed(error.to_string().replace(['\r', '\n'], " ")),
        }
    }

    /// The same as a result; `place` is what [`LinkError::NoCard`] names.
    ///
    /// # Errors
    /// What was recorded; words come back as [`LinkError::Protocol`].
    pub fn result(&self, place: &str) -> Result<Vec<u8>, LinkError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::Mute => Err(LinkError::Mute),
            Self::NoCard => Err(LinkError::NoCard(place.to_owned())),
            Self::Failed(words) => Err(LinkError::Protocol(words.clone())),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex::encode_upper(bytes)),
            Self::Mute => f.write_str(MUTE),
            Self::NoCard => f.write_str(NO_CARD),
            Self::Failed(words) => write!(f, "{FAILED} {words}"),
        }
    }
}

/// Whether the data of commands with an instruction (INS) is kept out of what is written: PINs, keys
/// and cryptograms. Who knows the instructions says it.
pub type Secrecy = fn(u8) -> bool;

impl Pattern {
    /// Every byte of `command`.
    pub fn whole(command: &[u8]) -> Self {
        Self(command.iter().map(|byte| Some(*byte)).collect())
    }

    /// `command`, with the data of one that `secrecy` names masked.
    pub fn masked(command: &[u8], secrecy: Secrecy) -> Self {
        Self::whole(command).hiding(secrecy)
    }

    /// The same with the data of one that `secrecy` names masked. CLA INS P1 P2 and Lc stay; Le goes
    /// with the data, and is its last byte where Lc is one too small.
    pub fn hiding(mut self, secrecy: Secrecy) -> Self {
        let command: Vec<u8> = self.0.iter().map(|byte| byte.unwrap_or_default()).collect();
        let apdu = CommandApdu::new(&command);
        if secrecy(apdu.ins()) {
            // Where Lc was forgotten, the first byte of the secret stands in its place.
            let shown = if apdu.data().is_empty() { 4 } else { apdu.data_offset() };
            self.0.iter_mut().skip(shown).for_each(|byte| *byte = None);
        }
        self
    }

    /// Whether `command` is meant.
    pub fn matches(&self, command: &[u8]) -> bool {
        self.0.len() == command.len()
            && self.0.iter().zip(command).all(|(wanted, byte)| wanted.is_none_or(|w| w == *byte))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| match byte {
            Some(byte) => write!(f, "{byte:02X}"),
            None => f.write_str("**"),
        })
    }
}

/// A line by its first characters.
enum Marked<'a> {
    Nothing,
    Version(&'a str),
    Command(&'a str),
    Answer(&'a str),
    Atr(&'a str),
    Off,
    Unknown,
}

impl<'a> Marked<'a> {
    fn new(line: &'a str) -> Self {
        if let Some(version) = line.strip_prefix(VERSION).filter(|_| line != HEADER) {
            Self::Version(version)
        } else if let Some(atr) = line.strip_prefix(ATR).filter(|rest| blank_first(rest)) {
            Self::Atr(atr)
        } else if line == OFF {
            Self::Off
        } else if line.is_empty() || line.starts_with('#') {
            Self::Nothing
        } else if let Some(command) = line.strip_prefix('>') {
            Self::Command(command)
        } else if let Some(answer) = line.strip_prefix('<') {
            Self::Answer(answer)
        } else {
            Self::Unknown
        }
    }

    fn instead_of_answer(&self) -> String {
        let what = match self {
            Self::Command(_) => "a second command",
            Self::Atr(_) => "a reset",
            Self::Off => "a power-off",
            _ => "an unknown line",
        };
        format!("{what} where the answer '< HEX' of the command above is due")
    }
}

fn blank_first(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t'])
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let text = text.trim();
    match (text, text.strip_prefix(FAILED)) {
        (MUTE, _) => Ok(Outcome::Mute),
        (NO_CARD, _) => Ok(Outcome::NoCard),
        (_, Some(words)) => Ok(Outcome::Failed(words.trim().to_owned())),
        _ => match pattern(text)?.0.into_iter().collect() {
            Some(bytes) => Ok(Outcome::Bytes(bytes)),
            None => Err("'**' stands for any byte of a command, not of an answer".to_owned()),
        },
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return Err("half a byte: an odd number of hex digits".to_owned());
    };
    let byte = |pair: &[u8; 2]| match pair {
        b"**" => Ok(None),
        _ => hex::decode(pair).map(|byte| byte.first().copied()),
    };
    pairs.iter().map(byte).collect::<Result<_, _>>().map(Pattern).map_err(|_| {
        format!("'{}' is not hex; words are '{MUTE}', '{NO_CARD}', '{FAILED} ...'", text.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{bytes, pins};

    #[test]
    fn of_a_secret_the_header_and_a_length_that_fits_are_written() {
        for (command, written) in [
            ("0020000003123456", "0020000003******"),
            ("002000000312345600", "0020000003********"),
            ("00200000000003123456", "00200000000003******"),
            // The length was forgotten, is wrong, or there is nothing but a length.
            ("0020000012345678", "00200000********"),
            ("0020000004123456", "00200000********"),
            ("0020000012", "00200000**"),
            ("00200000", "00200000"),
            ("0020", "0020"),
            ("00A4040003123456", "00A4040003123456"),
        ] {
            let masked = Pattern::masked(&bytes(command), pins);
            assert_eq!(masked.to_string(), written);
            assert!(masked.matches(&bytes(command)), "{written}");
            assert_eq!(masked.clone().hiding(pins), masked, "{written}");
        }
    }
}
