//! A lost answer: power lost at every memory write, silence at every command, a terminal killed at
//! every instant. Whatever happens, a card that comes back ends charged exactly once, and records, card
//! log and terminal serials agree.

use applet_spec::PurseKind;
use emulator::VirtualCard;
use link::{CardControl, CardTransport, Fault, Loss, Mute, Repeat};
use purse::record::LogRecord;
use purse::{Amount, TransactionType};
use terminal::{
    Attempt, CardSession, Check, Engine, FlowError, Outcome, Program, TransactionRecord, Verdict,
};

use crate::lab::{Books, Lab, NOW, tap};
use crate::trouble::{Trouble, disturbed, measure, troubles};

/// Flows that move money, with what leads up to them, their purse and what they move.
struct Case {
    family: &'static str,
    before: Option<&'static str>,
    flow: &'static str,
    purse: PurseKind,
    moves: i64,
}

const EP: PurseKind = PurseKind::Purse;

const fn case(family: &'static str, flow: &'static str, moves: i64) -> Case {
    Case { family, before: None, flow, purse: EP, moves }
}

const CASES: [Case; 16] = [
    case("pboc", "pboc-purchase", -250),
    case("pboc-sm4", "pboc-purchase", -250),
    case("pboc", "pboc-load", 250),
    case("pboc-sm4", "pboc-load", 250),
    Case { purse: PurseKind::Deposit, ..case("pboc", "pboc-unload", -250) },
    case("cjt166", "cjt-purchase", -250),
    case("cjt166", "cjt-load", 250),
    case("cjt166", "cjt-metro-entry", 0),
    Case { before: Some("cjt-metro-entry"), ..case("cjt166", "cjt-metro-exit", -250) },
    case("jtt978", "tunion-bus", -250),
    case("jtt978-sm4", "tunion-bus", -250),
    case("jtt978", "tunion-purchase", -250),
    case("jtt978", "tunion-load", 250),
    case("jtt978", "tunion-metro-entry", 0),
    Case { before: Some("tunion-metro-entry"), ..case("jtt978", "tunion-metro-exit", -250) },
    Case { before: Some("tunion-metro-entry"), ..case("jtt978-sm4", "tunion-metro-exit", -250) },
];

/// A card on which everything before the flow has happened.
fn prepared(lab: &Lab, case: &Case) -> VirtualCard {
    let mut card = lab.card(10_000);
    if let Some(before) = case.before {
        let (mut engine, mut books) = (lab.local(1_000), Books::default());
        let program = lab.program(before);
        tap(&mut engine, &program, &Default::default(), NOW, &mut card, &mut books).unwrap();
    }
    card.power_off().unwrap();
    card
}

/// Serials in the card's logs of transactions of such a kind, newest first.
fn logged(lab: &Lab, card: &mut VirtualCard, kind: TransactionType) -> Vec<LogRecord> {
    card.reset().unwrap();
    let application = lab.profile.application().unwrap();
    let mut session = CardSession::new(card);
    session.select(&apdu::DfName::new(&application.name).unwrap()).unwrap();
    let routing = application.log.unwrap();
    let sfi = if kind.credits() { routing.load } else { routing.purchase };
    let mut out = Vec::new();
    for number in 1..=10 {
        let Some(record) = session.read_record(sfi, number).unwrap() else { break };
        let Some(record) = LogRecord::parse(&record) else { break };
        let of_kind = TransactionType::from_byte(record.transaction_type)
            .is_some_and(|other| other.online() == kind.online());
        if of_kind {
            out.push(record);
        }
    }
    out
}

/// Whether a record of the terminal and one of the card's log are the same transaction.
fn same(record: &TransactionRecord, log: &LogRecord) -> bool {
    let attempt = &record.attempt;
    let (date, time) = attempt.covered();
    log.serial == attempt.serial() + 1
        && log.transaction_type == attempt.transaction_type() as u8
        && log.terminal == attempt.terminal
        && log.amount == attempt.amount()
        && (log.date, log.time) == (date, time)
}

