//! The profiles that come with the program.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::Path;

use applet_spec::*;
use crypto::custody::{KeyCustody, KeyName};

fn all() -> Vec<&'static std::sync::Arc<Profile>> {
    Profile::built_in_names()
        .iter()
        .map(|name| match Profile::find(name) {
            Ok(_) => Profile::built_in(name).expect("find and built_in agree"),
            Err(errors) => panic!("{errors}"),
        })
        .collect()
}

/// Those of PSAMs.
fn psams() -> impl Iterator<Item = &'static std::sync::Arc<Profile>> {
    all().into_iter().filter(|profile| profile.psam.is_some())
}

#[test]
fn every_built_in_loads_and_names_itself() {
    for (profile, name) in all().iter().zip(Profile::built_in_names()) {
        assert_eq!(profile.name, *name);
        assert_eq!(profile.rules.profile, *name);
        assert_eq!(profile.rules.version, profile.version);
        assert_eq!(profile.custody, Custody::Lab);
        assert!(!profile.lab_custody().records().expect("lab keys").is_empty());
        assert!(!profile.summary.is_empty() && !profile.summary_zh.is_empty());
    }
}

#[test]
fn lab_keys_are_held_under_custody_names_that_tell_the_slot() {
    let profile = Profile::built_in("jtt978").expect("built in");
    let application = profile.application().expect("an application");
    let purchase = application.key(KeyKind::Purchase, 1).expect("a purchase key");
    let name = profile.custody_name(application, purchase);
    assert_eq!(name.as_str(), "jtt978/1001/purchase/01/01");

    for profile in all() {
        let custody = profile.lab_custody();
        let slots = profile.directories.iter().flat_map(|d| d.keys.iter().map(move |k| (d, k)));
        let mut names = std::collections::BTreeSet::new();
        for (directory, key) in slots {
            let name = profile.custody_name(directory, key);
            assert_eq!(KeyName::new(name.as_str()).as_ref(), Ok(&name));
            let record = custody.record(&name).expect("a lab key");
            let master = profile.lab_master(directory, key).expect("a lab key");
            assert_eq!(record.check_value, master.check_value(key.suite));
            assert!(record.public && record.suite == key.suite, "{name}");
            names.insert(name);
        }
        let slots = profile.directories.iter().flat_map(|d| d.sam_keys.iter().map(move |k| (d, k)));
        for (directory, key) in slots {
            let name = profile.sam_custody_name(directory, key);
            let record = custody.record(&name).expect("a lab key");
            let value = profile.lab_sam_key(directory, key).expect("a lab key");
            assert_eq!(record.check_value, value.check_value(key.suite), "{name} is a root key");
            names.insert(name);
        }
        let held = custody.records().expect("records").into_iter().map(|record| record.name);
        assert!(held.eq(names), "{}: each slot has a name of its own", profile.name);
    }
}

#[test]
fn a_sealed_profile_has_no_lab_keys() {
    let lab = Profile::built_in("jtt978").expect("built in");
    let lines = lab.text.lines().filter(|line| !line.starts_with("lab-seed"));
    let text =
        lines.collect::<Vec<_>>().join("\n").replace("custody = \"lab\"", "custody = \"sealed\"");
    let sealed = Profile::parse(&text, "sealed").expect("a profile");
    assert_eq!(sealed.lab_custody().records(), Ok(Vec::new()));
}

#[test]
fn every_file_in_the_profiles_folder_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(Profile::built_in_names().contains(&stem.as_str()), "{stem}");
    }
}

#[test]
fn contents_fill_to_the_declared_length() {
    for profile in all() {
        let public = profile.public_content(&profile.serial);
        let expected = if profile.application().is_some() { 30 } else { 0 };
        assert_eq!(public.len(), expected, "{}", profile.name);
        for file in profile.directories.iter().flat_map(|directory| &directory.files) {
            for template in &file.content {
                let filled = template.fill(&profile.serial, &public);
                assert_eq!(filled.len(), template.length());
                let full = match file.kind {
                    FileKind::Binary { size } => usize::from(size),
                    FileKind::Linear { record, .. } | FileKind::Cyclic { record, .. } => {
                        record.into()
                    }
                    FileKind::Variable { record, .. } => {
                        assert!(filled.len() <= record.into());
                        continue;
                    }
                };
                assert_eq!(filled.len(), full, "{} {:02X}", profile.name, file.sfi);
            }
            if let FileKind::Binary { .. } = file.kind {
                assert_eq!(file.content.len(), 1);
            }
        }
    }
}

