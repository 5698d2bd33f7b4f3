//! `purse cap dump`.

use std::path::PathBuf;

use capfile::dump::Dump;
use serde::Serialize;

use super::input::{self, NamesArgs};
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse cap dump`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The CAP file: a JAR, or components back to back.
    file: PathBuf,
    #[command(flatten)]
    names: NamesArgs,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    file: String,
    #[serde(flatten)]
    dump: Dump,
}

/// Prints what it says.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let names = args.names.names()?;
    let (cap, container) = input::cap(&args.file)?;
    let dump = Dump::new(&cap, container.as_ref(), &names)
        .map_err(|error| CliError::Bug(format!("what was read is not written: {error}")))?;
    match ui.json {
        true => ui.document(&Document { ok: true, file: args.file.display().to_string(), dump }),
        false => ui.print(&dump.to_string()),
    }
}
