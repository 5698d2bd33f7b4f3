//! `purse apdu`: raw commands to a card, from the command line or a script.

use std::io::{BufRead, BufReader, Read};

use apdu::{ResponseApdu, StatusWord};
use link::{CardTransport, LinkError};
use serde::Serialize;

use crate::error::CliError;
use crate::spec::{CardArgs, Fetching};
use crate::ui::{Ui, hex_text};

/// Arguments of `purse apdu`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each command is answered with one line of hex on stdout: data and SW1 SW2. Any answer is a result,
so the exit code is 0 whatever the card says; --expect 9000 stops at another status word and exits
with 40.

A script has one command per line; # starts a comment, and the word reset resets the card. A wrong
line ends it with its number, before anything is sent.

Examples:
  purse apdu --card virtual:jtt978 00A4040008A000000632010105 805C000204
  purse apdu --card tcp:127.0.0.1:3965 -v --expect 9000 - < script.txt")]
pub struct Args {
    #[command(flatten)]
    card: CardArgs,
    /// Commands in hex, one per argument; - reads a script from stdin.
    #[arg(value_name = "HEX", required = true)]
    commands: Vec<String>,
    /// Status word that every answer must have; X stands for any digit, as in 63CX.
    #[arg(long, value_name = "SW", value_parser = status_pattern)]
    expect: Option<String>,
    /// Show 61xx and 6Cxx instead of fetching what waits.
    #[arg(long)]
    raw: bool,
    /// Reset the card first; a virtual card always is.
    #[arg(long)]
    reset: bool,
}

/// A line of a script.
enum Step {
    Reset,
    Command(Vec<u8>),
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    exchanges: Vec<Exchange>,
}

#[derive(Serialize)]
struct Exchange {
    command: String,
    answer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

/// Sends the commands.
///
/// # Errors
/// A line that is no command, a card that falls silent, or another status word than expected.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let steps = steps(&args.commands)?;
    let fetching = if args.raw { Fetching::Raw } else { Fetching::Done };
    let mut opened = args.card.open(ui, fetching)?;
    let card = opened.transport.as_mut();
    if opened.unpowered || args.reset {
        card.reset()?;
    }
    let mut exchanges = Vec::new();
    for step in steps {
        let exchange = match &step {
            Step::Reset => Exchange {
                command: "reset".to_owned(),
                answer: card.reset()?.to_string(),
                status: None,
                meaning: None,
            },
            Step::Command(command) => send(ui, card, command)?,
        };
        if !ui.json {
            ui.print(&format!("{}\n", exchange.answer))?;
        }
        check(args.expect.as_deref(), &exchange)?;
        exchanges.push(exchange);
    }
    if ui.json { ui.document(&Document { ok: true, exchanges }) } else { Ok(()) }
}

fn send(ui: &Ui, card: &mut dyn CardTransport, command: &[u8]) -> Result<Exchange, CliError> {
    let answer = card.transmit(command)?;
    let status = ResponseApdu::parse(&answer)
        .map_err(|error| LinkError::Protocol(error.to_string()))?
        .status;
    Ok(Exchange {
        command: hex_text(command),
        answer: hex_text(&answer),
        status: Some(status.to_string()),
        meaning: Some(ui.lang.pick(status.meaning(), status.meaning_zh())),
    })
}

fn check(expected: Option<&str>, exchange: &Exchange) -> Result<(), CliError> {
    let (Some(expected), Some(status)) = (expected, &exchange.status) else { return Ok(()) };
    let fits = |(wanted, found): (char, char)| wanted == 'X' || wanted == found;
    if expected.chars().zip(status.chars()).all(fits) {
        return Ok(());
    }
    Err(CliError::Expected {
        command: header(&exchange.command),
        status: StatusWord(u16::from_str_radix(status, 16).unwrap_or_default()),
        expected: expected.to_owned(),
    })
}

/// CLA INS P1 P2: data may be a PIN.
fn header(command: &str) -> String {
    command.chars().take(8).collect()
}

fn steps(arguments: &[String]) -> Result<Vec<Step>, CliError> {
    let mut steps = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        if argument == "-" {
            steps.extend(script(std::io::stdin().lock())?);
        } else {
            steps.extend(step(argument, &format!("command {}", at + 1))?);
        }
    }
    Ok(steps)
}

fn script(input: impl Read) -> Result<Vec<Step>, CliError> {
    const MOST: u64 = 16 * 1024 * 1024;
    let mut steps = Vec::new();
    let mut length = 0;
    for (at, line) in BufReader::new(input.take(MOST + 1)).lines().enumerate() {
        let place = format!("script line {}", at + 1);
        length += line.as_ref().map_or(0, |line| line.len() as u64 + 1);
        if length > MOST {
            let next = "split it, or feed purse emulate --listen";
            return Err(CliError::mistyped("the script has more than 16 MiB", next));
        }
        let line = line.map_err(|error| {
            CliError::mistyped(format!("{place}: {error}"), "give lines of hex, # for comments")
        })?;
        steps.extend(step(&line, &place)?);
    }
    Ok(steps)
}

fn step(text: &str, place: &str) -> Result<Option<Step>, CliError> {
    let code = text.split('#').next().unwrap_or_default();
    let plain: String = code.split_whitespace().collect();
    if plain.is_empty() {
        return Ok(None);
    }
    if plain.eq_ignore_ascii_case("reset") {
        return Ok(Some(Step::Reset));
    }
    let wrong = |problem: String| {
        CliError::mistyped(
            format!("{place}: '{}' is no command: {problem}", code.trim().escape_debug()),
            "give hex, such as 00A4040008A000000632010105",
        )
    };
    let bytes = hex::decode(&plain).map_err(|error| wrong(error.to_string()))?;
    if bytes.len() < 4 {
        return Err(wrong("it has fewer than the four bytes CLA INS P1 P2".to_owned()));
    }
    // Lengths that do not add up are sent as they are: that is what raw commands are for.
    Ok(Some(Step::Command(bytes)))
}

fn status_pattern(text: &str) -> Result<String, String> {
    let pattern = text.to_ascii_uppercase();
    let digit = |c: char| c.is_ascii_hexdigit() || c == 'X';
    if pattern.len() == 4 && pattern.chars().all(digit) {
        Ok(pattern)
    } else {
        Err("write four hex digits, X for any, such as 9000 or 63CX".to_owned())
    }
}
