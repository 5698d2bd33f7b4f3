//! Which card a call is about, and when that card was powered up.

use std::collections::{BTreeMap, BTreeSet};

use super::super::build::{Builder, failure};
use super::Call;
use link::{Outcome, RecordingError};

/// What PC/SC does with a card at the end of a connection or transaction.
const RESET: usize = 1;
const UNPOWER: usize = 2;

/// The readers of a log.
pub(super) struct Readers<'w> {
    wanted: Option<&'w str>,
    /// The reader behind each handle.
    handles: BTreeMap<String, String>,
    /// What is known of each reader.
    known: BTreeMap<String, Reader>,
    /// The one whose card speaks, and where it first did.
    speaking: Option<(String, usize)>,
    /// Those whose cards speak and are not wanted.
    others: BTreeSet<String>,
}

#[derive(Default)]
struct Reader {
    atr: Vec<u8>,
    powered: bool,
}

impl<'w> Readers<'w> {
    pub(super) fn new(wanted: Option<&'w str>) -> Self {
        let (handles, known) = (BTreeMap::new(), BTreeMap::new());
        Self { wanted, handles, known, speaking: None, others: BTreeSet::new() }
    }

    /// Whether the reader that was wanted is in the log.
    pub(super) fn check(&self) -> Result<(), RecordingError> {
        match self.wanted {
            Some(wanted) if self.speaking.is_none() && !self.others.is_empty() => {
                let names: Vec<String> =
                    self.others.iter().map(|name| format!("'{name}'")).collect();
                let names = names.join(", ");
                let problem =
                    format!("no reader of this log fits '{wanted}'; cards speak in {names}");
                Err(RecordingError { line: 1, problem })
            }
            _ => Ok(()),
        }
    }

    /// A call that has ended with `result`; with none where the log ends first.
    pub(super) fn done(
        &mut self,
        call: &Call,
        result: &str,
        builder: &mut Builder,
    ) -> Result<(), RecordingError> {
        if call.name == "SCardTransmit" {
            return self.transmit(call, result, builder);
        }
        if !result.contains("SCARD_S_SUCCESS") && call.name != "SCardGetStatusChange" {
            return Ok(());
        }
        match call.name.as_str() {
            "SCardConnect" => {
                if let (Some(handle), Some(reader)) =
                    (call.value("o phCard"), call.value("i szReader"))
                {
                    self.handles.insert(number_only(handle), reader.to_owned());
                }
            }
            "SCardStatus" => {
                let (reader, atr) = (self.reader_of(call), call.bytes("o bAtr"));
                if !atr.is_empty() {
                    self.known.entry(reader).or_default().atr = atr;
                }
            }
            "SCardGetStatusChange" => self.learn(call),
            "SCardReconnect" => {
                self.ended(call, call.number("i dwInitialization"), builder);
            }
            "SCardDisconnect" | "SCardEndTransaction" => {
                self.ended(call, call.number("i dwDisposition"), builder);
            }
            _ => {}
        }
        Ok(())
    }

    fn transmit(
        &mut self,
        call: &Call,
        result: &str,
        builder: &mut Builder,
    ) -> Result<(), RecordingError> {
        let name = self.reader_of(call);
        if !self.chosen(&name, call.line)? {
            return Ok(());
        }
        let reader = self.known.entry(name).or_default();
        if !reader.powered {
            reader.powered = true;
            builder.reset(call.line, reader.atr.clone());
        }
        builder.command(call.line, call.sent.whole(call.line, "bSend")?);
        if result.is_empty() {
            return Ok(());
        }
        let answer = match result.contains("SCARD_S_SUCCESS") {
            true => Outcome::Bytes(call.received.whole(call.line, "bRecv")?),
            false => failure(result),
        };
        builder.answer(call.line, answer)
    }

    /// Whether the card in this reader is meant.
    fn chosen(&mut self, name: &str, line: usize) -> Result<bool, RecordingError> {
        if let Some(wanted) = self.wanted
            && !name.to_lowercase().contains(&wanted.to_lowercase())
        {
            self.others.insert(name.to_owned());
            return Ok(false);
        }
        match &self.speaking {
            Some((first, at)) if first != name => Err(RecordingError {
                line,
                problem: format!(
                    "two cards speak in this log: in '{first}' from line {at}, and here in '{name}'; \
                     name a part of one with --reader"
                ),
            }),
            Some(_) => Ok(true),
            None => {
                self.speaking = Some((name.to_owned(), line));
                Ok(true)
            }
        }
    }

    /// The ATRs that PC/SC tells of every reader.
    fn learn(&mut self, call: &Call) {
        let mut current = None;
        for (name, value) in &call.values {
            match name.as_str() {
                "o szReader" => current = Some(value.clone()),
                "o Atr" => {
                    let atr = super::hex_bytes(value).unwrap_or_default();
                    if let Some(reader) = current.take().filter(|_| !atr.is_empty()) {
                        self.known.entry(reader).or_default().atr = atr;
                    }
                }
                _ => {}
            }
        }
    }

    /// A connection or transaction ended so.
    fn ended(&mut self, call: &Call, disposition: Option<usize>, builder: &mut Builder) {
        let name = self.reader_of(call);
        let Some(reader) = self.known.get_mut(&name) else { return };
        match disposition {
            Some(RESET) => reader.powered = false,
            Some(UNPOWER) if reader.powered => {
                reader.powered = false;
                builder.power_off(call.line);
            }
            _ => {}
        }
    }

    fn reader_of(&self, call: &Call) -> String {
        let handle = number_only(call.value("i hCard").unwrap_or("unknown"));
        let unnamed = || format!("a reader unnamed in this log, handle {handle}");
        self.handles.get(&handle).cloned().unwrap_or_else(unnamed)
    }
}

/// A handle without its decimal form.
fn number_only(handle: &str) -> String {
    handle.split_whitespace().next().unwrap_or_default().to_owned()
}
