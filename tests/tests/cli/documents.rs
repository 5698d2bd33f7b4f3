//! Help, documents, completions: what scripts and shells read.

use std::collections::BTreeSet;
use std::process::Stdio;

use applet_spec::{PinUse, Profile};
use crypto::{Key, Suite, diversify};
use serde_json::Value;

use crate::{run, run_with, text};

#[test]
fn profile_show_has_the_fixed_shape_and_card_keys_follow_from_the_masters() {
    for name in Profile::built_in_cards().map(|profile| profile.name.as_str()) {
        let shown = run(&["profile", "show", name, "--json"]).fine().json();
        let profile = Profile::find(name).unwrap();
        let application = profile.application().unwrap();
        let word = |key: &str| shown[key].as_str().unwrap_or_else(|| panic!("{name}: {key}"));
        assert_eq!(shown["ok"], true);
        assert_eq!((word("name"), word("version")), (name, profile.version.as_str()));
        assert_eq!(bytes(&shown["aid"]), application.name);
        assert_eq!(word("algorithm"), profile.rules.suite.name());
        assert_eq!(bytes(&shown["serial"]), profile.serial);
        assert_eq!(word("custody"), "lab");
        let needs_pin =
            application.purses.iter().any(|purse| purse.pin_for.contains(&PinUse::Load));
        assert_eq!(shown["pin"].is_string(), needs_pin, "{name}");

        let factors: Vec<[u8; 8]> = list(&shown["factors"])
            .iter()
            .map(|factor| bytes(factor).try_into().expect("eight bytes"))
            .collect();
        assert_eq!(factors.last(), Some(&profile.serial), "{name}");
        let keys = list(&shown["keys"]);
        for key in keys {
            let suite = match key["algorithm"].as_str() {
                Some("3des") => Suite::TripleDes,
                Some("sm4") => Suite::Sm4,
                other => panic!("{name}: algorithm {other:?}"),
            };
            let master = Key::new(&bytes(&key["master"])).unwrap();
            let card = factors.iter().fold(master, |key, factor| diversify(suite, &key, factor));
            assert_eq!(bytes(&key["card"]), card.expose(), "{name}: {key}");
            assert_eq!(key["kcv"], card.check_value(suite).to_string(), "{name}: {key}");
            assert!(key["index"].is_u64() && key["version"].is_u64(), "{name}: {key}");
        }
        let first: Vec<_> = keys.iter().take(application.keys.len()).collect();
        for (shown, spec) in first.iter().zip(&application.keys) {
            assert_eq!(shown["kind"], spec.kind.text());
            assert_eq!(shown["index"], spec.index);
        }
        let sfis: Vec<_> = list(&shown["files"]).iter().map(|file| file["sfi"].clone()).collect();
        assert!(sfis.contains(&Value::from("15")), "{name}: {sfis:?}");
    }
}

#[test]
fn a_psam_is_shown_with_its_files_and_the_keys_that_it_holds_for_cards() {
    for name in ["psam-pboc", "psam-cjt166", "psam-jtt978", "psam-jtt978-sm4"] {
        let shown = run(&["profile", "show", name, "--json"]).fine().json();
        let profile = Profile::find(name).unwrap();
        let served = profile.served().expect("a card");
        let application = profile.sam_application().expect("keys");
        assert_eq!(bytes(&shown["aid"]), application.name);
        assert_eq!(shown["psam"]["serves"], served.name);
        assert_eq!(shown["psam"]["serial_advances"], "at-8070");
        assert_eq!((&shown["pin"], &shown["authentication_code"]), (&Value::Null, &Value::Null));
        // The card keys of the family follow from the keys of the PSAM.
        let cards = run(&["profile", "show", &served.name, "--json"]).fine().json();
        let mut purchase = None;
        for key in list(&shown["keys"]).iter().filter(|key| key.get("usage").is_some()) {
            let (usage, levels) = (bytes(&key["usage"])[0], key["levels"].as_u64().unwrap());
            assert_eq!(u64::from(usage >> 5), levels);
            assert!(key.get("master").is_none() && key["kcv"].is_string(), "{key}");
            if key["kind"] == "purchase" {
                assert_eq!(usage & 0x1F, 0x02);
                purchase = Some(key["card"].clone());
            }
        }
        let card_key = list(&cards["keys"]).iter().find(|key| key["kind"] == "purchase").unwrap();
        assert_eq!(purchase.as_ref(), Some(&card_key["master"]));
        let files: Vec<_> = list(&shown["files"])
            .iter()
            .map(|file| (file["directory"].clone(), file["sfi"].clone()))
            .collect();
        let fid = Value::from(format!("{:04X}", application.fid));
        assert!(
            files.contains(&(fid, "17".into())) && files.contains(&("3F00".into(), "16".into()))
        );

        let told = run(&["profile", "show", name]).fine().stdout;
        assert!(told.contains("terminal number") && told.contains("application-maintenance"));
    }
    let profiles = run(&["profile", "list", "--json"]).fine().json();
    let kind = |name: &str| {
        let mut profiles = list(&profiles["profiles"]).iter();
        profiles.find(|one| one["name"] == name).expect("listed")["commands"].clone()
    };
    assert_eq!((kind("psam-jtt978"), kind("jtt978")), ("psam".into(), "purse".into()));
    let told = run(&["profile", "list"]).fine().stdout;
    assert!(told.lines().all(|line| line.contains("PSAM") == line.starts_with("psam-")), "{told}");
}

