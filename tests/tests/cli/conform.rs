//! `purse conform`: selection, verdicts, exit codes, reports, and cards that misbehave.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Emulator, run, text};

const PURCHASE: [&str; 5] = ["conform", "run", "purchase", "--card", "virtual:jtt978"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    PURCHASE.iter().copied().chain(more.iter().copied()).collect()
}

fn count(document: &Value, name: &str) -> u64 {
    document[name].as_u64().unwrap_or_else(|| panic!("no {name} in {document}"))
}

#[test]
fn a_right_card_passes_and_the_end_says_how_many() {
    let said = run(&PURCHASE).fine();
    assert!(said.stdout.contains("PASS"), "{}", said.stdout);
    assert!(said.stdout.contains("jtt978 1.0.0"), "{}", said.stdout);
    assert!(!said.stdout.to_lowercase().contains("complies"), "{}", said.stdout);
    let quiet = run(&with(&["--quiet"])).fine();
    assert!(!quiet.stdout.contains("PASS"), "{}", quiet.stdout);
    let document = run(&with(&["--json"])).fine().json();
    assert_eq!(document["ok"], true);
    assert!(count(&document, "passed") > 20, "{document}");
    assert_eq!(document["atr"], "3B880150555253454B49549E");
}

#[test]
fn a_wrong_card_fails_the_case_that_names_it_and_the_report_names_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let (junit, html) = (folder.path().join("out.xml"), folder.path().join("out.html"));
    let more = [
        "--with",
        "wrong:mac2-field",
        "--keys",
        "lab",
        "--junit",
        text(&junit),
        "--html",
        text(&html),
    ];
    let said = run(&with(&more)).refused(100, &["wrong on purpose: mac2-field"]);
    assert!(said.stdout.contains("purchase.mac2"), "{}", said.stdout);
    let reproduce = said.stdout.lines().find_map(|line| line.trim().strip_prefix("reproduce: "));
    let reproduce = reproduce.expect("a command that reproduces it").to_owned();
    assert!(reproduce.contains(" --keys lab "), "{reproduce}");
    for report in [junit, html] {
        let report = fs::read_to_string(report).unwrap();
        assert!(report.contains("purchase.mac2"), "{}", report.get(..2000).unwrap_or(&report));
        assert!(report.contains("jtt978") && report.contains("1.0.0"));
    }
    let folder = tempfile::tempdir().unwrap();
    let again = tests::console::shell(&reproduce, folder.path());
    let again_said = String::from_utf8_lossy(&again.stdout);
    assert_eq!(again.status.code(), Some(100), "{reproduce}: {again_said}");
    assert!(again_said.contains("1 cases: 0 passed, 1 failed"), "{again_said}");
}

#[test]
fn parts_hold_every_case_once() {
    let whole = run(&with(&["--json"])).fine().json();
    let mut sum = 0;
    for part in ["hash:1/3", "hash:2/3", "hash:3/3"] {
        sum += count(&run(&with(&["--json", "--partition", part])).fine().json(), "passed");
    }
    assert_eq!(sum, count(&whole, "passed"));
    run(&with(&["--partition", "hash:4/3"])).refused(2, &["hash:1/4"]);
}

#[test]
fn nothing_selected_is_told_apart_from_nothing_wrong() {
    run(&with(&["--filter", "no case has this"])).refused(4, &["conform list"]);
    run(&with(&["--only", "EP_XF_0001"])).refused(4, &["EP_XF_0001", "did you mean"]);
    let card = ["conform", "run", "psam", "--card", "virtual:jtt978"];
    run(&card).refused(4, &["not for jtt978"]);
    run(&["conform", "run", "purchse", "--card", "virtual:jtt978"]).refused(96, &["purchase"]);
}

#[test]
fn the_order_is_shuffled_by_a_seed_and_changes_no_verdict() {
    let order = |seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let lines = folder.path().join("events.jsonl");
        run(&with(&["--quiet", "--shuffle", seed, "--jsonl", text(&lines)])).fine();
        let events = fs::read_to_string(lines).unwrap();
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter_map(|event| event["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (one, same, other) = (order("1"), order("1"), order("2"));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(one), sorted(other));
}

#[test]
fn a_suite_file_with_a_mistake_is_told_by_line_and_column_with_the_line_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let suite = "family = \"mine\"\nprefix = \"ME\"\ntitle = \"t\"\ntitle-zh = \"t\"\nversion = \"1\"\n\
                 [[case]]\nid = \"ME_001\"\npurpose = \"p\"\npurpose-zh = \"p\"\n\
                 rules = [\"purchase.debit\"]\n[[case.step]]\nsend = \"get-balanec\"\n";
    fs::write(&path, suite).unwrap();
    let command = ["conform", "run", text(&path), "--card", "virtual:jtt978"];
    let said = run(&command).refused(96, &["mine.toml:12:8", "get-balance"]);
    assert!(said.stderr.contains("send = \"get-balanec\""), "{}", said.stderr);
    let document = run(&[&command[..], &["--json"]].concat()).refused(96, &[]).json();
    let problem = &document["error"]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&12.into(), &8.into()), "{document}");
    run(&["conform", "run", "./none.toml", "--card", "virtual:jtt978"]).refused(96, &["none.toml"]);
    let endless = ["conform", "run", "/dev/zero", "--card", "virtual:jtt978"];
    run(&endless).refused(96, &["/dev/zero: longer than 256 KiB"]);
    fs::write(&path, suite.replace("get-balanec", "get-balance")).unwrap();
    run(&command).fine();
}

