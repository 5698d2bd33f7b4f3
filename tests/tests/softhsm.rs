//! Keys in a PKCS#11 token: `purse keys` and the provider, against SoftHSM2.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::process::{Command, Output};

use applet_spec::Profile;
use crypto::custody::{CustodyError, KeyCustody, KeyName, MacForm, Transport, Wrapping};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use keystore::{Environment, KeysSpec};
use serde_json::Value;
use tests::softhsm::SoftHsm;

/// Runs `purse` with this token directory and the right PIN.
fn purse(hsm: &SoftHsm, arguments: &[&str], input: &str) -> Output {
    purse_with_pin(hsm, SoftHsm::PIN, arguments, input)
}

fn purse_with_pin(hsm: &SoftHsm, pin: &str, arguments: &[&str], input: &str) -> Output {
    let mut purse = tests::purse();
    purse.args(arguments).env("SOFTHSM2_CONF", hsm.conf()).env("PURSE_KEYS_PIN", pin);
    tests::fed(&mut purse, input)
}

#[track_caller]
fn document(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in: {stderr}");
    }
}

fn spec(rest: &str) -> String {
    format!("pkcs11:{}{rest}", SoftHsm::module())
}

/// Whether this is the process of its own in which `test` goes on: SoftHSM2 takes its configuration
/// from the environment, which a test must not change. Else runs it.
fn inside(test: &str, hsm: impl FnOnce() -> SoftHsm) -> bool {
    const INSIDE: &str = "PURSE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let hsm = hsm();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "yes")
        .env("SOFTHSM2_CONF", hsm.conf())
        .env("PURSE_KEYS_PIN", SoftHsm::PIN)
        .status()
        .unwrap();
    assert!(status.success());
    false
}

/// Runs `purse` with the token directory of the process that this is inside.
fn purse_inside(arguments: &[&str], input: &str) -> Output {
    let mut purse = tests::purse();
    purse.args(arguments).env("PURSE_KEYS_PIN", SoftHsm::PIN);
    tests::fed(&mut purse, input)
}

/// A session with the only token, to do what only other tools do.
fn other_tool() -> Session {
    let library = Pkcs11::new(SoftHsm::module()).unwrap();
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = library.get_slots_with_initialized_token().unwrap()[0];
    let session = library.open_rw_session(slot).unwrap();
    session.login(UserType::User, Some(&AuthPin::new(SoftHsm::PIN.into()))).unwrap();
    session
}

/// Changes the keys of this label.
fn change(session: &Session, label: &str, attributes: &[Attribute]) {
    let wanted =
        [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(label.as_bytes().to_vec())];
    let found = session.find_objects(&wanted).unwrap();
    assert!(!found.is_empty(), "{label}");
    found.into_iter().for_each(|key| session.update_attributes(key, attributes).unwrap());
}

fn empty_city() -> SoftHsm {
    let hsm = SoftHsm::new();
    hsm.add_token("city");
    hsm
}

