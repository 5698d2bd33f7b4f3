//! A run as test results (JUnit XML), for those who collect them.

use applet_spec::Rules;
use purse::Language;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::secrets::Secrets;
use super::text::{Paint, findings_in_words, in_short};
use super::{Group, groups, on_one_line, reproduce, trace, visible, words};
use crate::{Finding, Heading, Outcome, RunReport, Verdict};

/// A run as JUnit XML: a test suite for each family, a test case for each case. Failed cases have a
/// `failure`, broken ones an `error`, and of both what went over the link is in `system-out`.
///
/// `rules` are those of the card's profile; the trace is put in words by them.
///
/// # Panics
/// Never: memory takes everything that is written to it.
pub fn junit(report: &RunReport, rules: &Rules, language: Language) -> String {
    let mut out = Report::new(visible("purse conform"));
    out.set_time(report.elapsed);
    for group in groups(report) {
        out.add_test_suite(suite(report, &group, rules, language));
    }
    if let Some(why) = report.broken_off.as_ref().filter(|_| report.outcomes.is_empty()) {
        out.add_test_suite(never_begun(&report.heading, why.in_language(language)));
    }
    match out.to_string() {
        Ok(xml) => xml,
        Err(error) => unreachable!("memory takes every part of a report: {error}"),
    }
}

/// A run that ended before its first case is no empty success.
fn never_begun(heading: &Heading, why: &str) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(on_one_line(why));
    let mut suite = TestSuite::new("run");
    suite.add_property(Property::new("target", on_one_line(&heading.target)));
    suite.add_test_case(TestCase::new("the run begins", status));
    suite
}

fn suite(report: &RunReport, group: &Group<'_>, rules: &Rules, language: Language) -> TestSuite {
    let heading = &report.heading;
    let mut suite = TestSuite::new(on_one_line(&group.family.name));
    suite.set_time(group.outcomes.iter().map(|outcome| outcome.elapsed).sum());
    let Heading { target, profile, profile_version, atr, seed, revision, when, command } = heading;
    let seed = seed.map(|seed| seed.to_string());
    let broken_off = report.broken_off.as_ref().map(|why| why.in_language(language).to_owned());
    let properties = [
        ("suite-version", Some(&group.family.version)),
        ("target", Some(target)),
        ("profile", Some(profile)),
        ("profile-version", Some(profile_version)),
        ("atr", Some(atr)),
        ("seed", seed.as_ref()),
        ("revision", Some(revision)),
        ("when", Some(when)),
        ("reproduce", Some(command)),
        ("broken-off", broken_off.as_ref()),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            suite.add_property(Property::new(name, on_one_line(value)));
        }
    }
    for outcome in &group.outcomes {
        suite.add_test_case(case(heading, outcome, rules, language));
    }
    suite
}

fn case(heading: &Heading, outcome: &Outcome, rules: &Rules, language: Language) -> TestCase {
    let mut case = TestCase::new(on_one_line(&outcome.case.id), status(outcome, language));
    case.set_classname(on_one_line(&outcome.case.family.name));
    case.set_time(outcome.elapsed);
    let ids: Vec<&str> = outcome.case.rules.iter().map(|rule| rule.id.as_str()).collect();
    case.add_property(Property::new(
        "purpose",
        on_one_line(outcome.case.purpose.in_language(language)),
    ));
    case.add_property(Property::new("rules", on_one_line(&ids.join(" "))));
    case.add_property(Property::new("reproduce", on_one_line(&reproduce(heading, &outcome.case))));
    if outcome.tries > 1 {
        case.add_property(Property::new("tries", outcome.tries.to_string()));
    }
    if outcome.verdict.is_bad() {
        let told = trace::told(outcome, rules, language);
        case.set_system_out(visible(&trace::text(&told, language)));
    }
    case
}

fn status(outcome: &Outcome, language: Language) -> TestCaseStatus {
    match &outcome.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed(findings) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let main = super::matrix::broken_by(outcome).next();
            status.set_type(on_one_line(main.map_or("finding", |rule| rule.id.as_str())));
            let message = findings.first().map(|finding| message(outcome, finding, language));
            status.set_message(message.unwrap_or_else(|| words::FAILED.of(language).to_owned()));
            let lines = findings_in_words(outcome, findings, language, Paint::Plain);
            status.set_description(visible(&format!("\n{}\n", lines.join("\n"))));
            status
        }
        Verdict::Broken(why) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let why = Secrets::of(outcome).shown(why.in_language(language), language);
            status.set_type("broken").set_message(on_one_line(&why));
            status
        }
        Verdict::Skipped(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(on_one_line(why.in_language(language)));
            status
        }
    }
}

/// A finding on one line, with the rule's id and text.
fn message(outcome: &Outcome, finding: &Finding, language: Language) -> String {
    let rule = finding.rule.as_ref().map(|rule| {
        let text = rule.text.in_language(language);
        format!("{}: {text} | ", rule.id)
    });
    let finding = in_short(outcome, finding, language);
    on_one_line(&format!("{}{finding}", rule.unwrap_or_default()))
}
