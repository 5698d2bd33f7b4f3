//! `--keys SPEC`: what it names, and what opening and importing come to.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::path::PathBuf;
use std::sync::Arc;

use applet_spec::Profile;
use crypto::custody::{KeyName, Secrecy};
use crypto::{Key, Suite};
use keystore::{
    Asked, KeysSpec, KeystoreError, NewKey, Outcome, Replacing, Secret, SecretError,
    public_keys_for,
};

fn typed(_: Asked, _: &str) -> Result<Secret, SecretError> {
    Ok(Secret::new("correct horse"))
}

fn nobody(_: Asked, of: &str) -> Result<Secret, SecretError> {
    panic!("nobody is asked about {of}")
}

fn jtt978() -> Arc<Profile> {
    Profile::find("jtt978").unwrap()
}

/// The same profile, its keys held elsewhere.
fn sealed() -> Profile {
    let lab = jtt978();
    let lines = lab.text.lines().filter(|line| !line.starts_with("lab-seed"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("\"lab\"", "\"sealed\"");
    Profile::parse(&text, "sealed").unwrap()
}

fn new(name: &str, byte: u8, secrecy: Secrecy) -> NewKey {
    let mut key = *b"nobody knows me.";
    key[15] = byte;
    let name = KeyName::new(name).unwrap();
    NewKey { name, suite: Suite::TripleDes, key: Key::double(key), secrecy }
}

#[test]
fn a_spec_names_a_provider_one_way() {
    let token = |module: &str, token: Option<&str>| {
        Ok(KeysSpec::Pkcs11 { module: module.into(), token: token.map(str::to_owned) })
    };
    assert_eq!("lab".parse(), Ok(KeysSpec::Lab));
    assert_eq!("file:a b:c".parse(), Ok(KeysSpec::File(PathBuf::from("a b:c"))));
    assert_eq!("pkcs11:/x.so".parse(), token("/x.so", None));
    assert_eq!("pkcs11:/x.so?token=my token".parse(), token("/x.so", Some("my token")));
    for bad in
        ["", "lab:", "keys", "file:", "pkcs11:", "pkcs11:?token=x", "pkcs11:/x?token=", "hsm:1"]
    {
        let refused = bad.parse::<KeysSpec>().unwrap_err().to_string();
        assert!(refused.contains("file:PATH") && refused.contains("pkcs11:MODULE"), "{refused}");
    }
}

#[test]
fn lab_means_the_keys_of_the_profiles_in_use() {
    let (card, other) = (jtt978(), Profile::find("pboc-sm4").unwrap());
    let custody = KeysSpec::Lab.open(&[&card, &other], &nobody).unwrap();
    let held = custody.records().unwrap().len();
    assert_eq!(held, card.lab_keys().count() + other.lab_keys().count());
    assert_eq!(custody.describe(), "lab keys of jtt978 1.0.0 and pboc-sm4 1.0.0");
    let refused = KeysSpec::Lab.open(&[&sealed()], &nobody).err().unwrap();
    assert!(matches!(refused, KeystoreError::NoLabKeys { .. }), "{refused}");
    let refused = KeysSpec::Lab.import(Vec::new(), Replacing::Never, &nobody).unwrap_err();
    assert!(matches!(refused, KeystoreError::LabKeepsNothing), "{refused}");
}

#[test]
fn nobody_is_asked_for_the_passphrase_of_what_is_no_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let spec = KeysSpec::File(folder.path().join("none"));
    assert!(matches!(spec.open(&[], &nobody), Err(KeystoreError::File(_))));
    let spec = KeysSpec::File(folder.path().to_owned());
    assert!(matches!(spec.open(&[], &nobody), Err(KeystoreError::File(_))));
    let imported = spec.import(Vec::new(), Replacing::Never, &nobody);
    assert!(matches!(imported, Err(KeystoreError::File(_))));
}

#[test]
fn a_name_is_given_another_key_only_where_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let spec = KeysSpec::File(folder.path().join("keys"));
    let import = |keys, replacing| spec.import(keys, replacing, &typed);
    let outcomes =
        |done: Vec<keystore::Imported>| done.into_iter().map(|one| one.outcome).collect::<Vec<_>>();
    let guarded = |name, byte| new(name, byte, Secrecy::Guarded);
    let first = import(vec![guarded("a", 1)], Replacing::Never).unwrap();
    assert_eq!(outcomes(first), [Outcome::Added]);
    let again = import(vec![guarded("a", 1), guarded("b", 2)], Replacing::Never).unwrap();
    assert_eq!(outcomes(again), [Outcome::Unchanged, Outcome::Added]);

    let refused = import(vec![guarded("c", 3), guarded("a", 9)], Replacing::Never).unwrap_err();
    let value = |byte| guarded("x", byte).key.check_value(Suite::TripleDes);
    assert!(
        matches!(&refused, KeystoreError::OtherKey { held, given, .. }
        if (*held, *given) == (value(1), value(9))),
        "{refused}"
    );
    let held = spec.open(&[], &typed).unwrap().records().unwrap();
    let names: Vec<_> = held.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["a", "b"], "all or none");

    let replaced = import(vec![guarded("a", 9)], Replacing::Allowed).unwrap();
    assert_eq!(replaced[0].record.check_value, value(9));
    assert_eq!(outcomes(replaced), [Outcome::Replaced(Some(value(1)))]);
}

