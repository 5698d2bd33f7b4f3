//! A run as one page that needs nothing else: no network, no script to be read.

mod case;
mod rules;

use std::collections::HashSet;
use std::fmt::Write;

use applet_spec::Rules;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use purse::Language;

use super::secrets::Secrets;
use super::words::{self, Word};
use super::{Detail, Group, groups, text, visible};
use crate::{Counts, Outcome, RunReport, Verdict};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// A run as a page: summary, families, rules and the cases that prove them, cases.
///
/// `rules` are those of the card's profile; the traces are put in words by them. Elements that a
/// test or a script looks for have fixed ids: `summary`, `failures`, `families`, `traceability`,
/// `cases`, `case-ID`, `rule-ID`, and `data-verdict` has [`Verdict::code`].
pub fn html(report: &RunReport, rules: &Rules, language: Language, detail: Detail) -> String {
    let traced = bad(report).take(TRACED).map(|outcome| outcome.case.id.as_str()).collect();
    let page = Page { report, rules, language, detail, traced };
    page.whole().into_string()
}

/// Cases that did not pass and are traced whole: a page opens also where all of them fail.
const TRACED: usize = 300;

struct Page<'r> {
    report: &'r RunReport,
    rules: &'r Rules,
    language: Language,
    detail: Detail,
    /// Ids of the cases that are traced whole, with [`Detail::Failures`].
    traced: HashSet<&'r str>,
}

