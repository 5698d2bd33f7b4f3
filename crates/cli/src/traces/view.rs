//! `purse trace view`.

use applet_spec::Profile;
use diagnosis::{Counted, Trace};
use serde::Serialize;

use super::ViewArgs;
use super::words::{StepLine, Words};
use crate::error::CliError;
use crate::made;
use crate::recordings;
use crate::ui::Ui;

#[derive(Serialize)]
struct Document {
    ok: bool,
    file: String,
    format: &'static str,
    family: Option<String>,
    steps: Vec<StepLine>,
}

/// Prints the recording in words.
pub(super) fn run(ui: &Ui, args: &ViewArgs) -> Result<(), CliError> {
    let (recording, format) = args.source.read()?;
    let profile = match &args.profile {
        Some(name) => Some(Profile::find(name)?),
        None => {
            let mut trace = Trace::new();
            trace.add(&args.source.name(), Counted::Lines, &recording);
            recordings::families(&trace)?.into_iter().next()
        }
    };
    let family = profile.as_ref().map(|one| format!("{} {}", one.name, one.version));
    // Families differ little in what commands mean.
    let rules = made::or_default(profile)?;
    let mut words = Words::new(&rules.rules, ui.lang);
    let steps: Vec<StepLine> = recording.steps.iter().map(|step| words.of(step)).collect();
    if ui.json {
        let (file, format) = (args.source.name(), format.name());
        return ui.document(&Document { ok: true, file, format, family, steps });
    }
    if let Some(family) = &family {
        ui.print(&format!("{family}\n"))?;
    }
    steps.iter().try_for_each(|step| ui.print(&step.text(ui)))
}
