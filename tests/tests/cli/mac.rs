//! `purse mac`: what a wrong MAC is told to come from.

#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::fs;
use std::path::{Path, PathBuf};

use applet_spec::{Catalogue, Profile};
use emulator::{CardMaker, VirtualCard};
use link::{CardTransport, Recorder};
use serde_json::Value;
use tests::Written;

use crate::{Said, run, run_with, text};

const TRACE: &str = "wrong-terminal.rec";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn trace() -> PathBuf {
    root().join("tests/fixtures/traces").join(TRACE)
}

/// A card and a PSAM in two readers, both written down in one recording.
struct Readers {
    card: Recorder<VirtualCard>,
    psam: Recorder<VirtualCard>,
    sink: Written,
}

impl Readers {
    fn new() -> Self {
        let sink = Written::default();
        let virtual_card = |name: &str| {
            let maker = CardMaker::new(Profile::find(name).unwrap()).unwrap();
            VirtualCard::volatile(maker.lab_card(1).unwrap())
        };
        let mut card = virtual_card("jtt978");
        card.set_all(&[("balance".to_owned(), "10.00".to_owned())]).unwrap();
        Self {
            card: Recorder::new(card, sink.clone(), Catalogue::carries_secret).unwrap(),
            psam: Recorder::new(
                virtual_card("psam-jtt978"),
                sink.clone(),
                Catalogue::carries_secret,
            )
            .unwrap(),
            sink,
        }
    }

    /// What was said, with one head.
    fn recording(&self, about: &str) -> String {
        let said = self.sink.text();
        let head = "# recording 1\n";
        format!("{head}{about}{}", said.replace(head, ""))
    }
}

fn send(reader: &mut Recorder<VirtualCard>, command: &str) -> String {
    let command: String = command.split_whitespace().collect();
    let answer = reader.transmit(&hex::decode(command).unwrap()).unwrap();
    hex::encode_upper(answer)
}

#[track_caller]
fn good(reader: &mut Recorder<VirtualCard>, command: &str) -> String {
    let answer = send(reader, command);
    answer.strip_suffix("9000").unwrap_or_else(|| panic!("{command}: {answer}")).to_owned()
}

/// A bus gate whose program has a terminal number of its own, where the PSAM has another.
fn wrong_terminal() -> String {
    let mut readers = Readers::new();
    let (card, psam) = (&mut readers.card, &mut readers.psam);
    psam.reset().unwrap();
    good(psam, "00B0 9600 06");
    good(psam, "00A4 0000 02 8011");
    let key = good(psam, "00B0 9700 01");
    card.reset().unwrap();
    let fci = good(card, "00A4 0400 08 A000000632010105");
    let file_15 = &fci[fci.find("9F0C1E").unwrap() + 6..];
    let (issuer, serial) = (&file_15[..16], &file_15[24..40]);
    let begun = good(card, &format!("8050 0302 0B {key} 000000FA 010110000042 0F"));
    let (counter, version, random) = (&begun[8..12], &begun[18..22], &begun[22..30]);
    good(card, &format!("80DC 02D0 80 27027D0101 {}", "00".repeat(123)));
    let moment = "20261122 083015";
    let made = good(
        psam,
        &format!(
            "8070 0000 24 {random} {counter} 000000FA 09 {moment} {version} {serial} {issuer} 08"
        ),
    );
    let (terminal_serial, mac1) = made.split_at(8);
    let answer = send(card, &format!("8054 0100 0F {terminal_serial} {moment} {mac1} 08"));
    assert_eq!(answer, "9302");
    readers.recording(
        "# A gate for jtt978 cards: its program tells the card terminal number 010110000042, and\n\
         # its PSAM has 011000000001. Card and PSAM are those of this emulator.\n",
    )
}

#[test]
fn the_fixture_is_what_card_and_psam_say() {
    let made = wrong_terminal();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(trace(), &made).unwrap();
    }
    let there = fs::read_to_string(trace()).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == made, "{TRACE} is old; run UPDATE_DOCS=1 cargo test -p tests --test cli mac");
}

