//! A world of paper: cards that remember what was done to them, a ledger that forgets what it was not
//! told to keep, and mishaps at chosen instants.

mod ledger;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use link::{Atr, CardTransport, LinkError};
use perso::engine::{
    Again, ApproachError, Arrival, CardSource, Choice, Event, Hands, Holds, Identity, LastTry,
    Machine, Observer, Outline, Returning, RunError, RunPolicy, Serial, Sighting, SourceError,
    Start, StepKind, StepReport, SyncPolicy, Tally, Titles, Trouble, Wanted, WorkError, Workshop,
};
use perso::job::{OnHalfDone, OnUsed, Policy};

pub use ledger::{PaperLedger, Writing};

/// Steps: look around, authenticate, erase, make a file, write the serial, look, make another file,
/// verify.
pub const ERASE: u32 = 2;
const FILE: u32 = 3;
const SERIAL: u32 = 4;
const LAST: u32 = 6;
const STEPS: [StepKind; 8] = [
    StepKind::Free,
    StepKind::Free,
    StepKind::Once,
    StepKind::Once,
    StepKind::Once,
    StepKind::Free,
    StepKind::Once,
    StepKind::Free,
];

/// A card.
#[derive(Clone, Debug, Default)]
pub struct PaperCard {
    pub uid: Option<String>,
    /// Steps that made something on it, since it was erased.
    pub made: Vec<u32>,
    pub serial: Option<Serial>,
    /// A step was refused since it had been taken: a second writing.
    pub twice: u32,
}

impl PaperCard {
    pub fn finished(&self) -> bool {
        self.made == [FILE, SERIAL, LAST]
    }
}

/// What happens, and when: everything that is done counts one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The program ends before it is done.
    EndBefore,
    /// The program ends when it is done, before anybody hears of it.
    EndAfter,
    /// As before, and the disk forgets what was not synced.
    PowerLost,
    /// The card does not answer; nothing was done.
    Silent,
    /// The card does not answer; it was done.
    Unheard,
    /// The card is pulled out before.
    Pulled,
}

/// Cards, the reader, and the instant.
pub struct World {
    pub cards: Vec<PaperCard>,
    /// Which card is in the reader.
    inside: Option<usize>,
    /// The order in which the person puts cards in; then blanks.
    stack: Vec<usize>,
    uids: bool,
    returning: Returning,
    count: u32,
    mishaps: BTreeMap<u32, Mishap>,
    patience: u32,
}

pub type Shared = Rc<RefCell<World>>;

/// What is left to do at an instant.
enum Instant {
    Go,
    End,
    EndAfter,
    Trouble(Trouble),
    Unheard,
}

impl World {
    pub fn new(uids: bool, returning: Returning, mishaps: BTreeMap<u32, Mishap>) -> Shared {
        Rc::new(RefCell::new(Self {
            cards: Vec::new(),
            inside: None,
            stack: Vec::new(),
            uids,
            returning,
            count: 0,
            mishaps,
            patience: 0,
        }))
    }

    /// The person takes the card out and stacks these cards to be put in next.
    pub fn stack(&mut self, cards: Vec<usize>) {
        self.inside = None;
        self.patience = 0;
        self.stack = cards;
        self.stack.reverse();
        if self.returning == Returning::Never {
            self.stack.clear();
        }
    }

    pub fn add(&mut self, mut card: PaperCard) -> usize {
        if self.uids {
            card.uid = Some(format!("{:04}", self.cards.len()));
        }
        self.cards.push(card);
        self.cards.len() - 1
    }

    fn instant(&mut self) -> (Instant, Option<Mishap>) {
        self.count += 1;
        let mishap = self.mishaps.remove(&self.count);
        let what = match mishap {
            None => Instant::Go,
            Some(Mishap::EndBefore) => Instant::End,
            Some(Mishap::EndAfter | Mishap::PowerLost) => Instant::EndAfter,
            Some(Mishap::Silent) => Instant::Trouble(Trouble::Silent("no answer".to_owned())),
            Some(Mishap::Unheard) => Instant::Unheard,
            Some(Mishap::Pulled) => {
                let card = self.inside.take();
                self.stack.extend(card);
                Instant::Trouble(Trouble::NoCard("pulled".to_owned()))
            }
        };
        (what, mishap)
    }

