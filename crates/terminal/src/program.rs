//! A flow made ready for the cards of one profile.

use std::sync::Arc;

use apdu::DfName;
use applet_spec::flow::{BalanceWord, CacheStep, Fare, Flow, RecordChoice, Step, Transaction};
use applet_spec::{BalanceForm, Directory, FileKind, PinUse, Profile, PurseKind};
use purse::{FileRef, Occurrence, PurseCommand, RecordRef, SelectBy, TransactionType};

use crate::steps;

/// A flow made ready for the cards of one profile: everything that can be wrong between the two is
/// found here, and nothing is looked up any more while a card waits.
pub struct Program {
    pub(crate) flow: Arc<Flow>,
    pub(crate) profile: Arc<Profile>,
    pub(crate) flow_name: Named,
    pub(crate) profile_name: Named,
    pub(crate) purse: PurseKind,
    pub(crate) transaction_type: Option<TransactionType>,
    pub(crate) ops: Vec<Op>,
    /// The step after which it is known whose card it is.
    pub(crate) identified_after: usize,
}

/// Name and version of a flow or a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Name.
    pub name: Arc<str>,
    /// Version.
    pub version: Arc<str>,
}

/// Why a flow is not for the cards of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("flow {flow} is not for cards of profile {profile}: {}", problems.join("; "))]
pub struct ProgramError {
    /// Flow.
    pub flow: String,
    /// Profile.
    pub profile: String,
    /// What does not fit.
    pub problems: Vec<String>,
}

/// A step whose command is ready.
pub(crate) enum Op {
    /// SELECT: the first of these that is there.
    Select { commands: Vec<PurseCommand>, optional: bool },
    /// READ BINARY or READ RECORD.
    Read { command: PurseCommand, slot: Option<usize>, optional: bool },
    /// VERIFY.
    Pin { index: u8 },
    /// GET BALANCE.
    Balance { command: PurseCommand },
    /// A step of the flow as it is.
    Step,
}

impl Program {
    /// Makes a flow ready.
    ///
    /// # Errors
    /// [`ProgramError`], with everything that does not fit.
    pub fn new(flow: Arc<Flow>, profile: Arc<Profile>) -> Result<Self, ProgramError> {
        let purse = flow.purse;
        Self::for_purse(flow, profile, purse)
    }

    /// The same with another purse than the flow names.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn for_purse(
        flow: Arc<Flow>,
        profile: Arc<Profile>,
        purse: PurseKind,
    ) -> Result<Self, ProgramError> {
        let mut fitting = Fitting { flow: &flow, profile: &profile, purse, problems: Vec::new() };
        let ops = fitting.ops();
        let problems = fitting.problems;
        let named =
            |name: &str, version: &str| Named { name: name.into(), version: version.into() };
        match ops {
            Some(ops) if problems.is_empty() => Ok(Self {
                flow_name: named(&flow.name, &flow.version),
                profile_name: named(&profile.name, &profile.version),
                transaction_type: flow.transaction().map(|kind| transaction_type(kind, purse)),
                identified_after: identified_after(&flow),
                flow,
                profile,
                purse,
                ops,
            }),
            _ => Err(ProgramError {
                flow: flow.name.clone(),
                profile: profile.name.clone(),
                problems,
            }),
        }
    }

    /// The flow.
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// The profile.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// The purse it moves money in.
    pub fn purse(&self) -> PurseKind {
        self.purse
    }

    /// The type of its transaction; none where it only blocks.
    pub fn transaction_type(&self) -> Option<TransactionType> {
        self.transaction_type
    }

    /// Whether the caller must say an amount, may say one, or is not asked.
    pub fn asks_amount(&self) -> AsksAmount {
        match self.flow.fare {
            Fare::Given => AsksAmount::Always,
            Fare::Flat(_) | Fare::Table { .. } => AsksAmount::Otherwise,
            Fare::Free => AsksAmount::Never,
        }
    }

    /// Whether the card asks for the PIN.
    pub fn asks_pin(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Pin { .. }))
    }
}

/// Whether a flow takes an amount from its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsksAmount {
    /// It has no other.
    Always,
    /// In place of its own.
    Otherwise,
    /// It is free.
    Never,
}

