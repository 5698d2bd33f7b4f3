//! One tap: the steps of a flow, one after the other.

use apdu::StatusWord;
use applet_spec::KeyKind;
use applet_spec::flow::{Blocking, Fare, FieldAt, Refusal, Step, Stop, Transaction};
use purse::answer::{Balance, PurchaseInitialized, SamInitialized};
use purse::{Amount, BlockKind, IdentificationCode, Initialize, Limit, PurseCommand};

use super::finish::Answered;
use super::{Engine, Order, Outcome};
use crate::error::Side;
use crate::program::{Op, record_ref};
use crate::steps::{self, Context};
use crate::{
    Authorisation, BlockRequest, CappRecord, CardIdentity, CardSession, Check, Factors, FlowError,
    Ledger, OnlineRequest, Program, Purchase, RefusalRecord, Timestamp, WrittenRecord,
};

/// Everything one tap knows.
pub(super) struct Run<'p> {
    pub(super) program: &'p Program,
    pub(super) order: &'p Order,
    pub(super) now: Timestamp,
    /// What was read, by the flow's slots; empty where it was not.
    pub(super) slots: Vec<Vec<u8>>,
    pub(super) card: Option<(CardIdentity, Factors)>,
    /// The card is of another city.
    pub(super) foreign: bool,
    /// What GET BALANCE told.
    pub(super) told_balance: Option<Amount>,
    /// What this tap moves, once it is known.
    pub(super) amount: Option<Amount>,
    /// Records for the card's cache.
    pub(super) records: Vec<WrittenRecord>,
    pub(super) running: Running,
    /// Open transactions of this card were looked at.
    settled: bool,
}

/// Where the transaction of a tap stands.
#[derive(Clone, Copy)]
pub(super) enum Running {
    /// None is begun.
    Idle,
    /// INITIALIZE of a purchase was answered.
    Purchase(Purchase, PurchaseInitialized),
    /// The PSAM gave MAC1.
    PurchaseReady(Purchase, PurchaseInitialized, SamInitialized),
    /// INITIALIZE of a load or unload was answered.
    Online(OnlineRequest),
    /// The issuer gave MAC2.
    OnlineReady(OnlineRequest, Authorisation),
    /// The second step was answered; the attempt is the last open one.
    Done(Answered),
}

/// Why a tap goes no further.
pub(super) enum Halt {
    /// It has come to an end.
    Outcome(Outcome),
    /// The card is refused.
    Refuse { reason: Refusal, status: Option<StatusWord>, blocked: Option<Blocking> },
    /// An error.
    Error(FlowError),
}

impl From<FlowError> for Halt {
    fn from(error: FlowError) -> Self {
        Self::Error(error)
    }
}

impl Halt {
    pub(super) fn refuse(reason: Refusal) -> Self {
        Self::Refuse { reason, status: None, blocked: None }
    }
}

impl<'p> Run<'p> {
    pub(super) fn new(program: &'p Program, order: &'p Order, now: Timestamp) -> Self {
        Self {
            program,
            order,
            now,
            slots: vec![Vec::new(); program.flow.slots.len()],
            card: None,
            foreign: false,
            told_balance: None,
            amount: None,
            records: Vec::new(),
            running: Running::Idle,
            settled: false,
        }
    }

    pub(super) fn card(&self) -> Option<&CardIdentity> {
        self.card.as_ref().map(|(card, _)| card)
    }

    /// Begins again, with the card known and its open transactions settled.
    fn again(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
        self.told_balance = None;
        self.records.clear();
    }
}