    fn card(&mut self) -> Option<&mut PaperCard> {
        self.inside.and_then(|at| self.cards.get_mut(at))
    }

    /// Takes a step on the card that is in.
    fn take(&mut self, serial: Serial, at: u32, again: bool) -> Option<Trouble> {
        let Some(card) = self.card() else { return Some(Trouble::NoCard("none".to_owned())) };
        let refuse = |text: &str| Some(Trouble::Refused(text.to_owned()));
        match at {
            ERASE => {
                card.made.clear();
                card.serial = None;
                None
            }
            FILE | SERIAL | LAST if card.made.contains(&at) => {
                if again {
                    return None;
                }
                card.twice += 1;
                refuse("exists")
            }
            FILE | SERIAL | LAST => {
                let needs: &[u32] = match at {
                    FILE => &[],
                    SERIAL => &[FILE],
                    _ => &[FILE, SERIAL],
                };
                if card.made != needs {
                    return refuse("out of order");
                }
                card.made.push(at);
                if at == SERIAL {
                    card.serial = Some(serial);
                }
                None
            }
            7 if !card.finished() || card.serial != Some(serial) => {
                Some(Trouble::Wrong("not as it should be".to_owned()))
            }
            _ => None,
        }
    }
}

/// The reader.
pub struct PaperReader(pub Shared);

/// Nobody sends anything to a card of paper.
struct NoTransport;

impl CardTransport for NoTransport {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        Err(LinkError::Mute)
    }
    fn power_off(&mut self) -> Result<(), LinkError> {
        Err(LinkError::Mute)
    }
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, LinkError> {
        Err(LinkError::Mute)
    }
    fn describe(&self) -> String {
        "paper".to_owned()
    }
}

impl CardSource for PaperReader {
    fn wait(
        &mut self,
        wanted: &Wanted,
        _settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        let mut world = self.0.borrow_mut();
        let next = match world.stack.pop() {
            Some(card) => card,
            None if wanted.next.is_some() => world.add(PaperCard::default()),
            None => return Ok(Arrival::NoMore),
        };
        world.inside = Some(next);
        world.patience += 1;
        assert!(world.patience < 10_000, "the run never ends");
        Ok(Arrival::Card(world.cards[next].uid.clone()))
    }

    fn uid(&mut self) -> Result<Option<String>, LinkError> {
        let mut world = self.0.borrow_mut();
        let absent = || LinkError::NoCard("the reader".to_owned());
        Ok(world.card().ok_or_else(absent)?.uid.clone())
    }

    fn card(&mut self) -> &mut dyn CardTransport {
        Box::leak(Box::new(NoTransport))
    }

    fn take_away(&mut self) -> Result<bool, SourceError> {
        self.0.borrow_mut().inside = None;
        Ok(true)
    }

    fn returning(&self) -> Returning {
        self.0.borrow().returning
    }
}

/// The workshop.
pub struct PaperWorkshop(pub Shared);

fn end() -> WorkError {
    WorkError::Order("the program ends here".to_owned())
}

fn not_this(why: &str) -> ApproachError {
    ApproachError::NotThisCard { why: why.to_owned(), last_try: false }
}

impl Titles for PaperWorkshop {
    fn title(&self, at: u32, _language: purse::Language) -> String {
        format!("step {at}")
    }
}

impl Workshop for PaperWorkshop {
    fn titles(&self) -> &dyn Titles {
        self
    }

    fn prepare(&mut self, _serial: Serial) -> Result<Outline, WorkError> {
        Ok(Outline { steps: STEPS.to_vec(), bears_serial: SERIAL, erases: Some(ERASE) })
    }

    fn look(
        &mut self,
        _source: &mut dyn CardSource,
        uid: Option<&str>,
    ) -> Result<Sighting, Trouble> {
        let mut world = self.0.borrow_mut();
        if let (Instant::Trouble(trouble), _) = world.instant() {
            return Err(trouble);
        }
        let card = world.card().ok_or_else(|| Trouble::NoCard("none".to_owned()))?;
        let (uid, look) = (uid.map(str::to_owned), String::new());
        let identity = Identity { uid, atr: "3B".to_owned(), look };
        let holds = card.serial.map_or(Holds::Nothing, Holds::Card);
        Ok(Sighting { card: identity, holds })
    }

