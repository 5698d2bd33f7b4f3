//! The reports of a run.

use std::path::{Path, PathBuf};

use applet_spec::Profile;
use conformance::RunReport;
use conformance::report::{self, Detail};

use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::whole_file;

/// The options that ask for reports.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Write test results for CI, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write a page for people, which needs no network.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// In the page, everything that went over the link, also of cases that passed.
    #[arg(long, requires = "html")]
    pub everything: bool,
    /// Write a line of JSON for each case as it ends; - is stdout.
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
}

impl ReportArgs {
    /// Whether the reports have a place, before anything is run.
    ///
    /// # Errors
    /// A folder that is not there.
    pub fn check(&self, suites: &[String]) -> Result<(), CliError> {
        let all = [&self.junit, &self.html, &self.jsonl];
        let named: Vec<&PathBuf> = all.into_iter().flatten().collect();
        for (at, path) in named.iter().enumerate() {
            let twice = named.iter().skip(at + 1).any(|other| other == path);
            let suite = suites.iter().any(|suite| Path::new(suite) == path.as_path());
            if twice || suite {
                let what = if suite { "a suite that is to be run" } else { "two reports at once" };
                let message = format!("{} would be {what}", path.display());
                return Err(CliError::mistyped(message, "another name for the report"));
            }
        }
        for path in [&self.junit, &self.html, &self.jsonl].into_iter().flatten() {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) || path.is_dir() {
                let message = format!("{} is no place for a report", path.display());
                return Err(CliError::mistyped(message, "a file in a folder that is there"));
            }
        }
        Ok(())
    }
}

/// Writes the reports that were asked for.
///
/// # Errors
/// A file that cannot be written.
pub fn write(
    ui: &Ui,
    args: &ReportArgs,
    report: &RunReport,
    profile: &Profile,
) -> Result<(), CliError> {
    let language = ui.lang.into();
    if let Some(path) = &args.junit {
        to_file(path, &report::junit(report, &profile.rules, language))?;
    }
    if let Some(path) = &args.html {
        let detail = if args.everything { Detail::Everything } else { Detail::Failures };
        to_file(path, &report::html(report, &profile.rules, language, detail))?;
    }
    if ui.json {
        ui.document(&document(report))?;
    }
    if let Some(why) = &report.broken_off {
        let why = why.in_language(ui.lang.into());
        ui.say(&format!("{} {why}", ui.lang.pick("the run was broken off:", "运行中断:")));
    }
    Ok(())
}

fn to_file(path: &Path, text: &str) -> Result<(), CliError> {
    whole_file::replace(path, text.as_bytes())
        .map_err(|source| CliError::Write { path: path.display().to_string(), source })
}

fn document(report: &RunReport) -> serde_json::Value {
    let counts = report.counts();
    let bad: Vec<_> = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict.is_bad())
        .map(|outcome| {
            serde_json::json!({
                "id": outcome.case.id,
                "verdict": outcome.verdict.code(),
                "rules": outcome.case.rules.iter().map(|rule| &rule.id).collect::<Vec<_>>(),
                "reproduce": report::reproduce(&report.heading, &outcome.case),
            })
        })
        .collect();
    let heading = &report.heading;
    let mut document = serde_json::json!({
        "ok": counts.failed + counts.broken == 0 && report.broken_off.is_none(),
        "target": heading.target,
        "profile": heading.profile,
        "version": heading.profile_version,
        "atr": heading.atr,
        "seed": heading.seed,
        "revision": heading.revision,
        "passed": counts.passed,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "broken": counts.broken,
        "seconds": report.elapsed.as_secs_f64(),
        "bad": bad,
    });
    let (exit, message) = match (&report.broken_off, counts.failed) {
        (Some(why), _) => (Exit::CardGone, why.en.clone()),
        (None, 0) if counts.broken > 0 => {
            (Exit::CardGone, format!("the card fell silent in {} cases", counts.broken))
        }
        (None, 0) => return document,
        (None, failed) => (Exit::TestsFailed, format!("{failed} cases failed")),
    };
    if let Some(document) = document.as_object_mut() {
        let error = serde_json::json!({
            "code": exit.code(), "kind": exit.kind(), "message": message, "next": null,
        });
        document.insert("error".to_owned(), error);
    }
    document
}