impl Engine<'_> {
    /// Runs the flow to its end.
    pub(super) fn run(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<Outcome, FlowError> {
        let stopped = match self.steps(run, card, ledger) {
            Ok(outcome) => return Ok(outcome),
            Err(stopped) => stopped,
        };
        // A transaction that has happened is recorded, whatever else went wrong.
        self.finish(run, ledger)?;
        match stopped {
            Halt::Outcome(outcome) => Ok(outcome),
            Halt::Error(error) => Err(error),
            Halt::Refuse { reason, status, blocked } => {
                let record = RefusalRecord {
                    flow: run.program.flow_name.clone(),
                    profile: run.program.profile_name.clone(),
                    at: run.now,
                    terminal: self.psam.terminal(),
                    card: run.card().copied(),
                    amount: run.amount,
                    reason,
                    status,
                    blocked,
                };
                ledger.refusal(&record).map_err(FlowError::Ledger)?;
                Ok(Outcome::Refused(reason))
            }
        }
    }

    fn steps(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<Outcome, Halt> {
        let program = run.program;
        let mut at = 0;
        while let (Some(op), Some(step)) = (program.ops.get(at), program.flow.steps.get(at)) {
            self.step(run, card, ledger, op, step)?;
            if at == program.identified_after {
                run.identify(&self.site)?;
                if !run.settled {
                    run.settled = true;
                    if self.settle(run, card, ledger)? {
                        // The card was asked for more than the flow does: begin from a clean state.
                        run.again();
                        at = 0;
                        continue;
                    }
                }
            }
            at += 1;
        }
        if program.transaction_type.is_none() {
            return Ok(Outcome::Blocked);
        }
        Ok(self.finish(run, ledger)?.unwrap_or(Outcome::Accepted))
    }

    fn step(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
        op: &Op,
        step: &Step,
    ) -> Result<(), Halt> {
        match (op, step) {
            (Op::Select { commands, optional }, _) => select(card, commands, *optional),
            (Op::Read { command, slot, optional }, _) => {
                let read = read(card, command, *optional)?;
                if let Some(place) = slot.and_then(|slot| run.slots.get_mut(slot)) {
                    *place = read;
                }
                Ok(())
            }
            (Op::Pin { index }, _) => verify(card, run.order, *index),
            (Op::Balance { command }, _) => {
                let data = card.send(command).map_err(refused)?;
                let answer = Balance::parse(&data).map_err(|source| FlowError::Answer {
                    side: Side::Card,
                    step: CardSession::step(command),
                    source,
                })?;
                run.told_balance = Some(answer.balance);
                Ok(())
            }
            (_, Step::Check(check)) => self.check(run, card, check),
            (_, Step::Code) => self.code(card),
            (_, Step::Initialize(transaction)) => self.initialize(run, card, *transaction),
            (_, Step::Mac1) => self.mac1(run),
            (_, Step::Cache(cache)) => {
                let record = self.made(run, cache)?;
                let sent = CappRecord {
                    sfi: cache.sfi,
                    record: record_ref(cache.record),
                    data: record.data,
                };
                steps::cache(card, &sent).map_err(refused)?;
                run.records.push(WrittenRecord { data: sent.data, ..record });
                Ok(())
            }
            (_, Step::Authorise) => self.authorise(run),
            (_, Step::Debit | Step::Credit) => self.second(run, card, ledger),
            (_, Step::CheckMac2) => self.check_mac2(run),
            (_, Step::Block(kind)) => {
                self.block(run, card, *kind)?;
                Ok(())
            }
            // Such a step has an op of its own, or nothing to do with this card.
            _ => Ok(()),
        }
    }

    fn code(&mut self, card: &mut CardSession<'_>) -> Result<(), Halt> {
        let code: IdentificationCode = card.identification_code().map_err(refused)?;
        match self.psam.check_code(&code)? {
            Check::Wrong => Err(Halt::refuse(Refusal::NotGenuine)),
            Check::Right | Check::Unknown => Ok(()),
        }
    }

    fn initialize(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        transaction: Transaction,
    ) -> Result<(), Halt> {
        let amount = run.amount(self.site.stop)?;
        run.amount = Some(amount);
        let (Some(kind), Some((_, factors))) = (run.program.transaction_type, run.card) else {
            return Err(Halt::refuse(Refusal::WrongFamily));
        };
        let (purse, terminal) = (run.program.purse, self.psam.terminal());
        if transaction.online() {
            let key = match transaction {
                Transaction::Unload => KeyKind::Unload,
                _ => KeyKind::Load,
            };
            let index = self.issuer()?.key_index(key)?;
            let i = Initialize { purse, key: index, amount, terminal };
            let request = steps::initialize_online(card, kind, &i, factors)
                .map_err(|error| refused_initialize(error, transaction))?;
            run.running = Running::Online(request);
            return Ok(());
        }
        let rules = &run.program.profile.rules;
        let code = steps::code_in_mac1(rules, card, None).map_err(refused)?;
        let context = Context { factors, now: run.now, code };
        let i = Initialize { purse, key: self.psam.key_index(), amount, terminal };
        let (purchase, answer) = steps::initialize_purchase(card, kind, &i, &context)
            .map_err(|error| refused_initialize(error, transaction))?;
        run.running = Running::Purchase(purchase, answer);
        Ok(())
    }

    fn mac1(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        if let Running::Purchase(purchase, answer) = run.running {
            let sam = match self.psam.mac1(&purchase) {
                Err(FlowError::WrongCode { .. }) => return Err(Halt::refuse(Refusal::NotGenuine)),
                answered => answered?,
            };
            run.running = Running::PurchaseReady(purchase, answer, sam);
        }
        Ok(())
    }

    fn authorise(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        if let Running::Online(request) = run.running {
            let authorised = self.issuer()?.authorise(&request, run.now)?;
            run.running = Running::OnlineReady(request, authorised);
        }
        Ok(())
    }

    /// GET CHALLENGE, the PSAM's MAC, APPLICATION BLOCK.
    pub(super) fn block(
        &mut self,
        run: &Run<'_>,
        card: &mut CardSession<'_>,
        kind: Blocking,
    ) -> Result<(), Halt> {
        let Some((_, factors)) = run.card else {
            return Err(Halt::refuse(Refusal::WrongFamily));
        };
        let command = PurseCommand::GetChallenge { length: 4 };
        let challenge = card.send(&command).map_err(refused)?;
        let challenge: [u8; 4] =
            challenge.as_slice().try_into().map_err(|_| FlowError::Answer {
                side: Side::Card,
                step: CardSession::step(&command),
                source: purse::answer::AnswerError {
                    answer: "challenge",
                    expected: 4,
                    found: challenge.len(),
                },
            })?;
        let kind = match kind {
            Blocking::Temporary => BlockKind::Temporary,
            Blocking::Permanent => BlockKind::Permanent,
        };
        let mac = self.psam.block_mac(&BlockRequest { factors, kind, challenge })?;
        card.send(&PurseCommand::ApplicationBlock { kind, mac }).map_err(refused)?;
        Ok(())
    }

    pub(super) fn issuer(&mut self) -> Result<&mut dyn crate::Issuer, FlowError> {
        match &mut self.issuer {
            Some(issuer) => Ok(issuer.as_mut()),
            None => Err(FlowError::NoIssuer),
        }
    }
}

impl Run<'_> {
    /// Who the card is.
    fn identify(&mut self, site: &crate::Site) -> Result<(), Halt> {
        let fields = &self.program.flow.card;
        let of = |at: &FieldAt| self.field(at);
        let unknown = || Halt::refuse(Refusal::WrongFamily);
        let digits = of(&fields.number).ok_or_else(unknown)?;
        let mut number = [0; 10];
        for (to, from) in number.iter_mut().rev().zip(digits.iter().rev()) {
            *to = *from;
        }
        let issuer =
            of(&fields.issuer).and_then(|bytes| bytes.first_chunk()).ok_or_else(unknown)?;
        let serial =
            of(&fields.serial).and_then(|bytes| bytes.first_chunk()).ok_or_else(unknown)?;
        let public = self.slots.get(fields.serial.slot).map_or(&[][..], Vec::as_slice);
        let factors = Factors::new(&self.program.profile.factors_of(serial, public));
        let city = fields.city.as_ref().map(of);
        let foreign = city.is_some_and(|city| city != Some(&site.city));
        let card = CardIdentity { number, issuer: *issuer };
        let factors = factors.ok_or_else(unknown)?;
        self.foreign = foreign;
        self.card = Some((card, factors));
        Ok(())
    }

    /// What this tap charges or loads.
    fn amount(&self, here: Stop) -> Result<Amount, Halt> {
        let told = self.order.amount;
        match &self.program.flow.fare {
            Fare::Free => Ok(Amount(0)),
            Fare::Flat(fen) => Ok(told.unwrap_or(Amount(*fen))),
            Fare::Given => told.ok_or_else(|| {
                Halt::Error(FlowError::NoAmount { flow: self.program.flow.name.clone() })
            }),
            Fare::Table { .. } if told.is_some() => Ok(told.unwrap_or_default()),
            Fare::Table { table, entry_line, entry_station, entry_time } => {
                let of = |at: &FieldAt| self.field(at);
                let fare = || {
                    let line = *of(entry_line)?.first()?;
                    let station = u16::from_be_bytes(*of(entry_station)?.first_chunk()?);
                    let entered = entry_time.as_ref().and_then(|at| moment(of(at)?));
                    let minutes = entered.map(|entered| self.now.seconds_since(entered) / 60);
                    table.fare(Stop { line, station }, here, minutes)
                };
                fare().map(Amount).ok_or(Halt::refuse(Refusal::NoFare))
            }
        }
    }

    /// Stored balance before; and the overdraft limit, where the card told it.
    pub(super) fn before(&self) -> (Amount, Option<Limit>) {
        match &self.running {
            Running::Purchase(_, answer) | Running::PurchaseReady(_, answer, _) => {
                (answer.balance, Some(answer.limit))
            }
            Running::Online(request) | Running::OnlineReady(request, _) => (request.balance, None),
            Running::Idle | Running::Done(_) => (Amount(0), None),
        }
    }
}

