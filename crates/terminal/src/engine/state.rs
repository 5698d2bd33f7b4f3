//! What one tap knows, and where its transaction stands.

use apdu::StatusWord;
use applet_spec::flow::{Blocking, Fare, FieldAt, Refusal, Stop};
use purse::answer::{PurchaseInitialized, SamInitialized};
use purse::{Amount, Limit};

use super::finish::Answered;
use super::{Order, Outcome};
use crate::{
    Authorisation, CardIdentity, Factors, FlowError, OnlineRequest, Program, Purchase, Site,
    Timestamp, WrittenRecord,
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
    pub(super) settled: bool,
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
    pub(super) fn again(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
        self.told_balance = None;
        self.records.clear();
    }
}

impl Run<'_> {
    /// Who the card is.
    pub(super) fn identify(&mut self, site: &Site) -> Result<(), Halt> {
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
    pub(super) fn amount(&self, here: Stop) -> Result<Amount, Halt> {
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
