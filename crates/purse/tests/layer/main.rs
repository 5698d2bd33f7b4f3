//! The command layer, seen from outside: what a host says is what a card understands, the codes of
//! whole transactions are the known ones, and traces tell what happened and no secret.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod commands;
mod errors;
mod issuing;
mod refusals;
mod strategy;
mod trace;
mod transactions;
mod values;

use applet_spec::{Profile, Rules};

/// Rules of a built-in profile.
fn rules(profile: &str) -> &'static Rules {
    &Profile::built_in(profile).unwrap().rules
}

/// Bytes of hexadecimal text with blanks.
fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}