/// Date and time in seven bytes.
fn moment(bytes: &[u8]) -> Option<Timestamp> {
    let (date, time) = bytes.split_first_chunk::<4>()?;
    Timestamp::from_bcd(purse::Date(*date), purse::Time(*time.first_chunk()?))
}

fn select(
    card: &mut CardSession<'_>,
    commands: &[PurseCommand],
    optional: bool,
) -> Result<(), Halt> {
    let mut last = StatusWord::FILE_NOT_FOUND;
    for command in commands {
        let response = card.exchange(command)?;
        match response.status {
            StatusWord::OK => return Ok(()),
            StatusWord::SELECTED_INVALID
            | StatusWord::LOCKED
            | StatusWord::PERMANENTLY_LOCKED
            | StatusWord::CONDITIONS
                if !optional =>
            {
                let (reason, status) = (Refusal::Blocked, Some(response.status));
                return Err(Halt::Refuse { reason, status, blocked: None });
            }
            other => last = other,
        }
    }
    if optional {
        return Ok(());
    }
    Err(Halt::Refuse { reason: Refusal::WrongFamily, status: Some(last), blocked: None })
}

fn read(
    card: &mut CardSession<'_>,
    command: &PurseCommand,
    optional: bool,
) -> Result<Vec<u8>, Halt> {
    let response = card.exchange(command)?;
    if matches!(response.status, StatusWord::OK | StatusWord::END_OF_FILE) {
        return Ok(response.data);
    }
    if optional {
        return Ok(Vec::new());
    }
    let reason = match response.status {
        StatusWord::FILE_NOT_FOUND | StatusWord::RECORD_NOT_FOUND => Refusal::WrongFamily,
        status => reason_of(status),
    };
    Err(Halt::Refuse { reason, status: Some(response.status), blocked: None })
}

