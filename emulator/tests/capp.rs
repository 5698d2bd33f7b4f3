//! Compound purchase (复合消费), facts 4.9, 1.9 and 2.4.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::PurseKind;
use common::{Begun, Bench, Chip, Init, Kind};

const EP: PurseKind = PurseKind::Purse;

fn capp(amount: u32) -> Init {
    Init::new(Kind::Capp, EP, amount)
}

/// A 128-byte record of file 1A: id, length 7D, valid, mode 01, not locked.
fn metro(fill: u8) -> String {
    format!("2701 7D 01 01 00 {}", format!("{fill:02X}").repeat(122))
}

/// A 48-byte record of file 17.
fn city(id: u8, fill: u8) -> String {
    format!("{id:02X} 2E 00 {}", format!("{fill:02X}").repeat(45))
}

/// A bench with INITIALIZE FOR CAPP PURCHASE answered.
fn started(bench: &Bench, amount: u32) -> (Chip, Begun) {
    let mut chip = bench.rich(1_000);
    let begun = bench.begin(&mut chip, capp(amount)).unwrap();
    (chip, begun)
}

#[test]
fn records_and_debit_come_together() {
    let bench = Bench::new("jtt978");
    let (mut chip, begun) = started(&bench, 200);
    assert_eq!((begun.balance, begun.serial), (1_000, 0));
    let old = chip.clone().ok("00B201D480");
    chip.says(format!("80DC01D080 {}", metro(0xAB)), "9000");
    chip.says(format!("80DC00F030 {}", "CD".repeat(48)), "9000");
    // Nothing is written before the debit.
    let mut torn = chip.clone();
    torn.reset();
    bench.reopen(&mut torn);
    assert_eq!(torn.ok("00B201D480"), old);
    torn.refuses("00B201F430", 0x6A83);
    let step = bench.step(&begun);
    assert_eq!(chip.ok(&step.command), step.answer);
    chip.says("00B201D480", &format!("{} 9000", metro(0xAB)));
    chip.says("00B201F430", &format!("{} 9000", "CD".repeat(48)));
    assert_eq!(chip.ok("805C000204"), 800_u32.to_be_bytes());
    chip.says("00B201C417", "0001 000000 000000C8 09 011000000001 20261122 123456 9000");
    assert_eq!(chip.ok("805A000902 0001 08"), step.proof);
}

#[test]
fn a_wrong_mac1_leaves_the_records_as_they_are() {
    for bench in Bench::all() {
        let mut chip = bench.rich(1_000);
        let before = chip.clone();
        let begun = bench.begun(&mut chip, capp(1));
        let step = bench.step(&begun);
        chip.refuses(step.with_wrong_mac(), 0x9302);
        chip.refuses(&step.command, 0x6901);
        assert!(chip.same_memory(&before));
        bench.transact(&mut chip, capp(1));
    }
}

#[test]
fn the_trip_file_is_a_ring_to_which_every_transaction_adds() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    for trip in 1..=32_u8 {
        let begun = bench.begin(&mut chip, capp(1)).unwrap();
        let p2 = if trip % 2 == 0 { "01F3" } else { "00F0" }; // the forms that were seen
        chip.ok(format!("80DC{p2}30 {}", format!("{trip:02X}").repeat(48)));
        chip.ok(&bench.step(&begun).command);
        assert_eq!(chip.ok("00B201F400"), [trip; 48]);
    }
    assert_eq!(chip.ok("00B21EF400"), [3; 48]);
    chip.refuses("00B21FF400", 0x6A83);
}

#[test]
fn two_trips_of_one_debit_are_two_records() {
    let bench = Bench::new("jtt978");
    let (mut chip, begun) = started(&bench, 0);
    for fill in ["11", "22"] {
        chip.ok(format!("80DC00F030 {}", fill.repeat(48)));
    }
    chip.ok(&bench.step(&begun).command);
    assert_eq!(chip.ok("00B201F400")[0], 0x22);
    assert_eq!(chip.ok("00B202F400")[0], 0x11);
}

