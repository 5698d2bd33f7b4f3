//! Key files: what is kept comes back, and nothing else does.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crypto::custody::{HeldKeys, KeyCustody, KeyName, Secrecy};
use crypto::{Key, Suite, diversify, lab_master};
use keystore::Secret;
use keystore::key_file::{self, Cost, KeyFileError};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// As little work as argon2 does: these passphrases need not withstand guesses.
fn cheap() -> Cost {
    Cost::new(8, 1, 1).unwrap()
}

fn passphrase() -> Secret {
    Secret::new("correct horse")
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

/// Adds a key named `k0001` or the like, that is another one for every number.
fn add(path: &Path, number: u32) -> Result<(), KeyFileError> {
    key_file::edit(path, &passphrase(), cheap(), |keys| {
        let key = lab_master("key file tests", &number.to_string());
        keys.insert(name(&format!("k{number:04}")), Suite::TripleDes, key, Secrecy::Guarded);
        Ok(())
    })
}

fn read(path: &Path) -> Result<HeldKeys, KeyFileError> {
    key_file::read(path, &passphrase())
}

fn names(path: &Path) -> Vec<String> {
    let records = read(path).unwrap_or_else(|error| panic!("{error}")).records().unwrap();
    records.into_iter().map(|record| record.name.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn keys_come_back_as_they_were_and_derive_the_same_card_keys(
        keys in btree_map(
            "[a-z][a-z0-9/._-]{0,20}[a-z]",
            (any::<bool>(), prop_oneof![vec(any::<u8>(), 8), vec(any::<u8>(), 16)], any::<bool>()),
            0..20,
        ),
        factor: [u8; 8],
    ) {
        let keys: Vec<_> = keys
            .into_iter()
            .filter_map(|(name, key)| Some((KeyName::new(&name).ok()?, key)))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        key_file::edit(&path, &passphrase(), cheap(), |held| -> Result<(), KeyFileError> {
            for (name, (sm4, bytes, public)) in &keys {
                let suite = if *sm4 { Suite::Sm4 } else { Suite::TripleDes };
                let secrecy = if *public { Secrecy::Public } else { Secrecy::Guarded };
                held.insert(name.clone(), suite, Key::new(bytes).unwrap(), secrecy);
            }
            Ok(())
        }).unwrap();
        let held = read(&path).unwrap();
        let records = held.records().unwrap();
        prop_assert!(records.iter().map(|record| &record.name).eq(keys.iter().map(|(name, _)| name)));
        for (record, (name, (_, bytes, public))) in records.iter().zip(&keys) {
            let key = Key::new(bytes).unwrap();
            prop_assert_eq!(record.check_value, key.check_value(record.suite));
            prop_assert!(record.public || !public);
            let derived = held.derive(name, &[factor]).unwrap();
            prop_assert!(derived == diversify(record.suite, &key, &factor));
        }
    }
}

#[test]
fn a_wrong_passphrase_is_told_from_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    add(&path, 1).unwrap();
    let wrong = key_file::read(&path, &Secret::new("wrong horse")).err().unwrap();
    assert!(matches!(wrong, KeyFileError::WrongPassphrase { .. }), "{wrong}");
    let before = fs::read(&path).unwrap();
    let wrong = key_file::edit(&path, &Secret::new("wrong horse"), cheap(), |_| {
        panic!("nobody edits with a wrong passphrase")
    });
    let wrong: KeyFileError = Result::<(), _>::unwrap_err(wrong);
    assert!(matches!(wrong, KeyFileError::WrongPassphrase { .. }), "{wrong}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_so_is_every_other_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    add(&path, 1).unwrap();
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        for bit in [0x01, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= bit;
            fs::write(&path, &bad).unwrap();
            let refused = read(&path).err().unwrap_or_else(|| panic!("byte {at} does not matter"));
            let fits = match refused {
                KeyFileError::Foreign { .. } => at < 8,
                KeyFileError::NewerVersion { .. } => (8..10).contains(&at),
                KeyFileError::Damaged { .. } => true,
                _ => false,
            };
            assert!(fits, "byte {at}: {refused}");
        }
    }
    for length in 0..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        let refused = read(&path).err().unwrap();
        let foreign = matches!(refused, KeyFileError::Foreign { .. });
        let damaged = matches!(refused, KeyFileError::Damaged { .. });
        assert!(if length < 8 { foreign } else { damaged }, "{length} bytes: {refused}");
    }
    fs::write(&path, [&good[..], b"\n"].concat()).unwrap();
    assert!(matches!(read(&path), Err(KeyFileError::Damaged { .. })));
    fs::write(&path, &good).unwrap();
    assert_eq!(names(&path), ["k0001"]);
}

/// A file with other numbers in its header and a digest that fits, as a forger makes it.
fn forged(good: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    use sm3::{Digest, Sm3};
    let mut body = good[..good.len() - 32].to_vec();
    body[at..at + bytes.len()].copy_from_slice(bytes);
    let digest = Sm3::digest(&body);
    [&body[..], digest.as_slice()].concat()
}

