//! `purse terminal`, `purse card load` and `purse card purchase` as a user meets them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::{Emulator, Said, run, text};

/// The JSON lines of a run.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a test helper may fail the test")]
fn lines(said: &Said) -> Vec<Value> {
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn card_in(folder: &Path) -> String {
    format!("virtual:jtt978@{}", folder.join("card.img").display())
}

#[test]
fn ten_taps_give_ten_records_with_a_tac_that_verifies() {
    for (card, more) in [
        ("virtual:jtt978", &[][..]),
        ("virtual:jtt978-sm4", &["--psam", "virtual:psam-jtt978-sm4"][..]),
        ("virtual:cjt166", &["--psam", "virtual:psam-cjt166"][..]),
        ("virtual:pboc", &["--psam", "virtual:psam-pboc"][..]),
    ] {
        let base = ["terminal", "run", "--card", card, "--taps", "10", "--jsonl"];
        let said = run(&[&base[..], more].concat()).fine();
        let records = lines(&said);
        assert_eq!(records.len(), 10, "{card}");
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record["verdict"], "accepted", "{record}");
            assert_eq!(record["tac"].as_str().unwrap().len(), 8, "{record}");
            assert_eq!(
                (&record["tac_check"], &record["mac2_check"]),
                (&"right".into(), &"right".into())
            );
            assert_eq!(record["card_serial"], at, "{record}");
            let (before, after) = (&record["balance_before_fen"], &record["balance_after_fen"]);
            assert_eq!(before.as_u64().unwrap() - after.as_u64().unwrap(), 200);
            assert_eq!(record["terminal_serial"], format!("{:08X}", at + 1));
        }
        assert!(
            said.stderr.contains("100.00 yuan (10000 fen) were loaded first"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn a_record_has_every_field_that_clearing_needs() {
    let clock = ["--time", "2026-11-22T12:34:56", "--stop", "1:1,2:2", "--taps", "2", "--jsonl"];
    let flows =
        ["--flow", "tunion-metro-entry,tunion-metro-exit", "--institution", "0102030405060708"];
    let base = ["terminal", "run", "--card", "virtual:jtt978"];
    let records = lines(&run(&[&base[..], &flows, &clock].concat()).fine());
    let exit = &records[1];
    for (member, value) in [
        ("type", "transaction"),
        ("flow", "tunion-metro-exit"),
        ("flow_version", "1.0.0"),
        ("profile", "jtt978"),
        ("profile_version", "1.0.0"),
        ("card", "03109999000000000001"),
        ("issuer", "01011000FFFFFFFF"),
        ("purse", "ep"),
        ("transaction_type", "09"),
        ("terminal", "100000000001"),
        ("terminal_serial", "00000002"),
        ("date", "20261122"),
        ("key_index", "01"),
        ("key_version", "01"),
        ("algorithm", "00"),
        ("city", "1000"),
        ("institution", "0102030405060708"),
    ] {
        assert_eq!(exit[member], value, "{member}");
    }
    assert_eq!(
        (&exit["amount_fen"], &exit["line"], &exit["station"]),
        (&600.into(), &2.into(), &2.into())
    );
    assert_eq!(exit["limit_fen"], 0);
    assert_eq!(exit["card_random"].as_str().unwrap().len(), 8);
    let metro = &exit["records"][0];
    assert_eq!((&metro["sfi"], &metro["layout"]), (&"1A".into(), &"jtt-metro".into()));
    assert_eq!(metro["fields"]["state"], "02");
    assert_eq!(metro["fields"]["exit-amount"], 600);
    assert_eq!(metro["fields"]["entry-time"], "20261122123456");
    assert_eq!(metro["data"].as_str().unwrap().len(), 256);
    assert_eq!(exit["records"][1]["fields"]["type"], "04");
}

#[test]
fn people_read_a_line_per_tap_in_their_language() {
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--amount", "1.50"];
    let said = run(&base).fine();
    assert!(said.stdout.contains("compound purchase 1.50 yuan (150 fen), balance 100.00 -> 98.50"));
    let said = run(&[&base[..], &["--lang", "zh"]].concat()).fine();
    assert!(said.stdout.contains("复合消费 1.50 元 (150 分), 余额 100.00 -> 98.50"));
    assert!(said.stdout.contains("正确"), "{}", said.stdout);
}

#[test]
fn a_refused_card_is_told_in_words_and_by_the_exit_code() {
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--load", "0fen", "--jsonl"];
    let said = run(&base).refused(40, &["not enough on the card", "9401"]);
    let record = &lines(&said)[0];
    assert_eq!(
        (&record["type"], &record["reason"]),
        (&"refusal".into(), &"balance-insufficient".into())
    );
    assert_eq!(record["status"], "9401");
    let expired = ["terminal", "run", "--card", "virtual:jtt978", "--time", "2100-01-01T00:00:00"];
    run(&expired).refused(42, &["the card has expired"]);
}

#[test]
fn a_card_that_was_locked_is_refused_with_42() {
    let folder = tempfile::tempdir().unwrap();
    let card = card_in(folder.path());
    run(&["terminal", "run", "--card", &card, "--flow", "tunion-block"]).fine();
    run(&["terminal", "run", "--card", &card]).refused(42, &["locked", "6A81"]);
    run(&["card", "load", "10.00", "--card", &card]).refused(42, &["locked"]);
}

#[test]
fn a_tac_of_another_key_ends_with_41() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    let other = "extends = \"jtt978\"\nname = \"other\"\nversion = \"0\"\n\
                 [[directory]]\nfid = 0x1001\n[[directory.key]]\nkind = \"tac\"\nindex = 0x01\n\
                 master = \"000102030405060708090A0B0C0D0E0F\"\n";
    std::fs::write(&path, other).unwrap();
    let card = format!("virtual:{}@{}", path.display(), folder.path().join("card.img").display());
    let load = ["card", "load", "10.00", "--card", &card];
    run(&load).fine();
    let tap = ["terminal", "run", "--card", &card, "--profile", "jtt978", "--jsonl"];
    let said = run(&tap).refused(41, &["TAC is not what its key gives"]);
    let record = &lines(&said)[0];
    assert_eq!((&record["verdict"], &record["tac_check"]), (&"wrong-tac".into(), &"wrong".into()));
    assert_eq!(record["mac2_check"], "right");
}

#[test]
fn lab_keys_are_refused_for_cards_that_are_not_of_a_lab() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealed.toml");
    let sealed = "extends = \"jtt978\"\nname = \"sealed\"\nversion = \"0\"\ncustody = \"sealed\"\n\
                  lab-seed = \"none\"\n";
    std::fs::write(&path, sealed).unwrap();
    let card = card_in(folder.path());
    for verb in
        [&["terminal", "run"][..], &["card", "load", "10.00"], &["card", "purchase", "1fen"]]
    {
        let args = [verb, &["--card", &card, "--profile", text(&path)]].concat();
        run(&args).refused(70, &["lab keys are public", "--keys file:PATH"]);
    }
    // With a PSAM of its own a terminal needs none; nobody checks the TAC then.
    run(&["card", "load", "10.00", "--card", &card]).fine();
    let psam = ["--psam", "virtual:psam-jtt978", "--flow", "tunion-bus", "--jsonl"];
    let args =
        [&["terminal", "run", "--card", &card, "--profile", text(&path)][..], &psam].concat();
    let said = run(&args).fine();
    assert!(said.stderr.contains("no TAC is checked"), "{}", said.stderr);
    let record = &lines(&said)[0];
    assert_eq!((&record["tac_check"], &record["mac2_check"]), (&"unknown".into(), &"right".into()));
}

#[test]
fn money_goes_onto_a_card_and_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let card = card_in(folder.path());
    let said = run(&["card", "load", "10.00", "--card", &card]).fine();
    assert!(said.stderr.contains("load 10.00 yuan (1000 fen) onto virtual card jtt978"));
    assert!(said.stdout.contains("EP load 10.00 yuan (1000 fen), balance 0.00 -> 10.00"));
    let psam = ["--psam", "virtual:psam-jtt978", "--json"];
    let said = run(&[&["card", "purchase", "250fen", "--card", &card][..], &psam].concat()).fine();
    let document = said.json();
    assert_eq!(
        (&document["ok"], &document["record"]["tac_check"]),
        (&true.into(), &"right".into())
    );
    assert_eq!(document["record"]["balance_after_fen"], 750);
    let balance = run(&["card", "balance", "--card", &card, "--json"]).fine().json();
    assert_eq!(balance["purses"][0]["balance_fen"], 750);
    let log = run(&["card", "records", "--card", &card, "--json"]).fine().json();
    assert_eq!(log["records"].as_array().unwrap().len(), 2);
    run(&["card", "purchase", "100.00", "--card", &card]).refused(40, &["not enough", "9401"]);
    run(&["card", "purchase", "7", "--card", &card]).refused(2, &["'7' is not an amount"]);
    let unload = ["card", "load", "1.00", "--card", &card, "--flow", "tunion-bus"];
    run(&unload).refused(2, &["flow tunion-bus makes no load"]);
    let both = ["card", "load", "1.00", "--purse", "ed", "--card", "virtual:pboc"];
    assert!(run(&both).fine().stdout.contains("ED load 1.00 yuan"));
}