#[test]
fn a_wrong_terminal_number_is_named() {
    let said = run(&["mac", "diagnose", text(&trace())]).fine();
    for words in [
        "9302",
        "found: the terminal number is the PSAM's own (its file 16)",
        "terminal-of-psam: terminal number 011000000001, should be 010110000042 (PSAM file 16, line",
        "card and PSAM were told different things",
    ] {
        assert!(said.stdout.contains(words), "no {words:?} in:\n{}", said.stdout);
    }
    let document = run(&["mac", "diagnose", text(&trace()), "--json"]).fine().json();
    assert_eq!(document["ok"], true);
    assert_eq!(document["found"][0]["code"], "MAC1");
    assert_eq!(document["found"][0]["mistakes"], serde_json::json!(["terminal-of-psam"]));
    let code = &document["transactions"][0]["codes"][0];
    assert_eq!(code["verdict"], "mistake");
    let difference = &code["found"][0]["mistakes"][0]["differences"][0];
    assert_eq!(difference["used"], "011000000001");
    assert_eq!(difference["right"], "010110000042");
    let chinese = run(&["mac", "diagnose", text(&trace()), "--lang", "zh"]).fine();
    assert!(chinese.stdout.contains("终端机编号用的是 PSAM 文件 16 中的"), "{}", chinese.stdout);
}

#[test]
fn what_the_page_shows_is_what_is_printed() {
    let page = fs::read_to_string(root().join("docs/mac-diagnosis.md")).unwrap();
    let shown = tests::console::shown(&page);
    assert_eq!(shown.len(), 3);
    for tests::console::Shown { command, output } in shown {
        let result = tests::console::shell(&command, &root());
        assert!(result.status.success(), "{command}");
        assert_eq!(String::from_utf8(result.stdout).unwrap(), output, "{command}");
    }
}

