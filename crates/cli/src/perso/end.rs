//! How a run ends: its summary, its exit code.

use perso::engine::{RunError, SourceError, Tally, WorkError};
use serde_json::{Value, json};

use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// What a run came to.
pub struct Ending {
    /// How many cards are how far.
    pub tally: Tally,
    /// Ctrl-C was pressed.
    pub interrupted: bool,
    /// The journal.
    pub journal: String,
    /// The command that makes the report.
    pub report: String,
}

impl Ending {
    /// Says it, and gives it its exit code.
    ///
    /// # Errors
    /// [`CliError::Unfinished`] where not every card was made.
    pub fn tell(self, ui: &Ui, streamed: bool) -> Result<(), CliError> {
        let document = self.document();
        let summary = words::tally(&self.tally, ui.lang);
        if !streamed && !ui.json {
            ui.print(&format!("{summary}\n"))?;
            ui.say(&ui.lang.pick(
                format!("journal {}; report: {}", self.journal, self.report),
                format!("日志 {}; 报告: {}", self.journal, self.report),
            ));
        }
        let unfinished = |exit, message: &str, next: &str| {
            let (message, next) = (format!("{message}: {summary}"), next.to_owned());
            let document = (!streamed).then(|| Box::new(document.clone()));
            Err(CliError::Unfinished { exit, message, next, document })
        };
        if self.interrupted {
            let next = "the same command with --resume goes on";
            return unfinished(Exit::Interrupted, "interrupted, the state is kept", next);
        }
        if self.tally.rejected > 0 || self.tally.begun > 0 {
            return unfinished(Exit::Rejected, "not every card was made", &self.report);
        }
        if ui.json && !streamed { ui.document(&document) } else { Ok(()) }
    }

    fn document(&self) -> Value {
        let Tally { rejected, begun, .. } = self.tally;
        json!({
            "ok": !self.interrupted && rejected == 0 && begun == 0,
            "journal": self.journal,
            "tally": words::tally_json(&self.tally),
        })
    }
}

/// What ended a run before its end.
pub fn of_run(error: RunError) -> CliError {
    match error {
        RunError::Journal(error) => error.into(),
        RunError::Source(error) => of_source(error),
        RunError::Work(error) => of_work(error),
    }
}

fn of_work(error: WorkError) -> CliError {
    match error {
        WorkError::Keys(error) => error.into(),
        WorkError::Order(text) => CliError::CardFile(text),
        WorkError::Source(error) => of_source(error),
    }
}

fn of_source(error: SourceError) -> CliError {
    match error {
        SourceError::Link(error) => error.into(),
        SourceError::Occupied(error) | SourceError::Other(error) => {
            match error.downcast::<CliError>() {
                Ok(error) => *error,
                Err(error) => CliError::Bug(error.to_string()),
            }
        }
    }
}

impl From<WorkError> for CliError {
    fn from(error: WorkError) -> Self {
        of_work(error)
    }
}
