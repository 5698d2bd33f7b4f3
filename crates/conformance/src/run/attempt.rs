//! One try at a case: the card is brought to its state, then the steps are done and checked.

use std::sync::Arc;

use super::Hand;
use super::bench::{Bench, End};
use super::command::{Power, split};
use super::state::{Difference, State};
use super::words::{alike, text};
use crate::host::{Host, HostError, Trouble};
use crate::{
    Action, Case, Change, Deed, Expect, Finding, Place, Start, Step, StepSeen, Text, Verdict,
};

/// How a try at a case ended.
pub(super) struct Attempted {
    pub(super) verdict: Verdict,
    pub(super) steps: Vec<StepSeen>,
}

/// A try at a case.
pub(super) struct Attempt<'t, 'r, 'b> {
    pub(super) bench: &'t mut Bench<'r, 'b>,
    pub(super) case: &'t Arc<Case>,
    pub(super) host: Host<'r>,
    /// The state before the next step, where it can be read on a copy.
    pub(super) state: Option<State>,
    pub(super) seen: Vec<StepSeen>,
    pub(super) findings: Vec<Finding>,
}

impl Bench<'_, '_> {
    /// Tries a case.
    pub(super) fn attempt(&mut self, case: &Arc<Case>) -> Attempted {
        let host = Host::new(self.profile, self.custody, &case.terminal);
        let (seen, findings) = (Vec::new(), Vec::new());
        let mut attempt = Attempt { bench: self, case, host, state: None, seen, findings };
        let end = attempt.run();
        let Attempt { seen: steps, findings, host, .. } = attempt;
        self.release();
        self.worn.remember(&host, &steps);
        let verdict = match end {
            Err(End::Broken(problem)) => {
                self.doubtful = true;
                Verdict::Broken(problem)
            }
            Err(End::Skipped(reason)) => Verdict::Skipped(reason),
            Ok(()) | Err(End::Failed) if findings.is_empty() => Verdict::Passed,
            Ok(()) | Err(End::Failed) => Verdict::Failed(findings),
        };
        Attempted { verdict, steps }
    }
}

