//! `purse terminal`: taps through flows.

mod books;
mod clock;
mod desk;
mod field;
mod flows;
mod record;
mod run;
mod state;
mod tables;

pub use books::{Bad, Books, Form};
pub use clock::Clock;
pub use desk::{DeskArgs, Started};
pub use field::family_of;
pub use record::yuan;
pub use run::pin;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse terminal`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Taps of cards through a flow; each TAC is checked.
    Run(Box<run::Args>),
    /// The flows that there are.
    Flows(flows::ListArgs),
    /// Check flow files of one's own.
    Check(flows::CheckArgs),
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Run(args) => run::run(ui, args),
        Verb::Flows(args) => flows::list(ui, args),
        Verb::Check(args) => flows::check(ui, args),
    }
}
