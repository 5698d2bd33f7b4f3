//! What is known of a card's state, and how two states differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use applet_spec::FieldFormat;
use link::{CardControl, CardTransport, ControlError, LinkError};

use super::probe::{After, Counter, Part, Probe, Question};
use super::words::{alike, shown, text};
use crate::text::number;
use crate::{Change, Finding, PurseName, Rule, Text};

/// What a card answers to every [`Question`] of a [`Probe`].
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Answers with status word, in the order of the questions; empty is silence, or not asked.
    answers: Vec<Vec<u8>>,
    /// Proofs by transaction type and serial.
    proofs: BTreeMap<(u8, u16), Vec<u8>>,
    /// What the control channel tells beside.
    told: BTreeMap<String, String>,
    /// Memory writes since power-on, where the control channel counts them.
    writes: Option<String>,
}

/// Something that is not the same in two states.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// Any of these may have changed it; none: nothing may.
    pub(super) changes: Vec<Change>,
    pub(super) name: Text,
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// What those bytes are.
    pub(super) format: FieldFormat,
    /// Both in words, where they are not bytes.
    pub(super) words: Option<(String, String)>,
}

impl State {
    /// Reads the state on a copy of the card.
    pub(super) fn of_copy(
        probe: &Probe,
        control: &mut dyn CardControl,
    ) -> Result<Self, ControlError> {
        let status = control.status()?;
        let writes = writes(&status);
        let told: BTreeMap<String, String> =
            status.into_iter().filter(|(key, _)| told_of(key).is_some()).collect();
        let asked = proofs_to_ask(probe, |purse, counter| {
            let prefix = if purse == PurseName::Ed { "ed" } else { "ep" };
            let word = if counter == Counter::Offline { "offline" } else { "online" };
            number(told.get(&format!("{prefix}.{word}-serial"))?)?.try_into().ok()
        });
        let questions = probe.questions.iter().map(|question| question.command.clone());
        let commands: Vec<Vec<u8>> = questions.chain(asked.values().cloned()).collect();
        let mut answers = control.rehearse(&commands)?;
        let proofs = answers.split_off(probe.questions.len().min(answers.len()));
        let proofs = asked.into_keys().zip(proofs).collect();
        Ok(Self { answers, proofs, told, writes })
    }

    /// Whether the card has written nothing to its memory since this state was read, in the same
    /// session of power: then it is the state still.
    ///
    /// # Errors
    /// What the control channel says.
    pub(super) fn holds(&self, control: &mut dyn CardControl) -> Result<bool, ControlError> {
        Ok(self.writes.is_some() && self.writes == writes(&control.status()?))
    }

    /// Reads it on the card itself, which was reset for it and is left in the middle. PINs are not
    /// tried.
    pub(super) fn of_card(
        probe: &Probe,
        transport: &mut dyn CardTransport,
    ) -> Result<Self, LinkError> {
        let mut answers = Vec::with_capacity(probe.questions.len());
        for (at, question) in probe.questions.iter().enumerate() {
            let left_out = question.after == After::Verify || probe.verify == Some(at);
            answers.push(match left_out {
                true => Vec::new(),
                false => transport.transmit(&question.command)?,
            });
        }
        let asked =
            proofs_to_ask(probe, |purse, counter| serial_in(probe, &answers, purse, counter));
        let mut proofs = BTreeMap::new();
        for (key, command) in asked {
            proofs.insert(key, transport.transmit(&command)?);
        }
        Ok(Self { answers, proofs, told: BTreeMap::new(), writes: None })
    }

    /// What is not as it was in `before`.
    pub(super) fn differences(&self, probe: &Probe, before: &Self) -> Vec<Difference> {
        let mut out = Vec::new();
        let same_pin = probe.verify.is_none_or(|at| self.answers.get(at) == before.answers.get(at));
        let answers = before.answers.iter().zip(&self.answers);
        for (question, (old, new)) in probe.questions.iter().zip(answers) {
            // Behind a PIN that is another now nothing can be compared; that it is another is told.
            if old != new && (same_pin || question.after == After::Reset) {
                question.compare(old, new, &mut out);
            }
        }
        for (key, new) in &self.proofs {
            if let Some(old) = before.proofs.get(key)
                && old != new
            {
                let (kind, serial) = key;
                let name = text(
                    format!("proof of transaction type {kind:02X}, serial {serial:04X}"),
                    format!("交易类型 {kind:02X}, 序号 {serial:04X} 的交易认证"),
                );
                let changes = vec![Change::Proof, Change::Lock];
                let (before, after) = (old.clone(), new.clone());
                let format = FieldFormat::Hex;
                out.push(Difference { changes, name, before, after, format, words: None });
            }
        }
        for (key, old) in &before.told {
            let new = self.told.get(key);
            if new != Some(old) {
                let new = new.cloned().unwrap_or_else(|| "-".to_owned());
                out.push(Difference {
                    changes: told_of(key).into_iter().collect(),
                    name: text(key, key),
                    before: Vec::new(),
                    after: Vec::new(),
                    format: FieldFormat::Hex,
                    words: Some((old.clone(), new)),
                });
            }
        }
        out
    }
}

