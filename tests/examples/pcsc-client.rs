//! A PC/SC program for tests: `pcsc-client READER` does to the card in READER what each line of its
//! input says, and answers each with a line.
//!
//! `begin`, `end`: an exclusive scope. `reset`, `off`: power. Hex: a command. An error is told as
//! `error sent=NO|MAYBE WORDS`.

use std::io::BufRead;
use std::process::ExitCode;
use std::time::Duration;

use link::{CardTransport, LinkError};
use reader::{PcscReader, Share};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pcsc-client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let name = std::env::args().nth(1).ok_or("usage: pcsc-client READER")?;
    let card = PcscReader::open(Some(&name), Share::Shared).map_err(|error| error.to_string())?;
    let mut card = card.patience(Duration::from_secs(2));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let done = match line.as_str() {
            "begin" => card.begin_exclusive().map(|()| "begun".to_owned()),
            "end" => card.end_exclusive().map(|()| "ended".to_owned()),
            "reset" => card.reset().map(|atr| atr.to_string()),
            "off" => card.power_off().map(|()| "off".to_owned()),
            command => {
                let command = hex::decode(command).map_err(|error| error.to_string())?;
                card.transmit(&command).map(hex::encode_upper)
            }
        };
        println!("{}", done.unwrap_or_else(|error| told(&error)));
    }
    Ok(())
}

fn told(error: &LinkError) -> String {
    let sent = if error.may_have_executed() { "MAYBE" } else { "NO" };
    format!("error sent={sent} {error}")
}
