//! `purse control`: the hand at an emulated card.

use link::CardControl;
use reader::{ControlClient, Timeouts};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse control`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where `purse emulate --control HOST:PORT` listens.
    #[arg(value_name = "HOST:PORT")]
    address: String,
    /// What to do to the card.
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Put the card into its reader.
    Insert,
    /// Pull it out, whatever it is doing.
    Remove,
    /// Reset it behind its reader's back.
    Reset,
    /// Let it lose power at the K-th memory write from now; 1 is the next.
    Tear {
        /// Which write.
        #[arg(value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
        write: u64,
    },
    /// Keep its whole state under a name.
    Snapshot {
        /// The name, one word.
        name: String,
    },
    /// Go back to a state; the card is powered off by it.
    Restore {
        /// The name, one word.
        name: String,
    },
    /// Go back to a state without its reader noticing: in the middle of what it was doing.
    Resume {
        /// The name, one word.
        name: String,
    },
    /// Print what a copy of it, reset, would answer to commands; `-` is silence.
    Rehearse {
        /// Commands.
        #[arg(value_name = "HEX", required = true)]
        commands: Vec<String>,
    },
    /// Set values, in this order; `purse emulate --help` lists them.
    Set {
        /// What to set.
        #[arg(value_name = "KEY=VALUE", required = true)]
        settings: Vec<String>,
    },
    /// Print its state.
    Status,
}

#[derive(Serialize)]
struct Done {
    ok: bool,
    answer: String,
}

#[derive(Serialize)]
struct Status {
    ok: bool,
    status: Map<String, Value>,
}

/// Does it.
///
/// # Errors
/// No emulator there, or its refusal.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let mut card = ControlClient::connect(&args.address, Timeouts::default())?;
    let line = match &args.verb {
        Verb::Insert => "insert".to_owned(),
        Verb::Remove => "remove".to_owned(),
        Verb::Reset => "reset".to_owned(),
        Verb::Tear { write } => format!("tear {write}"),
        Verb::Snapshot { name } => format!("snapshot {}", word(name)?),
        Verb::Restore { name } => format!("restore {}", word(name)?),
        Verb::Resume { name } => format!("resume {}", word(name)?),
        Verb::Rehearse { commands } => format!("rehearse {}", hexadecimal(commands)?),
        Verb::Set { settings } => format!("set {}", assignments(settings)?),
        Verb::Status => return status(ui, &mut card),
    };
    let answer = card.ask(&line)?;
    if ui.json { ui.document(&Done { ok: true, answer }) } else { ui.print(&format!("{answer}\n")) }
}

fn status(ui: &Ui, card: &mut ControlClient) -> Result<(), CliError> {
    let pairs = card.status()?;
    if ui.json {
        let status = pairs.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
        return ui.document(&Status { ok: true, status });
    }
    let width = pairs.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let line = |(key, value): &(String, String)| format!("{key:width$}  {value}\n");
    ui.print(&pairs.iter().map(line).collect::<String>())
}

/// The settings as one line: values lose their spaces, which only hex has.
fn assignments(settings: &[String]) -> Result<String, CliError> {
    let one = |setting: &String| match setting.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.contains(char::is_whitespace) => {
            let value: String = value.split_whitespace().collect();
            Ok(format!("{key}={value}"))
        }
        _ => Err(CliError::mistyped(
            format!("'{setting}' is not KEY=VALUE"),
            "purse control HOST:PORT set balance=10.00",
        )),
    };
    Ok(settings.iter().map(one).collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// Commands as one line; each loses its spaces.
fn hexadecimal(commands: &[String]) -> Result<String, CliError> {
    let one = |command: &String| {
        let digits: String = command.split_whitespace().collect();
        match hex::decode(&digits) {
            Ok(_) if !digits.is_empty() => Ok(digits),
            _ => Err(CliError::mistyped(
                format!("'{command}' is no command in hexadecimal"),
                "purse control HOST:PORT rehearse 00A40000023F00",
            )),
        }
    };
    Ok(commands.iter().map(one).collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn word(name: &str) -> Result<&str, CliError> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(CliError::Usage(format!(
            "'{name}' is not one word; give a name without spaces"
        )));
    }
    Ok(name)
}
