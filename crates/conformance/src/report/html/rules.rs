//! Rules, the cases that prove them, and how that went.

use maud::{Markup, html};

use super::{Page, fragment, link};
use crate::report::{RuleStanding, traceability, visible, words};

/// Cases of a rule that are shown without being asked for.
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
                td {
                    @if outcomes.len() <= SHOWN {
                        (self.rule_cases(entry))
                    } @else {
                        details {
                            summary { (outcomes.len()) " " (self.say(words::TOTAL)) }
                            (self.rule_cases(entry))
                        }
                    }
                }
                td.src { (visible(&rule.source)) }
            }
        }
    }

    fn rule_cases(&self, entry: &RuleStanding<'_>) -> Markup {
        html! {
            ul.proof {
                @for outcome in &entry.outcomes {
                    li data-verdict=(outcome.verdict.code()) {
                        (link(outcome)) " " span.{ "t " (outcome.verdict.code()) } { (outcome.verdict.in_words(self.language)) }
                    }
                }
            }
        }
    }
}
