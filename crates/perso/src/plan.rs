//! What a batch would do: told before anything is touched.

use std::collections::BTreeMap;

use applet_spec::{Directory, FileKind, KeyKind, PinUse, Profile};
use crypto::custody::KeyCustody;
use purse::issuing::{Choices, Sequence, Step};
use purse::setting::{Lock, LogFill, Setting};
use purse::{Command, IssuingCommand, Language, PurseCommand};

use crate::batch::Batch;
use crate::cards::What;
use crate::cost::{CostModel, Kind, Place};
use crate::engine::{LastTry, StepKind, WorkError};
use crate::job::Target;
use crate::order::CardOrder;
use crate::work::verify::{readable, writes};
use crate::work::{Deed, deeds};

/// What a batch would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Cards.
    pub cards: u32,
    /// The steps of the first card.
    pub steps: Vec<PlannedStep>,
    /// Fewest and most commands for one card.
    pub apdus_per_card: (u32, u32),
    /// Commands for all cards.
    pub apdus: u64,
    /// Of these, the ones that cannot be repeated.
    pub once: u64,
    /// Seconds that it takes, by the model.
    pub seconds: f64,
    /// Version of the model.
    pub model: String,
    /// How many cards are asked to be in which state.
    pub states: Vec<(String, u32)>,
    /// What to know before.
    pub warnings: Vec<Warning>,
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// What it does, in English.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// It cannot be repeated.
    pub once: bool,
    /// Commands.
    pub apdus: u32,
}

/// What to know before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// In English.
    pub text: String,
    /// In Chinese.
    pub text_zh: String,
    /// It keeps a run from beginning unless a person says otherwise.
    pub needs_force: bool,
}

impl Plan {
    /// Plans a batch. `custody` holds the keys that it would write.
    ///
    /// # Errors
    /// A key that is not there.
    pub fn of(batch: &Batch, custody: &dyn KeyCustody) -> Result<Self, WorkError> {
        let model = CostModel::built_in();
        let mut plan = Self {
            cards: batch.rows.len() as u32,
            steps: Vec::new(),
            apdus_per_card: (u32::MAX, 0),
            apdus: 0,
            once: 0,
            seconds: 0.0,
            model: model.version.clone(),
            states: states(batch),
            warnings: Vec::new(),
        };
        let place = match batch.job.target {
            Target::Fmcos => &model.reader,
            Target::Virtual => &model.in_process,
        };
        let (mut milliseconds, mut per_apdu) = (0.0, 0.0);
        let mut notes = Notes::default();
        for row in &batch.rows {
            let order = batch.order(row.serial).map_err(|e| WorkError::Order(e.to_string()))?;
            notes.take(&order, batch);
            let work = PlannedWork::of(batch, &order)?;
            if plan.steps.is_empty() {
                // The holder of the keys may be slow: one card stands for all.
                let cost = work.milliseconds(custody, place)?;
                per_apdu = cost / f64::from(work.apdus().max(1));
                plan.steps = work.steps();
            }
            let apdus = work.apdus();
            milliseconds += place.handling + f64::from(apdus) * per_apdu;
            plan.apdus += u64::from(apdus);
            plan.once += work.once();
            let (least, most) = plan.apdus_per_card;
            plan.apdus_per_card = (least.min(apdus), most.max(apdus));
        }
        plan.seconds = milliseconds / 1000.0;
        plan.warnings = notes.warnings();
        Ok(plan)
    }

    /// Whether a run needs somebody to say that the last try of a PIN may be spent.
    pub fn needs(&self) -> LastTry {
        if self.warnings.iter().any(|warning| warning.needs_force) {
            LastTry::Spend
        } else {
            LastTry::Keep
        }
    }
}

/// The work on one card, as far as it can be told without the card.
struct PlannedWork {
    /// Commands that tell what the card is, before everything else.
    look: u32,
    sequence: Option<Sequence>,
    deeds: Vec<(Deed, Vec<Kind>)>,
}

impl PlannedWork {
    fn of(batch: &Batch, order: &CardOrder) -> Result<Self, WorkError> {
        let Some(blank) = &batch.blank else {
            let verify = verification(&order.profile, None);
            return Ok(Self { look: 0, sequence: None, deeds: vec![(Deed::Verify, verify)] });
        };
        let sequence = Sequence::of(&order.profile, &order.serial.0, blank, &Choices::default())
            .map_err(|error| WorkError::Order(error.to_string()))?;
        let deeds = deeds(order, batch.job.verify.transaction)
            .map_err(|problems| WorkError::Order(crate::BatchErrors::from(problems).to_string()))?;
        let before = deeds.iter().take_while(|deed| **deed != Deed::Verify);
        let logged = before.filter(|deed| deed.transacts()).count() as u32;
        let commands = |deed| (deed, commands(deed, &order.profile, logged));
        let deeds = deeds.into_iter().map(commands).collect();
        let look = 1 + crate::work::survey::commands(&order.profile, blank);
        Ok(Self { look, sequence: Some(sequence), deeds })
    }

