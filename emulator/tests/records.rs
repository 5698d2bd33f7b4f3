//! Record files and the rights of files: finding, updating, appending (facts 1.10, 4.1).

mod common;

use common::{Bench, Init, Kind};

#[test]
fn records_are_found_by_number_and_by_id_in_four_directions() {
    let mut chip = Bench::new("jtt978").opened();
    let id = |data: Vec<u8>| u16::from_be_bytes([data[0], data[1]]);
    for number in 1..=3 {
        let data = chip.ok(format!("00B2{number:02X}D480"));
        assert_eq!((data.len(), id(data)), (128, 0x2700 + number));
    }
    assert_eq!(id(chip.ok("00B202D000")), 0x2702, "by its id");
    assert_eq!(id(chip.ok("00B200D400")), 0x2702, "the current one");
    assert_eq!(id(chip.ok("00B200D200")), 0x2703, "next");
    chip.refuses("00B200D200", 0x6A83);
    assert_eq!(id(chip.ok("00B200D300")), 0x2702, "previous");
    assert_eq!(id(chip.ok("00B200D100")), 0x2703, "last");
    assert_eq!(id(chip.ok("00B200D000")), 0x2701, "first");
    chip.refuses("00B200D300", 0x6A83);
    assert_eq!(id(chip.ok("00B203D200")), 0x2703, "next with an id");
    assert_eq!(id(chip.ok("00B201D300")), 0x2701, "previous with an id");
    chip.refuses("00B204D000", 0x6A83);
    assert_eq!(chip.ok("00B202D410").len(), 0x10, "T=1 gives what is asked for");
    assert_eq!(chip.ok("00B202D4FF").len(), 0x80);
    assert_eq!(chip.ok("00B202D4").len(), 0x80);
    // Another file, or the directory again: no current record.
    chip.ok("00B201CC00");
    chip.ok("00A4000002 001A");
    chip.refuses("00B2000400", 0x6A83);
    assert_eq!(id(chip.ok("00B2000200")), 0x2701, "next of none is the first");
}

#[test]
fn the_newest_record_of_a_ring_is_number_one() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    for amount in 1..=11 {
        let purse = bench.purses()[0];
        bench.transact(&mut chip, Init::new(Kind::Purchase, purse, amount));
    }
    for number in 1..=10_u8 {
        let record = chip.ok(format!("00B2{number:02X}C417"));
        assert_eq!(record[8], 12 - number, "the twelve oldest are gone");
    }
    chip.refuses("00B20BC417", 0x6A83);
    assert_eq!(chip.ok("00B200C100")[8], 2, "last");
    chip.refuses("00B201C500", 0x6A86); // one reader tries to read all at once
}

/// A file of each structure, updatable by everybody, and two that are not.
const FILES: &str = r#"
[rules.status]
internal-file = 0x6981
[[directory]]
fid = 0x1001
[[directory.file]]
sfi = 0x02
title = "fixed"
title-zh = "定长"
kind = "linear"
record = 4
count = 3
content = ["01020304"]
update = "free"
[[directory.file]]
sfi = 0x03
title = "ring"
title-zh = "循环"
kind = "cyclic"
record = 4
count = 2
update = "free"
[[directory.file]]
sfi = 0x04
title = "variable"
title-zh = "变长"
kind = "variable"
record = 8
count = 2
content = ["0103 000102"]
update = "free"
[[directory.file]]
sfi = 0x05
title = "internal"
title-zh = "内部"
kind = "binary"
size = 4
read = "never"
update = "never"
[[directory.file]]
sfi = 0x06
title = "guarded"
title-zh = "受控"
kind = "binary"
size = 4
read = "pin"
update = "authenticated"
"#;

