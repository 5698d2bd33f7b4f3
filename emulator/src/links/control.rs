//! The control channel: what a hand or a mishap does to a card. One line in, one line out.
//!
//! | Line in | What happens |
//! |---|---|
//! | `insert`, `remove` | the card is put into its reader, or pulled out |
//! | `reset` | the card is reset; a PC/SC reader is not told, as with a glitch on its contacts |
//! | `tear K` | power is lost at the K-th memory write from now, 1 is the next |
//! | `snapshot NAME`, `restore NAME` | the whole state is kept, or taken back; restoring powers off |
//! | `resume NAME` | the state is taken back and its reader does not notice |
//! | `rehearse HEX...` | a copy of the card, reset, answers these commands: `ok HEX...`, `-` is silence |
//! | `set KEY=VALUE...` | values of the card, in this order |
//! | `status`, `status --json` | answers one JSON object of strings; `inserted` is yes or no |
//!
//! Answers are `ok ...` or `error: ...`.

use link::socket::Bound;
use link::{CardControl, CardTransport, ControlError, LinkError};

use super::SharedCard;
use super::lines::Line;
use super::listen::{self, Reply};
use super::shared::fatal;

/// Longest line.
pub const MAX_LINE: usize = 64 * 1024;
/// Longest line of answers to `rehearse`.
const MAX_ANSWERS: usize = 128 * 1024;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing: an empty line or a comment.
    Nothing,
    /// Put the card in.
    Insert,
    /// Pull it out.
    Remove,
    /// Reset it.
    Reset,
    /// Lose power at this write.
    Tear(u64),
    /// Keep the state.
    Snapshot(String),
    /// Go back to a state.
    Restore(String),
    /// Go back to a state behind the reader's back.
    Resume(String),
    /// Ask a copy of the card.
    Rehearse(Vec<Vec<u8>>),
    /// Set values.
    Set(Vec<(String, String)>),
    /// Tell the state.
    Status,
}

/// Why a line asks for nothing that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// An unknown word.
    #[error(
        "'{0}' is not known; send insert, remove, reset, tear K, snapshot NAME, restore NAME, \
         resume NAME, rehearse HEX..., set KEY=VALUE... or status"
    )]
    Unknown(String),
    /// Too few or too many words, or a wrong one.
    #[error("{0}")]
    Usage(&'static str),
    /// Not UTF-8, or longer than [`MAX_LINE`].
    #[error("the line is not text of at most {MAX_LINE} bytes; it was skipped")]
    NotText,
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(line: &[u8]) -> Result<Self, RequestError> {
        let text = str::from_utf8(line).map_err(|_| RequestError::NotText)?;
        let mut words = text.split_whitespace();
        let Some(verb) = words.next().filter(|verb| !verb.starts_with('#')) else {
            return Ok(Self::Nothing);
        };
        let rest: Vec<&str> = words.collect();
        let usage = |text| Err(RequestError::Usage(text));
        match (verb, rest.as_slice()) {
            ("insert", []) => Ok(Self::Insert),
            ("remove", []) => Ok(Self::Remove),
            ("reset", []) => Ok(Self::Reset),
            ("status", [] | ["--json"]) => Ok(Self::Status),
            ("insert" | "remove" | "reset" | "status", _) => {
                usage("insert, remove, reset and status stand alone; only status takes --json")
            }
            ("tear", [number]) => match number.parse() {
                Ok(write @ 1..) => Ok(Self::Tear(write)),
                _ => usage("tear takes the number of a memory write from now, 1 is the next"),
            },
            ("tear", _) => usage("tear takes one number: tear 1 loses power at the next write"),
            ("snapshot", [name]) => Ok(Self::Snapshot((*name).to_owned())),
            ("restore", [name]) => Ok(Self::Restore((*name).to_owned())),
            ("resume", [name]) => Ok(Self::Resume((*name).to_owned())),
            ("snapshot" | "restore" | "resume", _) => {
                usage("snapshot, restore and resume take one name")
            }
            ("rehearse", commands) => commands
                .iter()
                .map(hex::decode)
                .collect::<Result<_, _>>()
                .map(Self::Rehearse)
                .or_else(|_| usage("rehearse takes commands as hexadecimal words")),
            ("set", []) => usage("set takes KEY=VALUE, several with spaces between them"),
            ("set", pairs) => {
                pairs.iter().map(|pair| assignment(pair)).collect::<Result<_, _>>().map(Self::Set)
            }
            _ => Err(RequestError::Unknown(verb.escape_debug().to_string())),
        }
    }
}

