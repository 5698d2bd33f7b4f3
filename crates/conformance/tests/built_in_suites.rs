//! The built-in suites against the built-in cards: no false alarm on any.

mod common;

use std::sync::Arc;

use common::{card, profile, run_on, verdict};
use conformance::run::Options;
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
