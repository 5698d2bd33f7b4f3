//! A bench in one process: blank cards, a ledger in memory, and somebody who listens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use applet_spec::Profile;
use crypto::custody::HeldKeys;
use emulator::native::personalise::CustodyKeys;
use emulator::{CardMaker, VirtualCard};
use link::{Atr, CardTransport, LinkError};
use perso::batch::Batch;
use perso::engine::{
    Arrival, CardSource, Choice, Entry, Event, Hands, LastTry, Lasting, Ledger, Machine, Observer,
    Record, RecordState, Refusal, Replace, Returning, RunError, RunPolicy, Serial, SourceError,
    SyncPolicy, Tally, Titles, Wanted,
};
use perso::job::{Job, Target};
use perso::journal::JournalError;
use perso::order::CardOrder;
use perso::work::{FmcosWorkshop, Moment, VirtualWorkshop};

/// Something that happens to the card in the reader.
pub type Hand = Box<dyn FnMut(&mut Reader, &[u8])>;

/// A reader with cards that are not there.
pub struct Reader {
    blank: CardMaker,
    custody: HeldKeys,
    /// Every card that ever was, by its UID.
    pub cards: Vec<VirtualCard>,
    /// Which is in.
    pub inside: Option<usize>,
    /// Which come next; then blank ones.
    pub stack: Vec<usize>,
    /// Which of them were made whole.
    pub pressed: BTreeSet<usize>,
    /// Commands since the beginning.
    pub sent: u32,
    /// There are no blank cards beside the stack.
    pub no_blanks: bool,
    /// It tells no UID.
    pub contacts: bool,
    /// The last answers to EXTERNAL AUTHENTICATE.
    pub proofs: Vec<[u8; 2]>,
    /// What happens before a command.
    pub hand: Option<Hand>,
}

impl Reader {
    fn new(custody: HeldKeys) -> Self {
        let blank = CardMaker::new(Profile::find("fmcos-blank").unwrap()).unwrap();
        Self {
            blank,
            custody,
            cards: Vec::new(),
            inside: None,
            stack: Vec::new(),
            pressed: BTreeSet::new(),
            sent: 0,
            no_blanks: false,
            contacts: false,
            proofs: Vec::new(),
            hand: None,
        }
    }

    /// A finished card of a family more, not in the reader.
    pub fn add_of(&mut self, profile: &str) -> usize {
        let maker = CardMaker::new(Profile::find(profile).unwrap()).unwrap();
        self.cards.push(VirtualCard::volatile(maker.lab_card(1).unwrap()));
        self.cards.len() - 1
    }

    /// A blank card more, not in the reader.
    pub fn add_blank(&mut self) -> usize {
        let seed = self.cards.len() as u64;
        self.cards.push(VirtualCard::volatile(self.blank.lab_card(seed).unwrap()));
        self.cards.len() - 1
    }

    fn card_in(&mut self) -> Result<&mut VirtualCard, LinkError> {
        let absent = LinkError::NoCard("the reader".to_owned());
        self.inside.and_then(|at| self.cards.get_mut(at)).ok_or(absent)
    }
}

impl CardTransport for Reader {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.card_in()?.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card_in()?.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.sent += 1;
        if let Some(mut hand) = self.hand.take() {
            hand(self, command);
            self.hand.get_or_insert(hand);
        }
        let answer = self.card_in()?.transmit(command)?;
        if let (Some(0x82), Some(status)) = (command.get(1), answer.last_chunk()) {
            self.proofs.push(*status);
        }
        Ok(answer)
    }

    fn describe(&self) -> String {
        "the reader".to_owned()
    }
}

impl CardSource for Reader {
    fn wait(
        &mut self,
        wanted: &Wanted,
        _settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        let next = match self.stack.pop() {
            Some(next) => next,
            None if wanted.next.is_some() && !self.no_blanks => self.add_blank(),
            None => return Ok(Arrival::NoMore),
        };
        self.inside = Some(next);
        Ok(Arrival::Card((!self.contacts).then(|| format!("{next:04}"))))
    }

    fn uid(&mut self) -> Result<Option<String>, LinkError> {
        let absent = || LinkError::NoCard("the reader".to_owned());
        let inside = self.inside.ok_or_else(absent)?;
        Ok((!self.contacts).then(|| format!("{inside:04}")))
    }

    fn card(&mut self) -> &mut dyn CardTransport {
        self
    }

    fn press(
        &mut self,
        order: &CardOrder,
        settings: &[(String, String)],
        replace: Replace,
    ) -> Result<(), SourceError> {
        let at = self.inside.expect("a place");
        if !self.pressed.insert(at) && replace == Replace::Never {
            return Err(SourceError::Occupied("another card is there".into()));
        }
        let maker = CardMaker::new(order.profile.clone()).unwrap();
        let keys = CustodyKeys { profile: &order.profile, custody: &self.custody };
        let mut card = VirtualCard::volatile(maker.card(&order.serial.0, &keys, 1).unwrap());
        card.set_all(settings).expect("settings that the plan has looked at");
        self.cards[at] = card;
        Ok(())
    }

    fn set(&mut self, settings: &[(String, String)]) -> Result<(), SourceError> {
        self.card_in()?.set_all(settings).expect("settings that the plan has looked at");
        Ok(())
    }

    fn take_away(&mut self) -> Result<bool, SourceError> {
        self.inside = None;
        Ok(true)
    }

