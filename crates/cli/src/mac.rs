//! `purse mac`: what MACs and TACs cover, and which mistake makes a wrong one.

mod diagnose;
mod document;
mod explain;
mod source;
mod typed;
mod words;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse mac`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
INPUT is a recording (--record FILE beside any --card), a log that purse trace reads, - for stdin, or \
commands and their answers in hex by turns. What was said to a PSAM may be in the same file or in a \
second one: it tells the terminal number, date and serial that the PSAM had.

Examples:
  purse mac diagnose session.rec                      why 9302?
  purse mac diagnose card.rec psam.rec --candidate 313233343536
  purse mac diagnose --profile pboc 805001020B01.. 00002000..9000 805401000F.. 9302
  purse mac explain session.rec                       every input of every MAC and TAC
  purse mac explain --profile jtt978 --transaction capp --amount 2.50 --terminal 313233343536 \\
    --random A1B2C3D4 --counter 0005 --terminal-serial 0000002A --date 20240102 --time 030405")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What each MAC and TAC of a transaction covers, block by block.
    ///
    /// The transaction is read from INPUT, or given field by field. Keys and chain values are
    /// shown where the keys are public lab keys, check values else.
    Explain(Box<explain::Args>),
    /// Which mistake makes a MAC or TAC that is wrong.
    ///
    /// Computes what somebody who makes a mistake would have sent, for every mistake of a table
    /// (docs/mac-diagnosis.md), for every two of them, and for every serial, time and date; and
    /// names those that give the code that was sent.
    Diagnose(diagnose::Args),
}

/// Does it.
///
/// # Errors
/// An input that cannot be read or has no transaction; for `diagnose`, a code that nothing fits.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Explain(args) => explain::run(ui, args),
        Verb::Diagnose(args) => diagnose::run(ui, args),
    }
}
