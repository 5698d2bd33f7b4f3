//! Terminals that go on: with what earlier runs left open, with bad cards, with tables nobody can read.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::{Emulator, run, text};

#[test]
fn what_an_earlier_run_left_open_is_told_though_a_fresh_card_is_loaded_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    let other = "extends = \"jtt978\"\nname = \"other\"\nversion = \"0\"\n\
                 serial = \"1111111111111111\"\n";
    std::fs::write(&path, other).unwrap();
    let away = format!("virtual:{}", path.display());
    let state = folder.path().join("state.json");
    let kept = ["--state", text(&state), "--time"];
    let load = ["card", "load", "10.00", "--card", &away, "--profile", "jtt978"];
    let lost = ["2026-11-22T12:00:00", "--with", "mute@5"];
    run(&[&load[..], &kept, &lost].concat()).refused(11, &["kept in the state file"]);
    let tap = ["terminal", "run", "--card", "virtual:jtt978", "--jsonl"];
    let said = run(&[&tap[..], &kept, &["2026-11-22T18:00:00"]].concat());
    let verdicts: Vec<String> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"].to_string())
        .collect();
    assert_eq!(verdicts, ["\"accepted\"", "\"grey\""], "{}", said.stderr);
}

#[test]
fn a_load_that_cannot_be_made_is_told_and_is_an_error_where_it_was_typed() {
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--issuer", "none"];
    let said = run(&base).refused(40, &["nothing was loaded onto it: this terminal has no issuer"]);
    assert!(said.stdout.contains("refused"), "{}", said.stdout);
    run(&[&base[..], &["--load", "5.00"]].concat())
        .refused(2, &["nothing can be loaded onto the fresh card", "no issuer"]);
    run(&[&base[..], &["--load", "0fen", "--flow", "tunion-metro-entry"]].concat()).fine();
    let folder = tempfile::tempdir().unwrap();
    let card = format!("virtual:jtt978@{}", folder.path().join("card.img").display());
    run(&["terminal", "run", "--card", &card, "--load", "5.00"])
        .refused(2, &["--load is for a fresh virtual card"]);
}

/// An emulator's address, but the first INITIALIZE is answered with nothing in it.
#[expect(clippy::unwrap_used, reason = "a test helper may fail the test")]
fn nonsense_once(emulator: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (host, _) = listener.accept().unwrap();
        let card = TcpStream::connect(emulator).unwrap();
        let (mut to_host, mut to_card) = (host.try_clone().unwrap(), card.try_clone().unwrap());
        let mut answers = BufReader::new(card).lines();
        let mut lied = false;
        for line in BufReader::new(host).lines() {
            let line = line.unwrap();
            writeln!(to_card, "{line}").unwrap();
            let mut answer = answers.next().unwrap().unwrap();
            if line.to_uppercase().starts_with("8050") && !lied {
                (lied, answer) = (true, "9000".to_owned());
            }
            writeln!(to_host, "{answer}").unwrap();
        }
    });
    address
}

#[test]
fn a_card_that_answers_nonsense_does_not_end_a_terminal_with_a_hand() {
    let mut emulator = Emulator::start(&[
        "--profile",
        "jtt978",
        "--set",
        "balance=10.00",
        "--listen",
        "127.0.0.1:0",
    ]);
    let address = nonsense_once(emulator.address("listening on "));
    let card = format!("tcp:{address}");
    let tap = ["terminal", "run", "--profile", "jtt978", "--jsonl", "--card", &card];
    let said = run(&tap).fine();
    assert!(said.stderr.contains("INITIALIZE"), "{}", said.stderr);
    let record: Value = serde_json::from_str(said.stdout.trim()).unwrap();
    assert_eq!(record["balance_after_fen"], 800);
}

#[cfg(unix)]
#[test]
fn a_table_that_cannot_be_looked_at_is_not_missing() {
    let folder = tempfile::tempdir().unwrap();
    let black = folder.path().join("black.csv");
    std::os::unix::fs::symlink(&black, &black).unwrap();
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--tables", text(folder.path())];
    run(&base).refused(96, &["black.csv", "symbolic links"]);
}

#[test]
fn a_table_that_could_not_be_read_is_tried_again_at_every_tap() {
    let folder = tempfile::tempdir().unwrap();
    let black = folder.path().join("black.csv");
    std::fs::write(&black, "# table black\n# version 3\n03109999000000000009\n").unwrap();
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--tables", text(folder.path())];
    let mut terminal = tests::purse()
        .args(base)
        .args(["--taps", "4", "--interval", "700"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(terminal.stderr.take().unwrap()).lines();
    let mut line_with =
        |word: &str| said.by_ref().map(Result::unwrap).find(|line| line.contains(word));
    assert!(line_with("black table: version 3").is_some());
    std::fs::remove_file(&black).unwrap();
    std::fs::create_dir(&black).unwrap();
    for _ in 0..2 {
        assert!(line_with("warning:").is_some_and(|line| line.contains("black.csv")));
    }
    assert!(terminal.wait().unwrap().success());
}