#[test]
fn a_trip_named_by_number_stays_the_one_that_was_named() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    for fill in ["11", "22"] {
        let begun = bench.begin(&mut chip, capp(0)).unwrap();
        chip.ok(format!("80DC00F030 {}", fill.repeat(48)));
        chip.ok(&bench.step(&begun).command);
    }
    let begun = bench.begin(&mut chip, capp(0)).unwrap();
    chip.ok(format!("80DC00F030 {}", "33".repeat(48)));
    chip.ok(format!("80DC01F430 {}", "EE".repeat(48))); // number 1 still is 22
    chip.ok(&bench.step(&begun).command);
    for (number, fill) in [(1, 0x33), (2, 0xEE), (3, 0x11)] {
        assert_eq!(chip.ok(vec![0x00, 0xB2, number, 0xF4, 0x30]), [fill; 48]);
    }
}

#[test]
fn no_terminal_writes_the_log() {
    for (name, logs) in [("jtt978", &[0x18_u8][..]), ("cjt166", &[0x10, 0x18, 0x1A])] {
        let bench = Bench::new(name);
        let mut chip = bench.rich(1_000);
        for sfi in logs {
            for mode in [0b000, 0b011, 0b100] {
                bench.begin(&mut chip, capp(0)).unwrap();
                let head = [0x80, 0xDC, 0x01, sfi << 3 | mode, 0x17];
                chip.refuses([&head[..], &[0xEE; 23]].concat(), 0x6981);
            }
        }
    }
}

#[test]
fn a_city_card_finds_its_record_by_id_or_by_number() {
    let bench = Bench::new("cjt166");
    let (mut chip, begun) = started(&bench, 5);
    chip.ok(format!("80DC09B830 {}", city(9, 0x99))); // metro, the fourth record
    chip.ok(format!("80DC05BC30 {}", city(0x11, 0x55))); // the fifth
    chip.ok(format!("80DC020030 {}", city(2, 0x22))); // SFI 0 is 17
    chip.ok(&bench.step(&begun).command);
    for (read, id, fill) in [
        ("09B8", 9, 0x99),
        ("04BC", 9, 0x99),
        ("11B8", 0x11, 0x55),
        ("05BC", 0x11, 0x55),
        ("02BC", 2, 0x22),
        ("01B8", 1, 0x00),
    ] {
        chip.says(format!("00B2{read}00"), &format!("{} 9000", city(id, fill)));
    }
}

#[test]
fn shorter_data_is_filled_up_with_zeros_and_its_length_corrected() {
    let bench = Bench::new("cjt166");
    let (mut chip, begun) = started(&bench, 5);
    chip.ok("80DC03B820 031E00 AABBCC 00000000000000000000000000000000000000000000000000 DD");
    chip.ok(&bench.step(&begun).command);
    let record = chip.ok("00B203B800");
    assert_eq!(hex::encode_upper(&record[..6]), "032E00AABBCC");
    assert_eq!(record[31..], [&[0xDD][..], &[0; 16]].concat());
    // One terminal sends 120 of the 128 bytes.
    let bench = Bench::new("jtt978");
    let (mut chip, begun) = started(&bench, 5);
    chip.ok(format!("80DC01D078 2701 75 01 01 00 {}", "EE".repeat(114)));
    chip.ok(&bench.step(&begun).command);
    chip.says(
        "00B201D400",
        &format!("2701 7D 01 01 00 {} {} 9000", "EE".repeat(114), "00".repeat(8)),
    );
}

#[test]
fn what_cannot_be_cached_says_why_and_ends_the_transaction() {
    let jtt = Bench::new("jtt978");
    let city_bench = Bench::new("cjt166");
    let cases: [(&Bench, String, u16); 14] = [
        (&jtt, "80DC019808 2701050101000000".to_owned(), 0x6A82), // no file 13
        (&jtt, "80DC01A808 2701050101000000".to_owned(), 0x6981), // binary
        (&jtt, format!("80DC04D080 {}", metro(0)), 0x6A83),
        (&jtt, format!("80DC04D480 {}", metro(0)), 0x6A83),
        (&jtt, format!("80DC00D480 {}", metro(0)), 0x6A83),
        (&jtt, format!("80DC01D081 {}00", metro(0)), 0x6A84),
        (&jtt, format!("80DC00F031 {}", "00".repeat(49)), 0x6A84),
        (&jtt, format!("80DC01D080 2701 7C {}", "00".repeat(125)), 0x6A80),
        (&jtt, "80DC01D002 2701".to_owned(), 0x6A80),
        (&jtt, format!("80DC01D180 {}", metro(0)), 0x6A86), // last
        (&jtt, format!("80DC01D280 {}", metro(0)), 0x6A86), // next
        (&city_bench, format!("80DC04B830 {}", city(4, 0)), 0x6A83),
        (&city_bench, format!("80DC01B830 012D{}", "00".repeat(46)), 0x6A80),
        (&city_bench, "80DC01B800".to_owned(), 0x6700),
    ];
    for (bench, command, status) in &cases {
        let (mut chip, begun) = started(bench, 1);
        let before = chip.clone();
        for good in bench.cache(7) {
            chip.ok(good);
        }
        chip.refuses(command, *status);
        chip.refuses(&bench.step(&begun).command, 0x6901);
        assert!(chip.same_memory(&before), "{command}");
    }
}

