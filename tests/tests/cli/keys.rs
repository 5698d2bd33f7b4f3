//! `purse keys` with lab keys and key files: check values, and keys only where anybody may know
//! them.

use std::fs;

use applet_spec::Profile;
use crypto::custody::KeyCustody;
use serde_json::Value;

use crate::{Said, run, run_in, run_with, text};

/// A key nobody uses elsewhere, and its check values.
const KEY: &str = "5BD2A9C04E7713F86D0FE8A1B3925C46";

struct Place {
    folder: tempfile::TempDir,
    spec: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = format!("file:{}", text(&folder.path().join("city.keys")));
        Self { folder, spec }
    }

    fn purse(&self, arguments: &[&str], input: &str) -> Said {
        run_in(&[("PURSE_KEYS_PASSPHRASE", "correct horse")], arguments, input)
    }

    fn import(&self, list: &str) -> Said {
        self.purse(&["keys", "import", "-", "--to", &self.spec], list)
    }
}

#[test]
fn a_derived_key_is_the_card_key_that_the_profile_shows() {
    for name in Profile::built_in_cards().map(|profile| profile.name.as_str()) {
        let shown = run(&["profile", "show", name, "--json"]).fine().json();
        let (serial, keys) = (shown["serial"].as_str().unwrap(), shown["keys"].as_array().unwrap());
        let number = |key: &Value, member: &str| format!("{:02X}", key[member].as_u64().unwrap());
        for key in keys.iter().take(4) {
            let (directory, kind) = (key["directory"].as_str(), key["kind"].as_str());
            let (index, version) = (number(key, "index"), number(key, "version"));
            let key_name =
                format!("{name}/{}/{}/{index}/{version}", directory.unwrap(), kind.unwrap());
            let derive = ["keys", "derive", &key_name, "--serial", serial, "--json"];
            let derived = run(&derive).fine().json();
            assert_eq!(
                (&derived["kcv"], &derived["key"]),
                (&key["kcv"], &key["card"]),
                "{key_name}"
            );
            assert_eq!(derived["factors"], shown["factors"]);
            let factors = shown["factors"].as_array().unwrap().iter().map(|f| f.as_str().unwrap());
            let factors: Vec<&str> = factors.flat_map(|factor| ["--factor", factor]).collect();
            let by_factor = run(&[&["keys", "derive", &key_name, "--json"], &factors[..]].concat());
            assert_eq!(by_factor.fine().json(), derived);
        }
    }
}

#[test]
fn lists_name_every_key_of_the_profile_in_both_languages() {
    let listed = run(&["keys", "list", "--profile", "cjt166", "--json"]).fine().json();
    let profile = Profile::find("cjt166").unwrap();
    let records = profile.lab_custody().records().unwrap();
    let shown = |record: &crypto::custody::KeyRecord| {
        serde_json::json!({
            "name": record.name.as_str(), "algorithm": record.suite.name(),
            "kcv": record.check_value.to_string(), "public": true,
        })
    };
    assert_eq!(listed["keys"], Value::Array(records.iter().map(shown).collect()));
    let words = run(&["keys", "list", "--profile", "cjt166", "--lang", "zh"]).fine().stdout;
    assert!(words.contains("消费密钥") && words.contains("公开测试密钥"), "{words}");
}

