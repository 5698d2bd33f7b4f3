//! `purse emulate` and `purse control`.

use std::fs;

use crate::{Emulator, run, run_with, text};

const SELECT: &str = "00A4040008A00000063201010500";
const BALANCE: &str = "805C000204";

#[test]
fn stdio_answers_line_by_line_and_the_same_on_every_run() {
    let arguments = ["emulate", "--profile", "jtt978", "--stdio", "--seed", "1"];
    let input = format!("{SELECT}\n{BALANCE}\n0084000008\n805001020B01000000FA011000000001\n");
    let first = run_with(&arguments, &input).fine();
    let answers: Vec<_> = first.stdout.lines().collect();
    assert_eq!(answers.len(), 4, "{}", first.stdout);
    assert!(answers[0].starts_with("6F31") && answers[0].ends_with("9000"), "{}", answers[0]);
    assert_eq!(answers[1], "000000009000");
    assert_eq!(run_with(&arguments, &input).fine().stdout, first.stdout);
    let other = run_with(&["emulate", "--profile", "jtt978", "--stdio", "--seed", "2"], &input);
    assert_ne!(other.fine().stdout.lines().nth(2), first.stdout.lines().nth(2), "GET CHALLENGE");
    assert!(
        run_with(&["emulate", "--stdio"], "").fine().stderr.contains("seed "),
        "the seed is told"
    );
}

#[test]
fn odd_states_and_faults_are_options_away() {
    let said = run_with(
        &["emulate", "--stdio", "--set", "balance=12.34", "--with", "mute@3"],
        &format!("{SELECT}\n{BALANCE}\n{BALANCE}\nreset\n{SELECT}\n{BALANCE}\n"),
    )
    .fine();
    let answers: Vec<_> = said.stdout.lines().collect();
    assert_eq!(answers[1], "000004D29000");
    assert_eq!(answers[2], "mute");
    assert_eq!(answers[5], "000004D29000");
}

#[test]
fn t0_shows_waiting_answers() {
    let said = run_with(&["emulate", "--stdio", "--protocol", "t0"], &format!("{SELECT}\n")).fine();
    assert_eq!(said.stdout, "6133\n");
}

#[test]
fn a_card_file_makes_the_card_and_the_state_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (file, state) = (folder.path().join("odd.toml"), folder.path().join("card.img"));
    fs::write(&file, "profile = \"jtt978\"\nseed = 7\n[set]\nbalance = \"5.00\"\n").unwrap();
    let arguments = ["emulate", "--stdio", "--card-file", text(&file), "--state", text(&state)];
    let with = |extra: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(extra);
        run_with(&all, &format!("{SELECT}\n{BALANCE}\n")).fine()
    };
    let balance = |said: &str| said.lines().nth(1).map(str::to_owned);
    // What is wrong leaves no half-made card behind.
    let wrong = [&arguments[..], &["--set", "pin-tries=99"]].concat();
    run(&wrong).refused(2, &["pin-tries"]);
    assert!(!state.exists());
    let first = with(&[]);
    assert!(first.stderr.contains("seed 7"), "{}", first.stderr);
    assert_eq!(balance(&first.stdout).as_deref(), Some("000001F49000"));
    // The command line sets at every start, the file only the new card.
    assert_eq!(balance(&with(&["--set", "balance=6.00"]).stdout).as_deref(), Some("000002589000"));
    let third = with(&["--seed", "9"]);
    assert_eq!(balance(&third.stdout).as_deref(), Some("000002589000"));
    assert!(third.stderr.contains("goes on with its own"), "{}", third.stderr);
}

#[test]
fn verbose_tells_the_exchange_on_stderr_and_never_a_pin() {
    let input = "00A4040009A0000000038698070100\n0020000003ABCDEF\n";
    let arguments = ["emulate", "--profile", "pboc", "--stdio", "-v", "--seed", "1"];
    let said = run_with(&arguments, input).fine();
    assert!(said.stdout.ends_with("9000\n63C2\n"), "{}", said.stdout);
    assert!(said.stderr.contains("SELECT") && said.stderr.contains("VERIFY"), "{}", said.stderr);
    assert!(!said.stderr.contains("ABCDEF"), "{}", said.stderr);
}

