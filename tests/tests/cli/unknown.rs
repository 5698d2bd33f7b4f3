//! Cards that nobody named the family of, and what is said of those that fail.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::{Emulator, run, run_in, text};

/// A card of this family behind a socket, where nothing tells which it is.
fn stranger(profile: &str, more: &[&str]) -> (Emulator, String) {
    let listen = ["--profile", profile, "--listen", "127.0.0.1:0"];
    let mut emulator = Emulator::start(&[&listen[..], more].concat());
    let spec = format!("tcp:{}", emulator.address("listening on "));
    (emulator, spec)
}

#[test]
fn families_of_one_name_are_told_apart_by_their_purses() {
    let (_card, spec) = stranger("fmcos-ep", &["--set", "balance=10.00"]);
    let said = run(&["card", "info", "--card", &spec, "--json"]).fine();
    assert_eq!(said.json()["family"], "fmcos-ep 1.0.0");
    assert_eq!(said.json()["purses"].as_array().unwrap().len(), 1);
    assert!(!said.stderr.contains("may also be"), "{}", said.stderr);
    run(&["card", "purchase", "1.00", "--card", &spec]).fine();

    let (_card, spec) = stranger("pboc", &[]);
    let said = run(&["card", "info", "--card", &spec, "--json"]).fine();
    assert_eq!(said.json()["family"], "pboc 1.0.0");
    assert!(said.stderr.contains("may also be: pboc-sm4 (--profile pboc-sm4)"), "{}", said.stderr);
}

#[test]
fn a_refused_mac_tells_the_other_families() {
    let (_card, spec) = stranger("pboc-sm4", &["--set", "ep.balance=10.00"]);
    let purchase = ["card", "purchase", "1.00", "--card", &spec];
    let document = run(&[&purchase[..], &["--json"]].concat());
    assert_eq!(document.code, Some(41), "{}", document.stderr);
    let next = document.json()["error"]["next"].as_str().unwrap().to_owned();
    assert!(next.contains("may also be: pboc-sm4 (--profile pboc-sm4)"), "{next}");
    run(&[&purchase[..], &["--profile", "pboc-sm4"]].concat()).fine();
}

#[test]
fn a_psam_is_another_card_and_of_the_cards_family() {
    let (_card, spec) = stranger("jtt978", &["--set", "balance=10.00"]);
    let purchase = ["card", "purchase", "1.00", "--card", &spec, "--psam"];
    run(&[&purchase[..], &[&spec]].concat()).refused(2, &["they are two cards", "--psam local"]);
    run(&[&purchase[..], &["virtual:psam-pboc"]].concat())
        .refused(40, &["next: the PSAM has the keys of pboc cards, and this is a jtt978 card"]);
    run(&[&purchase[..], &["virtual:psam-jtt978"]].concat()).fine();
}

#[test]
fn a_card_without_a_known_application_is_blank_or_unknown() {
    let (_card, spec) = stranger("fmcos-blank", &[]);
    let document = run(&["card", "info", "--card", &spec, "--json"]).fine().json();
    assert_eq!((&document["aid"], &document["family"]), (&Value::Null, &Value::Null));
    assert_eq!(document["purses"], json!([]));
    let words = "no application found: a blank or unknown card";
    assert!(run(&["card", "info", "--card", &spec]).fine().stdout.contains(words));
    run(&["card", "balance", "--card", &spec]).refused(2, &[words]);
    run(&["card", "purchase", "1.00", "--card", &spec]).refused(2, &[words, "--profile"]);
}

#[test]
fn a_recording_replays_the_command_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    for family in ["jtt978", "fmcos-ep", "fmcos-blank", "psam-pboc"] {
        let path = folder.path().join(family);
        let card = format!("virtual:{family}");
        let info = ["card", "info", "--json", "--card"];
        let record = ["--record", text(&path)];
        let live = run(&[&info[..], &[&card], &record].concat()).fine().json();
        let replayed = run(&[&info[..], &[&format!("replay:{}", text(&path))]].concat());
        let mut replayed = replayed.fine().json();
        replayed["card"] = live["card"].clone();
        assert_eq!(replayed, live, "{family}");
    }
    let path = folder.path().join("jtt978");
    let recorded = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, recorded.replace("profile jtt978", "profile our-own")).unwrap();
    let said = run(&["card", "info", "--card", &format!("replay:{}", text(&path))]);
    assert!(
        said.stderr.contains("profile our-own 1.0.0, which is not built in"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_socket_that_loses_every_tap_is_given_up_and_not_hurried() {
    let (_card, spec) = stranger("jtt978", &["--set", "balance=10.00"]);
    let start = Instant::now();
    let taps = ["terminal", "run", "--card", &spec, "--taps", "1", "--with", "lost@3"];
    let said = run(&taps).refused(11, &[]);
    assert!(said.stderr.lines().count() < 12, "{}", said.stderr);
    assert!(start.elapsed().as_millis() > 500, "{:?}", start.elapsed());
}

#[test]
fn the_last_try_of_a_pin_is_told() {
    let (_card, spec) = stranger("pboc", &["--set", "pin-tries=2"]);
    run_in(&[("PURSE_PIN", "999999")], &["card", "balance", "--card", &spec], "")
        .refused(41, &["63C1", "one try is left"]);
    let (_card, spec) = stranger("pboc", &["--set", "pin-tries=2"]);
    run_in(&[("PURSE_PIN", "999999")], &["card", "load", "1.00", "--card", &spec], "")
        .refused(41, &["63C1", "next: one try is left"]);
}

#[test]
fn nothing_asked_for_is_told_as_that() {
    run(&["terminal", "run", "--card", "virtual:jtt978", "--taps", "0"])
        .refused(4, &["no tap", "--taps 1"]);
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lab-batch.toml");
    run(&["perso", "run", text(&job), "--card", "virtual:fmcos-blank", "--limit", "0"])
        .refused(4, &["no card", "--limit 1"]);
}

#[test]
fn an_amount_without_decimals_and_a_year_before_1970_are_mended_in_words() {
    let purchase = ["card", "purchase", "--card", "virtual:jtt978"];
    for amount in ["10", "0"] {
        let words = format!("write {amount}.00 (yuan) or {amount}fen");
        run(&[&purchase[..], &[amount]].concat()).refused(2, &["decimals are missing", &words]);
    }
    let time = ["1.00", "--time", "1850-01-01T00:00:00"];
    run(&[&purchase[..], &time].concat()).refused(2, &["1970 to 9999"]);
}
