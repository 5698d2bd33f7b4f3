//! Cards that are not blank, and what is told of them.

use std::collections::BTreeMap;

use perso::engine::{Event, Left, RecordState, Returning, Stranger, SyncPolicy};
use perso::job::{OnHalfDone, OnUsed};

use crate::paper::{Batch, Mishap, PaperCard, World, policy, serial};

fn batch(used: OnUsed, mishaps: &[(u32, Mishap)]) -> Batch {
    let world = World::new(true, Returning::Can, mishaps.iter().copied().collect());
    Batch::new(world, 2, policy(SyncPolicy::EachApdu, used, OnHalfDone::Continue))
}

fn finished(number: u64) -> PaperCard {
    PaperCard { made: vec![3, 4, 6], serial: Some(serial(number)), ..PaperCard::default() }
}

#[test]
fn a_finished_card_that_comes_again_is_recognised_and_left_alone() {
    let mut batch = batch(OnUsed::Erase, &[]);
    batch.run().expect("ends");
    batch.serials.push(serial(3));
    batch.world.borrow_mut().stack(vec![0, 1, 0]);
    let tally = batch.run().expect("ends");
    assert_eq!((tally.passed, tally.passed_now), (3, 1));
    let again = |event: &&Event| matches!(event, Event::Already { passed: true, .. });
    assert_eq!(batch.events.iter().filter(again).count(), 3);
    assert_eq!(batch.world.borrow().cards.len(), 3);
}

#[test]
fn a_used_card_of_another_batch_is_refused_or_erased_as_the_job_says() {
    for (used, passed_on_it) in [(OnUsed::Refuse, None), (OnUsed::Erase, Some(serial(1)))] {
        let mut batch = batch(used, &[]);
        let at = batch.world.borrow_mut().add(finished(77));
        batch.world.borrow_mut().stack(vec![at]);
        let tally = batch.run().expect("ends");
        assert_eq!(tally.passed, 2);
        let card = batch.world.borrow().cards[at].clone();
        match passed_on_it {
            Some(serial) => assert_eq!(card.serial, Some(serial)),
            None => {
                assert_eq!(card.serial, Some(serial(77)));
                let used = Stranger::Used("serial 000000000000004D".to_owned());
                assert!(batch.events.contains(&Event::Turned { why: used }));
                assert_eq!(tally.turned, 1);
            }
        }
    }
}

#[test]
fn a_card_that_bears_a_serial_nobody_issued_keeps_it_from_being_issued() {
    let mut batch = batch(OnUsed::Refuse, &[]);
    let at = batch.world.borrow_mut().add(finished(2));
    batch.world.borrow_mut().stack(vec![at]);
    let tally = batch.run().expect("ends");
    assert_eq!((tally.passed, tally.rejected), (1, 1));
    assert!(batch.events.contains(&Event::Turned { why: Stranger::NotIssued(serial(2)) }));
    let bearing = batch.world.borrow().cards.iter().filter(|c| c.serial == Some(serial(2))).count();
    assert_eq!(bearing, 1);
}

#[test]
fn another_card_with_the_serial_of_a_made_one_is_told_as_its_twin() {
    let mut batch = batch(OnUsed::Refuse, &[]);
    batch.run().expect("ends");
    let twin = batch.world.borrow_mut().add(finished(1));
    batch.serials.push(serial(3));
    batch.world.borrow_mut().stack(vec![twin]);
    batch.run().expect("ends");
    assert!(batch.events.contains(&Event::Turned { why: Stranger::Twin(serial(1)) }));
    assert_eq!(batch.world.borrow().cards[twin].serial, Some(serial(1)));
}

#[test]
fn a_swapped_card_is_not_taken_for_the_one_that_was_begun() {
    // Pulled in the middle; a blank card is put in, which gets the next serial, then the first one
    // comes back and is finished.
    let mut batch = batch(OnUsed::Refuse, &[(14, Mishap::Pulled)]);
    let blank = batch.world.borrow_mut().add(PaperCard::default());
    batch.world.borrow_mut().stack(vec![]);
    batch.run().expect("ends");
    let interrupted = |event: &Event| matches!(event, Event::Interrupted { .. });
    assert!(batch.events.iter().any(interrupted), "{:?}", batch.events);
    let world = batch.world.borrow();
    assert!(world.cards[blank].serial.is_none() || world.cards[blank].finished());
    let passed = batch.ledger.borrow().records.values().all(|r| r.state == RecordState::Passed);
    assert!(passed);
}

#[test]
fn a_card_that_stays_silent_before_it_bears_a_serial_frees_it_and_is_turned_away() {
    let silent: BTreeMap<u32, Mishap> = [6, 10, 14].map(|at| (at, Mishap::Silent)).into();
    let world = World::new(true, Returning::Can, silent);
    let mut batch =
        Batch::new(world, 1, policy(SyncPolicy::EachApdu, OnUsed::Refuse, OnHalfDone::Continue));
    let tally = batch.run().expect("ends");
    assert_eq!((tally.passed, tally.rejected), (1, 0));
    let bad = batch.events.iter().any(|e| matches!(e, Event::BadCard { .. }));
    assert!(bad, "{:?}", batch.events);
    assert!(batch.events.contains(&Event::Ended { left: None }));
}

#[test]
fn a_run_ends_at_its_limit_and_goes_on_later() {
    let mut batch = batch(OnUsed::Refuse, &[]);
    batch.policy.limit = Some(1);
    let tally = batch.run().expect("ends");
    assert_eq!((tally.passed, tally.waiting), (1, 1));
    assert_eq!(batch.events.last(), Some(&Event::Ended { left: Some(Left::Limit) }));
    batch.policy.limit = None;
    assert_eq!(batch.run().expect("ends").passed, 2);
}