/// The end state: charged exactly once, and everybody agrees.
#[track_caller]
fn charged_once(lab: &Lab, case: &Case, card: &mut VirtualCard, books: &Books, place: &str) {
    assert_eq!(books.transactions.len(), 1, "{place}: {:#?}", books.transactions);
    let record = books.last();
    assert_eq!(record.verdict, Verdict::Accepted, "{place}");
    assert_eq!(record.tac_check, Check::Right, "{place}");
    assert!(record.tac.is_some(), "{place}");
    let after = lab.balance(card, case.purse);
    assert_eq!(i64::from(after), 10_000 + case.moves, "{place}");
    assert_eq!(record.attempt.balance_after(), Amount(after), "{place}");
    let log = logged(lab, card, record.attempt.transaction_type());
    let earlier = usize::from(case.before.is_some());
    assert_eq!(log.len(), 1 + earlier, "{place}");
    assert!(same(record, &log[0]), "{place}: {record:?} is not {log:?}");
    assert!(books.open.is_empty(), "{place}");
    if let (Some(serial), Some(last)) = (record.attempt.terminal_serial(), books.terminal_serial) {
        assert!(u32::from_be_bytes(serial.0) <= last, "{place}: a serial that was never given");
    }
}

/// Taps until the tap comes to an end, a few seconds apart.
#[track_caller]
fn retap(
    engine: &mut Engine<'_>,
    program: &Program,
    lab: &Lab,
    mut card: VirtualCard,
    books: &mut Books,
    place: &str,
) -> VirtualCard {
    let (outcome, back) = disturbed(engine, program, lab, NOW.plus(5), card, Trouble::None, books);
    card = back;
    let outcome = outcome.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(matches!(outcome, Outcome::Accepted | Outcome::Recovered), "{place}: {outcome:?}");
    card
}

#[test]
fn a_card_lost_at_any_instant_ends_charged_exactly_once() {
    let (mut recovered, mut redone) = (0, 0);
    for case in &CASES {
        let lab = Lab::new(case.family);
        let program = lab.program(case.flow);
        let start = prepared(&lab, case);
        for trouble in troubles(&lab, &program, &start) {
            let place = format!("{} {}, {trouble:?}", case.family, case.flow);
            let mut engine = lab.local(0);
            let mut books = Books::default();
            let card = VirtualCard::volatile(start.card().fork());
            let (first, card) =
                disturbed(&mut engine, &program, &lab, NOW, card, trouble, &mut books);
            match first {
                Ok(Outcome::Lost) => assert_eq!(books.open.len(), 1, "{place}"),
                Ok(other) => panic!("{place}: {other:?}"),
                Err(FlowError::Link { .. }) => assert!(books.open.is_empty(), "{place}"),
                Err(other) => panic!("{place}: {other}"),
            }
            let mut card = retap(&mut engine, &program, &lab, card, &mut books, &place);
            charged_once(&lab, case, &mut card, &books, &place);
            if books.last().recovered { recovered += 1 } else { redone += 1 }
        }
    }
    assert!(recovered > 15 && redone > 100, "{recovered} recovered, {redone} made again");
}

#[test]
fn with_a_psam_card_the_recovered_mac2_is_still_checked_by_it() {
    for case in CASES.iter().filter(|case| case.moves <= 0 && case.purse == EP) {
        let lab = Lab::new(case.family);
        if !lab.has_psam() {
            continue;
        }
        let program = lab.program(case.flow);
        let start = prepared(&lab, case);
        let (commands, _) = measure(&lab, &program, &start);
        for loss in [Loss::Command, Loss::Answer] {
            let mut psam = lab.psam_card();
            let mut engine = lab.with_psam(&mut psam);
            let mut books = Books::default();
            let card = VirtualCard::volatile(start.card().fork());
            let trouble = Trouble::Silence(commands, loss);
            let (first, card) =
                disturbed(&mut engine, &program, &lab, NOW, card, trouble, &mut books);
            assert_eq!(first.unwrap(), Outcome::Lost);
            let place = format!("{} {} {loss:?}", case.family, case.flow);
            let mut card = retap(&mut engine, &program, &lab, card, &mut books, &place);
            charged_once(&lab, case, &mut card, &books, &place);
            assert_eq!(books.last().recovered, loss == Loss::Answer, "{place}");
            assert_eq!(books.last().mac2_check, Check::Right, "{place}");
        }
    }
}

