//! `purse cap`: Java Card packages as files, shown and compared.
//!
//! One module per verb. What a file says and means is computed in `capfile`; here are arguments,
//! files and words.

mod diff;
mod dump;
mod exp;
pub mod input;
mod stubs;
mod verify;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse cap`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What a CAP file says, component by component, with the names of what it refers to.
    Dump(dump::Args),
    /// How two CAP files differ: in what they mean, then in their bytes.
    ///
    /// Ends with 0 where every component is identical, else with 50.
    Diff(diff::Args),
    /// Whether a card can trust CAP files: structure, agreement of components, bytecode, versions.
    ///
    /// Says ok, or all refusals with component, offset, method and rule, and ends with 50.
    Verify(verify::Args),
    /// What an export file offers: classes, methods and fields with their tokens.
    Exp(exp::Args),
    /// Write the classes of a platform as a JAR, for javac and IDEs.
    Stubs(stubs::Args),
}

/// Does it.
///
/// # Errors
/// A file that cannot be read, or is not what it should be.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Dump(args) => dump::run(ui, args),
        Verb::Diff(args) => diff::run(ui, args),
        Verb::Verify(args) => verify::run(ui, args),
        Verb::Exp(args) => exp::run(ui, args),
        Verb::Stubs(args) => stubs::run(ui, args),
    }
}
