//! CREATE FILE: every kind of file, and everything that is refused.

use super::common::{Bench, Chip};
use super::{blank, erased, kept};

/// An application in an erased card, selected, with a key file of 60 (hex) bytes.
fn ground() -> Chip {
    let mut chip = erased();
    chip.ok("80E0000007 3F0060 01 F0FFFF");
    chip.ok("80E03F0111 38 0400 F0 F0 95 FFFF A00000000386980701");
    chip.ok("00A40000023F01");
    chip.ok("80E0000007 3F0060 95 F0FFFF");
    chip
}

#[test]
fn a_binary_file_is_read_and_updated() {
    let mut chip = ground();
    chip.ok("80E0001507 28 0004 F0 F0 FFFF");
    chip.says("00B0950000", "00000000 9000");
    chip.ok("00D6950102 ABCD");
    chip.says("00B0950000", "00ABCD00 9000");
    chip.refuses("00D6950302 ABCD", 0x6700);
    chip.refuses("00B2010C00", 0x6A82);
    chip.refuses("00B201AC00", 0x6981);
    chip.ok("00A40000020015");
    chip.says("00B0000102", "ABCD 9000");
}

#[test]
fn fixed_records_fill_their_file() {
    let mut chip = ground();
    chip.ok("80E0001007 2A 0203 F0 F0 FFFF");
    chip.refuses("00B2018400", 0x6A83);
    chip.ok("00E2008003 111111");
    chip.ok("00E2008003 222222");
    chip.refuses("00E2008003 333333", 0x6A84);
    chip.refuses("00DC018402 4444", 0x6700);
    chip.ok("00DC018403 444444");
    chip.says("00B2018400", "444444 9000");
    chip.says("00B2028400", "222222 9000");
}

#[test]
fn variable_records_lie_one_behind_the_other_in_the_room_of_their_file() {
    let mut chip = ground();
    chip.ok("80E0001707 2C 0010 F0 F0 FFFF");
    chip.ok("00E200B804 A1020304"); // id A1, two bytes
    chip.ok("00E200B807 A2050102030405");
    chip.says("00B201BC00", "A1020304 9000");
    chip.says("00B202BC00", "A2050102030405 9000");
    chip.says("00B2A2B800", "A2050102030405 9000"); // by id
    chip.refuses("00E200B806 A30401020304", 0x6A84); // 4 + 7 + 6 of 16
    chip.refuses("00E200B805 A3020102", 0x6700);
    chip.refuses("00E200B804 A3030102", 0x6A85);
    chip.refuses("00DC01BC05 A103010203", 0x6A85);
    chip.ok("00DC01BC04 A1020506");
    chip.ok("00DC03BC05 A303010203"); // one beyond the last adds it
    chip.says("00B201BC00", "A1020506 9000");
    chip.says("00B203BC00", "A303010203 9000");
    chip.refuses("00E200B802 A400", 0x6A84); // sixteen are full
    chip.refuses("00DC05BC02 A400", 0x6A83);
}

#[test]
fn many_small_records_fill_their_file_and_reach_no_further() {
    let mut chip = ground();
    chip.ok("80E0001707 2C 0200 F0 F0 FFFF");
    chip.ok("80E0001607 28 0010 F0 F0 FFFF");
    for count in 0..254 {
        chip.ok(format!("00E200B802 {count:02X}00"));
    }
    chip.refuses("00E200B802 FF00", 0x6A84);
    chip.says("00B2FEBC00", "FD00 9000");
    assert_eq!(chip.ok("00B0960000"), [0; 16]);
}

#[test]
fn a_ring_holds_the_newest_first() {
    let mut chip = ground();
    chip.ok("80E0001807 2E 0202 F0 F0 FFFF");
    for record in ["0101", "0202", "0303"] {
        chip.ok(format!("00E200C002 {record}"));
    }
    chip.says("00B201C400", "0303 9000");
    chip.says("00B202C400", "0202 9000");
    chip.refuses("00B203C400", 0x6A83);
    chip.ok("00DC00C302 0404"); // previous: a new one
    chip.says("00B201C400", "0404 9000");
}

#[test]
fn a_file_is_made_once_and_a_name_given_once() {
    let mut chip = ground();
    chip.ok("80E0001507 28 0004 F0 F0 FFFF");
    chip.refuses("80E0001507 2A 0204 F0 F0 FFFF", 0x6A89);
    chip.refuses("80E0000007 3F0060 95 F0FFFF", 0x6A89);
    chip.refuses("80E0001508 38 0040 F0 F0 95 FFFF", 0x6A89);
    chip.refuses("80E03F0008 38 0040 F0 F0 95 FFFF", 0x6A89);
    chip.refuses("80E03F0108 38 0040 F0 F0 95 FFFF", 0x6A89);
    chip.refuses("80E03F0211 38 0040 F0 F0 95 FFFF A00000000386980701", 0x6A89);
    chip.refuses("80E0000008 38 0040 F0 F0 95 FFFF", 0x6A89);
    chip.ok("80E03F0211 38 0040 F0 F0 95 FFFF A00000000386980702");
    chip.refuses("80E03F0207 28 0004 F0 F0 FFFF", 0x6A89);
    // Another directory has its own files.
    chip.ok("00A40000023F02");
    chip.ok("80E0001507 28 0004 F0 F0 FFFF");
}

