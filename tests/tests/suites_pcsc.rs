//! The suites through a PC/SC daemon of the test's own: the same cases, on the card in a virtual
//! reader, with its control channel at hand; and without it, as on a card of flesh and blood.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::process::Output;

use serde_json::Value;
use tests::inserted::InsertedCard;
use tests::pcscd::PrivatePcscd;

const SERIAL: &str = "9999000000000001";

fn conform(daemon: &PrivatePcscd, options: &[&str]) -> Output {
    let mut purse = tests::purse_with_pcsc();
    daemon.lead(&mut purse);
    purse.args(["conform", "run", "all", "--quiet", "--json", "--card", "reader:0"]).args(options);
    purse.output().expect("purse runs")
}

fn document(output: &Output) -> Value {
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said()))
}

fn count(document: &Value, name: &str) -> u64 {
    document.get(name).and_then(Value::as_u64).expect("a count")
}

#[test]
fn every_case_passes_in_a_reader_that_passes_in_the_process() {
    let daemon = PrivatePcscd::start(1).expect("pcscd");
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978"]);
    let there = document(&conform(&daemon, &["--profile", "jtt978", "--control", card.hand()]));
    let mut here = tests::purse_with_pcsc();
    here.args(["conform", "run", "all", "--quiet", "--json", "--card", "virtual:jtt978"]);
    let here = document(&here.output().expect("purse runs"));
    assert_eq!(there.get("bad"), Some(&Value::Array(Vec::new())), "{there}");
    assert_eq!(count(&there, "passed"), count(&here, "passed"));
    assert!(count(&there, "passed") > 500, "{there}");
}

#[test]
fn a_card_in_a_reader_is_touched_only_where_it_is_named() {
    let daemon = PrivatePcscd::start(1).expect("pcscd");
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978", "--set", "balance=50.00"]);
    let unnamed = conform(&daemon, &["--profile", "jtt978"]);
    assert_eq!(unnamed.status.code(), Some(2));
    let message = document(&unnamed)["error"]["next"].to_string();
    assert!(message.contains(SERIAL), "{message}");
    let other = conform(&daemon, &["--profile", "jtt978", "--serial", "1111222233334444"]);
    assert_eq!(other.status.code(), Some(2));
    assert_eq!(card.status("ep.balance"), "50.00");
    assert_eq!(card.status("ep.offline-serial"), "0x0000");

    let named = conform(&daemon, &["--profile", "jtt978", "--serial", SERIAL]);
    let named = document(&named);
    assert_eq!(named.get("bad"), Some(&Value::Array(Vec::new())), "{named}");
    assert!(count(&named, "passed") > 50, "{named}");
    assert!(count(&named, "skipped") > count(&named, "passed"), "{named}");
    assert_eq!(card.status("locked"), "no");
    assert_eq!(card.status("pin-tries"), "3");
}
