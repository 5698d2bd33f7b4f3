//! `--with wrong:NAME`: virtual cards that break a rule on purpose.

use emulator::wrong;

use crate::{Emulator, run, run_with, text};

const SELECT: &str = "00A4040008A000000632010105";

/// A load of 10.00, whose TAC the issuer checks.
fn load(card: &str, faults: &[&str]) -> crate::Said {
    let mut line = vec!["card", "load", "10.00", "--card", card];
    faults.iter().for_each(|fault| line.extend(["--with", *fault]));
    run(&line)
}

#[test]
fn a_wrong_card_is_labelled_and_its_terminal_finds_it_wrong() {
    load("virtual:jtt978", &[]).fine();
    load("virtual:jtt978", &["wrong:tac-key-not-folded"])
        .refused(41, &["this card is wrong on purpose: tac-key-not-folded: The TAC key", "TAC"]);
    load("virtual:jtt978", &["wrong:load-mac1-new-balance"]).refused(41, &["MAC1"]);
    let zh = ["card", "info", "--card", "virtual:jtt978", "--with", "wrong:mac2-field"];
    let said = run(&[&zh[..], &["--lang", "zh"]].concat()).fine();
    assert!(said.stderr.contains("此卡故意违反规则: mac2-field: 消费 MAC2"), "{}", said.stderr);
    let info = run(&[&zh[..], &["--json"]].concat()).fine().json();
    assert_eq!(info["card"], "virtual card jtt978 1.0.0, wrong on purpose: mac2-field");
}

#[test]
fn several_wrong_cards_make_one() {
    let said = load("virtual:jtt978", &["wrong:log-serial-before", "wrong:log-time-zero"]).fine();
    assert_eq!(said.stderr.matches("wrong on purpose: log-").count(), 3, "{}", said.stderr);
}

#[test]
fn a_wrong_card_that_cannot_be_is_told_with_what_can() {
    let refused = |card: &str, name: &str, words: &[&str]| {
        let fault = format!("wrong:{name}");
        run(&["card", "info", "--card", card, "--with", &fault]).refused(2, words);
    };
    refused("virtual:jtt978", "mac2-feild", &["did you mean mac2-field?", "./mine.toml"]);
    refused("virtual:jtt978", "code-ignored", &["wrong card of cjt166", "jtt978 would be right"]);
    refused("replay:/nowhere", "mac2-field", &["what it is", "virtual:PROFILE --with wrong:NAME"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let kept = format!("virtual:cjt166@{}", text(&path));
    refused(&kept, "factors-swapped", &["from its making", "without a file"]);
    refused(&kept, "tac-serial-afters", &["did you mean tac-serial-after?"]);
    assert!(!path.exists());
    let mine = folder.path().join("mine.toml");
    std::fs::write(&mine, "name = \"mine\"\nprofiles = [\"pboc\"]\n").unwrap();
    let fault = format!("wrong:{}", text(&mine));
    run(&["card", "info", "--card", "virtual:pboc", "--with", &fault])
        .refused(96, &["mine.toml:1:1: title: missing key", "mine.toml:1:1: rule: missing key"]);
}

#[test]
fn an_emulator_is_wrong_as_long_as_it_runs_and_its_file_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let state = ["emulate", "--state", text(&path), "--stdio"];
    let balance = format!("{SELECT}\n805C000204\n");
    let wrong = [&state[..], &["--with", "wrong:balance-high-bit"]].concat();
    let said = run_with(&wrong, &balance).fine();
    assert!(said.stdout.ends_with("800000009000\n"), "{}", said.stdout);
    assert!(said.stderr.contains("wrong on purpose: balance-high-bit"), "{}", said.stderr);
    let said = run_with(&state, &balance).fine();
    assert!(said.stdout.ends_with("000000009000\n"), "{}", said.stdout);
    assert!(!said.stderr.contains("wrong"), "{}", said.stderr);
}

#[test]
fn an_emulator_tells_control_how_it_is_wrong() {
    let mut emulator = Emulator::start(&[
        "--listen",
        "127.0.0.1:0",
        "--control",
        "127.0.0.1:0",
        "--with",
        "wrong:serial-stays",
    ]);
    emulator.address("listening on ");
    let hand = emulator.address("control on ").to_string();
    let status = run(&["control", &hand, "status", "--json"]).fine().json();
    assert_eq!(status["status"]["wrong"], "serial-stays");
}

#[test]
fn a_card_file_names_wrong_cards_as_it_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = wrong::find("mac2-field").unwrap();
    let text_of = |path| std::fs::read_to_string(path).unwrap();
    let mine = folder.path().join("mine.toml");
    let source = format!("{}/wrong-cards/{}.toml", env!("CARGO_MANIFEST_DIR"), shelf.name);
    std::fs::write(&mine, text_of(source).replace("\"mac2-field\"\ntitle", "\"mine\"\ntitle"))
        .unwrap();
    let odd = folder.path().join("odd.toml");
    std::fs::write(&odd, "with = [\"wrong:./mine.toml\", \"wrong:le-ignored\"]\n").unwrap();
    let said = run(&["emulate", "--card-file", text(&odd), "--stdio"]).fine();
    for name in ["mine: MAC2", "le-ignored: READ"] {
        assert!(said.stderr.contains(&format!("wrong on purpose: {name}")), "{}", said.stderr);
    }
    std::fs::write(&odd, "\nwith = [\"wrong:mac2\"]\n").unwrap();
    run(&["emulate", "--card-file", text(&odd), "--stdio"])
        .refused(96, &["odd.toml:2:9", "no wrong card is called 'mac2'"]);
}
