//! The PIN: VERIFY, CHANGE PIN, RELOAD PIN, PIN UNBLOCK (facts 4.1, 4.2).
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::KeyKind;
use common::{Bench, Chip, spoilt};
use crypto::{encipher, pin_reload_mac};

const RIGHT: &str = "0020000003 123456";
const WRONG: &str = "0020000003 654321";

/// RELOAD PIN with the MAC over the PIN alone.
fn reload(bench: &Bench, pin: &[u8]) -> Vec<u8> {
    let index = bench.keys.first_index(KeyKind::PinReset).unwrap();
    let (suite, key) = bench.keys.key(KeyKind::PinReset, index).unwrap();
    let mac = pin_reload_mac(suite, key, pin).0;
    [&[0x80, 0x5E, 0x00, 0x00, pin.len() as u8 + 4], pin, &mac].concat()
}

/// PIN UNBLOCK with the PIN enciphered inside.
fn unblock(bench: &Bench, chip: &mut Chip, header: &str, pin: &[u8]) -> Vec<u8> {
    let index = bench.keys.first_index(KeyKind::PinUnblock).unwrap();
    let (suite, key) = bench.keys.key(KeyKind::PinUnblock, index).unwrap();
    let enciphered = encipher(suite, key, pin);
    bench.secured(chip, header, &enciphered, KeyKind::PinUnblock)
}

/// A selected application whose PIN has no tries left.
fn pin_blocked(bench: &Bench) -> Chip {
    let mut chip = bench.opened();
    for status in [0x63C2, 0x63C1, 0x63C0] {
        chip.refuses(WRONG, status);
    }
    chip
}

#[test]
fn three_wrong_pins_lock_it_and_a_right_one_gives_the_tries_back() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        chip.refuses(WRONG, 0x63C2);
        chip.refuses(WRONG, 0x63C1);
        chip.says(RIGHT, "9000");
        let mut chip = pin_blocked(&bench);
        chip.refuses(WRONG, 0x6983);
        chip.refuses(RIGHT, 0x6983);
        chip.refuses("805E010007 123456 FF 111111", 0x6983);
        assert_eq!(chip.shown("locked"), "no");
    }
}

#[test]
fn tries_are_not_forgotten_over_a_reset() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    for status in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
        chip.refuses(WRONG, status);
        chip.reset();
        chip.ok(bench.select());
    }
}

#[test]
fn a_wrong_pin_takes_the_right_away() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    chip.ok("805C000104");
    chip.refuses(WRONG, 0x63C2);
    chip.refuses("805C000104", 0x6982);
    chip.ok(RIGHT);
    chip.ok("805C000104");
    chip.reset();
    chip.ok(bench.select());
    chip.refuses("805C000104", 0x6982);
}

#[test]
fn a_pin_has_two_to_six_bytes_and_filler_does_not_count() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    for command in ["0020000006 123456FFFFFF", "0020000008 123456FFFFFFFFFF"] {
        chip.says(command, "9000");
    }
    for command in ["0020000000", "0020000001 12", "0020000009 123456FFFFFFFFFFFF"] {
        chip.refuses(command, 0x6700);
    }
    chip.refuses("0020000002 1234", 0x63C2);
    chip.refuses("0020000103 123456", 0x6A88);
    chip.refuses("0020010003 123456", 0x6A86);
    chip.ok("00A40000");
    chip.refuses(RIGHT, 0x6A88); // the MF has no PIN
}

#[test]
fn change_pin_takes_the_old_one_ff_and_the_new_one() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    chip.says("805E010006 123456 FF 9876", "9000");
    chip.refuses(RIGHT, 0x63C2);
    chip.says("0020000002 9876", "9000");
    chip.refuses("805E010006 9877 FF 123456", 0x63C2);
    chip.refuses("805E010006 9877 FF 123456", 0x63C1);
    chip.says("805E01000D 9876 FF 112233445566 FFFFFFFF", "9000"); // and a fresh counter
    chip.refuses("0020000002 9876", 0x63C2);
    chip.says("0020000006 112233445566", "9000");
    let before = chip.clone();
    for command in [
        "805E010007 11223344556677",     // no FF between
        "805E010008 112233445566 FF 12", // too short
        "805E010005 11 FF 123456",
        "805E010009 FF 112233445566 FF 12",
    ] {
        chip.refuses(command, 0x6A80);
    }
    chip.refuses("805E010004 12 FF 3456", 0x6700);
    chip.refuses("805E010107 112233 FF 123456", 0x6A88);
    assert!(chip.same_memory(&before), "what is no pair of PINs costs no try");
}

