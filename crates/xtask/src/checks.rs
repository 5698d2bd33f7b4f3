//! Formatting, lints, tests.

use crate::bench::{self, Build};
use crate::command::{Failure, cargo, run, succeeds};
use crate::{conform, fuzz, mutants, setup};

/// Length of the fuzzing within `test`, all targets together.
const SMOKE_SECONDS: u64 = 20;

/// Length of the judging of mutants within `test`, once they are built.
const MUTANT_SECONDS: &str = "60";

/// `cargo xtask ci`.
pub fn ci(_: &[String]) -> Result<(), Failure> {
    fmt(&["--check".to_owned()])?;
    setup::task(&[])?;
    lint(&[])?;
    test(&[])
}

/// `cargo xtask fmt [--check]`.
pub fn fmt(options: &[String]) -> Result<(), Failure> {
    run(cargo(&["fmt", "--all"]).args(options))?;
    run(cargo(&["fmt", "--manifest-path", fuzz::MANIFEST]).args(options))
}

/// `cargo xtask lint`. Without the PC/SC library, what needs it is left out.
pub fn lint(options: &[String]) -> Result<(), Failure> {
    let mut clippy = cargo(&["clippy", "--workspace", "--all-targets"]);
    if succeeds("pkg-config", &["--exists", "libpcsclite"]) {
        clippy.arg("--all-features");
    } else {
        eprintln!("xtask: no libpcsclite: PC/SC code is not looked at (cargo xtask setup)");
    }
    run(clippy.args(options).args(["--", "-D", "warnings"]))
}

/// `cargo xtask test`.
pub fn test(options: &[String]) -> Result<(), Failure> {
    setup::task(&[])?;
    run(&mut cargo(&["build", "--package", "cli"]))?;
    run(cargo(&["test"]).args(options))?;
    golden()?;
    run(cargo(&["test", "--package", "reader", "--features", "pcsc"]).args(options))?;
    let pcsc = ["test", "--package", "tests", "--features", "pcsc", "--test", "pcsc", "--test"];
    let others = ["readers", "--test", "taps", "--test", "suites_pcsc", "--test", "readme"];
    run(cargo(&pcsc).args(others).args(options))?;
    let softhsm = ["test", "--package", "tests", "--features", "softhsm", "--test", "softhsm"];
    run(cargo(&softhsm).args(options))?;
    let browser = ["test", "--package", "tests", "--features", "browser", "--test", "html_report"];
    run(cargo(&browser).args(options))?;
    // Beside `cli`, which wants it, the key store has PKCS#11; alone it has not.
    run(cargo(&["test", "--package", "keystore"]).args(options))?;
    // The PC/SC build of `purse`, driving its own card through a daemon of its own.
    bench::measure(Build::Debug, &["--json", "--seconds", "0.05", "--cards", "10"])?;
    run(cargo(&["test", "--package", "xtask"]).args(options))?;
    // Right cards and wrong ones, then mutants of what changed and some of the rest.
    conform::task(&[])?;
    mutants::task(&["--changed", "base", "--sample", MUTANT_SECONDS].map(str::to_owned))?;
    fuzz::smoke(SMOKE_SECONDS)
}

/// The table of packages by targets: what the converter makes, byte by byte, beside the reference.
/// Where the reference is, the variable says; the tests have compared it already, and said nothing.
fn golden() -> Result<(), Failure> {
    if std::env::var_os("PURSEKIT_GOLDEN").is_none() {
        eprintln!(
            "xtask: SKIPPED: no PURSEKIT_GOLDEN: the converter is not compared with a reference"
        );
        return Ok(());
    }
    let table = ["test", "--package", "converter", "--test", "golden", "--", "--nocapture"];
    run(&mut cargo(&table))
}
