//! SELECT, what it answers, and reading files (facts 1.1 to 1.10, 4.1).

mod common;

use common::{Bench, Init, Kind, spoilt};

const MF: &str = "6F15 840E315041592E5359532E4444463031 A503880101 9000";

#[test]
fn the_mf_answers_its_name_and_its_dir_file() {
    for bench in Bench::all() {
        let mut chip = bench.chip();
        chip.says("00A404000E 315041592E5359532E4444463031", MF);
        chip.says("00A4000002 3F00", MF);
        chip.says("00A40000", MF);
        chip.says("00A4000000", MF);
        chip.says("00A404000E 315041592E5359532E4444463031 00", MF);
    }
}

#[test]
fn a_purse_application_answers_its_public_file() {
    let answers = [
        (
            "jtt978",
            "6F31 8408A000000632010105 A525 9F080102 9F0C1E 01011000FFFFFFFF 0201 \
             03109999000000000001 20200101 20991231 0000 9000",
        ),
        (
            "cjt166",
            "6F32 8409A00000000386980701 A525 9F080102 9F0C1E 0100410000010000 01010100 \
             4100010000000001 20200101 20991231 0000 9000",
        ),
        (
            "pboc",
            "6F2E 8409A00000000386980701 A521 9F0C1E 1001000000000000 0301 \
             00001234567890123456 20200101 20991231 0000 9000",
        ),
    ];
    for (name, answer) in answers {
        Bench::new(name).chip().says(Bench::new(name).select(), answer);
    }
}

#[test]
fn the_ppse_lists_the_ministry_purse_as_its_only_entry() {
    let mut chip = Bench::new("jtt978").chip();
    chip.says(
        "00A404000E 325041592E5359532E4444463031",
        "6F2B 840E325041592E5359532E4444463031 A519 BF0C16 6114 4F08A000000632010105 \
         50084D4F545F545F4550 9000",
    );
    Bench::new("cjt166").chip().refuses("00A404000E 325041592E5359532E4444463031", 0x6A82);
}

#[test]
fn the_dir_file_lists_the_application() {
    let records = [
        ("jtt978", "6114 4F08A000000632010105 50084D4F545F545F4550 9000"),
        ("cjt166", "7011 610F 4F09A00000000386980701 50023F01 9000"),
        ("pboc", "6111 4F09A00000000386980701 500450424F43 9000"),
    ];
    for (name, record) in records {
        let mut chip = Bench::new(name).chip();
        chip.says("00B2010C00", record);
        chip.refuses("00B2020C00", 0x6A83);
        // By its tag: a DIR record is no compound purchase record, whatever width those ids have.
        chip.says(format!("00B2{}0800", record.get(..2).unwrap()), record);
    }
}

#[test]
fn the_beginning_of_a_name_is_enough_and_p2_02_goes_on_to_the_next() {
    let second = "[[directory]]\nfid = 0x1002\nname = \"A0000006320101050113\"\n";
    let mut chip = Bench::with("jtt978", second).chip();
    let first = chip.ok("00A4040005 A000000632");
    assert_eq!(first[..4], [0x6F, 0x31, 0x84, 0x08]);
    chip.says("00A4040205 A000000632", "6F0E 840AA0000006320101050113 A500 9000");
    chip.refuses("00A4040205 A000000632", 0x6A82);
    assert_eq!(chip.ok("00A4040005 A000000632"), first);
    assert_eq!(chip.ok("00A4040405 A000000632"), first, "P2 04 of some terminals");
    chip.says("00A4040009 A00000063201010501", "6F0E 840AA0000006320101050113 A500 9000");
    chip.refuses("00A4040009 A00000063201010506", 0x6A82);
}

#[test]
fn a_name_that_is_not_there_leaves_the_selection_alone() {
    let mut chip = Bench::new("jtt978").opened();
    chip.refuses("00A4040007 D2760000850101", 0x6A82);
    chip.refuses("00A4000002 1234", 0x6A82);
    assert_eq!(chip.ok("805C000204"), [0; 4]);
}

#[test]
fn directories_and_files_are_found_by_fid() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.chip();
    let by_name = chip.ok(bench.select());
    assert_eq!(chip.ok("00A4000002 3F01"), by_name);
    chip.refuses("00B0000004", 0x6986);
    chip.says("00A4000002 0015", "9000");
    chip.says("00B0000204", "41000001 9000");
    chip.says("00A4000002 0017", "9000");
    assert_eq!(chip.ok("00B2010400")[..3], [0x01, 0x2E, 0x00]);
    chip.refuses("00A4000002 0005", 0x6A82); // a file of the MF
    chip.ok("00A4000002 3F00");
    chip.says("00A4000002 0005", "9000");
    chip.says("00B0000004", "01004100 9000");
    chip.says("00B0850028", &format!("{:?}", chip.clone().send("00B0000028")));
}

#[test]
fn a_binary_file_is_read_by_sfi_and_then_is_the_current_one() {
    let mut chip = Bench::new("jtt978").opened();
    let all = "01011000FFFFFFFF 0201 03109999000000000001 20200101 20991231 0000 9000";
    chip.refuses("00B000001E", 0x6986);
    chip.says("00B095001E", all);
    chip.says("00B000001E", all);
    chip.says("00B0950000", all);
    chip.says("00B09500", all); // Le left out
    chip.says("00B0950004", "01011000 9000");
    chip.says("00B0950A04", "03109999 9000");
    chip.says("00B0951D00", "00 9000");
    chip.says("00B09500FF", all); // T=1: what there is
    chip.says("00B0950000 0004", "01011000 9000"); // extended Le
    chip.says("00B0950000 0000", all);
    chip.refuses("00B0951E00", 0x6B00);
    chip.refuses("00B0000100 00", 0x6700);
    chip.refuses("00B0010000", 0x6B00);
    chip.says("00B097000B", "00000156 0101 1000 0001 01 9000");
}

