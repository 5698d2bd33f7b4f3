//! Wrong options, wrong files, wrong states: an exit code, the place, and what to type.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use applet_spec::Profile;

use crate::{Emulator, Said, run, run_with, text};

#[test]
fn a_broken_profile_is_told_by_line_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.toml");
    let broken = Profile::find("jtt978").unwrap().text.replacen("sfi = 0x16", "sfi = 0x15", 1);
    let line = broken.lines().collect::<Vec<_>>().iter().rposition(|l| *l == "sfi = 0x15").unwrap();
    fs::write(&path, broken).unwrap();
    let place = format!("broken.toml:{}:", line + 1);
    run(&["profile", "check", text(&path)]).refused(96, &[&place, "; "]);
    let document = run(&["profile", "check", text(&path), "--json"]).refused(96, &[]).json();
    let problem = &document["error"]["problems"][0];
    assert_eq!(problem["line"], line + 1, "{document}");
    assert!(problem["mend"].as_str().is_some_and(|mend| !mend.is_empty()), "{document}");
    run(&["emulate", "--profile", text(&path), "--stdio"]).refused(96, &[&place]);
    run(&["profile", "check", text(&folder.path().join("none.toml"))]).refused(96, &["none.toml"]);

    let good = folder.path().join("good.toml");
    fs::write(&good, &Profile::find("cjt166").unwrap().text).unwrap();
    let said = run(&["profile", "check", text(&good)]).fine().stdout;
    assert_eq!(said, "ok cjt166 1.0.0\n");
}

#[test]
fn wrong_settings_and_faults_say_what_to_type() {
    for (setting, words) in [
        ("balance", "balance=10.00"),
        ("balance=10", "10.00|1000fen"),
        ("ed.balance=1.00", "this card has no"),
        ("colour=red", "no setting 'colour'"),
        ("record.1A.9=00", "1A"),
        ("pin-tries=99", "0..15"),
    ] {
        let said = run(&["emulate", "--stdio", "--set", setting]);
        said.refused(2, &["--set", words]);
    }
    for fault in ["mute", "mute@0", "tear@x", "delay=1h", "delay=99999s", "flood@1"] {
        run(&["emulate", "--stdio", "--with", fault]).refused(2, &["--with", fault]);
    }
    run(&["emulate", "--stdio", "--seed", "x"]).refused(2, &["--seed"]);
    run(&["emulate"]).refused(2, &["--stdio"]);
    run(&["emulate", "--stdio", "--listen", "127.0.0.1:0"]).refused(2, &["--listen"]);
    run(&["emulate", "--stdio", "--durable"]).refused(2, &["--state"]);
    run(&["emulate", "--listen", "nowhere"]).refused(11, &["nowhere", "HOST:PORT"]);
    run(&["emulate", "--profile", "nope", "--stdio"]).refused(96, &["nope", "jtt978"]);
}

#[test]
fn wrong_cards_and_commands_say_what_to_type() {
    for spec in ["jtt978", "usb:1", "virtual:", "virtual:jtt978@", "tcp:3965", "vpcd:a", "replay:"]
    {
        run(&["card", "balance", "--card", spec]).refused(2, &[spec, "next:"]);
    }
    run(&["card", "balance", "--card", "virtual:nope"]).refused(96, &["nope"]);
    run(&["card", "balance", "--card", "tcp:127.0.0.1:1"]).refused(11, &["127.0.0.1:1"]);
    run(&["card", "balance"]).refused(3, &["virtual:", "PURSE_CARD"]);
    let apdu = |command| run(&["apdu", "--card", "virtual:jtt978", command]);
    apdu("zz").refused(2, &["command 1", "'zz'"]);
    apdu("00A4").refused(2, &["CLA INS P1 P2"]);
    let script = "# select\n00A4040008A000000632010105\n\n80 5C 0\n";
    let said = run_with(&["apdu", "--card", "virtual:jtt978", "-"], script);
    assert_eq!(said.refused(2, &["script line 4"]).stdout, "", "nothing is sent");
    run(&["control", "127.0.0.1:1", "status"]).refused(11, &["127.0.0.1:1"]);
    run(&["control", "127.0.0.1:1", "tear", "0"]).refused(2, &["<K>"]);
    run(&["control", "127.0.0.1:1", "fly"]).refused(2, &["fly"]);
}

