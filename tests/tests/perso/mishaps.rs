//! What happens to a card in the middle of its making: torn, mute, unheard, swapped, pulled.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use link::{CardControl, CardTransport};
use perso::engine::{Event, LastTry, RecordState, Stranger};

use crate::made::FMCOS;
use crate::station::{Reader, Station};

const CSV: &str =
    "serial,balance,pin-tries,locked,offline-serial\n1,10.00,1,temporary,2\n2,5.00,,,\n";
const JOB: &str = "retries = 3\n[verify]\ntransaction = \"0.01\"\n";

fn station() -> Station {
    Station::new(&format!("{FMCOS}{JOB}"), CSV)
}

/// Commands that two cards take.
fn commands() -> u32 {
    let mut station = station();
    station.passes();
    station.reader.sent
}

/// Does `mishap` before the command with this number, once.
fn at(
    number: u32,
    mut mishap: impl FnMut(&mut Reader, &[u8]) + 'static,
) -> impl FnMut(&mut Reader, &[u8]) {
    move |reader, command| {
        if reader.sent == number {
            mishap(reader, command);
        }
    }
}

/// Every serial is on one card that is as it was asked for, and no card has two.
#[track_caller]
fn check(station: &mut Station, told: &str) {
    assert!(station.all_passed(), "{told}: {:#?}\n{:#?}", station.book.records, station.events);
    assert_eq!(station.status(0, "pin-tries"), "1", "{told}");
    assert_eq!(station.status(0, "locked"), "temporary", "{told}");
    assert_eq!(station.status(0, "ep.balance"), "10.00", "{told}");
    assert_eq!(station.status(0, "ep.offline-serial"), "0x0002", "{told}");
    assert_eq!(station.status(1, "ep.balance"), "5.00", "{told}");
    assert_eq!(station.status(1, "ep.offline-serial"), "0x0001", "{told}");
    let cards: BTreeSet<_> = [0, 1].map(|n| station.record(n).card.clone().unwrap().uid).into();
    assert_eq!(cards.len(), 2, "{told}");
}

#[test]
fn a_card_that_falls_silent_at_any_command_is_gone_on_with() {
    let total = commands();
    assert!(total > 150, "{total}");
    for number in 1..=total {
        for executed in [false, true] {
            let mut station = station();
            station.reader.hand = Some(Box::new(at(number, move |reader, command| {
                let card = reader.inside.map(|at| &mut reader.cards[at]).unwrap();
                if executed {
                    let _ = card.transmit(command);
                }
                card.power_off().unwrap();
            })));
            station.run().unwrap();
            check(&mut station, &format!("command {number}, executed: {executed}"));
        }
    }
}

#[test]
fn a_card_that_is_torn_at_any_write_is_gone_on_with() {
    let mut torn = 0;
    for write in (1..400).step_by(3) {
        let mut station = station();
        let done = Rc::new(Cell::new(false));
        let seen = done.clone();
        station.reader.hand = Some(Box::new(move |reader, _| {
            if let (Some(at), false) = (reader.inside, seen.replace(true)) {
                reader.cards[at].tear(write).unwrap();
            }
        }));
        station.run().unwrap();
        let again = |event: &Event| matches!(event, Event::Again { .. });
        torn += u32::from(station.events.iter().any(again));
        check(&mut station, &format!("torn at write {write}"));
    }
    assert!(torn > 60, "{torn} tears hit a card");
}

#[test]
fn a_card_swapped_for_another_at_any_command_is_noticed() {
    let total = commands();
    let mut noticed = 0;
    for number in (1..=total).step_by(2) {
        let mut station = station();
        let blank = station.reader.add_blank();
        station.reader.hand = Some(Box::new(at(number, move |reader, _| {
            // The first card comes out, another is in; then the first is put in again.
            let first = reader.inside.replace(blank);
            reader.stack.extend(first);
        })));
        station.run().unwrap();
        check(&mut station, &format!("swapped at command {number}"));
        let trouble = |event: &Event| {
            matches!(event, Event::Again { .. } | Event::Interrupted { .. } | Event::Turned { .. })
        };
        noticed += u32::from(station.events.iter().any(trouble));
    }
    assert!(noticed > total / 3, "{noticed} of {}", total / 2);
}

