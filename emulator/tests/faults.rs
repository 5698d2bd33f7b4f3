//! Faults and control: what a tester does to a card in its reader.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use applet_spec::PurseKind;
use common::{Bench, Bytes};
use emulator::links::SharedCard;
use emulator::{FaultSpec, VirtualCard};
use link::{CardControl, CardTransport, LinkError};
use purse::{Amount, TransactionType};
use terminal::{CappRecord, CardSession, FlowError};

fn send(card: &mut VirtualCard, command: &str) -> Vec<u8> {
    card.transmit(&command.wire()).expect("an answer")
}

fn is_mute<T: std::fmt::Debug>(outcome: &Result<T, LinkError>) -> bool {
    matches!(outcome, Err(LinkError::Mute))
}

#[test]
fn a_fault_is_written_in_one_of_four_forms() {
    for (text, fault) in [
        ("tear@1", FaultSpec::Tear(1)),
        ("tear@4294967296", FaultSpec::Tear(1 << 32)),
        ("mute@3", FaultSpec::Mute(3)),
        ("lost@12", FaultSpec::Lost(12)),
        ("delay=20ms", FaultSpec::Delay(Duration::from_millis(20))),
        ("delay=20", FaultSpec::Delay(Duration::from_millis(20))),
        ("delay=0", FaultSpec::Delay(Duration::ZERO)),
        ("delay=1s", FaultSpec::Delay(Duration::from_secs(1))),
        ("delay=500us", FaultSpec::Delay(Duration::from_micros(500))),
        ("delay=600s", FaultSpec::Delay(Duration::from_secs(600))),
    ] {
        assert_eq!(text.parse(), Ok(fault), "{text}");
    }
    for text in [
        "",
        "tear",
        "tear@",
        "tear@0",
        "tear@-1",
        "tear@x",
        "tear@1 ",
        "Tear@1",
        "mute@0",
        "lost@",
        "lost@18446744073709551616",
        "delay",
        "delay=",
        "delay=ms",
        "delay=-1ms",
        "delay=1m",
        "delay=601s",
        "delay=4294967296ms",
        "delay=1.5s",
        "burn@3",
    ] {
        let refused = text.parse::<FaultSpec>().expect_err(text);
        assert!(refused.contains(&format!("'{text}'")), "{refused}");
    }
}

#[test]
fn a_mute_card_has_not_done_what_it_was_told() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    card.add_fault(FaultSpec::Mute(2));
    card.transmit(&bench.select()).expect("the first is answered");
    let before = card.card().memory().fork();
    assert!(is_mute(&card.transmit(&"0020000003 654321".wire())));
    assert!(is_mute(&card.transmit(&bench.select())), "no power until reset");
    assert!(card.card().memory().same_contents(&before), "the wrong PIN never arrived");
    card.reset().expect("ATR");
    card.transmit(&bench.select()).expect("counted from power-on");
    assert!(is_mute(&card.transmit(&bench.select())));
}

#[test]
fn a_lost_answer_is_that_of_a_command_that_was_done() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    card.add_fault(FaultSpec::Lost(2));
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
    fresh.add_fault(FaultSpec::Tear(1));
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
fn answers_wait_as_long_as_the_delays_say_and_a_pulled_card_gives_none() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    card.add_fault("delay=20ms".parse().expect("a fault"));
    card.add_fault("delay=1s".parse().expect("a fault"));
    assert_eq!(card.answer_delay(), Duration::from_millis(1_020));
    let shared = SharedCard::new(Arc::new(Mutex::new(card)));
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
    [Some(FaultSpec::Mute(last)), Some(FaultSpec::Lost(last)), None].map(|fault| {
        let mut card = bench.inserted();
        card.set("balance", "10.00").expect("set");
        if let Some(fault) = fault {
            card.add_fault(fault);
        }
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
