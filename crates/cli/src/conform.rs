//! `purse conform`: what a card must do, in numbered cases, run against any card.

mod cases;
mod coverage;
mod explain;
mod list;
mod reports;
mod run;
mod target;
mod watch;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse conform`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run suites against a card; a verdict for each case.
    Run(Box<run::Args>),
    /// The cases that there are; what they cover; the wrong cards that they catch.
    List(list::Args),
    /// What a case does, why, and what it rests on.
    Explain(explain::Args),
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Run(args) => run::run(ui, args),
        Verb::List(args) => list::run(ui, args),
        Verb::Explain(args) => explain::run(ui, args),
    }
}
