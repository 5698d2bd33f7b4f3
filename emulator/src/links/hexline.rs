//! Hex lines: one line of hex in, one line of hex out.
//!
//! | Line in | Line out |
//! |---|---|
//! | hex digits, spaces between them allowed | data and status word in upper-case hex |
//! | `reset` | the ATR; powers up where the card is off |
//! | `atr` | the ATR, without reset |
//! | `off` | `off`; the power is gone |
//! | empty, or starting with `#` | nothing |
//!
//! Instead of an answer: `mute` (the card fell silent or has no power; it may have executed the
//! command), `no card`, or `error: ...`. A card without power is powered up by a client's first
//! command; after `off` and `mute` it wants `reset`. Power stays on when a client leaves.

use std::io::{self, BufRead, Write};

use link::socket::Bound;
use link::{CardControl, CardTransport, LinkError};

use super::SharedCard;
use super::lines::{Line, LineReader};
use super::listen::{self, Reply};
use super::shared::fatal;

/// Longest line: an extended APDU of 65544 bytes in hex, and room for spaces.
pub const MAX_LINE: usize = 140 * 1024;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing: an empty line or a comment.
    Nothing,
    /// Reset, answer the ATR.
    Reset,
    /// Answer the ATR.
    Atr,
    /// Take the power away.
    Off,
    /// Send a command.
    Command(Vec<u8>),
}

/// Why a line asks for nothing that is known. Columns count bytes, 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A character that is not hex.
    #[error(
        "column {column}: '{}' is not a hex digit; send a command in hex, or reset, atr, off",
        found.escape_ascii()
    )]
    NotHex {
        /// Where.
        column: usize,
        /// What is there.
        found: u8,
    },
    /// An odd number of digits.
    #[error("column {column}: half a byte; the last hex digit has no partner")]
    HalfByte {
        /// Where the last digit is.
        column: usize,
    },
    /// More than [`MAX_LINE`] bytes.
    #[error("column {MAX_LINE}: the line is longer than any command; it was skipped")]
    TooLong,
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(line: &[u8]) -> Result<Self, RequestError> {
        let words = line.trim_ascii();
        match words {
            [] | [b'#', ..] => Ok(Self::Nothing),
            _ if words.eq_ignore_ascii_case(b"reset") => Ok(Self::Reset),
            _ if words.eq_ignore_ascii_case(b"atr") => Ok(Self::Atr),
            _ if words.eq_ignore_ascii_case(b"off") => Ok(Self::Off),
            _ => command(line).map(Self::Command),
        }
    }
}

fn command(line: &[u8]) -> Result<Vec<u8>, RequestError> {
    let mut bytes = Vec::with_capacity(line.len() / 2);
    let mut half: Option<(usize, u8)> = None;
    for (column, found) in (1..).zip(line.iter().copied()) {
        if found.is_ascii_whitespace() {
            continue;
        }
        let digit = match found {
            b'0'..=b'9' => found - b'0',
            b'a'..=b'f' => found - b'a' + 10,
            b'A'..=b'F' => found - b'A' + 10,
            _ => return Err(RequestError::NotHex { column, found }),
        };
        match half.take() {
            None => half = Some((column, digit)),
            Some((_, high)) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes),
        Some((column, _)) => Err(RequestError::HalfByte { column }),
    }
}

/// One client's conversation with the card.
pub struct Session<C> {
    shared: SharedCard<C>,
    /// How often the card had left when this client last asked for power or was given it.
    powered_at: Option<u64>,
}

impl<C: CardTransport + CardControl + Send> Session<C> {
    /// A client that has said nothing yet.
    pub fn new(shared: &SharedCard<C>) -> Self {
        Self { shared: shared.clone(), powered_at: None }
    }

    /// Answers a line.
    pub fn answer(&mut self, line: &Line) -> Reply {
        let request = match line {
            Line::Text(text) => Request::parse(text),
            Line::TooLong => Err(RequestError::TooLong),
        };
        let answer = match request {
            Ok(Request::Nothing) => return Reply::nothing(),
            Err(error) => return Reply::line(format!("error: {error}")),
            Ok(Request::Reset) => self.reset().map(|atr| hex::encode_upper(atr.0)),
            Ok(Request::Atr) => self.shared.atr().map(|atr| hex::encode_upper(atr.0)),
            Ok(Request::Off) => {
                self.powered_at = Some(self.shared.departures());
                self.shared.power_off().map(|()| "off".to_owned())
            }
            Ok(Request::Command(command)) => self.transmit(&command).map(hex::encode_upper),
        };
        answer.map_or_else(failed, Reply::line)
    }

    fn reset(&mut self) -> Result<link::Atr, LinkError> {
        self.powered_at = Some(self.shared.departures());
        self.shared.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let departures = self.shared.departures();
        let first = self.powered_at.replace(departures) != Some(departures);
        match first {
            true => self.shared.transmit_powered(command),
            false => self.shared.transmit(command),
        }
    }
}

fn failed(error: LinkError) -> Reply {
    let text = match &error {
        LinkError::Mute | LinkError::Bug(_) => "mute".to_owned(),
        LinkError::NoCard(_) => "no card".to_owned(),
        other => format!("error: {other}").replace(['\r', '\n'], " "),
    };
    Reply { text: Some(text), failure: fatal(&error).then_some(error) }
}

/// Serves hex lines to every client of `bound`, until the links are stopped.
///
/// # Errors
/// [`LinkError::Bug`] or [`LinkError::Storage`] of the card, [`LinkError::Io`] of the socket.
pub fn serve<C>(shared: &SharedCard<C>, bound: &Bound) -> Result<(), LinkError>
where
    C: CardTransport + CardControl + Send,
{
    listen::serve(shared, bound, MAX_LINE, || {
        let mut session = Session::new(shared);
        move |line| session.answer(&line)
    })
}

/// Serves hex lines from `input` to `output`, until the input ends or the links are stopped.
///
/// # Errors
/// [`LinkError::Bug`] or [`LinkError::Storage`] of the card, [`LinkError::Io`] of input or output.
pub fn serve_stdio<C>(
    shared: &SharedCard<C>,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), LinkError>
where
    C: CardTransport + CardControl + Send,
{
    let failed = |what: &str| {
        let what = format!("{what} hex lines");
        |source: io::Error| LinkError::Io { what, source }
    };
    let mut session = Session::new(shared);
    let mut lines = LineReader::new(MAX_LINE);
    while !shared.stopped() {
        let count = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => {
                let chunk = other.map_err(failed("reading"))?;
                lines.push(chunk);
                chunk.len()
            }
        };
        input.consume(count);
        if count == 0 {
            lines.finish();
        }
        listen::say_all(shared, &mut output, &mut lines, &mut |line| session.answer(&line))
            .map_err(failed("writing"))?;
        if count == 0 {
            break;
        }
    }
    shared.outcome()
}
