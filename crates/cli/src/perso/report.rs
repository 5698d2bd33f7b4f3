//! `purse perso report`.

use std::path::{Path, PathBuf};

use perso::journal::Journal;
use perso::report::{Counts, Report};
use serde_json::json;

use super::{JobArgs, journal, now};
use crate::error::CliError;
use crate::ui::Ui;
use crate::whole_file::replace;

/// Arguments of `purse perso report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    /// The journal [default: NAME.journal in this directory].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Write a table for table programs; - is stdout.
    #[arg(long, value_name = "FILE")]
    csv: Option<String>,
    /// Write a page that needs nothing else; - is stdout.
    #[arg(long, value_name = "FILE")]
    html: Option<String>,
    /// Write test results; - is stdout.
    #[arg(long, value_name = "FILE")]
    junit: Option<String>,
}

/// Writes the reports that were asked for, and says how many cards became what.
///
/// # Errors
/// A journal that is not there or of something else; a file that cannot be written.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let batch = args.job.batch()?;
    let path = journal(args.journal.as_ref(), &batch);
    let (journal, held) = Journal::open(&path)?;
    journal.serves(&batch.binding(now()))?;
    let report = Report {
        binding: journal.binding(),
        held: &held,
        rows: &batch.rows,
        program: env!("CARGO_PKG_VERSION"),
    };
    let mut piped = false;
    for (target, text) in [
        (&args.csv, args.csv.as_ref().map(|_| report.csv())),
        (&args.html, args.html.as_ref().map(|_| report.html(ui.lang.into()))),
        (&args.junit, args.junit.as_ref().map(|_| report.junit())),
    ] {
        let (Some(target), Some(text)) = (target, text) else { continue };
        if target == "-" {
            piped = true;
            ui.print(&text)?;
            continue;
        }
        let failed = |source| CliError::Write { path: target.clone(), source };
        replace(Path::new(target), text.as_bytes()).map_err(failed)?;
        ui.say(target);
    }
    if piped {
        return Ok(());
    }
    let Counts { total, passed, rejected, begun, waiting } = report.counts();
    if ui.json {
        return ui.document(&json!({
            "ok": true,
            "name": batch.job.name,
            "profile": batch.profile.name,
            "version": batch.profile.version,
            "journal": path.display().to_string(),
            "total": total, "passed": passed, "rejected": rejected, "begun": begun,
            "waiting": waiting,
            "cards": held.records.iter().map(|(serial, record)| {
                json!({ "serial": serial.to_string(), "record": record })
            }).collect::<Vec<_>>(),
        }));
    }
    ui.print(&ui.lang.pick(
        format!(
            "{passed} of {total} passed, {rejected} rejected, {begun} begun, {waiting} not made\n"
        ),
        format!(
            "共 {total} 张: 通过 {passed}, 拒绝 {rejected}, 未完成 {begun}, 未制作 {waiting}\n"
        ),
    ))
}
