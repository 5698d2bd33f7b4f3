//! The wrong cards of the shelf: each is wrong in the way that it is described, and only there.
//!
//! Scripted sessions ([`probes`]) are played with the right card and with every wrong one, from the
//! same seed and with the same other side, which keeps the rules. `differences.txt` says in which
//! session, and at which step of it, each wrong card first answers what the right one does not.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../psam/module.rs"]
#[expect(dead_code, reason = "the tests of the PSAM use the rest")]
mod module;

mod files;
mod probes;
mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use applet_spec::Profile;
use emulator::wrong::{self, Deviation, Wrong, WrongCard};
use emulator::{CardMaker, CardSystem};

use common::Bench;
use probes::{CARD_PROBES, SAM_PROBES};
use script::{Line, Script};

/// The steps at which two plays of one session differ first, by session.
type Differences = Vec<String>;

#[test]
fn every_wrong_card_is_wrong_as_described_and_only_there() {
    let mut made = HEAD.to_owned();
    let mut like_right = Vec::new();
    for card in wrong::shelf() {
        // Profiles that differ in the same way share a line.
        let mut by_differences: BTreeMap<Differences, Vec<&str>> = BTreeMap::new();
        for name in &card.profiles {
            let found = differences(card, name);
            if found.is_empty() {
                like_right.push(format!("{} of {name}", card.name));
            }
            by_differences.entry(found).or_default().push(name);
        }
        let mut lines: Vec<_> = by_differences.into_iter().collect();
        lines.sort_by_key(|(_, profiles)| card.profiles.iter().position(|p| p == profiles[0]));
        made += &format!("\n{}\n", card.name);
        for (found, profiles) in lines {
            made += &format!("    {}\n", profiles.join(" "));
            found.iter().take(SHOWN).for_each(|line| made += &format!("        {line}\n"));
            if let Some(more @ 1..) = found.len().checked_sub(SHOWN) {
                made += &format!("        and in {more} more\n");
            }
        }
    }
    assert!(like_right.is_empty(), "like the right card: {}", like_right.join(", "));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong/differences.txt");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    for (made, there) in made.lines().zip(there.lines()) {
        assert_eq!(made, there, "a wrong card differs elsewhere than before");
    }
    assert_eq!(made.lines().count(), there.lines().count(), "read it after UPDATE_DOCS=1");
}

#[test]
fn a_right_card_plays_every_session_the_same_way_twice() {
    for name in ["jtt978", "psam-jtt978"] {
        assert_eq!(plays(name, &Wrong::default()), plays(name, &Wrong::default()));
    }
}

#[test]
fn every_deviation_has_its_card_on_the_shelf() {
    for deviation in Deviation::ALL {
        let card = wrong::find(deviation.text()).unwrap();
        assert_eq!(card.deviation, Some(*deviation), "{}", card.name);
    }
}

#[test]
fn the_page_of_wrong_cards_is_up_to_date() {
    let made = wrong::page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wrong-cards.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == made, "run UPDATE_DOCS=1 cargo test -p emulator --test wrong");
    let example = made.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let card = WrongCard::parse(example, "example").unwrap_or_else(|errors| panic!("{errors}"));
    let profile = Profile::built_in("jtt978").unwrap();
    assert!(card.deviation.is_some() && card.changes_profile());
    Wrong::of(vec![Arc::new(card)]).profile(profile).unwrap();
    for key in WrongCard::KEYS {
        assert!(made.contains(&format!("\n| `{key}` |")), "{key} is not told");
    }
}

/// Most sessions that are named; what a card does wrong at their beginning it does in all.
const SHOWN: usize = 12;

const HEAD: &str = "\
# Where each wrong card differs from the right one: the first step of each session that does.
# Made by UPDATE_DOCS=1 cargo test -p emulator --test wrong; read what changed before it is kept.
";

fn differences(card: &Arc<WrongCard>, profile: &str) -> Differences {
    let right = plays(profile, &Wrong::default());
    let wrong = plays(profile, &Wrong::of(vec![card.clone()]));
    let mut found = Vec::new();
    for ((session, right), (_, wrong)) in right.iter().zip(&wrong) {
        let first = right.iter().zip(wrong).find(|(right, wrong)| right != wrong);
        if let Some(((step, right), (_, wrong))) = first {
            found.push(format!("{session}: {step}{}", told(wrong, right)));
        }
    }
    found
}

/// Every session with a card of the profile.
fn plays(profile: &str, wrong: &Wrong) -> Vec<(&'static str, Vec<Line>)> {
    let profile = Profile::find(profile).unwrap();
    let system = CardSystem::wrong(profile.clone(), wrong.clone()).unwrap();
    let card = CardMaker::of(system).unwrap().lab_card(1).unwrap();
    let probes = if profile.psam.is_some() { SAM_PROBES } else { CARD_PROBES };
    let bench = profile.application().filter(|_| profile.psam.is_none());
    let bench = bench.map(|_| Bench::of(profile.clone()));
    let play = |(name, probe): &(&'static str, fn(&mut Script<'_>))| {
        let mut script = Script::new(bench.as_ref(), profile.clone(), card.fork());
        probe(&mut script);
        (*name, script.lines)
    };
    probes.iter().map(play).collect()
}

/// How two answers differ: in their status words, in short words, or else in their data.
fn told(wrong: &str, right: &str) -> String {
    let status = |answer: &str| answer[answer.len().saturating_sub(4)..].to_owned();
    match (status(wrong), status(right)) {
        _ if right.contains(' ') || right == "false" => format!(": {wrong}"),
        (wrong, right) if wrong == right => String::new(),
        (wrong, right) => format!(": {wrong} not {right}"),
    }
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
