//! A balance reached by transactions, on a card that cannot be set.

use applet_spec::{CommandId, PinUse, Profile, PurseKind};
use purse::Amount;
use purse::setting::Setting;

use super::attempt::Attempt;
use super::bench::End;
use super::command::{Power, split};
use super::probe::{label, name_of};
use super::words::text;
use crate::{Action, Run, RunKind, Send, StatusPattern, Step, Text, Value};

/// Whether a setting can be reached by transactions.
pub(super) fn reachable(key: &str) -> bool {
    matches!(key, "balance" | "ep.balance" | "ed.balance")
}

impl Attempt<'_, '_, '_> {
    /// Loads what is missing, or spends what is too much. Where the card refuses once, it is not
    /// asked again in this run: a wrong key costs tries.
    pub(super) fn reach_balance(&mut self) -> Result<(), End> {
        if let Some(reason) = &self.bench.unreachable {
            return Err(End::Skipped(reason.clone()));
        }
        if let Some(reason) = self.above_maximum() {
            return Err(End::Skipped(reason));
        }
        let reached = self.reach_each();
        // What was done for it is no step of the case.
        self.seen.clear();
        let problem = match reached {
            Ok(()) => return Ok(()),
            Err(End::Broken(problem)) => return Err(End::Broken(problem)),
            Err(End::Skipped(reason)) => reason,
            Err(End::Failed) => match self.findings.first() {
                Some(found) => text(
                    format!("{} is {}, not {}", found.what.en, found.actual.en, found.expected.en),
                    format!("{} 为 {}, 应为 {}", found.what.zh, found.actual.zh, found.expected.zh),
                ),
                None => text("the card refuses", "卡片拒绝"),
            },
        };
        self.findings.clear();
        let Text { en, zh } = problem;
        let reason = text(
            format!("its balance cannot be reached by a load or purchase: {en}"),
            format!("无法用圈存或消费达到所需余额: {zh}"),
        );
        self.bench.unreachable = Some(reason.clone());
        Err(End::Skipped(reason))
    }

    /// Why a card that follows its profile must refuse: the purse may not hold so much.
    fn above_maximum(&self) -> Option<Text> {
        let application = self.bench.profile.application()?;
        self.case.card.iter().find_map(|(key, value)| {
            let Ok(Setting::Balance { purse, amount }) = Setting::parse(key, value) else {
                return None;
            };
            let kind = purse.or_else(|| default_purse(self.bench.profile))?;
            let most = application.purse(kind)?.maximum;
            (amount.0 > most).then(|| {
                text(
                    format!("it needs {key}={value}, and the purse holds at most {most} fen"),
                    format!("需要 {key}={value}, 而余额上限为 {most} 分"),
                )
            })
        })
    }

    fn reach_each(&mut self) -> Result<(), End> {
        for (key, value) in &self.case.card {
            let parsed = Setting::parse(key, value);
            let Ok(Setting::Balance { purse, amount }) = parsed else {
                let problem = format!("{key}={value} is no balance");
                return Err(End::Skipped(text(&problem, &problem)));
            };
            let purse = purse
                .or_else(|| default_purse(self.bench.profile))
                .ok_or_else(|| End::Skipped(text("the profile has no purse", "该规格没有钱包")))?;
            self.reach(purse, amount)?;
        }
        Ok(())
    }

    fn reach(&mut self, purse: PurseKind, wanted: Amount) -> Result<(), End> {
        self.select_application()?;
        self.verify_for_balance(purse)?;
        let held = self.balance(purse)?;
        let (kind, amount) = match (held, wanted.0) {
            (held, wanted) if held < wanted => (RunKind::Load, wanted - held),
            (held, wanted) if held > wanted => (RunKind::Purchase, held - wanted),
            _ => return Ok(()),
        };
        let amount = ("amount".to_owned(), Value::literal(format!("{amount}fen")));
        let run = Run { kind, purse: Some(purse), key: None, fields: vec![amount] };
        let mut step = Step::new(Action::Run(Box::new(run)));
        step.expect.status = vec![StatusPattern::exactly(apdu::StatusWord::OK)];
        self.command_step(0, &step, Power::Steady)?;
        if self.balance(purse)? == wanted.0 {
            return Ok(());
        }
        self.bench.awaken()?;
        Err(End::Skipped(text(
            format!("after it the balance of the {} is another", label(name_of(purse))),
            format!("交易后 {} 余额不符", label(name_of(purse))),
        )))
    }

    /// VERIFY where the purse tells its balance only after it. The PIN was proved before.
    fn verify_for_balance(&mut self, purse: PurseKind) -> Result<(), End> {
        let application = self.bench.profile.application();
        let asks = application
            .and_then(|application| application.purse(purse))
            .is_some_and(|purse| purse.pin_for.contains(&PinUse::Balance));
        if asks {
            let made = self.host.command(&Send::new(CommandId::Verify));
            let prepared = made.map_err(|error| self.unmade(None, &error))?;
            let (status, data) = split(&self.bench.transmit(&prepared.bytes)?)?;
            self.host.heard(&prepared, status, &data);
        }
        Ok(())
    }

    /// Stored balance in fen.
    fn balance(&mut self, purse: PurseKind) -> Result<u32, End> {
        let command = [0x80, 0x5C, 0x00, purse as u8, 0x04];
        let answer = self.bench.transmit(&command)?;
        match *answer.as_slice() {
            [a, b, c, d, 0x90, 0x00] => Ok(u32::from_be_bytes([a, b, c, d])),
            _ => Err(End::Skipped(text(
                format!("GET BALANCE is answered {}", hex::encode_upper(&answer)),
                format!("读余额应答 {}", hex::encode_upper(&answer)),
            ))),
        }
    }
}

fn default_purse(profile: &Profile) -> Option<PurseKind> {
    let application = profile.application()?;
    let kind = [PurseKind::Purse, PurseKind::Deposit];
    kind.into_iter().find(|kind| application.purse(*kind).is_some())
}
