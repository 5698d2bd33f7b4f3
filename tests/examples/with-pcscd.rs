//! Runs a command beside a PC/SC daemon of its own: `with-pcscd PROGRAM ARGUMENT...`, where `{port}`
//! and `{reader}` in an argument stand for a virtual reader's vpcd port and name.

use std::process::ExitCode;

use tests::pcscd::PrivatePcscd;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("with-pcscd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("usage: with-pcscd PROGRAM ARGUMENT...")?;
    let daemon = PrivatePcscd::start(1)?;
    let port = daemon.ports().first().ok_or("the daemon has no reader")?.to_string();
    let reader = daemon.reader(0);
    let status = daemon
        .command(&program)
        .args(arguments.map(|text| text.replace("{port}", &port).replace("{reader}", &reader)))
        .status()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
