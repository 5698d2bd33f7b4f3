//! `purse cap exp`.

use std::path::PathBuf;

use capfile::dump::ExportListing;
use capfile::export::ExportFile;
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
    let bytes = input::bytes(&args.file)?;
    let malformed = |source| CliError::Package { path: file.clone(), source };
    let export = ExportFile::read(&bytes, &file).map_err(malformed)?;
    let export = ExportListing::new(&export, &file).map_err(malformed)?;
    match ui.json {
        true => ui.document(&Document { ok: true, file, export }),
        false => ui.print(&export.to_string()),
    }
}
