//! `purse card records`: the transaction log.

use apdu::StatusWord;
use serde::Serialize;
use terminal::CardSession;

use super::OpenedCard;
use super::decode::{LogLine, log_files};
use super::reading::{self, FileContent};
use crate::error::CliError;
use crate::ui::{Tone, Ui};

#[derive(Serialize)]
struct Document {
    ok: bool,
    family: Option<String>,
    records: Vec<LogLine>,
}

/// Prints the log.
pub fn run(ui: &Ui, bench: &mut OpenedCard) -> Result<(), CliError> {
    let records = read(ui, bench)?;
    if ui.json {
        let family = bench.family();
        return ui.document(&Document { ok: true, family, records });
    }
    if records.is_empty() {
        ui.say(ui.lang.pick("no transactions yet", "没有交易记录"));
        return Ok(());
    }
    let heading = ui.toned(Tone::Strong, LogLine::heading(ui.lang));
    let lines: String = records.iter().map(|line| line.text() + "\n").collect();
    ui.print(&format!("{heading}\n{lines}"))
}

fn read(ui: &Ui, bench: &mut OpenedCard) -> Result<Vec<LogLine>, CliError> {
    let profile = bench.selected.profile.clone();
    let application = profile.as_ref().and_then(|profile| profile.application());
    let mut card = CardSession::new(bench.transport.as_mut());
    let mut lines = Vec::new();
    for sfi in log_files(profile.as_deref()) {
        let content = match application.and_then(|application| application.file(sfi)) {
            Some(spec) => reading::known(&mut card, spec)?,
            None => reading::records(&mut card, sfi)?,
        };
        lines.extend(log_lines(ui, &content));
        if !matches!(content.status, StatusWord::OK | StatusWord::FILE_NOT_FOUND) {
            let step = format!("READ RECORD of file {sfi:02X}");
            return Err(CliError::Status { step, status: content.status });
        }
    }
    Ok(lines)
}

/// The records that were ever written.
pub fn log_lines(ui: &Ui, content: &FileContent) -> Vec<LogLine> {
    let line = |(at, bytes): (usize, &Vec<u8>)| LogLine::of(ui.lang, content.sfi, at + 1, bytes);
    content.pieces.iter().enumerate().filter_map(line).collect()
}
