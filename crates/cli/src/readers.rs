//! `purse reader`: the PC/SC readers, and who comes and goes.

#[cfg(feature = "pcsc")]
mod pcsc;
#[cfg(feature = "pcsc")]
mod words;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse reader`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  purse reader list
  purse reader watch --jsonl --count 1           until a card or a reader comes or goes
  purse card info --card reader:0 --wait         until there is a card in reader 0")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The readers, their numbers, and what is in them.
    List,
    /// A line whenever a reader or a card comes or goes; what is there is told first.
    Watch(WatchArgs),
}

/// Arguments of `purse reader watch`.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// One JSON object a line.
    #[arg(long)]
    jsonl: bool,
    /// End after this many events; those that tell what was there do not count.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
}

/// Does it.
///
/// # Errors
/// No PC/SC service, or a build without PC/SC.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Watch(watch) if ui.json && !watch.jsonl => Err(CliError::mistyped(
            "purse reader watch prints a stream, not one document",
            "purse reader watch --jsonl",
        )),
        Verb::List => list(ui),
        Verb::Watch(args) => watch(ui, args),
    }
}

#[cfg(feature = "pcsc")]
use pcsc::{list, watch};

#[cfg(not(feature = "pcsc"))]
fn list(_: &Ui) -> Result<(), CliError> {
    Err(without_pcsc())
}

#[cfg(not(feature = "pcsc"))]
fn watch(_: &Ui, args: &WatchArgs) -> Result<(), CliError> {
    let WatchArgs { jsonl: _, count: _, timeout: _ } = args;
    Err(without_pcsc())
}

#[cfg(not(feature = "pcsc"))]
fn without_pcsc() -> CliError {
    CliError::NoReader {
        message: "this build has no PC/SC, and sees no readers".to_owned(),
        next: format!(
            "apt-get install libpcsclite-dev && {}; without it: --card vpcd:PORT, tcp:HOST:PORT",
            crate::spec::BUILD_WITH_PCSC
        ),
    }
}
