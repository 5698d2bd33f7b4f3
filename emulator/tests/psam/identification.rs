//! The check of the identification code, and what it does to MAC1.

use applet_spec::Profile;
use crypto::{lab_master, secure_messaging_mac};

use crate::common::{Bench, Bytes, Chip, Kind};
use crate::module::{Asked, Module, begin};

fn check(code: &[u8]) -> Vec<u8> {
    [&[0x80, 0xCA, 0x00, 0x00, 0x09], code].concat()
}

fn code_of_cjt166() -> [u8; 9] {
    Profile::built_in("cjt166").unwrap().authentication_code.unwrap()
}

#[test]
fn the_code_of_the_built_in_card_passes_and_one_of_another_chip_does_not() {
    let mut module = Module::new("psam-cjt166");
    let code = code_of_cjt166();
    assert_eq!(Bench::new("cjt166").chip().ok("80CA000009"), code);
    module.chip.says(check(&code), "9000");
    for at in 0..9 {
        let mut transplanted = code;
        transplanted[at] ^= 0x01;
        module.chip.refuses(check(&transplanted), 0x6300);
    }
    // The algorithm of the laboratory, from its words in docs/psam.md.
    let key = lab_master("pursekit lab psam-cjt166", "1001/sam-06/09/01");
    let chip = [0x11, 0xDE, 0xAD, 0xBE, 0xEF];
    let mac = secure_messaging_mac(crypto::Suite::TripleDes, &key, &[], &chip);
    module.chip.says(check(&[&chip[..], &mac.0].concat()), "9000");
}

#[test]
fn a_psam_checks_as_its_profile_says() {
    let (known, other) = ([0x22; 9], [0x33; 9]);
    let list = format!(
        "[psam]\nidentification = \"list\"\nidentification-key = \"none\"\n\
         identification-codes = [\"{}\", \"000000000000000000\"]\n",
        hex::encode(known)
    );
    let mut module = Module::with("psam-cjt166", &list);
    module.chip.says(check(&known), "9000");
    module.chip.refuses(check(&other), 0x6300);
    let any = "[psam]\nidentification = \"any\"\n";
    let mut module = Module::with("psam-jtt978", any);
    module.chip.says(check(&other), "9000");
    let mut module = Module::new("psam-jtt978");
    module.chip.refuses(check(&other), 0x6985);
    module.chip.refuses("80CA000009", 0x6700);
    let mut module = Module::new("psam-cjt166");
    module.chip.ok("00A4000002 3F00");
    module.chip.refuses(check(&code_of_cjt166()), 0x6985);
}

/// Whether the card takes the MAC1 that the PSAM makes now; neither notices.
fn card_takes(bench: &Bench, card: &Chip, module: &Module) -> bool {
    let (mut card, mut module) = (card.clone(), module.clone());
    let begun = begin(bench, &mut card, &module, Kind::Purchase, 1);
    let made = module.initialize(&Asked::of(bench, &begun));
    let moment = "20261122 123456".wire();
    let data = [&made.serial[..], &moment, &made.mac1].concat();
    let answer = card.send([&[0x80, 0x54, 0x01, 0x00, 0x0F], &data[..], &[8]].concat());
    assert!([0x9000, 0x9302].contains(&answer.status));
    answer.status == 0x9000
}

#[test]
fn mac1_covers_the_code_once_both_sides_had_it() {
    let bench = Bench::new("cjt166");
    let (plain, module) = (bench.rich(100), Module::new("psam-cjt166"));
    let mut asked = plain.clone();
    let code = asked.ok("80CA000009");
    let mut checked = module.clone();
    checked.chip.says(check(&code), "9000");
    let takes = |card: &Chip, module: &Module| card_takes(&bench, card, module);
    assert!(takes(&plain, &module) && takes(&asked, &checked));
    // A terminal that forgets one half.
    assert!(!takes(&asked, &module) && !takes(&plain, &checked));
    // A wrong code takes the right one back; so do SELECT and reset.
    let mut refused = checked.clone();
    refused.chip.refuses(check(&[0; 9]), 0x6300);
    assert!(takes(&plain, &refused) && !takes(&asked, &refused));
    let mut selected = checked.clone();
    selected.select();
    assert!(takes(&plain, &selected) && !takes(&asked, &selected));
    let mut reset = checked.clone();
    reset.chip.reset();
    reset.select();
    assert!(takes(&plain, &reset) && !takes(&asked, &reset));
    // It lasts over other commands.
    for between in ["00B0970019", "0084000004", "80FA000008"] {
        checked.chip.send(between);
    }
    assert!(takes(&asked, &checked));
}

#[test]
fn the_rule_of_the_cards_decides_about_mac1() {
    let code = code_of_cjt166();
    let rule = |rule: &str| format!("[rules]\ncode-in-mac1 = \"{rule}\"\n");
    let never = Bench::with("cjt166", &rule("never"));
    let mut card = never.rich(100);
    let mut module = Module::with("psam-cjt166", &rule("never"));
    module.chip.says(check(&code), "9000");
    card.ok("80CA000009");
    assert!(card_takes(&never, &card, &module), "the code is checked and left out");

    let always = Bench::with("cjt166", &rule("always"));
    let card = always.rich(100);
    let mut module = Module::with("psam-cjt166", &rule("always"));
    let serial = module.next_serial();
    module.chip.refuses(Asked::any(&module).apdu(), 0x6985);
    assert_eq!(module.next_serial(), serial);
    module.chip.says(check(&code), "9000");
    assert!(card_takes(&always, &card, &module), "the card always covers it");
}

#[test]
fn checking_a_code_leaves_a_purchase_alone() {
    let bench = Bench::new("cjt166");
    let (mut card, mut module) = (bench.rich(100), Module::new("psam-cjt166"));
    let begun = begin(&bench, &mut card, &module, Kind::Purchase, 1);
    let made = module.initialize(&Asked::of(&bench, &begun));
    module.chip.says(check(&code_of_cjt166()), "9000");
    module.chip.refuses(check(&[0; 9]), 0x6300);
    let begun = crate::common::Begun { terminal_serial: made.serial, ..begun };
    let mac2 = card.ok(&bench.step(&begun).command)[4..].to_vec();
    module.chip.says(crate::module::credit(&mac2), "9000");
}