/// A token `city` with the lab keys of jtt978.
fn city() -> SoftHsm {
    let hsm = empty_city();
    let to = spec("?token=city");
    let done =
        document(&purse(&hsm, &["keys", "import", "--lab", "jtt978", "--to", &to, "--json"], ""));
    let keys = done["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), Profile::find("jtt978").unwrap().lab_keys().count());
    assert!(keys.iter().all(|key| key["outcome"] == "added" && key["public"] == true), "{done}");
    hsm
}

#[test]
fn imported_keys_are_listed_and_derive_as_the_lab_provider_does() {
    let hsm = city();
    let (token, lab) = (spec(""), "lab".to_owned());
    let ask = |arguments: &[&str], keys: &str| {
        document(&purse(&hsm, &[arguments, &["--json", "--keys", keys]].concat(), ""))
    };
    let [held, made] = [&token, &lab].map(|keys| ask(&["keys", "list"], keys)["keys"].clone());
    assert_eq!(held, made);
    for key in held.as_array().expect("keys") {
        let name = key["name"].as_str().expect("a name");
        let derive = ["keys", "derive", name, "--serial", "9999000000000001"];
        let [held, made] = [&token, &lab].map(|keys| ask(&derive, keys));
        for member in ["kcv", "key", "master_kcv", "factors", "public"] {
            assert!(held.get(member).is_some(), "{name}: no {member}");
            assert_eq!(held[member], made[member], "{name}: {member}");
        }
    }
}

#[test]
fn a_guarded_key_shows_its_check_values_and_nothing_else() {
    const KEY: &str = "5BD2A9C04E7713F86D0FE8A1B3925C46";
    let hsm = empty_city();
    let to = spec("");
    let list = format!("root 3des {KEY}\nsingle 3des 5BD2A9C04E7713F8\n");
    document(&purse(&hsm, &["keys", "import", "-", "--to", &to, "--json"], &list));
    // What a key file makes of the same keys is the same.
    let folder = tempfile::tempdir().unwrap();
    let (file, passphrase) = (folder.path().join("keys"), folder.path().join("passphrase"));
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    let file = format!("file:{}", file.display());
    let in_file = |arguments: &[&str]| {
        let mut purse = tests::purse();
        purse.args(arguments).env("PURSE_KEYS_PASSPHRASE_FILE", &passphrase);
        document(&purse.output().expect("purse ends"))
    };
    let written = folder.path().join("list");
    std::fs::write(&written, &list).unwrap();
    in_file(&["keys", "import", written.to_str().unwrap(), "--to", &file, "--json"]);
    for name in ["root", "single"] {
        let derive = ["keys", "derive", name, "--factor", "0110100000000000", "--factor"];
        let derive = [&derive[..], &["9999000000000001", "--json", "--keys"]].concat();
        let held = document(&purse(&hsm, &[&derive[..], &[&to]].concat(), ""));
        assert_eq!((&held["public"], held.get("key")), (&Value::Bool(false), None), "{held}");
        let other = in_file(&[&derive[..], &[&file]].concat());
        assert_eq!((&held["kcv"], &held["master_kcv"]), (&other["kcv"], &other["master_kcv"]));
    }

    let same = "root 3des 5BD2A9C04E7713F86D0FE8A1B3925C46";
    let again = document(&purse(&hsm, &["keys", "import", "-", "--to", &to, "--json"], same));
    assert_eq!(again["keys"][0]["outcome"], "unchanged");
    let other = "root 3des 6C64A9C04E7713F86D0FE8A1B3925C46\nnew 3des 6C64A9C04E7713F8\n";
    let taken = purse(&hsm, &["keys", "import", "-", "--to", &to], other);
    refused(&taken, &["already has root", "--replace", "nothing was imported"]);
    let replace = ["keys", "import", "-", "--to", &to, "--replace", "--json"];
    let replaced = document(&purse(&hsm, &replace, other));
    assert_eq!(replaced["keys"][0]["outcome"], "replaced", "{replaced}");
    assert_eq!(replaced["keys"][0]["replaced_kcv"], again["keys"][0]["kcv"]);
    let listed = document(&purse(&hsm, &["keys", "list", "--keys", &to, "--json"], ""));
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(3), "{listed}");
}

#[test]
fn what_a_token_or_its_module_refuses_is_told_with_what_to_do() {
    let hsm = city();
    let token = spec("");
    let list = |keys: &str| purse(&hsm, &["keys", "list", "--keys", keys], "");
    let wrong = purse_with_pin(&hsm, "9999", &["keys", "list", "--keys", &token], "");
    refused(&wrong, &["wrong PIN for token 'city'", "locks after a few wrong tries"]);
    let sm4 = ["keys", "import", "--lab", "jtt978-sm4", "--to", &token];
    refused(&purse(&hsm, &sm4, ""), &["SM4", "CKM_SM4_ECB", "key file"]);
    refused(&list(&spec("?token=town")), &["no token 'town'", "'city'"]);
    refused(&list("pkcs11:/none/libsofthsm2.so"), &["/none/libsofthsm2.so", "does not load"]);
    let none = ["keys", "derive", "none", "--factor", "0000000000000000", "--keys", &token];
    refused(&purse(&hsm, &none, ""), &["token 'city'", "has no key none"]);
    hsm.add_token("second");
    refused(&list(&token), &["more than one token", "'city'", "'second'", "?token="]);
    refused(
        &purse(&SoftHsm::new(), &["keys", "list", "--keys", &token], ""),
        &["no initialised token"],
    );
    let broken = tests::purse()
        .args(["keys", "list", "--keys", &token])
        .env("SOFTHSM2_CONF", "/none/conf")
        .output();
    refused(
        &broken.expect("purse ends"),
        &["does not start", "CKR_GENERAL_ERROR", "SOFTHSM2_CONF"],
    );
}

