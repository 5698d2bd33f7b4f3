//! A terminal between two PC/SC readers of a private daemon ([`PrivatePcscd`]): a card in one, its
//! PSAM in the other.
//!
//! ```text
//! apt-get install pcscd vsmartcard-vpcd libpcsclite-dev
//! cargo test -p tests --features pcsc --test taps
//! ```

#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use tests::inserted::InsertedCard;
use tests::pcscd::PrivatePcscd;

/// Pulls the card at every command of a flow, twice each, and taps it again.
#[track_caller]
fn pulled_at_every_step(profile: &str, flow: &str, least: u32) {
    let daemon = PrivatePcscd::start(2).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", profile, "--set", "balance=100.00"]);
    let _psam = InsertedCard::insert(&daemon, 1, &["--profile", &format!("psam-{profile}")]);
    let terminal = daemon
        .command(env!("CARGO_BIN_EXE_pcsc-terminal"))
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
