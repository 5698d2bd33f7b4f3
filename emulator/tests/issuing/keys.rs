//! WRITE KEY: adding, changing, line protection, counters.

use crypto::{Key, Suite, encipher, secure_messaging_mac};

use super::common::{Chip, spoilt};
use super::{authenticate, blank, blank_of, erased};

const MASTER: &str = "0123456789ABCDEF1122334455667788";
const OTHER: &str = "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB";

/// An erased MF with a key file of 200 (hex) bytes.
fn ground(chip: &mut Chip) {
    chip.ok("80E0000007 3F0200 01 F0FFFF");
}

/// The same with a master key 39/00 of three tries that leads to state A.
fn with_master() -> Chip {
    let mut chip = erased();
    ground(&mut chip);
    chip.ok(format!("80D4010015 39 F0 F0 AA 33 {MASTER}"));
    chip
}

fn key(text: &str) -> Key {
    Key::new(&hex::decode(text).unwrap()).unwrap()
}

/// WRITE KEY under line protection by the master key; enciphered where that is said.
fn sealed(chip: &mut Chip, parameters: [u8; 2], record: &str, enciphered: bool) -> Vec<u8> {
    let challenge = chip.ok("0084000004");
    sealed_with(&challenge, parameters, record, enciphered)
}

fn sealed_with(challenge: &[u8], [p1, p2]: [u8; 2], record: &str, enciphered: bool) -> Vec<u8> {
    let record = hex::decode(record.replace(' ', "")).unwrap();
    let suite = Suite::TripleDes;
    let data = if enciphered { encipher(suite, &key(MASTER), &record) } else { record };
    let body = [&[0x84, 0xD4, p1, p2, data.len() as u8 + 4], &data[..]].concat();
    let mac = secure_messaging_mac(suite, &key(MASTER), challenge, &body).0;
    [&body[..], &mac].concat()
}

#[test]
fn a_key_needs_a_key_file_with_room_and_its_own_index() {
    let mut chip = erased();
    chip.refuses(format!("80D4010015 39 F0 F0 AA 33 {MASTER}"), 0x6A8B);
    chip.ok("80E0000007 3F002F 01 F0FFFF"); // 47 bytes: one key of 16 and its 8, and 23 more
    chip.ok(format!("80D4010015 39 F0 F0 AA 33 {MASTER}"));
    chip.refuses(format!("80D4010015 39 F0 F0 AA 33 {OTHER}"), 0x6900);
    chip.refuses(format!("80D4010115 39 F0 F0 AA 33 {OTHER}"), 0x6A84);
    chip.ok("80D401010D 39 F0 F0 AA 33 1111111111111111");
    chip.refuses("80D4010007 3A F0 EF 01 33 1234", 0x6A84);
}

#[test]
fn what_is_no_key_record_is_refused() {
    let mut chip = with_master();
    for record in [
        "3B F0 F0 00 00 1111111111111111",
        "7E F0 F0 00 00 1111111111111111",
        "3E F0 F0 00 00 11111111111111",
        "3A F0 EF 01 33 11",
        "3A F0 EF 01 33 11111111111111",
        "3E F0",
    ] {
        let length = record.replace(' ', "").len() / 2;
        chip.refuses(format!("80D40107 {length:02X} {record}"), 0x6A80);
    }
}

#[test]
fn keys_of_one_index_and_different_types_stand_side_by_side() {
    let mut chip = with_master();
    for kind in ["30", "31", "32", "34", "3C", "3D", "3E", "3F"] {
        chip.ok(format!("80D4010015 {kind} F0 F0 00 00 {OTHER}"));
    }
    for kind in ["36", "37", "38"] {
        chip.ok(format!("80D4010015 {kind} F0 F0 FF 33 {OTHER}"));
        chip.refuses(format!("80D4010015 {kind} F0 F0 FF 33 {MASTER}"), 0x6900);
    }
    chip.ok(format!("80D4010115 39 F0 F0 44 33 {OTHER}"));
    authenticate(&mut chip, OTHER, 0x01).unwrap();
    authenticate(&mut chip, MASTER, 0x00).unwrap();
}

#[test]
fn a_directory_keeps_one_pin() {
    let mut chip = with_master();
    chip.ok("80D4010008 3A F0 EF 01 33 123456");
    chip.refuses("80D4010008 3A F0 EF 01 33 123456", 0x6900);
    chip.refuses("80D4010108 3A F0 EF 01 33 123456", 0x6A84);
    chip.ok("0020000003 123456");
    chip.refuses("0020000003 654321", 0x63C2);
    assert_eq!(chip.send("0020000103 123456").status, 0x6A88);
    chip.ok("805E0100 07 123456 FF 987654");
    chip.ok("0020000003 987654");
}