#[test]
fn a_state_file_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let state = |extra: &[&str]| {
        let mut arguments = vec!["emulate", "--stdio", "--state", text(&path)];
        arguments.extend(extra);
        run_with(&arguments, "00A4040008A00000063201010500\n")
    };
    state(&["--profile", "jtt978"]).fine();
    let whole = fs::read(&path).unwrap();

    state(&["--profile", "cjt166"]).refused(13, &["jtt978", "--profile jtt978"]);
    assert_eq!(fs::read(&path).unwrap(), whole);

    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x01;
    fs::write(&path, &damaged).unwrap();
    state(&[]).refused(13, &["damaged"]);
    assert_eq!(fs::read(&path).unwrap(), damaged);

    fs::write(&path, b"#!/bin/sh\necho no card\n").unwrap();
    state(&[]).refused(13, &["not a card image"]);
    assert_eq!(fs::read(&path).unwrap(), b"#!/bin/sh\necho no card\n");

    let nowhere = folder.path().join("no/such/card.img");
    run(&["emulate", "--stdio", "--state", text(&nowhere)]).refused(13, &["card.img"]);
    run(&["emulate", "--stdio", "--state", text(folder.path())]).refused(13, &[]);
}

#[test]
fn a_full_disk_is_told_and_the_card_is_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let purse = tests::purse();
    let limited = |kilobytes: u32, arguments: &str, input: &str| {
        // A file size limit is refused by the kernel as a full disk is.
        let line = format!(
            "trap '' XFSZ; ulimit -f {kilobytes}; exec '{}' {arguments}",
            purse.get_program().display()
        );
        let mut child = Command::new("bash")
            .args(["-c", &line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash starts");
        // The program may end before it has read everything.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        Said::of(child.wait_with_output().expect("purse ends"))
    };
    let emulate = format!("emulate --stdio --state '{}'", text(&path));
    limited(1, &emulate, "").refused(14, &["no room", "free some space"]);
    assert!(!path.exists(), "no half card is left");

    let set = |value: u32| format!("{emulate} --set balance={value}fen");
    limited(1000, &set(1), "").fine();
    let size = fs::metadata(&path).unwrap().len().div_ceil(1024) as u32;
    let refused = (0..2000).find_map(|value| {
        let said = limited(size, &set(2 + value), "");
        (said.code != Some(0)).then_some((value, said))
    });
    let (value, said) = refused.expect("a limit that is reached");
    said.refused(14, &["free some space"]);
    let card = format!("virtual:@{}", text(&path));
    let balance = run(&["card", "balance", "--card", &card, "--json"]).fine().json();
    assert_eq!(balance["purses"][0]["balance_fen"], 1 + value);

    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = tests::purse().arg("demo").stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(14));
}

#[test]
fn a_card_is_in_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let mut first = Emulator::start(&["--state", text(&path), "--listen", "127.0.0.1:0"]);
    first.address("listening on ");
    run(&["emulate", "--stdio", "--state", text(&path)]).refused(13, &["in use"]);
    let spec = format!("virtual:jtt978@{}", text(&path));
    run(&["card", "balance", "--card", &spec]).refused(13, &["in use"]);
    drop(first);
    run(&["card", "balance", "--card", &spec]).fine();
}

#[test]
fn card_files_are_checked_to_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.toml");
    let start = |file: &str| {
        fs::write(&path, file).unwrap();
        run(&["emulate", "--stdio", "--card-file", text(&path)])
    };
    start("profile = \"pboc\"\ncolour = 1\n").refused(96, &["odd.toml:2:1", "colour", "write"]);
    start("[set]\n\nbalance = \"ten\"\n").refused(96, &["odd.toml:3:1", "set.balance", "10.00"]);
    start("with = [\"mute\"]\n").refused(96, &["odd.toml:1:9", "mute@N"]);
    start("seed = \n").refused(96, &["odd.toml:1:"]);
    start("profile = \"nope\"\n").refused(96, &["nope"]);
    let missing = folder.path().join("missing.toml");
    run(&["emulate", "--stdio", "--card-file", text(&missing)]).refused(96, &["missing.toml"]);
}
