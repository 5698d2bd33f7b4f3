//! Tear everywhere: power is lost at every single memory write of every command that writes, and at
//! the writes of the recovery after it. The card is then what it was before, or what it is after.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::{KeyKind, PurseKind};
use common::{Begun, Bench, Chip, Init, Kind, View, spoilt};
use crypto::{encipher, pin_reload_mac};
use emulator::native::settings;

const EP: PurseKind = PurseKind::Purse;
const ED: PurseKind = PurseKind::Deposit;
const MAINTENANCE: KeyKind = KeyKind::Maintenance;

/// How many writes of a recovery are torn.
const RECOVERY: u64 = 6;

/// Counters that are written for themselves: a try that was spent may stay spent.
#[derive(Clone, Copy, PartialEq)]
struct Tries(&'static str);

const NONE: Tries = Tries("");
const PIN: Tries = Tries("pin-tries");

/// Tears `command`, which is next on `chip`, at each of its writes.
fn tear_everywhere(
    bench: &Bench,
    chip: &Chip,
    command: &[u8],
    counters: &[Tries],
    mut judge: impl FnMut(&mut Chip, bool),
) {
    let name = format!("{}: {}", bench.profile.name, hex::encode_upper(command));
    let mut whole = chip.clone();
    let start = whole.card.memory().writes();
    whole.send(command);
    let writes = whole.card.memory().writes() - start;
    assert!(writes > 0, "{name} writes nothing");
    let before = State::of(bench, &powered(chip), counters);
    let after = State::of(bench, &powered(&whole), counters);
    assert_ne!(before, after, "{name} changes nothing");
    for write in 1..=writes {
        let mut torn = chip.clone();
        torn.card.memory_mut().tear_at(Some(write));
        assert_eq!(torn.attempt(command), None, "{name}: power is lost at write {write}");
        assert!(!torn.card.powered());
        for in_recovery in 0..=RECOVERY {
            let mut card = torn.card.fork();
            if in_recovery > 0 {
                card.memory_mut().tear_at(Some(in_recovery));
            }
            let mut tries = 0;
            while card.power_on().is_none() {
                tries += 1;
                assert!(tries < 3 && card.fault().is_none(), "{name}: does not come back");
                // The second time, one write further.
                card.memory_mut().tear_at((tries == 1).then_some(in_recovery + 1));
            }
            card.memory_mut().tear_at(None);
            let mut chip = Chip { card };
            let state = State::of(bench, &chip, counters);
            let place = format!("{name}, write {write} of {writes}, recovery {in_recovery}");
            assert!(state.is(&before) || state.is(&after), "{place}: {state:#?}\n{before:#?}");
            for ((counter, now), (was, becomes)) in
                state.counters.iter().zip(before.counters.iter().zip(&after.counters))
            {
                let allowed = [was.1, was.1.saturating_sub(1), becomes.1];
                assert!(allowed.contains(now), "{place}: {counter} is {now}");
            }
            judge(&mut chip, state.is(&after));
        }
    }
    judge(&mut powered(&whole), true);
}

/// A card that lost power at that moment and has it again.
fn powered(chip: &Chip) -> Chip {
    let mut chip = chip.clone();
    chip.card.power_off();
    chip.reset();
    chip
}

/// All that persists: what is seen from outside, and the memory itself.
struct State {
    view: View,
    memory: nvm::Nvm,
    counters: Vec<(String, u8)>,
}

impl State {
    fn of(bench: &Bench, chip: &Chip, counters: &[Tries]) -> Self {
        let mut memory = chip.card.memory().fork();
        let mut view = bench.view(&chip.card);
        let mut values = Vec::new();
        for Tries(counter) in counters.iter().filter(|counter| **counter != NONE) {
            let value = if *counter == "pin-tries" {
                chip.shown(counter).parse().unwrap()
            } else {
                key_tries(chip, counter)
            };
            values.push(((*counter).to_owned(), value));
            settings::set(&mut memory, counter, "1").unwrap();
            view = view.without(counter);
        }
        Self { view, memory, counters: values }
    }

    /// The same but for the counters that are judged by themselves.
    fn is(&self, other: &Self) -> bool {
        let same = self.memory.same_contents(&other.memory);
        assert!(!same || self.view == other.view, "the same card is seen in two ways");
        same
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:#?}", self.counters, self.view)
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) && self.counters == other.counters
    }
}

/// Tries left of a key: how often it can be set lower before the memory is the same again.
fn key_tries(chip: &Chip, counter: &str) -> u8 {
    let holds = |tries: u8| {
        let mut memory = chip.card.memory().fork();
        settings::set(&mut memory, counter, &tries.to_string()).unwrap();
        memory.same_contents(chip.card.memory())
    };
    (0..=15).find(|tries| holds(*tries)).expect("a counter")
}