#[test]
fn every_purse_has_the_keys_for_what_it_allows() {
    for profile in all() {
        let suite = profile.rules.suite;
        for directory in &profile.directories {
            for purse in &directory.purses {
                for used in &purse.allows {
                    let kinds: &[KeyKind] = match used {
                        PinUse::Balance => &[],
                        PinUse::Load => &[KeyKind::Load, KeyKind::Tac],
                        PinUse::Purchase | PinUse::Cash | PinUse::Capp => {
                            &[KeyKind::Purchase, KeyKind::Tac]
                        }
                        PinUse::Unload => &[KeyKind::Unload],
                        PinUse::Overdraft => &[KeyKind::Overdraft, KeyKind::Tac],
                    };
                    for kind in kinds {
                        let key = directory.keys.iter().find(|key| key.kind == *kind).unwrap();
                        assert_eq!((key.suite, key.tries), (suite, None), "{}", profile.name);
                    }
                }
            }
            for key in &directory.keys {
                let transaction = [
                    KeyKind::Purchase,
                    KeyKind::Load,
                    KeyKind::Unload,
                    KeyKind::Tac,
                    KeyKind::Overdraft,
                    KeyKind::InternalAuthentication,
                ];
                let expected = if transaction.contains(&key.kind) { None } else { Some(3) };
                assert_eq!(key.tries, expected, "{} {:?}", profile.name, key.kind);
                assert_eq!(key.algorithm_id, if suite == crypto::Suite::Sm4 { 0x04 } else { 0x00 });
            }
        }
    }
}

#[test]
fn cards_are_ready_for_use() {
    for profile in Profile::built_in_cards() {
        let application = profile.application().unwrap();
        for purse in &application.purses {
            assert_eq!(purse.balance, 0);
        }
        let public = profile.public_content(&profile.serial);
        assert_eq!(public[12..20], profile.serial);
        assert_eq!(hex::encode(&public[20..28]), "2020010120991231");
        let purse = application.purse(PurseKind::Purse).unwrap();
        let pin_for_load = purse.pin_for.contains(&PinUse::Load);
        assert_eq!(pin_for_load, !profile.name.starts_with("jtt978"), "{}", profile.name);
        assert_eq!(application.pin.as_ref().unwrap().value, [0x12, 0x34, 0x56]);
        let log = application.log.unwrap();
        for sfi in [Some(log.purchase), Some(log.load), log.other_city].into_iter().flatten() {
            let file = application.file(sfi).unwrap();
            assert_eq!(file.kind, FileKind::Cyclic { record: 23, count: 10 });
            assert!(file.content.is_empty());
            assert_eq!(file.update, Access::Never);
        }
        let capp = application.file(profile.rules.capp.default_sfi).unwrap();
        for record in &capp.content {
            let record = record.bytes().unwrap();
            let rules = &profile.rules.capp;
            let behind = record.len() - usize::from(rules.length_offset) - 1;
            assert_eq!(usize::from(record[usize::from(rules.length_offset)]), behind);
            assert_eq!(record[usize::from(rules.lock_offset)], 0x00);
        }
        assert_eq!(capp.protection, Protection::Mac);
        let public = profile.public_content(b"another1");
        assert_eq!(profile.serial_in(&public), Some(*b"another1"), "{}", profile.name);
        assert_eq!(profile.serial_in(&public[..15]), None, "{}", profile.name);
        assert_eq!(profile.factors_for(&profile.serial).last(), Some(&profile.serial));
    }
}

#[test]
fn jtt978_looks_like_the_cards_in_the_field() {
    let profile = Profile::built_in("jtt978").unwrap();
    let application = profile.application().unwrap();
    assert_eq!(hex::encode_upper(&application.name), "A000000632010105");
    assert_eq!(
        profile.factors_for(&profile.serial),
        [*b"\x01\x01\x10\x00\xFF\xFF\xFF\xFF", profile.serial]
    );
    let public = hex::encode_upper(profile.public_content(&profile.serial));
    assert_eq!(public, "01011000FFFFFFFF02010310999900000000000120200101209912310000");
    let ids: Vec<String> = application
        .file(0x1A)
        .unwrap()
        .content
        .iter()
        .map(|record| hex::encode(&record.bytes().unwrap()[..6]))
        .collect();
    assert_eq!(ids, ["27017d010100", "27027d010100", "27037d010100"]);
    assert_eq!(application.file(0x1A).unwrap().content[0].length(), 128);
    assert_eq!(application.file(0x1E).unwrap().kind, FileKind::Cyclic { record: 48, count: 30 });
    assert_eq!(application.key(KeyKind::PinUnblock, 2).map(|key| key.tries), Some(Some(3)));
    let dir = profile.directories[0].file(0x01).unwrap();
    assert_eq!(
        dir.content
            .iter()
            .map(|record| hex::encode_upper(record.bytes().unwrap()))
            .collect::<Vec<_>>(),
        ["61144F08A00000063201010550084D4F545F545F4550"]
    );
    let ppse = profile.directories.iter().find(|d| d.fci == FciForm::Ppse).unwrap();
    assert_eq!(ppse.name, b"2PAY.SYS.DDF01");
    assert_eq!(profile.rules.balance_p1.len(), 5);
}

