//! `purse card` and `purse apdu`, on cards in the process and behind a port.

use std::io::Write;
use std::net::TcpStream;

use applet_spec::Profile;

use crate::{Emulator, run, run_with, text};

#[test]
fn every_family_is_read_in_the_process_and_behind_a_port() {
    for name in Profile::built_in_cards().map(|profile| profile.name.as_str()) {
        let spec = format!("virtual:{name}");
        let mut emulator = Emulator::start(&[
            "--profile",
            name,
            "--listen",
            "127.0.0.1:0",
            "--set",
            "balance=1.23",
        ]);
        let remote = format!("tcp:{}", emulator.address("listening on "));
        for (card, balance) in [(&spec, 0), (&remote, 123)] {
            // By what it says of itself, this one is a pboc card.
            let named: &[&str] = if name == "fmcos-ep" { &["--profile", name] } else { &[] };
            let show = |verb| {
                let arguments = ["card", verb, "--card", card, "--json"];
                run(&[&arguments, named].concat()).fine().json()
            };
            let info = show("info");
            let profile = Profile::find(name).unwrap();
            let serial = hex::encode_upper(profile.serial);
            assert_eq!(info["public"]["serial"], serial, "{card}");
            assert_eq!(info["public"]["valid_to"], "2099-12-31", "{card}");
            // Families that differ in their ciphers only cannot be told apart by reading.
            let family = info["family"].as_str().expect("a family");
            assert!(
                name.starts_with(family.split_whitespace().next().expect("a name")),
                "{family}"
            );
            let purses = show("balance");
            let last = purses["purses"].as_array().and_then(|all| all.last()).expect("a purse");
            assert_eq!((&last["purse"], &last["balance_fen"]), (&"ep".into(), &balance.into()));
            assert_eq!(show("records")["records"], serde_json::json!([]), "{card}");
            let files = show("files");
            let application = &files["directories"][0];
            let count = application["files"].as_array().expect("files").len();
            assert_eq!(count, profile.application().unwrap().files.len(), "{card}");
            let dump = show("dump");
            let public = dump["directories"][0]["files"]
                .as_array()
                .and_then(|files| files.iter().find(|file| file["sfi"] == "15"))
                .expect("file 15");
            let content = public["content"][0].as_str().expect("content");
            assert!(content.contains(&serial), "{card}: {content}");
        }
        for verb in ["info", "balance", "files", "dump"] {
            for lang in ["en", "zh"] {
                let said = run(&["card", verb, "--card", &spec, "--lang", lang]).fine();
                assert!(!said.stdout.is_empty(), "{name} {verb} {lang}");
            }
        }
    }
}

#[test]
fn a_psam_is_read_in_the_process_and_behind_a_port() {
    let mut emulator = Emulator::start(&[
        "--profile",
        "psam-jtt978",
        "--listen",
        "127.0.0.1:0",
        "--set",
        "terminal=990000000042",
        "--set",
        "terminal-serial=0x1000",
    ]);
    let remote = format!("tcp:{}", emulator.address("listening on "));
    let virtual_card = "virtual:psam-jtt978".to_owned();
    for (card, terminal, serial) in
        [(&virtual_card, "011000000001", 1), (&remote, "990000000042", 0x1000)]
    {
        let show = |verb| run(&["card", verb, "--card", card, "--json"]).fine().json();
        let info = show("info");
        assert_eq!(info["family"], "psam-jtt978 1.0.0", "{card}");
        let psam = &info["psam"];
        assert_eq!(
            (&psam["terminal"], &psam["terminal_serial"]),
            (&terminal.into(), &serial.into())
        );
        assert_eq!((&psam["key_index"], &psam["valid_to"]), (&1.into(), &"2099-12-31".into()));
        assert_eq!(
            (&info["public"], &info["purses"]),
            (&serde_json::Value::Null, &serde_json::json!([]))
        );
        let files = show("files");
        let counts: Vec<_> = files["directories"]
            .as_array()
            .expect("directories")
            .iter()
            .map(|one| (one["fid"].clone(), one["files"].as_array().map(Vec::len)))
            .collect();
        assert_eq!(counts, [("8011".into(), Some(2)), ("3F00".into(), Some(3))], "{card}");
        let dump = show("dump");
        let number = &dump["directories"][1]["files"][2]["content"][0];
        assert_eq!(number, terminal);
        for verb in ["balance", "records"] {
            run(&["card", verb, "--card", card]).refused(2, &["is a PSAM and has no purse"]);
        }
    }
    let zh = run(&["card", "info", "--card", &virtual_card, "--lang", "zh"]).fine().stdout;
    assert!(zh.contains("终端机编号"), "{zh}");
}

#[test]
fn a_psam_makes_mac1_on_the_command_line() {
    let purchase = "80700000 24 01020304 0005 00000258 09 20261122 123456 01 00 \
                    9999000000000001 01011000FFFFFFFF 08";
    let commands = ["00A4000002 8011", "00B0970001", purchase, purchase, "8072000004 00000000"];
    let card = ["apdu", "--card", "virtual:psam-jtt978"];
    let said = run(&[&card[..], &commands].concat()).fine().stdout;
    let answers: Vec<_> = said.lines().collect();
    assert_eq!(answers.len(), 5, "{said}");
    assert_eq!((answers[1], answers[4]), ("019000", "9302"));
    assert!(answers[2].starts_with("00000001") && answers[3].starts_with("00000002"), "{said}");
    assert!(answers[2].len() == 20 && answers[2].ends_with("9000"), "{said}");
    assert_ne!(answers[2][8..16], answers[3][8..16]);

    let told = run(&[&card[..], &["-v", "00A4000002 8011", purchase]].concat()).fine().stderr;
    assert!(told.contains("INITIALIZE SAM FOR PURCHASE") && told.contains("6.00 yuan"), "{told}");
    assert!(told.contains("terminal serial: 1"), "{told}");
}

