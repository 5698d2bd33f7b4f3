//! Plain lines, for terminals and the logs of CI.

use std::time::Duration;

use purse::Language;
use unicode_width::UnicodeWidthStr;

use super::secrets::Secrets;
use super::{Cell, Detail, Diff, Row, on_one_line, reproduce, words};
use crate::{Finding, Heading, Outcome, RunReport, Verdict};

/// Whether lines have colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// None.
    #[default]
    Plain,
    /// As ANSI escape sequences.
    Ansi,
}

/// The whole report: head, a line for each case, a block for each that did not pass, and the end.
/// With [`Detail::Failures`] the cases that passed or were skipped are only counted.
pub fn whole(report: &RunReport, language: Language, paint: Paint, detail: Detail) -> String {
    let mut lines = heading(&report.heading, language);
    for outcome in &report.outcomes {
        let bad = outcome.verdict.is_bad();
        if bad || detail == Detail::Everything {
            lines.push(case_line(outcome, language, paint));
        }
        lines.extend(failure(&report.heading, outcome, language, paint));
    }
    lines.extend(summary(report, language, paint));
    lines.join("\n") + "\n"
}

/// What is run against what.
pub fn heading(heading: &Heading, language: Language) -> Vec<String> {
    let seed = heading.seed.map_or(words::NOT_KNOWN.of(language).to_owned(), |s| s.to_string());
    let Heading { target, profile, profile_version, atr, revision, .. } = heading;
    [
        (words::TARGET, target.clone()),
        (words::PROFILE, format!("{profile} {profile_version}")),
        (words::ATR, atr.clone()),
        (words::SEED, seed),
        (words::REVISION, revision.clone()),
    ]
    .map(|(word, value)| format!("{} {}", padded(word.of(language), 16), on_one_line(&value)))
    .to_vec()
}

/// A case: `PASS [   0.001s] EP_XF_001 purpose`. The first word is the same in every language.
pub fn case_line(outcome: &Outcome, language: Language, paint: Paint) -> String {
    let (word, colour) = match outcome.verdict {
        Verdict::Passed => ("PASS", GREEN),
        Verdict::Failed(_) => ("FAIL", RED),
        Verdict::Skipped(_) => ("SKIP", YELLOW),
        Verdict::Broken(_) => ("BROKEN", RED),
    };
    let word = paint.paint(&format!("{word:>6}"), colour);
    let time = format!("[{:>8.3}s]", outcome.elapsed.as_secs_f64());
    let id = paint.paint(&on_one_line(&outcome.case.id), BOLD);
    let purpose = on_one_line(outcome.case.purpose.in_language(language));
    let mut line = format!("{word} {time} {id} {purpose}");
    if let Verdict::Skipped(why) = &outcome.verdict {
        line += &format!(" ({})", on_one_line(why.in_language(language)));
    }
    if outcome.tries > 1 {
        line += &format!(" ({} {})", words::TRIES.of(language), outcome.tries);
    }
    line
}

/// What is wrong with a case, and the command that shows it again; nothing for cases that passed
/// or were skipped.
pub fn failure(
    heading: &Heading,
    outcome: &Outcome,
    language: Language,
    paint: Paint,
) -> Vec<String> {
    let mut lines = match &outcome.verdict {
        Verdict::Passed | Verdict::Skipped(_) => return Vec::new(),
        Verdict::Failed(findings) => findings_in_words(outcome, findings, language, paint),
        Verdict::Broken(why) => {
            let why = Secrets::of(outcome).shown(why.in_language(language), language);
            vec![format!("       {}", on_one_line(&why))]
        }
    };
    let again = on_one_line(&reproduce(heading, &outcome.case));
    lines.push(format!("       {}: {again}", words::REPRODUCE.of(language)));
    lines
}

/// How many ended how, in what time.
pub fn summary(report: &RunReport, language: Language, paint: Paint) -> Vec<String> {
    let counts = report.counts();
    let count = |number: usize, word: words::Word, colour| {
        let text = format!("{number} {}", word.of(language));
        if number == 0 { text } else { paint.paint(&text, colour) }
    };
    let parts = [
        count(counts.passed, words::PASSED, GREEN),
        count(counts.failed, words::FAILED, RED),
        count(counts.broken, words::BROKEN, RED),
        count(counts.skipped, words::SKIPPED, YELLOW),
    ];
    let mut lines = Vec::new();
    if let Some(why) = &report.broken_off {
        let word = paint.paint(words::BROKEN_OFF.of(language), RED);
        lines.push(format!("{word}: {}", on_one_line(why.in_language(language))));
    }
    let total = format!("{} {}", counts.total(), words::TOTAL.of(language));
    lines.push(format!("{total}: {} [{}]", parts.join(", "), seconds(report.elapsed)));
    lines
}

