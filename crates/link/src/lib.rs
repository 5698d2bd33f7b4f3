//! The two traits that join card and host, and the decorators that stack on them.
//!
//! A virtual card, a PC/SC reader and a socket all are a [`CardTransport`]; whoever drives a card
//! takes a `dyn CardTransport` and does not know which. What only a virtual card can do (be pulled
//! out, lose power in the middle of a write, be set to any state) is [`CardControl`].

#![warn(clippy::indexing_slicing)]

mod atr;
mod delay;
mod fault;
mod fault_spec;
#[cfg(test)]
mod fixture;
mod forward;
mod get_response;
mod record;
mod recording;
mod replay;
pub mod socket;
mod trace;
pub mod vpcd;

pub use atr::{Atr, AtrError, AtrParts};
pub use delay::Delay;
pub use fault::{BitFlips, Fault, Loss, Mute, Repeat};
pub use fault_spec::{FaultPlan, FaultSpec, FaultSpecError};
pub use get_response::GetResponse;
pub use record::Recorder;
pub use recording::{Outcome, Pattern, Recording, RecordingError, Secrecy, Step, StepKind};
pub use replay::Replay;
pub use trace::{Event, Traced};

use forward::forward_exclusive;

/// A way to a card.
pub trait CardTransport {
    /// Resets the card, powering it up first where it is off.
    ///
    /// # Errors
    /// [`LinkError`].
    fn reset(&mut self) -> Result<Atr, LinkError>;

    /// Takes the power away.
    ///
    /// # Errors
    /// [`LinkError`].
    fn power_off(&mut self) -> Result<(), LinkError>;

    /// Sends a command and waits for the answer (data and SW1 SW2, at least two bytes).
    ///
    /// # Errors
    /// [`LinkError`]; after [`LinkError::Mute`] the card may or may not have executed the command.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError>;

    /// The same, without what fetches waiting answers in between: 61xx and 6Cxx of T=0 are seen.
    ///
    /// # Errors
    /// As for [`CardTransport::transmit`].
    fn transmit_unfetched(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.transmit(command)
    }

    /// What the transport talks to, for people: a reader's name, an address, a profile.
    fn describe(&self) -> String;

    /// Keeps every other program away from the card until [`CardTransport::end_exclusive`], so that
    /// nobody comes between the two steps of a transaction. Where nobody else can be at the card
    /// there is nothing to do. Beginning twice is the same scope; it ends as well with
    /// [`CardTransport::power_off`] and with a card that falls silent. Whoever begins it
    /// ends it on every way out.
    ///
    /// # Errors
    /// [`LinkError::Busy`] where another program holds the card and does not let go.
    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    /// Lets other programs at the card again; the card itself is left as it is.
    ///
    /// # Errors
    /// [`LinkError`]; the scope has ended all the same.
    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        Ok(())
    }
}

/// What can be done to a virtual card from outside its reader.
pub trait CardControl {
    /// Puts the card into the reader.
    ///
    /// # Errors
    /// [`ControlError`].
    fn insert(&mut self) -> Result<(), ControlError>;

    /// Pulls the card out, powered or not.
    ///
    /// # Errors
    /// [`ControlError`].
    fn remove(&mut self) -> Result<(), ControlError>;

    /// Whether the card is in the reader.
    fn inserted(&self) -> bool;

    /// Power will be lost at the `write`th memory write from now (1 is the next one).
    ///
    /// # Errors
    /// [`ControlError`].
    fn tear(&mut self, write: u64) -> Result<(), ControlError>;

    /// Keeps the card's whole state under `name`.
    ///
    /// # Errors
    /// [`ControlError`].
    fn snapshot(&mut self, name: &str) -> Result<(), ControlError>;

    /// Goes back to the state kept under `name`; the card is powered off by it.
    ///
    /// # Errors
    /// [`ControlError`].
    fn restore(&mut self, name: &str) -> Result<(), ControlError>;

