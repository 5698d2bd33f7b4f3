//! The other side of the card in a case: which card it is, the running transaction as the host knows
//! it, and from that every value that a case leaves to it.
//!
//! A [`Host`] makes commands from what a case says and what it does not say, follows the answers,
//! and computes what must come back. It sends nothing.

mod calls;
mod content;
mod defaults;
mod error;
mod evaluate;
mod follow;
mod format;
mod inputs;
mod keys;
mod known;
mod make;
mod parameters;
mod plan;
mod prepared;
mod transaction;
mod working_key;

use apdu::{CommandBuf, StatusWord, tlv};
use applet_spec::{Catalogue, FciForm, Field, Profile};
use crypto::custody::KeyCustody;
use zeroize::Zeroizing;

use crate::profile_fields::{status_field, status_field_names};
use crate::{
    Capture, CaptureFrom, Place, Run, Send, StatusPattern, TerminalConfig, TransactionState, Value,
};
use evaluate::Scope;

use format::settled;
use keys::Cache;
use known::Known;

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
    serial: [u8; 8],
    public: Vec<u8>,
    known: Known,
    cache: Cache,
}

impl<'h> Host<'h> {
    /// Of a card of `profile`, whose master keys `custody` holds, at a terminal. The card's main
    /// application is believed to be selected.
    pub fn new(
        profile: &'h Profile,
        custody: &'h dyn KeyCustody,
        terminal: &TerminalConfig,
    ) -> Self {
        let main = profile.main_directory().map(|directory| directory.fid);
        let at = profile.directories.iter().position(|directory| Some(directory.fid) == main);
        Self {
            profile,
            custody,
            terminal: terminal.clone(),
            serial: profile.serial,
            public: profile.public_content(&profile.serial),
            known: Known::nothing(at.unwrap_or_default()),
            cache: Cache::default(),
        }
    }

    /// Which card it is, by its serial and public file (its keys follow from them); the profile's
    /// own before that.
    pub fn meet(&mut self, serial: [u8; 8], public: &[u8]) {
        self.serial = serial;
        public.clone_into(&mut self.public);
        self.cache.clear();
    }

    /// The PIN that the card has, where it was changed.
    pub fn changed_pin(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.known.pin.clone()
    }

    /// The card's PIN was changed before.
    pub fn recall_pin(&mut self, pin: Zeroizing<Vec<u8>>) {
        self.known.pin = Some(pin);
    }

    /// Power was lost or the card reset: no transaction runs, no challenge is valid, the MF is
    /// current. What the last transaction was made of stays known, for GET TRANSACTION PROOF, and
    /// so does what was captured.
    pub fn forget(&mut self) {
        self.known.state = TransactionState::Idle;
        self.known.challenge = None;
        self.known.enter(0);
    }

    /// The bytes of a command, and what is known of it.
    ///
    /// # Errors
    /// [`HostError`]: a value that cannot be made, and where it is written.
    pub fn command(&mut self, send: &Send) -> Result<Prepared, HostError> {
        let (command, transaction) = self.make(send)?;
        let bytes = command.to_bytes().map_err(Trouble::from)?;
        if self.goes_on(send.command) {
            self.known.transaction = Some(transaction);
        }
        let command = Some(send.command);
        Ok(Prepared { bytes, title: make::title(command), command })
    }

    /// A command as bytes. Where it is one of the catalogue's, what follows from it is known as of
    /// [`command`](Self::command).
    ///
    /// # Errors
    /// As [`command`](Self::command); free bytes.
    pub fn raw(&mut self, bytes: &Value) -> Result<Prepared, HostError> {
        let scope = Scope {
            transaction: self.known.transaction.as_ref(),
            challenge: self.known.challenge.as_deref(),
            raw: true,
            ..Scope::default()
        };
        let read = self.evaluate(&bytes.expression, ValueFormat::BYTES, &scope);
        let read = read.and_then(settled);
        let read = read.map_err(|trouble| HostError::at(bytes.written.as_ref(), trouble))?;
        let prepared = self.prepared(read);
        self.told(&prepared);
        Ok(prepared)
    }

