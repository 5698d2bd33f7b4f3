//! `purse cap diff`.

use std::path::PathBuf;

use capfile::diff::{Difference, Side, Verdict};
use serde::Serialize;

use super::input::{self, NamesArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// Arguments of `purse cap diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One CAP file.
    first: PathBuf,
    /// The other.
    second: PathBuf,
    #[command(flatten)]
    names: NamesArgs,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    first: String,
    second: String,
    #[serde(flatten)]
    difference: Difference,
}

/// Compares them.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let names = args.names.names()?;
    let (first, first_container) = input::cap(&args.first)?;
    let (second, second_container) = input::cap(&args.second)?;
    let sides = (
        Side { cap: &first, container: first_container.as_ref() },
        Side { cap: &second, container: second_container.as_ref() },
    );
    let difference = Difference::between(sides.0, sides.1, &names)
        .map_err(|error| CliError::Bug(format!("what was read is not written: {error}")))?;
    let verdict = difference.verdict;
    let identical = verdict == Verdict::Identical;
    let (first, second) = (args.first.display().to_string(), args.second.display().to_string());
    if !ui.json {
        ui.print(&difference.to_string())?;
    }
    if identical {
        return match ui.json {
            true => ui.document(&Document { ok: true, first, second, difference }),
            false => Ok(()),
        };
    }
    let message = match verdict {
        Verdict::Equivalent => format!("{first} and {second} mean the same, their bytes differ"),
        _ => format!("{first} and {second} differ"),
    };
    let next = format!("purse cap dump {first}, purse cap dump {second}");
    let document =
        ui.json.then(|| serde_json::to_value(Document { ok: false, first, second, difference }));
    let document = document
        .transpose()
        .map_err(|error| CliError::Bug(format!("a result is no JSON: {error}")))?;
    Err(CliError::Unfinished {
        exit: Exit::ClassFile,
        message,
        next,
        document: document.map(Box::new),
    })
}
