//! The built-in suites against the built-in cards: no false alarm on any.

mod common;

use std::sync::Arc;

use common::{card, profile, run_on, verdict};
use conformance::run::Options;
use emulator::wrong::{Wrong, WrongCard, shelf};
use emulator::{CardMaker, CardSystem, VirtualCard};
use conformance::{Case, RunReport, Suites, Target, Verdict};

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

fn transaction_cases() -> Vec<Arc<Case>> {
    let suites = Suites::built_in();
    let families = FAMILIES.iter().filter_map(|family| suites.family(family));
    families.flat_map(|suite| suite.cases.iter().cloned()).collect()
}

fn alarms(report: &RunReport) -> Vec<String> {
    let wrong =
        |o: &&conformance::Outcome| !matches!(o.verdict, Verdict::Passed | Verdict::Skipped(_));
    report.outcomes.iter().filter(wrong).map(|o| format!("{} {}", o.case.id, verdict(o))).collect()
}

fn raises_no_alarm(name: &str) {
    let profile = profile(name);
    let target = Target::controlled(Box::new(card(&profile)));
    let report = run_on(&profile, &transaction_cases(), target, Options::default());
    let passed = report.outcomes.iter().filter(|o| matches!(o.verdict, Verdict::Passed)).count();
    println!("{name}: {} cases, {passed} passed", report.outcomes.len());
    let alarms = alarms(&report);
    assert!(alarms.is_empty(), "{name}: {} alarms\n{}", alarms.len(), alarms.join("\n"));
    assert!(report.broken_off.is_none(), "{:?}", report.broken_off);
}

#[test]
fn transaction_suites_raise_no_alarm_on_pboc() {
    raises_no_alarm("pboc");
}

#[test]
fn transaction_suites_raise_no_alarm_on_cjt166() {
    raises_no_alarm("cjt166");
}

#[test]
fn transaction_suites_raise_no_alarm_on_jtt978() {
    raises_no_alarm("jtt978");
}

#[test]
fn transaction_suites_raise_no_alarm_on_sm4_cards() {
    raises_no_alarm("pboc-sm4");
    raises_no_alarm("jtt978-sm4");
}

#[test]
fn transaction_suites_raise_no_alarm_on_fmcos_ep() {
    raises_no_alarm("fmcos-ep");
}

/// Cases of the transaction suites that name a wrong card.
fn naming(name: &str, cases: &[Arc<Case>]) -> Vec<Arc<Case>> {
    let names = |case: &&Arc<Case>| case.catches.iter().any(|caught| caught == name);
    cases.iter().filter(names).cloned().collect()
}

/// How many of the cases fail on a card that is wrong so.
fn failures(wrong: &Arc<WrongCard>, family: &str, cases: &[Arc<Case>]) -> Vec<String> {
    let profile = profile(family);
    let system = CardSystem::wrong(profile.clone(), Wrong::of(vec![wrong.clone()]))
        .unwrap_or_else(|e| panic!("{}: {e}", wrong.name));
    let card = CardMaker::of(system).and_then(|maker| maker.lab_card(11));
    let card = VirtualCard::volatile(card.unwrap_or_else(|e| panic!("{}: {e}", wrong.name)));
    let report =
        run_on(&profile, cases, Target::controlled(Box::new(card)), Options::default());
    let failed = |o: &&conformance::Outcome| matches!(o.verdict, Verdict::Failed(_));
    report.outcomes.iter().filter(failed).map(|o| o.case.base.clone()).collect()
}

#[test]
fn every_wrong_card_that_a_transaction_case_names_fails_such_a_case() {
    let cases = transaction_cases();
    let mut missed = Vec::new();
    for wrong in shelf() {
        let named = naming(&wrong.name, &cases);
        if named.is_empty() {
            continue;
        }
        let mut useful = std::collections::BTreeSet::new();
        for family in &wrong.profiles {
            let failed = failures(wrong, family, &named);
            if failed.is_empty() {
                missed.push(format!("{} of {family}", wrong.name));
            }
            useful.extend(failed);
        }
        for case in &named {
            if useful.insert(case.base.clone()) {
                println!("IDLE {} {}", case.base, wrong.name);
            }
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}
