//! `purse trace convert`.

use link::{Outcome, Step, StepKind};
use serde::Serialize;

use super::{ConvertArgs, Target};
use crate::error::CliError;
use crate::ui::{Ui, hex_text};

/// An event as a line of JSON. `line` is where it stands in the file that was read.
#[derive(Serialize)]
struct EventLine {
    event: &'static str,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// `answered`, `mute`, `no-card` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Prints the recording, or its events.
pub(super) fn run(ui: &Ui, args: &ConvertArgs) -> Result<(), CliError> {
    if ui.json {
        return Err(CliError::mistyped(
            "purse trace convert prints a recording or a stream, not one document",
            "purse trace convert --to jsonl, or purse trace view --json",
        ));
    }
    let (recording, format) = args.source.read()?;
    let exchanges = recording.steps.iter();
    let exchanges = exchanges.filter(|step| matches!(step.kind, StepKind::Exchange(..))).count();
    ui.say(&format!("{exchanges} exchanges in the {format} log {}", args.source.name()));
    match args.to {
        Target::Recording => ui.print(&recording.to_string()),
        Target::Jsonl => recording.steps.iter().try_for_each(|step| ui.line(&EventLine::new(step))),
    }
}

impl EventLine {
    fn new(step: &Step) -> Self {
        let (event, command, result) = match &step.kind {
            StepKind::Reset(atr) => ("reset", None, Some(atr)),
            StepKind::PowerOff => ("power-off", None, None),
            StepKind::Exchange(command, answer) => {
                ("exchange", Some(command.to_string()), Some(answer))
            }
        };
        let (outcome, answer, problem) = match result {
            None => (None, None, None),
            Some(Outcome::Bytes(bytes)) => (Some("answered"), Some(hex_text(bytes)), None),
            Some(Outcome::Mute) => (Some("mute"), None, None),
            Some(Outcome::NoCard) => (Some("no-card"), None, None),
            Some(Outcome::Failed(words)) => (Some("failed"), None, Some(words.clone())),
        };
        Self { event, line: step.line, command, outcome, answer, problem }
    }
}