#[test]
fn a_psam_lost_at_any_command_charges_nothing_or_leaves_a_record() {
    for (family, flow) in [("jtt978", "tunion-bus"), ("cjt166", "cjt-purchase")] {
        let lab = Lab::new(family);
        let case = case(family, flow, -250);
        let program = lab.program(flow);
        for at in 1..=8 {
            for loss in [Loss::Command, Loss::Answer] {
                let place = format!("{flow}, PSAM command {at}, {loss:?}");
                // Three commands open the module.
                let mut psam = Fault::new(lab.psam_card()).mute(Mute {
                    at: at + 3,
                    loss,
                    repeat: Repeat::Once,
                });
                let mut books = Books::default();
                let mut card = lab.card(10_000);
                let mut engine = lab.with_psam(&mut psam);
                let order = lab.order(250);
                let first = tap(&mut engine, &program, &order, NOW, &mut card, &mut books);
                drop(engine);
                if first.is_ok() {
                    charged_once(&lab, &case, &mut card, &books, &place);
                    continue;
                }
                let mut psam = psam.into_inner();
                let mut engine = lab.with_psam(&mut psam);
                engine.resume(books.open.clone());
                if books.transactions.is_empty() {
                    let outcome = tap(&mut engine, &program, &order, NOW, &mut card, &mut books);
                    assert_eq!(outcome.unwrap(), Outcome::Accepted, "{place}");
                } else {
                    assert_eq!(books.last().mac2_check, Check::Unknown, "{place}");
                }
                charged_once(&lab, &case, &mut card, &books, &place);
            }
        }
    }
}

#[test]
fn a_terminal_killed_at_any_instant_goes_on_from_its_books() {
    for case in &CASES {
        let lab = Lab::new(case.family);
        let program = lab.program(case.flow);
        let start = prepared(&lab, case);
        // Keep, record, keep: before each of them and after.
        for killed_at in 1..=3 {
            let place = format!("{} {}, killed at {killed_at}", case.family, case.flow);
            let mut books = Books { killed_at: Some(killed_at), ..Books::default() };
            let mut engine = lab.local(0);
            let card = VirtualCard::volatile(start.card().fork());
            let (first, card) =
                disturbed(&mut engine, &program, &lab, NOW, card, Trouble::None, &mut books);
            assert!(matches!(first, Err(FlowError::Ledger(_))), "{place}");
            drop(engine);

            books.killed_at = None;
            let mut engine = lab.local(books.terminal_serial.unwrap_or(0));
            engine.resume(books.open.clone());
            let mut card = retap(&mut engine, &program, &lab, card, &mut books, &place);
            // The record may be told twice, never not at all.
            if books.transactions.len() == 2 {
                assert_eq!(killed_at, 3, "{place}");
                let first = books.transactions.remove(0);
                assert_eq!(first.attempt, books.last().attempt, "{place}");
                assert_eq!(first.tac, books.last().tac, "{place}");
            }
            charged_once(&lab, case, &mut card, &books, &place);
        }
    }
}

