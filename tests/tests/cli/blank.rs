//! A blank card, built by a script of commands.

use crate::{Emulator, run, run_with, text};

/// The script of docs/issuing.md.
fn script() -> &'static str {
    let page = include_str!("../../../docs/issuing.md");
    let block = page.split("```apdu\n").nth(1).expect("a script");
    block.split("```").next().expect("its end")
}

#[test]
fn a_blank_card_says_that_it_is_one() {
    let card = "virtual:fmcos-blank";
    let info = run(&["card", "info", "--card", card, "--json"]).fine().json();
    assert_eq!(info["aid"], serde_json::Value::Null);
    assert_eq!(info["family"], "fmcos-blank 1.0.0");
    assert_eq!(
        (&info["public"], &info["purses"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    let said = run(&["card", "info", "--card", card]).fine();
    assert!(said.stdout.contains("none: a blank card"), "{}", said.stdout);
    let files = run(&["card", "files", "--card", card, "--json"]).fine().json();
    assert_eq!(files["directories"][0]["fid"], "3F00");
    assert_eq!(files["directories"][0]["files"], serde_json::json!([]));
    for verb in ["balance", "records"] {
        run(&["card", verb, "--card", card]).refused(2, &["a blank card", "purse card files"]);
    }
    run(&["card", "dump", "--card", card, "--lang", "zh"]).fine();
    let shown = run(&["profile", "show", "fmcos-blank"]).fine().stdout;
    assert!(shown.contains("application          none"), "{shown}");
}

#[test]
fn a_script_makes_a_purse_card_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("card.img");
    let card = format!("virtual:fmcos-blank@{}", text(&image));
    let said = run_with(&["apdu", "-", "--card", &card, "-v"], script()).fine();
    let answers: Vec<&str> = said.stdout.lines().collect();
    assert!(answers.iter().all(|answer| answer.ends_with("9000")), "{answers:?}");
    for words in
        ["file: directory", "key type: 3F load", "use: F1 in state 1 or higher", "log: SFI 18"]
    {
        assert!(said.stderr.contains(words), "{words} is not in {}", said.stderr);
    }
    assert!(!said.stderr.contains("3333333333333333"), "keys are not shown: {}", said.stderr);

    let info = run(&["card", "info", "--card", &card, "--json"]).fine().json();
    assert_eq!(info["aid"], "A00000000386980701");
    assert_eq!(info["public"]["serial"], "1234567890123456");
    assert_eq!(info["purses"].as_array().expect("purses").len(), 1);
    let files = run(&["card", "files", "--card", &card, "--json"]).fine().json();
    let found = files["directories"][0]["files"].as_array().expect("files");
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|file| (file["sfi"].as_str().expect("sfi"), file["status"].as_str().expect("status")))
        .collect();
    assert_eq!(found, [("02", "6982"), ("15", "9000"), ("17", "9000"), ("18", "9000")]);
    // Named as what it was built for, it is read as that.
    let named = ["card", "files", "--card", &card, "--profile", "fmcos-ep", "--json"];
    let files = run(&named).fine().json();
    assert_eq!(files["directories"][0]["fid"], "3F01");
    assert_eq!(files["directories"][0]["files"][0]["title"], "public information");
}

#[test]
fn its_tries_are_seen_and_set_from_outside() {
    let mut emulator = Emulator::start(&[
        "--profile",
        "fmcos-blank",
        "--listen",
        "127.0.0.1:0",
        "--control",
        "127.0.0.1:0",
        "--set",
        "key-tries.card-master.0=1",
    ]);
    let remote = format!("tcp:{}", emulator.address("listening on "));
    let control = emulator.address("control on ").to_string();
    let tries = || {
        let status = run(&["control", &control, "status", "--json"]).fine().json();
        status["status"]["key-tries.card-master.0"].as_str().expect("tries").to_owned()
    };
    assert_eq!(tries(), "1");
    let wrong =
        "0084000008\n0082000008 0000000000000000\n0084000008\n0082000008 0000000000000000\n";
    let said = run_with(&["apdu", "-", "--card", &remote], wrong);
    assert!(said.stdout.contains("63C0") && said.stdout.contains("6983"), "{}", said.stdout);
    assert_eq!(tries(), "0");
    run(&["control", &control, "set", "key-tries.card-master.0=3"]).fine();
    assert_eq!(tries(), "3");
    run(&["control", &control, "set", "balance=1.00"]).refused(2, &["no application with purses"]);
}
