//! Talking to a card, and what it means for the run when that fails.

use apdu::{ResponseApdu, StatusWord};
use applet_spec::Catalogue;
use link::{CardTransport, LinkError};
use purse::Command;

use crate::engine::{ApproachError, Trouble, WorkError};

/// A card that is talked to; counts the commands.
pub struct Talk<'t> {
    card: &'t mut dyn CardTransport,
    /// Commands sent.
    pub apdus: u32,
}

/// Why talking failed.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    /// The card.
    #[error("{}", .0.text())]
    Trouble(Trouble),
    /// The way to it, or this program: the run ends.
    #[error(transparent)]
    Link(LinkError),
    /// The holder of the keys: the run ends.
    #[error(transparent)]
    Keys(#[from] crypto::custody::CustodyError),
}

impl From<Trouble> for TalkError {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<LinkError> for TalkError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NoCard(_) => Self::Trouble(Trouble::NoCard(error.to_string())),
            LinkError::Mute
            | LinkError::Timeout(_)
            | LinkError::Busy(_)
            | LinkError::Disturbed(_)
            | LinkError::Protocol(_) => Self::Trouble(Trouble::Silent(error.to_string())),
            LinkError::Io { .. }
            | LinkError::Service(_)
            | LinkError::Forbidden(_)
            | LinkError::Storage(_)
            | LinkError::Bug(_) => Self::Link(error),
        }
    }
}

impl TalkError {
    /// The card's part of it; the rest ends the run.
    ///
    /// # Errors
    /// What ends the run.
    pub fn trouble(self) -> Result<Trouble, WorkError> {
        match self {
            Self::Trouble(trouble) => Ok(trouble),
            Self::Link(error) => Err(WorkError::Source(error.into())),
            Self::Keys(error) => Err(error.into()),
        }
    }
}

impl From<TalkError> for ApproachError {
    fn from(error: TalkError) -> Self {
        match error.trouble() {
            Ok(trouble) => Self::Trouble(trouble),
            Err(error) => Self::Work(error),
        }
    }
}

impl<'t> Talk<'t> {
    /// To this card.
    pub fn to(card: &'t mut dyn CardTransport) -> Self {
        Self { card, apdus: 0 }
    }

    /// Resets it; its answer to reset in hex.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn reset(&mut self) -> Result<String, TalkError> {
        Ok(self.card.reset()?.to_string())
    }

    /// Sends a command; any answer is an answer.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn ask(&mut self, command: impl Into<Command>) -> Result<ResponseApdu, TalkError> {
        let silent = |text: String| TalkError::Trouble(Trouble::Silent(text));
        let bytes = command.into().to_apdu().to_bytes();
        let bytes = bytes.map_err(|error| silent(format!("no such command: {error}")))?;
        self.apdus += 1;
        let answer = self.card.transmit(&bytes)?;
        ResponseApdu::parse(&answer).map_err(|error| silent(error.to_string()))
    }

    /// Sends a command that must succeed; its data.
    ///
    /// # Errors
    /// [`TalkError`]; a refusal is [`Trouble::Refused`], or what it says of tries.
    pub fn send(&mut self, command: impl Into<Command>) -> Result<Vec<u8>, TalkError> {
        let command = command.into();
        let name = Catalogue::entry(command.id()).name.clone();
        let response = self.ask(command)?;
        if response.status.is_ok() {
            return Ok(response.data);
        }
        Err(refused(&name, response.status).into())
    }
}

/// What a refusal means for the run. A wrong key or PIN does not become right by trying again.
pub fn refused(what: &str, status: StatusWord) -> Trouble {
    let text = format!("{what}: the card answered {status} ({})", status.meaning());
    match status.0 {
        0x63C0..=0x63C1 => Trouble::LastTry(text),
        0x63C2..=0x63CF => Trouble::Wrong(text),
        _ if status == StatusWord::METHOD_BLOCKED => Trouble::Wrong(text),
        _ => Trouble::Refused(text),
    }
}