#[test]
fn rights_of_a_file_are_asked_for_and_an_internal_file_has_none() {
    let bench = Bench::with("pboc", FILES);
    let mut chip = bench.chip();
    chip.ok(bench.select());
    chip.refuses("00B0860004", 0x6982);
    chip.refuses("00D6860001 AA", 0x6982);
    chip.ok("0020000003 123456");
    chip.says("00B0860004", "00000000 9000");
    chip.refuses("00D6860001 AA", 0x6982);
    chip.refuses("00B0850004", 0x6981);
    chip.refuses("00D6850001 AA", 0x6981);
    // The log can be read, so it is no internal file; only the card writes it.
    chip.refuses(format!("00DC01C417 {}", "AA".repeat(23)), 0x6982);
    chip.refuses(format!("00E200C017 {}", "AA".repeat(23)), 0x6982);
}

#[test]
fn records_are_updated_and_appended_by_the_rules_of_their_structure() {
    let bench = Bench::with("pboc", FILES);
    let mut chip = bench.opened();
    // Fixed: exact length, until the file is full.
    chip.says("00DC011404 A1A2A3A4", "9000");
    chip.refuses("00DC011403 A1A2A3", 0x6700);
    chip.refuses("00DC021404 A1A2A3A4", 0x6A83);
    chip.refuses("00E2001003 B1B2B3", 0x6700);
    chip.says("00E2001004 B1B2B3B4", "9000");
    chip.says("00E2001004 C1C2C3C4", "9000");
    chip.refuses("00E2001004 D1D2D3D4", 0x6A84);
    chip.says("00B2001100", "C1C2C3C4 9000");
    chip.says("00DCB11004 B1EEEEEE", "9000"); // by id
    chip.says("00B2021400", "B1EEEEEE 9000");
    // Ring: PREVIOUS writes a new record 1, a number overwrites, nothing else writes.
    chip.refuses("00DC011C04 01010101", 0x6A83);
    chip.says("00DC001B04 01010101", "9000");
    chip.says("00DC001B04 02020202", "9000");
    chip.says("00E2001804 03030303", "9000");
    chip.says("00B2021C00", "02020202 9000");
    chip.says("00DC021C04 09090909", "9000");
    chip.says("00B2021C00", "09090909 9000");
    chip.refuses("00DC001B03 030303", 0x6700);
    for mode in ["18", "19", "1A"] {
        chip.refuses(format!("00DC03{mode}04 04040404"), 0x6981);
    }
    // Variable: the length stays.
    chip.says("00DC012405 0103 00AABB", "9000");
    chip.refuses("00DC012404 0102 00AA", 0x6A85);
    chip.refuses("00DC012409 0107 00AAAAAAAAAAAA", 0x6A84);
    chip.refuses("00E2002005 0504 00AABB", 0x6A85);
    chip.refuses("00E2002001 05", 0x6A85);
    chip.refuses("00E2002009 0507 00AAAAAAAAAAAA", 0x6A84);
    chip.says("00E2002004 0502 00CC", "9000");
    chip.refuses("00E2002004 0602 00DD", 0x6A84);
    chip.says("00B2052000", "050200CC 9000");
    chip.refuses("00D6840001 AA", 0x6981);
    chip.refuses("00DC01AC01 AA", 0x6981);
    chip.refuses("00E200A801 AA", 0x6981);
}

#[test]
fn a_ring_that_is_born_with_records_has_the_first_of_them_as_its_newest() {
    let ring = "[[directory]]\nfid = 0x1001\n[[directory.file]]\nsfi = 0x02\ntitle = \"ring\"\n\
                title-zh = \"循环\"\nkind = \"cyclic\"\nrecord = 2\ncount = 3\nupdate = \"free\"\n\
                content = [\"0202\", \"0101\"]\n";
    let bench = Bench::with("pboc", ring);
    let mut chip = bench.opened();
    for (appended, records) in [
        (None, "0202 0101"),
        (Some("0303"), "0303 0202 0101"),
        (Some("0404"), "0404 0303 0202"),
        (Some("0505"), "0505 0404 0303"),
    ] {
        if let Some(record) = appended {
            chip.ok(format!("00E2001002 {record}"));
        }
        let expected: Vec<&str> = records.split(' ').collect();
        for (number, record) in (1..).zip(&expected) {
            chip.says(format!("00B2{number:02X}1400"), &format!("{record} 9000"));
        }
        chip.refuses(format!("00B2{:02X}1400", expected.len() + 1), 0x6A83);
    }
}