#[test]
fn the_cache_holds_no_more_than_the_profile_says() {
    let bench = Bench::new("jtt978");
    let (mut chip, begun) = started(&bench, 1);
    chip.ok(format!("80DC01D080 {}", metro(1)));
    chip.ok(format!("80DC00F030 {}", "01".repeat(48)));
    chip.ok(format!("80DC00F030 {}", "02".repeat(48)));
    chip.refuses(format!("80DC00F030 {}", "03".repeat(48)), 0x6A84);
    chip.refuses(&bench.step(&begun).command, 0x6901);
    let large = Bench::with("jtt978", "[rules.capp]\ncache = 1000\n");
    let (mut chip, begun) = started(&large, 1);
    for record in 1..=3 {
        chip.ok(format!("80DC0{record}D080 {}", metro(1).replace("2701", &format!("270{record}"))));
    }
    for _ in 0..6 {
        chip.ok(format!("80DC00F030 {}", "02".repeat(48)));
    }
    chip.ok(&large.step(&begun).command);
}

#[test]
fn more_than_a_card_can_change_at_once_fails_and_changes_nothing() {
    let bench = Bench::with("jtt978", "[rules.capp]\ncache = 60000\n");
    let (mut chip, begun) = started(&bench, 1);
    let before = chip.clone();
    for _ in 0..100 {
        chip.ok(format!("80DC00F030 {}", "02".repeat(48)));
    }
    chip.refuses(&bench.step(&begun).command, 0x6581);
    assert!(chip.same_memory(&before));
    bench.transact(&mut chip, capp(1));
}

#[test]
fn a_locked_record_is_refused() {
    for (name, update, lock_at) in [
        ("jtt978", format!("80DC02D080 2702{}", &metro(0)[4..]), 5),
        ("cjt166", format!("80DC02B830 {}", city(2, 0)), 2),
    ] {
        let bench = Bench::new(name);
        let mut chip = bench.rich(1_000);
        let sfi = bench.rules().capp.default_sfi;
        let mut record = chip.ok(format!("00B202{:02X}00", sfi << 3 | 4));
        record[lock_at] = 1;
        chip.set(&format!("record.{sfi:02X}.2"), &hex::encode(&record));
        let begun = bench.begin(&mut chip, capp(1)).unwrap();
        chip.refuses(&update, 0x9407);
        chip.refuses(&bench.step(&begun).command, 0x6901);
        // The first record is as free as ever.
        let begun = bench.begin(&mut chip, capp(1)).unwrap();
        chip.ok(&bench.cache(1)[0]);
        chip.ok(&bench.step(&begun).command);
        // And a purchase can lock a record.
        let begun = bench.begin(&mut chip, capp(1)).unwrap();
        let mut first = chip.clone().ok(format!("00B201{:02X}00", sfi << 3 | 4));
        first[lock_at] = 1;
        let head = [0x80, 0xDC, 0x01, sfi << 3, first.len() as u8];
        chip.ok([&head[..], &first].concat());
        chip.ok(&bench.step(&begun).command);
        bench.begin(&mut chip, capp(1)).unwrap();
        chip.refuses([&head[..], &first].concat(), 0x9407);
    }
}

#[test]
fn without_a_record_there_is_no_debit_unless_the_profile_allows_it() {
    for bench in Bench::all() {
        let (mut chip, begun) = started(&bench, 1);
        chip.refuses(&bench.step(&begun).command, 0x6901);
    }
    let bench = Bench::with("jtt978", "[rules.capp]\nallow-no-record = true\n");
    let (mut chip, begun) = started(&bench, 1);
    let step = bench.step(&begun);
    assert_eq!(chip.ok(&step.command), step.answer);
}

