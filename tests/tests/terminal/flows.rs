//! Every flow, with local keys and with a PSAM card, on every family and both suites.

use std::sync::Arc;

use applet_spec::Profile;
use applet_spec::flow::{Blocking, Flow, Refusal, Stop, Transaction};
use link::{CardControl, CardTransport};
use purse::record::LogRecord;
use purse::{Amount, TransactionType};
use terminal::{
    AttemptSteps, CardSession, Check, Engine, Outcome, Program, Psam, TableKind, Verdict,
};

use crate::lab::{Books, FAMILIES, Lab, NOW, tap};

/// Runs `work` with a terminal of local keys, and with one that has a PSAM card.
fn both(lab: &Lab, mut work: impl FnMut(&mut Engine<'_>, &str)) {
    work(&mut lab.local(0), "local keys");
    if lab.has_psam() {
        let mut psam = lab.psam_card();
        work(&mut lab.with_psam(&mut psam), "PSAM card");
    }
}

#[test]
fn every_flow_of_every_family_runs_and_its_tac_verifies() {
    for family in FAMILIES {
        let lab = Lab::new(family);
        for flow in Flow::of_profile(&lab.profile) {
            let Some(transaction) = flow.transaction() else { continue };
            both(&lab, |engine, psam| {
                let place = format!("{family}, {}, {psam}", flow.name);
                let program = lab.program(&flow.name);
                let mut card = lab.card(10_000);
                let mut books = Books::default();
                // An exit wants an entry before it.
                if let Some(entry) = flow.name.strip_suffix("-exit") {
                    let entry = lab.program(&format!("{entry}-entry"));
                    let order = Default::default();
                    let outcome = tap(engine, &entry, &order, NOW, &mut card, &mut books);
                    assert_eq!(outcome.unwrap(), Outcome::Accepted, "{place}");
                    engine.site_mut().stop = Stop { line: 2, station: 2 };
                }
                let order = lab.order(250);
                let outcome = tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
                assert_eq!(outcome, Outcome::Accepted, "{place}: {:?}", books.refusals);
                let record = books.last();
                assert_eq!(record.verdict, Verdict::Accepted, "{place}");
                assert_eq!(record.tac_check, Check::Right, "{place}");
                let online = matches!(transaction, Transaction::Load | Transaction::Unload);
                let mac2 = if online { Check::Unknown } else { Check::Right };
                assert_eq!(record.mac2_check, mac2, "{place}");
                let attempt = &record.attempt;
                assert_eq!(attempt.balance_before, Amount(10_000), "{place}");
                let after = lab.balance(&mut card, program.purse());
                assert_eq!(attempt.balance_after(), Amount(after), "{place}");
                let moved = match (transaction, flow.name.ends_with("-entry")) {
                    (Transaction::Load, _) => 10_250,
                    (_, true) => 10_000,
                    _ => 9_750,
                };
                assert_eq!(after, moved, "{place}");
                assert!(books.open.is_empty() && engine.open().is_empty(), "{place}");
                assert!(books.refusals.is_empty(), "{place}");
                assert_eq!(log(&lab, &mut card, attempt.transaction_type()), attempt.serial() + 1);
                engine.site_mut().stop = lab.site().stop;
            });
        }
    }
}

/// Serial in the newest log record of a transaction's kind.
fn log(lab: &Lab, card: &mut dyn CardTransport, kind: TransactionType) -> u16 {
    card.reset().unwrap();
    let application = lab.profile.application().unwrap();
    let mut session = CardSession::new(card);
    session.select(&apdu::DfName::new(&application.name).unwrap()).unwrap();
    let routing = application.log.unwrap();
    let sfi = if kind.credits() { routing.load } else { routing.purchase };
    let record = session.read_record(sfi, 1).unwrap().unwrap();
    let record = LogRecord::parse(&record).unwrap();
    assert_eq!(record.transaction_type, kind as u8);
    record.serial
}

/// Records as READ RECORD gives them, after a reset.
fn records(lab: &Lab, card: &mut dyn CardTransport, sfi: u8, number: u8) -> Vec<u8> {
    card.reset().unwrap();
    let application = lab.profile.application().unwrap();
    let mut session = CardSession::new(card);
    session.select(&apdu::DfName::new(&application.name).unwrap()).unwrap();
    session.read_record(sfi, number).unwrap().unwrap_or_default()
}

#[test]
fn a_metro_ride_opens_and_closes_its_record_and_costs_the_way() {
    let lab = Lab::new("jtt978");
    both(&lab, |engine, psam| {
        let (entry, exit) = (lab.program("tunion-metro-entry"), lab.program("tunion-metro-exit"));
        let mut card = lab.card(10_000);
        let mut books = Books::default();
        let order = Default::default();
        assert_eq!(
            tap(engine, &entry, &order, NOW, &mut card, &mut books).unwrap(),
            Outcome::Accepted
        );
        let metro = records(&lab, &mut card, 0x1A, 1);
        assert_eq!(hex::encode_upper(&metro[..6]), "27017D010100", "the header stays");
        assert_eq!(metro[14], 0x01, "in");
        assert_eq!(hex::encode_upper(&metro[35..43]), "0001000000000000", "station");
        assert_eq!(hex::encode_upper(&metro[67..74]), "20261122123456", "time");
        assert_eq!(hex::encode_upper(&metro[91..95]), "00002710", "balance");
        let trip = records(&lab, &mut card, 0x1E, 1);
        assert_eq!((trip[0], trip[9]), (0x03, 0x01), "in with the purse, metro");
        assert_eq!(trip[1..9], [&[0, 0][..], &engine.psam().terminal().0].concat());

        engine.site_mut().stop = Stop { line: 2, station: 2 };
        let later = NOW.plus(20 * 60);
        let outcome = tap(engine, &exit, &order, later, &mut card, &mut books).unwrap();
        assert_eq!(outcome, Outcome::Accepted, "{psam}");
        let metro = records(&lab, &mut card, 0x1A, 1);
        assert_eq!(metro[14], 0x02, "out");
        assert_eq!(hex::encode_upper(&metro[95..99]), "00000258", "6.00");
        let trip = records(&lab, &mut card, 0x1E, 1);
        assert_eq!(trip[0], 0x04, "out with the purse");
        assert_eq!(hex::encode_upper(&trip[17..25]), "0000025800 0024B8".replace(' ', ""));
        let written = &books.last().attempt.records;
        assert_eq!(
            written.iter().map(|one| &*one.layout).collect::<Vec<_>>(),
            ["jtt-metro", "jtt-trip"]
        );
        assert_eq!(written[0].data, metro);
        assert_eq!(written[1].data, trip);
        engine.site_mut().stop = lab.site().stop;
    });
}

#[test]
fn a_ride_that_takes_too_long_costs_the_maximum() {
    let lab = Lab::new("cjt166");
    let mut engine = lab.local(0);
    let (entry, exit) = (lab.program("cjt-metro-entry"), lab.program("cjt-metro-exit"));
    let mut card = lab.card(10_000);
    let mut books = Books::default();
    let order = Default::default();
    tap(&mut engine, &entry, &order, NOW, &mut card, &mut books).unwrap();
    let late = NOW.plus(181 * 60);
    tap(&mut engine, &exit, &order, late, &mut card, &mut books).unwrap();
    assert_eq!(books.last().attempt.amount(), Amount(900));
}

#[test]
fn an_exit_without_an_entry_and_an_entry_during_a_trip_are_refused() {
    for (family, entry, exit) in [
        ("jtt978", "tunion-metro-entry", "tunion-metro-exit"),
        ("cjt166", "cjt-metro-entry", "cjt-metro-exit"),
    ] {
        let lab = Lab::new(family);
        let mut engine = lab.local(0);
        let mut card = lab.card(10_000);
        let mut books = Books::default();
        let order = Default::default();
        let mut go = |flow: &str| {
            tap(&mut engine, &lab.program(flow), &order, NOW, &mut card, &mut books).unwrap()
        };
        assert_eq!(go(exit), Outcome::Refused(Refusal::NoEntry));
        assert_eq!(go(entry), Outcome::Accepted);
        assert_eq!(go(entry), Outcome::Refused(Refusal::NoExit));
        assert_eq!(go(exit), Outcome::Accepted);
        assert_eq!(go(exit), Outcome::Refused(Refusal::NoEntry));
        assert_eq!(books.refused(), Refusal::NoEntry);
        assert_eq!(books.transactions.len(), 2);
    }
}

/// A tap that must be refused, and must leave the card as it is.
#[track_caller]
fn refuses(lab: &Lab, flow: &str, set: &[(&str, &str)], reason: Refusal) {
    let mut engine = lab.local(0);
    let mut card = lab.card(10_000);
    for (key, value) in set {
        card.set(key, value).unwrap();
    }
    let before = card.card().fork();
    let mut books = Books::default();
    let order = lab.order(250);
    let program = lab.program(flow);
    let outcome = tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
    assert_eq!(outcome, Outcome::Refused(reason), "{flow} {set:?}");
    assert_eq!(books.refused(), reason);
    assert!(books.transactions.is_empty() && books.open.is_empty());
    assert!(card.card().memory().same_contents(before.memory()), "{flow} {set:?}: card changed");
}

#[test]
fn a_card_that_is_not_as_it_should_be_is_refused_and_not_touched() {
    let jtt = Lab::new("jtt978");
    refuses(&jtt, "tunion-bus", &[("ep.balance", "1.99")], Refusal::BalanceInsufficient);
    refuses(&jtt, "tunion-bus", &[("ep.balance", "1000.01")], Refusal::BalanceTooHigh);
    refuses(&jtt, "tunion-bus", &[("ep.offline-serial", "0xFFFF")], Refusal::CounterAtMaximum);
    refuses(&jtt, "tunion-bus", &[("locked", "temporary")], Refusal::Blocked);
    refuses(&jtt, "tunion-bus", &[("locked", "permanent")], Refusal::Blocked);
    refuses(&jtt, "tunion-bus", &[("valid-to", "20261121")], Refusal::Expired);
    refuses(&jtt, "tunion-bus", &[("valid-from", "20261123")], Refusal::NotYetValid);
    let pboc = Lab::new("pboc");
    refuses(&pboc, "pboc-load", &[("ep.balance", "21474836.00")], Refusal::AboveMaximum);
}

#[test]
fn a_card_of_another_family_is_refused_in_words() {
    let lab = Lab::new("jtt978");
    let mut engine = lab.local(0);
    let mut other = Lab::new("pboc").card(10_000);
    let mut books = Books::default();
    let program = lab.program("tunion-bus");
    let outcome = tap(&mut engine, &program, &Default::default(), NOW, &mut other, &mut books);
    assert_eq!(outcome.unwrap(), Outcome::Refused(Refusal::WrongFamily));
    assert_eq!(books.refusals[0].status.map(|status| status.0), Some(0x6A82));
}

#[test]
fn a_foreign_card_must_be_interoperable_and_one_at_home_need_not() {
    let lab = Lab::new("jtt978");
    let program = lab.program("tunion-bus");
    let mut books = Books::default();
    for (foreign, flag, expected) in [
        (false, "0000", Outcome::Accepted),
        (true, "0001", Outcome::Accepted),
        (true, "0000", Outcome::Refused(Refusal::NotInteroperable)),
    ] {
        let mut engine = lab.local(0);
        if foreign {
            engine.site_mut().city = [0x99, 0x99];
        }
        let mut card = lab.card(10_000);
        card.set("file.17", &format!("0000015601011000{flag}01{}", "00".repeat(49))).unwrap();
        let outcome = tap(&mut engine, &program, &Default::default(), NOW, &mut card, &mut books);
        assert_eq!(outcome.unwrap(), expected, "foreign {foreign}, flag {flag}");
    }
}

#[test]
fn a_code_that_the_psam_does_not_take_is_refused() {
    let lab = Lab::new("cjt166");
    let mut psam = lab.psam_card();
    let mut engine = lab.with_psam(&mut psam);
    let copied = "extends = \"cjt166\"\nname = \"copied\"\nversion = \"0\"\n\
                  authentication-code = \"90 50520166 00000000\"\n";
    let mut card = Lab::of(Profile::parse(copied, "copied").unwrap()).card(10_000);
    let mut books = Books::default();
    let program = lab.program("cjt-purchase");
    let outcome = tap(&mut engine, &program, &Default::default(), NOW, &mut card, &mut books);
    assert_eq!(outcome.unwrap(), Outcome::Refused(Refusal::NotGenuine));
}

#[test]
fn a_listed_card_is_locked_by_the_psam_s_mac_and_stays_so() {
    for (family, flow) in [
        ("pboc", "pboc-purchase"),
        ("cjt166", "cjt-purchase"),
        ("jtt978", "tunion-bus"),
        ("jtt978-sm4", "tunion-bus"),
    ] {
        let lab = Lab::new(family);
        both(&lab, |engine, psam| {
            let program = lab.program(flow);
            let (mut card, mut other) = (lab.card(10_000), lab.card_numbered(&[0x77; 8], 10_000));
            let mut books = Books::default();
            let order = Default::default();
            tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            let number = hex::encode_upper(books.last().attempt.card.number);
            let table = format!("# table black\n# version 1\n{number}\n");
            engine.tables_mut().offer(TableKind::Black, &table, "black.csv", NOW).unwrap();
            let outcome = tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            let place = format!("{family}, {psam}");
            assert_eq!(outcome, Outcome::Refused(Refusal::BlackListed), "{place}");
            assert_eq!(books.refusals[0].blocked, Some(Blocking::Temporary), "{place}");
            let outcome = tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Refused(Refusal::Blocked), "{place}");
            let outcome = tap(engine, &program, &order, NOW, &mut other, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Accepted, "{place}: a card that is not listed");
        });
    }
}

