//! Rules, the cases that prove them, and how that went.

use maud::{Markup, html};

use super::{Page, fragment, link};
use crate::report::{RuleStanding, traceability, visible, words};
use crate::{Outcome, Verdict};

/// Cases of a rule that passed or were skipped and are shown without being asked for.
const SHOWN: usize = 24;

impl Page<'_> {
    pub(super) fn traceability(&self) -> Markup {
        html! {
            section #traceability {
                h2 { (self.say(words::TRACEABILITY)) }
                p.note { (self.say(words::TRACEABILITY_HELP)) }
                table {
                    thead { tr {
                        th scope="col" { (self.say(words::RULE)) }
                        th scope="col" { (self.say(words::STANDING)) }
                        th scope="col" { (self.say(words::CASES)) }
                        th scope="col" { (self.say(words::SOURCE)) }
                    } }
                    tbody { @for entry in traceability(self.report) { (self.rule(&entry)) } }
                }
            }
        }
    }

    fn rule(&self, entry: &RuleStanding<'_>) -> Markup {
        let RuleStanding { rule, outcomes, standing } = entry;
        html! {
            tr id={ "rule-" (fragment(&rule.id)) } data-standing=(standing.code()) {
                th scope="row" {
                    (visible(&rule.id))
                    p { (visible(rule.text.in_language(self.language))) }
                }
                td { span.{ "v " (standing.code()) } { (words::standing(*standing).of(self.language)) } }
                td { (self.rule_cases(outcomes)) }
                td.src { (visible(&rule.source)) }
            }
        }
    }

    /// The cases that did not pass first; many that did are folded.
    fn rule_cases(&self, outcomes: &[&Outcome]) -> Markup {
        let good = |o: &&Outcome| matches!(o.verdict, Verdict::Passed | Verdict::Skipped(_));
        let (rest, first): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|o| good(o));
        let mut ended: Vec<&str> = rest.iter().map(|o| o.verdict.in_words(self.language)).collect();
        ended.sort_unstable();
        ended.dedup();
        html! {
            (self.case_list(&first))
            @if rest.len() <= SHOWN {
                (self.case_list(&rest))
            } @else {
                details {
                    summary { (rest.len()) " " (self.say(words::TOTAL)) ": " (ended.join(", ")) }
                    (self.case_list(&rest))
                }
            }
        }
    }

    fn case_list(&self, outcomes: &[&Outcome]) -> Markup {
        html! {
            @if !outcomes.is_empty() {
                ul.proof {
                    @for outcome in outcomes {
                        li data-verdict=(outcome.verdict.code()) {
                            (link(outcome)) " " span.{ "t " (outcome.verdict.code()) } { (outcome.verdict.in_words(self.language)) }
                        }
                    }
                }
            }
        }
    }
}