#[test]
fn reload_pin_replaces_a_forgotten_one() {
    for bench in Bench::all() {
        let mut chip = pin_blocked(&bench);
        chip.says(reload(&bench, &[0x98, 0x76]), "9000");
        chip.says("0020000002 9876", "9000");
        chip.refuses(RIGHT, 0x63C2);
        for pin in [&[0x11, 0x22, 0x33, 0x44, 0x55, 0x66][..], &[0x12, 0x34, 0x56]] {
            chip.says(reload(&bench, pin), "9000");
        }
        chip.says(RIGHT, "9000");
        chip.refuses("805E000005 12 00000000", 0x6700);
        chip.refuses("805E00000B 12345678901234 00000000", 0x6700);
        chip.refuses("805E000107 123456 00000000", 0x6A88);
    }
}

#[test]
fn three_wrong_macs_of_a_reload_lock_the_application_for_ever() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        let command = reload(&bench, &[0x98, 0x76]);
        chip.refuses(spoilt(command.clone()), 0x6988);
        chip.refuses(spoilt(command.clone()), 0x6988);
        chip.says(&command, "9000"); // gives the tries back
        for status in [0x6988, 0x6988, 0x9303] {
            chip.refuses(spoilt(command.clone()), status);
            chip.reset();
            chip.send(bench.select());
        }
        chip.refuses(&command, 0x9303);
    }
}

#[test]
fn pin_unblock_gives_a_blocked_pin_its_tries_back() {
    for bench in Bench::all() {
        for header in ["84240000", "84240001", "84240100"] {
            let mut chip = pin_blocked(&bench);
            let command = unblock(&bench, &mut chip, header, &[0x12, 0x34, 0x56]);
            let lc = if bench.rules().suite == crypto::Suite::Sm4 { 0x14 } else { 0x0C };
            assert_eq!(command[4], lc);
            chip.says(command, "9000");
            chip.refuses(WRONG, 0x63C2);
            chip.says(RIGHT, "9000");
        }
    }
}

#[test]
fn only_a_blocked_pin_is_unblocked() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    chip.refuses(WRONG, 0x63C2);
    chip.refuses(WRONG, 0x63C1);
    let command = unblock(&bench, &mut chip, "84240000", &[0x12, 0x34, 0x56]);
    chip.refuses(command, 0x6985);
    chip.refuses("842400000B 00000000000000 00000000", 0x6700);
    chip.refuses("842400020C 0000000000000000 00000000", 0x6A86);
    let mut chip = pin_blocked(&bench);
    chip.refuses("842400000C 0000000000000000 00000000", 0x6984);
}

#[test]
fn a_wrong_mac_or_a_wrong_pin_inside_costs_a_try_of_the_unblocking_key() {
    for bench in Bench::all() {
        let mut chip = pin_blocked(&bench);
        let wrong_mac = unblock(&bench, &mut chip, "84240000", &[0x12, 0x34, 0x56]);
        chip.refuses(spoilt(wrong_mac), 0x6988);
        let wrong_pin = unblock(&bench, &mut chip, "84240000", &[0x65, 0x43, 0x21]);
        chip.refuses(wrong_pin, 0x63C1);
        let mut fixed = chip.clone();
        let command = unblock(&bench, &mut fixed, "84240000", &[0x12, 0x34, 0x56]);
        fixed.says(command, "9000");
        // The third is the last, whatever was wrong with it.
        for (pin, spoil) in [([0x65, 0x43, 0x21], false), ([0x12, 0x34, 0x56], true)] {
            let mut chip = chip.clone();
            let command = unblock(&bench, &mut chip, "84240000", &pin);
            chip.refuses(if spoil { spoilt(command) } else { command }, 0x9303);
            chip.reset();
            chip.refuses(bench.select(), 0x9303);
        }
    }
}

#[test]
fn the_profile_says_how_many_tries_there_are() {
    let one = "[[directory]]\nfid = 0x1001\n[directory.pin]\ntries = 1\nvalue = \"0000\"\n";
    let bench = Bench::with("pboc", one);
    let mut chip = bench.chip();
    chip.ok(bench.select());
    chip.says("0020000002 0000", "9000");
    chip.refuses("0020000002 1111", 0x63C0);
    chip.refuses("0020000002 0000", 0x6983);
}
