//! Faults and control: what a tester does to a card in its reader.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use applet_spec::PurseKind;
use common::{Bench, Bytes};
use emulator::VirtualCard;
use emulator::links::SharedCard;
use link::{CardControl, CardTransport, Fault, LinkError};
use purse::{Amount, TransactionType};
use terminal::{CappRecord, CardSession, FlowError};

fn send(card: &mut VirtualCard, command: &str) -> Vec<u8> {
    card.transmit(&command.wire()).expect("an answer")
}

fn is_mute<T: std::fmt::Debug>(outcome: &Result<T, LinkError>) -> bool {
    matches!(outcome, Err(LinkError::Mute))
}

/// A fresh card in a reader, powered, with this fault on its wire.
fn with_fault(bench: &Bench, fault: &str) -> Fault<VirtualCard> {
    let plan = std::iter::once(fault.parse().expect("a fault")).collect();
    Fault::planned(bench.inserted(), &plan)
}

#[test]
fn a_mute_card_has_not_done_what_it_was_told() {
    let bench = Bench::new("jtt978");
    let mut card = with_fault(&bench, "mute@2");
    card.transmit(&bench.select()).expect("the first is answered");
    let before = card.inner().card().memory().fork();
    assert!(is_mute(&card.transmit(&"0020000003 654321".wire())));
    assert!(is_mute(&card.transmit(&bench.select())), "no power until reset");
    assert!(!card.inner().card().powered());
    assert!(card.inner().card().memory().same_contents(&before), "the wrong PIN never arrived");
    card.reset().expect("ATR");
    card.transmit(&bench.select()).expect("counted from power-on");
    assert!(is_mute(&card.transmit(&bench.select())));
}

#[test]
fn a_lost_answer_is_that_of_a_command_that_was_done() {
    let bench = Bench::new("jtt978");
    let mut card = with_fault(&bench, "lost@2");
    card.transmit(&bench.select()).expect("the first is answered");
    assert!(is_mute(&card.transmit(&"0020000003 654321".wire())));
    card.reset().expect("ATR");
    let status = card.status().expect("status");
    assert!(status.contains(&("pin-tries".to_owned(), "2".to_owned())), "{status:?}");
}

#[test]
fn power_is_lost_at_the_write_that_was_named() {
    let bench = Bench::new("jtt978");
    let mut fresh = VirtualCard::volatile(bench.card());
    fresh.tear(1).expect("tear");
    fresh.reset().expect("a reset writes nothing");
    fresh.transmit(&bench.select()).expect("nor does a SELECT");
    assert!(is_mute(&fresh.transmit(&"0020000003 123456".wire())));
    assert!(!fresh.card().powered());
    // It comes once.
    fresh.reset().expect("ATR");
    fresh.transmit(&bench.select()).expect("selected");
    assert_eq!(send(&mut fresh, "0020000003 123456"), [0x90, 0x00]);
    // From outside, counted from now.
    fresh.tear(2).expect("tear");
    assert!(is_mute(&fresh.transmit(&"0020000003 123456".wire())));
    fresh.reset().expect("ATR");
    let status = fresh.status().expect("status");
    assert!(status.contains(&("pin-tries".to_owned(), "2".to_owned())), "spent: {status:?}");
    assert!(fresh.tear(0).is_err());
}

#[test]
fn a_card_that_is_pulled_while_its_answer_waits_gives_none() {
    let bench = Bench::new("jtt978");
    let shared = SharedCard::new(Arc::new(Mutex::new(bench.inserted())));
    shared.set_delay(Duration::from_secs(600));
    shared.reset().expect("ATR");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| shared.transmit(&bench.select()));
        while !waiting.is_finished() {
            // The card is not held while its answer waits.
            shared.departure(CardControl::remove).expect("removed");
        }
        let lost = waiting.join().expect("no panic");
        assert!(matches!(lost, Err(LinkError::Mute | LinkError::NoCard(_))), "{lost:?}");
    });
}

