//! `purse conform list --coverage`: what the built-in suites cover, and why they leave the rest.

use applet_spec::Profile;
use conformance::coverage::{self, Coverage, Reasons};
use conformance::{Suites, coverage::CoveredCell};

use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// Tells it.
///
/// # Errors
/// [`CliError::Unfinished`] where a cell is empty, or a reason fits none any more.
pub fn tell(ui: &Ui) -> Result<(), CliError> {
    let names = Profile::built_in_names().iter();
    let profiles: Vec<&Profile> =
        names.filter_map(|name| Profile::built_in(name)).map(AsRef::as_ref).collect();
    let coverage = coverage::table(Suites::built_in().cases(), &profiles, Reasons::built_in());
    if ui.json {
        ui.document(&document(&coverage))?;
    } else {
        ui.print(&coverage.text())?;
    }
    if is_whole(&coverage) {
        return Ok(());
    }
    ui.say("next: write the case, or mend tests/suites/coverage.toml");
    Err(CliError::Told(Exit::TestsFailed))
}

fn is_whole(coverage: &Coverage) -> bool {
    let faults = coverage.empty().count() + coverage.stale.len() + coverage.mistakes.len();
    faults == 0
}

fn document(coverage: &Coverage) -> serde_json::Value {
    let cell = |covered: &CoveredCell| {
        serde_json::json!({
            "set": covered.cell.set.word(),
            "command": covered.cell.command,
            "aspect": covered.cell.aspect.words(),
            "cases": covered.cases,
            "count": covered.count,
            "reason": covered.reason.as_ref().map(|reason| &reason.en),
        })
    };
    let cells: Vec<_> = coverage.cells.iter().map(cell).collect();
    serde_json::json!({
        "ok": is_whole(coverage),
        "empty": coverage.empty().count(),
        "stale": coverage.stale,
        "mistakes": coverage.mistakes,
        "cells": cells,
    })
}
