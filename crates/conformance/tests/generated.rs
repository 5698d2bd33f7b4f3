//! Cases that are generated from the catalogue: for every command, and right for every built-in card.
#![expect(clippy::expect_used, clippy::panic, reason = "a test helper may fail the test")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use applet_spec::{Catalogue, Profile};
use common::{Rigged, card, profile, run_on, verdict};
use conformance::TransactionState;
use conformance::coverage::states_after;
use conformance::run::Options;
use conformance::{Author, Case, RunReport, Suites, Target, Verdict, generate};
use link::CardControl;

fn profiles() -> Vec<Arc<Profile>> {
    Profile::built_in_names().iter().map(|name| profile(name)).collect()
}

/// Runs cases, and tells the transaction that the card was in the middle of after each command.
fn run_watched(profile: &Arc<Profile>, cases: &[Arc<Case>]) -> (RunReport, Vec<String>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let watched = Rigged::new(card(profile), move |card, command, _| {
        if !command.is_empty() {
            let status = card.status().expect("a status");
            let transaction = status.into_iter().find(|(key, _)| key == "transaction");
            let name = transaction.map_or_else(|| "idle".to_owned(), |(_, value)| value);
            told.lock().expect("no panic before").push(name);
        }
    });
    let target = Target::controlled(Box::new(watched));
    let report = run_on(profile, cases, target, Options::default());
    let seen = seen.lock().expect("no panic before").clone();
    (report, seen)
}

/// What the emulator calls a state.
fn called(state: TransactionState) -> &'static str {
    match state {
        TransactionState::Cash => "purchase",
        TransactionState::Overdraft => "overdraft-update",
        TransactionState::Capp => "capp-initialized",
        TransactionState::CappCached => "capp-cached",
        other => other.word(),
    }
}

fn no_alarm_on(name: &str) {
    let profile = profile(name);
    let cases = generate::cases(&profile);
    for case in &cases {
        let (report, seen) = run_watched(&profile, std::slice::from_ref(case));
        let [outcome] = report.outcomes.as_slice() else { panic!("{}: no outcome", case.id) };
        assert!(
            matches!(outcome.verdict, Verdict::Passed),
            "{name} {}: {}",
            case.id,
            verdict(outcome)
        );
        // What the runner sends before the first step comes first.
        let count: usize = outcome.steps.iter().map(|step| step.exchanges.len()).sum();
        let mut seen = seen.iter().skip(seen.len() - count);
        let followed = states_after(case, &profile);
        for step in &outcome.steps {
            let last = seen.by_ref().take(step.exchanges.len()).last();
            let expected = followed.get(step.step).map(|state| called(*state));
            assert!(
                last.is_none_or(|last| Some(last.as_str()) == expected),
                "{name} {} step {}: followed to {expected:?}, the card is in {last:?}",
                case.id,
                step.step,
            );
        }
    }
}

macro_rules! no_alarm {
    ($($test:ident $profile:literal)*) => {$(
        #[test]
        fn $test() {
            no_alarm_on($profile);
        }
    )*};
}

no_alarm! {
    generated_cases_are_right_for_pboc_and_followed_as_it_goes "pboc"
    generated_cases_are_right_for_cjt166_and_followed_as_it_goes "cjt166"
    generated_cases_are_right_for_jtt978_and_followed_as_it_goes "jtt978"
    generated_cases_are_right_for_pboc_sm4_and_followed_as_it_goes "pboc-sm4"
    generated_cases_are_right_for_jtt978_sm4_and_followed_as_it_goes "jtt978-sm4"
    generated_cases_are_right_for_fmcos_ep_and_followed_as_it_goes "fmcos-ep"
    generated_cases_are_right_for_fmcos_blank_and_followed_as_it_goes "fmcos-blank"
    generated_cases_are_right_for_psam_pboc_and_followed_as_it_goes "psam-pboc"
    generated_cases_are_right_for_psam_cjt166_and_followed_as_it_goes "psam-cjt166"
    generated_cases_are_right_for_psam_jtt978_and_followed_as_it_goes "psam-jtt978"
    generated_cases_are_right_for_psam_jtt978_sm4_and_followed_as_it_goes "psam-jtt978-sm4"
}

#[test]
fn the_refusals_told_by_hand_are_right_for_every_card() {
    let suite = Suites::built_in().family("refusals").expect("the suite");
    let mut passed = HashSet::new();
    for profile in profiles() {
        let target = Target::controlled(Box::new(card(&profile)));
        let report = run_on(&profile, &suite.cases, target, Options::default());
        for outcome in report.outcomes {
            match outcome.verdict {
                Verdict::Passed => _ = passed.insert(outcome.case.id.clone()),
                Verdict::Skipped(_) => {}
                _ => panic!("{} {}: {}", profile.name, outcome.case.id, verdict(&outcome)),
            }
        }
    }
    assert_eq!(passed.len(), suite.cases.len(), "every case is run on some card: {passed:?}");
}