    /// Goes back to the state kept under `name` without its reader noticing: with what the card was
    /// in the middle of where it had power then and has it now, without power otherwise.
    ///
    /// # Errors
    /// [`ControlError`].
    fn resume(&mut self, name: &str) -> Result<(), ControlError>;

    /// What a copy of the card would answer to `commands`, after a reset and with no tear ahead. The
    /// card itself, and what it is in the middle of, stay as they are. Answers are whole (nothing
    /// waits for GET RESPONSE); an empty one is silence.
    ///
    /// # Errors
    /// [`ControlError`].
    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError>;

    /// Sets one value of the card (balance, serial, lock ...).
    ///
    /// # Errors
    /// [`ControlError`].
    fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError>;

    /// The card's state in pairs, for people and scripts.
    ///
    /// # Errors
    /// [`ControlError`].
    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError>;
}

/// Why a command got no answer. The first split is whose fault it is;
/// [`LinkError::may_have_executed`] is the one that a transaction asks for.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No card in the reader.
    #[error("no card in {0}")]
    NoCard(String),
    /// The card did not answer: it was pulled out or lost power, and may have executed the command.
    #[error("the card gave no answer; it may have executed the command")]
    Mute,
    /// Another program holds the card or its reader, and did not let go; the command was not sent.
    #[error("{0} is held by another program, and nothing was sent; wait for it, or end it")]
    Busy(String),
    /// Another program has reset the card; the command was not sent.
    #[error(
        "another program has reset the card in {0}: nothing was sent, and what was selected or \
         begun is lost; begin again with a reset"
    )]
    Disturbed(String),
    /// It took too long.
    #[error("no answer within {0:?}")]
    Timeout(std::time::Duration),
    /// The reader, service or socket failed.
    #[error("{what} failed: {source}")]
    Io {
        /// What was being done, and with whom.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The other side said what it should not.
    #[error("{0}")]
    Protocol(String),
    /// The PC/SC service is not there.
    #[error("{0}")]
    Service(String),
    /// The PC/SC service is there, and not for this user.
    #[error("{0}")]
    Forbidden(String),
    /// The card's state could not be kept; the command counts as not executed.
    #[error("the card's state cannot be kept: {0}")]
    Storage(Box<dyn std::error::Error + Send + Sync>),
    /// A bug in the emulator.
    #[error("bug in the emulator: {0}")]
    Bug(String),
}

impl LinkError {
    /// Whether the card may have executed the command that ended so. Where this is false the
    /// command never arrived and can be sent again; where it is true, only the card knows, and must
    /// be asked (balance, serial, GET TRANSACTION PROOF) before anything is repeated.
    pub fn may_have_executed(&self) -> bool {
        match self {
            Self::NoCard(_)
            | Self::Busy(_)
            | Self::Disturbed(_)
            | Self::Forbidden(_)
            | Self::Storage(_) => false,
            Self::Mute
            | Self::Timeout(_)
            | Self::Io { .. }
            | Self::Protocol(_)
            | Self::Service(_)
            | Self::Bug(_) => true,
        }
    }
}

/// Why a card could not be controlled.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// This card cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// The key or value of `set`, or the name of a snapshot, is wrong.
    #[error("{0}")]
    Value(String),
    /// The card's state could not be kept.
    #[error("the card's state cannot be kept: {0}")]
    Storage(Box<dyn std::error::Error + Send + Sync>),
    /// A bug in the emulator.
    #[error("bug in the emulator: {0}")]
    Bug(String),
    /// The way to the card failed, or the card at its reset.
    #[error(transparent)]
    Link(LinkError),
}

/// A card that is both driven and controlled: what the emulator's links serve, decorated or not.
pub trait ControlledCard: CardTransport + CardControl + Send {}

impl<T: CardTransport + CardControl + Send + ?Sized> ControlledCard for T {}

impl<T: CardTransport + ?Sized> CardTransport for Box<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        (**self).reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        (**self).power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        (**self).transmit(command)
    }

    fn transmit_unfetched(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        (**self).transmit_unfetched(command)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }

    forward_exclusive!(self => (**self));
}
