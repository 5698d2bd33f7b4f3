//! `purse card load` and `purse card purchase` where answers, stdout or terminals are lost: whatever
//! happened to the money is told, and told of the right card.

use std::path::Path;

use serde_json::Value;

use crate::{run, text};

/// The fifth command of a load is CREDIT; when the card comes back, it is the one that asks it where
/// it stands, since its log is empty.
const SILENT_AT_CREDIT: [&str; 2] = ["--with", "mute@5"];

fn card_in(folder: &Path, profile: &str) -> String {
    format!("virtual:{profile}@{}", folder.join("card.img").display())
}

#[expect(clippy::unwrap_used, reason = "a test helper may fail the test")]
fn open_in(state: &Path) -> usize {
    let text = std::fs::read_to_string(state).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["open"].as_array().unwrap().len()
}

/// Runs `purse` where nothing can be written to stdout.
#[cfg(target_os = "linux")]
#[expect(clippy::unwrap_used, reason = "a test helper may fail the test")]
fn run_without_room(arguments: &[&str]) -> crate::Said {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = tests::purse()
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    crate::Said::of(output)
}

#[test]
fn a_retry_that_fails_still_tells_that_the_card_may_be_charged() {
    let folder = tempfile::tempdir().unwrap();
    let card = card_in(folder.path(), "jtt978");
    let load = [&["card", "load", "10.00", "--card", &card][..], &SILENT_AT_CREDIT].concat();
    let words = ["may have been loaded with 10.00 yuan", "asked again, it failed", "grey record"];
    let said = run(&load).refused(11, &words);
    assert!(said.stdout.contains("GREY"), "{}", said.stdout);
    let document = run(&[&load[..], &["--json"]].concat()).json();
    assert_eq!((&document["ok"], &document["error"]["code"]), (&false.into(), &11.into()));
    assert_eq!(document["record"]["verdict"], "grey");
    assert_eq!(document["records"].as_array().unwrap().len(), 1);

    let state = folder.path().join("state.json");
    let kept = ["--state", text(&state)];
    run(&[&load[..], &kept].concat()).refused(11, &["may have been", "kept in the state file"]);
    assert_eq!(open_in(&state), 1);
    let again = [&["card", "load", "10.00", "--card", &card, "--json"][..], &kept].concat();
    assert_eq!(run(&again).fine().json()["record"]["balance_after_fen"], 1_000);
    assert_eq!(open_in(&state), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_told_stays_in_the_state_and_is_told_beside_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let card = card_in(folder.path(), "jtt978");
    let state = folder.path().join("state.json");
    let more = ["--card", &card, "--state", text(&state), "--json"];
    let load = |amount| [&["card", "load", amount][..], &more].concat();
    assert_eq!(run_without_room(&load("10.00")).code, Some(14));
    assert_eq!(open_in(&state), 1, "the record is nowhere else");
    let document = run(&load("50.00")).fine().json();
    let told: Vec<_> = document["records"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 2, "{document}");
    assert_eq!((&told[0]["amount_fen"], &told[0]["recovered"]), (&1_000.into(), &true.into()));
    assert_eq!((&told[1]["amount_fen"], &told[1]["recovered"]), (&5_000.into(), &false.into()));
    assert_eq!(&document["record"], told[1]);
    assert_eq!(document["record"]["balance_after_fen"], 6_000);
    assert_eq!(open_in(&state), 0);
}

#[test]
fn a_wrong_tac_is_told_with_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    let other = "extends = \"jtt978\"\nname = \"other\"\nversion = \"0\"\n\
                 [[directory]]\nfid = 0x1001\n[[directory.key]]\nkind = \"tac\"\nindex = 0x01\n\
                 master = \"000102030405060708090A0B0C0D0E0F\"\n";
    std::fs::write(&path, other).unwrap();
    let card = card_in(folder.path(), text(&path));
    let load = ["card", "load", "10.00", "--card", &card, "--profile", "jtt978", "--json"];
    let said = run(&load);
    assert_eq!(said.code, Some(41), "{}", said.stderr);
    let document = said.json();
    assert_eq!((&document["ok"], &document["error"]["code"]), (&false.into(), &41.into()));
    assert_eq!(document["record"]["verdict"], "wrong-tac");
    assert_eq!(document["record"]["balance_after_fen"], 1_000);
}

#[test]
fn another_card_s_overdue_transaction_is_told_beside_and_judges_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    let other = "extends = \"jtt978\"\nname = \"other\"\nversion = \"0\"\n\
                 serial = \"1111111111111111\"\n";
    std::fs::write(&path, other).unwrap();
    let away = folder.path().join("away.img");
    let away = format!("virtual:{}@{}", path.display(), away.display());
    let card = card_in(folder.path(), "jtt978");
    let state = folder.path().join("state.json");
    let load = |card, time| {
        let base = ["card", "load", "10.00", "--state", text(&state), "--card", card];
        [&base[..], &["--profile", "jtt978", "--time", time]].concat().into_iter()
    };
    let lost: Vec<&str> = load(&away, "2026-11-22T12:00:00").chain(SILENT_AT_CREDIT).collect();
    run(&lost).refused(11, &["may have been"]);
    let later: Vec<&str> = load(&card, "2026-11-22T18:00:00").chain(["--json"]).collect();
    let document = run(&later).fine().json();
    assert_eq!(document["record"]["verdict"], "accepted");
    let verdicts: Vec<_> =
        document["records"].as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["accepted", "grey"]);
    assert_eq!(open_in(&state), 0);
}
