//! A terminal between two PC/SC readers of a private daemon ([`PrivatePcscd`]): a card in one, its
//! PSAM in the other.
//!
//! ```text
//! apt-get install pcscd vsmartcard-vpcd libpcsclite-dev
//! cargo test -p tests --features pcsc --test taps
//! ```

#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;
use tests::inserted::InsertedCard;
use tests::pcscd::PrivatePcscd;

/// Pulls the card at every command of a flow, twice each, and taps it again.
#[track_caller]
fn pulled_at_every_step(profile: &str, flow: &str, least: u32) {
    let daemon = PrivatePcscd::start(2).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", profile, "--set", "balance=100.00"]);
    let _psam = InsertedCard::insert(&daemon, 1, &["--profile", &format!("psam-{profile}")]);
    let terminal = daemon
        .command(tests::pcsc_program("pcsc-terminal"))
        .args([&daemon.reader(0), &daemon.reader(1), card.hand(), profile, flow])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&terminal.stderr);
    assert!(terminal.status.success(), "{said}");
    let rounds: u32 = String::from_utf8_lossy(&terminal.stdout).trim().parse().unwrap();
    assert!(rounds >= least, "{rounds} rounds");
}

#[test]
fn a_bus_card_that_is_pulled_at_any_step_is_charged_exactly_once() {
    pulled_at_every_step("jtt978", "tunion-bus", 16);
}

#[test]
fn a_city_card_that_is_pulled_at_any_step_is_charged_exactly_once() {
    pulled_at_every_step("cjt166", "cjt-purchase", 14);
}

#[test]
fn a_card_in_a_reader_is_charged_after_a_question_only() {
    let daemon = PrivatePcscd::start(2).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978"]);
    let psam = ["--profile", "psam-jtt978", "--protocol", "t0"];
    let _psam = InsertedCard::insert(&daemon, 1, &psam);
    let run = |words: &[&str]| {
        let mut command = tests::purse_with_pcsc();
        daemon.lead(&mut command);
        command.args(words).args(["--card", &format!("reader:{}", daemon.reader(0))]);
        command.args(["--psam", &format!("reader:{}", daemon.reader(1))]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    for line in
        [&["card", "load", "10.00"][..], &["card", "purchase", "1fen"], &["terminal", "run"]]
    {
        let (code, said) = run(line);
        assert!(code == Some(2) && said.contains("--yes"), "{said}");
    }
    assert_eq!(card.status("ep.balance"), "0.00");
    let (_, said) = run(&["card", "load", "10.00", "--yes"]);
    assert!(said.contains("load 10.00 yuan (1000 fen) onto reader"), "{said}");
    let (_, said) = run(&["card", "purchase", "250fen", "-y"]);
    assert!(said.contains("balance 10.00 -> 7.50") && said.contains("right"), "{said}");
    assert_eq!(card.status("ep.balance"), "7.50");
}

#[test]
fn one_reader_is_not_card_and_psam() {
    let daemon = PrivatePcscd::start(1).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978", "--set", "balance=9.00"]);
    for psam in ["reader:0".to_owned(), format!("reader:{}", daemon.reader(0))] {
        let mut command = tests::purse_with_pcsc();
        daemon.lead(&mut command);
        command.args(["card", "purchase", "1fen", "-y", "--card", "reader:0", "--psam", &psam]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("they are two cards"), "{said}");
    }
    assert_eq!(card.status("ep.balance"), "9.00");
}

#[test]
fn a_terminal_waits_for_its_first_card() {
    let daemon = PrivatePcscd::start(1).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978", "--set", "balance=9.00"]);
    card.control(&["remove"]);
    let mut command = tests::purse_with_pcsc();
    daemon.lead(&mut command);
    command.args(["terminal", "run", "--jsonl", "--yes", "--taps", "1"]);
    command.args(["--card", &format!("reader:{}", daemon.reader(0))]);
    let terminal = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    card.control(&["insert"]);
    let done = terminal.wait_with_output().unwrap();
    assert!(done.status.success());
    let record: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(record["balance_after_fen"], 700);
}

/// `purse terminal run` between the two readers; the card is taken away and put back between taps.
#[track_caller]
fn rides(profile: &str, flows: &[&str]) -> Vec<Value> {
    let daemon = PrivatePcscd::start(2).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", profile, "--set", "balance=100.00"]);
    let _psam = InsertedCard::insert(&daemon, 1, &["--profile", &format!("psam-{profile}")]);
    let mut command = tests::purse_with_pcsc();
    daemon.lead(&mut command);
    command.args(["terminal", "run", "--jsonl", "--yes", "--taps", &flows.len().to_string()]);
    command.args(["--card", &format!("reader:{}", daemon.reader(0))]);
    command.args(["--psam", &format!("reader:{}", daemon.reader(1))]);
    for flow in flows {
        command.args(["--flow", flow]);
    }
    let mut terminal = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(terminal.stdout.take().unwrap()).lines();
    let records = flows.iter().map(|flow| {
        let line = lines.next().unwrap_or_else(|| panic!("no record of {flow}")).unwrap();
        card.control(&["remove"]);
        card.control(&["insert"]);
        serde_json::from_str(&line).unwrap()
    });
    let records = records.collect();
    assert!(terminal.wait().unwrap().success());
    records
}

#[track_caller]
fn told(records: &[Value], flows: &[(&str, u64)]) {
    let seen: Vec<(&str, u64)> = records
        .iter()
        .map(|record| {
            assert_eq!(record["verdict"], "accepted", "{record}");
            assert_eq!(record["tac_check"], "right", "{record}");
            assert_eq!(record["mac2_check"], "right", "{record}");
            (record["flow"].as_str().unwrap(), record["amount_fen"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(seen, flows);
    let serials: Vec<&str> =
        records.iter().map(|record| record["terminal_serial"].as_str().unwrap()).collect();
    let counted: Vec<String> = (1..=records.len()).map(|count| format!("{count:08X}")).collect();
    assert_eq!(serials, counted, "the PSAM counts");
}

#[test]
fn a_metro_ride_and_a_bus_ride_are_taken_through_pcsc() {
    let flows = ["tunion-metro-entry", "tunion-metro-exit", "tunion-bus"];
    told(&rides("jtt978", &flows), &[(flows[0], 0), (flows[1], 300), (flows[2], 200)]);
}

#[test]
fn a_city_card_s_metro_ride_and_purchase_are_made_through_pcsc() {
    let flows = ["cjt-metro-entry", "cjt-metro-exit", "cjt-purchase"];
    told(&rides("cjt166", &flows), &[(flows[0], 0), (flows[1], 300), (flows[2], 200)]);
}