#[test]
fn counters_are_those_of_the_record() {
    let mut chip = with_master();
    // Two of three tries left, and a PIN and a key that are not counted.
    chip.ok(format!("80D4010115 39 F0 F0 44 32 {OTHER}"));
    assert_eq!(authenticate(&mut chip, MASTER, 0x01), Err(0x63C1));
    authenticate(&mut chip, OTHER, 0x01).unwrap();
    for status in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
        assert_eq!(authenticate(&mut chip, MASTER, 0x01), Err(status));
    }
    assert_eq!(authenticate(&mut chip, OTHER, 0x01), Err(0x6983), "locked for the right key too");
    chip.ok(format!("80D4010215 39 F0 F0 44 FF {OTHER}"));
    chip.ok("80D4010008 3A F0 EF 01 0F 123456");
    for _ in 0..20 {
        assert_eq!(authenticate(&mut chip, MASTER, 0x02), Err(0x63CF));
        chip.refuses("0020000003 654321", 0x63CF);
    }
    authenticate(&mut chip, OTHER, 0x02).unwrap();
    chip.ok("0020000003 123456");
}

#[test]
fn a_blank_card_is_lost_by_three_wrong_keys() {
    let mut chip = blank();
    assert_eq!(authenticate(&mut chip, MASTER, 0x00), Err(0x63C2));
    assert_eq!(chip.shown("key-tries.card-master.0"), "2");
    chip.set("key-tries.card-master.0", "1");
    chip.reset();
    assert_eq!(authenticate(&mut chip, MASTER, 0x00), Err(0x63C0));
    assert_eq!(authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00), Err(0x6983));
    assert_eq!(chip.shown("key-tries.card-master.0"), "0");
    chip.refuses("800E0000", 0x6982);
    chip.set("key-tries.card-master.0", "3");
    authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
}

#[test]
fn a_key_is_changed_by_its_record_or_its_value_alone() {
    let mut chip = with_master();
    chip.ok(format!("80D4010115 39 F0 F0 44 33 {MASTER}"));
    // The value alone: right and follow-up state stay, the tries are fresh.
    assert_eq!(authenticate(&mut chip, OTHER, 0x01), Err(0x63C2));
    chip.ok(format!("80D4390110 {OTHER}"));
    authenticate(&mut chip, OTHER, 0x01).unwrap();
    assert_eq!(authenticate(&mut chip, MASTER, 0x01), Err(0x63C2));
    // The whole record.
    chip.ok(format!("80D4390115 39 F0 F0 44 11 {MASTER}"));
    assert_eq!(authenticate(&mut chip, OTHER, 0x01), Err(0x63C0));
    chip.refuses(format!("80D4390510 {OTHER}"), 0x6A88);
    chip.refuses(format!("80D4360110 {OTHER}"), 0x6A88);
    chip.refuses(format!("80D4330110 {OTHER}"), 0x6A88);
    chip.refuses(format!("80D4390115 36 F0 F0 FF 11 {MASTER}"), 0x6A80);
    chip.refuses("80D439010F 111111111111111111111111111111", 0x6A80);
}

#[test]
fn a_profile_says_which_form_a_change_has() {
    for (form, by_record, by_value) in
        [("either", 0x9000, 0x9000), ("record", 0x9000, 0x6A80), ("value", 0x6A80, 0x9000)]
    {
        let changes = format!("[rules.issuing]\nkey-update = \"{form}\"\n");
        let mut chip = blank_of("fmcos-blank", &changes);
        authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
        chip.ok("800E0000");
        ground(&mut chip);
        chip.ok(format!("80D4010015 39 F0 F0 AA 33 {MASTER}"));
        let status = chip.send(format!("80D4390015 39 F0 F0 AA 33 {OTHER}")).status;
        assert_eq!(status, by_record, "{form}");
        assert_eq!(chip.send(format!("80D4390010 {OTHER}")).status, by_value, "{form}");
    }
}

