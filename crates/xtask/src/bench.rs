//! Benchmarks: `purse bench` of a release build, with a PC/SC daemon of its own to measure through.

use std::process::Command;

use crate::command::{Failure, cargo, root, run};
use crate::setup;

/// `cargo xtask bench [OPTIONS OF purse bench]`. With `--vpcd`, the daemon there is measured.
pub fn task(options: &[String]) -> Result<(), Failure> {
    setup::task(&[])?;
    run(&mut cargo(&["build", "--release", "--package", "cli", "--features", "pcsc"]))?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let programs = root().join(folder).join("release");
    let purse = programs.join("purse");
    if options.iter().any(|option| option.starts_with("--vpcd")) {
        return run(Command::new(purse).arg("bench").args(options));
    }
    run(&mut cargo(&["build", "--release", "--package", "tests", "--example", "with-pcscd"]))?;
    let mut bench = Command::new(programs.join("examples/with-pcscd"));
    // The port is that of the daemon's first reader.
    bench.arg(purse).args(["bench", "--vpcd", "127.0.0.1:{port}", "--reader", "0"]);
    run(bench.args(options))
}