#[test]
fn sealed_keys_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealed.toml");
    let built_in = &Profile::find("jtt978").unwrap().text;
    let sealed: String = built_in
        .replace("custody = \"lab\"", "custody = \"sealed\"")
        .lines()
        .filter(|line| !line.starts_with("lab-seed"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&path, sealed).unwrap();
    let shown = run(&["profile", "show", text(&path), "--json"]).fine().json();
    assert_eq!(shown["custody"], "sealed");
    for key in list(&shown["keys"]) {
        assert!(key.get("master").is_none() && key.get("card").is_none(), "{key}");
    }
    run(&["emulate", "--profile", text(&path), "--stdio"]).refused(96, &["no master key"]);
}

#[test]
fn documented_exit_codes_are_those_of_the_help() {
    let help = run(&["--help"]).fine().stdout;
    let (_, listed) = help.split_once("Exit codes:").expect("a list of exit codes");
    let in_help: BTreeSet<(u8, &str)> = listed
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .filter_map(|(code, meaning)| Some((code.parse().ok()?, meaning.trim())))
        .collect();
    let page = include_str!("../../../docs/exit-codes.md");
    let in_page: BTreeSet<(u8, &str)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            Some((cells.nth(1)?.parse().ok()?, cells.nth(1)?))
        })
        .collect();
    assert_eq!(in_help, in_page);
    let contract = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 40, 41, 42, 50, 60, 70, 96, 100, 130];
    assert_eq!(in_page.iter().map(|(code, _)| *code).collect::<Vec<_>>(), contract);
}