    fn issue(&self) -> &[Step] {
        self.sequence.as_ref().map_or(&[], Sequence::steps)
    }

    fn apdus(&self) -> u32 {
        let issue: u32 = self.issue().iter().map(apdus_of).sum();
        let deeds: usize = self.deeds.iter().map(|(_, commands)| commands.len()).sum();
        self.look + issue + deeds as u32
    }

    fn once(&self) -> u64 {
        let issue = self.issue().iter().filter(|step| step.irreversible()).count();
        let deeds = self.deeds.iter().filter(|(deed, _)| deed.kind() == StepKind::Once).count();
        (issue + deeds) as u64
    }

    fn steps(&self) -> Vec<PlannedStep> {
        let issue = self.issue().iter().map(|step| PlannedStep {
            title: step.in_words(Language::English),
            title_zh: step.in_words(Language::Chinese),
            once: step.irreversible(),
            apdus: apdus_of(step),
        });
        let deeds = self.deeds.iter().map(|(deed, commands)| PlannedStep {
            title: deed.in_words(Language::English),
            title_zh: deed.in_words(Language::Chinese),
            once: deed.kind() == StepKind::Once,
            apdus: commands.len() as u32,
        });
        let press = self.sequence.is_none().then(|| PlannedStep {
            title: "make the card".to_owned(),
            title_zh: "制作卡片".to_owned(),
            once: true,
            apdus: 0,
        });
        press.into_iter().chain(issue).chain(deeds).collect()
    }

    fn milliseconds(&self, custody: &dyn KeyCustody, place: &Place) -> Result<f64, WorkError> {
        let mut sum = 0.0;
        for step in self.issue() {
            let challenge = vec![0; step.challenge().map_or(0, usize::from)];
            if !challenge.is_empty() {
                sum += place.of(Kind::Challenge);
            }
            sum += place.of(kind_of(&step.command(custody, &challenge)?));
        }
        let deeds = self.deeds.iter().flat_map(|(_, commands)| commands);
        Ok(sum + deeds.map(|kind| place.of(*kind)).sum::<f64>())
    }
}

fn apdus_of(step: &Step) -> u32 {
    1 + u32::from(step.challenge().is_some())
}

fn kind_of(command: &Command) -> Kind {
    match command {
        Command::Issuing(IssuingCommand::CreateFile { .. }) => Kind::Create,
        Command::Issuing(IssuingCommand::EraseDirectory) => Kind::Erase,
        Command::Issuing(IssuingCommand::WriteKey { .. }) => Kind::Key,
        Command::Purse(PurseCommand::Select { .. }) => Kind::Select,
        Command::Purse(
            PurseCommand::UpdateBinary { .. }
            | PurseCommand::UpdateRecord { .. }
            | PurseCommand::AppendRecord { .. },
        ) => Kind::Write,
        Command::Purse(PurseCommand::ExternalAuthenticate { .. }) => Kind::Crypto,
        _ => Kind::Other,
    }
}

/// The commands of a deed; a check finds `logged` transactions in the log.
fn commands(deed: Deed, profile: &Profile, logged: u32) -> Vec<Kind> {
    let asks = |kind, used| {
        let purse = profile.application().and_then(|directory| directory.purse(kind));
        purse.is_some_and(|purse| purse.pin_for.contains(&used))
    };
    let transaction = |pin: bool| {
        let pin = pin.then_some(Kind::Crypto);
        [Kind::Select].into_iter().chain(pin).chain([Kind::Crypto, Kind::Write]).collect()
    };
    match deed {
        Deed::Load { purse, .. } => transaction(asks(purse, PinUse::Load)),
        Deed::Purchase { purse, .. } => transaction(asks(purse, PinUse::Purchase)),
        Deed::Limit { purse, .. } => transaction(asks(purse, PinUse::Overdraft)),
        Deed::WrongPin { .. } => vec![Kind::Select, Kind::Write],
        Deed::BlockApplication(_) | Deed::BlockCard => {
            vec![Kind::Select, Kind::Challenge, Kind::Write]
        }
        Deed::CheckLock => vec![Kind::Select],
        Deed::Verify => verification(profile, Some(logged)),
    }
}

