//! Suites on cards that can only be sent commands, as real ones are, and that were used before.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]
#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use applet_spec::Profile;
use common::{Rigged, profile, run_on, verdict};
use conformance::run::{Destructive, Hand, Options, Order, select};
use conformance::{Case, RunReport, Suites, Target, Verdict, generate};
use emulator::{CardMaker, Protocol, VirtualCard};
use link::CardControl;

/// Hand-written and generated cases.
fn every_case(profile: &Profile) -> Vec<Arc<Case>> {
    Suites::built_in().cases().cloned().chain(generate::cases(profile)).collect()
}

/// A card that somebody had before.
fn used(profile: &Arc<Profile>, seed: u64, protocol: Protocol) -> VirtualCard {
    let maker = CardMaker::new(profile.clone()).expect("the profile makes cards");
    let mut card = maker.lab_card(seed).expect("a lab card");
    card.set_protocol(protocol);
    let mut card = VirtualCard::volatile(card);
    let settings: &[(&str, &str)] = match profile.psam {
        Some(_) => &[("terminal-serial", "77")],
        None if profile.application().is_none() => &[],
        None => &[
            ("balance", "50.00"),
            ("offline-serial", "0x0123"),
            ("online-serial", "0x0456"),
            ("log", "full"),
            ("pin-tries", "2"),
        ],
    };
    for (key, value) in settings {
        card.set(key, value).unwrap_or_else(|e| panic!("{}: {key}={value}: {e}", profile.name));
    }
    if profile.application().is_some_and(|a| a.purses.iter().any(|p| p.overdraft.is_some())) {
        card.set("overdraft-limit", "8.00").expect("an overdraft");
    }
    card
}

fn run(profile: &Arc<Profile>, card: VirtualCard, options: Options) -> RunReport {
    let target = Target::plain(Box::new(card)).fetching();
    run_on(profile, &every_case(profile), target, options)
}

fn alarms(report: &RunReport) -> Vec<String> {
    let bad = |v: &Verdict| matches!(v, Verdict::Failed(_) | Verdict::Broken(_));
    let outcomes = report.outcomes.iter().filter(|outcome| bad(&outcome.verdict));
    outcomes.map(|outcome| format!("{} {}", outcome.case.id, verdict(outcome))).collect()
}

/// As many cases must have been run that it means something.
fn raises_no_alarm(profile: &Arc<Profile>, report: &RunReport) {
    let (name, alarms) = (&profile.name, alarms(report));
    assert!(alarms.is_empty(), "{name}:\n{}", alarms.join("\n"));
    let least = if profile.application().is_some() { 450 } else { 95 };
    assert!(report.counts().passed > least, "{name}: {:?}", report.counts());
}

#[test]
fn used_cards_without_a_hand_raise_no_alarm_in_any_order() {
    for (number, profile) in Profile::built_in_names().iter().map(|name| profile(name)).enumerate()
    {
        let number = number as u64;
        let card = used(&profile, 70 + number, Protocol::T1);
        let options = Options { order: Order::Shuffled(number), ..Options::default() };
        let report = run(&profile, card, options);
        assert!(report.broken_off.is_none());
        raises_no_alarm(&profile, &report);
    }
}

/// Every family, not only transactions, on cards of profiles that are not built in.
#[test]
fn cards_by_the_choices_of_others_raise_no_alarm() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/profiles/jtt978-elsewhere.toml");
    let profile = Arc::new(Profile::read(Path::new(file)).unwrap_or_else(|e| panic!("{e}")));
    raises_no_alarm(&profile, &run(&profile, used(&profile, 8, Protocol::T1), Options::default()));
    let target = Target::controlled(Box::new(common::card(&profile)));
    let report = run_on(&profile, &every_case(&profile), target, Options::default());
    raises_no_alarm(&profile, &report);
}

