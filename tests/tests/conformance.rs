//! Suites over a private PC/SC daemon ([`PrivatePcscd`]), with the control channel of the emulator in
//! its reader.
//!
//! ```text
//! apt-get install pcscd vsmartcard-vpcd libpcsclite-dev
//! cargo test -p tests --features pcsc --test conformance
//! ```

#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::inserted::InsertedCard;
use tests::pcscd::PrivatePcscd;

const SUITE: &str = r#"
family = "lab"
prefix = "LAB"
title = "Lab"
title-zh = "实验室"
version = "1.0.0"

[[rule]]
id = "lab.main"
text = "What the lab says"
text-zh = "实验室规则"
source = "this test"

[defaults]
card = { balance = "100.00" }

[[case]]
id = "LAB_001"
purpose = "A wrong PIN costs one try wherever power is lost, and a purchase is there after a reset"
purpose-zh = "错误密码在任意掉电点至多消耗一次, 复位后消费仍在"
rules = ["lab.main"]

[[case.step]]
send = "verify"
with = { PIN = "999999" }
sw = "63Cx"
changes = ["pin"]
tear = "every-write"

[[case.step]]
send = "initialize-for-purchase"
with = { amount = "2.50" }

[[case.step]]
send = "debit-for-purchase"
expect = { TAC = "tac()", MAC2 = "mac2()" }
changes = ["ep.balance", "ep.offline", "file.18", "proof"]

[[case.step]]
do = "reset"

[[case.step]]
select = "application"

[[case.step]]
send = "get-balance"
expect = { balance = "97.50" }

[[case]]
id = "LAB_002"
purpose = "A card that was pulled and put back has lost its transaction and nothing else"
purpose-zh = "拔插后交易丢失, 其他不变"
rules = ["lab.main"]

[[case.step]]
send = "initialize-for-purchase"
with = { amount = "2.50" }

[[case.step]]
do = "remove"

[[case.step]]
do = "insert"

[[case.step]]
do = "reset"

[[case.step]]
select = "application"

[[case.step]]
send = "get-balance"
expect = { balance = "100.00" }

[[case]]
id = "LAB_003"
purpose = "A change that nobody named"
purpose-zh = "未声明的改变"
rules = ["lab.main"]

[[case.step]]
run = "purchase"
with = { amount = "2.50" }
changes = ["ep.balance", "ep.offline", "file.18"]
"#;

/// Id, verdict and first finding of each case.
fn verdicts(command: &mut Command, folder: &Path, card: &str, words: &[&str]) -> Vec<String> {
    let (suite, lines) = (folder.join("lab.toml"), folder.join("run.jsonl"));
    std::fs::write(&suite, SUITE).unwrap();
    command.args(["conform", "run"]).arg(&suite).args(["--card", card]).args(words);
    let output = command.arg("--jsonl").arg(&lines).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(100), "{said}");
    let text = std::fs::read_to_string(&lines).unwrap();
    let told = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let case = |line: Value| {
        let found = line["findings"][0]["what"].as_str().unwrap_or_default();
        Some(format!("{} {} {found}", line["id"].as_str()?, line["verdict"].as_str()?))
    };
    told.filter_map(case).collect()
}

#[test]
fn a_suite_gives_the_same_verdicts_over_pcsc_as_in_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expected = verdicts(&mut tests::purse_with_pcsc(), folder, "virtual:jtt978", &[]);
    let [first, second, third] = &expected[..] else { panic!("{expected:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("LAB_001 passed ", "LAB_002 passed "));
    assert!(third.starts_with("LAB_003 failed proof of transaction type 06"), "{third}");

    let daemon = PrivatePcscd::start(1).unwrap();
    let card = InsertedCard::insert(&daemon, 0, &["--profile", "jtt978"]);
    let mut command = tests::purse_with_pcsc();
    daemon.lead(&mut command);
    let reader = format!("reader:{}", daemon.reader(0));
    let there = verdicts(&mut command, folder, &reader, &["--control", card.hand()]);
    assert_eq!(there, expected);
}