    fn approach(
        &mut self,
        _source: &mut dyn CardSource,
        _serial: Serial,
        start: Start,
    ) -> Result<u32, ApproachError> {
        let mut world = self.0.borrow_mut();
        match world.instant().0 {
            Instant::End | Instant::EndAfter => return Err(end().into()),
            Instant::Trouble(trouble) => return Err(ApproachError::Trouble(trouble)),
            Instant::Go | Instant::Unheard => {}
        }
        let Some(card) = world.card() else {
            return Err(ApproachError::Trouble(Trouble::NoCard("none".to_owned())));
        };
        // The key of a blank card is gone once there is a file: it is not taken for one.
        let blank = card.made.is_empty();
        match start {
            Start::Blank if !blank => Err(not_this("not blank")),
            Start::Blank => Ok(0),
            Start::Used | Start::From(_) => Ok(ERASE),
            // A card that is not as far as the journal knows is another one.
            Start::At(at) if at > FILE && blank => Err(not_this("nothing is on it")),
            Start::At(at) => Ok(at),
        }
    }

    fn step(
        &mut self,
        _source: &mut dyn CardSource,
        serial: Serial,
        at: u32,
        again: Again,
    ) -> Result<StepReport, WorkError> {
        let mut world = self.0.borrow_mut();
        let again = again == Again::Maybe;
        let report = |trouble| Ok(StepReport { apdus: 1, trouble, ..StepReport::default() });
        match world.instant().0 {
            Instant::Go => {
                let trouble = world.take(serial, at, again);
                report(trouble)
            }
            Instant::End => Err(end()),
            Instant::EndAfter => {
                world.take(serial, at, again);
                Err(end())
            }
            Instant::Trouble(trouble) => report(Some(trouble)),
            Instant::Unheard => {
                world.take(serial, at, again);
                report(Some(Trouble::Silent("no answer".to_owned())))
            }
        }
    }
}

/// Nobody watches, and nobody chooses.
#[derive(Default)]
pub struct Quiet {
    pub events: Vec<Event>,
}

impl Observer for Quiet {
    fn event(&mut self, event: &Event, _tally: &Tally, _titles: &dyn Titles) {
        self.events.push(event.clone());
    }
    fn choice(&mut self) -> Choice {
        Choice::None
    }
}

/// A batch of `total` serials in a world, over as many programs as it takes.
pub struct Batch {
    pub world: Shared,
    pub ledger: Rc<RefCell<PaperLedger>>,
    pub serials: Vec<Serial>,
    pub policy: RunPolicy,
    pub events: Vec<Event>,
}

pub fn policy(sync: SyncPolicy, used: OnUsed, half_done: OnHalfDone) -> RunPolicy {
    RunPolicy {
        cards: Policy { used, half_done, retries: 2 },
        sync,
        retry_rejected: false,
        limit: None,
        last_try: LastTry::Keep,
    }
}

pub fn serial(number: u64) -> Serial {
    Serial(number.to_be_bytes())
}

impl Batch {
    pub fn new(world: Shared, total: u64, policy: RunPolicy) -> Self {
        let serials = (1..=total).map(serial).collect();
        Self { world, ledger: Rc::default(), serials, policy, events: Vec::new() }
    }

    /// One program, to its end or to a mishap.
    pub fn run(&mut self) -> Result<Tally, RunError> {
        let (records, refused) = {
            let mut ledger = self.ledger.borrow_mut();
            (ledger.found(), ledger.refused.clone())
        };
        let mut machine = Machine::new(self.serials.clone(), records, refused, self.policy);
        let mut source = PaperReader(self.world.clone());
        let mut workshop = PaperWorkshop(self.world.clone());
        let mut ledger =
            Writing { ledger: self.ledger.clone(), world: self.world.clone(), lost: Rc::default() };
        let mut observer = Quiet::default();
        let result = perso::engine::run(
            &mut machine,
            Hands {
                source: &mut source,
                workshop: &mut workshop,
                ledger: &mut ledger,
                observer: &mut observer,
                clock: &mut || 1_000,
                operator: Some("Zhang"),
            },
        );
        self.events.extend(observer.events);
        result
    }
}