#[test]
fn the_token_derives_enciphers_macs_and_wraps_as_the_lab_provider_does() {
    let test = "the_token_derives_enciphers_macs_and_wraps_as_the_lab_provider_does";
    if !inside(test, city) {
        return;
    }
    let profile = Profile::find("jtt978").unwrap();
    let lab = profile.lab_custody();
    let token = spec("").parse::<KeysSpec>().unwrap().open(&[], &Environment).unwrap();
    let names: Vec<KeyName> = profile.lab_keys().map(|(name, ..)| name).collect();
    let transport = &names[0];
    for (at, name) in (0_u8..).zip(names.iter().cycle().take(3 * names.len())) {
        let factors: Vec<[u8; 8]> = (0..1 + at % 3).map(|level| [at ^ level << 6; 8]).collect();
        let data: Vec<u8> = (0..at).collect();
        let form = MacForm::SecureMessaging { challenge: &[at, 1, 2, 3] };
        assert!(token.derive(name, &factors).unwrap() == lab.derive(name, &factors).unwrap());
        let both = |ask: &dyn Fn(&dyn KeyCustody) -> Vec<u8>| {
            assert_eq!(ask(token.as_ref()), ask(&lab), "{name}, {} levels", factors.len());
        };
        both(&|custody| custody.encrypt(name, &factors, &[at; 24]).unwrap());
        both(&|custody| custody.encrypt(name, &[], &[at; 24]).unwrap());
        both(&|custody| custody.mac(name, &factors, form, &data).unwrap().0.to_vec());
        both(&|custody| custody.mac(name, &factors, MacForm::Folded, &data).unwrap().0.to_vec());
        both(&|custody| {
            let wrapping = Wrapping {
                name,
                factors: &factors,
                head: &[0x3E, 0xF0, 0xF0, 0x01, 0x00],
                header: [0x84, 0xD4, 0x01, 0x01],
                challenge: &[at; 4],
                transport: Transport::Stored(transport, &factors),
            };
            let wrapped = custody.wrap(&wrapping).unwrap();
            [&wrapped.ciphertext[..], &wrapped.mac.0].concat()
        });
        let master = token.derive(name, &[]).err().unwrap();
        assert_eq!(master, CustodyError::NoFactor { name: name.clone() });
        let stored = token.mac(name, &[], form, &data).unwrap_err();
        assert!(matches!(stored, CustodyError::Unsupported { .. }), "{stored}");
    }
}

/// Has the check value of the test key 404142..4F, and is another key.
const SAME_CHECK_VALUE: &str = "5BD2A9C04E7713F890A8140600000000";
const TEST_KEY: &str = "404142434445464748494A4B4C4D4E4F";

#[test]
fn a_card_key_is_shown_only_where_it_is_certain_that_anybody_knows_its_master() {
    let test = "a_card_key_is_shown_only_where_it_is_certain_that_anybody_knows_its_master";
    if !inside(test, empty_city) {
        return;
    }
    let to = spec("");
    let list = format!(
        "own 3des {SAME_CHECK_VALUE} = 8BAF47\nmarked 3des 5BD2A9C04E7713F86D0FE8A1B3925C46\n\
         known 3des {TEST_KEY} = 8BAF47\nhalf 3des 1122334455667788\n\
         twice 3des FFEEDDCCBBAA9988FFEEDDCCBBAA9988\n"
    );
    document(&purse_inside(&["keys", "import", "-", "--to", &to, "--json"], &list));
    change(&other_tool(), "marked", &[Attribute::Id(b"public:marked".to_vec())]);
    for (name, public, shown) in [
        ("own", false, false),
        ("marked", true, false),
        ("known", true, true),
        ("half", true, true),
        ("twice", true, true),
    ] {
        let factor = "9999000000000001";
        let derive = ["keys", "derive", name, "--factor", factor, "--keys", &to, "--json"];
        let told = document(&purse_inside(&derive, ""));
        assert_eq!((&told["public"], told.get("key").is_some()), (&public.into(), shown), "{told}");
    }
}