#[test]
fn what_is_no_description_is_refused() {
    let mut chip = ground();
    for (data, status) in [
        ("29 0004 F0 F0 FFFF", 0x6A80),
        ("28 0000 F0 F0 FFFF", 0x6A80),
        ("68 0004 F0 F0 FFFF", 0x6A80),
        ("2E 0001 F0 F0 FFFF", 0x6A80),
        ("28 0004 F0 F0 FFFF 00", 0x6A80),
        ("38 0100 F0 F0 C5 FFFF", 0x6A80),
        ("28 0004 F0 F0 FF", 0x6700),
    ] {
        let length = data.replace(' ', "").len() / 2;
        chip.refuses(format!("80E00015 {length:02X} {data}"), status);
    }
}

#[test]
fn a_key_file_comes_first() {
    let mut chip = erased();
    chip.ok("80E0001507 28 0004 F0 F0 FFFF");
    chip.refuses("80E0000007 3F0060 01 F0FFFF", 0x6985);
    chip.ok("800E0000");
    chip.ok("80E0000007 3F0060 01 F0FFFF");
    chip.refuses("80E0000107 3F0060 01 F0FFFF", 0x6985);
}

#[test]
fn a_purse_needs_its_place_and_its_log() {
    let mut chip = ground();
    chip.refuses("80E0000207 2F0208 F0 00 FF 18", 0x6985);
    chip.ok("80E0001807 2E 0A16 F0 EF FFFF");
    chip.refuses("80E0000207 2F0208 F0 00 FF 18", 0x6985); // not records of a log
    chip.ok("80E0001907 2E 0A17 F0 EF FFFF");
    chip.refuses("80E0000307 2F0208 F0 00 FF 19", 0x6A80);
    chip.ok("80E0000207 2F0208 F0 00 FF 19");
    chip.refuses("80E0000207 2F0208 F0 00 FF 19", 0x6A89);
    chip.says("805C000204", "00000000 9000");
    chip.refuses("805C000104", 0x6A86);
    chip.ok("80E0000107 2F0208 F0 00 FF 19");
    chip.says("805C000104", "00000000 9000");
}

#[test]
fn each_purse_writes_its_own_log() {
    let mut chip = ground();
    chip.ok("80D4010015 3E F0 F0 00 00 11111111111111112222222222222222");
    chip.ok("80D4010015 34 F0 F0 00 00 33333333333333334444444444444444");
    chip.ok("80E0001807 2E 0A17 F0 EF FFFF");
    chip.ok("80E0001907 2E 0A17 F0 EF FFFF");
    chip.ok("80E0000207 2F0208 F0 00 FF 18");
    chip.ok("80E0000107 2F0208 F0 00 FF 19");
    for (purse, log, kind) in [("02", "C4", 0x06), ("01", "CC", 0x05)] {
        let begun = chip.ok(format!("805001{purse}0B 00 00000000 666666666666 0F"));
        let step = super::debit(&begun, kind);
        chip.ok(step);
        let record = chip.ok(format!("00B201{log}00"));
        assert_eq!(record[9], kind, "one record in each");
        chip.refuses(format!("00B202{log}00"), 0x6A83);
    }
}

#[test]
fn a_directory_holds_what_its_size_says_by_the_card_s_own_count() {
    let mut chip = erased();
    // Twice a file of 4 and its 8.
    chip.ok("80E0DF0108 38 0018 F0 F0 00 FFFF");
    chip.ok("00A4000002DF01");
    chip.ok("80E0001107 28 0004 F0 F0 FFFF");
    chip.refuses("80E0001207 28 0005 F0 F0 FFFF", 0x6A84);
    chip.ok("80E0001207 28 0004 F0 F0 FFFF");
    chip.refuses("80E0001307 28 0001 F0 F0 FFFF", 0x6A84);
    // A ring counts a byte more for each record.
    chip.ok("800E0000");
    chip.refuses("80E0001107 2E 0208 F0 F0 FFFF", 0x6A84);
    chip.ok("80E0001107 2E 0207 F0 F0 FFFF");
}