#[test]
fn another_card_is_served_meanwhile_and_the_lost_one_is_settled_when_it_comes() {
    for case in &CASES {
        let lab = Lab::new(case.family);
        let program = lab.program(case.flow);
        let start = prepared(&lab, case);
        let (commands, _) = measure(&lab, &program, &start);
        for loss in [Loss::Command, Loss::Answer] {
            let place = format!("{} {} {loss:?}", case.family, case.flow);
            let mut engine = lab.local(0);
            let mut books = Books::default();
            let card = VirtualCard::volatile(start.card().fork());
            let trouble = Trouble::Silence(commands, loss);
            let (first, card) =
                disturbed(&mut engine, &program, &lab, NOW, card, trouble, &mut books);
            assert_eq!(first.unwrap(), Outcome::Lost, "{place}");

            let mut other = lab.card_numbered(&[0x12; 8], 10_000);
            if let Some(before) = case.before {
                let entry = lab.program(before);
                let order = Default::default();
                tap(&mut engine, &entry, &order, NOW, &mut other, &mut books).unwrap();
            }
            let order = lab.order(250);
            let outcome = tap(&mut engine, &program, &order, NOW, &mut other, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Accepted, "{place}");
            assert_eq!(engine.open().len(), 1, "{place}: the lost one stays open");
            let others = std::mem::take(&mut books.transactions);
            assert!(others.iter().all(|record| record.attempt.card.number[2..] == [0x12; 8]));

            let mut card = retap(&mut engine, &program, &lab, card, &mut books, &place);
            charged_once(&lab, case, &mut card, &books, &place);
            assert_eq!(books.last().recovered, loss == Loss::Answer, "{place}");
        }
    }
}

/// A bus tap whose debit is lost.
fn lost_debit<'l>(
    lab: &'l Lab,
    loss: Loss,
    books: &mut Books,
) -> (Engine<'l>, Program, VirtualCard) {
    let program = lab.program("tunion-bus");
    let mut engine = lab.local(0);
    let start = lab.card(10_000);
    let (commands, _) = measure(lab, &program, &start);
    let trouble = Trouble::Silence(commands, loss);
    let (first, card) = disturbed(&mut engine, &program, lab, NOW, start, trouble, books);
    assert_eq!(first.unwrap(), Outcome::Lost);
    (engine, program, card)
}

#[test]
fn what_nobody_proves_in_time_becomes_a_grey_record() {
    let lab = Lab::new("jtt978");
    for (loss, charged) in [(Loss::Command, 0), (Loss::Answer, 250)] {
        let mut books = Books::default();
        let (mut engine, program, mut card) = lost_debit(&lab, loss, &mut books);
        engine.expire(NOW.plus(120), &mut books).unwrap();
        assert!(books.transactions.is_empty(), "two minutes are not over");
        engine.expire(NOW.plus(121), &mut books).unwrap();
        let grey = books.last();
        assert_eq!((grey.verdict, grey.tac, grey.recovered), (Verdict::Grey, None, false));
        assert!(engine.open().is_empty() && books.open.is_empty());
        assert_eq!(lab.balance(&mut card, EP), 10_000 - charged);
        // The next ride of that card is a ride of its own.
        let order = lab.order(250);
        let later = NOW.plus(600);
        let outcome = tap(&mut engine, &program, &order, later, &mut card, &mut books).unwrap();
        assert_eq!(outcome, Outcome::Accepted);
        assert_eq!(lab.balance(&mut card, EP), 10_000 - charged - 250);
        assert_eq!(books.transactions.len(), 2);
    }
}

#[test]
fn a_card_that_comes_late_settles_its_ride_and_pays_for_the_next() {
    let lab = Lab::new("jtt978");
    for (loss, rides) in [(Loss::Command, 1), (Loss::Answer, 2)] {
        let mut books = Books::default();
        let (mut engine, program, mut card) = lost_debit(&lab, loss, &mut books);
        let (order, later) = (lab.order(250), NOW.plus(3_600));
        let outcome = tap(&mut engine, &program, &order, later, &mut card, &mut books).unwrap();
        assert_eq!(outcome, Outcome::Accepted);
        assert_eq!(books.transactions.len(), rides);
        assert!(books.transactions.iter().all(|record| record.verdict == Verdict::Accepted));
        assert_eq!(books.transactions[0].recovered, loss == Loss::Answer);
        assert_eq!(lab.balance(&mut card, EP), 10_000 - 250 * rides as u32);
    }
}

#[test]
fn another_card_s_tap_ends_what_is_overdue() {
    let lab = Lab::new("jtt978");
    let mut books = Books::default();
    let (mut engine, program, _) = lost_debit(&lab, Loss::Answer, &mut books);
    let mut other = lab.card_numbered(&[0x12; 8], 10_000);
    let order = lab.order(250);
    tap(&mut engine, &program, &order, NOW.plus(121), &mut other, &mut books).unwrap();
    let verdicts: Vec<Verdict> = books.transactions.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Grey]);
}

