//! The ways to a card, and what may stand on them: `--card vpcd:` and `replay:`, `--wait`, `--with`,
//! `--record`.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use applet_spec::Profile;

use crate::{Emulator, Said, run, text};

const SELECT: &str = "00A4040008A00000063201010500";
const BALANCE: &str = "805C000204";
const WRONG_PIN: &str = "0020000003999999";

/// A port that nobody listens on.
fn free_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    probe.local_addr().expect("its address").port()
}

/// Runs `purse` and gives the address it listens on, before its card is there.
fn listening(command: &mut Command) -> (Child, String) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("purse starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    let address = line.strip_prefix("listening on ").expect(&line).trim().to_owned();
    thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    (child, address)
}

#[test]
fn a_virtual_card_connects_to_us_and_no_daemon_is_needed() {
    for name in Profile::built_in_cards().map(|profile| profile.name.as_str()) {
        let address = format!("127.0.0.1:{}", free_port());
        let _card =
            Emulator::start(&["--profile", name, "--vpcd", &address, "--set", "balance=1.23"]);
        let card = format!("vpcd:{address}");
        // One reader after the other: the card finds each.
        let serial = hex::encode_upper(Profile::find(name).unwrap().serial);
        let info = run(&["card", "info", "--card", &card, "--json"]).fine().json();
        assert_eq!(info["public"]["serial"], serial.as_str(), "{name}");
        for verb in ["balance", "records", "files", "dump"] {
            run(&["card", verb, "--card", &card]).fine();
        }
        let (_, port) = address.split_once(':').unwrap();
        let said = run(&["apdu", "--card", &format!("vpcd:{port}"), "00A40000023F00"]).fine();
        assert!(said.stdout.ends_with("9000\n"), "{name}: {}", said.stdout);
    }
}

#[test]
fn the_reader_tells_where_it_listens_and_the_card_may_come_later() {
    let (child, address) = listening(tests::purse().args(["card", "balance", "--card", "vpcd:0"]));
    let _card = Emulator::start(&["--vpcd", &address, "--set", "balance=7.00"]);
    let said = Said::of(child.wait_with_output().unwrap()).fine();
    assert!(said.stdout.contains("7.00 yuan"), "{}", said.stdout);
    run(&["card", "info", "--card", "vpcd:0", "--wait", "1"])
        .refused(12, &["no card connected", "next: connect a card"]);
    run(&["card", "info", "--card", "vpcd:nowhere:x"]).refused(11, &["HOST:PORT"]);
    let warned = run(&["card", "info", "--card", "vpcd:0.0.0.0:0", "--wait", "1"]);
    warned.refused(12, &["can be reached from other machines"]);
}

#[test]
fn a_vpcd_card_that_falls_silent_may_have_executed_the_command() {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let mut card =
        Emulator::start(&["--vpcd", &address, "--control", "127.0.0.1:0", "--with", "lost@2"]);
    let hand = card.address("control on ").to_string();
    let tries = || {
        let status = run(&["control", &hand, "status", "--json"]).fine().json();
        status["status"]["pin-tries"].clone()
    };
    let spec = format!("vpcd:{port}");
    assert_eq!(tries(), "3");
    let lost = run(&["apdu", "--card", &spec, SELECT, WRONG_PIN]);
    lost.refused(11, &["may have executed", "look before you repeat", "purse card balance"]);
    assert_eq!(tries(), "2", "it did");
    // Out for a moment, and back without power.
    assert!(run(&["apdu", "--card", &spec, SELECT]).fine().stdout.ends_with("9000\n"));
}

#[test]
fn a_recording_is_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.rec");
    let (file, replay) = (text(&path), format!("replay:{}", text(&path)));
    let live = run(&["card", "dump", "--card", "virtual:cjt166", "--record", file]).fine();
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("# recording 1\n# profile cjt166 1.0.0\n# ATR 3B"), "{written}");
    assert_eq!(run(&["card", "dump", "--card", &replay]).fine().stdout, live.stdout);
    run(&["card", "records", "--card", &replay])
        .refused(11, &["session.rec, line", "goes on with"]);
    // What is there is not written over.
    run(&["card", "info", "--card", "virtual:cjt166", "--record", file])
        .refused(2, &["is there already"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn a_recorded_pin_is_masked_and_a_card_that_has_power_is_replayed_without_reset() {
    let mut emulator = Emulator::start(&["--listen", "127.0.0.1:0"]);
    let card = format!("tcp:{}", emulator.address("listening on "));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pin.rec");
    let session = [SELECT, "0020000003123456", BALANCE];
    let live = run(&[&["apdu", "--card", &card, "--record", text(&path)], &session[..]].concat());
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("> 0020000003******\n") && !written.contains("123456"), "{written}");
    let replay = format!("replay:{}", text(&path));
    let again = run(&[&["apdu", "--card", &replay], &session[..]].concat()).fine();
    assert_eq!(again.stdout, live.fine().stdout);
}

#[test]
fn a_key_that_is_written_and_a_pin_without_length_are_in_no_recording_and_in_no_trace() {
    const KEY: &str = "00112233445566778899AABBCCDDEEFF";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.rec");
    let write_key = format!("80D401001539F0F0AA33{KEY}");
    let session = [
        "apdu",
        "--card",
        "virtual:fmcos-blank",
        "--record",
        text(&path),
        &write_key,
        "0020000012345678",
    ];
    run(&session);
    let by_hand = folder.path().join("by-hand.rec");
    std::fs::write(&by_hand, format!("> {write_key}\n< 9000\n> 0020000012345678\n< 6700\n"))
        .unwrap();
    let mut told = vec![std::fs::read_to_string(&path).unwrap()];
    for file in [&path, &by_hand] {
        for verb in
            [&["view"][..], &["view", "--json"], &["convert"], &["convert", "--to", "jsonl"]]
        {
            let verb = [&["trace"], verb, &["--from", "recording", text(file)]].concat();
            told.push(run(&verb).fine().stdout);
        }
    }
    for said in told {
        assert!(said.contains(&format!("80D4010015{}", "*".repeat(42))), "{said}");
        assert!(said.contains("00200000********"), "{said}");
        assert!(!said.contains("556677") && !said.contains("345678"), "{said}");
    }
}

#[test]
fn a_wrong_recording_is_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.rec");
    std::fs::write(&path, "# recording 1\n> 00A4\n> 00A4\n").unwrap();
    let card = format!("replay:{}", text(&path));
    run(&["card", "info", "--card", &card]).refused(13, &["wrong.rec:3:", "a second command"]);
    run(&["card", "info", "--card", "replay:/nowhere/at/all"]).refused(13, &["/nowhere/at/all"]);
}