/// VERIFY, once: a wrong PIN costs a try, and how many are left only the card's answer tells.
pub(super) fn verify(card: &mut CardSession<'_>, order: &Order, index: u8) -> Result<(), Halt> {
    let Some(pin) = &order.pin else { return Err(Halt::refuse(Refusal::Pin)) };
    let response = card.exchange(&PurseCommand::Verify { index, pin: pin.clone() })?;
    if response.status.is_ok() {
        return Ok(());
    }
    Err(Halt::Refuse { reason: Refusal::Pin, status: Some(response.status), blocked: None })
}

/// The card's refusal of a step is the card's; anything else is an error.
pub(super) fn refused(error: FlowError) -> Halt {
    match error {
        FlowError::Refused { side: Side::Card, status, .. } => {
            Halt::Refuse { reason: reason_of(status), status: Some(status), blocked: None }
        }
        other => Halt::Error(other),
    }
}

/// The same for INITIALIZE: a load that finds no room says 6985.
fn refused_initialize(error: FlowError, transaction: Transaction) -> Halt {
    match (refused(error), transaction) {
        (Halt::Refuse { status: Some(StatusWord::CONDITIONS), .. }, Transaction::Load) => {
            let (reason, status) = (Refusal::AboveMaximum, Some(StatusWord::CONDITIONS));
            Halt::Refuse { reason, status, blocked: None }
        }
        (stop, _) => stop,
    }
}

fn reason_of(status: StatusWord) -> Refusal {
    match status {
        StatusWord::BALANCE_INSUFFICIENT | StatusWord::AMOUNT_INSUFFICIENT => {
            Refusal::BalanceInsufficient
        }
        StatusWord::COUNTER_AT_MAXIMUM => Refusal::CounterAtMaximum,
        StatusWord::SECURITY_STATUS => Refusal::Pin,
        StatusWord::RECORD_LOCKED => Refusal::RecordLocked,
        StatusWord::LOCKED
        | StatusWord::PERMANENTLY_LOCKED
        | StatusWord::SELECTED_INVALID
        | StatusWord::GREY_LOCKED => Refusal::Blocked,
        _ => Refusal::CardRefuses,
    }
}