#[test]
fn a_key_file_keeps_what_was_imported_and_tells_check_values_only() {
    let place = Place::new();
    let list = format!(
        "root sm4 {KEY}:350828\n\
         joined 3des 0123456789ABCDEFFEDCBA9876543210 + 404142434445464748494A4B4C4D4E4F = 1BF19F\n"
    );
    let said = place.import(&list).fine();
    assert!(said.stdout.contains("350828") && said.stdout.contains("1BF19F"), "{}", said.stdout);
    let listed = ["keys", "list", "--keys", &place.spec];
    let derived = ["keys", "derive", "root", "--factor", "9999000000000001", "--keys", &place.spec];
    let value = ["keys", "kcv", "root", "--keys", &place.spec];
    for arguments in [&listed[..], &derived[..], &value[..]] {
        for json in [&[][..], &["--json"]] {
            let said = place.purse(&[arguments, json].concat(), "").fine().stdout;
            assert!(said.contains("350828"), "{said}");
            let longest = said.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max();
            assert!(longest <= Some(16), "no key is shown, and no master key: {said}");
        }
    }
    let value = place.purse(&[&value[..], &["--json"]].concat(), "").json();
    assert_eq!((&value["kcv"], &value["public"]), (&"350828".into(), &false.into()));

    let other = format!("root sm4 {}7", &KEY[..31]);
    place.import(&other).refused(70, &["root", "350828", "6B3B1D", "--replace"]);
    let replace = ["keys", "import", "-", "--to", &place.spec, "--replace", "--json"];
    let replaced = place.purse(&replace, &other).fine().json();
    let key = &replaced["keys"][0];
    let seen = (&key["outcome"], &key["replaced_kcv"], &key["kcv"]);
    assert_eq!(seen, (&"replaced".into(), &"350828".into(), &"6B3B1D".into()));
}

#[test]
fn lab_keys_in_a_file_stay_public_and_test_keys_are_warned_of() {
    let place = Place::new();
    place.purse(&["keys", "import", "--lab", "pboc-sm4", "--to", &place.spec], "").fine();
    let listed = place.purse(&["keys", "list", "--keys", &place.spec, "--json"], "").fine().json();
    let made = run(&["keys", "list", "--profile", "pboc-sm4", "--json"]).fine().json();
    assert_eq!(listed["keys"], made["keys"]);
    let said = place.import("gp 3des 404142434445464748494A4B4C4D4E4F\n").fine();
    assert!(
        said.stderr.contains("gp") && said.stderr.contains("protects nothing"),
        "{}",
        said.stderr
    );
}

#[test]
fn the_passphrase_comes_from_the_environment_or_a_file_or_the_message_says_how() {
    let place = Place::new();
    place.import(&format!("root sm4 {KEY}")).fine();
    let list = ["keys", "list", "--keys", &place.spec];
    let file = place.folder.path().join("passphrase");
    fs::write(&file, "correct horse\r\nsecond line\n").unwrap();
    run_in(&[("PURSE_KEYS_PASSPHRASE_FILE", text(&file))], &list, "").fine();
    run_in(&[("PURSE_KEYS_PASSPHRASE", "wrong")], &list, "").refused(70, &["wrong passphrase"]);
    run_in(&[("PURSE_KEYS_PASSPHRASE", "")], &list, "").refused(70, &["is empty"]);
    run_in(&[("PURSE_KEYS_PASSPHRASE_FILE", "/none")], &list, "").refused(70, &["/none"]);
    run(&list).refused(70, &["no passphrase", "PURSE_KEYS_PASSPHRASE", "_FILE"]);
    let spec = [("PURSE_KEYS", &*place.spec), ("PURSE_KEYS_PASSPHRASE", "correct horse")];
    let listed = run_in(&spec, &["keys", "list"], "").fine().stdout;
    assert!(listed.contains("350828"), "{listed}");
}

#[test]
fn check_values_of_components_that_are_read_are_those_of_openssl() {
    let parts = "0123456789ABCDEFFEDCBA9876543210\n\
                 404142434445464748494A4B4C4D4E4F:8BAF47  # the second\n";
    let read = run_with(&["keys", "kcv", "--from", "-", "--json"], parts).fine().json();
    assert_eq!(read["components"], serde_json::json!(["08D7B4", "8BAF47"]));
    assert_eq!((&read["kcv"], &read["public"]), (&"1BF19F".into(), &false.into()));
    let one = "0123456789ABCDEFFEDCBA9876543210";
    let sm4 = run_with(&["keys", "kcv", "--from", "-", "--suite", "sm4"], one).fine().stdout;
    assert_eq!(sm4, "SM4  KCV 2677F4  public test key\n");
    let wrong = format!("\n{one}:2677F4");
    let said = run_with(&["keys", "kcv", "--from", "-"], &wrong);
    assert!(!said.refused(2, &["stdin:2", "08D7B4"]).stderr.contains(one));
    run_with(&["keys", "kcv", "--from", "-"], "").refused(2, &["the key itself is missing"]);
}

