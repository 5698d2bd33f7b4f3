//! Who watches a run: lines and a bar for people, lines of JSON for programs.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use conformance::report::JsonLines;
use conformance::report::text::{self, Paint};
use conformance::run::{Event, Observer};
use conformance::{Heading, Outcome, RunReport, Verdict};

use super::reports::ReportArgs;
use crate::error::CliError;
use crate::perso::Interrupt;
use crate::ui::{Tone, Ui};

/// Verdicts on stdout, the bar on stderr, JSON lines where they were asked for.
pub struct Watch {
    ui: Ui,
    quiet: bool,
    heading: Heading,
    paint: Paint,
    bar: Option<Bar>,
    lines: Option<(String, JsonLines<Box<dyn Write>>)>,
    /// JSON lines are the result on stdout.
    only_lines: bool,
    /// Nobody reads stdout any more; the run and its reports go on.
    deaf: bool,
    interrupt: Interrupt,
    failed: Option<CliError>,
}

/// What messages call it.
const STDOUT: &str = "stdout";

/// Where a run stands, on one line that is written over.
struct Bar {
    of: usize,
    done: usize,
    bad: usize,
}

impl Watch {
    /// Watches for `ui`.
    ///
    /// # Errors
    /// A file for JSON lines that cannot be made.
    pub fn new(
        ui: &Ui,
        quiet: bool,
        reports: &ReportArgs,
        heading: Heading,
        interrupt: Interrupt,
    ) -> Result<Self, CliError> {
        let lines = match &reports.jsonl {
            None => None,
            Some(path) if path.as_os_str() == "-" => {
                let out: Box<dyn Write> = Box::new(io::stdout());
                Some((STDOUT.to_owned(), JsonLines::new(out)))
            }
            Some(path) => {
                let name = path.display().to_string();
                let file = File::create(path)
                    .map_err(|source| CliError::Write { path: name.clone(), source })?;
                let out: Box<dyn Write> = Box::new(io::BufWriter::new(file));
                Some((name, JsonLines::new(out)))
            }
        };
        let only_lines = lines.as_ref().is_some_and(|(name, _)| name == STDOUT) || ui.json;
        let plain = ui.toned(Tone::Good, "x") == "x";
        let paint = if plain { Paint::Plain } else { Paint::Ansi };
        let (bar, failed, deaf) = (None, None, false);
        Ok(Self { ui: *ui, quiet, heading, paint, bar, lines, only_lines, deaf, interrupt, failed })
    }

    /// Ends it: what could not be written on the way is told.
    ///
    /// # Errors
    /// That.
    pub fn finish(mut self) -> Result<(), CliError> {
        self.wipe();
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if let Some((path, lines)) = self.lines.take() {
            match lines.into_inner().flush() {
                Err(source) if gone(&source) && path == STDOUT => {}
                flushed => flushed.map_err(|source| CliError::Write { path, source })?,
            }
        }
        Ok(())
    }

    fn print(&mut self, lines: &[String]) {
        if self.only_lines || self.deaf || self.failed.is_some() || lines.is_empty() {
            return;
        }
        match self.ui.print(&(lines.join("\n") + "\n")) {
            Err(CliError::Output(source)) if gone(&source) => self.deaf = true,
            Err(error) => self.failed = Some(error),
            Ok(()) => {}
        }
    }

    fn json(&mut self, write: impl FnOnce(&mut JsonLines<Box<dyn Write>>) -> io::Result<()>) {
        let Some((path, lines)) = &mut self.lines else { return };
        match write(lines) {
            Err(source) if gone(&source) && path == STDOUT => self.lines = None,
            Err(source) => {
                let path = path.clone();
                self.failed.get_or_insert(CliError::Write { path, source });
            }
            Ok(()) => {}
        }
    }

    fn case(&mut self, outcome: &Outcome) {
        let bad = outcome.verdict.is_bad();
        if let Some(bar) = &mut self.bar {
            bar.done += 1;
            bar.bad += usize::from(bad);
        }
        let heading = self.heading.clone();
        self.json(|lines| lines.case(&heading, outcome));
        let language = self.ui.lang.into();
        let mut lines = Vec::new();
        let passed_told = !self.quiet && self.bar.is_none();
        if bad || (passed_told && !matches!(outcome.verdict, Verdict::Skipped(_))) {
            lines.push(text::case_line(outcome, language, self.paint));
        }
        lines.extend(text::failure(&self.heading, outcome, language, self.paint));
        if !lines.is_empty() {
            self.wipe();
            self.print(&lines);
        }
        self.draw(&outcome.case.id);
    }

    fn end(&mut self, report: &RunReport) {
        let (counts, broken_off) = (report.counts(), report.broken_off.as_ref());
        self.json(|lines| lines.end(counts, report.elapsed, broken_off));
        self.wipe();
        let language = self.ui.lang.into();
        let mut lines = text::heading(&report.heading, language);
        lines.extend(text::summary(report, language, self.paint));
        self.print(&lines);
    }

    fn draw(&self, id: &str) {
        let Some(Bar { of, done, bad }) = &self.bar else { return };
        const WIDTH: usize = 30;
        let full = (done * WIDTH).checked_div(*of).unwrap_or(WIDTH).min(WIDTH);
        let (full, rest) = ("=".repeat(full), " ".repeat(WIDTH - full));
        let bad = if *bad > 0 { format!(", {bad} bad") } else { String::new() };
        let _ = write!(io::stderr().lock(), "\r\x1b[K[{full}{rest}] {done}/{of}{bad} {id}");
    }

    fn wipe(&self) {
        if self.bar.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Whether whoever read has gone away.
fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

impl Observer for Watch {
    fn stops(&mut self) -> bool {
        self.interrupt.pressed()
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::RunBegins { selection } => {
                if io::stderr().is_terminal() && !self.only_lines {
                    self.bar = Some(Bar { of: selection.entries.len(), done: 0, bad: 0 });
                }
                let heading = self.heading.clone();
                self.json(|lines| lines.run(&heading));
            }
            Event::CaseBegins { .. } => {}
            Event::CaseEnded(outcome) => self.case(outcome),
            Event::RunEnded(report) => self.end(report),
        }
    }
}
