//! Traceability: rules, the cases that prove them, and how that went.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Outcome, Rule, RunReport, Verdict};

/// A rule and the cases that prove it.
#[derive(Clone, Debug)]
pub struct RuleStanding<'r> {
    /// The rule.
    pub rule: &'r Arc<Rule>,
    /// Its cases, in the order they were run.
    pub outcomes: Vec<&'r Outcome>,
    /// What they say of it together.
    pub standing: Standing,
}

/// What the cases of a rule say of it. Worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A case passed, and none did not.
    Held,
    /// Every case was skipped.
    Untested,
    /// A case failed by another rule before it came to this one, or could not be run to its end.
    Open,
    /// A finding names it.
    Violated,
}

impl Standing {
    /// Its word for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Untested => "untested",
            Self::Open => "open",
            Self::Violated => "violated",
        }
    }
}

/// Every rule that a case of the run proves or a finding names, in the order of the cases.
pub fn traceability(report: &RunReport) -> Vec<RuleStanding<'_>> {
    let mut rules: Vec<RuleStanding<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for outcome in &report.outcomes {
        let mut named: Vec<&Arc<Rule>> = Vec::new();
        for rule in outcome.case.rules.iter().chain(broken_by(outcome)) {
            if !named.iter().any(|other| other.id == rule.id) {
                named.push(rule);
            }
        }
        for rule in named {
            let place = *places.entry(&rule.id).or_insert(rules.len());
            if place == rules.len() {
                rules.push(RuleStanding {
                    rule,
                    outcomes: Vec::new(),
                    standing: Standing::Untested,
                });
            }
            if let Some(entry) = rules.get_mut(place) {
                entry.outcomes.push(outcome);
            }
        }
    }
    for entry in &mut rules {
        entry.standing = together(&entry.rule.id, &entry.outcomes);
    }
    rules
}

/// The rules that an outcome breaks: those that its findings name, or the case's main one where
/// they name none.
pub(super) fn broken_by(outcome: &Outcome) -> impl Iterator<Item = &Arc<Rule>> {
    let findings = match &outcome.verdict {
        Verdict::Failed(findings) => findings.as_slice(),
        _ => &[],
    };
    let failed = matches!(outcome.verdict, Verdict::Failed(_));
    let unnamed = failed && findings.iter().all(|finding| finding.rule.is_none());
    let main = outcome.case.rules.first().filter(|_| unnamed);
    findings.iter().filter_map(|finding| finding.rule.as_ref()).chain(main)
}

fn together(rule: &str, outcomes: &[&Outcome]) -> Standing {
    let of = |outcome: &&Outcome| match outcome.verdict {
        Verdict::Passed => Some(Standing::Held),
        Verdict::Skipped(_) => None,
        Verdict::Broken(_) => Some(Standing::Open),
        Verdict::Failed(_) if broken_by(outcome).any(|broken| broken.id == rule) => {
            Some(Standing::Violated)
        }
        Verdict::Failed(_) => Some(Standing::Open),
    };
    outcomes.iter().filter_map(of).max().unwrap_or(Standing::Untested)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{case, finding, outcome, rule, run, text};

    #[test]
    fn a_rule_stands_as_its_cases_say() {
        let [held, violated, open, untested] =
            ["held", "violated", "open", "untested"].map(|id| rule(&format!("rule.{id}"), "words"));
        let mut report = run("words");
        let make = |id: &str, rules: &[&Arc<Rule>], verdict| {
            let rules: Vec<_> = rules.iter().map(|rule| Arc::clone(rule)).collect();
            outcome(case(id, "purchase", &rules, "words"), verdict, Vec::new())
        };
        let skipped = Verdict::Skipped(text("no ED"));
        let failed = |rule| Verdict::Failed(vec![finding(rule, "words")]);
        report.outcomes = vec![
            make("A", &[&held, &violated], Verdict::Passed),
            make("B", &[&held, &untested], skipped),
            // Its finding names a rule that the case did not list first, and one is only on the way.
            make("C", &[&open, &violated], failed(&violated)),
            make("D", &[&violated], Verdict::Broken(text("mute"))),
        ];
        let standings: Vec<_> = traceability(&report)
            .iter()
            .map(|entry| (entry.rule.id.clone(), entry.outcomes.len(), entry.standing))
            .collect();
        let expected = [
            ("rule.held", 2, Standing::Held),
            ("rule.violated", 3, Standing::Violated),
            ("rule.untested", 1, Standing::Untested),
            ("rule.open", 1, Standing::Open),
        ]
        .map(|(id, cases, standing)| (id.to_owned(), cases, standing));
        assert_eq!(standings, expected);
    }

    #[test]
    fn a_failure_without_a_named_rule_is_one_of_the_case_s_main_rule() {
        let main = rule("rule.main", "words");
        let mut unnamed = finding(&main, "words");
        unnamed.rule = None;
        let mut report = run("words");
        let case = case("A", "purchase", &[main, rule("rule.other", "words")], "words");
        report.outcomes = vec![outcome(case, Verdict::Failed(vec![unnamed]), Vec::new())];
        let standings: Vec<_> = traceability(&report).iter().map(|entry| entry.standing).collect();
        assert_eq!(standings, [Standing::Violated, Standing::Open]);
    }
}
