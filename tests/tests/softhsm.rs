//! Keys in a PKCS#11 token: `purse keys` and the provider, against SoftHSM2.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::process::{Command, Output};

use applet_spec::Profile;
use crypto::custody::{CustodyError, KeyCustody, KeyName, MacForm, Transport, Wrapping};
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

/// A token `city` with the lab keys of jtt978.
fn city() -> SoftHsm {
    let hsm = SoftHsm::new();
    hsm.add_token("city");
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
    let hsm = SoftHsm::new();
    hsm.add_token("city");
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
    // SoftHSM2 takes its configuration from the environment, which a test must not change: this
    // test starts itself again with the variable set.
    const INSIDE: &str = "PURSE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_none() {
        let hsm = city();
        let test = "the_token_derives_enciphers_macs_and_wraps_as_the_lab_provider_does";
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(INSIDE, "yes")
            .env("SOFTHSM2_CONF", hsm.conf())
            .env("PURSE_KEYS_PIN", SoftHsm::PIN)
            .status()
            .unwrap();
        assert!(status.success());
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
