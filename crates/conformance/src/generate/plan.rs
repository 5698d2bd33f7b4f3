//! How a card comes into each state of a transaction, how it goes on from there, and what tells that
//! it is in it no more.

use applet_spec::{CommandId, Directory, FileKind, PinUse, Profile, PurseKind, PurseSpec, SamMac};

use super::bytes::{Bytes, StepWords as _, profiles, sent};
use crate::TransactionState as State;
use crate::text::spaced;
use crate::{Change, PurseName, Send, StatusPattern, Step, Value};

/// A state and its way in and out.
pub(super) struct Plan {
    pub(super) state: State,
    /// From idle into it.
    pub(super) setup: Vec<Step>,
    /// From it to its right end; each is 9000.
    pub(super) completion: Vec<Step>,
    /// Its next step, with a wrong MAC where it has one: a step in a wrong state, once it is over.
    pub(super) over: Option<Step>,
}

/// The states that cards of a profile can be in, idle first.
pub(super) fn all(profile: &Profile, application: Option<&Directory>) -> Vec<Plan> {
    let mut out = vec![Plan { state: State::Idle, setup: vec![], completion: vec![], over: None }];
    let Some(application) = application else { return out };
    let maker = Planner { profile, application };
    let purse = |uses| application.purses.iter().rev().find(move |p| p.allows.contains(&uses));
    for (uses, state, begin, step) in [
        (PinUse::Load, State::Load, CommandId::InitializeForLoad, CommandId::CreditForLoad),
        (
            PinUse::Purchase,
            State::Purchase,
            CommandId::InitializeForPurchase,
            CommandId::DebitForPurchase,
        ),
        (
            PinUse::Cash,
            State::Cash,
            CommandId::InitializeForCashWithdrawal,
            CommandId::DebitForPurchase,
        ),
        (PinUse::Unload, State::Unload, CommandId::InitializeForUnload, CommandId::DebitForUnload),
        (
            PinUse::Overdraft,
            State::Overdraft,
            CommandId::InitializeForUpdate,
            CommandId::UpdateOverdrawLimit,
        ),
    ] {
        if let Some(purse) = purse(uses) {
            out.push(maker.two_steps(state, purse, uses, begin, step));
        }
    }
    if let Some(purse) = purse(PinUse::Capp) {
        out.extend(maker.compound(purse));
    }
    if profile.psam.is_some() {
        out.push(maker.sam_purchase());
        out.extend(maker.sam_mac());
    }
    out
}

/// Steps from idle into a purse's transaction: the PIN where it is asked for, and INITIALIZE.
pub(super) fn begin(
    profile: &Profile,
    purse: &PurseSpec,
    uses: PinUse,
    command: CommandId,
) -> Vec<Step> {
    let pin = purse.pin_for.contains(&uses).then(|| verify(profile)).flatten();
    pin.into_iter().chain([initialize(purse.kind, command)]).collect()
}

/// INITIALIZE of a small amount.
pub(super) fn initialize(purse: PurseKind, command: CommandId) -> Step {
    let mut send = Send { purse: Some(purse), ..Send::new(command) };
    if command != CommandId::InitializeForUpdate {
        send.fields.push(("amount".to_owned(), Value::literal("1.00")));
    }
    sent(send)
}

/// VERIFY with the right PIN, where there is one.
pub(super) fn verify(profile: &Profile) -> Option<Step> {
    let pin = profile.main_directory()?.pin.as_ref()?;
    let bytes = Bytes {
        class: 0x00,
        ins: 0x20,
        p1: 0x00,
        p2: pin.index,
        data: pin.value.clone(),
        le: None,
    };
    Some(bytes.step().noted("the right PIN", "正确密码"))
}

struct Planner<'p> {
    profile: &'p Profile,
    application: &'p Directory,
}