#[test]
fn a_profile_says_when_keys_come_in_clear() {
    for (word, building, later) in
        [("always", 0x9000, 0x9000), ("building", 0x9000, 0x6900), ("never", 0x6900, 0x6900)]
    {
        let changes = format!("[rules.issuing]\nplain-keys = \"{word}\"\n");
        let mut chip = blank_of("fmcos-blank", &changes);
        authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
        chip.ok("800E0000");
        ground(&mut chip);
        let add = |index: u8| format!("80D401{index:02X}15 39 F0 F0 AA 33 {MASTER}");
        assert_eq!(chip.send(add(0)).status, building, "{word}");
        chip.ok("00A40000023F00");
        assert_eq!(chip.send(add(1)).status, later, "{word}");
    }
}

#[test]
fn protected_keys_are_added_and_changed_under_protection() {
    let mut chip = with_master();
    let record = format!("F6 F0 F0 FF 33 {OTHER}");
    let command = sealed(&mut chip, [0x01, 0x00], &record, true);
    chip.ok(command);
    // From now on it asks for the same.
    chip.refuses(format!("80D4360010 {MASTER}"), 0x6900);
    let command = sealed(&mut chip, [0x36, 0x00], MASTER, true);
    chip.ok(command);
    let command = sealed(&mut chip, [0x36, 0x00], MASTER, false);
    chip.refuses(command, 0x6A80); // a MAC over what was not enciphered
    // A whole record may loosen it.
    let command = sealed(&mut chip, [0x36, 0x00], &format!("36 F0 F0 FF 33 {OTHER}"), true);
    chip.ok(command);
    chip.ok(format!("80D4360010 {MASTER}"));
    let command = sealed(&mut chip, [0x36, 0x00], OTHER, true);
    chip.refuses(command, 0x6900);
    // A MAC alone.
    let command = sealed(&mut chip, [0x01, 0x01], &format!("B6 F0 F0 FF 33 {OTHER}"), false);
    chip.ok(command);
    let command = sealed(&mut chip, [0x36, 0x01], MASTER, false);
    chip.ok(command);
    chip.refuses(format!("80D4360110 {MASTER}"), 0x6900);
    // A PIN too.
    let command = sealed(&mut chip, [0x01, 0x00], "FA F0 F0 01 33 123456", true);
    chip.ok(command);
    chip.ok("0020000003 123456");
    let command = sealed(&mut chip, [0x3A, 0x00], "654321", true);
    chip.ok(command);
    chip.ok("0020000003 654321");
}

#[test]
fn a_wrong_mac_costs_the_master_key_a_try() {
    let mut chip = with_master();
    let record = format!("F6 F0 F0 FF 33 {OTHER}");
    chip.refuses(sealed_with(&[0; 4], [0x01, 0x00], &record, true), 0x6984);
    for _ in 0..2 {
        let command = spoilt(sealed(&mut chip, [0x01, 0x00], &record, true));
        chip.refuses(command, 0x6988);
    }
    assert_eq!(chip.shown("key-tries.card-master.0"), "1");
    let command = sealed(&mut chip, [0x01, 0x00], &record, true);
    chip.ok(command); // a right one gives them back
    assert_eq!(chip.shown("key-tries.card-master.0"), "3");
    for status in [0x6988, 0x6988, 0x6988, 0x6983] {
        let command = spoilt(sealed(&mut chip, [0x01, 0x01], &record, true));
        chip.refuses(command, status);
    }
    let command = sealed(&mut chip, [0x01, 0x01], &record, true);
    chip.refuses(command, 0x6983);
}

#[test]
fn without_a_master_key_there_is_no_line_protection() {
    let mut chip = erased();
    ground(&mut chip);
    let command = sealed(&mut chip, [0x01, 0x00], &format!("F6 F0 F0 FF 33 {OTHER}"), true);
    chip.refuses(command, 0x6A88);
}

#[test]
fn a_key_of_an_unknown_algorithm_works_as_triple_des() {
    let mut chip = with_master();
    chip.ok(format!("80D4010015 30 F0 F0 05 98 {OTHER}"));
    let cipher = crypto::BlockCipher::new(Suite::TripleDes, &key(OTHER));
    assert_eq!(
        chip.ok("0088000008 0102030405060708"),
        cipher.encrypt_ecb(&[1, 2, 3, 4, 5, 6, 7, 8])
    );
    chip.ok(format!("80D4010115 30 F0 F0 05 04 {OTHER}"));
    let cipher = crypto::BlockCipher::new(Suite::Sm4, &key(OTHER));
    let block: Vec<u8> = (0..16).collect();
    let answer = chip.ok([&[0x00, 0x88, 0x00, 0x01, 0x10], &block[..]].concat());
    assert_eq!(answer, cipher.encrypt_ecb(&block));
}