/// A transaction whose second step is next, torn at every write; money is conserved.
fn tear_transaction(bench: &Bench, init: Init) {
    let mut chip = bench.rich(1_000);
    if init.kind != Kind::Update && bench.profile.application().unwrap().purse(ED).is_some() {
        bench.transact(&mut chip, Init::new(Kind::Update, ED, 50));
    }
    let begun = bench.begun(&mut chip, init);
    let step = bench.step(&begun);
    tear_everywhere(bench, &chip, &step.command, &[], |chip, happened| {
        bench.reopen(chip);
        let serial = (begun.serial + 1).to_be_bytes();
        let ask = [&[0x80, 0x5A, 0x00, init.type_byte(), 2], &serial[..], &[8]].concat();
        let proof = chip.send(ask);
        match happened {
            true => assert_eq!(proof.data, step.proof),
            false => assert_eq!(proof.status, 0x9406),
        }
        // Whoever lost the answer does what the proof says, and the money is right.
        if !happened {
            let again = bench.transact(chip, init);
            assert_eq!((again.serial, again.balance), (begun.serial, begun.balance));
        }
        let balance = chip.ok([0x80, 0x5C, 0x00, init.purse as u8, 0x04].as_slice());
        assert_eq!(balance, step.balance_after.to_be_bytes());
        let next = Init { amount: 1, ..init };
        assert_eq!(bench.transact(chip, next).serial, begun.serial + 1);
    });
}

fn each(names: &[&str], mut work: impl FnMut(&Bench)) {
    names.iter().for_each(|name| work(&Bench::new(name)));
}

const EVERY: [&str; 5] = ["pboc", "cjt166", "jtt978", "pboc-sm4", "jtt978-sm4"];

#[test]
fn a_torn_load_happened_or_did_not() {
    each(&EVERY, |bench| tear_transaction(bench, Init::new(Kind::Load, EP, 250)));
    each(&["pboc"], |bench| tear_transaction(bench, Init::new(Kind::Load, ED, 250)));
}

#[test]
fn a_torn_purchase_happened_or_did_not() {
    each(&EVERY, |bench| tear_transaction(bench, Init::new(Kind::Purchase, EP, 250)));
    each(&["pboc"], |bench| tear_transaction(bench, Init::new(Kind::Purchase, ED, 250)));
    each(&["pboc"], |bench| tear_transaction(bench, Init::new(Kind::Cash, ED, 250)));
}

#[test]
fn a_torn_compound_purchase_wrote_all_its_records_or_none() {
    each(&EVERY, |bench| tear_transaction(bench, Init::new(Kind::Capp, EP, 250)));
}

#[test]
fn a_torn_unload_happened_or_did_not() {
    each(&["pboc", "pboc-sm4"], |bench| {
        tear_transaction(bench, Init::new(Kind::Unload, ED, 250));
    });
}

#[test]
fn a_torn_overdraft_update_happened_or_did_not() {
    each(&["pboc"], |bench| tear_transaction(bench, Init::new(Kind::Update, ED, 250)));
    each(&["jtt978"], |bench| tear_transaction(bench, Init::new(Kind::Update, EP, 250)));
}

#[test]
fn a_purchase_with_full_rings_is_torn_as_cleanly() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    chip.set("log", "full");
    for fill in 0..31 {
        let begun = bench.begin(&mut chip, Init::new(Kind::Capp, EP, 1)).unwrap();
        chip.ok(format!("80DC00F030 {}", format!("{fill:02X}").repeat(48)));
        chip.ok(&bench.step(&begun).command);
    }
    let begun: Begun = bench.begun(&mut chip, Init::new(Kind::Capp, EP, 7));
    tear_everywhere(&bench, &chip, &bench.step(&begun).command, &[], |_, _| {});
}

#[test]
fn a_torn_verify_never_gains_a_try() {
    each(&["pboc", "cjt166"], |bench| {
        let mut chip = bench.opened();
        let wrong = [0x00, 0x20, 0x00, 0x00, 0x03, 0x65, 0x43, 0x21];
        let right = [0x00, 0x20, 0x00, 0x00, 0x03, 0x12, 0x34, 0x56];
        for _ in 0..2 {
            tear_everywhere(bench, &chip, &wrong, &[], |_, _| {});
            chip.send(wrong.as_slice());
            tear_everywhere(bench, &chip, &right, &[PIN], |_, _| {});
        }
        tear_everywhere(bench, &chip, &wrong, &[], |_, _| {});
    });
}

#[test]
fn a_torn_change_pin_leaves_the_old_one_or_the_new_one() {
    let bench = Bench::new("pboc");
    let change = hex::decode("805E010007123456FF987654").unwrap();
    let mut chip = bench.opened();
    tear_everywhere(&bench, &chip, &change, &[PIN], |_, _| {});
    chip.refuses("0020000003 654321", 0x63C2);
    tear_everywhere(&bench, &chip, &change, &[PIN], |_, _| {});
}