    fn returning(&self) -> Returning {
        Returning::Can
    }
}

/// A ledger that keeps everything at once.
#[derive(Default)]
pub struct Book {
    pub records: BTreeMap<Serial, Record>,
    pub refused: Vec<Refusal>,
}

impl Ledger for Book {
    fn keep(&mut self, entries: &[Entry], _lasting: Lasting) -> Result<(), JournalError> {
        for entry in entries {
            match entry {
                Entry::Record(serial, record) => {
                    self.records.insert(*serial, (**record).clone());
                }
                Entry::Step { serial, progress } => {
                    self.records.get_mut(serial).expect("begun").progress = *progress;
                }
                Entry::Released(serial) => {
                    self.records.remove(serial);
                }
                Entry::Refused(refusal) => self.refused.push(refusal.clone()),
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Listener {
    events: Vec<Event>,
}

impl Observer for Listener {
    fn event(&mut self, event: &Event, _tally: &Tally, titles: &dyn Titles) {
        if let Event::Step { at, .. } = event {
            assert!(!titles.title(*at, purse::Language::Chinese).is_empty());
        }
        self.events.push(event.clone());
    }

    fn choice(&mut self) -> Choice {
        Choice::None
    }
}

/// A batch on the bench, over as many programs as it takes.
pub struct Station {
    pub batch: Batch,
    pub reader: Reader,
    pub book: Book,
    pub events: Vec<Event>,
    pub sync: SyncPolicy,
    pub last_try: LastTry,
    pub retry_rejected: bool,
}

/// The lab keys of a profile, with the versions that the job asks for.
pub fn custody(batch: &Batch) -> HeldKeys {
    batch.profile.lab_custody()
}

impl Station {
    /// `job` is what a job file says beside its name and cards.
    pub fn new(job: &str, csv: &str) -> Self {
        Self::try_new(job, csv).unwrap_or_else(|errors| panic!("{errors}"))
    }

    pub fn try_new(job: &str, csv: &str) -> Result<Self, String> {
        let text = format!("name = \"bench\"\ncards = \"cards.csv\"\n{job}");
        let bytes = text.into_bytes();
        let job = Job::parse(&bytes, Path::new("job.toml")).map_err(|e| e.to_string())?;
        let batch = Batch::assemble(job, bytes, csv.as_bytes().to_vec(), 1_764_000_000)
            .map_err(|e| e.to_string())?;
        let reader = Reader::new(custody(&batch));
        Ok(Self {
            batch,
            reader,
            book: Book::default(),
            events: Vec::new(),
            sync: SyncPolicy::EachApdu,
            last_try: LastTry::Keep,
            retry_rejected: false,
        })
    }

    pub fn run(&mut self) -> Result<Tally, RunError> {
        let policy = RunPolicy {
            cards: self.batch.job.policy,
            sync: self.sync,
            retry_rejected: self.retry_rejected,
            limit: None,
            last_try: self.last_try,
        };
        let (records, refused) = (self.book.records.clone(), self.book.refused.clone());
        let mut machine = Machine::new(self.batch.serials(), records, refused, policy);
        let custody = custody(&self.batch);
        let (date, time) = self.batch.moment();
        let moment = Moment { terminal: self.batch.job.transactions.terminal, date, time };
        let mut fmcos;
        let mut virtual_cards;
        let workshop: &mut dyn perso::engine::Workshop = match self.batch.job.target {
            Target::Fmcos => {
                fmcos = FmcosWorkshop::new(&self.batch, &custody, moment, self.last_try).unwrap();
                &mut fmcos
            }
            Target::Virtual => {
                virtual_cards = VirtualWorkshop::new(&self.batch, &custody);
                &mut virtual_cards
            }
        };
        let mut listener = Listener::default();
        let hands = Hands {
            source: &mut self.reader,
            workshop,
            ledger: &mut self.book,
            observer: &mut listener,
            clock: &mut || 1_764_000_000,
            operator: Some("Zhang"),
        };
        let done = perso::engine::run(&mut machine, hands);
        self.events.extend(listener.events);
        done
    }

    /// Runs it, and everything passes.
    #[track_caller]
    pub fn passes(&mut self) -> &mut Self {
        let tally = self.run().expect("the run ends");
        let reasons: Vec<_> = self.book.records.values().filter_map(|r| r.reason.clone()).collect();
        assert_eq!(tally.passed, tally.total, "{reasons:#?}\n{:#?}", self.book.refused);
        self
    }

    pub fn record(&self, number: usize) -> &Record {
        &self.book.records[&self.batch.rows[number].serial]
    }

    /// The card that a serial was made on.
    pub fn card_of(&mut self, number: usize) -> &mut VirtualCard {
        let uid = self.record(number).card.as_ref().and_then(|card| card.uid.clone());
        let at: usize = uid.expect("a UID").parse().expect("a number");
        &mut self.reader.cards[at]
    }

    /// A value of the card's state.
    pub fn status(&mut self, number: usize, key: &str) -> String {
        use link::CardControl;
        let status = self.card_of(number).status().expect("a state");
        let found = status.iter().find(|(known, _)| known == key);
        found.unwrap_or_else(|| panic!("no {key} in {status:?}")).1.clone()
    }

    pub fn all_passed(&self) -> bool {
        self.book.records.len() == self.batch.rows.len()
            && self.book.records.values().all(|record| record.state == RecordState::Passed)
    }
}
