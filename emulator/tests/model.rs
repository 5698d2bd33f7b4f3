//! The purse against a model of it in a few lines, over random command sequences with wrong MACs,
//! broken-off transactions, resets and power losses.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod common;

use std::collections::{BTreeMap, VecDeque};

use applet_spec::{PinUse, PurseKind};
use common::{Begun, Bench, Chip, Init, Kind, Step};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a purse is.
#[derive(Clone, Copy, Default)]
struct Purse {
    balance: u32,
    limit: u32,
    online: u16,
    offline: u16,
}

/// What a card is, as far as money goes.
struct Model<'b> {
    bench: &'b Bench,
    purses: BTreeMap<u8, Purse>,
    /// By SFI, newest first.
    logs: BTreeMap<u8, VecDeque<Vec<u8>>>,
    proof: Option<(u8, u16, Vec<u8>)>,
    /// What the last compound purchase wrote.
    fill: u8,
    trips: VecDeque<u8>,
}

impl<'b> Model<'b> {
    fn new(bench: &'b Bench) -> Self {
        let purses = bench.purses().into_iter().map(|kind| (kind as u8, Purse::default()));
        let (logs, trips) = (BTreeMap::new(), VecDeque::new());
        Self { bench, purses: purses.collect(), logs, proof: None, fill: 0, trips }
    }

    /// What INITIALIZE answers: the purse as it is, or a status word.
    fn begins(&self, init: &Init) -> Result<Purse, u16> {
        let spec = self.bench.profile.application().unwrap().purse(init.purse);
        let use_of = match init.kind {
            Kind::Load => PinUse::Load,
            Kind::Purchase => PinUse::Purchase,
            Kind::Cash => PinUse::Cash,
            Kind::Capp => PinUse::Capp,
            Kind::Unload => PinUse::Unload,
            Kind::Update => PinUse::Overdraft,
        };
        let spec = spec.filter(|spec| spec.allows.contains(&use_of)).ok_or(0x6A86_u16)?;
        let purse = self.purses[&(init.purse as u8)];
        let room = spec.maximum.checked_sub(purse.balance).is_some_and(|room| init.amount <= room);
        match init.kind {
            Kind::Load if !room => Err(0x6985),
            Kind::Load | Kind::Update => Ok(purse),
            _ if init.amount > purse.balance => Err(0x9401),
            _ => Ok(purse),
        }
    }

    /// What the right second step answers.
    fn may_finish(&self, begun: &Begun) -> bool {
        let Begun { balance, limit, init, .. } = *begun;
        let raised = u64::from(balance) + u64::from(init.amount);
        init.kind != Kind::Update
            || (raised >= u64::from(limit) && raised - u64::from(limit) <= 0x7FFF_FFFF)
    }

    /// The second step was done.
    fn finish(&mut self, begun: &Begun, step: &Step) {
        let Begun { init, serial, .. } = *begun;
        let purse = self.purses.get_mut(&(init.purse as u8)).unwrap();
        match init.kind {
            Kind::Load => purse.balance += init.amount,
            Kind::Update => {
                purse.balance = purse.balance + init.amount - purse.limit;
                purse.limit = init.amount;
            }
            _ => purse.balance -= init.amount,
        }
        if init.online() {
            purse.online += 1;
        } else {
            purse.offline += 1;
        }
        let mut record = [&(serial + 1).to_be_bytes()[..], &step.log].concat();
        // Neither INITIALIZE FOR LOAD nor FOR UNLOAD tells the limit, the log does.
        record[2..5].copy_from_slice(&purse.limit.to_be_bytes()[1..]);
        let routing = self.bench.profile.application().unwrap().log.unwrap();
        let own_city = self.bench.profile.public_content(&[0; 8])[2..4] == init.terminal[..2];
        let sfi = match (init.kind, routing.other_city) {
            (Kind::Load, _) => routing.load,
            (_, Some(other)) if !own_city => other,
            _ => routing.purchase,
        };
        let log = self.logs.entry(sfi).or_default();
        log.push_front(record);
        log.truncate(10);
        self.proof = Some((init.type_byte(), serial + 1, step.proof.clone()));
        if init.kind == Kind::Capp {
            self.fill = init.amount as u8;
            self.trips.push_front(self.fill);
            self.trips.truncate(30);
        }
    }