#[test]
fn cjt166_lists_its_application_by_file_identifier() {
    let profile = Profile::built_in("cjt166").unwrap();
    let dir = profile.directories[0].file(0x01).unwrap();
    assert_eq!(
        hex::encode_upper(dir.content[0].bytes().unwrap()),
        "7011610F4F09A0000000038698070150023F01"
    );
    let ids: Vec<u8> = profile
        .application()
        .unwrap()
        .file(0x17)
        .unwrap()
        .content
        .iter()
        .map(|record| record.bytes().unwrap()[0])
        .collect();
    assert_eq!(ids, [0x01, 0x02, 0x03, 0x09, 0x11]);
    assert_eq!(profile.factors_for(&profile.serial)[0], *b"\x41\x00\xFF\0\0\0\0\0");
    assert_eq!(profile.rules.code_in_mac1, CodeInMac1::After80Ca);
    assert_eq!(profile.directories[0].file(0x05).unwrap().kind, FileKind::Binary { size: 40 });
    assert!(profile.application().unwrap().key(KeyKind::Overdraft, 1).is_none());
}

#[test]
fn pboc_asks_the_deposit_for_the_pin_in_everything() {
    let profile = Profile::built_in("pboc").unwrap();
    let application = profile.application().unwrap();
    let deposit = application.purse(PurseKind::Deposit).unwrap();
    assert_eq!(deposit.pin_for, deposit.allows);
    assert_eq!(deposit.overdraft, Some(0));
    let purse = application.purse(PurseKind::Purse).unwrap();
    assert_eq!(purse.overdraft, None);
    assert!(!purse.allows.contains(&PinUse::Unload));
}

#[test]
fn a_psam_holds_the_root_keys_of_the_cards_it_serves() {
    // Usage of the PSAM's key, index of the card's.
    let expected = [
        ("pboc", [(0x22, 1), (0x24, 0), (0x25, 0), (0x26, 0)]),
        ("cjt166", [(0x42, 1), (0x44, 0), (0x45, 0), (0x46, 0)]),
        ("jtt978", [(0x42, 1), (0x44, 1), (0x45, 1), (0x46, 1)]),
        ("jtt978-sm4", [(0x42, 1), (0x44, 1), (0x45, 1), (0x46, 1)]),
    ];
    for (psam, (name, slots)) in psams().zip(expected) {
        let served = psam.served().expect("it serves a card");
        assert_eq!((served.name.as_str(), psam.name.clone()), (name, format!("psam-{name}")));
        let cards = served.application().expect("a purse");
        let own = psam.sam_application().expect("keys");
        let kinds = [KeyKind::Purchase, KeyKind::Tac, KeyKind::Maintenance, KeyKind::Maintenance];
        for ((key, kind), (usage, index)) in own.sam_keys.iter().zip(kinds).zip(slots) {
            let card_key = cards.key(kind, index).expect("the card has it");
            assert_eq!(key.usage, SamUsage(usage));
            assert_eq!(usize::from(key.usage.levels()), served.factors.len());
            assert_eq!(
                (key.version, key.algorithm_id, key.suite),
                (card_key.version, card_key.algorithm_id, card_key.suite)
            );
            let root = served.lab_master(cards, card_key);
            assert!(root.is_some() && psam.lab_sam_key(own, key) == root, "{name} {usage:02X}");
            assert_eq!(psam.sam_custody_name(own, key), served.custody_name(cards, card_key));
            assert!(psam.sam_factors(key).is_empty());
        }
    }
}

#[test]
fn psams_look_like_those_in_the_field() {
    let found: Vec<_> = psams()
        .map(|psam| {
            let own = psam.sam_application().expect("keys");
            let spec = psam.psam.as_ref().expect("a PSAM");
            let number = psam.directories[0].file(0x16).expect("file 16").content[0].bytes();
            assert_eq!(number.as_deref(), Some(&spec.terminal[..]));
            assert_eq!(psam.directories[0].file(0x15).expect("file 15").content[0].length(), 14);
            assert_eq!(own.file(0x17).expect("file 17").content[0].length(), 25);
            let serial = own.file(spec.serial_file).expect("a serial");
            assert_eq!(serial.content[0].bytes(), Some(vec![0, 0, 0, 1]));
            assert_eq!(spec.wrong_mac2.0, 0x9302);
            assert_eq!((spec.serial_advances, spec.mac_length), (SerialAdvance::AtInitialize, 4));
            (own.fid, hex::encode_upper(&own.name), spec.identification.text())
        })
        .collect();
    let jtt = "A0000006324D4F542E435053414D3031".to_owned();
    assert_eq!(
        found,
        [
            (0x1001, hex::encode_upper("PURSEKIT.PSAM"), "none"),
            (0x1001, "BDA8C9E8B2BF".to_owned(), "lab"),
            (0x8011, jtt.clone(), "none"),
            (0x8011, jtt, "none"),
        ]
    );
}

