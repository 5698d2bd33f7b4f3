//! The commands of a step: made by the host, sent, and every check of their answers.

use apdu::StatusWord;
use applet_spec::{Catalogue, TransactionEffect};
use link::LinkError;

use super::attempt::Attempt;
use super::bench::End;
use super::check::Check;
use super::words::text;
use crate::host::{PlannedStep, Prepared};
use crate::{Action, Capture, Exchange, Expect, Run, StatusPattern, Step, StepSeen};

/// A command that is to be sent, and what it must be answered.
pub(super) struct Sent<'s> {
    pub(super) at: usize,
    pub(super) prepared: Prepared,
    pub(super) expects: &'s [&'s Expect],
    pub(super) captures: &'s [Capture],
    /// Answers that wait are fetched, as the host does it.
    pub(super) fetched: bool,
}

/// Whether power holds while a command is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    /// It does.
    Steady,
    /// It is lost at each memory write, one after the other.
    Torn,
}

impl Attempt<'_, '_, '_> {
    /// Once what the step does.
    pub(super) fn command_step(&mut self, at: usize, step: &Step, power: Power) -> Result<(), End> {
        let made = match &step.action {
            Action::Send(send) => self.host.command(send),
            Action::Raw(bytes) => self.host.raw(bytes),
            Action::Select(place) => self.host.select(place),
            Action::Run(run) => return self.whole(at, step, run, power),
            Action::Do(_) | Action::Set(_) => {
                return Err(End::Broken(text("a step without a command", "该步骤没有指令")));
            }
        };
        let prepared = made.map_err(|error| self.unmade(Some(at), &error))?;
        let (expects, captures) = (&[&step.expect][..], &*step.captures);
        let fetched = step.protocol.is_none();
        let sent = Sent { at, prepared, expects, captures, fetched };
        self.send(&sent, power)
    }

    /// A whole transaction. What the step says of the answer is of the command that ends it.
    fn whole(&mut self, at: usize, step: &Step, run: &Run, power: Power) -> Result<(), End> {
        let plan = self.host.begin_run(run).map_err(|error| self.unmade(Some(at), &error))?;
        let ends = |planned: &PlannedStep| {
            let effect = Catalogue::entry(planned.send.command).transaction;
            effect == TransactionEffect::Continues
        };
        let last = plan.steps.iter().rposition(ends);
        for (number, planned) in plan.steps.iter().enumerate() {
            let made = self.host.command(&planned.send);
            let prepared = made.map_err(|error| self.unmade(Some(at), &error))?;
            let fields = planned.fields.clone();
            let sent = |expects, captures| Sent { at, prepared, expects, captures, fetched: true };
            if last == Some(number) {
                let own = Expect { fields, ..Expect::default() };
                let captures: Vec<Capture> =
                    planned.captures.iter().chain(&step.captures).cloned().collect();
                self.send(&sent(&[&step.expect, &own], &captures), power)?;
            } else {
                let status = vec![StatusPattern::exactly(StatusWord::OK)];
                let own = Expect { status, fields, ..Expect::default() };
                self.send(&sent(&[&own], &planned.captures), power)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, sent: &Sent<'_>, power: Power) -> Result<(), End> {
        match power {
            Power::Steady => self.exchange(sent),
            Power::Torn => self.torn(sent),
        }
    }

    /// Sends a command and makes every check of its answer. Ends the case where one fails.
    pub(super) fn exchange(&mut self, sent: &Sent<'_>) -> Result<(), End> {
        let Sent { at, prepared, expects, captures, fetched } = sent;
        let at = *at;
        let begun = self.bench.now();
        let answer = match fetched {
            true => self.bench.transmit(&prepared.bytes),
            false => self.bench.transmit_unfetched(&prepared.bytes),
        };
        let elapsed = self.bench.now().saturating_sub(begun);
        let mut seen = StepSeen {
            step: at,
            title: prepared.title.clone(),
            exchanges: vec![Exchange {
                command: prepared.bytes.clone(),
                answer: answer.as_ref().ok().cloned(),
                elapsed,
            }],
            expected: Vec::new(),
        };
        let answer = match answer.map_err(End::from).and_then(|answer| split(&answer)) {
            Ok(answer) => answer,
            Err(end) => {
                self.seen.push(seen);
                return Err(end);
            }
        };
        let (status, data) = answer;
        self.host.heard(prepared, status, &data);
        let mut check = Check {
            host: &self.host,
            rules: &self.case.rules,
            step: at,
            prepared,
            status,
            data: &data,
            elapsed,
            findings: Vec::new(),
            expected: Vec::new(),
        };
        for expect in *expects {
            check.answer(expect);
        }
        let Check { findings, expected, .. } = check;
        seen.expected = expected;
        self.seen.push(seen);
        if !findings.is_empty() {
            self.findings.extend(findings);
            return Err(End::Failed);
        }
        for capture in *captures {
            if let Err(error) = self.host.capture(capture, prepared, &data) {
                return Err(self.unmade(Some(at), &error));
            }
        }
        Ok(())
    }
}

/// Status word and data of an answer.
pub(super) fn split(answer: &[u8]) -> Result<(StatusWord, Vec<u8>), End> {
    match answer.split_last_chunk::<2>() {
        Some((data, status)) => Ok((StatusWord(u16::from_be_bytes(*status)), data.to_vec())),
        None => Err(End::Broken(text(
            format!("the card's answer has {} bytes: no status word", answer.len()),
            format!("卡片应答仅 {} 字节, 没有状态字", answer.len()),
        ))),
    }
}

/// Whether a card that gave this error fell silent.
pub(super) fn silent(error: &LinkError) -> bool {
    matches!(error, LinkError::Mute | LinkError::NoCard(_))
}