#[test]
fn the_pin_is_asked_for_where_the_card_does_and_never_guessed() {
    let mut emulator = Emulator::start(&["--profile", "pboc", "--listen", "127.0.0.1:0"]);
    let address = emulator.address("listening on ");
    let card = format!("tcp:{address}");
    let load = ["card", "load", "10.00", "--card", &card, "--profile", "pboc"];
    run(&load).refused(2, &["the PIN is needed", "set PURSE_PIN"]);
    let with_pin = |pin: &str| {
        let output = tests::purse().args(load).env("PURSE_PIN", pin).output().unwrap();
        Said::of(output)
    };
    with_pin("999999").refused(41, &["the PIN is needed, or wrong", "63C2", "2 tries left"]);
    with_pin("123456").fine();
    // The purchase of a purse needs none.
    run(&["card", "purchase", "1.00", "--card", &card, "--profile", "pboc"]).fine();
}

#[test]
fn faults_on_the_way_end_charged_once() {
    for fault in ["tear@20", "tear@31", "lost@8"] {
        let folder = tempfile::tempdir().unwrap();
        let card = card_in(folder.path());
        run(&["card", "load", "10.00", "--card", &card]).fine();
        // The eighth command is DEBIT: before it SELECT twice, two files, balance, INITIALIZE, record.
        let tap = ["terminal", "run", "--card", &card, "--jsonl", "--with", fault];
        let said = run(&tap).fine();
        let records = lines(&said);
        assert_eq!(records.len(), 1, "{fault}: {}", said.stderr);
        let balance = run(&["card", "balance", "--card", &card, "--json"]).fine().json();
        assert_eq!(balance["purses"][0]["balance_fen"], 800, "{fault}");
        if fault.starts_with("lost") {
            assert_eq!(records[0]["recovered"], true);
            assert!(said.stderr.contains("tap the same card again"), "{}", said.stderr);
        }
    }
}

