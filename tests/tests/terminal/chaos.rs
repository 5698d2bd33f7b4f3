//! Cards and terminals at random: taps with trouble, cards that go from one terminal to the other,
//! terminals that are killed. In the end every card was charged exactly what the records say.

use std::collections::BTreeMap;

use applet_spec::PurseKind;
use emulator::VirtualCard;
use link::Loss;
use proptest::prelude::*;
use purse::TerminalId;
use terminal::{Engine, FlowError, LocalPsam, Outcome, Program, TransactionRecord, Verdict};

use crate::lab::{Books, Lab, NOW};
use crate::trouble::{Trouble, disturbed};

const CARDS: usize = 2;
const TERMINALS: usize = 2;
const START: u32 = 10_000;

#[derive(Clone, Debug)]
enum Event {
    /// A card at a terminal, so many seconds later.
    Tap { card: usize, terminal: usize, trouble: Trouble, seconds: u64 },
    /// A terminal's books fail at the nth call from now, which ends it.
    Kill { terminal: usize, at: usize, card: usize },
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let loss = prop_oneof![Just(Loss::Command), Just(Loss::Answer)];
    prop_oneof![
        2 => Just(Trouble::None),
        3 => (1_u64..12, loss).prop_map(|(at, loss)| Trouble::Silence(at, loss)),
        3 => (1_u64..60).prop_map(Trouble::Tear),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let tap = (0..CARDS, 0..TERMINALS, trouble(), 0_u64..8).prop_map(
        |(card, terminal, trouble, seconds)| Event::Tap { card, terminal, trouble, seconds },
    );
    let kill = (0..TERMINALS, 1_usize..4, 0..CARDS).prop_map(|(terminal, at, card)| Event::Kill {
        terminal,
        at,
        card,
    });
    prop_oneof![6 => tap, 1 => kill]
}

struct World<'l> {
    lab: &'l Lab,
    program: &'l Program,
    cards: Vec<Option<VirtualCard>>,
    terminals: Vec<(Engine<'l>, Books)>,
    seconds: u64,
}

impl<'l> World<'l> {
    fn new(lab: &'l Lab, program: &'l Program) -> Self {
        let card = |at: usize| Some(lab.card_numbered(&[0x10 + at as u8; 8], START));
        let mut world = Self {
            lab,
            program,
            cards: (0..CARDS).map(card).collect(),
            terminals: Vec::new(),
            seconds: 0,
        };
        for at in 0..TERMINALS {
            let engine = world.engine(at, 0);
            world.terminals.push((engine, Books::default()));
        }
        world
    }

    fn engine(&self, at: usize, last: u32) -> Engine<'l> {
        let id = TerminalId([0x01, 0x10, 0, 0, 0, 3 * at as u8]);
        let psam = LocalPsam::new(&self.lab.profile, &self.lab.custody, id, last).unwrap();
        self.lab.engine(Box::new(psam))
    }

    fn tap(&mut self, card: usize, terminal: usize, trouble: Trouble) -> Option<Outcome> {
        let (lab, now) = (self.lab, NOW.plus(self.seconds));
        let whole = self.cards[card].take().unwrap();
        let (engine, books) = &mut self.terminals[terminal];
        let (outcome, whole) = disturbed(engine, self.program, lab, now, whole, trouble, books);
        self.cards[card] = Some(whole);
        match outcome {
            Ok(outcome) => Some(outcome),
            Err(FlowError::Link { .. }) => None,
            Err(FlowError::Ledger(_)) => {
                // Killed: another process goes on from the books.
                let last = self.terminals[terminal].1.terminal_serial.unwrap_or(0);
                let mut engine = self.engine(terminal, last);
                let books = &mut self.terminals[terminal].1;
                books.killed_at = None;
                engine.resume(books.open.clone());
                self.terminals[terminal].0 = engine;
                None
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Tap { card, terminal, trouble, seconds } => {
                self.seconds += seconds;
                self.tap(*card, *terminal, *trouble);
            }
            Event::Kill { terminal, at, card } => {
                let books = &mut self.terminals[*terminal].1;
                books.killed_at = Some(books.calls + at);
                self.tap(*card, *terminal, Trouble::None);
                self.terminals[*terminal].1.killed_at = None;
            }
        }
    }

    /// Every card goes to every terminal until nothing is open.
    fn settle(&mut self) {
        for card in 0..CARDS {
            for terminal in 0..TERMINALS {
                let done = self.tap(card, terminal, Trouble::None).expect("an undisturbed tap");
                assert!(
                    matches!(done, Outcome::Accepted | Outcome::Recovered | Outcome::Grey),
                    "{done:?}"
                );
            }
        }
        assert!(self.terminals.iter().all(|(engine, _)| engine.open().is_empty()));
        assert!(self.terminals.iter().all(|(_, books)| books.open.is_empty()));
    }

    /// The records of a card, each transaction once, by the card's serial.
    fn records(&self, card: usize) -> BTreeMap<u16, &TransactionRecord> {
        let mut out: BTreeMap<u16, &TransactionRecord> = BTreeMap::new();
        for record in self.terminals.iter().flat_map(|(_, books)| &books.transactions) {
            if record.attempt.card.number[2..] != [0x10 + card as u8; 8] {
                continue;
            }
            if let Some(twin) = out.insert(record.attempt.serial(), record) {
                assert_eq!(twin.attempt, record.attempt, "two transactions with one serial");
            }
        }
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_card_is_charged_exactly_what_the_records_say(
        family in prop_oneof![Just(("jtt978", "tunion-bus")), Just(("cjt166", "cjt-purchase"))],
        events in proptest::collection::vec(event(), 1..14),
    ) {
        let lab = Lab::new(family.0);
        let program = lab.program(family.1);
        let mut world = World::new(&lab, &program);
        for event in &events {
            world.happen(event);
        }
        world.settle();
        for card in 0..CARDS {
            let mut whole = world.cards[card].take().unwrap();
            let records = world.records(card);
            // A grey record is of a transaction that the card's log shows.
            for record in records.values() {
                let grey = record.verdict == Verdict::Grey;
                prop_assert!(!grey || record.recovered, "{:?}", record);
            }
            let told: u32 = records.values().map(|record| record.attempt.amount().0).sum();
            let left = lab.balance(&mut whole, PurseKind::Purse);
            prop_assert_eq!(START - left, told, "card {}", card);
            let serials: Vec<u16> = records.keys().copied().collect();
            let all: Vec<u16> = (0..records.len() as u16).collect();
            prop_assert_eq!(serials, all, "a serial without a record");
        }
        for (engine, books) in &world.terminals {
            let last = engine.psam().serial_to_keep().unwrap();
            let serials = books.transactions.iter().filter_map(|r| r.attempt.terminal_serial());
            prop_assert!(serials.into_iter().all(|serial| u32::from_be_bytes(serial.0) <= last));
        }
    }
}