    /// SELECT.
    ///
    /// # Errors
    /// A place that the profile does not have.
    pub fn select(&self, place: &Place) -> Result<Prepared, HostError> {
        let by_name = |name: &[u8]| ([0x00, 0xA4, 0x04, 0x00], name.to_vec());
        let by_fid = |fid: u16| ([0x00, 0xA4, 0x00, 0x00], fid.to_be_bytes().to_vec());
        let (header, data) = match place {
            Place::Application => {
                let none = || Trouble::not_in_profile("application");
                let directory = self.profile.main_directory().ok_or_else(none)?;
                match directory.name.as_slice() {
                    [] => by_fid(directory.fid),
                    name => by_name(name),
                }
            }
            Place::Mf => by_fid(0x3F00),
            Place::Ppse => {
                let directories = &self.profile.directories;
                let ppse = directories.iter().find(|directory| directory.fci == FciForm::Ppse);
                by_name(ppse.map_or(&b"2PAY.SYS.DDF01"[..], |directory| &directory.name))
            }
            Place::Fid(fid) => by_fid(*fid),
            Place::Name(name) => by_name(name),
        };
        let command = CommandBuf::new(header).data(&data).ne(0x100);
        Ok(self.prepared(command.to_bytes().map_err(Trouble::from)?))
    }

    /// What the card answered. Any answer will do: where it is not what the command gives, nothing
    /// follows from it.
    pub fn heard(&mut self, sent: &Prepared, status: StatusWord, data: &[u8]) {
        self.follow(sent, status, data);
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
        let header = sent.and_then(|sent| sent.bytes.first_chunk().copied());
        let scope = Scope {
            command: sent.and_then(|sent| sent.command),
            header,
            transaction: self.known.transaction.as_ref(),
            challenge: self.known.challenge.as_deref(),
            ..Scope::default()
        };
        let read = self.evaluate(&value.expression, format, &scope);
        read.map_err(|trouble| HostError::at(value.written.as_ref(), trouble))
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
        let (found, what) = match &capture.from {
            CaptureFrom::Field(name) => {
                let found = self.answer_field(sent, name, data).map(|(_, bytes)| bytes);
                (found, format!("field '{name}'"))
            }
            CaptureFrom::Data(from, to) => {
                let found = data.get(*from..to.unwrap_or(data.len()));
                let to = to.map_or(String::new(), |to| to.to_string());
                (found, format!("data[{from}..{to}]"))
            }
            CaptureFrom::Tlv(path) => {
                let tags: Vec<_> = path.iter().map(|tag| format!("{tag:X}")).collect();
                (tlv::find(data, path).ok().flatten(), format!("tlv:{}", tags.join("/")))
            }
        };
        let bytes = found.ok_or(Trouble::NotInAnswer { what, actual: data.len() })?;
        self.known.names.insert(capture.name.clone(), Zeroizing::new(bytes.to_vec()));
        Ok(())
    }

    /// A field of an answer by its catalogue name, and its bytes; `None` where the command has no
    /// such field, or the answer ends before it.
    pub fn answer_field<'d>(
        &self,
        sent: &Prepared,
        name: &str,
        data: &'d [u8],
    ) -> Option<(&'static Field, &'d [u8])> {
        let spec: &'static _ = Catalogue::entry(sent.command?);
        follow::field(&spec.answer, name, data)
    }

    /// The digits of a status word, the profile's where the pattern names one of its fields; `None`
    /// is any digit.
    ///
    /// # Errors
    /// No such field.
    pub fn status(&self, pattern: &StatusPattern) -> Result<[Option<u8>; 4], HostError> {
        let field = match pattern {
            StatusPattern::Digits(digits) => return Ok(*digits),
            StatusPattern::Profile(field) => field,
        };
        let found = status_field(self.profile, field).ok_or_else(|| {
            let known: Vec<_> = status_field_names().collect();
            let known = format!("write one of {}", known.join(", "));
            Trouble::NoSuchStatus { field: field.clone(), known }
        })?;
        match StatusPattern::exactly(found) {
            StatusPattern::Digits(digits) => Ok(digits),
            StatusPattern::Profile(_) => Ok([None; 4]),
        }
    }

    /// The commands of a whole transaction, in order, and what each must answer: VERIFY where the
    /// purse asks for the PIN and it was not verified, the balance before, the transaction, the
    /// balance after.
    ///
    /// # Errors
    /// The profile has no such transaction, or the commands no such field.
    pub fn begin_run(&self, run: &Run) -> Result<Plan, HostError> {
        self.plan(run)
    }

    /// Which transaction is running, as the host believes. A MAC in pieces at a PSAM is none to it.
    pub fn transaction(&self) -> TransactionState {
        self.known.state
    }
}