#[test]
fn used_cards_on_t0_raise_no_alarm() {
    for name in ["jtt978", "pboc", "psam-cjt166"] {
        let profile = profile(name);
        let report = run(&profile, used(&profile, 5, Protocol::T0), Options::default());
        assert!(report.broken_off.is_none());
        raises_no_alarm(&profile, &report);
    }
}

#[test]
fn without_permission_no_lock_pin_or_key_try_of_a_card_is_spent() {
    for name in ["pboc", "jtt978", "psam-jtt978"] {
        let profile = profile(name);
        for case in every_case(&profile).iter().filter(|case| case.may_destroy()) {
            let case = [case.clone()];
            let selection = select(&case, &Options::default(), &profile, Hand::None);
            assert_eq!(selection.run().count(), 0, "{}", case[0].id);
        }
    }
}

#[test]
fn destructive_cases_run_last_and_a_card_that_they_lock_ends_the_run_without_an_alarm() {
    for name in ["pboc", "jtt978", "fmcos-ep"] {
        let profile = profile(name);
        let options = || Options {
            destructive: Destructive::Run,
            order: Order::Shuffled(3),
            ..Options::default()
        };
        let selection = select(&every_case(&profile), &options(), &profile, Hand::None);
        let destructive: Vec<bool> = selection.entries.iter().map(|e| e.destructive).collect();
        assert!(destructive.is_sorted(), "{name}");
        let report = run(&profile, used(&profile, 6, Protocol::T1), options());
        raises_no_alarm(&profile, &report);
        let why = report.broken_off.as_ref().map_or("", |why| why.en.as_str());
        assert!(why.contains("cannot be selected any more"), "{name}: {why}");
        let run: BTreeSet<&str> = report.outcomes.iter().map(|o| o.case.id.as_str()).collect();
        let plain = selection.entries.iter().filter(|entry| !entry.destructive);
        assert_eq!(plain.filter(|entry| !run.contains(entry.case.id.as_str())).count(), 0);
    }
}

#[test]
fn a_card_that_is_locked_already_is_not_tested() {
    let profile = profile("jtt978");
    let mut card = used(&profile, 1, Protocol::T1);
    card.set("locked", "permanent").expect("a lock");
    let report = run(&profile, card, Options::default());
    assert_eq!(report.counts().passed, 0);
    let why = report.broken_off.map_or(String::new(), |why| why.en);
    assert!(why.starts_with("the application of the card cannot be selected (9303"), "{why}");
}

#[test]
fn a_card_with_another_pin_loses_one_try_to_a_whole_run() {
    let own = profile("pboc");
    let mut other = Profile::clone(&own);
    let pins = other.directories.iter_mut().filter_map(|directory| directory.pin.as_mut());
    pins.for_each(|pin| pin.value = vec![0x98, 0x76]);
    let card = CardMaker::new(Arc::new(other)).and_then(|maker| maker.lab_card(1)).expect("a card");
    let options = || Options { destructive: Destructive::Run, ..Options::default() };
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    let heard = told.clone();
    let twist = move |_: &mut VirtualCard, command: &[u8], answer: &mut Result<Vec<u8>, _>| {
        if let ([0x00, 0x20, 0x00, 0x00, 0x03, 0x12, 0x34, 0x56], Ok(answer)) = (command, answer) {
            heard.lock().expect("one thread").insert(answer.clone());
        }
    };
    let target = Target::plain(Box::new(Rigged::new(VirtualCard::volatile(card), twist)));
    let cases = every_case(&own);
    let asking: Vec<_> = cases.into_iter().filter(|case| case.family.name == "load").collect();
    let report = run_on(&own, &asking, target, options());
    assert_eq!(alarms(&report), Vec::<String>::new());
    assert_eq!(*told.lock().expect("one thread"), BTreeSet::from([vec![0x63, 0xC2]]));
    let reason = |o: &conformance::Outcome| verdict(o).contains("is answered 63C2");
    assert!(report.outcomes.iter().any(reason));
}
