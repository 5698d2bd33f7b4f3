//! The engine: runs any flow, settles what an earlier tap left open.
//!
//! One call of [`Engine::tap`] is one card in the field. Before a second step is sent, the attempt
//! goes to the [`Ledger`]; when its answer is lost, the attempt stays open, and the next tap of the
//! same card settles it: it is proven and completed, or it did not happen and is made again, or, where
//! nothing proves it and its time has run out, it becomes a grey record (灰记录). It is never charged
//! twice.

mod check;
mod finish;
mod recover;
mod refusal;
mod run;
mod state;
mod values;

use applet_spec::flow::Refusal;
use link::CardTransport;
use purse::{Amount, Pin};

use crate::{
    Attempt, CardIdentity, CardSession, Check, FlowError, Issuer, Ledger, Open, Program, Psam,
    Site, Tables, Timestamp, TransactionRecord, Verdict,
};
use state::Run;

/// A terminal that runs flows.
pub struct Engine<'r> {
    psam: Box<dyn Psam + 'r>,
    issuer: Option<Box<dyn Issuer + 'r>>,
    site: Site,
    tables: Tables,
    /// Transactions whose outcome is not known, oldest first.
    open: Vec<Attempt>,
    /// Why the last answer was lost.
    lost_by: Option<FlowError>,
    /// Whose card the last tap was of.
    present: Option<CardIdentity>,
}

/// What a tap is to be.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Amount, where the flow takes one.
    pub amount: Option<Amount>,
    /// PIN, where the card asks for it.
    pub pin: Option<Pin>,
}

/// How a tap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The transaction happened.
    Accepted,
    /// An earlier transaction, whose answer was lost, is proven; it was this trip's.
    Recovered,
    /// An earlier transaction was this trip's; it may have happened, and there is no code that proves
    /// it. Nothing more is charged.
    Grey,
    /// The transaction happened, and a code of the card is wrong.
    WrongCode,
    /// The application was blocked, as the flow is there for.
    Blocked,
    /// The card was not served.
    Refused(Refusal),
    /// No answer to the second step: the card is to be tapped again.
    Lost,
}

/// Most transactions that are open at a time; more than a terminal meets within their window. The
/// oldest becomes a grey record then.
const MOST_OPEN: usize = 256;

impl<'r> Engine<'r> {
    /// With the roles behind it, at a site. Without an issuer nothing is loaded and no TAC is checked.
    pub fn new(psam: Box<dyn Psam + 'r>, issuer: Option<Box<dyn Issuer + 'r>>, site: Site) -> Self {
        let (tables, open) = (Tables::default(), Vec::new());
        Self { psam, issuer, site, tables, open, lost_by: None, present: None }
    }

    /// Goes on with attempts that were kept by an earlier run.
    pub fn resume(&mut self, open: Vec<Attempt>) {
        self.open = open;
    }

    /// Transactions whose outcome is not known, oldest first.
    pub fn open(&self) -> &[Attempt] {
        &self.open
    }

    /// Why the answer was lost, after a tap that ended with [`Outcome::Lost`].
    pub fn lost_by(&self) -> Option<&FlowError> {
        self.lost_by.as_ref()
    }

    /// Whose card the last tap was of, where it came so far.
    pub fn present(&self) -> Option<CardIdentity> {
        self.present
    }

    /// The tables, between taps.
    pub fn tables_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// The PSAM.
    pub fn psam(&self) -> &dyn Psam {
        self.psam.as_ref()
    }

    /// Where it stands; a terminal that moves says so between taps.
    pub fn site_mut(&mut self) -> &mut Site {
        &mut self.site
    }

    /// Runs a flow with the card in the field, which its owner has reset.
    ///
    /// # Errors
    /// [`FlowError`]: the card was not charged, unless the error comes from the ledger or from the
    /// PSAM after the second step; then the record is there, or the attempt is kept.
    pub fn tap(
        &mut self,
        program: &Program,
        order: &Order,
        now: Timestamp,
        card: &mut dyn CardTransport,
        ledger: &mut dyn Ledger,
    ) -> Result<Outcome, FlowError> {
        self.tables.advance(now);
        self.lost_by = None;
        let mut session = CardSession::new(card);
        let mut run = Run::new(program, order, now);
        let done = session.exclusively("SELECT", |card| self.run(&mut run, card, ledger));
        self.present = run.card().copied();
        let known = self.present.map(|card| card.number);
        self.expire_others(known, now, ledger)?;
        done
    }

    /// Makes grey records of the open transactions whose time has run out.
    ///
    /// # Errors
    /// [`FlowError::Ledger`].
    pub fn expire(&mut self, now: Timestamp, ledger: &mut dyn Ledger) -> Result<(), FlowError> {
        self.expire_others(None, now, ledger)
    }

    /// Makes grey records of all open transactions: of a terminal that ends and keeps nothing.
    ///
    /// # Errors
    /// [`FlowError::Ledger`].
    pub fn give_up(&mut self, ledger: &mut dyn Ledger) -> Result<(), FlowError> {
        while !self.open.is_empty() {
            self.grey(0, false, ledger)?;
        }
        Ok(())
    }

    fn expire_others(
        &mut self,
        present: Option<[u8; 10]>,
        now: Timestamp,
        ledger: &mut dyn Ledger,
    ) -> Result<(), FlowError> {
        let over = |open: &Attempt| open.expired(now) && Some(open.card.number) != present;
        while let Some(at) = self.open.iter().position(over) {
            self.grey(at, false, ledger)?;
        }
        while self.open.len() > MOST_OPEN {
            self.grey(0, false, ledger)?;
        }
        Ok(())
    }

    /// Ends an open transaction that nothing proves; `recovered` where the card's log has it.
    fn grey(
        &mut self,
        at: usize,
        recovered: bool,
        ledger: &mut dyn Ledger,
    ) -> Result<(), FlowError> {
        let (tac_check, mac2_check) = (Check::Unknown, Check::Unknown);
        let made = |attempt| TransactionRecord {
            attempt,
            verdict: Verdict::Grey,
            tac: None,
            tac_check,
            mac2_check,
            recovered,
        };
        self.close(at, made, ledger)
    }

    /// Hands over the record of an open transaction, and keeps the transaction no more. Where the
    /// ledger fails, it stays open.
    fn close(
        &mut self,
        at: usize,
        made: impl FnOnce(Attempt) -> TransactionRecord,
        ledger: &mut dyn Ledger,
    ) -> Result<(), FlowError> {
        if at >= self.open.len() {
            return Ok(());
        }
        let record = made(self.open.remove(at));
        let taken = ledger.transaction(&record).map_err(FlowError::Ledger);
        if taken.is_err() {
            self.open.insert(at, record.attempt);
            return taken;
        }
        self.keep(ledger)
    }

    /// Drops an open transaction that did not happen.
    fn drop_open(&mut self, at: usize, ledger: &mut dyn Ledger) -> Result<(), FlowError> {
        self.open.remove(at);
        self.keep(ledger)
    }

    fn keep(&self, ledger: &mut dyn Ledger) -> Result<(), FlowError> {
        let terminal_serial = self.psam.serial_to_keep();
        ledger.keep(&Open { attempts: &self.open, terminal_serial }).map_err(FlowError::Ledger)
    }
}
