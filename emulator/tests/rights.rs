//! Rights as ranges of security states: on any profile, beside the words.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use common::{Bench, Chip};
use crypto::authentication_cryptogram;

/// File 11 may be read in state 2 alone, file 12 in state 1 or higher, file 13 after an
/// authentication in the MF.
fn bench() -> Bench {
    let file = |sfi: &str, read: &str| {
        format!(
            "[[directory.file]]\nsfi = {sfi}\ntitle = \"t\"\ntitle-zh = \"t\"\nkind = \"binary\"\n\
             size = 4\nread = {read}\n"
        )
    };
    let files = [("0x11", "0x22"), ("0x12", "0xF1"), ("0x13", "0x02")];
    let files: String = files.iter().map(|(sfi, read)| file(sfi, read)).collect();
    Bench::with("pboc", &format!("[[directory]]\nfid = 0x1001\n{files}"))
}

const SAME_STATE: &str = "00B0910000";
const FROM_ONE: &str = "00B0920000";
const MASTER: &str = "00B0930000";

fn authenticate(bench: &Bench, chip: &mut Chip, directory: usize) {
    let directory = &bench.profile.directories[directory];
    let kind = applet_spec::KeyKind::ExternalAuthentication;
    let key = directory.key(kind, 1).expect("a key");
    let factors = bench.profile.factors_for(&bench.profile.serial);
    let lab = emulator::LabKeys(&bench.profile);
    let value = emulator::MasterKeys::card_key(&lab, directory, key, &factors).expect("lab key");
    let challenge = chip.ok("0084000008");
    let cryptogram = authentication_cryptogram(key.suite, &value, &challenge, false);
    chip.ok([&[0x00, 0x82, 0x00, 0x01, 0x08], &cryptogram[..]].concat());
}

#[test]
fn a_state_is_that_of_the_last_verify_or_authentication() {
    let bench = bench();
    let mut chip = bench.chip();
    chip.ok(bench.select());
    chip.refuses(SAME_STATE, 0x6982);
    chip.refuses(FROM_ONE, 0x6982);
    chip.ok("0020000003 123456"); // leads to 1
    chip.ok(FROM_ONE);
    chip.refuses(SAME_STATE, 0x6982);
    authenticate(&bench, &mut chip, 1); // leads to 2
    chip.ok(FROM_ONE);
    chip.ok(SAME_STATE);
    chip.refuses("0020000003 654321", 0x63C2); // takes back what the PIN gave
    chip.refuses(FROM_ONE, 0x6982);
}

#[test]
fn selecting_a_directory_begins_with_state_zero() {
    let bench = bench();
    let mut chip = bench.opened();
    chip.ok(FROM_ONE);
    chip.ok(bench.select());
    chip.refuses(FROM_ONE, 0x6982);
}

#[test]
fn the_state_of_the_mf_lasts_while_its_directories_are_visited() {
    let bench = bench();
    let mut chip = bench.chip();
    authenticate(&bench, &mut chip, 0);
    chip.ok(bench.select());
    chip.ok(MASTER);
    chip.refuses(FROM_ONE, 0x6982);
    chip.ok(bench.select());
    chip.ok(MASTER);
    // The MF itself begins anew, and so does a card that lost power.
    chip.ok("00A40000023F00");
    chip.ok(bench.select());
    chip.refuses(MASTER, 0x6982);
    authenticate_in_master(&bench, &mut chip);
    chip.ok(MASTER);
    chip.reset();
    chip.ok(bench.select());
    chip.refuses(MASTER, 0x6982);
}

fn authenticate_in_master(bench: &Bench, chip: &mut Chip) {
    chip.ok("00A40000023F00");
    authenticate(bench, chip, 0);
    chip.ok(bench.select());
}