#[test]
fn what_cannot_be_read_says_why() {
    let mut chip = Bench::new("jtt978").opened();
    chip.refuses("00B0830000", 0x6A82);
    chip.refuses("00B2011C00", 0x6A82);
    chip.refuses("00B0980000", 0x6981);
    chip.refuses("00B201AC00", 0x6981);
    chip.refuses("00B201C400", 0x6A83); // empty log
    chip.refuses("00B204D400", 0x6A83);
    chip.refuses("00B2FFD400", 0x6A83);
    chip.refuses("00B09F0000", 0x6A86);
    chip.refuses("00B0B50000", 0x6A86);
    chip.refuses("00B201C402 00 00", 0x6700);
    chip.refuses("00B201C700", 0x6A86);
    chip.refuses("00B201FC00", 0x6A86);
    chip.refuses("04B0950000", 0x6700); // class says MAC, none there
    chip.refuses("00B0950004 01020304 00", 0x6700);
    chip.refuses("04B0950004 01020304 00", 0x6900);
}

#[test]
fn what_is_no_command_says_why() {
    let mut chip = Bench::new("jtt978").opened();
    for (command, status) in [
        ("00D00000", 0x6D00),
        ("80300000", 0x6D00),
        ("00FF000000", 0x6D00),
        ("90B0950000", 0x6E00),
        ("E07A080207 01 000000000000 0F", 0x6E00), // grey lock is not there
        ("805600", 0x6700),
        ("", 0x6700),
        ("00A4040009 A000000632", 0x6700),
        ("00A4040000", 0x6700),
        ("00A4000001 3F", 0x6700),
        ("00A4020002 3F00", 0x6A86),
        ("00A4000102 3F00", 0x6A86),
        ("805C000304", 0x6A86),
        ("805C070204", 0x6A86),
        ("8050060 20B 01 00000000 000000000000 0F", 0x6A86),
        ("805001020A 01 00000000 0000000000 0F", 0x6700),
        ("805A0006010108", 0x6700),
        ("0084000005", 0x6700),
        ("00840000", 0x6700),
        ("0084000008FF", 0x6700),
        ("0020000000", 0x6700),
        ("0020000001 12", 0x6700),
    ] {
        let command: String = command.chars().filter(|c| *c != ' ').collect();
        chip.refuses(&command, status);
    }
}

#[test]
fn a_command_of_another_class_is_no_command() {
    let mut chip = Bench::new("jtt978").opened();
    chip.refuses("80B0950000", 0x6E00);
    chip.refuses("005C000204", 0x6E00);
    chip.refuses("001E000004 00000000", 0x6E00);
}

#[test]
fn a_blocked_application_says_so_when_selected() {
    let forms = [
        ("", "6A81"),
        ("[rules.status]\nselect-blocked = 0x6283\n", "6283"),
        (
            "[rules.status]\nselect-blocked = 0x6283\nfci-when-blocked = true\n",
            "6F0E 840AA0000006320101050113 A500 6283",
        ),
    ];
    for (changes, answer) in forms {
        let bench = Bench::with("jtt978", changes);
        let mut chip = bench.chip();
        let fci = chip.ok(bench.select());
        chip.set("locked", "temporary");
        let found = chip.send(bench.select());
        assert_eq!(found.status, u16::from_str_radix(&answer[answer.len() - 4..], 16).unwrap());
        let with_fci = answer.len() > 4;
        assert_eq!(found.data, if with_fci { fci } else { Vec::new() });
        // It is selected all the same: a challenge for unblocking comes from it.
        chip.ok("0084000004");
        chip.refuses("805C000204", 0x6985);
        chip.set("locked", "permanent");
        chip.refuses(bench.select(), 0x9303);
        chip.ok("00A40000");
        chip.set("locked", "card");
        chip.refuses(bench.select(), 0x6A81);
        chip.refuses("00A40000", 0x6A81);
    }
    let other = "[rules.status]\npermanently-blocked = 0x6283\nblocked = 0x6A81\n";
    let bench = Bench::with("jtt978", other);
    let mut chip = bench.opened();
    chip.set("locked", "temporary");
    chip.refuses("805C000204", 0x6A81);
    chip.set("locked", "permanent");
    chip.refuses(bench.select(), 0x6283);
    chip.refuses("805C000204", 0x6283);
}

#[test]
fn select_forgets_what_the_directory_had_reached() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.opened();
    let load = Init::new(Kind::Load, bench.purses()[0], 100);
    chip.ok(bench.select());
    assert_eq!(bench.begin(&mut chip, load).unwrap_err(), 0x6982, "the PIN");
    bench.reopen(&mut chip);
    let begun = bench.begin(&mut chip, load).unwrap();
    chip.ok(bench.select());
    chip.refuses(&bench.step(&begun).command, 0x6901);
    chip.ok("00B0950000");
    chip.ok(bench.select());
    chip.refuses("00B0000000", 0x6986);
    chip.ok("0084000004");
    chip.ok(bench.select());
    chip.refuses(spoilt(hex::decode("841E000004000000FF").unwrap()), 0x6984);
}
