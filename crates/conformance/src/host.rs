//! The other side of the card in a case: which card it is, the running transaction as the host knows
//! it, and from that every value that a case leaves to it.

mod error;
mod format;
mod plan;
mod prepared;

use apdu::StatusWord;
use applet_spec::{Field, Profile};
use crypto::custody::KeyCustody;

use crate::{Capture, Place, Run, Send, StatusPattern, TerminalConfig, Value};

pub use error::{HostError, Trouble};
pub use format::ValueFormat;
pub use plan::{Plan, PlannedStep};
pub use prepared::Prepared;

/// The host of a case. Its order for a step: [`command`](Self::command) (or [`raw`](Self::raw),
/// [`select`](Self::select)), the card, [`heard`](Self::heard), [`expected`](Self::expected) for
/// each value that must come back, [`capture`](Self::capture).
///
/// No `Debug`: it holds card keys, which are zeroized with it. A copy goes on by itself, as for a
/// copy of the card.
#[derive(Clone)]
pub struct Host<'h> {
    profile: &'h Profile,
    custody: &'h dyn KeyCustody,
    terminal: TerminalConfig,
}

/// Which transaction is running, as the host believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionState {
    /// None.
    Idle,
    /// Load 圈存, initialized.
    Load,
    /// Purchase 消费, initialized.
    Purchase,
    /// Cash withdrawal 取现, initialized.
    Cash,
    /// Compound purchase 复合消费, initialized.
    Capp,
    /// Compound purchase with at least one record cached.
    CappCached,
    /// Unload 圈提, initialized.
    Unload,
    /// Overdraft update 修改透支限额, initialized.
    Overdraft,
    /// At a PSAM: MAC1 was made, MAC2 may come.
    Sam,
}

impl<'h> Host<'h> {
    /// Of a card of `profile`, whose master keys `custody` holds, at a terminal.
    pub fn new(
        profile: &'h Profile,
        custody: &'h dyn KeyCustody,
        terminal: &TerminalConfig,
    ) -> Self {
        Self { profile, custody, terminal: terminal.clone() }
    }

    /// Which card it is, by its serial and public file (its keys follow from them); the profile's
    /// own before that.
    pub fn meet(&mut self, serial: [u8; 8], public: &[u8]) {
        let _ = (serial, public);
    }

    /// Power was lost or the card reset: no transaction runs, no challenge is valid. What the last
    /// transaction was made of stays known, for GET TRANSACTION PROOF.
    pub fn forget(&mut self) {}

    /// The bytes of a command, and what is known of it.
    ///
    /// # Errors
    /// [`HostError`]: a value that cannot be made, and where it is written.
    pub fn command(&mut self, send: &Send) -> Result<Prepared, HostError> {
        Err(HostError::at(None, Trouble::NoSuchName { name: send.command.text().to_owned() }))
    }

    /// A command as bytes. Where it is one of the catalogue's, what follows from it is known as of
    /// [`command`](Self::command).
    ///
    /// # Errors
    /// As [`command`](Self::command); free bytes.
    pub fn raw(&mut self, bytes: &Value) -> Result<Prepared, HostError> {
        Err(HostError::at(bytes.written.as_ref(), Trouble::FreeByte))
    }

    /// SELECT.
    ///
    /// # Errors
    /// A place that the profile does not have.
    pub fn select(&self, place: &Place) -> Result<Prepared, HostError> {
        let _ = place;
        Err(HostError::at(None, Trouble::FreeByte))
    }

    /// What the card answered. Any answer will do: where it is not what the command gives, nothing
    /// follows from it.
    pub fn heard(&mut self, sent: &Prepared, status: StatusWord, data: &[u8]) {
        let _ = (sent, status, data);
    }

    /// An expected value as bytes; `None` is any byte. `sent` is the command that it answers, which
    /// was [`heard`](Self::heard).
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub fn expected(
        &self,
        value: &Value,
        format: ValueFormat,
        sent: Option<&Prepared>,
    ) -> Result<Vec<Option<u8>>, HostError> {
        let _ = (format, sent);
        Err(HostError::at(value.written.as_ref(), Trouble::FreeByte))
    }

    /// Keeps a value of an answer under a name.
    ///
    /// # Errors
    /// The answer has no such field, bytes or path.
    pub fn capture(
        &mut self,
        capture: &Capture,
        sent: &Prepared,
        data: &[u8],
    ) -> Result<(), HostError> {
        let _ = (capture, sent, data);
        Err(HostError::at(None, Trouble::FreeByte))
    }

    /// A field of an answer by its catalogue name, and its bytes; `None` where the command has no
    /// such field, or the answer ends before it.
    pub fn answer_field<'d>(
        &self,
        sent: &Prepared,
        name: &str,
        data: &'d [u8],
    ) -> Option<(&'static Field, &'d [u8])> {
        let _ = (sent, name, data);
        None
    }

    /// The digits of a status word, the profile's where the pattern names one of its fields; `None`
    /// is any digit.
    ///
    /// # Errors
    /// No such field.
    pub fn status(&self, pattern: &StatusPattern) -> Result<[Option<u8>; 4], HostError> {
        let _ = pattern;
        Err(HostError::at(None, Trouble::FreeByte))
    }

    /// The commands of a whole transaction, in order, and what each must answer.
    ///
    /// # Errors
    /// The profile has no such transaction.
    pub fn begin_run(&self, run: &Run) -> Result<Plan, HostError> {
        let _ = (run, self.profile, self.custody, &self.terminal);
        Err(HostError::at(None, Trouble::FreeByte))
    }

    /// Which transaction is running, as the host believes.
    pub fn transaction(&self) -> TransactionState {
        TransactionState::Idle
    }
}
