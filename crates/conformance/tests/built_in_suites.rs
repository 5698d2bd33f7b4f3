//! The suites of transactions against cards: right cards pass, wrong ones do not.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use applet_spec::Profile;
use common::{profile, run_on, verdict};
use conformance::run::Options;
use conformance::{Case, Outcome, RunReport, Suites, Target, Verdict};
use emulator::wrong::{Wrong, WrongCard, shelf};
use emulator::{CardMaker, CardSystem, VirtualCard};

const FAMILIES: &[&str] = &[
    "purchase",
    "capp",
    "load",
    "unload",
    "overdraft",
    "cash",
    "proof",
    "tac",
    "transaction",
    "counter",
    "attack",
    "tear",
    "timing",
];

/// Cards by the other choice wherever sources differ, beside the built-in ones.
const OTHERWISE: &[&str] =
    &["pboc-otherwise", "cjt166-code-always", "jtt978-elsewhere", "jtt978-protected"];

fn transaction_cases() -> Vec<Arc<Case>> {
    let suites = Suites::built_in();
    let families = FAMILIES.iter().filter_map(|family| suites.family(family));
    families.flat_map(|suite| suite.cases.iter().cloned()).collect()
}

fn otherwise(name: &str) -> Arc<Profile> {
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/profiles");
    let path = profiles.join(format!("{name}.toml"));
    Arc::new(Profile::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn run(profile: &Arc<Profile>, wrong: Wrong, seed: u64, cases: &[Arc<Case>]) -> RunReport {
    let system = CardSystem::wrong(profile.clone(), wrong).unwrap_or_else(|e| panic!("{e}"));
    let card = CardMaker::of(system).and_then(|maker| maker.lab_card(seed));
    let card = VirtualCard::volatile(card.unwrap_or_else(|e| panic!("{}: {e}", profile.name)));
    run_on(profile, cases, Target::controlled(Box::new(card)), Options::default())
}

fn passed(outcome: &&Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Passed)
}

/// No case fails or breaks on a right card.
fn raises_no_alarm(profile: &Arc<Profile>) {
    for seed in 0..2 {
        let report = run(profile, Wrong::default(), seed, &transaction_cases());
        let alarms: Vec<String> = report
            .outcomes
            .iter()
            .filter(|o| !matches!(o.verdict, Verdict::Passed | Verdict::Skipped(_)))
            .map(|o| format!("{} {}", o.case.id, verdict(o)))
            .collect();
        assert!(alarms.is_empty(), "{}, seed {seed}:\n{}", profile.name, alarms.join("\n"));
        assert_eq!(report.broken_off, None);
        assert!(report.outcomes.iter().filter(passed).count() > 400, "{}", profile.name);
    }
}

#[test]
fn transaction_suites_raise_no_alarm_on_pboc() {
    raises_no_alarm(&profile("pboc"));
}

#[test]
fn transaction_suites_raise_no_alarm_on_cjt166() {
    raises_no_alarm(&profile("cjt166"));
}

#[test]
fn transaction_suites_raise_no_alarm_on_jtt978() {
    raises_no_alarm(&profile("jtt978"));
}

#[test]
fn transaction_suites_raise_no_alarm_on_sm4_cards() {
    raises_no_alarm(&profile("pboc-sm4"));
    raises_no_alarm(&profile("jtt978-sm4"));
}

#[test]
fn transaction_suites_raise_no_alarm_on_fmcos_ep() {
    raises_no_alarm(&profile("fmcos-ep"));
}

#[test]
fn transaction_suites_raise_no_alarm_on_cards_by_the_other_choices() {
    for name in OTHERWISE {
        raises_no_alarm(&otherwise(name));
    }
}

#[test]
fn every_transaction_case_is_run_on_some_card() {
    let cases = transaction_cases();
    let mut idle: BTreeSet<&str> = cases.iter().map(|case| case.base.as_str()).collect();
    let cards = Profile::built_in_cards().cloned();
    for profile in cards.chain(OTHERWISE.iter().map(|name| otherwise(name))) {
        for case in &cases {
            if case.applies.iter().all(|condition| condition.holds(&profile)) {
                idle.remove(case.base.as_str());
            }
        }
    }
    assert_eq!(idle, BTreeSet::new());
}

/// Bases of the cases that fail on a card that is wrong so.
fn failing(wrong: &Arc<WrongCard>, family: &str, cases: &[Arc<Case>]) -> BTreeSet<String> {
    let report = run(&profile(family), Wrong::of(vec![wrong.clone()]), 11, cases);
    let failed = |o: &&Outcome| matches!(o.verdict, Verdict::Failed(_));
    report.outcomes.iter().filter(failed).map(|o| o.case.base.clone()).collect()
}

#[test]
fn every_wrong_card_that_transaction_cases_name_fails_each_of_them() {
    let cases = transaction_cases();
    let mut missed = Vec::new();
    for wrong in shelf() {
        let names = |case: &&Arc<Case>| case.catches.contains(&wrong.name);
        let naming: Vec<Arc<Case>> = cases.iter().filter(names).cloned().collect();
        if naming.is_empty() {
            continue;
        }
        let mut failed_once = BTreeSet::new();
        for family in &wrong.profiles {
            let failed = failing(wrong, family, &naming);
            if failed.is_empty() {
                missed.push(format!("{} of {family} by any case", wrong.name));
            }
            failed_once.extend(failed);
        }
        let bases: BTreeSet<String> = naming.iter().map(|case| case.base.clone()).collect();
        let never = bases.difference(&failed_once);
        missed.extend(never.map(|base| format!("{} by {base}, which names it", wrong.name)));
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}