#[test]
fn every_command_has_help_with_what_to_type() {
    for command in [
        "demo", "emulate", "control", "profile", "reader", "card", "apdu", "trace", "bench",
        "doctor",
    ] {
        let help = run(&[command, "--help"]).fine().stdout;
        assert!(help.contains("Usage: purse"), "{command}: {help}");
    }
    assert!(run(&["emulate", "--help"]).fine().stdout.contains("offline-serial="));
    assert!(run(&["--version"]).fine().stdout.starts_with("purse "));
    run(&[]).refused(2, &["Usage"]);
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).fine().stdout;
        assert!(script.contains("purse") && script.contains("emulate"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    run(&["man", text(&pages)]).fine();
    for page in ["purse.1", "purse-emulate.1", "purse-card-balance.1", "purse-profile-show.1"] {
        let written = std::fs::read_to_string(pages.join(page)).expect(page);
        assert!(written.contains(".TH"), "{page}");
    }
}

#[test]
fn conversions_are_measured_by_size_and_memory() {
    let bench = ["bench", "--only", "applets", "--seconds", "0.01"];
    let document = run(&[&bench[..], &["--json"][..]].concat()).fine().json();
    let figures = document["figures"].as_object().unwrap();
    let sizes: Vec<&Value> = figures
        .iter()
        .filter(|(name, _)| name.starts_with("conversion ") && name.ends_with(" KB"))
        .map(|(_, figure)| figure)
        .collect();
    assert_eq!((sizes.len(), figures.len()), (3, 5), "{document}");
    for size in &sizes {
        let number = |name: &str| size[name].as_f64().unwrap_or_else(|| panic!("{name}: {size}"));
        let parts = ["load_ms", "convert_ms", "verify_ms", "write_ms"].map(number);
        assert!((parts.iter().sum::<f64>() - number("ms")).abs() < 0.001, "{size}");
        assert!(number("jar_bytes") > number("cap_bytes"), "{size}");
        let limited = (15_000.0..=30_000.0).contains(&number("cap_bytes"));
        assert_eq!(size["kept"].is_boolean(), limited, "{size}");
        assert_eq!(size["limit_ms"], if limited { Value::from(30) } else { Value::Null }, "{size}");
    }
    assert_eq!(sizes.iter().filter(|size| size["kept"].is_boolean()).count(), 1, "{document}");
    let growth = &figures["conversion growth"];
    for member in ["ratio", "method_ns", "method_ns_large"] {
        // So few rounds say nothing of how much.
        assert!(growth[member].is_number() || growth[member].is_null(), "{growth}");
    }
    let memory = &figures["conversion memory"];
    assert_eq!(memory["kept"].is_boolean(), memory["peak_bytes"].is_u64(), "{memory}");
    assert!(memory["process_ms"].as_f64().unwrap() > 0.0, "{memory}");
    // Memory does not depend on how fast the program is built.
    assert_ne!(memory["kept"], false, "{memory}");
    let told = run(&bench).fine().stdout;
    assert!(told.contains("conversion growth") && !told.contains("purchase"), "{told}");
}

#[test]
fn the_memory_of_a_command_is_told_behind_what_it_says() {
    let done = run(&["bench", "--peak-of", "profile", "list", "--json"]).fine();
    assert_eq!(done.json()["ok"], true);
    if cfg!(target_os = "linux") {
        let said = done.stderr.lines().last().unwrap_or_default();
        let bytes = said.strip_prefix("peak memory in bytes: ").expect(said);
        assert!((1_000_000..1_000_000_000).contains(&bytes.parse::<u64>().unwrap()), "{said}");
    }
    run(&["bench", "--peak-of", "profile", "show", "no-such-profile"]).refused(96, &[]);
}

#[test]
fn doctor_looks_and_never_fails() {
    let said = run(&["doctor"]).fine().stdout;
    assert!(said.contains("vpcd") && said.contains("0.0.0.0"), "{said}");
    let document = run(&["doctor", "--json"]).fine().json();
    assert_eq!(document["ok"], true);
    for check in list(&document["checks"]) {
        let state = check["state"].as_str().expect("a state");
        assert!(["ok", "missing", "warning"].contains(&state), "{check}");
        assert!(state == "ok" || check["next"].is_string(), "{check}");
    }
}

#[test]
fn a_reader_that_goes_away_early_is_no_error() {
    for arguments in [&["profile", "show", "jtt978"][..], &["--help"], &["completions", "bash"]] {
        let mut child = tests::purse()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(stderr.is_empty(), "{arguments:?}: {stderr}");
    }
}

#[test]
fn failures_are_documents_too() {
    let refused = run(&["profile", "show", "nope", "--json"]).refused(96, &[]).json();
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&Value::from(false), &96.into()));
    assert_eq!(refused["error"]["kind"], "configuration");
    let refused = run(&["card", "balance", "--json"]).refused(3, &[]).json();
    assert_eq!(refused["error"]["kind"], "no-reader");
    assert!(refused["error"]["next"].as_str().expect("next").contains("virtual:"));
    let refused = run(&["control", "--json"]).refused(2, &[]).json();
    assert_eq!(refused["error"]["kind"], "usage");
}

#[test]
fn the_pages_say_what_the_program_does() {
    let page = include_str!("../../../docs/json.md");
    let shown = run(&["profile", "show", "cjt166", "--json"]).fine().json();
    let section = page.split("## purse profile show P").nth(1).expect("its section");
    let shape = section.split('`').nth(1).expect("its shape");
    let documented: BTreeSet<&str> = shape.split('"').skip(1).step_by(2).collect();
    let found: BTreeSet<&str> =
        shown.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(found, documented);

    let page = include_str!("../../../docs/card-file.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.toml");
    std::fs::write(&path, example.expect("an example")).unwrap();
    let script = "00A4040008A00000063201010500\n805C000204\n00B201D400\n805C000204\n";
    let said = run_with(&["emulate", "--stdio", "--card-file", text(&path)], script).fine();
    let answers: Vec<_> = said.stdout.lines().collect();
    assert_eq!(answers[1..], ["000004D29000", "2701020101009000", "mute"]);
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("hex text")).expect("hex without spaces")
}