#[test]
fn the_block_flow_blocks() {
    for (family, flow) in
        [("pboc", "pboc-block"), ("cjt166", "cjt-block"), ("jtt978-sm4", "tunion-block")]
    {
        let lab = Lab::new(family);
        both(&lab, |engine, psam| {
            let program = lab.program(flow);
            let (mut card, mut books) = (lab.card(0), Books::default());
            let order = Default::default();
            let outcome = tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Blocked, "{family}, {psam}");
            let outcome = tap(engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Refused(Refusal::Blocked), "{family}, {psam}");
        });
    }
}

#[test]
fn a_psam_that_has_the_tac_key_checks_it_without_an_issuer() {
    for (family, base) in [
        ("jtt978", "tunion-bus"),
        ("jtt978-sm4", "tunion-bus"),
        ("pboc", "pboc-purchase"),
        ("cjt166", "cjt-purchase"),
    ] {
        let lab = Lab::new(family);
        let steps = std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("../applet-spec/flows/{base}.toml")),
        );
        let checking = format!("{}\n[[step]]\ndo = \"check-tac\"\n", steps.unwrap());
        let flow = Arc::new(Flow::parse(&checking, "checking").unwrap());
        let program = Program::new(flow, lab.profile.clone()).unwrap();
        let mut module = lab.psam_card();
        let (mut card, mut books) = (lab.card(10_000), Books::default());
        let mut engine = Engine::new(lab.psam(&mut module), None, lab.site());
        for expected in [Check::Right, Check::Right] {
            let order = Default::default();
            tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
            let record = books.last();
            assert_eq!((record.tac_check, record.mac2_check), (expected, Check::Right), "{family}");
        }
    }
    // A TAC that is not the card's is found out by the module too.
    let lab = Lab::new("cjt166");
    let program = lab.program("cjt-purchase");
    let (mut card, mut books) = (lab.card(10_000), Books::default());
    tap(&mut lab.local(0), &program, &Default::default(), NOW, &mut card, &mut books).unwrap();
    let AttemptSteps::Purchase { purchase, serial } = books.last().attempt.steps else {
        panic!("a purchase")
    };
    let wrong = crypto::Mac([0x5A; 4]);
    let judged = lab.psam(&mut lab.psam_card()).check_tac(&purchase, serial, wrong);
    assert_eq!(judged.unwrap(), Check::Wrong);
    let mut keys = lab.local_psam();
    assert_eq!(keys.check_tac(&purchase, serial, wrong).unwrap(), Check::Wrong);
    let right = books.last().tac.unwrap();
    assert_eq!(keys.check_tac(&purchase, serial, right).unwrap(), Check::Right);
}