impl Planner<'_> {
    fn two_steps(
        &self,
        state: State,
        purse: &PurseSpec,
        uses: PinUse,
        begin_with: CommandId,
        step: CommandId,
    ) -> Plan {
        let mut send = Send::new(step);
        if step == CommandId::UpdateOverdrawLimit {
            send.fields.push(("new overdraft limit".to_owned(), Value::literal("10.00")));
        }
        let mut completion = sent(send);
        completion.changes = self.changes(purse.kind, uses);
        Plan {
            state,
            setup: begin(self.profile, purse, uses, begin_with),
            completion: vec![completion],
            over: Some(over(step)),
        }
    }

    /// Without a record, and with one; nothing where the application has no records to write.
    fn compound(&self, purse: &PurseSpec) -> Vec<Plan> {
        let Some(update) = self.cache_update() else { return Vec::new() };
        let command = CommandId::InitializeForCappPurchase;
        let begun = begin(self.profile, purse, PinUse::Capp, command);
        let mut debit = sent(Send::new(CommandId::DebitForPurchase));
        debit.changes = self.changes(purse.kind, PinUse::Capp);
        // A record of a card that was used is another than the one that is written.
        debit.changes.push(Change::File(self.profile.rules.capp.default_sfi));
        let cached = begun.iter().cloned().chain([update.clone()]).collect();
        let wrong_state = [profiles("wrong-state")];
        let first = Plan {
            state: State::Capp,
            setup: begun,
            completion: vec![update.clone(), debit.clone()],
            over: Some(update.expecting(wrong_state)),
        };
        let second = Plan {
            state: State::CappCached,
            setup: cached,
            completion: vec![debit],
            over: Some(over(CommandId::DebitForPurchase)),
        };
        vec![first, second]
    }

    /// UPDATE CAPP DATA CACHE of a record by its id, with what is in it already.
    fn cache_update(&self) -> Option<Step> {
        let rules = &self.profile.rules.capp;
        let file = self.application.file(rules.default_sfi)?;
        let FileKind::Variable { .. } = file.kind else { return None };
        let public = self.profile.public_content(&self.profile.serial);
        let record = file.content.first()?.fill(&self.profile.serial, &public);
        let id = *record.get(usize::from(rules.id_width).checked_sub(1)?)?;
        let send = Send {
            p1: Some(byte(id)),
            p2: Some(byte(file.sfi << 3)),
            body: Some(Value::literal(spaced(&record))),
            ..Send::new(CommandId::UpdateCappDataCache)
        };
        Some(sent(send))
    }

    /// What a completed transaction of a purse changes.
    fn changes(&self, kind: PurseKind, uses: PinUse) -> Vec<Change> {
        let purse = if kind == PurseKind::Deposit { PurseName::Ed } else { PurseName::Ep };
        let mut out = vec![Change::Balance(purse), Change::Proof];
        out.push(match uses {
            PinUse::Load | PinUse::Unload | PinUse::Overdraft => Change::Online(purse),
            _ => Change::Offline(purse),
        });
        if uses == PinUse::Overdraft {
            out.push(Change::Limit(purse));
        }
        if let Some(log) = self.application.log {
            let files = match uses {
                PinUse::Load => [Some(log.load), None],
                _ => [Some(log.purchase), log.other_city],
            };
            out.extend(files.into_iter().flatten().map(Change::File));
        }
        out
    }

    fn sam_purchase(&self) -> Plan {
        let serial = self.profile.psam.as_ref().map(|psam| Change::File(psam.serial_file));
        let changes: Vec<Change> = serial.into_iter().chain([Change::TerminalSerial]).collect();
        let mut begin = sent(Send::new(CommandId::InitializeSamForPurchase));
        let mut credit = sent(Send::new(CommandId::CreditSamForPurchase));
        begin.changes.clone_from(&changes);
        credit.changes = changes;
        Plan {
            state: State::SamPurchase,
            setup: vec![begin],
            completion: vec![credit],
            over: Some(over(CommandId::CreditSamForPurchase)),
        }
    }

    /// The first piece of a MAC, with a key that makes MACs.
    fn sam_mac(&self) -> Option<Plan> {
        let deliver = self.deliver_key(|mac| mac.is_some())?;
        let block = self.block()?;
        let piece = |p1: u8, blocks: usize| Bytes {
            class: 0x80,
            ins: 0xFA,
            p1,
            p2: 0x00,
            data: vec![0; blocks * block],
            le: (p1 == 0x01).then_some(0x100),
        };
        let last = piece(0x01, 1).step();
        let gone = StatusPattern::exactly(apdu::StatusWord::CONDITIONS);
        Some(Plan {
            state: State::SamMac,
            setup: vec![deliver, piece(0x07, 2).step()],
            completion: vec![last.clone()],
            // The key goes with the selection; without it the piece is refused for that.
            over: Some(last.expecting([profiles("wrong-state"), gone])),
        })
    }

    fn deliver_key(&self, wanted: impl Fn(Option<SamMac>) -> bool) -> Option<Step> {
        let psam = self.profile.psam.as_ref()?;
        let key = self.application.sam_keys.iter().find(|key| {
            let purpose = key.usage.purpose();
            purpose.is_some_and(|purpose| psam.deliver.contains(&purpose) && wanted(purpose.mac()))
        })?;
        let data = vec![0x11; 8 * usize::from(key.usage.levels())];
        let (p1, p2) = (key.usage.0, key.number());
        Some(Bytes { class: 0x80, ins: 0x1A, p1, p2, data, le: None }.step())
    }

    fn block(&self) -> Option<usize> {
        self.application.sam_keys.first().map(|key| key.suite.block())
    }
}

/// DELIVER KEY of a key that makes MACs, where a PSAM has one.
pub(super) fn deliver_mac_key(profile: &Profile) -> Option<Step> {
    let application = profile.main_directory()?;
    Planner { profile, application }.deliver_key(|mac| mac.is_some())
}

/// Whether the cache of a compound purchase has room for two of its records.
pub(super) fn fits_twice(profile: &Profile) -> bool {
    let rules = &profile.rules.capp;
    let file = profile.main_directory().and_then(|application| application.file(rules.default_sfi));
    match file.map(|file| file.kind) {
        Some(FileKind::Variable { record, .. }) => 2 * u16::from(record) <= rules.cache,
        _ => false,
    }
}

/// A second step with zeros in the place of everything, of no running transaction.
fn over(command: CommandId) -> Step {
    second_step(command).step().expecting([profiles("wrong-state")])
}

/// A second step with zeros in the place of everything.
pub(super) fn second_step(command: CommandId) -> Bytes {
    Bytes::of(applet_spec::Catalogue::entry(command))
}

fn byte(value: u8) -> Value {
    Value::literal(format!("{value:02X}"))
}
