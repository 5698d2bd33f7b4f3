//! Commands, made: header, fields, secure messaging, Le.

use apdu::{CommandApdu, CommandBuf};
use applet_spec::{Catalogue, CommandId, CommandSpec, Field, FieldFormat};
use crypto::{encipher, secure_messaging_mac};
use purse::mac::secure_messaging_input;
use zeroize::Zeroizing;

use super::evaluate::Scope;
use super::format::settled;
use super::inputs::exactly;
use super::keys::CardKey;
use super::transaction::Transaction;
use super::{Host, HostError, Prepared, Trouble, ValueFormat};
use crate::text::text;
use crate::{Protect, RunKind, Send, Text, Value};

/// The secure messaging MAC (线路保护) as a field: of commands that are never without, and of those
/// that are protected.
const SECURED: &str = "secure messaging MAC";

/// What stands in for a challenge that no card gave.
const NO_CHALLENGE: [u8; 8] = [0; 8];

/// A command on its way.
pub(super) struct Making<'s> {
    pub send: &'s Send,
    pub header: [u8; 4],
    /// Command data so far.
    pub data: Zeroizing<Vec<u8>>,
    /// The transaction that it goes on with, and what it says of that so far.
    pub transaction: Transaction,
    /// There was such a transaction; else everything of it is zero.
    pub follows: bool,
    pub challenge: Vec<u8>,
}

impl Making<'_> {
    /// What its default values stand in.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            command: Some(self.send.command),
            header: Some(self.header),
            before: &self.data,
            transaction: Some(&self.transaction),
            challenge: Some(&self.challenge),
            raw: false,
        }
    }
}

