//! Asking before something happens that is not undone.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::error::CliError;
use crate::ui::Ui;

/// The option that answers beforehand.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct YesArgs {
    /// Do it without asking.
    #[arg(long, short = 'y')]
    yes: bool,
}

impl YesArgs {
    /// Shows the plan, and asks where nobody has answered yet.
    ///
    /// # Errors
    /// [`CliError::Mistyped`] where there is nobody to ask, or the answer is no.
    pub fn confirm(self, ui: &Ui, plan: &str) -> Result<(), CliError> {
        ui.say(plan);
        if self.yes {
            return Ok(());
        }
        let refused =
            |why: &str| Err(CliError::mistyped(format!("nothing was done: {why}"), "--yes"));
        if !io::stdin().is_terminal() {
            return refused("it is not undone, and nobody is here to be asked");
        }
        let _ = write!(io::stderr().lock(), "{}", ui.lang.pick("go on? [y/N] ", "继续? [y/N] "));
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer).is_err() {
            return refused("no answer");
        }
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => refused("the answer was no"),
        }
    }
}