#[test]
fn a_record_is_cached_in_a_compound_purchase_only() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    let update = format!("80DC01D080 {}", metro(1));
    chip.refuses(&update, 0x6901);
    let begun = bench.begin(&mut chip, Init::new(Kind::Purchase, EP, 1)).unwrap();
    chip.refuses(&update, 0x6901);
    chip.refuses(&bench.step(&begun).command, 0x6901);
}

#[test]
fn a_free_trip_counts() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        assert_eq!(bench.transact(&mut chip, capp(0)).serial, 0);
        assert_eq!(bench.transact(&mut chip, capp(0)).serial, 1);
        let log = bench.profile.application().unwrap().log.unwrap();
        let sfi = log.other_city.unwrap_or(log.purchase);
        let record = chip.ok(format!("00B201{:02X}17", sfi << 3 | 4));
        assert_eq!(record[..10], [0, 2, 0, 0, 0, 0, 0, 0, 0, 0x09]);
    }
}

#[test]
fn all_macs_of_a_compound_purchase_are_of_type_09() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let begun = bench.begun(&mut chip, capp(1));
    let mut plain = begun;
    plain.init.kind = Kind::Purchase;
    chip.refuses(&bench.step(&plain).command, 0x9302);
}

#[test]
fn the_identification_code_belongs_to_mac1_once_it_was_asked_for() {
    let bench = Bench::new("cjt166");
    let code = [0x90, 0x50, 0x52, 0x01, 0x66, 0xD4, 0x0B, 0xC9, 0xAA];
    let kinds = [capp(1), Init::new(Kind::Purchase, EP, 1)];
    for init in kinds {
        let without = |chip: &mut Chip| bench.begun(chip, init);
        let with = |chip: &mut Chip| Begun { code: Some(code), ..bench.begun(chip, init) };
        let mut chip = bench.rich(100);
        // Not asked for: 18 bytes.
        let step = bench.step(&with(&mut chip));
        chip.refuses(&step.command, 0x9302);
        let step = bench.step(&without(&mut chip));
        assert_eq!(chip.ok(&step.command), step.answer);
        // Asked for: 27 bytes, as long as the selection lasts.
        chip.says("80CA000009", "90 50520166 D40BC9AA 9000");
        for _ in 0..2 {
            let step = bench.step(&without(&mut chip));
            chip.refuses(&step.command, 0x9302);
            let step = bench.step(&with(&mut chip));
            assert_eq!(chip.ok(&step.command), step.answer);
        }
        bench.reopen(&mut chip);
        let step = bench.step(&without(&mut chip));
        assert_eq!(chip.ok(&step.command), step.answer);
        // In the middle of a transaction, too.
        let begun = with(&mut chip);
        chip.ok("80CA000009");
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
        // Asked for in another directory, it is forgotten by SELECT.
        chip.ok("00A40000");
        chip.ok("80CA000009");
        bench.reopen(&mut chip);
        let step = bench.step(&without(&mut chip));
        assert_eq!(chip.ok(&step.command), step.answer);
    }
}

#[test]
fn the_profile_may_have_the_code_always_or_never() {
    let code = [0x90, 0x50, 0x52, 0x01, 0x66, 0xD4, 0x0B, 0xC9, 0xAA];
    for (word, covered) in [("always", true), ("never", false)] {
        let bench = Bench::with("cjt166", &format!("[rules]\ncode-in-mac1 = \"{word}\"\n"));
        for asked in [false, true] {
            let mut chip = bench.rich(100);
            if asked {
                chip.ok("80CA000009");
            }
            for (code, right) in [(Some(code), covered), (None, !covered)] {
                let begun = bench.begun(&mut chip, capp(1));
                let answer = chip.send(&bench.step(&Begun { code, ..begun }).command);
                assert_eq!(answer.status, if right { 0x9000 } else { 0x9302 });
            }
        }
    }
}

#[test]
fn a_card_without_a_code_has_none_to_give() {
    for name in ["jtt978", "pboc"] {
        Bench::new(name).opened().refuses("80CA000009", 0x6A88);
    }
    Bench::new("cjt166").chip().says("80CA0000", "90 50520166 D40BC9AA 9000");
}