#[test]
fn a_wrong_pin_costs_one_try_and_a_missing_one_none() {
    let lab = Lab::new("pboc");
    let mut engine = lab.local(0);
    let mut card = lab.card(0);
    let mut books = Books::default();
    let program = lab.program("pboc-load");
    let mut order = lab.order(1_000);
    order.pin = None;
    let outcome = tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
    assert_eq!(outcome, Outcome::Refused(Refusal::Pin));
    assert_eq!(books.refusals[0].status, None);
    order.pin = Some(purse::Pin::new(&[0x99, 0x99]).unwrap());
    tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
    assert_eq!(books.refusals[1].status.map(|status| status.0), Some(0x63C2));
}

#[test]
fn a_wrong_key_is_found_by_whoever_checks() {
    // The terminal has the keys of another lab: its MAC1 is wrong, and the card says so.
    let (lab, other) = (Lab::new("jtt978"), Lab::new("jtt978-sm4"));
    let mut engine = lab.local(0);
    let mut card = other.card(10_000);
    let mut books = Books::default();
    let program = lab.program("tunion-bus");
    let outcome = tap(&mut engine, &program, &Default::default(), NOW, &mut card, &mut books);
    assert_eq!(outcome.unwrap(), Outcome::Refused(Refusal::CardRefuses));
    assert_eq!(books.refusals[0].status.map(|status| status.0), Some(0x9302));
    assert!(books.open.is_empty(), "a card that refuses has done nothing");
}