#[test]
fn a_card_that_falls_silent_ends_with_11_and_its_reports_hold_what_ran() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("out.xml");
    let more = ["--with", "mute@3", "--junit", text(&junit), "--quiet"];
    let said = run(&with(&more)).refused(11, &[]);
    assert!(said.stdout.contains("BROKEN"), "{}", said.stdout);
    let report = fs::read_to_string(junit).unwrap();
    assert!(report.contains("<testcase ") && report.contains("<error"), "{report}");
}

#[test]
fn an_emulator_that_dies_in_mid_run_ends_with_11_and_its_reports_hold_what_ran() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("out.xml");
    let mut card =
        Emulator::start(&["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--seed", "1"]);
    let spec = format!("tcp:{}", card.address("listening on "));
    let control = card.address("control on ").to_string();
    let line = ["conform", "run", "all", "--card", &spec, "--control", &control];
    let line = [&line[..], &["--junit", text(&junit), "--quiet"]].concat();
    let mut purse = tests::purse();
    let child = purse.args(&line).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(150));
    let _ = card.child().kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(11), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(fs::read_to_string(junit).unwrap().contains("<testsuites"));
}

#[test]
fn an_emulator_with_its_control_channel_passes_as_the_card_in_the_process_does() {
    let mut card =
        Emulator::start(&["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--seed", "1"]);
    let spec = format!("tcp:{}", card.address("listening on "));
    let control = card.address("control on ").to_string();
    let there = ["conform", "run", "purchase", "tear", "--card", &spec, "--control", &control];
    let there = run(&[&there[..], &["--json"]].concat()).fine().json();
    let here = ["conform", "run", "purchase", "tear", "--card", "virtual:jtt978", "--json"];
    assert_eq!(count(&there, "passed"), count(&run(&here).fine().json(), "passed"));
    // Without the hand at it, what needs that is skipped.
    let alone = run(&["conform", "run", "purchase", "tear", "--card", &spec, "--json"]).fine();
    assert!(count(&alone.json(), "passed") < count(&there, "passed"));
    run(&["conform", "run", "--card", "virtual:jtt978", "--control", &control])
        .refused(2, &["--control"]);
}

#[test]
fn a_plan_touches_no_card_and_marks_what_may_lock_one() {
    let plan = run(&["conform", "run", "pin", "--card", "virtual:pboc", "--plan"]).fine();
    assert!(plan.stdout.lines().any(|line| line.starts_with("! EP_PIN_")), "{}", plan.stdout);
    let document = run(&["conform", "run", "pin", "--card", "virtual:pboc", "--plan", "--json"]);
    let document = document.fine().json();
    assert!(document["cases"].as_array().is_some_and(|cases| cases.len() > 10), "{document}");
}

#[test]
fn cases_are_listed_and_explained_in_both_languages() {
    let listed = run(&["conform", "list", "--json"]).fine().json();
    let cases = listed["cases"].as_array().unwrap();
    assert!(cases.len() > 500, "{}", cases.len());
    let families = run(&["conform", "list", "--families"]).fine().stdout;
    for family in ["select", "purchase", "capp", "load", "proof", "psam", "tear", "attack"] {
        assert!(families.lines().any(|line| line.starts_with(family)), "{family}\n{families}");
    }
    let english = run(&["conform", "explain", "EP_FH_004"]).fine().stdout;
    let chinese = run(&["conform", "explain", "EP_FH_004", "--lang", "zh"]).fine().stdout;
    assert!(english.contains("UPDATE CAPP DATA CACHE") && chinese.contains("更新复合应用数据缓存"));
    assert!(chinese.contains("步骤") && chinese.contains("依据"), "{chinese}");
    let document = run(&["conform", "explain", "EP_FH_004", "--json"]).fine().json();
    assert!(document["cases"][0].is_object(), "{document}");
    run(&["conform", "explain", "EP_FH_0004"]).refused(4, &["EP_FH_004"]);
    let rules = run(&["conform", "list", "--rules"]).fine().stdout;
    assert!(rules.contains("purchase.mac2") && rules.contains("vector purchase-fm1208-d"));
    let wrong = run(&["conform", "list", "--wrong", "--json"]).fine().json();
    let shelf = wrong["wrong_cards"].as_array().unwrap();
    assert!(shelf.len() >= 60, "{}", shelf.len());
    for card in shelf {
        let caught = card["caught_by"].as_array().is_some_and(|cases| !cases.is_empty());
        assert!(caught, "no case names {card}");
    }
}

#[test]
fn a_report_needs_a_place_before_anything_is_run() {
    let said = run(&with(&["--html", "/no-such-folder/out.html"]));
    said.refused(2, &["/no-such-folder/out.html"]);
    assert!(!Path::new("/no-such-folder").exists());
}