#[test]
fn a_forged_file_cannot_ask_for_endless_work_and_opens_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    add(&path, 1).unwrap();
    let good = fs::read(&path).unwrap();
    // Memory, passes, lanes.
    for (at, number) in [
        (12, u32::MAX),
        (12, Cost::MOST_MEMORY + 1),
        (12, 0),
        (16, u32::MAX),
        (16, Cost::MOST_PASSES + 1),
        (16, 0),
        (20, u32::MAX),
        (20, Cost::MOST_LANES + 1),
        (20, 0),
    ] {
        fs::write(&path, forged(&good, at, &number.to_be_bytes())).unwrap();
        let start = Instant::now();
        let refused = read(&path).err().unwrap();
        assert!(matches!(refused, KeyFileError::TooCostly { .. }), "{number} at {at}: {refused}");
        assert!(start.elapsed() < Duration::from_secs(1), "{number} at {at}");
    }
    // Other numbers, salt, nonce or ciphertext than were sealed.
    for (at, bytes) in
        [(12, 16_u32.to_be_bytes()), (16, [0, 0, 0, 2]), (24, [9; 4]), (40, [9; 4]), (64, [9; 4])]
    {
        fs::write(&path, forged(&good, at, &bytes)).unwrap();
        let refused = read(&path).err().unwrap();
        assert!(matches!(refused, KeyFileError::WrongPassphrase { .. }), "at {at}: {refused}");
    }
    fs::write(&path, forged(&good, 10, &[1])).unwrap();
    assert!(matches!(read(&path), Err(KeyFileError::Damaged { .. })));
    fs::write(&path, forged(&good, 8, &[0, 0])).unwrap();
    assert!(matches!(read(&path), Err(KeyFileError::Damaged { .. })));
}

#[test]
fn what_is_no_key_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("letter.txt");
    fs::write(&other, "Dear reader").unwrap();
    let left_alone = |path: &Path| {
        let refused = add(path, 1).unwrap_err();
        assert!(matches!(refused, KeyFileError::Foreign { .. }), "{refused}");
        let refused = read(path).err().unwrap();
        assert!(matches!(refused, KeyFileError::Foreign { .. }), "{refused}");
    };
    left_alone(&other);
    left_alone(folder.path());
    assert_eq!(fs::read_to_string(&other).unwrap(), "Dear reader");
    let listed: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(listed.len(), 1, "no lock file appears beside what is no key file");

    let none = folder.path().join("none");
    assert!(matches!(read(&none), Err(KeyFileError::Missing { .. })));
    assert!(matches!(add(&none.join("x"), 1), Err(KeyFileError::Io { .. })));
    let newer = folder.path().join("newer");
    add(&newer, 1).unwrap();
    let bytes = forged(&fs::read(&newer).unwrap(), 8, &[0, 2]);
    fs::write(&newer, &bytes).unwrap();
    assert!(matches!(add(&newer, 2), Err(KeyFileError::NewerVersion { found: 2, .. })));
    assert_eq!(fs::read(&newer).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_alone_and_a_link_to_it_stays_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("keys"), folder.path().join("link"));
    add(&path, 1).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    add(&link, 2).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(names(&path), ["k0001", "k0002"]);
}

#[test]
fn a_change_that_fails_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let change = |keys: &mut HeldKeys| {
        keys.insert(name("k"), Suite::Sm4, Key::double([5; 16]), Secrecy::Guarded);
        Err(KeyFileError::Locked { path: path.clone() })
    };
    let done: Result<(), _> = key_file::edit(&path, &passphrase(), cheap(), change);
    assert!(done.is_err() && !path.exists());
    add(&path, 1).unwrap();
    let before = fs::read(&path).unwrap();
    let done: Result<(), _> = key_file::edit(&path, &passphrase(), cheap(), change);
    assert!(done.is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn writers_at_the_same_time_lose_none_of_each_others_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for number in 0..10 {
                    add(path, writer * 10 + number).unwrap();
                }
            });
        }
    });
    let expected: Vec<_> = (0..40).map(|number| format!("k{number:04}")).collect();
    assert_eq!(names(&path), expected);
}

#[test]
fn a_writer_killed_at_any_instant_leaves_the_file_before_or_after_its_change() {
    // This test is its own writer: started with a path, it adds keys for ever.
    if let Some(path) = std::env::var_os("KEYSTORE_TEST_WRITER") {
        let path = Path::new(&path);
        let mut number = if path.exists() { names(path).len() as u32 } else { 0 };
        loop {
            add(path, number).unwrap();
            number += 1;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let mut held = 0;
    let mut random = 0x2545_F491_u32;
    for _ in 0..30 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_writer_killed_at_any_instant_leaves_the_file_before_or_after_its_change",
            ])
            .env("KEYSTORE_TEST_WRITER", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        std::thread::sleep(Duration::from_micros(u64::from(random % 40_000)));
        writer.kill().unwrap();
        writer.wait().unwrap();
        if path.exists() {
            let names = names(&path);
            let expected: Vec<_> = (0..names.len()).map(|number| format!("k{number:04}")).collect();
            assert_eq!(names, expected);
            assert!(names.len() >= held, "a key that was written is there");
            held = names.len();
        }
    }
    assert!(held > 0, "no writer came as far as writing");
    add(&path, 9999).unwrap();
    assert_eq!(names(&path).len(), held + 1, "what a killed writer leaves behind hinders nobody");
}

#[test]
fn a_file_of_the_first_version_opens_for_ever() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/version-1.keys"));
    let held = key_file::read(path, &Secret::new("version 1")).unwrap();
    let records = held.records().unwrap();
    let shown: Vec<_> = records
        .iter()
        .map(|r| format!("{} {} {} {}", r.name, r.suite.name(), r.check_value, r.public))
        .collect();
    assert_eq!(
        shown,
        [
            "jtt978/1001/purchase/01/01 3des FB0975 true",
            "lab-root sm4 350828 true",
            "own-root 3des 603CF3 false",
            "sm4-root sm4 2677F4 true",
            "transport 3des CAAAAF true",
        ]
    );
}