fn assignment(pair: &str) -> Result<(String, String), RequestError> {
    match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(RequestError::Usage("set takes KEY=VALUE without spaces around the '='")),
    }
}

/// Answers a line.
pub fn answer<C: CardTransport + CardControl + Send>(shared: &SharedCard<C>, line: &Line) -> Reply {
    let request = match line {
        Line::Text(text) => Request::parse(text),
        Line::TooLong => Err(RequestError::NotText),
    };
    match request {
        Ok(Request::Nothing) => Reply::nothing(),
        Ok(request) => execute(shared, request).map_or_else(failed, Reply::line),
        Err(error) => Reply::line(format!("error: {error}")),
    }
}

fn execute<C>(shared: &SharedCard<C>, request: Request) -> Result<String, ControlError>
where
    C: CardTransport + CardControl + Send,
{
    let done = match request {
        Request::Nothing => String::new(),
        Request::Insert => {
            shared.control(CardControl::insert)?;
            "ok inserted".to_owned()
        }
        Request::Remove => {
            shared.departure(CardControl::remove)?;
            "ok removed".to_owned()
        }
        Request::Reset => format!("ok reset, ATR {}", shared.reset().map_err(ControlError::Link)?),
        Request::Tear(write) => {
            shared.control(|card| card.tear(write))?;
            format!("ok power is lost at write {write} from now")
        }
        Request::Snapshot(name) => {
            shared.control(|card| card.snapshot(&name))?;
            format!("ok snapshot {name}")
        }
        Request::Restore(name) => {
            shared.departure(|card| card.restore(&name))?;
            format!("ok restored {name}, powered off")
        }
        Request::Resume(name) => {
            shared.control(|card| card.resume(&name))?;
            format!("ok resumed {name}")
        }
        Request::Rehearse(commands) => answers(&shared.control(|card| card.rehearse(&commands))?)?,
        Request::Set(pairs) => {
            shared.control(|card| set(card, &pairs))?;
            format!("ok set {} values", pairs.len())
        }
        Request::Status => shared.control(status)?,
    };
    Ok(done)
}

/// Answers in hexadecimal; one line of them must fit a client's patience.
fn answers(answers: &[Vec<u8>]) -> Result<String, ControlError> {
    let mut line = "ok".to_owned();
    for answer in answers {
        line.push(' ');
        match answer.as_slice() {
            [] => line.push('-'),
            bytes => line.push_str(&hex::encode_upper(bytes)),
        }
        if line.len() > MAX_ANSWERS {
            return Err(ControlError::Value(format!(
                "the answers are longer than {MAX_ANSWERS} characters; rehearse fewer commands"
            )));
        }
    }
    Ok(line)
}

/// Sets values in order; an error says which are set already.
fn set(card: &mut impl CardControl, pairs: &[(String, String)]) -> Result<(), ControlError> {
    for (at, (key, value)) in pairs.iter().enumerate() {
        card.set(key, value).map_err(|error| match error {
            ControlError::Value(problem) if at > 0 => {
                ControlError::Value(format!("{problem} (the {at} before it are set)"))
            }
            other => other,
        })?;
    }
    Ok(())
}

/// One JSON object, in the card's order.
fn status(card: &mut impl CardControl) -> Result<String, ControlError> {
    let mut pairs = card.status()?;
    if !pairs.iter().any(|(key, _)| key == "inserted") {
        let inserted = if card.inserted() { "yes" } else { "no" };
        pairs.insert(0, ("inserted".to_owned(), inserted.to_owned()));
    }
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let fields: Vec<_> =
        pairs.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    Ok(format!("{{{}}}", fields.join(",")))
}

fn failed(error: ControlError) -> Reply {
    let text = format!("error: {error}").replace(['\r', '\n'], " ");
    let failure = match error {
        ControlError::Storage(source) => Some(LinkError::Storage(source)),
        ControlError::Bug(what) => Some(LinkError::Bug(what)),
        ControlError::Link(error) => Some(error).filter(fatal),
        ControlError::Unsupported(_) | ControlError::Value(_) => None,
    };
    Reply { text: Some(text), failure }
}

/// Serves the control channel to every client of `bound`, until the links are stopped.
///
/// # Errors
/// [`LinkError::Bug`] or [`LinkError::Storage`] of the card, [`LinkError::Io`] of the socket.
pub fn serve<C>(shared: &SharedCard<C>, bound: &Bound) -> Result<(), LinkError>
where
    C: CardTransport + CardControl + Send,
{
    listen::serve(shared, bound, MAX_LINE, || |line| answer(shared, &line))
}