#[test]
fn keys_on_the_command_line_wrong_names_and_wrong_lists_are_refused_without_repeating_a_key() {
    let place = Place::new();
    let silent = |said: &Said| assert!(!said.stderr.contains(KEY), "{}", said.stderr);
    let factor = "9999000000000001";
    silent(&run(&["keys", "derive", KEY, "--factor", factor]).refused(2, &["looks like a key"]));
    silent(&run(&["keys", "kcv", KEY]).refused(2, &["looks like a key"]));
    silent(&place.import(&format!("\nroot sm4 {KEY}:000000")).refused(96, &["stdin:2", "350828"]));
    silent(&place.import(&format!("root {KEY}")).refused(96, &["stdin:1", "NAME SUITE HEX"]));
    assert!(fs::read_dir(place.folder.path()).unwrap().next().is_none(), "nothing is made");

    run(&["keys", "derive", "root", "--factor", "99"]).refused(2, &["--factor '99'", "16 hex"]);
    run(&["keys", "derive", "root", "--serial", factor]).refused(2, &["--profile P"]);
    run(&["keys", "derive", "root"]).refused(2, &["--factor", "--serial"]);
    run(&["keys", "derive", "root", "--factor", factor]).refused(70, &["has no key root"]);
    run(&["keys", "list", "--keys", "hsm"]).refused(2, &["'hsm'", "file:PATH", "pkcs11:MODULE"]);
    for empty in [&["keys", "list", "--keys", ""][..], &["keys", "list", "--keys="]] {
        run(empty).refused(2, &["''", "file:PATH", "pkcs11:MODULE"]);
        run_in(&[("PURSE_KEYS", "")], empty, "").refused(2, &["''"]);
    }
    let unset = run_in(&[("PURSE_KEYS", "")], &["keys", "list"], "").fine().stdout;
    assert!(unset.starts_with("lab keys of jtt978"), "{unset}");
    run(&["keys", "import", "--lab", "pboc", "--to", "lab"]).refused(2, &["kept nowhere"]);
    run(&["keys", "import", "/none", "--to", &place.spec]).refused(96, &["/none"]);
    let missing = place.purse(&["keys", "list", "--keys", &place.spec], "");
    missing.refused(70, &["city.keys", "purse keys import"]);
    let failed = run(&["keys", "list", "--keys", &place.spec, "--json"]).json();
    assert_eq!((&failed["ok"], &failed["error"]["code"]), (&false.into(), &70.into()));
}

#[test]
fn a_full_disk_is_told_and_the_key_file_is_as_before() {
    let place = Place::new();
    place.import(&format!("root sm4 {KEY}")).fine();
    let path = place.folder.path().join("city.keys");
    let before = fs::read(&path).unwrap();
    // A file size limit is refused by the kernel as a full disk is.
    let purse = tests::purse();
    let line = format!(
        "trap '' XFSZ; ulimit -f 0; exec '{}' keys import --lab jtt978 --to '{}'",
        purse.get_program().display(),
        place.spec
    );
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &line]).env("PURSE_KEYS_PASSPHRASE", "correct horse");
    let said = Said::of(shell.output().expect("bash starts"));
    said.refused(14, &["no room", "city.keys", "as before"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!place.folder.path().join("city.keys.new").exists());
}

#[test]
fn a_sealed_profile_has_no_lab_keys_to_list_or_import() {
    let place = Place::new();
    let path = place.folder.path().join("sealed.toml");
    let lab = &Profile::find("jtt978").unwrap().text;
    let lines: Vec<_> = lab.lines().filter(|line| !line.starts_with("lab-seed")).collect();
    fs::write(&path, lines.join("\n").replace("\"lab\"", "\"sealed\"")).unwrap();
    run(&["keys", "list", "--profile", text(&path)]).refused(70, &["sealed", "--keys file:"]);
    let import = ["keys", "import", "--lab", text(&path), "--to", &place.spec];
    place.purse(&import, "").refused(70, &["has no lab keys"]);
}
