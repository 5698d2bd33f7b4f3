//! Benchmarks: `purse bench` with PC/SC, and a PC/SC daemon of its own to measure through.

use std::process::Command;

use crate::command::{Failure, cargo, root, run};
use crate::setup;

/// How the measured program is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// To see that it works.
    Debug,
    /// To measure.
    Release,
}

/// `cargo xtask bench [OPTIONS OF purse bench]`. With `--vpcd`, the daemon there is measured.
pub fn task(options: &[String]) -> Result<(), Failure> {
    setup::task(&[])?;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    measure(Build::Release, &options)
}

/// Builds `purse` with PC/SC and runs its benchmarks.
pub fn measure(build: Build, options: &[&str]) -> Result<(), Failure> {
    let (folder, profile): (_, &[&str]) = match build {
        Build::Debug => ("debug", &[]),
        Build::Release => ("release", &["--release"]),
    };
    run(cargo(&["build", "--package", "cli", "--features", "pcsc"]).args(profile))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let programs = root().join(target).join(folder);
    let purse = programs.join("purse");
    if options.iter().any(|option| option.starts_with("--vpcd")) {
        return run(Command::new(purse).arg("bench").args(options));
    }
    run(cargo(&["build", "--package", "tests", "--example", "with-pcscd"]).args(profile))?;
    let mut bench = Command::new(programs.join("examples/with-pcscd"));
    bench.arg(purse).args(["bench", "--vpcd", "127.0.0.1:{port}", "--reader", "{reader}"]);
    run(bench.args(options))
}