/// Findings, and the bytes that differ.
pub(super) fn findings_in_words(
    outcome: &Outcome,
    findings: &[Finding],
    language: Language,
    paint: Paint,
) -> Vec<String> {
    let secrets = Secrets::of(outcome);
    let mut lines = Vec::new();
    for finding in findings {
        let finding = secrets.hide(finding);
        if let Some(rule) = &finding.rule {
            let id = paint.paint(&on_one_line(&rule.id), RED);
            lines.push(format!("       {id}: {}", on_one_line(rule.text.in_language(language))));
        }
        let what = on_one_line(finding.what.in_language(language));
        lines.push(format!("       {}: {what}", place(outcome, &finding, language)));
        for (word, value) in
            [(words::EXPECTED, &finding.expected), (words::ACTUAL, &finding.actual)]
        {
            let value = on_one_line(value.in_language(language));
            lines.push(format!("         {} {value}", padded(word.of(language), 9)));
        }
        lines.extend(Diff::of(&finding).iter().flat_map(|diff| rows(diff, language, paint)));
    }
    lines
}

/// Where a finding is: step and what was done in it.
pub(super) fn place(outcome: &Outcome, finding: &Finding, language: Language) -> String {
    let Some(step) = finding.step else {
        return words::WHOLE_CASE.of(language).to_owned();
    };
    let seen = outcome.steps.iter().rfind(|seen| seen.step == step);
    let title = seen.map(|seen| format!(", {}", on_one_line(seen.title.in_language(language))));
    format!("{} {}{}", words::STEP.of(language), step + 1, title.unwrap_or_default())
}

/// A finding on one line: where, what, what must be, what was.
pub(super) fn in_short(outcome: &Outcome, finding: &Finding, language: Language) -> String {
    let finding = Secrets::of(outcome).hide(finding);
    on_one_line(&format!(
        "{}: {}: {} {}, {} {}",
        place(outcome, &finding, language),
        finding.what.in_language(language),
        words::EXPECTED.of(language),
        finding.expected.in_language(language),
        words::ACTUAL.of(language),
        finding.actual.in_language(language),
    ))
}

fn rows(diff: &Diff, language: Language, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for row in diff.rows() {
        match row {
            Row::Bytes(cells) => lines.extend(bytes(cells, language, paint)),
            Row::Alike(rows) => {
                lines.push(format!("         .. {rows} {}", words::ALIKE.of(language)));
            }
            Row::More(rows) => {
                lines.push(format!("         .. {rows} {}", words::MORE.of(language)))
            }
        }
    }
    lines
}

/// Offsets, what must be, what was, and a mark below each that differs.
fn bytes(cells: &[Cell], language: Language, paint: Paint) -> Vec<String> {
    let first = cells.first().map_or(0, |cell| cell.offset);
    let line = |name: &str, of: &dyn Fn(&Cell) -> String| {
        let texts: Vec<String> = cells.iter().map(of).collect();
        format!("         {} {}", padded(name, 9), texts.join(" ")).trim_end().to_owned()
    };
    let painted = |text: String, cell: &Cell| {
        if cell.differs() { paint.paint(&text, RED) } else { text }
    };
    let mut lines = vec![
        line(&format!("{first:04X}"), &|cell| format!("+{:X}", cell.offset % Diff::WIDTH)),
        line(words::EXPECTED.of(language), &|cell| painted(cell.expected_text(), cell)),
        line(words::ACTUAL.of(language), &|cell| painted(cell.actual_text(), cell)),
    ];
    if cells.iter().any(Cell::differs) {
        lines.push(line("", &|cell| if cell.differs() { "^^".into() } else { "  ".to_owned() }));
    }
    lines
}

/// Seconds, as they are written in every report.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3}s", time.as_secs_f64())
}

/// Filled up to this many columns.
fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

const BOLD: &str = "1";
const RED: &str = "31;1";
const GREEN: &str = "32;1";
const YELLOW: &str = "33;1";

impl Paint {
    fn paint(self, text: &str, colour: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1B}[{colour}m{text}\u{1B}[0m"),
        }
    }
}
