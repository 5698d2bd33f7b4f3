//! Commands that a page shows, with their output: pages are tests too.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A command of a console block and the output shown below it.
pub struct Shown {
    /// The line behind `$ `.
    pub command: String,
    /// The lines up to the next command.
    pub output: String,
}

/// The commands in the console blocks of a page.
///
/// # Panics
/// Output without a command.
pub fn shown(page: &str) -> Vec<Shown> {
    let mut out: Vec<Shown> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for line in block.lines() {
            match (line.strip_prefix("$ "), out.last_mut()) {
                (Some(command), _) => {
                    out.push(Shown { command: command.to_owned(), output: String::new() });
                }
                (None, Some(last)) => {
                    last.output.push_str(line);
                    last.output.push('\n');
                }
                (None, None) => panic!("output without a command: {line}"),
            }
        }
    }
    out
}

/// Runs a line of shell in `directory`, with the built `purse` on the path.
///
/// # Panics
/// No shell.
pub fn shell(line: &str, directory: &Path) -> Output {
    let purse = PathBuf::from(crate::purse().get_program());
    let bin = purse.parent().expect("a directory").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(std::env::split_paths(&path));
    Command::new("sh")
        .args(["-c", line])
        .current_dir(directory)
        .env("PATH", std::env::join_paths(paths).expect("a path"))
        .env_remove("PURSE_CARD")
        .env_remove("PURSE_LANG")
        .stdin(Stdio::null())
        .output()
        .expect("sh runs")
}
