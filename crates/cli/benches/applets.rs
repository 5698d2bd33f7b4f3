//! `cargo bench`: what `purse bench --only applets` measures, with the same words and limits.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo says `--bench`; what else stands behind `--` is for `purse bench`.
    let options = std::env::args().skip(1).filter(|option| option != "--bench");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_purse"));
    match bench.args(["bench", "--only", "applets"]).args(options).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("purse cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}
