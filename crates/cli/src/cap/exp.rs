//! `purse cap exp`.

use std::path::PathBuf;

use capfile::dump::ExportListing;
use serde::Serialize;

use super::input;
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse cap exp`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The export file.
    file: PathBuf,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    file: String,
    #[serde(flatten)]
    export: ExportListing,
}

/// Prints what it says.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let file = args.file.display().to_string();
    let export = input::export(&args.file)?;
    let export = ExportListing::new(&export, &file)
        .map_err(|source| input::malformed(&args.file, source))?;
    match ui.json {
        true => ui.document(&Document { ok: true, file, export }),
        false => ui.print(&export.to_string()),
    }
}
