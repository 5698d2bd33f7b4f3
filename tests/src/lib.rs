//! What the end-to-end tests share.

pub mod browser;
pub mod console;
pub mod inserted;
pub mod pcscd;
pub mod softhsm;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a recorder writes, to be looked at; clones are the same.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// What was written so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The `purse` binary of this source tree; built once per test process, where it is not up to date.
pub fn purse() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    command(BINARY.get_or_init(|| built(&[])))
}

/// The same, built with PC/SC, beside the one without.
pub fn purse_with_pcsc() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    command(BINARY.get_or_init(|| {
        let built = built(&["--features", "pcsc"]);
        let beside = built.with_file_name("purse-with-pcsc");
        // Another test process may be running the old one: a new file takes its name.
        let fresh = built.with_file_name(format!("purse-with-pcsc.{}", std::process::id()));
        let copied = std::fs::copy(&built, &fresh).and_then(|_| std::fs::rename(&fresh, &beside));
        match copied {
            Ok(()) => beside,
            Err(problem) => panic!("{}: {problem}", beside.display()),
        }
    }))
}

/// What the developer's shell says about cards must not reach the tests.
fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for name in [
        "PURSE_CARD",
        "PURSE_LANG",
        "PURSE_PIN",
        "PURSE_KEYS",
        "PURSE_KEYS_PASSPHRASE",
        "PURSE_KEYS_PASSPHRASE_FILE",
        "PURSE_KEYS_PIN",
        "PURSE_KEYS_PIN_FILE",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs a program to its end with this on its stdin.
///
/// # Panics
/// Where it cannot be started.
pub fn fed(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A program that ends before it has read everything is no failure of the test.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    child.wait_with_output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A PC/SC program among the examples of this crate, built where it is not up to date.
///
/// # Panics
/// Where it cannot be built.
pub fn pcsc_program(name: &str) -> PathBuf {
    let what = ["-p", "tests", "--features", "pcsc", "--example", name];
    match build(&what) {
        Ok(profile) => profile.join("examples").join(name),
        Err(problem) => panic!("the program {name}: {problem}"),
    }
}

fn built(features: &[&str]) -> PathBuf {
    match build(&[&["-p", "cli"], features].concat()) {
        Ok(profile) => profile.join("purse"),
        Err(problem) => panic!("the purse binary: {problem}"),
    }
}

/// Builds it; the directory that it lies in.
fn build(what: &[&str]) -> Result<PathBuf, String> {
    // target/debug/deps/cli-0123456789abcdef
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile = test.ancestors().nth(2).ok_or("the tests do not run in a target directory")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-q"]).args(what).arg("--manifest-path");
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().ok_or("no target directory")?);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(profile.to_owned())
}