/// Profiles that are strict or lenient where the built-in ones are not.
#[test]
fn generated_cases_follow_the_rules_of_the_profile() {
    for rules in [
        "initialize-in-capp = \"refuse\"",
        "read-keeps-transaction = true",
        "challenge-lengths = [8]",
        "[rules.capp]\nallow-no-record = true",
        "[rules.status]\nwrong-state = 0x6985\nblocked = 0x6A81\nno-proof = 0x6985",
        "[rules.status]\nselect-blocked = 0x6283\nfci-when-blocked = true",
    ] {
        let text = format!(
            "extends = \"pboc\"\nname = \"odd\"\nversion = \"1\"\nsummary = \"odd\"\n\
             summary-zh = \"odd\"\n[rules]\n{rules}\n"
        );
        let profile = Arc::new(Profile::parse(&text, "odd.toml").expect("a profile"));
        let kinds = ["transaction", "lock", "rights"];
        let cases: Vec<Arc<Case>> = generate::cases(&profile)
            .into_iter()
            .filter(|case| kinds.contains(&case.family.name.as_str()) || case.id.ends_with("_LE"))
            .collect();
        let target = Target::controlled(Box::new(card(&profile)));
        let report = run_on(&profile, &cases, target, Options::default());
        for outcome in &report.outcomes {
            let passed = matches!(outcome.verdict, Verdict::Passed);
            assert!(passed, "{rules}: {} {}", outcome.case.id, verdict(outcome));
        }
    }
}

#[test]
fn every_command_of_every_profile_has_generated_cases() {
    for profile in profiles() {
        let cases = generate::cases(&profile);
        let ids: HashSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids.len(), cases.len(), "{}: ids are unique", profile.name);
        assert!(cases.iter().all(|case| case.author == Author::Catalogue));
        for spec in Catalogue::of(profile.rules.commands).commands() {
            let name = spec.id.text().to_uppercase().replace('-', "_");
            for rule in ["CLASS", "LENGTH", "STATES", "LOCKED"] {
                let id = format!("GEN_{name}_{rule}");
                assert!(ids.contains(id.as_str()), "{}: no {id}", profile.name);
            }
        }
    }
}

#[test]
fn generated_ids_are_no_written_ones() {
    for profile in profiles() {
        for case in generate::cases(&profile) {
            assert!(Suites::built_in().find(&case.id).is_empty(), "{}", case.id);
            let family = Suites::built_in().family(&case.family.name);
            let written = family.is_some_and(|suite| suite.family.prefix == case.family.prefix);
            assert!(!written, "{} is a written family", case.family.name);
        }
    }
}

/// GET BALANCE with another instruction and other parameters is as good as a new command.
#[test]
fn a_command_that_is_new_in_the_catalogue_gets_its_cases_for_nothing() {
    let text = include_str!("../../../applet-spec/commands.toml");
    let changed = text.replacen("ins = 0x5C\np1 = \"any\"", "ins = 0x5D\np1 = [0x07]", 1);
    assert_ne!(text, changed, "the catalogue has GET BALANCE");
    let catalogue = Catalogue::parse(&changed, "new.toml").expect("a catalogue");
    let profile = profile("pboc");
    let cases = generate::cases_of(&catalogue, &profile);
    let sends = |suffix: &str| {
        let case = cases.iter().find(|case| case.id == format!("GEN_GET_BALANCE_{suffix}"));
        let steps = format!("{:?}", case.expect("the case").steps);
        steps.matches("80 5D ").count() + steps.matches("81 5D ").count()
    };
    assert!(sends("CLASS") > 0 && sends("PARAMETERS") > 250 && sends("LENGTH") > 0);
    assert!(sends("STATES") > 0 && sends("LOCKED") > 0);
}

#[test]
fn a_card_that_keeps_a_transaction_which_it_must_end_is_caught() {
    let profile = profile("jtt978");
    let text = "extends = \"jtt978\"\nname = \"lenient\"\nversion = \"1\"\nsummary = \"l\"\n\
                summary-zh = \"l\"\n[rules]\nread-keeps-transaction = true\n";
    let lenient = Arc::new(Profile::parse(text, "lenient.toml").expect("a profile"));
    // The cases of the strict profile on the lenient card.
    let cases: Vec<Arc<Case>> = generate::cases(&profile)
        .into_iter()
        .filter(|case| case.id == "GEN_READ_BINARY_STATES")
        .collect();
    let target = Target::controlled(Box::new(card(&lenient)));
    let report = run_on(&profile, &cases, target, Options::default());
    let [outcome] = report.outcomes.as_slice() else { panic!("one case") };
    // Its second step is looked at, and its MAC is not right.
    assert!(verdict(outcome).contains("status word: 6901 / 9302"), "{}", verdict(outcome));
}
