//! ERASE DIRECTORY: what goes, what stays, what is left behind.

use purse::issuing::KeyWriting;

use super::common::Bytes;
use super::{Builder, authenticate, blank_of, erased, kept, same};

const MASTER: &str = "0123456789ABCDEF1122334455667788";

#[test]
fn an_erased_card_is_like_one_that_was_never_built() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Enciphered);
    let mut chip = builder.built();
    let bench = &builder.bench;
    bench.reopen(&mut chip);
    let restart = builder.sequence.restart(builder.sequence.steps().len() - 1);
    builder.take_all(&mut chip, &restart[..3]); // MF, its own master key, erasure
    assert!(same(&chip, &erased()));
    assert!(chip.card.memory().same_contents(erased().card.memory()), "no byte is left behind");
    chip.refuses(bench.select(), 0x6A82);
    assert_eq!(chip.shown("locked"), "no");
}

#[test]
fn no_key_is_left_in_memory() {
    let mut chip = erased();
    chip.ok("80E03F0108 38 0200 F0 F0 00 FFFF");
    chip.ok("00A40000023F01");
    chip.ok("80E0000007 3F0100 00 F0FFFF");
    chip.ok(format!("80D4010015 39 F0 FA 44 33 {MASTER}"));
    chip.ok("80D4010008 3A F0 EF 05 33 123456");
    let holds = |chip: &super::common::Chip, text: &str| {
        let mut memory = vec![0; chip.card.memory().size() as usize];
        chip.card.memory().read(0, &mut memory).unwrap();
        let wanted = text.wire();
        memory.windows(wanted.len()).any(|window| window == wanted)
    };
    assert!(holds(&chip, MASTER) && holds(&chip, "123456FFFFFF"));
    chip.ok("800E0000");
    assert!(!holds(&chip, MASTER) && !holds(&chip, "123456FFFFFF"));
}

#[test]
fn erasing_one_directory_leaves_the_others() {
    let mut chip = erased();
    for fid in ["DF01", "DF02", "DF03"] {
        chip.ok("00A40000023F00");
        chip.ok(format!("80E0{fid}08 38 0100 F0 F0 00 FFFF"));
        chip.ok(format!("00A4000002{fid}"));
        chip.ok("80E0001507 28 0002 F0 F0 FFFF");
        chip.ok(format!("00D6950002 {fid}"));
    }
    chip.ok("00A4000002DF02");
    chip.ok("800E0000");
    chip.refuses("00B0950000", 0x6A82);
    for fid in ["DF01", "DF03"] {
        chip.ok(format!("00A4000002{fid}"));
        chip.says("00B0950000", &format!("{fid} 9000"));
    }
    chip.ok("00A4000002DF02");
    chip.ok("80E0001507 28 00F8 F0 F0 FFFF");
    assert_eq!(chip.ok("00B0950000"), vec![0; 0xF8]);
    kept(chip.card.memory());
}

#[test]
fn a_profile_may_keep_the_key_file() {
    let mut chip = blank_of("fmcos-blank", "[rules.issuing]\nerase-keeps-keys = true\n");
    authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
    chip.ok("80E0001507 28 0002 F0 F0 FFFF");
    chip.ok("80D4010008 3A F0 EF 05 33 123456");
    chip.ok("80E0001607 28 0002 F0 F0 FFFF");
    for _ in 0..50 {
        chip.ok("800E0000");
        chip.refuses("00B0950000", 0x6A82);
        chip.refuses("00B0960000", 0x6A82);
        chip.refuses("80E0000007 3F0060 01 F0FFFF", 0x6A89);
        chip.ok("80E0001707 28 0100 F0 F0 FFFF");
        assert_eq!(chip.ok("00B0970000"), vec![0; 0x100]);
        kept(chip.card.memory());
    }
    chip.reset();
    authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).unwrap();
    chip.ok("0020000003 123456");
}
