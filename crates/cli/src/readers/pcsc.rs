//! Asking PC/SC.

use std::time::{Duration, Instant};

use reader::{ReaderError, Watch};
use serde::Serialize;

use super::WatchArgs;
use super::words::{EventLine, ReaderLine};
use crate::error::CliError;
use crate::ui::Ui;

#[derive(Serialize)]
struct Document {
    ok: bool,
    readers: Vec<ReaderLine>,
}

/// Prints the readers.
///
/// # Errors
/// No PC/SC service.
pub fn list(ui: &Ui) -> Result<(), CliError> {
    let slots = reader::list_readers()?;
    let line = |(index, slot)| ReaderLine::new(ui, index, slot);
    let readers: Vec<ReaderLine> = slots.iter().enumerate().map(line).collect();
    if ui.json {
        return ui.document(&Document { ok: true, readers });
    }
    if readers.is_empty() {
        ui.say(&format!("{}; purse doctor tells what is missing", ReaderError::None));
    }
    let width = slots.iter().map(|slot| slot.name.chars().count()).max().unwrap_or(0);
    ui.print(&readers.iter().map(|reader| reader.text(ui.lang, width)).collect::<String>())
}

/// Prints what happens until it was enough, the time is over, or Ctrl-C.
///
/// # Errors
/// No PC/SC service, or too few events in the time.
pub fn watch(ui: &Ui, args: &WatchArgs) -> Result<(), CliError> {
    let start = Instant::now();
    let limit = args.timeout.map(Duration::from_secs);
    let mut watch = Watch::start()?;
    let mut seen = 0;
    while args.count.is_none_or(|count| seen < count) {
        let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
        let Some(event) = watch.next_event(left)? else {
            return match (args.count, limit) {
                (Some(count), Some(limit)) => Err(CliError::TooLate {
                    message: format!("{seen} of {count} events within {limit:?}"),
                    next: "put cards in and take them out, or give more time with --timeout",
                }),
                _ => Ok(()),
            };
        };
        let line = EventLine::new(ui, &event);
        if args.jsonl {
            ui.line(&line)?;
        } else {
            ui.print(&line.text(ui.lang))?;
        }
        seen += u64::from(!event.initial);
    }
    Ok(())
}