/// The type of a transaction with a purse.
pub(crate) fn transaction_type(transaction: Transaction, purse: PurseKind) -> TransactionType {
    match transaction {
        Transaction::Purchase => steps::purchase_type(purse),
        Transaction::Capp => TransactionType::Capp,
        Transaction::Cash => TransactionType::Cash,
        Transaction::Load => steps::load_type(purse),
        Transaction::Unload => TransactionType::Unload,
    }
}

/// The read after which all fields of the card are there.
fn identified_after(flow: &Flow) -> usize {
    let card = &flow.card;
    let fields = [Some(&card.number), Some(&card.issuer), Some(&card.serial), card.city.as_ref()];
    let read_at = |slot: usize| {
        flow.steps.iter().position(|step| match step {
            Step::ReadBinary { slot: read, .. } | Step::ReadRecord { slot: read, .. } => {
                *read == Some(slot)
            }
            _ => false,
        })
    };
    fields.into_iter().flatten().filter_map(|field| read_at(field.slot)).max().unwrap_or(0)
}

/// A flow and a profile being laid side by side.
struct Fitting<'f> {
    flow: &'f Flow,
    profile: &'f Profile,
    purse: PurseKind,
    problems: Vec<String>,
}

impl<'f> Fitting<'f> {
    fn ops(&mut self) -> Option<Vec<Op>> {
        let profile = self.profile;
        let Some(application) = profile.application() else {
            self.problems.push("the profile has no purse application".to_owned());
            return None;
        };
        self.transaction(application);
        // Where reads go: the MF after reset, then whatever was selected last.
        let mut current = profile.directories.first();
        let mut ops = Vec::with_capacity(self.flow.steps.len());
        for (number, step) in self.flow.steps.iter().enumerate() {
            let place = format!("step {}", number + 1);
            ops.push(self.op(step, &place, application, &mut current)?);
        }
        Some(ops)
    }

    fn op(
        &mut self,
        step: &Step,
        place: &str,
        application: &'f Directory,
        current: &mut Option<&'f Directory>,
    ) -> Option<Op> {
        Some(match step {
            Step::Select { names, optional } => {
                let own = [application.name.clone()];
                let names = if names.is_empty() { &own[..] } else { names };
                let find = |name: &Vec<u8>| {
                    self.profile.directories.iter().find(|directory| directory.name == *name)
                };
                *current = names.iter().find_map(find).or(*current);
                let commands = names.iter().filter_map(|name| {
                    let by = SelectBy::Name(DfName::new(name).ok()?);
                    Some(PurseCommand::Select { by, occurrence: Occurrence::First })
                });
                Op::Select { commands: commands.collect(), optional: *optional }
            }
            Step::ReadBinary { sfi, slot, optional } => {
                let length =
                    slot.and_then(|slot| self.flow.slots.get(slot)).map(|s| s.layout.length);
                if !optional {
                    self.binary(place, *current, *sfi, length);
                }
                let file = FileRef::Sfi(*sfi);
                let ne = Some(length.map_or(0x100, |length| length as u32));
                let command = PurseCommand::ReadBinary { file, offset: 0, ne, mac: None };
                Op::Read { command, slot: *slot, optional: *optional }
            }
            Step::ReadRecord { sfi, record, slot, optional } => {
                let length =
                    slot.and_then(|slot| self.flow.slots.get(slot)).map(|s| s.layout.length);
                if !optional {
                    self.records(place, *current, *sfi, length);
                }
                let (file, ne) = (FileRef::Sfi(*sfi), Some(0x100));
                let record = record_ref(*record);
                let command = PurseCommand::ReadRecord { file, record, ne, mac: None };
                Op::Read { command, slot: *slot, optional: *optional }
            }
            Step::Pin => {
                let asks = self.pin_use().is_some_and(|wanted| {
                    application.purse(self.purse).is_some_and(|p| p.pin_for.contains(&wanted))
                });
                match (asks, &application.pin) {
                    (true, Some(pin)) => Op::Pin { index: pin.index },
                    (true, None) => {
                        self.problems.push(format!("{place}: the application has no PIN"));
                        return None;
                    }
                    (false, _) => Op::Step,
                }
            }
            Step::Balance { is } => {
                let p1 = |wanted| {
                    let forms = &self.profile.rules.balance_p1;
                    forms.iter().find(|(_, form)| *form == wanted).map(|(p1, _)| *p1)
                };
                let actual = p1(BalanceForm::Actual).filter(|_| *is == BalanceWord::Actual);
                let form = actual.or(p1(BalanceForm::Stored)).unwrap_or(0);
                Op::Balance { command: PurseCommand::GetBalance { form, purse: self.purse } }
            }
            Step::Code => {
                if self.profile.authentication_code.is_none() {
                    self.problems.push(format!("{place}: the cards have no identification code"));
                }
                Op::Step
            }
            Step::Cache(cache) => {
                self.cached(place, application, cache);
                Op::Step
            }
            _ => Op::Step,
        })
    }