impl Page<'_> {
    fn say(&self, word: Word) -> &'static str {
        word.of(self.language)
    }

    fn whole(&self) -> Markup {
        let heading = &self.report.heading;
        let profile = format!("{} {}", heading.profile, heading.profile_version);
        let title = format!("{} – {profile}", self.say(words::TITLE));
        let groups = groups(self.report);
        html! {
            (DOCTYPE)
            html lang=(self.language.pick("en", "zh-CN")) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
                    title { (visible(&title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.say(words::TITLE)) }
                        p.sub { (self.say(words::PROFILE)) " " b { (visible(&profile)) } " · " (visible(&heading.target)) }
                        nav aria-label=(self.say(words::CONTENTS)) {
                            a href="#summary" { (self.say(words::SUMMARY)) }
                            @if bad(self.report).next().is_some() {
                                a href="#failures" { (self.say(words::FAILURES)) }
                            }
                            a href="#families" { (self.say(words::FAMILIES)) }
                            a href="#traceability" { (self.say(words::TRACEABILITY)) }
                            a href="#cases" { (self.say(words::CASES)) }
                        }
                    }
                    main {
                        (self.summary())
                        (self.failures())
                        (self.families(&groups))
                        (self.traceability())
                        (self.cases(&groups))
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }

    fn summary(&self) -> Markup {
        let heading = &self.report.heading;
        let counts = self.report.counts();
        let result = match counts {
            Counts { failed: 0, broken: 0, passed: 0, .. } => words::NOTHING_RUN,
            Counts { failed: 0, broken: 0, .. } => words::ALL_PASSED,
            _ => words::SOME_FAILED,
        };
        let bad = counts.failed + counts.broken > 0 || self.report.broken_off.is_some();
        let seed = heading.seed.map(|seed| seed.to_string());
        let seed = seed.unwrap_or_else(|| self.say(words::NOT_KNOWN).to_owned());
        let profile = format!("{} {}", heading.profile, heading.profile_version);
        let rows = [
            (words::TARGET, heading.target.as_str()),
            (words::PROFILE, profile.as_str()),
            (words::ATR, heading.atr.as_str()),
            (words::SEED, seed.as_str()),
            (words::REVISION, heading.revision.as_str()),
            (words::WHEN, heading.when.as_str()),
        ];
        html! {
            section #summary data-passed=(counts.passed) data-failed=(counts.failed)
                data-skipped=(counts.skipped) data-broken=(counts.broken) {
                h2 { (self.say(words::SUMMARY)) }
                @if let Some(why) = &self.report.broken_off {
                    p #broken-off .alert { b { (self.say(words::BROKEN_OFF)) ": " } (visible(why.in_language(self.language))) }
                }
                p.result.bad[bad] { (self.say(words::RESULT)) ": " b { (self.say(result)) } }
                (self.bar(counts))
                table.head {
                    @for (word, value) in rows {
                        tr { th scope="row" { (self.say(word)) } td { (visible(value)) } }
                    }
                    tr {
                        th scope="row" { (self.say(words::ELAPSED)) }
                        td { (text::seconds(self.report.elapsed)) }
                    }
                    tr {
                        th scope="row" { (self.say(words::COMMAND)) }
                        td { code { (visible(&heading.command)) } }
                    }
                }
            }
        }
    }

    /// The counts as figures, and a bar of their shares beside them.
    fn bar(&self, counts: Counts) -> Markup {
        let parts = [
            ("passed", words::PASSED, counts.passed),
            ("failed", words::FAILED, counts.failed),
            ("broken", words::BROKEN, counts.broken),
            ("skipped", words::SKIPPED, counts.skipped),
        ];
        html! {
            ul.counts {
                li { b { (counts.total()) } " " (self.say(words::TOTAL)) }
                @for (code, word, number) in parts {
                    li.{ "v " (code) } .none[number == 0] { b { (number) } " " (self.say(word)) }
                }
            }
            div.bar aria-hidden="true" {
                @for (code, _, number) in parts {
                    @if number > 0 { span.(code) style={ "flex-grow:" (number) } {} }
                }
            }
        }
    }

    fn failures(&self) -> Markup {
        html! {
            @if bad(self.report).next().is_some() {
                section #failures {
                    h2 { (self.say(words::FAILURES)) }
                    table {
                        thead { tr {
                            th scope="col" { (self.say(words::VERDICT)) }
                            th scope="col" { (self.say(words::CASE)) }
                            th scope="col" { (self.say(words::RULE)) }
                            th scope="col" { (self.say(words::FINDING)) }
                        } }
                        tbody { @for outcome in bad(self.report) { (self.failure(outcome)) } }
                    }
                }
            }
        }
    }

    fn failure(&self, outcome: &Outcome) -> Markup {
        let broken = super::matrix::broken_by(outcome).next();
        let finding = match &outcome.verdict {
            Verdict::Failed(findings) => {
                findings.first().map(|finding| text::in_short(outcome, finding, self.language))
            }
            Verdict::Broken(why) => {
                Some(Secrets::of(outcome).shown(why.in_language(self.language), self.language))
            }
            _ => None,
        };
        html! {
            tr data-verdict=(outcome.verdict.code()) {
                td { (self.verdict(&outcome.verdict)) }
                td { (link(outcome)) }
                td { @if let Some(rule) = broken {
                    a href={ "#rule-" (fragment(&rule.id)) } { (visible(&rule.id)) }
                    " " (visible(rule.text.in_language(self.language)))
                } }
                td { (visible(&finding.unwrap_or_default())) }
            }
        }
    }

    fn families(&self, groups: &[Group<'_>]) -> Markup {
        html! {
            section #families {
                h2 { (self.say(words::FAMILIES)) }
                table {
                    thead { tr {
                        th scope="col" { (self.say(words::FAMILY)) }
                        th scope="col" { (self.say(words::VERSION)) }
                        @for word in [words::TOTAL, words::PASSED, words::FAILED, words::BROKEN, words::SKIPPED] {
                            th.n scope="col" { (self.say(word)) }
                        }
                        th.n scope="col" { (self.say(words::ELAPSED)) }
                    } }
                    tbody { @for group in groups { (self.family(group)) } }
                }
            }
        }
    }

    fn family(&self, group: &Group<'_>) -> Markup {
        let counts = group.counts();
        let name = fragment(&group.family.name);
        let count = |number: usize, code: &str| {
            html! {
                td.n.(if number == 0 { "none" } else { code }) { (number) }
            }
        };
        html! {
            tr data-family=(visible(&group.family.name)) {
                th scope="row" {
                    a href={ "#family-" (name) } { (visible(group.family.title.in_language(self.language))) }
                    " " code { (visible(&group.family.name)) }
                }
                td { (visible(&group.family.version)) }
                td.n { (counts.total()) }
                (count(counts.passed, "passed")) (count(counts.failed, "failed"))
                (count(counts.broken, "broken")) (count(counts.skipped, "skipped"))
                td.n { (text::seconds(group.outcomes.iter().map(|o| o.elapsed).sum())) }
            }
        }
    }

    /// A verdict as a word on a colour.
    fn verdict(&self, verdict: &Verdict) -> Markup {
        html! { span.{ "v " (verdict.code()) } { (verdict.in_words(self.language)) } }
    }
}

/// Cases that failed or are broken.
fn bad(report: &RunReport) -> impl Iterator<Item = &Outcome> {
    let bad = |o: &&Outcome| o.verdict.is_bad();
    report.outcomes.iter().filter(bad)
}

/// A link to a case.
fn link(outcome: &Outcome) -> Markup {
    html! { a href={ "#case-" (fragment(&outcome.case.id)) } { (visible(&outcome.case.id)) } }
}

/// A name as part of an id of the page and of a link to it; different names stay different.
pub(super) fn fragment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || "_-.:=,".contains(c) {
            out.push(c);
        } else {
            // A string takes everything.
            let _ = write!(out, "~{:X}~", u32::from(c));
        }
    }
    out
}
