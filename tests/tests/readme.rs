//! Every command of the README is run, and every answer it shows is the answer there is.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::console::{self, Shown, shell};

/// `purse` is built with PC/SC for one test and without for others: never while one of them runs it.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shown() -> Vec<Shown> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let out = console::shown(&text);
    assert!(out.len() >= 7, "the README shows commands");
    out
}

/// A folder to run commands in, with what they name of this repository.
fn workplace() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for name in ["tests", "examples"] {
        let here = root().canonicalize().expect("the repository").join(name);
        std::os::unix::fs::symlink(here, directory.path().join(name)).expect("a link");
    }
    directory
}

/// What wants a PC/SC daemon: a card in a virtual reader, and whoever takes the only reader.
fn needs_pcsc(command: &str) -> bool {
    let only_reader = command.starts_with("purse card ") && !command.contains("--card");
    only_reader
        || command.contains("--vpcd")
        || command.starts_with("opensc-tool")
        || command.starts_with("purse reader")
}

/// What works on the applet that only `javac` can compile.
fn needs_javac(command: &str) -> bool {
    command.starts_with("cd hello") || command.contains(" hello/hello.cap")
}

#[test]
fn every_command_of_the_readme_does_what_it_shows() {
    let _alone = alone();
    let directory = workplace();
    let javac = Command::new("javac").arg("-version").output().is_ok();
    let mut ran = 0;
    for Shown { command, output } in shown() {
        if needs_javac(&command) && !javac {
            eprintln!("SKIPPED: {command}: there is no javac on the PATH");
            continue;
        }
        if needs_pcsc(&command) || command.starts_with("cargo xtask") {
            continue;
        }
        let result = match command.strip_prefix("cargo run --release -- ") {
            // The same program, without the long build.
            Some(rest) => {
                let folder = root().canonicalize().expect("the repository");
                shell(&format!("cargo run --quiet -- {rest}"), &folder)
            }
            None => shell(&command, directory.path()),
        };
        let (stdout, stderr) =
            (String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&result.stderr));
        assert!(result.status.success(), "{command}: {}\n{stderr}", result.status);
        if !output.is_empty() {
            assert_eq!(stdout, output, "{command}: the README shows another output");
        }
        ran += 1;
    }
    assert!(ran >= 4, "{ran} commands were run");
}

/// Commands in running text, between backticks.
fn named() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let prose: String = text.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2).map(str::to_owned);
    spans.filter(|span| span.starts_with("purse ") || span.starts_with("cargo ")).collect()
}

#[test]
fn every_command_named_in_the_text_works() {
    let _alone = alone();
    let directory = workplace();
    let mut seen = 0;
    for command in named() {
        seen += 1;
        let line = match command.as_str() {
            // The whole measurement takes a minute; a small one goes the same way.
            "purse bench" => "purse bench --seconds 0.01 --cards 10".to_owned(),
            other => other.to_owned(),
        };
        if let Some(folder) = line.strip_prefix("cargo install --path ") {
            let (folder, features) = folder.split_once(" --features ").unwrap_or((folder, "pcsc"));
            let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml"));
            let manifest = manifest.expect(&command);
            assert!(manifest.contains("name = \"purse\""), "{command}");
            assert!(manifest.contains(&format!("\n{features} = [")), "{command}");
        } else if !line.starts_with("cargo xtask") {
            let result = shell(&line, directory.path());
            let stderr = String::from_utf8_lossy(&result.stderr);
            assert!(result.status.success(), "{command}: {}\n{stderr}", result.status);
        }
    }
    assert!(seen >= 4, "{seen} commands in the text");
}

#[test]
fn every_task_the_readme_names_exists() {
    let listed = Command::new(env!("CARGO"))
        .args(["xtask", "help"])
        .current_dir(root())
        .output()
        .expect("cargo xtask runs");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned()
        + &String::from_utf8_lossy(&listed.stderr);
    let tasks: Vec<&str> =
        listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    let mut seen = 0;
    for command in shown().into_iter().map(|shown| shown.command).chain(named()) {
        if let Some(task) = command.strip_prefix("cargo xtask ") {
            seen += 1;
            assert!(tasks.contains(&task), "no task '{task}' in: {listed}");
        }
    }
    assert!(seen >= 2, "{seen} tasks are named");
}

#[cfg(feature = "pcsc")]
#[test]
fn the_virtual_reader_of_the_readme_serves_every_command_that_takes_it() {
    let _alone = alone();
    let commands: Vec<Shown> =
        shown().into_iter().filter(|shown| needs_pcsc(&shown.command)).collect();
    let [emulate, users @ ..] = commands.as_slice() else { panic!("a card in a virtual reader") };
    assert!(users.len() >= 6, "{} programs use it", users.len());
    let daemon = tests::pcscd::PrivatePcscd::start(1).expect("a daemon of our own");
    let port = daemon.ports().first().expect("a port").to_string();
    assert!(emulate.command.starts_with("purse emulate --profile jtt978 --vpcd 127.0.0.1:35963"));
    let card = tests::inserted::InsertedCard::insert(&daemon, 0, &["--profile", "jtt978"]);
    let mut told = String::new();
    for Shown { command, .. } in users {
        let mut words = command.split_whitespace();
        let program = words.next().expect("a program");
        let mut user = match program {
            "purse" => tests::purse_with_pcsc(),
            other => Command::new(other),
        };
        daemon.lead(&mut user);
        let output = user.args(words).stdin(std::process::Stdio::null()).output().expect(command);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command} on port {port}: {stderr}");
        told += &String::from_utf8_lossy(&output.stdout);
    }
    for words in ["6F 31 84 08 A0 00 00 06 32 01 01 05", "EP load", "EP purchase"] {
        assert!(told.contains(words), "no {words} in: {told}");
    }
    assert_eq!(card.status("ep.balance"), "7.50");
}