    /// Compares with a card that is in no transaction; the card does not notice.
    fn agrees(&self, chip: &Chip, depth: usize) -> Result<(), TestCaseError> {
        let mut chip = chip.clone();
        self.bench.reopen(&mut chip);
        for (kind, purse) in &self.purses {
            let balance = chip.ok(vec![0x80, 0x5C, 0x00, *kind, 0x04]);
            prop_assert_eq!(balance, purse.balance.to_be_bytes());
            let kind = if *kind == 1 { PurseKind::Deposit } else { PurseKind::Purse };
            let offline = self.bench.begin(&mut chip, Init::new(Kind::Purchase, kind, 0)).unwrap();
            prop_assert_eq!((offline.serial, offline.limit), (purse.offline, purse.limit));
            let online = self.bench.begin(&mut chip, Init::new(Kind::Load, kind, 0)).unwrap();
            prop_assert_eq!(online.serial, purse.online);
        }
        for (sfi, log) in &self.logs {
            let newest = (1..).zip(log.iter().take(depth));
            for (number, record) in newest {
                prop_assert_eq!(&chip.ok(vec![0x00, 0xB2, number, sfi << 3 | 4, 0x17]), record);
            }
            if depth > log.len() {
                let end = vec![0x00, 0xB2, log.len() as u8 + 1, sfi << 3 | 4, 0x17];
                prop_assert_eq!(chip.send(end).status, 0x6A83);
            }
        }
        if let Some((kind, serial, proof)) = &self.proof {
            let [high, low] = serial.to_be_bytes();
            let answer = chip.ok(vec![0x80, 0x5A, 0x00, *kind, 0x02, high, low, 0x08]);
            prop_assert_eq!(&answer, proof);
        }
        let sfi = self.bench.rules().capp.default_sfi;
        let record = chip.ok(vec![0x00, 0xB2, 0x01, sfi << 3 | 4, 0x00]);
        prop_assert_eq!(record.last(), Some(&self.fill));
        if sfi == 0x1A {
            for (number, fill) in (1..).zip(self.trips.iter().take(depth)) {
                prop_assert_eq!(chip.ok(vec![0x00, 0xB2, number, 0xF4, 0x30]), vec![*fill; 48]);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Op {
    Transact {
        kind: Kind,
        purse: PurseKind,
        amount: u32,
        own_city: bool,
        twist: Twist,
    },
    /// A command that ends whatever runs and changes nothing.
    Other(&'static str),
    Reset,
}

/// What happens to a transaction on its way.
#[derive(Clone, Debug)]
enum Twist {
    Straight,
    /// Another transaction is begun first.
    BegunTwice,
    WrongMac,
    /// The second step never comes.
    Abandoned,
    /// A command comes between the steps.
    Between(&'static str),
    ResetBetween,
    /// The card was paid, the answer is lost.
    AnswerLost,
    /// Power is lost at a write of the second step, and perhaps at one of the recovery.
    Torn(u64, Option<u64>),
}

const HARMLESS: [&str; 6] =
    ["00B0950000", "00B201C400", "0084000008", "00FF0000", "805400000F", "00A4000002 0015"];
/// These may come between the steps of a transaction.
const KEEPS: [&str; 3] = ["805C000204", "805A0006020001", "0088000108 0000000000000000"];

fn op() -> impl Strategy<Value = Op> {
    use Kind::{Capp, Cash, Load, Purchase, Unload, Update};
    let kind = prop_oneof![
        4 => Just(Load),
        4 => Just(Purchase),
        3 => Just(Capp),
        1 => Just(Cash),
        1 => Just(Unload),
        2 => Just(Update)
    ];
    let amount = prop_oneof![
        8 => 0..2_000_u32,
        1 => Just(0),
        1 => Just(0x7FFF_FFFF),
        1 => Just(u32::MAX),
        1 => any::<u32>()
    ];
    let twist = prop_oneof![
        6 => Just(Twist::Straight),
        1 => Just(Twist::BegunTwice),
        1 => Just(Twist::WrongMac),
        1 => Just(Twist::Abandoned),
        1 => prop::sample::select(HARMLESS.to_vec()).prop_map(Twist::Between),
        1 => prop::sample::select(KEEPS.to_vec()).prop_map(Twist::Between),
        1 => Just(Twist::ResetBetween),
        1 => Just(Twist::AnswerLost),
        3 => (1..22_u64, prop::option::of(1..8_u64)).prop_map(|(at, then)| Twist::Torn(at, then))
    ];
    let purse =
        prop_oneof![Just(PurseKind::Deposit), Just(PurseKind::Purse), Just(PurseKind::Purse)];
    prop_oneof![
        10 => (kind, purse, amount, any::<bool>(), twist).prop_map(
            |(kind, purse, amount, own_city, twist)| Op::Transact {
                kind, purse, amount, own_city, twist
            }
        ),
        1 => prop::sample::select(HARMLESS.to_vec()).prop_map(Op::Other),
        1 => Just(Op::Reset)
    ]
}

fn run(model: &mut Model<'_>, chip: &mut Chip, op: &Op) -> Result<(), TestCaseError> {
    let bench = model.bench;
    let (kind, purse, amount, own_city, twist) = match op {
        Op::Other(command) => {
            chip.send(command);
            return Ok(());
        }
        Op::Reset => {
            chip.reset();
            bench.reopen(chip);
            return Ok(());
        }
        Op::Transact { kind, purse, amount, own_city, twist } => {
            (*kind, *purse, *amount, *own_city, twist)
        }
    };
    let mut init = Init::new(kind, purse, amount);
    if kind == Kind::Update {
        init.amount &= 0xFF_FFFF;
    }
    if own_city {
        init.terminal[..2].copy_from_slice(&bench.profile.public_content(&[0; 8])[2..4]);
    }
    if let Twist::BegunTwice = twist {
        chip.send(Init::new(Kind::Load, purse, 1).apdu());
    }
    let expected = model.begins(&init);
    let begun = match (bench.begin(chip, init), expected) {
        (Ok(begun), Ok(purse)) => {
            prop_assert_eq!(begun.balance, purse.balance);
            begun
        }
        (Err(found), Err(expected)) => {
            prop_assert_eq!(found, expected);
            return Ok(());
        }
        (found, expected) => {
            return Err(TestCaseError::fail(format!(
                "{init:?}: {found:?}, not {:?}",
                expected.err()
            )));
        }
    };
    if kind == Kind::Capp {
        bench.cache(init.amount as u8).iter().for_each(|command| _ = chip.ok(command));
    }
    second_step(model, chip, &begun, twist)
}

fn second_step(
    model: &mut Model<'_>,
    chip: &mut Chip,
    begun: &Begun,
    twist: &Twist,
) -> Result<(), TestCaseError> {
    let bench = model.bench;
    let step = bench.step(begun);
    let mut refused = None;
    match twist {
        Twist::Abandoned => return Ok(()),
        Twist::WrongMac => {
            prop_assert_eq!(chip.send(step.with_wrong_mac()).status, 0x9302);
            refused = Some(0x6901);
        }
        Twist::Between(command) => {
            chip.send(command);
            refused = (!KEEPS.contains(command)).then_some(0x6901);
        }
        Twist::ResetBetween => {
            chip.reset();
            bench.reopen(chip);
            refused = Some(0x6901);
        }
        Twist::Torn(at, _) => chip.card.memory_mut().tear_at(Some(*at)),
        Twist::Straight | Twist::BegunTwice | Twist::AnswerLost => {}
    }
    let refused = refused.or((!model.may_finish(begun)).then_some(0x6985));
    let answer = chip.attempt(&step.command);
    chip.card.memory_mut().tear_at(None);
    let Some(answer) = answer else {
        if let Twist::Torn(_, Some(then)) = twist {
            chip.card.memory_mut().tear_at(Some(*then));
            chip.card.power_on();
            chip.card.memory_mut().tear_at(None);
        }
        chip.reset();
        bench.reopen(chip);
        // The proof alone tells; the comparison that follows says whether it lied.
        let [high, low] = (begun.serial + 1).to_be_bytes();
        let ask = vec![0x80, 0x5A, 0x00, begun.init.type_byte(), 0x02, high, low, 0x08];
        if chip.send(ask).status == 0x9000 {
            model.finish(begun, &step);
        }
        return Ok(());
    };
    match refused {
        Some(status) => prop_assert_eq!(answer.status, status),
        None => {
            prop_assert_eq!(&answer.data, &step.answer);
            model.finish(begun, &step);
        }
    }
    if let Twist::AnswerLost = twist {
        chip.card.power_off();
        chip.reset();
        bench.reopen(chip);
    }
    Ok(())
}

fn agree(name: &str) {
    let bench = Bench::new(name);
    let fresh = bench.opened();
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() };
    proptest!(config, |(ops in vec(op(), 1..60))| {
        let mut chip = fresh.clone();
        let mut model = Model::new(&bench);
        for op in &ops {
            run(&mut model, &mut chip, op)?;
            model.agrees(&chip, 1)?;
        }
        model.agrees(&chip, 31)?;
    });
}

#[test]
fn a_bank_card_is_what_the_model_says() {
    agree("pboc");
}

#[test]
fn a_construction_ministry_card_is_what_the_model_says() {
    agree("cjt166");
}

#[test]
fn a_transport_ministry_card_is_what_the_model_says() {
    agree("jtt978");
}

#[test]
fn a_bank_card_with_sm4_is_what_the_model_says() {
    agree("pboc-sm4");
}

#[test]
fn a_transport_ministry_card_with_sm4_is_what_the_model_says() {
    agree("jtt978-sm4");
}
