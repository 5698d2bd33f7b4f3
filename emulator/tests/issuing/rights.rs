//! Rights XY of files, keys and directories, and open ground.

use super::common::Chip;
use super::{authenticate, blank, erased};

const MASTER: &str = "0123456789ABCDEF1122334455667788";
const SECOND: &str = "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB";

/// A built MF with master key (state A) and key 39/01 (state 4), entered anew.
fn ground(add: &str, more: &[&str]) -> Chip {
    let mut chip = erased();
    chip.ok(format!("80E0000007 3F0200 01 {add}FFFF"));
    chip.ok(format!("80D4010015 39 F0 FA AA 33 {MASTER}"));
    chip.ok(format!("80D4010115 39 F0 FA 44 33 {SECOND}"));
    for command in more {
        chip.ok(*command);
    }
    chip.ok("00A40000023F00");
    chip
}

#[test]
fn open_ground_lasts_until_it_is_left() {
    let mut chip = erased();
    // Never to be added to, never to be read: while it is built, all the same.
    chip.ok("80E0000007 3F0200 01 EFFFFF");
    chip.ok(format!("80D4010015 39 EF EF AA 33 {MASTER}"));
    chip.ok("80E0001507 28 0004 EF EF FFFF");
    chip.ok("00D6950001 AB");
    chip.ok("00B0950000");
    chip.ok("80E0001607 28 0004 EF EF FFFF");
    // Files are selected without leaving.
    chip.ok("00A40000020016");
    chip.ok("00B0000000");
    chip.ok("00A40000023F00");
    chip.refuses("00B0950000", 0x6982);
    chip.refuses("00D6950001 AB", 0x6982);
    chip.refuses(format!("80D4010115 39 F0 F0 AA 33 {MASTER}"), 0x6982);
    chip.refuses("0082000008 0000000000000000", 0x6984);
    assert_eq!(authenticate(&mut chip, MASTER, 0x00), Err(0x6982));
    chip.refuses("800E0000", 0x6982); // nobody will ever erase this card
}

#[test]
fn losing_power_leaves_the_ground() {
    let mut chip = erased();
    chip.ok("80E0000007 3F0200 01 EFFFFF");
    chip.reset();
    chip.refuses(format!("80D4010015 39 F0 F0 AA 33 {MASTER}"), 0x6982);
    // Without a key file it is open again.
    let mut chip = erased();
    chip.reset();
    chip.ok("80E0001507 28 0004 EF EF FFFF");
    chip.reset();
    chip.ok("00B0950000");
}

#[test]
fn a_blank_card_is_erased_after_its_own_key_alone() {
    let mut chip = blank();
    chip.refuses("800E0000", 0x6982);
    authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
    chip.ok("800E0000");
    chip.refuses("0082000008 0000000000000000", 0x6984);
    assert_eq!(authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00), Err(0x6A88));
}

#[test]
fn files_are_read_and_updated_in_the_states_that_they_ask_for() {
    let mut chip = ground("F0", &["80E0001507 28 0004 44 FA FFFF"]);
    chip.refuses("00B0950000", 0x6982);
    authenticate(&mut chip, SECOND, 0x01).unwrap(); // state 4
    chip.ok("00B0950000");
    chip.refuses("00D6950001 AB", 0x6982);
    authenticate(&mut chip, MASTER, 0x00).unwrap(); // state A
    chip.refuses("00B0950000", 0x6982);
    chip.ok("00D6950001 AB");
    // A wrong key takes the state away.
    assert_eq!(authenticate(&mut chip, SECOND, 0x00), Err(0x63C2));
    chip.refuses("00D6950001 AB", 0x6982);
}

#[test]
fn keys_are_added_changed_and_used_in_the_states_that_they_ask_for() {
    let mut chip = ground("F4", &["80D4010015 30 FA 44 00 00 11111111111111112222222222222222"]);
    let add = "80D4010115 30 F0 F0 00 00 11111111111111112222222222222222";
    let change = "80D4300010 33333333333333334444444444444444";
    let using = "0088000008 0000000000000000";
    for command in [add, change, using] {
        chip.refuses(command, 0x6982);
    }
    authenticate(&mut chip, SECOND, 0x01).unwrap();
    chip.ok(change);
    chip.ok(add);
    chip.refuses(using, 0x6982);
    authenticate(&mut chip, MASTER, 0x00).unwrap();
    chip.ok(using);
    chip.refuses(change, 0x6982);
}

#[test]
fn directories_are_built_and_erased_in_the_states_that_they_ask_for() {
    let directory = "80E03F0108 38 0200 F4 0A 00 FFFF";
    let mut chip = ground("F0", &[directory]);
    chip.ok("00A40000023F01");
    // Open until it has a key file and is left.
    chip.ok("80E0000007 3F0100 00 F0FFFF");
    chip.ok(format!("80D4010015 39 F0 FA 44 33 {SECOND}"));
    chip.ok("80E0001507 28 0004 F0 F0 FFFF");
    chip.ok("00A40000023F01");
    let file = "80E0001607 28 0004 F0 F0 FFFF";
    chip.refuses(file, 0x6982);
    authenticate(&mut chip, SECOND, 0x00).unwrap();
    chip.ok(file);
    // To erase, state A in the MF, which lasts when the directory is selected.
    chip.refuses("800E0000", 0x6982);
    chip.ok("00A40000023F00");
    authenticate(&mut chip, MASTER, 0x00).unwrap();
    chip.ok("00A40000023F01");
    chip.ok("800E0000");
    chip.refuses("00B0950000", 0x6A82);
}

#[test]
fn a_pin_is_used_and_a_purse_too_in_the_states_that_they_ask_for() {
    let mut chip = ground(
        "F0",
        &[
            "80D4010008 3A F4 EF 05 33 123456",
            "80D4010015 3E FA F0 00 00 11111111111111112222222222222222",
            "80E0001807 2E 0A17 F0 EF FFFF",
            "80E0000207 2F0208 F5 00 FF 18",
        ],
    );
    let begin = "805001020B 00 00000000 666666666666 0F";
    chip.refuses("805C000204", 0x6982);
    chip.refuses("0020000003 123456", 0x6982);
    authenticate(&mut chip, SECOND, 0x01).unwrap();
    chip.refuses("805C000204", 0x6982);
    chip.ok("0020000003 123456"); // state 5
    chip.ok("805C000204");
    chip.refuses(begin, 0x6982);
    authenticate(&mut chip, MASTER, 0x00).unwrap(); // state A: the key, too
    chip.ok(begin);
}