/// Loads 10 yuan, then loses the answer to the last command of `flow`, and gives what the recovery
/// finds: balance, and whether there is a proof for the serial the flow would have had.
fn lose(
    bench: &Bench,
    last: u64,
    kind: TransactionType,
    flow: impl Fn(&mut CardSession<'_>) -> Result<(), FlowError>,
) -> [(Amount, bool); 3] {
    [Some(format!("mute@{last}")), Some(format!("lost@{last}")), None].map(|fault| {
        let mut card = match &fault {
            Some(fault) => with_fault(bench, fault),
            None => Fault::new(bench.inserted()),
        };
        card.set("balance", "10.00").expect("set");
        let mut session = CardSession::new(&mut card);
        bench.open(&mut session);
        let outcome = flow(&mut session);
        assert_eq!(outcome.is_err(), fault.is_some(), "{outcome:?}");
        if outcome.is_err() {
            card.reset().expect("ATR");
        }
        let mut session = CardSession::new(&mut card);
        session.select(&bench.aid()).expect("select");
        let balance = session.balance(PurseKind::Purse).expect("balance");
        (balance, session.proof(kind, 1).expect("an answer").is_some())
    })
}

#[test]
fn after_a_lost_answer_the_proof_tells_the_truth() {
    let (before, fen) = (Amount(1_000), Amount(300));
    for bench in Bench::all() {
        // SELECT, VERIFY, INITIALIZE, second step.
        let load = lose(&bench, 4, TransactionType::PurseLoad, |card| {
            bench.terminal().load(card, PurseKind::Purse, fen).map(|_| ())
        });
        assert_eq!(load, [(before, false), (Amount(1_300), true), (Amount(1_300), true)]);
        let purchase = lose(&bench, 4, TransactionType::PursePurchase, |card| {
            bench.terminal().purchase(card, PurseKind::Purse, fen).map(|_| ())
        });
        assert_eq!(purchase, [(before, false), (Amount(700), true), (Amount(700), true)]);
        let records = [capp_record(&bench)];
        let capp = lose(&bench, 5, TransactionType::Capp, |card| {
            let mut terminal = bench.terminal();
            terminal.capp_purchase(card, PurseKind::Purse, fen, &records, None).map(|_| ())
        });
        assert_eq!(capp, [(before, false), (Amount(700), true), (Amount(700), true)]);
    }
}

fn capp_record(bench: &Bench) -> CappRecord {
    let command = bench.cache(9)[0].wire();
    let record = purse::RecordRef::First(1);
    CappRecord { sfi: command[3] >> 3, record, data: command[5..].to_vec() }
}

#[test]
fn flows_cover_the_identification_code_whenever_the_card_does() {
    for word in ["after-80ca", "always", "never"] {
        let bench = Bench::with("cjt166", &format!("[rules]\ncode-in-mac1 = \"{word}\"\n"));
        let mut card = bench.inserted();
        card.set("balance", "10.00").expect("set");
        let mut session = CardSession::new(&mut card);
        let mut terminal = bench.terminal();
        let record = [capp_record(&bench)];
        let mut pay = |session: &mut CardSession<'_>| {
            terminal.purchase(session, PurseKind::Purse, Amount(1)).expect(word);
            let capp = terminal.capp_purchase(session, PurseKind::Purse, Amount(1), &record, None);
            capp.expect(word);
        };
        bench.open(&mut session);
        pay(&mut session);
        session.identification_code().expect("a code");
        pay(&mut session);
        bench.open(&mut session);
        pay(&mut session);
    }
}

#[test]
fn a_card_that_is_pulled_is_gone_and_comes_back_without_power() {
    let bench = Bench::new("pboc");
    let mut card = bench.inserted();
    card.transmit(&bench.select()).expect("selected");
    card.transmit(&"0020000003 123456".wire()).expect("verified");
    assert!(card.inserted());
    card.remove().expect("remove");
    assert!(!card.inserted());
    assert!(matches!(card.transmit(&bench.select()), Err(LinkError::NoCard(_))));
    assert!(matches!(card.reset(), Err(LinkError::NoCard(_))));
    card.insert().expect("insert");
    assert!(is_mute(&card.transmit(&bench.select())));
    card.reset().expect("ATR");
    card.transmit(&bench.select()).expect("selected");
    assert_eq!(send(&mut card, "805C000104"), [0x69, 0x82], "the PIN is forgotten");
    card.power_off().expect("off");
    assert!(is_mute(&card.transmit(&bench.select())));
}

#[test]
fn the_status_tells_what_is_going_on() {
    let bench = Bench::new("pboc");
    let mut card = bench.inserted();
    let told = |card: &mut VirtualCard, key: &str| {
        let status = card.status().expect("status");
        status.into_iter().find(|(known, _)| known == key).map(|(_, value)| value)
    };
    card.transmit(&bench.select()).expect("selected");
    for (key, value) in [
        ("profile", "pboc"),
        ("version", "1.0.0"),
        ("inserted", "yes"),
        ("powered", "yes"),
        ("transaction", "idle"),
        ("locked", "no"),
        ("ed.balance", "0.00"),
        ("ep.balance", "0.00"),
        ("ed.overdraft-limit", "0.00"),
        ("ep.online-serial", "0x0000"),
        ("pin-tries", "3"),
        ("valid-from", "20200101"),
        ("valid-to", "20991231"),
    ] {
        assert_eq!(told(&mut card, key).as_deref(), Some(value), "{key}");
    }
    send(&mut card, "8050 0102 0B 01 00000000 000000000000 0F");
    assert_eq!(told(&mut card, "transaction").as_deref(), Some("purchase"));
    send(&mut card, "8050 0302 0B 01 00000000 000000000000 0F");
    assert_eq!(told(&mut card, "transaction").as_deref(), Some("capp-initialized"));
    card.remove().expect("remove");
    assert_eq!(told(&mut card, "powered").as_deref(), Some("no"));
    assert_eq!(told(&mut card, "inserted").as_deref(), Some("no"));
    assert_eq!(told(&mut card, "ep.balance").as_deref(), Some("0.00"));
    assert_eq!(card.describe(), "virtual card pboc 1.0.0");
}
