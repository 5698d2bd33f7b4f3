//! `purse trace`: recordings and other people's logs.

use std::path::PathBuf;

use serde_json::Value;

use crate::{run, run_with, text};

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/traces");
    text(&PathBuf::from(folder).join(name)).to_owned()
}

#[test]
fn a_log_is_told_in_words_and_its_pin_never() {
    for log in ["apdu4j-log.txt", "opensc-debug.txt", "pcsc-spy.txt", "pcscd.txt", "hex-pairs.txt"]
    {
        let said = run(&["trace", "view", &fixture(log)]).fine().stdout;
        for words in
            ["jtt978 1.0.0\n", "reset, ATR 3B88", "SELECT", "10.00 yuan (1000 fen)", "6986"]
        {
            assert!(said.contains(words), "{log}: no {words:?} in\n{said}");
        }
        assert!(said.contains("0020000003******") && !said.contains("123456"), "{log}: {said}");
        let said = run(&["trace", "view", "--lang", "zh", &fixture(log)]).fine().stdout;
        assert!(said.contains("读余额") && said.contains("10.00 元"), "{log}: {said}");
    }
}

#[test]
fn the_document_has_every_step_with_its_line() {
    let document = run(&["trace", "view", "--json", &fixture("pcsc-spy-mute.txt")]).fine().json();
    assert_eq!((&document["ok"], &document["format"]), (&true.into(), &"pcsc-spy".into()));
    assert_eq!(document["family"], "jtt978 1.0.0");
    let steps = document["steps"].as_array().unwrap();
    let pluck = |key: &str| steps.iter().map(|step| step[key].clone()).collect::<Vec<Value>>();
    assert_eq!(pluck("event"), ["reset", "exchange", "exchange", "exchange"]);
    assert_eq!(pluck("outcome"), ["answered", "answered", "answered", "mute"]);
    assert_eq!(steps[2]["command"]["bytes"], "0020000003******");
    assert_eq!(steps[2]["command"]["fields"][1]["value"], "**");
    assert_eq!(steps[1]["answer"]["status"], "9000");
    let log = std::fs::read_to_string(fixture("pcsc-spy-mute.txt")).unwrap();
    let line = usize::try_from(steps[3]["line"].as_u64().unwrap()).unwrap();
    assert_eq!(log.lines().nth(line - 1), Some("SCardTransmit"));
}

#[test]
fn a_converted_log_is_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spy.rec");
    for log in ["pcsc-spy.txt", "opensc-tool.txt", "apdu4j-dump.txt", "pcscd.txt"] {
        let recording = run(&["trace", "convert", &fixture(log)]).fine();
        assert!(recording.stderr.contains("4 exchanges in the"), "{}", recording.stderr);
        std::fs::write(&path, &recording.stdout).unwrap();
        let card = format!("replay:{}", text(&path));
        let said = run(&[
            "apdu",
            "--card",
            &card,
            "00A4040008A00000063201010500",
            "805C000204",
            "00B2000000",
            "0020000003654321",
        ])
        .fine();
        assert!(said.stdout.ends_with("\n000003E89000\n6986\n9000\n"), "{log}: {}", said.stdout);
        // A recording is converted to itself.
        let again = run(&["trace", "convert", text(&path)]).fine();
        assert_eq!(again.stdout, recording.stdout);
    }
}

#[test]
fn events_are_lines_of_json() {
    let log = std::fs::read_to_string(fixture("scriptor.txt")).unwrap();
    let said = run_with(&["trace", "convert", "--to", "jsonl", "-"], &log).fine();
    let events: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 3);
    assert_eq!(
        (&events[0]["event"], &events[0]["answer"]),
        (&"reset".into(), &"3B880150555253454B49549E".into())
    );
    assert_eq!(
        (&events[2]["command"], &events[2]["answer"]),
        (&"805C000204".into(), &"000003E89000".into())
    );
    let refused = run_with(&["trace", "convert", "--json", "-"], &log).refused(2, &[]).json();
    assert!(refused["error"]["next"].as_str().unwrap().contains("--to jsonl"), "{refused}");
}

#[test]
fn what_cannot_be_read_is_told_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.log");
    std::fs::write(&path, "00A40400\n9000\nhello\n").unwrap();
    run(&["trace", "view", text(&path)]).refused(13, &["wrong.log:3:", "'hello' is not hex"]);
    run(&["trace", "convert", "--from", "opensc", text(&path)])
        .refused(13, &["no command and answer", "--from names another"]);
    run(&["trace", "view", "/nowhere/at/all"]).refused(13, &["/nowhere/at/all"]);
    run(&["trace", "view", "--from", "pcap", text(&path)])
        .refused(2, &["apdu4j, opensc, pcsc-spy"]);
    run_with(&["trace", "view", "-"], "").refused(13, &["no command and answer"]);
    std::fs::write(&path, [0xFF; 64]).unwrap();
    run(&["trace", "view", text(&path)]).refused(13, &["wrong.log:1:"]);
}
