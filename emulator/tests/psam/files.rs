//! Files, selection, settings and state in words.

use applet_spec::Profile;
use crypto::{Key, secure_messaging_mac};
use emulator::VirtualCard;
use emulator::native::settings;
use link::{CardControl, CardTransport};

use crate::common::{Bytes, Chip};
use crate::module::{Asked, Module, PAIRS};

#[test]
fn a_psam_has_the_files_that_terminals_read() {
    for (_, name) in PAIRS {
        let mut module = Module::new(name);
        let [high, low] = module.application().fid.to_be_bytes();
        let (aid, spec) = (module.application().name.clone(), module.profile.psam.clone().unwrap());
        module.chip.reset();
        assert_eq!(module.chip.ok("00B0950000").len(), 14, "{name}");
        assert_eq!(module.chip.ok("00B0960006"), spec.terminal);
        let by_fid = module.chip.ok(vec![0x00, 0xA4, 0x00, 0x00, 0x02, high, low]);
        let parameters = module.chip.ok("00B0970019");
        assert_eq!((parameters.len(), parameters[0]), (25, 1));
        assert_eq!(module.chip.ok("00B0970001"), [1]);
        assert_eq!(module.chip.ok("00B0980004"), [0, 0, 0, 1]);
        module.chip.ok("00A4000002 3F00");
        let by_name = [&[0x00, 0xA4, 0x04, 0x00, aid.len() as u8], &aid[..]].concat();
        assert_eq!(module.chip.ok(by_name), by_fid);
        assert!(by_fid.windows(aid.len()).any(|window| window == aid));
        module.chip.ok("00A4000002 3F00");
        assert!(module.chip.ok("00B2010C00").starts_with(&[0x61]), "its application is listed");
    }
}

#[test]
fn nothing_of_a_purse_is_understood() {
    let mut module = Module::new("psam-jtt978");
    for command in ["805C000204", "805001020B 01000000010000000000010F", "0020000003 123456"] {
        module.chip.refuses(command, 0x6D00);
    }
    module.chip.refuses("841E000004 00000000", 0x6D00);
    let mut card = crate::common::Bench::new("jtt978").chip();
    card.refuses("8072000004 00000000", 0x6D00);
}

/// UPDATE BINARY of a file of the MF, under its maintenance key.
fn update(module: &mut Module, header: &str, data: &[u8]) {
    let profile: &Profile = &module.profile;
    let master = &profile.directories[0];
    let key = master.key(applet_spec::KeyKind::Maintenance, 0).unwrap();
    let factors = profile.factors_for(&profile.serial);
    let root = profile.lab_master(master, key).unwrap();
    let value: Key =
        factors.iter().fold(root, |value, factor| crypto::diversify(key.suite, &value, factor));
    let suite = key.suite;
    module.chip.ok("00A4000002 3F00");
    let challenge = module.chip.ok("0084000004");
    let body = [&header.wire()[..], &[data.len() as u8 + 4], data].concat();
    let mac = secure_messaging_mac(suite, &value, &challenge, &body);
    module.chip.says([&body[..], &mac.0].concat(), "9000");
}

#[test]
fn a_terminal_number_that_is_written_is_the_one_in_mac1() {
    let mut module = Module::new("psam-jtt978");
    let asked = Asked::any(&module);
    let before = module.clone().initialize(&asked);
    update(&mut module, "04D69600", &"990000000042".wire());
    module.select();
    let after = module.clone().initialize(&asked);
    assert_eq!(before.serial, after.serial);
    assert_ne!(before.mac1, after.mac1);
    assert_eq!(module.chip.shown("terminal"), "990000000042");
    module.chip.ok("00A4000002 3F00");
    module.chip.refuses("00D6960006 000000000000", 0x6900);
    module.select();
    module.chip.set("terminal", "01 10 00 00 00 01");
    assert_eq!(module.initialize(&asked), before);
}

#[test]
fn what_is_set_is_shown_and_what_a_psam_lacks_is_refused() {
    let mut module = Module::new("psam-jtt978");
    for (key, value, shown) in [
        ("terminal", "1234567890AB", "1234567890AB"),
        ("terminal-serial", "65536", "0x00010000"),
        ("terminal-serial", "0xFFFFFFFF", "0xFFFFFFFF"),
        ("locked", "temporary", "temporary"),
        ("locked", "no", "no"),
    ] {
        module.chip.set(key, value);
        assert_eq!(module.chip.shown(key), shown);
    }
    module.chip.set("key-tries.application-master.0", "1");
    module.chip.set("file.17.17", "20190101");
    assert!(module.chip.ok("00B0970019").ends_with(&"20190101 20991231".wire()));
    module.chip.set("file.15", "AA");
    let mut refuse = |key: &str, value: &str, words: &str| {
        let error = settings::set(module.chip.card.memory_mut(), key, value).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    refuse("terminal", "1234", "it has six bytes; write HHHHHHHHHHHH");
    refuse("terminal-serial", "4294967296", "not a number in range");
    refuse("balance", "1.00", "this card has no such purse");
    refuse("pin-tries", "1", "this card has no PIN");
    let mut card = crate::common::Bench::new("jtt978").chip();
    let mut refuse = |key: &str, value: &str| {
        let error = settings::set(card.card.memory_mut(), key, value).unwrap_err();
        assert!(error.to_string().contains("a PSAM has one"), "{error}");
    };
    refuse("terminal", "1234567890AB");
    refuse("terminal-serial", "1");
}

#[test]
fn the_state_is_told_in_words() {
    let mut module = Module::new("psam-jtt978");
    let transaction = |chip: &Chip| chip.card.transaction_name();
    assert_eq!(transaction(&module.chip), "idle");
    let asked = Asked::any(&module);
    module.initialize(&asked);
    assert_eq!(transaction(&module.chip), "sam-purchase");
    module.deliver(0x45, 0x01, &[[1; 8], [2; 8]]);
    assert_eq!(transaction(&module.chip), "idle");
    module.chip.says(crate::module::crypt(0x07, &[0; 8]), "9000");
    assert_eq!(transaction(&module.chip), "sam-mac");

    let mut card = VirtualCard::volatile(module.card().fork());
    let told = card.status().unwrap();
    let has = |key: &str, value: &str| told.contains(&(key.to_owned(), value.to_owned()));
    assert!(has("profile", "psam-jtt978") && has("terminal", "011000000001"), "{told:?}");
    assert!(has("terminal-serial", "0x00000002") && has("locked", "no"), "{told:?}");
    assert!(!told.iter().any(|(key, _)| key.contains("balance")));
}

#[test]
fn a_psam_is_kept_in_a_file_like_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("psam.img");
    let module = Module::new("psam-cjt166");
    let asked = Asked::any(&module);
    let durability = nvm::image::Durability::Process;
    let mut card = VirtualCard::create(module.card().fork(), &path, durability).unwrap();
    let mut given = Vec::new();
    for _ in 0..3 {
        card.reset().unwrap();
        card.transmit(&"00A4000002 1001".wire()).unwrap();
        given.push(card.transmit(&asked.apdu()).unwrap()[..4].to_vec());
        drop(card);
        card = VirtualCard::open(&path, None, durability, emulator::Protocol::T1).unwrap();
    }
    assert_eq!(given, [[0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 3]]);
}