#[test]
fn a_card_pulled_at_any_command_waits_for_its_return() {
    let total = commands();
    for number in (1..=total).step_by(3) {
        let mut station = station();
        station.reader.hand = Some(Box::new(at(number, |reader, _| {
            let pulled = reader.inside.take();
            reader.stack.extend(pulled);
        })));
        station.run().unwrap();
        check(&mut station, &format!("pulled at command {number}"));
    }
}

#[test]
fn a_card_pulled_for_good_leaves_its_serial_begun() {
    let mut station = station();
    station.reader.hand = Some(Box::new(at(60, |reader, _| reader.inside = None)));
    let tally = station.run().unwrap();
    assert_eq!((tally.passed, tally.begun), (1, 1), "{:#?}", station.events);
    // It comes back on another day.
    station.reader.hand = None;
    station.reader.stack = vec![0];
    station.run().unwrap();
    check(&mut station, "on another day");
}

#[test]
fn a_half_done_card_is_erased_and_made_again_where_the_job_says_so() {
    let total = commands();
    for number in (8..=total / 2).step_by(2) {
        let job = format!("{FMCOS}on-half-done = \"erase\"\n{JOB}");
        let mut station = Station::new(&job, CSV);
        station.reader.hand = Some(Box::new(at(number, |reader, command| {
            let card = reader.inside.map(|at| &mut reader.cards[at]).unwrap();
            let _ = card.transmit(command);
            card.power_off().unwrap();
        })));
        station.run().unwrap();
        check(&mut station, &format!("silent after command {number}"));
        let made = station.record(0).progress.attempts + station.record(1).progress.attempts;
        assert!((2..=3).contains(&made), "{made} attempts");
    }
}

#[test]
fn a_card_that_stays_silent_is_waited_for_and_the_batch_goes_on() {
    let mut station = station();
    station.reader.hand = Some(Box::new(|reader, _| {
        if reader.sent >= 40 && reader.inside == Some(0) {
            let card = &mut reader.cards[0];
            card.power_off().unwrap();
        }
    }));
    let tally = station.run().unwrap();
    assert_eq!((tally.passed, tally.begun), (1, 1), "{:#?}", station.events);
    assert_eq!(station.record(0).state, RecordState::Begun);
    let silent = |event: &Event| matches!(event, Event::Turned { why: Stranger::Silent(_) });
    assert!(station.events.iter().any(silent));
}

/// The answer to every command in turn is lost after the card has done it, and the run goes on.
fn unheard_at_any_command(csv: &str, last_try: LastTry, check: impl Fn(&mut Station, u32)) {
    let station = || {
        let mut station = Station::new(FMCOS, csv);
        station.last_try = last_try;
        station
    };
    let mut plain = station();
    plain.passes();
    for number in 1..=plain.reader.sent {
        let mut station = station();
        station.reader.hand = Some(Box::new(at(number, |reader, command| {
            let card = reader.inside.map(|at| &mut reader.cards[at]).unwrap();
            let _ = card.transmit(command);
            card.power_off().unwrap();
        })));
        station.passes();
        check(&mut station, number);
    }
}

#[test]
fn a_purchase_that_empties_the_purse_unheard_is_not_made_twice() {
    let csv = "serial,balance,online-serial,offline-serial\n1,0.00,1,1\n";
    unheard_at_any_command(csv, LastTry::Keep, |station, number| {
        assert_eq!(station.status(0, "ep.balance"), "0.00", "{number}");
        assert_eq!(station.status(0, "ep.offline-serial"), "0x0001", "{number}");
    });
}

#[test]
fn a_load_that_fills_the_purse_unheard_is_not_made_twice() {
    let csv = "serial,balance\n1,21474836.47\n";
    unheard_at_any_command(csv, LastTry::Keep, |station, number| {
        assert_eq!(station.status(0, "ep.balance"), "21474836.47", "{number}");
        assert_eq!(station.status(0, "ep.online-serial"), "0x0001", "{number}");
    });
}

#[test]
fn the_last_wrong_pin_unheard_leaves_the_card_as_ordered() {
    let csv = "serial,pin-tries\n1,0\n";
    unheard_at_any_command(csv, LastTry::Spend, |station, number| {
        assert_eq!(station.status(0, "pin-tries"), "0", "{number}");
        assert_eq!(station.record(0).progress.attempts, 1, "{number}");
    });
}
