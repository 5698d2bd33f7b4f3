//! A terminal on the bench: card, PSAM, roles, and books that tell what was written into them.

use std::sync::Arc;

use applet_spec::flow::{Flow, Refusal, Stop};
use applet_spec::{Profile, PurseKind};
use crypto::custody::HeldKeys;
use emulator::{CardMaker, VirtualCard};
use link::{CardControl, CardTransport};
use purse::{Amount, Pin, SelectBy, TerminalId};
use terminal::{
    Attempt, CardPsam, CardSession, Engine, FlowError, Issuer, Ledger, LedgerError, LocalIssuer,
    LocalPsam, Open, Order, Outcome, Program, Psam, RefusalRecord, Site, Timestamp,
    TransactionRecord,
};

/// 2026-11-22T12:34:56.
pub const NOW: Timestamp = Timestamp::from_seconds(1_795_350_896);

/// The card families with a PSAM in this house.
pub const FAMILIES: [&str; 5] = ["pboc", "cjt166", "jtt978", "pboc-sm4", "jtt978-sm4"];

/// A card family and the keys of its lab.
pub struct Lab {
    pub profile: Arc<Profile>,
    pub custody: HeldKeys,
}

/// What a terminal has written down.
#[derive(Default)]
pub struct Books {
    /// Open attempts as they were kept last.
    pub open: Vec<Attempt>,
    pub terminal_serial: Option<u32>,
    pub transactions: Vec<TransactionRecord>,
    pub refusals: Vec<RefusalRecord>,
    /// Calls until one fails; the calls after it fail too, as those of a killed process.
    pub killed_at: Option<usize>,
    pub calls: usize,
}

impl Lab {
    pub fn new(name: &str) -> Self {
        let profile = Profile::find(name).unwrap();
        Self { custody: profile.lab_custody(), profile }
    }

    pub fn of(profile: Profile) -> Self {
        Self { custody: profile.lab_custody(), profile: Arc::new(profile) }
    }

    /// A card with so much in each purse.
    pub fn card(&self, fen: u32) -> VirtualCard {
        self.card_numbered(&self.profile.serial, fen)
    }

    /// The same with another serial.
    pub fn card_numbered(&self, serial: &[u8; 8], fen: u32) -> VirtualCard {
        let maker = CardMaker::new(self.profile.clone()).unwrap();
        let keys = emulator::LabKeys(&self.profile);
        let mut card = VirtualCard::volatile(maker.card(serial, &keys, 1).unwrap());
        for purse in &self.profile.application().unwrap().purses {
            let key = if purse.kind == PurseKind::Deposit { "ed.balance" } else { "ep.balance" };
            card.set(key, &Amount(fen).to_string()).unwrap();
        }
        card
    }

    /// A PSAM for these cards.
    pub fn psam_card(&self) -> VirtualCard {
        let profile = Profile::find(&self.psam_name()).unwrap();
        let maker = CardMaker::new(profile).unwrap();
        VirtualCard::volatile(maker.lab_card(7).unwrap())
    }

    fn psam_name(&self) -> String {
        let serves = |name: &&&str| {
            let psam = Profile::built_in(name).and_then(|profile| profile.psam.clone());
            psam.is_some_and(|psam| psam.serves == self.profile.name)
        };
        let found = Profile::built_in_names().iter().find(serves);
        found.map_or_else(|| "psam-pboc".to_owned(), |name| (*name).to_owned())
    }

    /// Whether there is a PSAM for these cards.
    pub fn has_psam(&self) -> bool {
        let profile = Profile::find(&self.psam_name()).unwrap();
        profile.psam.as_ref().is_some_and(|psam| psam.serves == self.profile.name)
    }

    pub fn program(&self, flow: &str) -> Program {
        Program::new(Flow::find(flow).unwrap(), self.profile.clone()).unwrap()
    }

    /// A terminal number in the cards' own city, so that they write their own city's log.
    pub fn terminal(&self) -> TerminalId {
        let public = self.profile.public_content(&self.profile.serial);
        TerminalId([public[2], public[3], 0, 0, 0, 1])
    }