#[test]
fn a_ride_with_another_terminal_meanwhile_is_never_taken_for_ours() {
    let lab = Lab::new("jtt978");
    for loss in [Loss::Command, Loss::Answer] {
        for rides in 1..=12 {
            let mut books = Books::default();
            let (mut engine, program, mut card) = lost_debit(&lab, loss, &mut books);
            // Rides of the same type and amount elsewhere; the first takes the serial that ours
            // would have had.
            let psam = terminal::LocalPsam::new(
                &lab.profile,
                &lab.custody,
                purse::TerminalId([0x99; 6]),
                50,
            );
            let mut elsewhere = lab.engine(Box::new(psam.unwrap()));
            let (order, mut others) = (lab.order(250), Books::default());
            for ride in 0..rides {
                let now = NOW.plus(10 + ride);
                let done = tap(&mut elsewhere, &program, &order, now, &mut card, &mut others);
                assert_eq!(done.unwrap(), Outcome::Accepted);
            }
            let place = format!("{loss:?}, {rides} rides elsewhere");
            let now = NOW.plus(60);
            let outcome = tap(&mut engine, &program, &order, now, &mut card, &mut books).unwrap();
            let paid = (10_000 - lab.balance(&mut card, EP)) / 250 - rides as u32;
            let record = books.last();
            match (loss, rides) {
                // Ours never happened, and the log shows whose the serial is: it is made now.
                (Loss::Command, 1..=10) => {
                    assert_eq!((outcome, paid), (Outcome::Accepted, 1), "{place}");
                    assert!(!record.recovered, "{place}");
                }
                // Ours happened, its proof is gone, and the log still shows it: paid, without a code.
                (Loss::Answer, 1..=9) => {
                    assert_eq!((outcome, paid), (Outcome::Grey, 1), "{place}");
                    assert_eq!(
                        (record.verdict, record.recovered),
                        (Verdict::Grey, true),
                        "{place}"
                    );
                }
                // Nobody can tell any more: nothing is charged now.
                _ => {
                    let before = u32::from(loss == Loss::Answer);
                    assert_eq!((outcome, paid), (Outcome::Grey, before), "{place}");
                    assert_eq!(
                        (record.verdict, record.recovered),
                        (Verdict::Grey, false),
                        "{place}"
                    );
                }
            }
            assert_eq!(books.transactions.len(), 1, "{place}");
        }
    }
}

#[test]
fn an_attempt_at_the_last_serial_is_settled_too() {
    let lab = Lab::new("jtt978");
    let program = lab.program("tunion-bus");
    for loss in [Loss::Command, Loss::Answer] {
        let mut engine = lab.local(0);
        let mut books = Books::default();
        let mut card = lab.card(10_000);
        card.set("ep.offline-serial", "0xFFFE").unwrap();
        let (commands, _) = measure(&lab, &program, &card);
        let trouble = Trouble::Silence(commands, loss);
        let (_, card) = disturbed(&mut engine, &program, &lab, NOW, card, trouble, &mut books);
        let mut card = retap(&mut engine, &program, &lab, card, &mut books, "last serial");
        assert_eq!(lab.balance(&mut card, EP), 9_750);
        assert_eq!(books.transactions.len(), 1);
    }
}

#[test]
fn attempts_of_another_profile_are_left_alone() {
    let (lab, other) = (Lab::new("jtt978"), Lab::new("jtt978-sm4"));
    let mut books = Books::default();
    let (engine, program, card) = lost_debit(&lab, Loss::Answer, &mut books);
    let open: Vec<Attempt> = engine.open().to_vec();
    drop(card);
    let mut engine = other.local(0);
    engine.resume(open);
    let mut card = other.card(10_000);
    let order = other.order(250);
    let program = Program::new(program.flow().clone(), other.profile.clone()).unwrap();
    let outcome = tap(&mut engine, &program, &order, NOW, &mut card, &mut books).unwrap();
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(engine.open().len(), 1);
}
