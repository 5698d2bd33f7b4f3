//! What a card asks of an application, and what an application has at hand.
//!
//! The native card system is one application that owns the whole file tree; card managers and
//! Java applets are others. The card does not know which is which.

use apdu::{CommandApdu, StatusWord};
use crypto::SeededEntropy;
use nvm::{Nvm, NvmError};

use crate::Protocol;

/// An application on a card.
pub trait Application {
    /// Power-on: forgets everything volatile.
    fn reset(&mut self, memory: &Nvm);

    /// Executes a command.
    ///
    /// # Errors
    /// A status word other than success, lost power, or a bug; see [`Halt`].
    fn process(
        &mut self,
        context: &mut Context<'_>,
        command: &CommandApdu<'_>,
    ) -> Result<Reply, Halt>;
}

/// What an application works with while it executes a command.
pub struct Context<'c> {
    /// Card memory.
    pub memory: &'c mut Nvm,
    /// Randomness.
    pub entropy: &'c mut SeededEntropy,
    /// Transmission protocol in use.
    pub protocol: Protocol,
}

/// A successful answer: data for 9000, or data with another status word that is no error (6283
/// with FCI).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Answer data.
    pub data: Vec<u8>,
    /// Status word.
    pub status: StatusWord,
}

/// Why there is no successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The card refuses, with this status word.
    Status(StatusWord),
    /// Power was lost in a memory write: no answer.
    PowerLost,
    /// The emulator is wrong; never dressed as a status word.
    Bug(String),
}

impl Reply {
    /// Data and 9000.
    pub fn data(data: impl Into<Vec<u8>>) -> Self {
        Self { data: data.into(), status: StatusWord::OK }
    }

    /// Fields and 9000, with room for the status word behind them.
    pub fn fields(fields: &[u8]) -> Self {
        let mut data = Vec::with_capacity(fields.len() + 2);
        data.extend_from_slice(fields);
        Self { data, status: StatusWord::OK }
    }

    /// 9000.
    pub fn done() -> Self {
        Self { data: Vec::new(), status: StatusWord::OK }
    }
}

impl From<StatusWord> for Halt {
    fn from(status: StatusWord) -> Self {
        Self::Status(status)
    }
}

impl From<NvmError> for Halt {
    fn from(error: NvmError) -> Self {
        match error {
            NvmError::PowerLost => Self::PowerLost,
            // A profile may let one command change more than the undo log holds.
            NvmError::LogFull { .. } => Self::Status(StatusWord::MEMORY_FAILURE),
            other => Self::Bug(format!("card memory: {other}")),
        }
    }
}