    fn pin_use(&self) -> Option<PinUse> {
        self.flow.transaction().map(|transaction| match transaction {
            Transaction::Purchase => PinUse::Purchase,
            Transaction::Capp => PinUse::Capp,
            Transaction::Cash => PinUse::Cash,
            Transaction::Load => PinUse::Load,
            Transaction::Unload => PinUse::Unload,
        })
    }

    fn transaction(&mut self, application: &Directory) {
        let name = self.purse.text();
        let Some(purse) = application.purse(self.purse) else {
            return self.problems.push(format!("the cards have no {name}"));
        };
        if let Some(wanted) = self.pin_use()
            && !purse.allows.contains(&wanted)
        {
            self.problems.push(format!("the {name} of the cards knows no {}", wanted.text()));
        }
    }

    fn binary(&mut self, place: &str, at: Option<&Directory>, sfi: u8, length: Option<usize>) {
        let Some(directory) = at else { return };
        let problem = match directory.file(sfi).map(|file| file.kind) {
            Some(FileKind::Binary { size }) => {
                let short = length.is_some_and(|length| length > usize::from(size));
                short.then(|| format!("file {sfi:02X} has {size} bytes, its layout has more"))
            }
            Some(_) => Some(format!("file {sfi:02X} has records")),
            None => Some(format!("directory {:04X} has no file {sfi:02X}", directory.fid)),
        };
        self.problems.extend(problem.map(|problem| format!("{place}: {problem}")));
    }

    fn records(&mut self, place: &str, at: Option<&Directory>, sfi: u8, length: Option<usize>) {
        let Some(directory) = at else { return };
        let problem = match directory.file(sfi).map(|file| file.kind) {
            Some(FileKind::Binary { .. }) => Some(format!("file {sfi:02X} has no records")),
            Some(
                FileKind::Linear { record, .. }
                | FileKind::Variable { record, .. }
                | FileKind::Cyclic { record, .. },
            ) => {
                let short = length.is_some_and(|length| length > usize::from(record));
                short.then(|| {
                    format!("records of file {sfi:02X} have {record} bytes, the layout more")
                })
            }
            None => Some(format!("directory {:04X} has no file {sfi:02X}", directory.fid)),
        };
        self.problems.extend(problem.map(|problem| format!("{place}: {problem}")));
    }

    fn cached(&mut self, place: &str, application: &Directory, cache: &CacheStep) {
        self.records(place, Some(application), cache.sfi, Some(cache.layout.length));
        let kind = application.file(cache.sfi).map(|file| file.kind);
        let ring = matches!(kind, Some(FileKind::Cyclic { .. }));
        if kind.is_some() && ring != (cache.record == RecordChoice::Append) {
            let sfi = cache.sfi;
            let problem = if ring {
                format!("{place}: file {sfi:02X} is a ring, which only takes append = true")
            } else {
                format!("{place}: file {sfi:02X} is no ring, and nothing can be appended to it")
            };
            self.problems.push(problem);
        }
    }
}

/// A record as commands name it. Appending is mode 000 with P1 00.
pub(crate) fn record_ref(record: RecordChoice) -> RecordRef {
    match record {
        RecordChoice::Id(id) => RecordRef::First(id),
        RecordChoice::Number(number) => RecordRef::Number(number),
        RecordChoice::Append => RecordRef::First(0),
    }
}