#[test]
fn faults_strike_any_card_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mute.rec");
    let with =
        |card: &str, fault: &str| run(&["apdu", "--card", card, "--with", fault, SELECT, BALANCE]);
    with("virtual:jtt978", "mute@2").refused(11, &["gave no answer"]);
    with("virtual:jtt978", "lost@2").refused(11, &["gave no answer"]);
    with("virtual:jtt978", "mute@3").fine();
    with("virtual:jtt978", "moot@3").refused(2, &["write tear@K, wrong:NAME, mute@N"]);
    let mut emulator = Emulator::start(&["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let card = format!("tcp:{}", emulator.address("listening on "));
    let hand = emulator.address("control on ").to_string();
    let tries = || {
        let status = run(&["control", &hand, "status", "--json"]).fine().json();
        status["status"]["pin-tries"].clone()
    };
    let pin = |fault| {
        let line = ["apdu", "--card", &card, "--reset", "--with", fault, SELECT, WRONG_PIN];
        run(&line).refused(11, &["gave no answer"]);
    };
    pin("mute@2");
    assert_eq!(tries(), "3", "it never arrived");
    pin("lost@2");
    assert_eq!(tries(), "2", "it was executed");
    with(&card, "tear@1").refused(2, &["virtual card's memory"]);
    let torn = ["apdu", "--card", "virtual:jtt978", "--with", "tear@1", SELECT, WRONG_PIN];
    run(&torn).refused(11, &["gave no answer"]);

    let recorded = [
        "apdu",
        "--card",
        "virtual:jtt978",
        "--with",
        "mute@2",
        "--record",
        text(&path),
        SELECT,
        BALANCE,
    ];
    run(&recorded).refused(11, &[]);
    let replay = format!("replay:{}", text(&path));
    run(&["apdu", "--card", &replay, SELECT, BALANCE]).refused(11, &["gave no answer"]);

    let start = Instant::now();
    with("virtual:jtt978", "delay=150ms").fine();
    assert!(start.elapsed() >= Duration::from_millis(450), "a reset and two commands");
}

#[test]
fn an_emulator_that_starts_late_is_waited_for() {
    let address = format!("127.0.0.1:{}", free_port());
    let card = format!("tcp:{address}");
    run(&["card", "info", "--card", &card]).refused(11, &["is the emulator running there"]);
    run(&["card", "info", "--card", &card, "--wait", "1"])
        .refused(12, &["for 1s", "next: start purse emulate --listen"]);
    let waiting = thread::spawn({
        let card = card.clone();
        move || run(&["card", "balance", "--card", &card, "--wait", "30"])
    });
    thread::sleep(Duration::from_millis(300));
    let _emulator = Emulator::start(&["--listen", &address, "--set", "balance=5.00"]);
    let said = waiting.join().unwrap().fine();
    assert!(said.stdout.contains("5.00 yuan"), "{}", said.stdout);
    assert!(said.stderr.is_empty(), "nobody watches, nothing is told: {}", said.stderr);
    // A command in hex is no time to wait.
    run(&["apdu", "--card", &card, "--wait", "0084000004", "0084000004"]).refused(2, &["--wait"]);
}

#[test]
fn without_pc_sc_the_reader_commands_say_how_to_get_it() {
    for line in [&["reader", "list"][..], &["reader", "watch", "--jsonl"]] {
        run(line).refused(3, &["--features pcsc", "vpcd:PORT"]);
    }
    let refused = run(&["reader", "watch", "--json"]).refused(2, &[]).json();
    assert_eq!(refused["error"]["next"], "purse reader watch --jsonl");
    let refused = run(&["reader", "list", "--json"]).refused(3, &[]).json();
    assert_eq!(refused["error"]["kind"], "no-reader");
}