#[test]
fn amounts_are_the_caller_s_where_the_flow_lets_him() {
    let lab = Lab::new("jtt978");
    let mut engine = lab.local(0);
    let mut card = lab.card(10_000);
    let mut books = Books::default();
    for (flow, told, charged) in [
        ("tunion-bus", None, 200),
        ("tunion-bus", Some(150), 150),
        ("tunion-metro-entry", Some(150), 0),
        ("tunion-purchase", Some(1), 1),
    ] {
        let order = terminal::Order { amount: told.map(Amount), pin: None };
        let program = lab.program(flow);
        tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
        assert_eq!(books.last().attempt.amount(), Amount(charged), "{flow} {told:?}");
    }
    let program = lab.program("tunion-purchase");
    let none = tap(&mut engine, &program, &Default::default(), NOW, &mut card, &mut books);
    assert!(none.unwrap_err().to_string().contains("no amount was given"));
}

#[test]
fn what_does_not_fit_a_profile_is_told_before_any_card() {
    let fit = |flow: &str, profile: &str| {
        let profile = Profile::find(profile).unwrap();
        Program::new(Flow::find(flow).unwrap(), profile).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(fit("tunion-bus", "jtt978-sm4"), Ok(()));
    let error = fit("tunion-bus", "pboc").unwrap_err();
    assert!(error.contains("flow tunion-bus is not for cards of profile pboc"), "{error}");
    assert!(error.contains("has no file 1E"), "{error}");
    assert!(fit("cjt-purchase", "jtt978").unwrap_err().contains("no identification code"));
    assert!(fit("pboc-unload", "jtt978").unwrap_err().contains("the cards have no deposit"));
}
