//! `purse trace view`.

use std::sync::Arc;

use applet_spec::Profile;
use link::{Outcome, Recording, StepKind};
use serde::Serialize;

use super::ViewArgs;
use super::words::{StepLine, Words};
use crate::error::CliError;
use crate::made;
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
        None => family_of(&recording)?,
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

/// The family whose application was selected: that of the last SELECT by name that is answered as
/// the family does.
fn family_of(recording: &Recording) -> Result<Option<Arc<Profile>>, CliError> {
    let mut profiles = Vec::new();
    for name in Profile::built_in_names() {
        profiles.push(Profile::find(name)?);
    }
    Ok(recording.steps.iter().rev().find_map(|step| {
        let StepKind::Exchange(command, Outcome::Bytes(answer)) = &step.kind else { return None };
        let command: Vec<u8> = command.0.iter().copied().collect::<Option<_>>()?;
        let command = apdu::CommandApdu::new(&command);
        let selects = (command.ins(), command.p1()) == (0xA4, 0x04);
        let fci = answer.split_last_chunk::<2>().map(|(fci, _)| fci).filter(|_| selects)?;
        profiles.iter().find(|profile| profile.may_be(command.data(), fci)).cloned()
    }))
}
