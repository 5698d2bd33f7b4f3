//! Every command of the README is run, and every answer it shows is the answer there is.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::console::{self, Shown, shell};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shown() -> Vec<Shown> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let out = console::shown(&text);
    assert!(out.len() >= 7, "the README shows commands");
    out
}

fn needs_pcsc(command: &str) -> bool {
    command.contains("--vpcd") || command.starts_with("opensc-tool")
}

#[test]
fn every_command_of_the_readme_does_what_it_shows() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut ran = 0;
    for Shown { command, output } in shown() {
        if needs_pcsc(&command) || command.starts_with("cargo xtask") {
            continue;
        }
        let line = command.replace("cargo run --release --", "purse");
        let result = shell(&line, directory.path());
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
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut seen = 0;
    for command in named() {
        seen += 1;
        let line = match command.as_str() {
            // The whole measurement takes a minute; a small one goes the same way.
            "purse bench" => "purse bench --seconds 0.01 --cards 10".to_owned(),
            other => other.to_owned(),
        };
        if let Some(folder) = line.strip_prefix("cargo install --path ") {
            let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml"));
            assert!(manifest.expect(&command).contains("name = \"purse\""), "{command}");
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
fn the_virtual_reader_of_the_readme_answers_opensc_tool() {
    use std::time::{Duration, Instant};

    let commands: Vec<Shown> =
        shown().into_iter().filter(|shown| needs_pcsc(&shown.command)).collect();
    let [emulate, opensc] = commands.as_slice() else {
        panic!("the README shows one card in a virtual reader and one program that uses it");
    };
    let daemon = tests::pcscd::PrivatePcscd::start(1).expect("a daemon of our own");
    let port = daemon.ports().first().expect("a port");
    let line = emulate.command.replace("35963", &port.to_string());
    let mut card = tests::purse()
        .args(line.split_whitespace().skip(1))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("purse starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    let answered = loop {
        let mut words = opensc.command.split_whitespace();
        let output = daemon
            .command(words.next().expect("a program"))
            .args(words)
            .output()
            .expect("opensc-tool runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let answers = text.matches("SW1=0x90, SW2=0x00").count();
        if answers == 2 || Instant::now() > deadline {
            break text;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    card.kill().expect("the card is stopped");
    card.wait().expect("the card ends");
    assert_eq!(answered.matches("SW1=0x90, SW2=0x00").count(), 2, "{answered}");
    assert!(answered.contains("6F 31 84 08 A0 00 00 06 32 01 01 05"), "{answered}");
}
