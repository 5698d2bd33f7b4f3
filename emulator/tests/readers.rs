//! What readers, gates and buses that we did not write send to a card (facts 9 and 11), byte by byte.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Chip, Init, Kind};

const UNION: &str = "00A4040008 A000000632010105";
const CITY: &str = "00A4040009 A00000000386980701";

/// Commands of a reader, and what it can live with: data and 9000, or one of these refusals.
fn reads(chip: &mut Chip, commands: &[&str]) {
    for command in commands {
        let status = chip.send(command).status;
        let known = [0x9000, 0x6A82, 0x6A83, 0x6A86, 0x6981, 0x6982, 0x6986];
        assert!(known.contains(&status), "{command}: {status:04X}");
    }
}

/// A card with some history.
fn used(bench: &Bench) -> Chip {
    let mut chip = bench.rich(1_000);
    for kind in [Kind::Purchase, Kind::Capp, Kind::Purchase] {
        bench.transact(&mut chip, Init::new(kind, PurseKind::Purse, 10));
    }
    chip
}

#[test]
fn readers_get_what_they_ask_for_and_leave_no_trace() {
    let records = |sfi: u8| -> Vec<String> {
        (1..=30).map(|n| format!("00B2{n:02X}{:02X}00", sfi << 3 | 4)).collect()
    };
    let all_files: Vec<String> = (0..32_u8)
        .flat_map(|sfi| {
            [format!("00B0{:02X}0000", 0x80 | sfi), format!("00B201{:02X}00", sfi << 3 | 4)]
        })
        .collect();
    for name in ["jtt978", "cjt166", "jtt978-sm4"] {
        let bench = Bench::new(name);
        let application = if name == "cjt166" { CITY } else { UNION };
        let (log, trips) = (records(0x18), records(0x1E));
        let union: Vec<&str> = [
            application,
            "00B095001E",
            "00B097000B",
            "805C000204",
            "805C010204",
            "805C020204",
            "805C030204",
        ]
        .into_iter()
        .chain(log.iter().chain(&trips).map(String::as_str))
        .collect();
        let dump: Vec<&str> = [application]
            .into_iter()
            .chain(all_files.iter().map(String::as_str))
            .chain(["805C000204", "805C010204", "805C020204", "805C030204"])
            .collect();
        let sequences: [&[&str]; 5] = [
            &[
                "00A40000023F00",
                "00B0840020",
                "00A4040007 5041592E535A54",
                application,
                "00B0950000",
                "805C000204",
                "8050 0002 0B 01 00000001 000000000000 10",
                "8050 0102 0B 01 00000001 000000000000 10",
            ],
            &[
                "00A4000002 3F00",
                "00A404000E 315041592E5359532E4444463031",
                application,
                "00B0950000",
                "805C000204",
                "00B201C500",
                "00B201C400",
                "00B202C400",
            ],
            &[
                "00A404000E 325041592E5359532E4444463031",
                application,
                "00B084003C",
                "00B0850020",
                "00B0950046",
                "00B095001E",
                "805C000204",
                "805C050210",
                "805C000104",
                "00B201C417",
                "00B2018417",
                "00B2013C10",
                "00B2019C17",
                "00B206C830",
                "00B201F400",
            ],
            &union,
            &dump,
        ];
        for sequence in sequences {
            let mut chip = used(&bench);
            let before = chip.clone();
            chip.reset();
            reads(&mut chip, sequence);
            assert!(chip.same_memory(&before), "{name}: {sequence:?}");
            bench.reopen(&mut chip);
            bench.transact(&mut chip, Init::new(Kind::Purchase, PurseKind::Purse, 1));
        }
    }
}

#[test]
fn what_every_reader_needs_is_free() {
    for name in ["jtt978", "cjt166", "pboc"] {
        let bench = Bench::new(name);
        let mut chip = used(&bench);
        chip.reset();
        let fci = chip.ok(bench.select());
        let file = chip.ok("00B0950000");
        assert_eq!(file.len(), 0x1E);
        assert!(fci.ends_with(&[&[0x9F, 0x0C, 0x1E], &file[..]].concat()));
        assert_eq!(chip.ok("805C000204").len(), 4);
        let sfi = bench.profile.application().unwrap().log.unwrap().load;
        assert_eq!(chip.ok(format!("00B201{:02X}17", sfi << 3 | 4)).len(), 23);
        chip.refuses("00B2019C17", 0x6A82);
    }
}

#[test]
fn a_gate_of_the_transport_ministry_lets_the_card_through() {
    let bench = Bench::new("jtt978");
    let mut chip = used(&bench);
    chip.reset();
    for command in [
        "00A404000E 325041592E5359532E4444463031",
        UNION,
        "00B095001E",
        "00B097003C",
        "00B201C400",
        "00B201F400",
        "00B201D400",
        "805C030204",
    ] {
        chip.ok(command);
    }
    let init = Init::new(Kind::Capp, PurseKind::Purse, 200);
    assert_eq!(hex::encode_upper(init.apdu()), "805003020B01000000C80110000000010F");
    let begun = bench.begin(&mut chip, init).unwrap();
    chip.says(format!("80DC01D080 2701 7D 01 01 00 {}", "01".repeat(122)), "9000");
    chip.says(format!("80DC00F030 {}", "03".repeat(48)), "9000");
    let step = bench.step(&begun);
    assert_eq!(chip.ok(&step.command), step.answer);
}

#[test]
fn a_bus_of_the_construction_ministry_takes_the_card() {
    let bench = Bench::new("cjt166");
    let mut chip = used(&bench);
    chip.reset();
    chip.ok("00A404000E 315041592E5359532E4444463031");
    assert_eq!(chip.ok("00B0850028")[..2], [0x01, 0x00], "terminals tell cards by it");
    chip.ok(CITY);
    chip.ok("00B095001E");
    assert_eq!(chip.ok("00B209B800")[0], 0x09);
    let code = chip.ok("80CA000009").try_into().unwrap();
    let init =
        Init { terminal: [0x41, 0x00, 0, 0, 0, 7], ..Init::new(Kind::Capp, PurseKind::Purse, 200) };
    let begun = bench.begin(&mut chip, init).unwrap();
    chip.says(format!("80DC03B820 03 1E 00 {}", "5A".repeat(29)), "9000");
    let step = bench.step(&common::Begun { code: Some(code), ..begun });
    assert_eq!(chip.ok(&step.command), step.answer);
    assert_eq!(chip.ok("00B201C417")[9], 0x09, "in the own city's log");
}

#[test]
fn a_load_machine_may_ask_for_a_terminal_serial_first() {
    // A purchase INITIALIZE of nothing for the PSAM, then the PIN, then the load.
    let bench = Bench::new("cjt166");
    let mut chip = bench.chip();
    chip.ok(CITY);
    bench.begin(&mut chip, Init::new(Kind::Purchase, PurseKind::Purse, 0)).unwrap();
    chip.ok("0020000003 123456");
    bench.transact(&mut chip, Init::new(Kind::Load, PurseKind::Purse, 10_000));
}