#[test]
fn a_card_is_full_when_its_room_is_taken() {
    let mut chip = erased();
    // 7168 bytes: one directory takes 7000 and its 8, 160 are left.
    chip.ok("80E0DF0108 38 1B58 F0 F0 00 FFFF");
    chip.refuses("80E0DF0208 38 0099 F0 F0 00 FFFF", 0x6A84);
    chip.ok("80E0DF0208 38 0098 F0 F0 00 FFFF");
    chip.refuses("80E0001107 28 0001 F0 F0 FFFF", 0x6A84);
    chip.ok("00A4000002DF01");
    chip.ok("80E0001107 28 1B50 F0 F0 FFFF");
    chip.refuses("80E0001207 28 0001 F0 F0 FFFF", 0x6A84);
}

#[test]
fn directories_lie_in_directories_three_deep() {
    let mut chip = erased();
    chip.ok("80E0DF0108 38 0800 F0 F0 00 FFFF");
    chip.ok("80E0DF0508 38 0100 F0 F0 00 FFFF");
    for (made, inside) in [("DF02", "DF01"), ("DF03", "DF02")] {
        chip.ok(format!("00A4000002 {inside}"));
        chip.ok(format!("80E0{made}08 38 0200 F0 F0 00 FFFF")
            .replace("0200", if made == "DF02" { "0400" } else { "0200" }));
    }
    chip.ok("00A4000002DF03");
    chip.refuses("80E0DF0408 38 0040 F0 F0 00 FFFF", 0x6985);
    chip.ok("80E0001107 28 0004 F0 F0 FFFF");
    // Erasing the outermost takes the inner ones with it and leaves its neighbour.
    chip.ok("00A4000002DF05");
    chip.ok("80E0001107 28 0002 F0 F0 FFFF");
    chip.ok("00D6910002 BEEF");
    chip.ok("00A4000002DF01");
    chip.ok("800E0000");
    chip.refuses("00A4000002DF02", 0x6A82);
    chip.refuses("00A4000002DF03", 0x6A82);
    chip.ok("00A4000002DF05");
    chip.says("00B0910000", "BEEF 9000");
    kept(chip.card.memory());
}

#[test]
fn a_directory_may_fill_the_one_around_it_and_be_filled_itself() {
    let mut chip = erased();
    chip.ok("80E0DF0108 38 0400 F0 F0 00 FFFF");
    chip.ok("00A4000002DF01");
    chip.ok("80E0DF0208 38 03F8 F0 F0 00 FFFF");
    chip.refuses("80E0000507 28 0001 F0 F0 FFFF", 0x6A84);
    chip.ok("00A4000002DF02");
    chip.ok("80E0DF0308 38 03F0 F0 F0 00 FFFF");
    chip.ok("00A4000002DF03");
    // Files as small as there are: 112 of them.
    for fid in 0x10..0x80 {
        chip.ok(format!("80E000{fid:02X}07 28 0001 F0 F0 FFFF"));
    }
    chip.refuses("80E0008007 28 0001 F0 F0 FFFF", 0x6A84);
    kept(chip.card.memory());
}

#[test]
fn an_application_tells_its_public_file_and_a_directory_its_directory_file() {
    let mut chip = erased();
    chip.ok("80E03F010A 38 0100 F0 F0 95 FFFF AABB");
    chip.says("00A40000023F01", "6F09 8402AABB A503 9F0C00 9000");
    chip.ok("80E0001507 28 0002 F0 F0 FFFF");
    chip.ok("00D6950002 1234");
    chip.says("00A40000023F01", "6F0B 8402AABB A505 9F0C021234 9000");
    chip.ok("00A40000023F00");
    chip.ok("80E0DF0108 38 0100 F0 F0 05 FFFF");
    chip.says("00A4000002DF01", "6F05 A503 880105 9000");
    chip.ok("00A40000023F00");
    chip.ok("80E0DF0208 38 0100 F0 F0 00 FFFF");
    chip.says("00A4000002DF02", "6F02 A500 9000");
    // What does not fit an FCI is not in it.
    chip.ok("00A40000023F00");
    chip.ok("80E03F020A 38 0200 F0 F0 95 FFFF CCDD");
    chip.ok("00A40000023F02");
    chip.ok("80E0001507 28 0100 F0 F0 FFFF");
    chip.says("00A40000023F02", "6F09 8402CCDD A503 9F0C00 9000");
}

#[test]
fn only_cards_that_are_built_by_commands_know_them() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        chip.refuses("80E0001507 28 0004 F0 F0 FFFF", 0x6D00);
        chip.refuses("800E0000", 0x6D00);
        chip.refuses("80D4010015 39 F0 F0 AA 33 11111111111111112222222222222222", 0x6D00);
    }
    blank().refuses("80700000 1C {}".replace("{}", &"00".repeat(28)), 0x6D00);
}