/// The commands of a check while a card is made. `logged`: transactions in the log; `None` where it
/// is not looked at.
fn verification(profile: &Profile, logged: Option<u32>) -> Vec<Kind> {
    let mut out = vec![Kind::Select, Kind::Read];
    let Some(application) = profile.application() else { return out };
    let mut pin = false;
    for purse in &application.purses {
        for (used, key) in [
            (PinUse::Balance, None),
            (PinUse::Load, Some(KeyKind::Load)),
            (PinUse::Purchase, Some(KeyKind::Purchase)),
            (PinUse::Unload, Some(KeyKind::Unload)),
            (PinUse::Overdraft, Some(KeyKind::Overdraft)),
        ] {
            let has = key.is_none_or(|kind| application.keys.iter().any(|k| k.kind == kind));
            if !has || !purse.allows.contains(&used) {
                continue;
            }
            let asks = purse.pin_for.contains(&used) && application.pin.is_some();
            if asks && !pin {
                pin = true;
                out.push(Kind::Crypto);
            }
            out.push(Kind::Crypto);
        }
    }
    for directory in profile.directories.iter().filter(|d| !d.keys.is_empty()) {
        out.push(Kind::Select);
        out.extend(directory.keys.iter().flat_map(|key| proof(directory, key)));
    }
    for directory in profile.directories.iter().filter(|d| !d.files.is_empty()) {
        out.push(Kind::Select);
        out.extend(directory.files.iter().flat_map(|file| reads(directory, file, logged)));
    }
    out
}

fn proof(directory: &Directory, key: &applet_spec::KeySpec) -> Vec<Kind> {
    match key.kind {
        KeyKind::CardMaster | KeyKind::ApplicationMaster | KeyKind::ExternalAuthentication => {
            vec![Kind::Challenge, Kind::Crypto]
        }
        KeyKind::InternalAuthentication => vec![Kind::Crypto],
        KeyKind::Maintenance => {
            let provable = directory.files.iter().any(|file| writes(file, key));
            if provable { vec![Kind::Read, Kind::Challenge, Kind::Write] } else { Vec::new() }
        }
        KeyKind::PinReset if directory.pin.is_some() => vec![Kind::Write],
        _ => Vec::new(),
    }
}

/// What a file takes to be read.
fn reads(directory: &Directory, file: &applet_spec::FileSpec, logged: Option<u32>) -> Vec<Kind> {
    if !readable(file) {
        return Vec::new();
    }
    let log = directory.log.is_some_and(|log| log.purchase == file.sfi || log.load == file.sfi);
    let count = match file.kind {
        FileKind::Binary { size } => usize::from(size).div_ceil(0x100).max(1),
        // One beyond the last, unless it is full.
        FileKind::Cyclic { count, .. } if log => {
            logged.map_or(0, |logged| (logged as usize + 1).min(usize::from(count)))
        }
        _ => file.content.len() + 1,
    };
    vec![Kind::Read; count]
}

/// States in words, and how many cards are asked to be in them.
fn states(batch: &Batch) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for wish in batch.rows.iter().flat_map(|row| &row.wishes) {
        let text = match &wish.what {
            What::Holder(_) => continue,
            What::Set(Setting::Balance { .. } | Setting::File { .. } | Setting::Record { .. }) => {
                wish.key.clone()
            }
            _ => format!("{} {}", wish.key, wish.value),
        };
        *counts.entry(text).or_default() += 1;
    }
    counts.into_iter().take(MOST_STATES).collect()
}

/// Most states that a plan lists.
const MOST_STATES: usize = 40;

/// What is found out while the orders are looked at.
#[derive(Default)]
struct Notes {
    last_tries: u32,
    lasting: u32,
    untested: u32,
    full_logs: u32,
}

impl Notes {
    fn take(&mut self, order: &CardOrder, batch: &Batch) {
        let native = batch.job.target == Target::Fmcos;
        let state = &order.state;
        let lasting = matches!(state.lock, Some(Lock::Permanent | Lock::Card));
        let tested = batch.job.verify.transaction.is_some();
        self.last_tries += u32::from(native && state.pin_tries == Some(0));
        self.lasting += u32::from(native && lasting);
        self.untested += u32::from(tested && (!native || state.spoiled_by_transactions()));
        self.full_logs += u32::from(native && state.log == Some(LogFill::Full));
    }

    fn warnings(&self) -> Vec<Warning> {
        let warning = |text: String, text_zh: String, needs_force: bool| Warning {
            text,
            text_zh,
            needs_force,
        };
        let mut out = Vec::new();
        if self.last_tries > 0 {
            let count = self.last_tries;
            out.push(warning(
                format!("{count} cards lose the last try of their PIN: run needs --force"),
                format!("{count} 张卡将用尽 PIN 的最后一次尝试: run 需加 --force"),
                true,
            ));
        }
        if self.lasting > 0 {
            let count = self.lasting;
            out.push(warning(
                format!("{count} cards are locked for ever and cannot be used again"),
                format!("{count} 张卡将被永久锁定, 不能再次使用"),
                false,
            ));
        }
        if self.untested > 0 {
            let count = self.untested;
            out.push(warning(
                format!("{count} cards get no load and purchase: that would spoil their state"),
                format!("{count} 张卡不做圈存及消费验证: 会破坏所要求的状态"),
                false,
            ));
        }
        if self.full_logs > 0 {
            let count = self.full_logs;
            out.push(warning(
                format!("{count} cards make purchases until their log is full"),
                format!("{count} 张卡将以消费写满明细"),
                false,
            ));
        }
        out
    }
}