#[test]
fn a_terminal_that_is_killed_loses_no_charge_and_makes_none_twice() {
    const ROUNDS: u64 = 14;
    let folder = tempfile::tempdir().unwrap();
    let card = card_in(folder.path());
    let state = folder.path().join("state.json");
    run(&["card", "load", "900.00", "--card", &card]).fine();
    let base = [
        "terminal",
        "run",
        "--card",
        &card,
        "--amount",
        "3fen",
        "--jsonl",
        "--state",
        text(&state),
    ];
    let mut records: BTreeMap<u64, Value> = BTreeMap::new();
    let mut take = |stdout: &str| {
        for line in stdout.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["verdict"], "accepted", "{record}");
            assert_eq!(record["tac_check"], "right", "{record}");
            let serial = record["card_serial"].as_u64().unwrap();
            if let Some(twin) = records.insert(serial, record.clone()) {
                assert_eq!(
                    (&twin["tac"], &twin["terminal_serial"]),
                    (&record["tac"], &record["terminal_serial"])
                );
            }
        }
    };
    for round in 0..ROUNDS {
        let mut child = tests::purse()
            .args(base)
            .args(["--taps", "100000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(20 + 11 * round));
        child.kill().unwrap();
        take(&String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap());
    }
    let last = run(&[&base[..], &["--taps", "1"]].concat()).fine();
    take(&last.stdout);
    let balance = run(&["card", "balance", "--card", &card, "--json"]).fine().json();
    let charged = 90_000 - balance["purses"][0]["balance_fen"].as_u64().unwrap();
    assert_eq!(charged, 3 * records.len() as u64);
    assert!(records.keys().copied().eq(0..records.len() as u64), "a serial without a record");
    assert!(
        records.len() > 10,
        "the terminal was killed before it did anything: {}",
        records.len()
    );
    let serials: Vec<&str> =
        records.values().filter_map(|record| record["terminal_serial"].as_str()).collect();
    assert!(serials.windows(2).all(|pair| pair[0] < pair[1]), "a terminal serial twice");
}

#[test]
fn a_state_is_one_terminal_s_and_one_process_s() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--state", text(&state)];
    run(&base).fine();
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    assert_eq!((&kept["terminal"], &kept["terminal_serial"]), (&"100000000001".into(), &1.into()));
    let other = [&base[..], &["--terminal", "990000000001"]].concat();
    run(&other).refused(13, &["state of terminal 100000000001", "this is terminal 990000000001"]);
    let mut long = tests::purse()
        .args(base)
        .args(["--taps", "2", "--interval", "60000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(500));
    run(&base).refused(13, &["in use by another terminal"]);
    long.kill().unwrap();
    long.wait().unwrap();
    for wrong in
        ["", "{", "{\"format\":2,\"terminal\":\"\",\"terminal_serial\":null,\"open\":[]}", "[1]"]
    {
        std::fs::write(&state, wrong).unwrap();
        run(&base).refused(13, &["damaged", "use another file"]);
        assert_eq!(std::fs::read_to_string(&state).unwrap(), wrong, "it is left as it is");
    }
}

#[test]
fn tables_hold_from_a_folder_and_wrong_ones_are_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("tables");
    std::fs::create_dir(&tables).unwrap();
    let base = ["terminal", "run", "--card", "virtual:jtt978", "--tables", text(&tables)];
    let said = run(&base).fine();
    assert!(said.stderr.contains("no white.csv: nobody is refused by it"), "{}", said.stderr);
    std::fs::write(tables.join("black.csv"), "# table black\n# version 3\n03109999000000000001\n")
        .unwrap();
    let said = run(&base).refused(42, &["black table: version 3", "on the black list"]);
    assert!(said.stdout.contains("and locked"), "{}", said.stdout);
    std::fs::write(tables.join("black.csv"), "# table black\n# version 3\nO31\n").unwrap();
    run(&base).refused(96, &["black.csv:3:1: \"O31\" is not a card number"]);
    run(&["terminal", "run", "--card", "virtual:jtt978", "--tables", "/nowhere"])
        .refused(2, &["no such folder"]);
}

#[test]
fn flows_are_listed_checked_and_named() {
    let all = run(&["terminal", "flows", "--json"]).fine().json();
    assert!(all["flows"].as_array().unwrap().len() >= 15);
    let said = run(&["terminal", "flows", "--profile", "cjt166"]).fine();
    assert!(said.stdout.contains("cjt-metro-entry") && !said.stdout.contains("tunion"));
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.toml");
    std::fs::write(
        &good,
        "extends = \"tunion-bus\"\nname = \"night\"\nversion = \"2\"\n[fare]\nflat = 400\n",
    )
    .unwrap();
    let said = run(&["terminal", "check", text(&good)]).fine();
    assert!(said.stdout.contains("night 2 is good"), "{}", said.stdout);
    let tap = ["terminal", "run", "--card", "virtual:jtt978", "--flow", text(&good), "--jsonl"];
    assert_eq!(lines(&run(&tap).fine())[0]["amount_fen"], 400);
    let bad = folder.path().join("bad.toml");
    std::fs::write(
        &bad,
        "extends = \"tunion-bus\"\nname = \"night\"\nversion = \"2\"\nwindow = \"long\"\n",
    )
    .unwrap();
    run(&["terminal", "check", text(&bad)]).refused(96, &["bad.toml:4:10: window: found a text"]);
    run(&["terminal", "run", "--card", "virtual:jtt978", "--flow", "tunion-tram"])
        .refused(96, &["no built-in flow has this name", "tunion-bus"]);
    run(&["terminal", "run", "--card", "virtual:pboc", "--flow", "tunion-bus"])
        .refused(2, &["flow tunion-bus is not for cards of profile pboc", "has no file 1E"]);
}

#[test]
fn options_that_make_no_sense_are_told() {
    let base = ["terminal", "run", "--card", "virtual:jtt978"];
    let with = |more: &[&str]| run(&[&base[..], more].concat());
    assert_eq!(with(&["--json"]).code, Some(2));
    with(&["--amount", "2"]).refused(2, &["is not an amount"]);
    with(&["--flow", "tunion-purchase"]).refused(2, &["has no fare of its own", "--amount"]);
    with(&["--flow", "tunion-metro-entry", "--amount", "1fen"]).refused(2, &["takes an amount"]);
    with(&["--terminal", "12"]).refused(2, &["12 hexadecimal digits"]);
    with(&["--stop", "1"]).refused(2, &["a line and a station"]);
    with(&["--time", "noon"]).refused(2, &["'noon' is no date and time"]);
    with(&["--psam", "virtual:jtt978"]).refused(40, &["PSAM"]);
    with(&["--psam", "virtual:psam-cjt166"]).refused(
        41,
        &["this PSAM has the keys of cjt166 cards, and these are jtt978 cards", "9302"],
    );
}