#[test]
fn every_input_of_a_code_is_shown() {
    let said = run(&["mac", "explain", text(&trace())]).fine();
    for words in ["does not fit", "session key input", "amount: 2.50 yuan (250 fen)", "padding"] {
        assert!(said.stdout.contains(words), "no {words:?} in:\n{}", said.stdout);
    }
    let document = run(&["mac", "explain", text(&trace()), "--json"]).fine().json();
    let codes = document["transactions"][0]["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 3);
    let mac1 = &codes[0];
    assert_eq!((&mac1["code"], &mac1["maker"]), (&"MAC1".into(), &"psam".into()));
    assert_eq!(mac1["received"][0]["fits"], false);
    let whole: String = mac1["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|piece| piece["bytes"].as_str().unwrap())
        .chain([mac1["padding"].as_str().unwrap()])
        .collect();
    let blocks: String = mac1["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["plain"].as_str().unwrap())
        .collect();
    assert_eq!(whole, blocks);
    let last = mac1["blocks"].as_array().unwrap().last().unwrap()["result"].as_str().unwrap();
    assert_eq!(mac1["computed"].as_str().unwrap(), &last[..8]);
}

#[test]
fn fields_can_be_given_in_the_place_of_a_trace() {
    // The vector d-sm4-load has keys of its own; what is covered follows from the fields alone.
    let shown = run(&[
        "mac",
        "explain",
        "--profile",
        "pboc",
        "--transaction",
        "load",
        "--amount",
        "50.00",
        "--balance",
        "1000fen",
        "--random",
        "A1B2C3D4",
        "--counter",
        "0007",
        "--terminal",
        "313233343536",
        "--json",
    ])
    .fine()
    .json();
    let codes = &shown["transactions"][0]["codes"];
    let bytes: Vec<&str> = codes[0]["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|piece| piece["bytes"].as_str().unwrap())
        .collect();
    assert_eq!(bytes, ["000003E8", "00001388", "02", "313233343536"]);
    assert!(codes[1]["why"].as_str().unwrap().contains("date"), "{codes}");
    run(&["mac", "explain", "--profile", "cjt166", "--transaction", "unload"])
        .refused(2, &["no purse of cjt166", "unload"]);
    run(&["mac", "explain", "--profile", "cjt166"]).refused(2, &["nothing to explain"]);
    run(&["mac", "explain", "--profile", "psam-cjt166", "--transaction", "capp"])
        .refused(2, &["no purse application"]);
    run(&["mac", "explain", "--profile", "cjt166", "--transaction", "capp", "--random", "12"])
        .refused(2, &["--random '12'", "8 hexadecimal digits"]);
}

/// The commands and answers of the fixture, by turns.
fn turns() -> Vec<String> {
    let text = fs::read_to_string(trace()).unwrap();
    let said = text.lines().filter_map(|line| line.strip_prefix(['>', '<']));
    said.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn traces_come_from_files_stdin_and_arguments() {
    let found = |said: Said| -> Value { said.fine().json()["found"][0]["mistakes"].clone() };
    let wanted = serde_json::json!(["terminal-of-psam"]);
    let text = fs::read_to_string(trace()).unwrap();
    assert_eq!(found(run_with(&["mac", "diagnose", "-", "--json"], &text)), wanted);
    let turns = turns();
    assert_eq!(found(run_with(&["mac", "diagnose", "-", "--json"], &turns.join("\n"))), wanted);
    let mut arguments = vec!["mac", "diagnose", "--json"];
    arguments.extend(turns.iter().map(String::as_str));
    assert_eq!(found(run(&arguments)), wanted);
    // Card and PSAM recorded apart; only the PSAM's file is missing at first.
    let folder = tempfile::tempdir().unwrap();
    let of_psam = |line: &&str| {
        ["> 00B096", "> 00B097", "> 00A400000", "> 8070"].iter().any(|head| line.starts_with(head))
    };
    let mut parts = [String::new(), String::new()];
    let mut which = 0;
    for line in text.lines() {
        if line.starts_with('>') {
            which = usize::from(of_psam(&line));
        }
        parts[which] += &format!("{line}\n");
    }
    let [card, psam] = ["card.rec", "psam.rec"].map(|name| folder.path().join(name));
    fs::write(&card, &parts[0]).unwrap();
    fs::write(&psam, &parts[1]).unwrap();
    let (card, psam) = (crate::text(&card), crate::text(&psam));
    assert_eq!(found(run(&["mac", "diagnose", card, psam, "--json"])), wanted);
    let named = run(&["mac", "diagnose", card, psam]).fine();
    assert!(named.stdout.contains("psam.rec line"), "{}", named.stdout);
    // Selected by its name, and last of all, the PSAM is still not taken for the card.
    let (by_fid, name) = ("> 00A40000028011", "A0000006324D4F542E435053414D3031");
    assert!(parts[1].contains(by_fid));
    fs::write(psam, parts[1].replace(by_fid, &format!("> 00A4040010{name}"))).unwrap();
    assert_eq!(found(run(&["mac", "diagnose", card, psam, "--json"])), wanted);
    let alone = run(&["mac", "diagnose", card]).refused(41, &["--candidate"]);
    assert!(alone.stdout.contains("nothing fits"), "{}", alone.stdout);
    assert!(alone.stdout.contains("no PSAM's terminal number"), "{}", alone.stdout);
    let given = ["mac", "diagnose", card, "--candidate", "011000000001", "--json"];
    assert_eq!(found(run(&given)), serde_json::json!(["terminal-candidate"]));
}

#[test]
fn what_cannot_be_diagnosed_ends_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.rec");
    let with = |content: &str| {
        fs::write(&path, content).unwrap();
        run(&["mac", "diagnose", text(&path), "--profile", "jtt978"])
    };
    with("# recording 1\n").refused(4, &["no transaction", "--record"]);
    with("> 805001020B0100000064010110000001\n< 9401\n").refused(4, &["line 1", "9401"]);
    with("# recording 1\n> 8050\n> 8054\n").refused(13, &["trace.rec:3"]);
    with("# recording 9\n").refused(13, &["newer"]);
    run(&["mac", "diagnose", "no-such-file"]).refused(13, &["no-such-file", "no such file"]);
    run(&["mac", "diagnose", text(folder.path())]).refused(13, &[]);
    run(&["mac", "diagnose"]).refused(2, &["nothing to read"]);
    let all = fs::read_to_string(trace()).unwrap();
    let untold: String = all
        .lines()
        .filter(|line| !line.contains("A00000063201"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, untold).unwrap();
    run(&["mac", "diagnose", text(&path)]).refused(2, &["family", "--profile"]);
    let turns = turns();
    let from = turns.iter().position(|line| line.starts_with("8050")).unwrap();
    let arguments: Vec<&str> =
        ["mac", "diagnose"].into_iter().chain(turns[from..].iter().map(String::as_str)).collect();
    run(&arguments).refused(2, &["family", "--profile"]);
    for (candidate, words) in [("12345", "not hex"), ("0102030405", "5 bytes")] {
        run(&["mac", "diagnose", text(&trace()), "--candidate", candidate]).refused(2, &[words]);
    }
    run(&["mac", "diagnose", text(&trace()), "--serial", "01"]).refused(2, &["--serial"]);

    // Nothing fits: all that was found out is in the document, with the error.
    let wrong = all.lines().map(|line| {
        if line.starts_with("> 805401000F") {
            format!("{}DEADBEEF08\n", &line[..line.len() - 10])
        } else {
            format!("{line}\n")
        }
    });
    let wrong: String = wrong.collect();
    fs::write(&path, &wrong).unwrap();
    let open = run(&["mac", "diagnose", text(&path), "--json"]);
    assert_eq!(open.code, Some(41));
    let document = open.json();
    assert_eq!((&document["ok"], &document["error"]["code"]), (&false.into(), &41.into()));
    assert_eq!(document["transactions"][0]["codes"][0]["verdict"], "nothing-fits");
    assert!(document["transactions"][0]["codes"][0]["tried"]["pairs"].as_u64() > Some(3000));
    assert!(!document["transactions"][0]["disagreements"].as_array().unwrap().is_empty());

    assert_eq!(document["transactions"][0]["codes"][0]["effort"], "whole");

    // After eight of them, the rest is looked into in short, and that is said of each.
    let begin = wrong.find("> 805003").unwrap();
    // Each with a MAC of its own, which is not that of another transaction.
    let each = |at: u32| wrong[begin..].replace("DEADBEEF08", &format!("DEADBE{at:02X}08"));
    let many: String = (0..9).map(each).collect();
    fs::write(&path, format!("{}{many}", &wrong[..begin])).unwrap();
    let said = run(&["mac", "diagnose", text(&path)]).refused(41, &["only single mistakes"]);
    let words = |words: &str| said.stdout.matches(words).count();
    assert_eq!(words("    nothing fits\n"), 8, "{}", said.stdout);
    assert_eq!(words("no single mistake fits; pairs and searches were not tried"), 1);

    // A code that cannot be computed is not right either: its key, or what it covers, is not there.
    fs::write(&path, all.replace("> 805003020B01", "> 805003020B07")).unwrap();
    let open = run(&["mac", "diagnose", text(&path), "--json"]);
    assert_eq!(open.code, Some(70));
    let document = open.json();
    assert_eq!((&document["ok"], &document["error"]["code"]), (&false.into(), &70.into()));
    assert_eq!(document["transactions"][0]["codes"][0]["verdict"], "missing");
    run(&["mac", "diagnose", text(&path)])
        .refused(70, &["MAC1 cannot be checked", "no purchase key with index 07", "purse profile"]);
    let debit = all.find("> 805401000F").unwrap();
    // The debit was not recorded, only that another one was tried and what GET TRANSACTION PROOF says.
    let begin = all.lines().find(|line| line.starts_with("> 805003")).unwrap();
    let proof = "> 805A000902000108\n< 01020304050607089000";
    let proven = format!("{}{begin}\n< 9401\n{proof}\n", &all[..debit]);
    fs::write(&path, proven).unwrap();
    run(&["mac", "diagnose", text(&path)])
        .refused(41, &["MAC2 cannot be checked", "the terminal serial is not known", "--record"]);

    // Without keys, what was said to card and PSAM still tells.
    let sealed = folder.path().join("sealed.toml");
    fs::write(
        &sealed,
        "extends = \"jtt978\"\nname = \"sealed\"\nversion = \"1\"\ncustody = \"sealed\"\nlab-seed = \"none\"\n",
    )
    .unwrap();
    let said = run(&["mac", "diagnose", text(&trace()), "--profile", text(&sealed)]);
    let said = said.refused(70, &["sealed/1001/purchase/01/01", "--keys"]);
    assert!(said.stdout.contains("terminal number: card 010110000042"), "{}", said.stdout);
    let explained = run(&["mac", "explain", text(&trace()), "--profile", text(&sealed)]).fine();
    assert!(explained.stdout.contains("no key"), "{}", explained.stdout);
    assert!(explained.stdout.contains("010110000042"), "{}", explained.stdout);
}

#[test]
fn keys_that_are_not_public_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("own.toml");
    fs::write(
        &profile,
        "extends = \"jtt978\"\nname = \"own\"\nversion = \"1\"\ncustody = \"sealed\"\nlab-seed = \"none\"\n",
    )
    .unwrap();
    let list = folder.path().join("keys.txt");
    // A key of nobody's, in the place of the master key.
    fs::write(&list, "own/1001/purchase/01/01 3des 8A5C1F0E93B7D2469E10C4F7A8B35D61\n").unwrap();
    let file = format!("file:{}", text(&folder.path().join("own.keys")));
    let keys = |arguments: &[&str]| {
        let mut command = tests::purse();
        command.args(arguments).env("PURSE_KEYS_PASSPHRASE", "correct horse battery");
        let output = command.output().unwrap();
        assert!(output.stderr.is_empty() || output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    keys(&["keys", "import", text(&list), "--to", &file]);
    let shown = keys(&[
        "mac",
        "explain",
        text(&trace()),
        "--profile",
        text(&profile),
        "--keys",
        &file,
        "--json",
    ]);
    let document: Value = serde_json::from_str(&shown).expect(&shown);
    let mac1 = &document["transactions"][0]["codes"][0];
    assert!(mac1["computed"].is_string() && mac1["key"]["kcv"].is_string(), "{document}");
    assert!(mac1["session"]["kcv"].is_string(), "{mac1}");
    for (object, member) in [
        (&mac1["key"], "card"),
        (&mac1["session"], "key"),
        (&mac1["blocks"][0], "mixed"),
        (&mac1["blocks"][0], "result"),
    ] {
        assert!(object.get(member).is_none(), "{member}: {object}");
    }
}
