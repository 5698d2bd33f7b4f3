//! The cases of the page.

use maud::{Markup, html};

use super::{Page, fragment};
use crate::report::secrets::Secrets;
use crate::report::trace::{self, StepTold, Way};
use crate::report::{Cell, Detail, Diff, Group, Row, reproduce, steps, text, visible, words};
use crate::{Author, Case, Finding, Outcome, Start, TerminalConfig, Verdict};

/// Exchanges of a trace that is not whole.
const SHORT: usize = 40;

impl Page<'_> {
    pub(super) fn cases(&self, groups: &[Group<'_>]) -> Markup {
        let codes = [
            ("passed", words::PASSED),
            ("failed", words::FAILED),
            ("broken", words::BROKEN),
            ("skipped", words::SKIPPED),
        ];
        html! {
            section #cases {
                h2 { (self.say(words::CASES)) }
                // The script shows it: without one there is nothing to filter with.
                form #filter hidden {
                    fieldset {
                        legend { (self.say(words::FILTER)) }
                        @for (code, word) in codes {
                            label.{ "t " (code) } {
                                input type="checkbox" name="verdict" value=(code) checked;
                                " " (self.say(word))
                            }
                        }
                        label { (self.say(words::SEARCH)) " " input type="search" name="text"; }
                        output name="shown" data-word=(self.say(words::SHOWN)) {}
                    }
                }
                @for group in groups {
                    section.family id={ "family-" (fragment(&group.family.name)) } {
                        h3 {
                            (visible(group.family.title.in_language(self.language))) " "
                            small { (visible(&group.family.name)) " " (visible(&group.family.version)) }
                        }
                        @for outcome in &group.outcomes { (self.case(outcome)) }
                    }
                }
            }
        }
    }

    fn case(&self, outcome: &Outcome) -> Markup {
        let case = &outcome.case;
        let bad = outcome.verdict.is_bad();
        html! {
            details.case id={ "case-" (fragment(&case.id)) } data-verdict=(outcome.verdict.code()) open[bad] {
                summary {
                    (self.verdict(&outcome.verdict))
                    h4 { (visible(&case.id)) }
                    span.p { (visible(case.purpose.in_language(self.language))) }
                    span.ms { (text::seconds(outcome.elapsed)) }
                }
                (self.about(outcome))
                (self.steps(outcome))
                (self.findings(outcome))
                (self.trace(outcome))
                p.again { (self.say(words::REPRODUCE)) ": " code { (visible(&reproduce(&self.report.heading, case))) } }
            }
        }
    }

    /// Rules, source, configuration.
    fn about(&self, outcome: &Outcome) -> Markup {
        let case = &outcome.case;
        let written = match (&case.written, case.author) {
            (_, Author::Catalogue) => self.say(words::GENERATED).to_owned(),
            (Some(at), _) => format!("{}:{}", at.origin, at.line),
            (None, _) => String::new(),
        };
        let source = case.source.as_ref().or(case.rules.first().map(|rule| &rule.source));
        html! {
            dl {
                dt { (self.say(words::RULES)) }
                dd { @for (index, rule) in case.rules.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href={ "#rule-" (fragment(&rule.id)) } { (visible(&rule.id)) }
                } }
                @if let Some(source) = source {
                    dt { (self.say(words::SOURCE)) } dd { (visible(source)) }
                }
                dt { (self.say(words::CARD)) } dd { (visible(&self.card(case))) }
                dt { (self.say(words::TERMINAL)) } dd { (self.terminal(&case.terminal)) }
                @if !written.is_empty() {
                    dt { (self.say(words::WRITTEN)) } dd { (visible(&written)) }
                }
                @if outcome.tries > 1 { dt { (self.say(words::TRIES)) } dd { (outcome.tries) } }
            }
        }
    }

    fn card(&self, case: &Case) -> String {
        let start = match case.start {
            Start::Selected => words::START_SELECTED,
            Start::Reset => words::START_RESET,
            Start::Off => words::START_OFF,
        };
        let mut parts: Vec<String> =
            case.card.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        if parts.is_empty() {
            parts.push(self.say(words::AS_DELIVERED).to_owned());
        }
        parts.push(format!("{}: {}", self.say(words::START), self.say(start)));
        parts.extend(case.may_destroy().then(|| self.say(words::DESTRUCTIVE).to_owned()));
        parts.join(", ")
    }

    fn terminal(&self, terminal: &TerminalConfig) -> String {
        let TerminalConfig { number, serial, date, time } = terminal;
        let serial_word = self.say(words::TERMINAL_SERIAL);
        let (number, date, time) =
            (hex::encode_upper(number), hex::encode(date), hex::encode(time));
        format!("{number}, {serial_word} {serial}, {date} {time}")
    }

    /// The steps as they are written; those that something was found in are marked.
    fn steps(&self, outcome: &Outcome) -> Markup {
        let findings = match &outcome.verdict {
            Verdict::Failed(findings) => findings.as_slice(),
            _ => &[],
        };
        let found =
            |number: usize| findings.iter().any(|f| f.step.is_some_and(|s| s + 1 == number));
        html! {
            table.steps {
                thead { tr {
                    th scope="col" { (self.say(words::STEP)) }
                    th scope="col" { (self.say(words::DONE)) }
                    th scope="col" { (self.say(words::MUST)) }
                } }
                tbody { @for step in steps::written(&outcome.case, self.language) {
                    tr.failed[found(step.number)] {
                        th scope="row" { (step.number) @if found(step.number) { " ✗" } }
                        td { (visible(&step.action)) @if let Some(note) = &step.note { p.note { (visible(note)) } } }
                        td { (visible(&step.expect.join("; "))) }
                    }
                } }
            }
        }
    }

    fn findings(&self, outcome: &Outcome) -> Markup {
        match &outcome.verdict {
            Verdict::Passed => html! {},
            Verdict::Skipped(why) => {
                html! { p.why { (self.say(words::SKIPPED)) ": " (visible(why.in_language(self.language))) } }
            }
            Verdict::Broken(why) => {
                let why = Secrets::of(outcome).shown(why.in_language(self.language), self.language);
                html! { p.alert { b { (self.say(words::BROKEN)) ": " } (visible(&why)) } }
            }
            Verdict::Failed(findings) => {
                let secrets = Secrets::of(outcome);
                html! { @for finding in findings { (self.finding(outcome, &secrets.hide(finding))) } }
            }
        }
    }

    fn finding(&self, outcome: &Outcome, finding: &Finding) -> Markup {
        html! {
            div.finding {
                h5 {
                    (text::place(outcome, finding, self.language)) ": "
                    (visible(finding.what.in_language(self.language)))
                }
                @if let Some(rule) = &finding.rule {
                    p {
                        a href={ "#rule-" (fragment(&rule.id)) } { (visible(&rule.id)) } ": "
                        (visible(rule.text.in_language(self.language)))
                    }
                }
                dl.cmp {
                    dt { (self.say(words::EXPECTED)) } dd { code { (visible(finding.expected.in_language(self.language))) } }
                    dt { (self.say(words::ACTUAL)) } dd { code { (visible(finding.actual.in_language(self.language))) } }
                }
                @if let Some(diff) = Diff::of(finding) { (self.diff(&diff)) }
            }
        }
    }

    fn diff(&self, diff: &Diff) -> Markup {
        let differing: Vec<String> = diff.differing().take(33).map(|at| at.to_string()).collect();
        let listed = differing.iter().take(32).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if differing.len() > 32 { ", .." } else { "" };
        html! {
            p.note {
                (self.say(words::DIFFERENCE)) ": " (diff.differing().count()) " "
                (self.say(words::DIFFERENT)) " " (listed) (more) " (" (self.say(words::FREE)) ")"
            }
            table.diff aria-label=(self.say(words::DIFFERENCE)) {
                @for row in diff.rows() { @match row {
                    Row::Bytes(cells) => (self.diff_row(cells)),
                    Row::Alike(rows) => tbody { tr { td.gap colspan="17" { (rows) " " (self.say(words::ALIKE)) } } },
                    Row::More(rows) => tbody { tr { td.gap colspan="17" { (rows) " " (self.say(words::MORE)) } } },
                } }
            }
        }
    }

    fn diff_row(&self, cells: &[Cell]) -> Markup {
        let first = cells.first().map_or(0, |cell| cell.offset);
        let shown = |cell: &Cell, text: String| {
            html! {
                @if cell.differs() { td.d data-offset=(cell.offset) { mark { (text) } } } @else { td { (text) } }
            }
        };
        html! {
            tbody {
                tr.o {
                    th scope="row" { (format!("{first:04X}")) }
                    @for cell in cells { th scope="col" { (format!("{:X}", cell.offset % Diff::WIDTH)) } }
                }
                tr.e { th scope="row" { (self.say(words::EXPECTED)) } @for cell in cells { (shown(cell, cell.expected_text())) } }
                tr.a { th scope="row" { (self.say(words::ACTUAL)) } @for cell in cells { (shown(cell, cell.actual_text())) } }
            }
        }
    }

    fn trace(&self, outcome: &Outcome) -> Markup {
        let told = trace::told(outcome, self.rules, self.language);
        let whole =
            self.detail == Detail::Everything || self.traced.contains(outcome.case.id.as_str());
        if told.iter().all(|step| step.exchanges.is_empty()) {
            return html! {};
        }
        html! {
            details.trace {
                summary { (self.say(words::TRACE)) }
                @if whole {
                    @for step in &told { (self.step(step)) }
                } @else {
                    (self.short(&told))
                }
            }
        }
    }

    /// The first exchanges, a line each.
    fn short(&self, told: &[StepTold]) -> Markup {
        let exchanges =
            told.iter().flat_map(|step| step.exchanges.iter().map(|e| (step.number, e)));
        let exchanges: Vec<_> = exchanges.collect();
        html! {
            ol.short {
                @for (step, exchange) in exchanges.iter().take(SHORT) {
                    li value=(step) { (trace::short(exchange, self.language)) }
                }
            }
            @if let Some(more) = exchanges.len().checked_sub(SHORT + 1) {
                p.note { (more + 1) " " (self.say(words::MORE_EXCHANGES)) }
            }
        }
    }

    fn step(&self, step: &StepTold) -> Markup {
        html! {
            h5 { (self.say(words::STEP)) " " (step.number) ": " (visible(&step.title)) }
            @if !step.expected.is_empty() {
                p.note { (self.say(words::EXPECTED)) ": " (visible(&step.expected.join("; "))) }
            }
            @for exchange in &step.exchanges {
                table.apdu { tbody {
                    (self.way("→", words::COMMAND_SENT, &exchange.sent, None))
                    @match &exchange.got {
                        Some(got) => (self.way("←", words::ANSWER, got, Some(exchange.milliseconds))),
                        None => tr.way { th scope="row" { "←" } td colspan="2" { b { (self.say(words::SILENT)) } } },
                    }
                } }
            }
        }
    }

    fn way(&self, arrow: &str, word: words::Word, way: &Way, milliseconds: Option<f64>) -> Markup {
        html! {
            tr.way {
                th scope="row" title=(self.say(word)) { (arrow) }
                td colspan="2" {
                    b { (visible(&way.decoded.title)) }
                    @if let Some(ms) = milliseconds { span.ms { (format!("{ms:.1} ms")) } }
                    code { (way.bytes) }
                }
            }
            @for field in &way.decoded.fields {
                tr {
                    td.at { (field.offset) }
                    td.{ "l" (field.depth.min(9)) } { (visible(&field.name)) }
                    td { (visible(&field.value)) }
                }
            }
            @if let Some(problem) = &way.decoded.problem {
                tr { td {} td.why colspan="2" { "! " (visible(problem)) } }
            }
        }
    }
}