impl Host<'_> {
    /// The bytes of a command of the catalogue, and the transaction as it says it.
    pub(super) fn make(&self, send: &Send) -> Result<(CommandBuf, Transaction), HostError> {
        let spec = Catalogue::entry(send.command);
        let mut making = self.begin(send, spec)?;
        match &send.body {
            Some(body) => making.data = Zeroizing::new(self.written(body, &making)?),
            None => self.put_fields(&mut making, spec)?,
        }
        let own_mac = send.body.is_none() && spec.cla.iter().all(|c| Some(*c) == spec.secure_class);
        if let Some(protect) = send.protect.filter(|_| !own_mac) {
            self.protect(&mut making, protect)?;
        }
        let mut command = CommandBuf::new(making.header).data(&making.data);
        command.ne = self.ne(send, spec, making.header);
        Ok((command, making.transaction))
    }

    fn begin<'s>(&self, send: &'s Send, spec: &CommandSpec) -> Result<Making<'s>, HostError> {
        for (name, value) in &send.fields {
            let mac = send.protect.is_some() && name == SECURED;
            if !mac && field_named(&spec.fields, name).is_none() {
                let known: Vec<_> = spec.fields.iter().map(|field| field.name.as_str()).collect();
                let trouble = Trouble::NoSuchField {
                    command: spec.name.clone(),
                    name: name.clone(),
                    known: match known.as_slice() {
                        [] => "it has none".to_owned(),
                        _ => format!("it has '{}'", known.join("', '")),
                    },
                };
                return Err(HostError::at(value.written.as_ref(), trouble));
            }
        }
        let [p1, p2] = self.parameters(send, spec);
        let (transaction, follows) = self.draft(send.command);
        let mut making = Making {
            send,
            header: [Self::class(send, spec), spec.ins, p1, p2],
            data: Zeroizing::new(Vec::new()),
            transaction,
            follows,
            challenge: self.known.challenge.clone().unwrap_or(NO_CHALLENGE.to_vec()),
        };
        for (at, said, what) in [(0, &send.class, "CLA"), (2, &send.p1, "P1"), (3, &send.p2, "P2")]
        {
            let Some(value) = said else { continue };
            let bytes = self.written(value, &making)?;
            let byte = exactly::<1>(what, &bytes);
            let [byte] = byte.map_err(|trouble| HostError::at(value.written.as_ref(), trouble))?;
            if let Some(to) = making.header.get_mut(at) {
                *to = byte;
            }
        }
        Ok(making)
    }

    /// The fields of the command data, said or usual.
    fn put_fields(&self, making: &mut Making<'_>, spec: &CommandSpec) -> Result<(), HostError> {
        for field in &spec.fields {
            let said = making.send.fields.iter().rev().find(|(name, _)| names(field, name));
            let bytes = Zeroizing::new(match said {
                Some((_, value)) => {
                    let format = ValueFormat::of(field);
                    let read =
                        self.evaluate(&value.expression, format, &self.scope_of_said(making));
                    let bytes = read.and_then(settled);
                    bytes.map_err(|trouble| HostError::at(value.written.as_ref(), trouble))?
                }
                None => self.usual(making, field)?,
            });
            making.transaction.tell(&field.name, &bytes);
            making.data.extend_from_slice(&bytes);
        }
        Ok(())
    }

    /// A value that is no field: class, parameter or body.
    fn written(&self, value: &Value, making: &Making<'_>) -> Result<Vec<u8>, HostError> {
        let scope = self.scope_of_said(making);
        let read = self.evaluate(&value.expression, ValueFormat::BYTES, &scope);
        read.and_then(settled).map_err(|trouble| HostError::at(value.written.as_ref(), trouble))
    }

    /// What a value that a case says stands in: of what the card did not give, nothing is made up.
    fn scope_of_said<'m>(&'m self, making: &'m Making<'_>) -> Scope<'m> {
        let drafted = Some(&making.transaction).filter(|_| making.follows);
        Scope {
            transaction: drafted.or(self.known.transaction.as_ref()),
            challenge: self.known.challenge.as_deref(),
            ..making.scope()
        }
    }

    fn protect(&self, making: &mut Making<'_>, protect: Protect) -> Result<(), HostError> {
        let CardKey { suite, key } = self.key(self.working_key(&making.scope())?, None)?;
        if making.data.len() > 0xFF {
            return Err(Trouble::length("protected data", "at most 255", making.data.len()).into());
        }
        if protect == Protect::EncryptedMac && !making.data.is_empty() {
            making.data = Zeroizing::new(encipher(suite, &key, &making.data));
        }
        let said = making.send.fields.iter().rev().find(|(name, _)| name == SECURED);
        if let Some((_, value)) = said {
            let mac = self.written(value, making)?;
            making.data.extend_from_slice(&mac);
            return Ok(());
        }
        if making.data.len() > 0xFF - 4 {
            return Err(Trouble::length("protected data", "at most 251", making.data.len()).into());
        }
        let input = Zeroizing::new(secure_messaging_input(making.header, &making.data));
        let mac = secure_messaging_mac(suite, &key, &making.challenge, &input);
        making.data.extend_from_slice(&mac.0);
        Ok(())
    }

    /// The transaction that a command goes on with, and that it is one; else one of its kind that
    /// nothing is known of.
    fn draft(&self, command: CommandId) -> (Transaction, bool) {
        let purpose = RunKind::of(command);
        let fits = |last: &Transaction| match (command, purpose) {
            (CommandId::DebitForPurchase, _) => {
                matches!(last.purpose, RunKind::Purchase | RunKind::Cash | RunKind::Capp)
            }
            (_, Some(purpose)) => last.purpose == purpose,
            (_, None) => true,
        };
        let last = self.known.transaction.clone().filter(fits);
        let blank = || Transaction::blank(purpose.unwrap_or(RunKind::Purchase), self);
        let follows = last.is_some();
        let mut draft = last.unwrap_or_else(blank);
        if command == CommandId::DebitForPurchase {
            draft.code = self.code_in_mac1();
        }
        (draft, follows)
    }

    /// Takes from a command as bytes what it says of the running transaction.
    pub(super) fn told(&mut self, sent: &Prepared) {
        let Some(command) = sent.command.filter(|command| self.goes_on(*command)) else { return };
        let (mut draft, _) = self.draft(command);
        let apdu = CommandApdu::new(&sent.bytes);
        let fields = &Catalogue::entry(command).fields;
        for field in fields {
            if let Some((_, bytes)) = super::follow::field(fields, &field.name, apdu.data()) {
                draft.tell(&field.name, bytes);
            }
        }
        self.known.transaction = Some(draft);
    }

    /// Whether a command goes on with what is running.
    pub(super) fn goes_on(&self, command: CommandId) -> bool {
        self.known.state.continued_by(command).is_some()
    }

    /// The command that bytes are, and what they say.
    pub(super) fn prepared(&self, bytes: Vec<u8>) -> Prepared {
        let apdu = CommandApdu::new(&bytes);
        let header = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
        let malformed = matches!(apdu.case(), apdu::Case::Malformed(_));
        let command = match malformed {
            true => None,
            false => self.recognised(header, apdu.data().len()),
        };
        Prepared { title: title(command), command, bytes }
    }
}

impl Transaction {
    /// What a field of the second step says.
    pub(super) fn tell(&mut self, field: &str, bytes: &[u8]) {
        match (field, bytes.len()) {
            ("terminal transaction serial", _) => {
                if let Ok(serial) = bytes.try_into() {
                    self.terminal_serial = purse::TerminalSerial(serial);
                }
            }
            ("date", _) => {
                if let Ok(date) = bytes.try_into() {
                    self.date = purse::Date(date);
                }
            }
            ("time", _) => {
                if let Ok(time) = bytes.try_into() {
                    self.time = purse::Time(time);
                }
            }
            ("new overdraft limit", _) => {
                if let Ok(limit) = bytes.try_into() {
                    self.new_limit = purse::Limit::from_bytes(limit);
                }
            }
            _ => {}
        }
    }
}

/// Title of a command in reports.
pub(super) fn title(command: Option<CommandId>) -> Text {
    match command.map(Catalogue::entry) {
        Some(spec) => text(&spec.name, &spec.name_zh),
        None => text("bytes as written", "原始指令"),
    }
}

/// A field by its name.
pub(super) fn field_named<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| names(field, name))
}

/// Whether a field is called so: by its name, or by what of it stands before a comma. Secrets are
/// lists, so they have the whole name.
fn names(field: &Field, name: &str) -> bool {
    let short = field.name.split_once(',').map(|(short, _)| short);
    field.name == name || field.format != FieldFormat::Secret && short == Some(name)
}