#[test]
fn log_records_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card.img");
    run(&[
        "emulate",
        "--stdio",
        "--profile",
        "jtt978",
        "--state",
        text(&state),
        "--set",
        "log=full",
    ])
    .fine();
    let card = format!("virtual:@{}", text(&state));
    let document = run(&["card", "records", "--card", &card, "--json"]).fine().json();
    let first = &document["records"][0];
    assert_eq!(document["records"].as_array().map(Vec::len), Some(10));
    assert_eq!((&first["type"], &first["amount_fen"]), (&"06".into(), &1.into()));
    assert_eq!(
        (&first["date"], &first["terminal"]),
        (&"2020-01-01".into(), &"000000000001".into())
    );
    let said = run(&["card", "records", "--card", &card]).fine().stdout;
    assert!(said.contains("EP purchase") && said.contains("0.01"), "{said}");
    let said = run(&["card", "records", "--card", &card, "--lang", "zh"]).fine().stdout;
    assert!(said.contains("钱包消费"), "{said}");
}

#[test]
fn a_locked_application_has_its_own_exit_code() {
    let mut emulator = Emulator::start(&["--listen", "127.0.0.1:0", "--set", "locked=temporary"]);
    let card = format!("tcp:{}", emulator.address("listening on "));
    run(&["card", "info", "--card", &card]).refused(42, &["6A81"]);
}

#[test]
fn a_pin_comes_from_the_environment() {
    let balance = |pin: &str| {
        let mut command = tests::purse();
        command.args(["card", "balance", "--card", "virtual:pboc", "--json"]);
        if !pin.is_empty() {
            command.env("PURSE_PIN", pin);
        }
        let output = command.output().unwrap();
        let document = serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        (output.status.code(), document)
    };
    let (code, without) = balance("");
    assert_eq!((code, &without["purses"][0]["status"]), (Some(0), &"6982".into()));
    let (code, with) = balance("123456");
    assert_eq!((code, &with["purses"][0]["balance_fen"]), (Some(0), &0.into()));
    let (code, wrong) = balance("654321");
    assert_eq!((code, &wrong["error"]["kind"]), (Some(41), &"mac".into()), "{wrong}");
    let (code, _) = balance("12345x");
    assert_eq!(code, Some(2));
}

#[test]
fn raw_commands_are_answered_line_by_line() {
    let select = "00A4040008A000000632010105";
    let virtual_card = ["apdu", "--card", "virtual:jtt978"];
    fn with<'a>(card: &[&'a str], extra: &[&'a str]) -> Vec<&'a str> {
        [card, extra].concat()
    }
    let said = run(&with(&virtual_card, &[select, "80 5c 00 02 04"])).fine().stdout;
    assert!(said.ends_with("\n000000009000\n"), "{said}");

    let script = format!("{select} # the purse\n\nreset\n{select}\n00B2000000\n");
    let said = run_with(&with(&virtual_card, &["-"]), &script).fine().stdout;
    assert_eq!(said.lines().count(), 4, "{said}");
    run_with(&with(&virtual_card, &["--expect", "9000", "-"]), &script)
        .refused(40, &["00B20000", "9000"]);
    run_with(&with(&virtual_card, &["--expect", "6XXX", select]), "").refused(40, &[]);
    run_with(&with(&virtual_card, &["--expect", "900", select]), "").refused(2, &["--expect"]);

    let document = run(&with(&virtual_card, &[select, "--json"])).fine().json();
    assert_eq!(document["exchanges"][0]["status"], "9000");

    let said = run(&with(&virtual_card, &["-v", select])).fine();
    assert!(said.stderr.contains("SELECT"), "{}", said.stderr);
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
}

#[test]
fn waiting_answers_are_fetched_unless_raw() {
    let mut emulator = Emulator::start(&["--listen", "127.0.0.1:0", "--protocol", "t0"]);
    let card = format!("tcp:{}", emulator.address("listening on "));
    let select = "00A4040008A000000632010105";
    let said = run(&["apdu", "--card", &card, "--raw", "--reset", select]).fine().stdout;
    assert_eq!(said, "6133\n");
    let said = run(&["apdu", "--card", &card, "--reset", select]).fine().stdout;
    assert!(said.starts_with("6F31") && said.ends_with("9000\n"), "{said}");
    // Without a reset the card goes on where the last program left it.
    assert_eq!(run(&["apdu", "--card", &card, "805C000204"]).fine().stdout, "000000009000\n");
}

#[test]
fn a_port_that_is_no_emulator_is_told_from_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let card = format!("tcp:{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example.net ESMTP\r\n").unwrap();
        std::io::Read::read(&mut stream, &mut [0; 64])
    });
    run(&["card", "info", "--card", &card]).refused(11, &["--listen port"]);
    let _ = server.join();
}