impl Attempt<'_, '_, '_> {
    fn run(&mut self) -> Result<(), End> {
        match self.bench.hand() {
            Hand::AtTheCard => self.begin()?,
            Hand::None => return self.run_plain(),
        }
        self.steps()
    }

    /// With a hand: from the snapshot, set, reset.
    fn begin(&mut self) -> Result<(), End> {
        let settings = &self.case.card;
        if let Some((setting, problem)) = self.bench.take_back(settings)? {
            let what = text("setting of the card", "卡片设置");
            self.find(None, what, alike(setting), alike(problem));
            return Err(End::Failed);
        }
        self.meet(Some(settings))?;
        self.state = Some(self.bench.first_state(settings)?);
        self.start_from_reset()
    }

    pub(super) fn meet(&mut self, settings: Option<&[(String, String)]>) -> Result<(), End> {
        if let Some(card) = self.bench.identity(settings.unwrap_or_default())? {
            self.host.meet(card.serial, &card.public);
        }
        Ok(())
    }

    pub(super) fn start(&mut self) -> Result<(), End> {
        self.bench.awaken()?;
        self.start_from_reset()
    }

    fn start_from_reset(&mut self) -> Result<(), End> {
        self.host.forget();
        match self.case.start {
            Start::Off => Ok(self.bench.power_off()?),
            Start::Reset => Ok(()),
            Start::Selected if self.bench.profile.main_directory().is_none() => Ok(()),
            // A locked application may refuse; the steps say what it must answer.
            Start::Selected => self.select_application(),
        }
    }

    pub(super) fn select_application(&mut self) -> Result<(), End> {
        let made = self.host.select(&Place::Application);
        let prepared = made.map_err(|error| self.unmade(None, &error))?;
        let (status, data) = split(&self.bench.transmit(&prepared.bytes)?)?;
        self.host.heard(&prepared, status, &data);
        Ok(())
    }

    pub(super) fn steps(&mut self) -> Result<(), End> {
        let case = Arc::clone(self.case);
        for (at, step) in case.steps.iter().enumerate() {
            self.step(at, step)?;
            if !self.findings.is_empty() {
                return Err(End::Failed);
            }
        }
        Ok(())
    }

    fn step(&mut self, at: usize, step: &Step) -> Result<(), End> {
        if let Some(other) = step.protocol.filter(|protocol| !self.bench.talks(*protocol)) {
            let (name, why) = (other.name(), "passed over: the card does not talk");
            self.note(at, text(format!("{why} {name}"), format!("跳过: 卡片不使用 {name}")));
            return Ok(());
        }
        match &step.action {
            Action::Do(deed) => {
                for _ in 0..step.repeat {
                    self.deed(at, *deed, &step.expect)?;
                }
            }
            Action::Set(settings) => return self.set(at, settings),
            Action::Send(_) | Action::Raw(_) | Action::Select(_) | Action::Run(_) => {
                let power = if step.tear { Power::Torn } else { Power::Steady };
                for _ in 0..step.repeat {
                    self.command_step(at, step, power)?;
                }
            }
        }
        self.frame(at, step)
    }

    fn deed(&mut self, at: usize, deed: Deed, expect: &Expect) -> Result<(), End> {
        self.note(at, deed.words());
        match deed {
            Deed::Reset => {
                let atr = self.bench.awaken()?;
                self.answer_to_reset(at, &atr, expect)?;
            }
            Deed::PowerOff => self.bench.power_off()?,
            Deed::Remove => self.bench.control()?.remove()?,
            Deed::Insert => self.bench.control()?.insert()?,
        }
        self.host.forget();
        Ok(())
    }

    fn set(&mut self, at: usize, settings: &[(String, String)]) -> Result<(), End> {
        for (key, value) in settings {
            self.note(at, text(format!("set {key}={value}"), format!("设置 {key}={value}")));
            if let Err(error) = self.bench.control()?.set(key, value) {
                let link::ControlError::Value(problem) = error else { return Err(error.into()) };
                let what = text("setting of the card", "卡片设置");
                self.find(Some(at), what, alike(format!("{key}={value}")), alike(problem));
                return Err(End::Failed);
            }
        }
        // What it changed is what was asked for.
        if self.state.is_some() {
            self.state = Some(self.bench.state()?);
        }
        Ok(())
    }

    /// The state after a step must be that before it in everything that the step may not change.
    fn frame(&mut self, at: usize, step: &Step) -> Result<(), End> {
        let Some(before) = self.state.take() else { return Ok(()) };
        let without_power_loss = !step.tear && !matches!(step.action, Action::Do(_));
        if without_power_loss && before.holds(self.bench.control()?)? {
            self.state = Some(before);
            return Ok(());
        }
        let after = self.bench.state()?;
        self.compare(Some(at), &before, &after, &step.changes);
        self.state = Some(after);
        Ok(())
    }

    pub(super) fn compare(
        &mut self,
        at: Option<usize>,
        before: &State,
        after: &State,
        allowed: &[Change],
    ) {
        let mut told: Vec<Vec<Change>> = Vec::new();
        for difference in after.differences(&self.bench.probe, before) {
            // The same is often seen in several ways; once is enough.
            if !difference.is_allowed(allowed) && !told.contains(&difference.changes) {
                told.push(difference.changes.clone());
                self.changed(at, difference);
            }
        }
    }

    fn changed(&mut self, at: Option<usize>, difference: Difference) {
        let Text { en, zh } = &difference.name;
        let what = text(format!("{en} changed"), format!("{zh} 被改变"));
        let rule = self.case.rules.first().cloned();
        self.findings.push(difference.finding(at, what, rule));
    }

    pub(super) fn find(&mut self, step: Option<usize>, what: Text, expected: Text, actual: Text) {
        let rule = self.case.rules.first().cloned();
        self.findings.push(Finding { step, what, expected, actual, bytes: None, rule });
    }

    pub(super) fn note(&mut self, step: usize, title: Text) {
        let (exchanges, expected) = (Vec::new(), Vec::new());
        self.seen.push(StepSeen { step, title, exchanges, expected });
    }

    /// A value that cannot be made ends the case: where a key is missing it cannot be run, otherwise
    /// the card did not give what the value is made of.
    pub(super) fn unmade(&mut self, step: Option<usize>, error: &HostError) -> End {
        if matches!(error.trouble, Trouble::Custody(_)) {
            return End::Skipped(text(
                format!("a key that it needs cannot be used: {error}"),
                format!("所需密钥不可用: {error}"),
            ));
        }
        let what = text("a value that the step needs", "步骤所需的值");
        let expected = text("can be made from what the card answered", "可由卡片应答得出");
        self.find(step, what, expected, alike(error.to_string()));
        End::Failed
    }
}
