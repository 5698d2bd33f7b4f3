//! Cards in readers that tell no UID: none is made twice, and none loses the tries of its keys.

use applet_spec::Profile;
use link::CardControl;
use perso::engine::{Event, LastTry, RecordState, Stranger};

use crate::made::FMCOS;
use crate::station::Station;

const CSV: &str = "serial,balance\n1,10.00\n2,5.00\n";

fn station(job: &str) -> Station {
    let mut station = Station::new(&format!("{FMCOS}{job}"), CSV);
    station.reader.contacts = true;
    station
}

/// Answers that tell that one try is left, or none.
fn dangerous(station: &Station) -> usize {
    let few = |status: &&[u8; 2]| matches!(status, [0x63, 0xC0 | 0xC1] | [0x69, 0x83]);
    station.reader.proofs.iter().filter(few).count()
}

fn balance(station: &mut Station, at: usize) -> String {
    let status = station.reader.cards[at].status().expect("a state");
    let found = status.into_iter().find(|(key, _)| key == "ep.balance");
    found.map(|(_, value)| value).unwrap_or_default()
}

fn turned(station: &Station, wanted: impl Fn(&Stranger) -> bool) -> usize {
    let all = station.events.iter();
    all.filter(|event| matches!(event, Event::Turned { why } if wanted(why))).count()
}

/// Pulls the card before the command with this number.
fn pull(station: &mut Station, number: u32, back: bool) {
    station.reader.hand = Some(Box::new(move |reader, _| {
        if reader.sent == number {
            let pulled = reader.inside.take();
            reader.stack.extend(pulled.filter(|_| back));
        }
    }));
}

#[test]
fn a_half_made_card_pulled_at_any_command_is_finished_when_it_comes_back() {
    let mut whole = station("");
    whole.passes();
    for number in 1..=whole.reader.sent {
        for half_done in ["", "on-half-done = \"erase\"\n"] {
            let mut station = station(half_done);
            pull(&mut station, number, true);
            station.passes();
            let told = format!("pulled at command {number}, {half_done}: {:#?}", station.events);
            assert_eq!(station.reader.cards.len(), 2, "{told}");
            assert_eq!(balance(&mut station, 0), "10.00", "{told}");
            assert_eq!(balance(&mut station, 1), "5.00", "{told}");
            assert_eq!(dangerous(&station), 0, "{told}");
        }
    }
}

#[test]
fn a_half_made_card_comes_back_after_a_blank_one_and_in_another_run() {
    let mut whole = station("");
    whole.passes();
    for number in 1..=whole.reader.sent / 2 {
        let mut station = station("");
        pull(&mut station, number, false);
        station.run().unwrap();
        station.reader.hand = None;
        let told = format!("pulled at command {number}");
        let begun = station.book.records.values().any(|r| r.ended.is_none());
        if begun {
            // A blank one is put in first, three times over, and then the one that is wanted.
            let blank = station.reader.add_blank();
            for _ in 0..3 {
                station.reader.stack = vec![blank];
                station.run().unwrap();
            }
            station.reader.stack = vec![blank, 0];
            station.passes();
        }
        assert!(station.all_passed(), "{told}: {:#?}", station.events);
        assert_eq!(dangerous(&station), 0, "{told}: {:#?}", station.reader.proofs);
    }
}

#[test]
fn a_card_of_each_other_family_keeps_all_its_tries() {
    let others = Profile::built_in_names()
        .iter()
        .filter(|name| !matches!(**name, "fmcos-blank" | "fmcos-ep"));
    let mut families = 0;
    for family in others {
        for job in ["", "on-used = \"erase\"\n"] {
            let mut station = station(job);
            let foreign = station.reader.add_of(family);
            for _ in 0..5 {
                station.reader.stack = vec![foreign];
                station.reader.proofs.clear();
                // Another batch each time, as far as the journal goes.
                station.book.records.clear();
                station.run().unwrap();
                let refused = station.reader.proofs.iter().filter(|status| status[0] != 0x90);
                assert_eq!(refused.count(), 0, "{family}, {job}: {:?}", station.events);
            }
            let told = |why: &Stranger| matches!(why, Stranger::Foreign(_));
            assert_eq!(turned(&station, told), 5, "{family}, {job}: {:?}", station.events);
            families += 1;
        }
    }
    assert!(families >= 18, "{families}");
}

#[test]
fn a_card_that_refused_the_key_is_not_tried_again_without_force() {
    let mut remembered = 0;
    for number in 20..60 {
        // Half made in another batch, which knows its key, and this one does not.
        let mut other = Station::new(FMCOS, "serial\n3\n");
        other.reader.contacts = true;
        pull(&mut other, number, false);
        other.run().unwrap();
        let mut station = station("");
        // Blank ones look the same, and would be turned away as well.
        station.reader.no_blanks = true;
        station.reader.cards = std::mem::take(&mut other.reader.cards);
        let runs = |station: &mut Station, count| {
            station.reader.proofs.clear();
            for _ in 0..count {
                station.reader.stack = vec![0];
                station.book.records.clear();
                station.run().unwrap();
            }
            let refused = |status: &&[u8; 2]| **status != [0x90, 0x00] && status[0] != 0x94;
            station.reader.proofs.iter().filter(refused).copied().collect::<Vec<_>>()
        };
        let refused = runs(&mut station, 5);
        if refused.is_empty() {
            continue;
        }
        // Once, and never again.
        assert_eq!(refused, [[0x63, 0xC2]], "{number}: {:#?}", station.events);
        assert_eq!(turned(&station, |why| matches!(why, Stranger::KeyRefused(_))), 1, "{number}");
        let same = |why: &Stranger| matches!(why, Stranger::SameLook(why) if why.contains("63C2"));
        assert!(turned(&station, same) >= 4, "{number}: {:#?}", station.events);
        // A person who says so spends another.
        station.last_try = LastTry::Spend;
        assert_eq!(runs(&mut station, 1), [[0x63, 0xC1]], "{number}");
        remembered += 1;
    }
    assert!(remembered > 0, "{remembered}");
}

#[test]
fn a_finished_card_that_was_rejected_afterwards_is_checked_again() {
    let mut station = station("");
    station.passes();
    let serial = station.batch.rows[0].serial;
    let record = station.book.records.get_mut(&serial).unwrap();
    record.state = RecordState::Rejected;
    record.checks.clear();
    station.retry_rejected = true;
    station.events.clear();
    station.reader.stack = vec![0];
    station.passes();
    assert!(!station.record(0).checks.is_empty());
    let asked = |event: &Event| matches!(event, Event::Insert { begun, .. } if *begun == [serial]);
    assert!(station.events.iter().any(asked), "{:?}", station.events);
}