#[test]
fn what_is_public_stays_public_and_lab_keys_are_known_whichever_way_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let spec = KeysSpec::File(folder.path().join("keys"));
    let public = |keys| {
        let done = spec.import(keys, Replacing::Never, &typed).unwrap();
        done.into_iter().map(|one| one.record.public).collect::<Vec<_>>()
    };
    assert_eq!(
        public(vec![new("open", 1, Secrecy::Public), new("own", 2, Secrecy::Guarded)]),
        [true, false]
    );
    assert_eq!(public(vec![new("open", 1, Secrecy::Guarded)]), [true]);
    let (name, suite, key) = jtt978().lab_keys().next().unwrap();
    assert_eq!(public(vec![NewKey { name, suite, key, secrecy: Secrecy::Guarded }]), [true]);
}

#[test]
fn public_keys_are_told_for_a_lab_card_and_refused_for_a_sealed_one() {
    let (lab, sealed) = (jtt978(), sealed());
    let custody = lab.lab_custody();
    let told = public_keys_for(&custody, &lab).unwrap();
    assert_eq!(told.len(), lab.lab_keys().count());
    let psam = Profile::find("psam-jtt978").unwrap();
    let told = public_keys_for(&psam.lab_custody(), &psam).unwrap();
    assert_eq!(told.len(), psam.lab_keys().count(), "a PSAM's keys, and those of its cards");
    let refused = public_keys_for(&custody, &sealed).unwrap_err();
    assert!(matches!(refused, KeystoreError::PublicKeyForSealedCard { .. }), "{refused}");

    let mut own = crypto::custody::HeldKeys::new("own keys");
    for (byte, directory) in (0..).zip(&sealed.directories) {
        for (number, key) in (0..).zip(&directory.keys) {
            let bytes = [b"keys of our own", &[byte * 16 + number][..]].concat();
            let key_bytes = Key::new(&bytes).unwrap();
            own.insert(sealed.custody_name(directory, key), key.suite, key_bytes, Secrecy::Guarded);
        }
    }
    assert_eq!(public_keys_for(&own, &sealed).unwrap(), []);
    let refused = public_keys_for(&crypto::custody::HeldKeys::new("nothing"), &sealed).unwrap_err();
    assert!(matches!(refused, KeystoreError::Custody(_)), "{refused}");
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_build_without_pkcs11_says_so() {
    let spec: KeysSpec = "pkcs11:/x.so".parse().unwrap();
    assert!(matches!(spec.open(&[], &nobody), Err(KeystoreError::NoPkcs11)));
}

#[cfg(feature = "pkcs11")]
#[test]
fn a_module_that_is_not_there_or_none_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.so");
    let spec: KeysSpec = format!("pkcs11:{}", path.display()).parse().unwrap();
    let refused = spec.open(&[], &nobody).err().unwrap().to_string();
    assert!(refused.contains("module.so") && refused.contains("does not load"), "{refused}");
    std::fs::write(&path, "no library").unwrap();
    let refused = spec.open(&[], &nobody).err().unwrap().to_string();
    assert!(refused.contains("module.so") && refused.contains("does not load"), "{refused}");
}