#[test]
fn control_pulls_tears_sets_and_restores_the_running_card() {
    let mut emulator =
        Emulator::start(&["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--seed", "1"]);
    let card = format!("tcp:{}", emulator.address("listening on "));
    let hand = emulator.address("control on ").to_string();
    let control = |words: &[&str]| {
        let mut arguments = vec!["control", hand.as_str()];
        arguments.extend(words);
        run(&arguments)
    };
    let balance = || {
        let document = run(&["card", "balance", "--card", &card, "--json"]).fine().json();
        document["purses"][0]["balance_fen"].clone()
    };
    assert_eq!(balance(), 0);
    control(&["set", "balance=10.00", "offline-serial=0x0102"]).fine();
    assert_eq!(balance(), 1000);
    control(&["snapshot", "ten"]).fine();
    control(&["set", "balance=1fen"]).fine();
    assert_eq!(balance(), 1);
    control(&["restore", "ten"]).fine();
    assert_eq!(balance(), 1000);
    control(&["set", "balance=2fen"]).fine();
    let copy =
        control(&["rehearse", "00 A4 04 00 08 A000000632010105", "805C000204"]).fine().stdout;
    assert!(copy.trim_end().ends_with(" 000000029000"), "{copy}");
    control(&["resume", "ten"]).fine();
    assert_eq!(balance(), 1000);
    control(&["rehearse", "00A"]).refused(2, &["hexadecimal"]);

    control(&["remove"]).fine();
    run(&["card", "balance", "--card", &card]).refused(11, &["no card"]);
    assert_eq!(control(&["status", "--json"]).fine().json()["status"]["inserted"], "no");
    control(&["insert"]).fine();
    control(&["reset"]).fine();
    let status = control(&["status"]).fine().stdout;
    let serial = status.lines().find(|line| line.starts_with("ep.offline-serial "));
    assert!(serial.is_some_and(|line| line.ends_with(" 0x0102")), "{status}");

    control(&["restore", "eleven"]).refused(2, &["no snapshot 'eleven'", "ten"]);
    control(&["set", "balance=ten"]).refused(2, &["10.00|1000fen"]);
    control(&["set", "balance"]).refused(2, &["KEY=VALUE"]);
    control(&["tear", "1"]).fine();
    assert_eq!(balance(), 1000, "reading writes nothing");
    let tries = || control(&["status", "--json"]).fine().json()["status"]["pin-tries"].clone();
    let select = "00A4040008A000000632010105";
    let wrong_pin = ["apdu", "--card", &card, select, "0020000003999999"];
    assert_eq!(run(&wrong_pin).code, Some(11), "power is lost at the first write");
    assert_eq!(tries(), "3", "that write did not happen");
    control(&["reset"]).fine();
    run(&wrong_pin).fine();
    assert_eq!(tries(), "2");
    control(&["reset"]).fine();
    let after = run(&["apdu", "--card", &card, "805C000204"]).fine().stdout;
    assert!(!after.contains("9000"), "a reset forgets the selection: {after}");
}

#[test]
fn a_port_for_everybody_is_warned_of() {
    let mut emulator = Emulator::start(&["--listen", "0.0.0.0:0"]);
    let mut warning = String::new();
    while !warning.contains("warning:") {
        let start = warning.len();
        let count = std::io::BufRead::read_line(&mut emulator.stderr, &mut warning).unwrap();
        assert_ne!(count, 0, "{warning}");
        assert!(!warning[start..].starts_with("listening"), "the warning comes first: {warning}");
    }
    assert!(warning.contains("127.0.0.1"), "{warning}");
}

#[test]
fn a_port_that_is_taken_is_an_error_not_a_wait() {
    let mut emulator = Emulator::start(&["--listen", "127.0.0.1:0"]);
    let taken = emulator.address("listening on ").to_string();
    run(&["emulate", "--listen", &taken]).refused(11, &["another program listens there"]);
}

#[test]
fn the_end_of_the_input_is_the_end_of_the_program() {
    let mut emulator = Emulator::start(&["--stdio", "--control", "127.0.0.1:0"]);
    emulator.address("control on ");
    drop(emulator.child().stdout.take());
    let (code, said) = emulator.finish();
    assert_eq!(code, Some(0), "{said}");
}