#[test]
fn a_torn_reload_pin_leaves_the_old_one_or_the_new_one() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    for _ in 0..3 {
        chip.send("0020000003 654321");
    }
    let (suite, key) = bench.keys.key(KeyKind::PinReset, 0).unwrap();
    let pin = [0x98, 0x76, 0x54];
    let mac = pin_reload_mac(suite, key, &pin).0;
    let reload = [&[0x80, 0x5E, 0x00, 0x00, 0x07], &pin[..], &mac].concat();
    tear_everywhere(&bench, &chip, &reload, &[], |_, _| {});
    chip.refuses(spoilt(reload.clone()), 0x6988);
    let counter = Tries("key-tries.pin-reload.0");
    tear_everywhere(&bench, &chip, &reload, &[counter], |_, _| {});
}

#[test]
fn a_torn_pin_unblock_gives_the_tries_back_or_does_not() {
    each(&["pboc", "pboc-sm4"], |bench| {
        let mut chip = bench.opened();
        for _ in 0..3 {
            chip.send("0020000003 654321");
        }
        let (suite, key) = bench.keys.key(KeyKind::PinUnblock, 0).unwrap();
        let right = encipher(suite, key, &[0x12, 0x34, 0x56]);
        let wrong = encipher(suite, key, &[0x65, 0x43, 0x21]);
        let counter = Tries("key-tries.pin-unblock.0");
        for _ in 0..2 {
            let mut next = chip.clone();
            let command = bench.secured(&mut next, "84240000", &right, KeyKind::PinUnblock);
            tear_everywhere(bench, &next, &command, &[counter], |_, _| {});
            let command = bench.secured(&mut chip, "84240000", &wrong, KeyKind::PinUnblock);
            tear_everywhere(bench, &chip, &command, &[], |_, _| {});
            chip.send(&command);
        }
        let command = bench.secured(&mut chip, "84240000", &wrong, KeyKind::PinUnblock);
        tear_everywhere(bench, &chip, &command, &[], |_, _| {});
        assert_eq!(chip.send(&command).status, 0x9303);
    });
}

#[test]
fn a_torn_update_leaves_the_old_content_or_the_new_one() {
    let bench = Bench::new("jtt978");
    let counter = Tries("key-tries.maintenance.1");
    let record = [&[0x27, 0x02, 0x7D][..], &[0x5A; 125]].concat();
    let updates: [(&str, &[u8]); 3] =
        [("04D69600", &[0xEE; 55]), ("04DC02D4", &record), ("04E200D0", &record)];
    for (header, data) in updates {
        let mut chip = bench.opened();
        let command = bench.secured(&mut chip, header, data, MAINTENANCE);
        tear_everywhere(&bench, &chip, &command, &[], |_, _| {});
        // With a spent try, which the right MAC gives back.
        let spoil = bench.secured(&mut chip, header, data, MAINTENANCE);
        chip.refuses(spoilt(spoil), 0x6988);
        let command = bench.secured(&mut chip, header, data, MAINTENANCE);
        tear_everywhere(&bench, &chip, &command, &[counter], |_, _| {});
        for last in [false, true] {
            let command = spoilt(bench.secured(&mut chip, header, data, MAINTENANCE));
            tear_everywhere(&bench, &chip, &command, &[], |_, _| {});
            chip.refuses(&command, if last { 0x9303 } else { 0x6988 });
        }
    }
}

#[test]
fn a_torn_block_or_unblock_happened_or_did_not() {
    each(&["jtt978", "cjt166", "pboc-sm4"], |bench| {
        let mut chip = bench.opened();
        for header in ["841E0000", "841E0001", "84160000"] {
            let command = bench.secured(&mut chip, header, &[], MAINTENANCE);
            tear_everywhere(bench, &chip, &command, &[], |_, _| {});
        }
        let block = bench.secured(&mut chip, "841E0000", &[], MAINTENANCE);
        chip.ok(block);
        let command = bench.secured(&mut chip, "84180000", &[], MAINTENANCE);
        tear_everywhere(bench, &chip, &command, &[], |_, _| {});
        for status in [0x6988, 0x6988, 0x9303] {
            let command = spoilt(bench.secured(&mut chip, "84180000", &[], MAINTENANCE));
            tear_everywhere(bench, &chip, &command, &[], |_, _| {});
            chip.refuses(&command, status);
        }
    });
}

#[test]
fn the_wrong_mac_that_locks_does_so_or_does_not() {
    let bench = Bench::with("jtt978", "[rules]\nwrong-mac-limit = 3\n");
    let mut chip = bench.rich(100);
    for status in [0x9302, 0x9302, 0x6985] {
        let begun = bench.begin(&mut chip, Init::new(Kind::Purchase, EP, 1)).unwrap();
        let command = bench.step(&begun).with_wrong_mac();
        tear_everywhere(&bench, &chip, &command, &[], |_, _| {});
        if status == 0x9302 {
            // A right one in the same place takes the count back.
            tear_everywhere(&bench, &chip, &bench.step(&begun).command, &[], |_, _| {});
        }
        chip.refuses(&command, status);
    }
}
