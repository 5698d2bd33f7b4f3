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

#[test]
fn every_built_in_loads_and_names_itself() {
    for (profile, name) in all().iter().zip(Profile::built_in_names()) {
        assert_eq!(profile.name, *name);
        assert_eq!(profile.rules.profile, *name);
        assert_eq!(profile.rules.version, profile.version);
        assert_eq!(profile.custody, Custody::Lab);
        assert!(profile.lab_seed.is_some());
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
        assert_eq!(public.len(), 30, "{}", profile.name);
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
    for profile in all() {
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
    assert_eq!(may_be(&bank), ["pboc", "pboc-sm4"]);
    assert_eq!(may_be(b"\x6F"), ["pboc", "pboc-sm4"], "an FCI that is no TLV tells no version");
}
