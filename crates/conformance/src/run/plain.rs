//! Cases on a card that can only be sent commands: it is taken as it is, looked at before each, and
//! what one case leaves the next must live with.

use std::sync::Arc;

use applet_spec::CommandId;
use zeroize::Zeroizing;

use super::Hand;
use super::attempt::Attempt;
use super::bench::{Bench, End};
use super::command::split;
use super::wear::{Spent, Wear, sends_pin};
use super::words::{of_link, text};
use crate::host::Host;
use crate::{Case, Change, Place, Send, Start, StepSeen, TerminalConfig, Text, Verdict};

/// What cases left on a card that cannot be taken back.
#[derive(Default)]
pub(super) struct Worn {
    /// Its PIN, where a case changed it.
    pin: Option<Zeroizing<Vec<u8>>>,
    /// Whether VERIFY of it was accepted, or why it is not tried any more.
    pin_proved: Option<Result<(), Text>>,
    /// Wrong MACs.
    spent: Spent,
    /// The application was selected, and nothing was done since that may have locked it.
    sound: bool,
    /// The case that ran last.
    last: Option<String>,
    /// The first case that may have left the card as no other expects it.
    used_by: Option<String>,
}

impl Worn {
    /// What a case leaves.
    pub(super) fn remember(&mut self, host: &Host<'_>, steps: &[StepSeen]) {
        if let Some(pin) = host.changed_pin() {
            self.pin = Some(pin);
        }
        for exchange in steps.iter().flat_map(|step| &step.exchanges) {
            self.spent.follow(exchange);
        }
    }
}

impl Bench<'_, '_> {
    /// Whether a card that cannot be taken back can still be tested: its application can be selected.
    ///
    /// # Errors
    /// Why the run cannot go on.
    pub(super) fn usable(&mut self) -> Result<(), Text> {
        let known = self.hand() == Hand::AtTheCard || self.worn.sound;
        if known || self.profile.main_directory().is_none() {
            return Ok(());
        }
        self.awaken().map_err(|error| of_link(&error))?;
        let host = Host::new(self.profile, self.custody, &TerminalConfig::default());
        let select = host
            .select(&Place::Application)
            .map_err(|error| text(error.to_string(), error.to_string()))?;
        let answer = self.transmit(&select.bytes).map_err(|error| of_link(&error))?;
        let (status, _) =
            split(&answer).map_err(|_| text("SELECT has no status word", "SELECT 没有状态字"))?;
        // On T=0 the answer waits.
        if status.is_ok() || status.bytes()[0] == 0x61 {
            self.worn.sound = true;
            return Ok(());
        }
        Err(match &self.worn.last {
            Some(case) => text(
                format!(
                    "the application cannot be selected any more ({status}) after {case}: the card \
                     may be locked; the cases that are left were not run"
                ),
                format!("{case} 之后应用无法再选择 ({status}): 卡片可能已锁定; 其余用例未运行"),
            ),
            None => text(
                format!(
                    "the application of the card cannot be selected ({status}): it may be locked, \
                     or the card be of another family"
                ),
                format!("无法选择卡片的应用 ({status}): 应用可能已锁定, 或卡片属于其他规格"),
            ),
        })
    }

    /// What a case that was run on a card that cannot be taken back means. A failure may be the fault
    /// of cases before it, where those did what nothing undoes.
    pub(super) fn judged(&mut self, case: &Case, verdict: Verdict) -> Verdict {
        if self.hand() == Hand::AtTheCard || matches!(verdict, Verdict::Skipped(_)) {
            return verdict;
        }
        let wear = Wear::of(case, self.profile);
        if wear != Wear::Nothing || !matches!(verdict, Verdict::Passed) {
            self.worn.sound = false;
        }
        self.worn.last = Some(case.id.clone());
        if wear < Wear::Said {
            return verdict;
        }
        let before = self.worn.used_by.get_or_insert_with(|| case.id.clone());
        let Verdict::Failed(findings) = &verdict else { return verdict };
        if *before == case.id {
            return verdict;
        }
        let Some(found) = findings.first() else { return verdict };
        Verdict::Skipped(text(
            format!(
                "{before} used the card before it, so that it says nothing ({} is {}, not {}); run it \
                 by itself with --only on another card",
                found.what.en, found.actual.en, found.expected.en
            ),
            format!(
                "卡片已被 {before} 用过, 结果不作数 ({} 为 {}, 应为 {}); 请换卡并用 --only 单独运行",
                found.what.zh, found.actual.zh, found.expected.zh
            ),
        ))
    }
}

impl Attempt<'_, '_, '_> {
    /// Without a hand: the state is read by commands at the beginning and the end.
    pub(super) fn run_plain(&mut self) -> Result<(), End> {
        self.bench.awaken()?;
        self.acquaint()?;
        self.prove_pin()?;
        if let Some(reason) = self.bench.worn.spent.too_many_for(self.case, self.bench.profile) {
            return Err(End::Skipped(reason));
        }
        if !self.case.card.is_empty() {
            self.reach_balance()?;
            // What was done for it is no transaction of the case, whose amount were the next one's too.
            self.acquaint()?;
        }
        let compared = self.case.start == Start::Selected;
        let before = if compared { Some(self.bench.state_of_card()?) } else { None };
        self.start()?;
        self.steps()?;
        let Some(before) = before else { return Ok(()) };
        let after = self.bench.state_of_card()?;
        let changes: Vec<Change> = Arc::clone(self.case).changes().cloned().collect();
        self.compare(None, &before, &after, &changes);
        Ok(())
    }

    /// A host that knows which card it is, what its PIN was changed to, and nothing else.
    fn acquaint(&mut self) -> Result<(), End> {
        let Bench { profile, custody, .. } = *self.bench;
        self.host = Host::new(profile, custody, &self.case.terminal);
        self.meet(None)?;
        if let Some(pin) = &self.bench.worn.pin {
            self.host.recall_pin(pin.clone());
        }
        Ok(())
    }

    /// A card with another PIN than the profile's would count each VERIFY as wrong: before the first
    /// case that sends it the right one must be accepted, which also gives back all tries.
    fn prove_pin(&mut self) -> Result<(), End> {
        let profile = self.bench.profile;
        let has_pin = profile.main_directory().is_some_and(|directory| directory.pin.is_some());
        if !has_pin || !sends_pin(self.case, profile) {
            return Ok(());
        }
        let spends = self.case.changes().any(|change| *change == Change::Pin);
        match &self.bench.worn.pin_proved {
            Some(Err(reason)) => return Err(End::Skipped(reason.clone())),
            Some(Ok(())) if !spends => return Ok(()),
            _ => {}
        }
        self.select_application()?;
        let made = self.host.command(&Send::new(CommandId::Verify));
        let prepared = made.map_err(|error| self.unmade(None, &error))?;
        let (status, data) = split(&self.bench.transmit(&prepared.bytes)?)?;
        self.host.heard(&prepared, status, &data);
        if status.is_ok() {
            self.bench.worn.pin_proved = Some(Ok(()));
            return Ok(());
        }
        let reason = text(
            format!(
                "VERIFY with the PIN that the card must have is answered {status}: it is not tried again"
            ),
            format!("验证应有的密码时应答 {status}: 不再尝试"),
        );
        self.bench.worn.pin_proved = Some(Err(reason.clone()));
        Err(End::Skipped(reason))
    }
}