#[test]
fn a_psam_key_of_fewer_levels_is_diversified_by_the_highest_factors_already() {
    let text = "extends = \"psam-jtt978\"\nname = \"city\"\nversion = \"1\"\n\
                [[directory]]\nfid = 0x8011\n[[directory.sam-key]]\nusage = 0x22\n\
                index = 0x01\nversion = 0x02\nof = \"purchase\"\n";
    let psam = Profile::parse(text, "city.toml").unwrap_or_else(|errors| panic!("{errors}"));
    let own = psam.sam_application().unwrap();
    let key = own.sam_keys.iter().find(|key| key.usage == SamUsage(0x22)).unwrap();
    let served = Profile::built_in("jtt978").unwrap();
    let cards = served.application().unwrap();
    let purchase = cards.key(KeyKind::Purchase, 1).unwrap();
    let factors = served.factors_for(&[7; 8]);
    assert_eq!(psam.sam_factors(key), factors[..1]);
    let root = served.lab_master(cards, purchase).unwrap();
    let expected = crypto::diversify(purchase.suite, &root, &factors[0]);
    assert!(psam.lab_sam_key(own, key) == Some(expected));
}

#[test]
fn sm4_profiles_differ_in_the_suite_and_stand_by_themselves() {
    for (own, base) in [("jtt978-sm4", "jtt978"), ("pboc-sm4", "pboc")] {
        let (own, base) = (Profile::built_in(own).unwrap(), Profile::built_in(base).unwrap());
        assert_eq!(own.rules.suite, crypto::Suite::Sm4);
        assert_eq!(own.rules.challenge_lengths, [4, 8, 16]);
        assert_eq!(own.serial, base.serial);
        for (own, base) in own.directories.iter().zip(&base.directories) {
            assert_eq!((&own.files, &own.purses, &own.pin), (&base.files, &base.purses, &base.pin));
        }
        let again = Profile::parse(&own.text, "kept").unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(again, **own);
    }
}

#[test]
fn the_text_of_a_profile_makes_the_same_profile_again() {
    for profile in all() {
        assert_eq!(Profile::parse(&profile.text, "kept").unwrap(), **profile);
    }
}

#[test]
fn a_card_is_known_by_the_name_and_fci_of_its_application() {
    let city = hex::decode("6F178409A00000000386980701A50A9F0801029F0C03010203").unwrap();
    let bank = hex::decode("6F138409A00000000386980701A5069F0C03010203").unwrap();
    let name = hex::decode("A00000000386980701").unwrap();
    let may_be = |fci: &[u8]| -> Vec<&str> {
        all().iter().filter(|one| one.may_be(&name, fci)).map(|one| one.name.as_str()).collect()
    };
    assert_eq!(may_be(&city), ["cjt166"]);
    let without_version = ["pboc", "pboc-sm4", "fmcos-ep"];
    assert_eq!(may_be(&bank), without_version);
    assert_eq!(may_be(b"\x6F"), without_version, "an FCI that is no TLV tells no version");
}

#[test]
fn a_blank_card_has_its_transport_key_and_room_for_all_else() {
    let blank = Profile::built_in("fmcos-blank").unwrap();
    assert_eq!(blank.rules.commands, CommandSet::Fmcos);
    let issuing = blank.rules.issuing.unwrap();
    let [master] = blank.directories.as_slice() else { panic!("the MF alone") };
    let [key] = master.keys.as_slice() else { panic!("one key") };
    assert_eq!((key.kind, key.index, key.tries), (KeyKind::CardMaster, 0, Some(3)));
    assert_eq!(blank.lab_master(master, key).unwrap().expose(), [0xFF; 16]);
    assert!(blank.factors.is_empty() && blank.application().is_none());
    let states = |state| SecurityStates { master: state, directory: state };
    assert!(!issuing.erase.granted(states(0)));
    assert!(issuing.erase.granted(states(key.next_state)));
}

#[test]
fn what_is_built_on_a_blank_card_answers_by_the_same_rules() {
    let blank = Profile::built_in("fmcos-blank").unwrap();
    let built = Profile::built_in("fmcos-ep").unwrap();
    let own = Rules {
        profile: built.name.clone(),
        commands: CommandSet::Purse,
        issuing: None,
        ..blank.rules.clone()
    };
    assert_eq!(built.rules, own);
    assert_eq!(built.chip, blank.chip);
}