#[test]
fn what_a_token_cannot_work_with_is_named_beside_the_others_and_can_be_replaced() {
    let test = "what_a_token_cannot_work_with_is_named_beside_the_others_and_can_be_replaced";
    if !inside(test, empty_city) {
        return;
    }
    let to = spec("");
    let keys: Vec<String> =
        (1..=5).map(|byte| format!("5BD2A9C04E7713F86D0FE8A1B392{byte:02X}46")).collect();
    let list = |names: [&str; 4], keys: &[String]| -> String {
        names.iter().zip(keys).map(|(name, key)| format!("{name} 3des {key}\n")).collect()
    };
    let import = |more: &[&str], list: &str| {
        purse_inside(&[&["keys", "import", "-", "--to", &to, "--json"], more].concat(), list)
    };
    let listed = || document(&purse_inside(&["keys", "list", "--keys", &to, "--json"], ""));
    let names = |told: &Value| {
        let keys = told["keys"].as_array().unwrap().iter();
        keys.map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    document(&import(&[], &list(["fine", "idle", "twice", "other"], &keys)));
    let tool = other_tool();
    change(&tool, "idle", &[Attribute::Encrypt(false)]);
    change(&tool, "other", &[Attribute::Label(b"twice".to_vec())]);

    let told = listed();
    assert_eq!(names(&told), ["fine"]);
    let why = told["left_out"].to_string();
    assert!(why.contains("idle may not encipher"), "{why}");
    assert!(why.contains("2 keys are labelled twice"), "{why}");
    let words = purse_inside(&["keys", "list", "--keys", &to], "");
    let warned = String::from_utf8_lossy(&words.stderr).into_owned();
    assert!(words.status.success() && warned.contains("labelled twice"), "{warned}");

    for name in ["idle", "twice"] {
        let line = format!("{name} 3des {}", keys[4]);
        let taken = purse_inside(&["keys", "import", "-", "--to", &to], &line);
        refused(&taken, &[name, "nothing was imported", "--replace"]);
        let done = document(&import(&["--replace"], &line));
        assert_eq!(done["keys"][0]["outcome"], "replaced", "{done}");
        assert_eq!(done["keys"][0]["replaced_kcv"], Value::Null, "{done}");
    }
    let told = listed();
    assert_eq!(names(&told), ["fine", "idle", "twice"]);
    assert_eq!(told["left_out"], Value::Array(Vec::new()));
}

#[test]
fn a_key_that_the_token_does_not_remove_is_as_before_and_told() {
    let test = "a_key_that_the_token_does_not_remove_is_as_before_and_told";
    if !inside(test, empty_city) {
        return;
    }
    let to = spec("");
    let tool = other_tool();
    let value = [0x5B, 0xD2, 0xA9, 0xC0, 0x4E, 0x76, 0x13, 0xF8];
    let value = [value, value.map(|byte| byte ^ 0x80 ^ 0x40)].concat();
    tool.create_object(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::DES2),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Encrypt(true),
        Attribute::Destroyable(false),
        Attribute::Label(b"root".to_vec()),
        Attribute::Value(value),
    ])
    .unwrap();
    let list = || document(&purse_inside(&["keys", "list", "--keys", &to, "--json"], ""));
    let before = list();
    assert_eq!(before["keys"][0]["name"], "root");
    let replace = ["keys", "import", "-", "--to", &to, "--replace"];
    let stays = purse_inside(&replace, &format!("root 3des {TEST_KEY}"));
    refused(&stays, &["does not remove the root", "taken out again", "own tool"]);
    assert_eq!(list(), before);
}

#[test]
fn another_key_with_the_same_check_value_is_another_key() {
    let test = "another_key_with_the_same_check_value_is_another_key";
    if !inside(test, empty_city) {
        return;
    }
    let to = spec("");
    let import = ["keys", "import", "-", "--to", &to, "--json"];
    document(&purse_inside(&import, &format!("root 3des {SAME_CHECK_VALUE}")));
    let again = document(&purse_inside(&import, &format!("root 3des {SAME_CHECK_VALUE}")));
    assert_eq!(again["keys"][0]["outcome"], "unchanged");
    let other = purse_inside(&import[..5], &format!("root 3des {TEST_KEY}"));
    refused(&other, &["already has root", "8BAF47", "--replace"]);
}