impl Difference {
    /// The difference as a finding: what was before is what must be.
    pub(super) fn finding(
        self,
        step: Option<usize>,
        what: Text,
        rule: Option<Arc<Rule>>,
    ) -> Finding {
        let Self { before, after, format, words, .. } = self;
        if let Some((expected, actual)) = words {
            let (expected, actual) = (alike(expected), alike(actual));
            return Finding { step, what, expected, actual, bytes: None, rule };
        }
        let whole = |bytes: &[u8]| bytes.iter().copied().map(Some).collect::<Vec<_>>();
        let was = whole(&before);
        let (expected, actual) = (shown(&was, format), shown(&whole(&after), format));
        let bytes = Some((was, after));
        Finding { step, what, expected, actual, bytes, rule }
    }

    /// Whether a step that may change `allowed` may have made it.
    pub(super) fn is_allowed(&self, allowed: &[Change]) -> bool {
        allowed.contains(&Change::Anything)
            || self.changes.iter().any(|change| allowed.contains(change))
    }
}

impl Question {
    fn compare(&self, old: &[u8], new: &[u8], out: &mut Vec<Difference>) {
        let (old_data, old_status) = apart(old);
        let (new_data, new_status) = apart(new);
        if old_status != new_status {
            let parts = self.parts.iter().flat_map(|part| &part.changes);
            out.push(Difference {
                changes: self.gates.iter().chain(parts).cloned().collect(),
                name: self.name.clone(),
                before: old.to_vec(),
                after: new.to_vec(),
                format: FieldFormat::Hex,
                words: None,
            });
            return;
        }
        for part in &self.parts {
            let (before, after) = (part.of(old_data), part.of(new_data));
            if before != after {
                out.push(Difference {
                    changes: part.changes.clone(),
                    name: part.name.clone(),
                    before: before.to_vec(),
                    after: after.to_vec(),
                    format: part.format(),
                    words: None,
                });
            }
        }
    }
}

impl Part {
    fn format(&self) -> FieldFormat {
        match self.changes.as_slice() {
            [Change::Balance(_) | Change::Limit(_)] | [Change::Balance(_), Change::Limit(_)] => {
                FieldFormat::Fen
            }
            [Change::Offline(_) | Change::Online(_)] => FieldFormat::Number,
            _ => FieldFormat::Hex,
        }
    }

    fn of<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        data.get(self.from.min(data.len())..self.to.min(data.len())).unwrap_or_default()
    }
}

fn writes(status: &[(String, String)]) -> Option<String> {
    status.iter().find(|(key, _)| key == "writes").map(|(_, count)| count.clone())
}

/// Answer data and status word; of anything shorter, no data.
fn apart(answer: &[u8]) -> (&[u8], &[u8]) {
    answer.split_at_checked(answer.len().saturating_sub(2)).unwrap_or((&[], answer))
}

/// The proofs of the last transaction of each kind, of the one before, and of the one to come.
fn proofs_to_ask(
    probe: &Probe,
    serial: impl Fn(PurseName, Counter) -> Option<u16>,
) -> BTreeMap<(u8, u16), Vec<u8>> {
    let mut out = BTreeMap::new();
    for proof in &probe.proofs {
        let Some(now) = serial(proof.purse, proof.counter) else { continue };
        for serial in [now.wrapping_sub(1), now, now.wrapping_add(1)] {
            out.insert((proof.kind, serial), proof.command(serial));
        }
    }
    out
}

/// The serial that the answer to an INITIALIZE shows.
fn serial_in(
    probe: &Probe,
    answers: &[Vec<u8>],
    purse: PurseName,
    counter: Counter,
) -> Option<u16> {
    let change = match counter {
        Counter::Offline => Change::Offline(purse),
        Counter::Online => Change::Online(purse),
    };
    probe.questions.iter().zip(answers).find_map(|(question, answer)| {
        let part = question.parts.iter().find(|part| part.changes == [change.clone()])?;
        let data = answer.strip_suffix(&[0x90, 0x00])?;
        part.of(data).try_into().ok().map(u16::from_be_bytes)
    })
}

/// What a pair of [`CardControl::status`] is of; `None` where it is no state of the card.
fn told_of(key: &str) -> Option<Change> {
    let of_purse = |purse, rest: &str| match rest {
        "balance" => Some(Change::Balance(purse)),
        "overdraft-limit" => Some(Change::Limit(purse)),
        "offline-serial" => Some(Change::Offline(purse)),
        "online-serial" => Some(Change::Online(purse)),
        _ => None,
    };
    match key.split_once('.') {
        Some(("ed", rest)) => of_purse(PurseName::Ed, rest),
        Some(("ep", rest)) => of_purse(PurseName::Ep, rest),
        Some(("key-tries", _)) => Some(Change::Keys),
        Some(_) => None,
        None => match key {
            "locked" => Some(Change::Lock),
            "pin-tries" => Some(Change::Pin),
            "wrong-macs" => Some(Change::WrongMacs),
            "terminal-serial" => Some(Change::TerminalSerial),
            "terminal" => Some(Change::File(0x16)),
            "valid-from" | "valid-to" => Some(Change::File(0x15)),
            _ => None,
        },
    }
}