    pub fn site(&self) -> Site {
        let public = self.profile.public_content(&self.profile.serial);
        Site {
            city: [public[2], public[3]],
            institution: [0x11; 8],
            stop: Stop { line: 1, station: 1 },
        }
    }

    /// A PSAM of lab keys.
    pub fn local_psam(&self) -> LocalPsam<'_> {
        LocalPsam::new(&self.profile, &self.custody, self.terminal(), 0).unwrap()
    }

    /// A terminal whose PSAM and issuer are lab keys. `last` is its last serial.
    pub fn local(&self, last: u32) -> Engine<'_> {
        let psam = LocalPsam::new(&self.profile, &self.custody, self.terminal(), last).unwrap();
        self.engine(Box::new(psam))
    }

    /// A PSAM card as a role.
    pub fn psam<'l>(&'l self, card: &'l mut dyn CardTransport) -> Box<dyn Psam + 'l> {
        let profile = Profile::find(&self.psam_name()).unwrap();
        let places: Vec<SelectBy> = profile
            .directories
            .iter()
            .skip(1)
            .map(|directory| SelectBy::Fid(directory.fid))
            .collect();
        Box::new(CardPsam::open(card, &self.profile, &places).unwrap())
    }

    /// A terminal with a PSAM card.
    pub fn with_psam<'l>(&'l self, card: &'l mut dyn CardTransport) -> Engine<'l> {
        self.engine(self.psam(card))
    }

    pub fn engine<'l>(&'l self, psam: Box<dyn Psam + 'l>) -> Engine<'l> {
        let issuer: Box<dyn Issuer> = Box::new(LocalIssuer::new(&self.profile, &self.custody));
        Engine::new(psam, Some(issuer), self.site())
    }

    /// What is in a purse, as the card tells it after a reset.
    pub fn balance(&self, card: &mut VirtualCard, purse: PurseKind) -> u32 {
        card.reset().unwrap();
        let mut session = CardSession::new(card);
        let application = self.profile.application().unwrap();
        session.select(&apdu::DfName::new(&application.name).unwrap()).unwrap();
        if purse == PurseKind::Deposit {
            session.verify(&self.pin()).unwrap();
        }
        session.balance(purse).unwrap().0
    }

    pub fn pin(&self) -> Pin {
        Pin::new(&self.profile.application().unwrap().pin.as_ref().unwrap().value).unwrap()
    }

    pub fn order(&self, fen: u32) -> Order {
        Order { amount: Some(Amount(fen)), pin: Some(self.pin()) }
    }
}

/// One tap of a card that comes into the field.
pub fn tap(
    engine: &mut Engine<'_>,
    program: &Program,
    order: &Order,
    now: Timestamp,
    card: &mut dyn CardTransport,
    books: &mut Books,
) -> Result<Outcome, FlowError> {
    card.reset().map_err(|source| FlowError::Link {
        side: terminal::Side::Card,
        step: "reset",
        source,
    })?;
    engine.tap(program, order, now, card, books)
}

impl Books {
    /// The last transaction.
    #[track_caller]
    pub fn last(&self) -> &TransactionRecord {
        self.transactions.last().expect("a transaction")
    }

    /// Why the last card was refused.
    #[track_caller]
    pub fn refused(&self) -> Refusal {
        self.refusals.last().expect("a refusal").reason
    }

    fn call(&mut self) -> Result<(), LedgerError> {
        self.calls += 1;
        match self.killed_at {
            Some(at) if self.calls >= at => Err("killed".into()),
            _ => Ok(()),
        }
    }
}

impl Ledger for Books {
    fn keep(&mut self, open: &Open<'_>) -> Result<(), LedgerError> {
        self.call()?;
        self.open = open.attempts.to_vec();
        self.terminal_serial = open.terminal_serial;
        Ok(())
    }

    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError> {
        self.call()?;
        self.transactions.push(record.clone());
        Ok(())
    }

    fn refusal(&mut self, record: &RefusalRecord) -> Result<(), LedgerError> {
        self.call()?;
        self.refusals.push(record.clone());
        Ok(())
    }
}
