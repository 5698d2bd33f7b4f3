//! The conformance suites judged by cards of which the verdict is known: right ones of every profile
//! and many seeds, which must fail no case, and every wrong card, which must fail one that names it.
//!
//! `tests/wrong-cards/CAUGHT.md` is the table of the latter; `--update` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::command::{Failure, cargo, root, run};

const TABLE: &str = "tests/wrong-cards/CAUGHT.md";
const SEEDS: u64 = 20;
/// Cores of the machines that this project is built on.
const JOBS: usize = 2;

/// `cargo xtask conform [--update] [--seeds N]`.
pub fn task(arguments: &[String]) -> Result<(), Failure> {
    let asked = Asked::parse(arguments)?;
    let purse = release_build()?;
    let profiles = purse.profiles()?;
    right_cards(&purse, &profiles, asked.seeds)?;
    let table = wrong_cards(&purse)?;
    let path = root().join(TABLE);
    if asked.update {
        return fs::write(&path, table)
            .map_err(|error| Failure(format!("cannot write {TABLE}: {error}")));
    }
    match fs::read_to_string(&path) {
        Ok(kept) if kept == table => Ok(()),
        _ => {
            Err(Failure(format!("{TABLE} is not what was measured: cargo xtask conform --update")))
        }
    }
}

struct Asked {
    update: bool,
    seeds: u64,
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut asked = Self { update: false, seeds: SEEDS };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let seeds = rest.as_slice().first().and_then(|text| text.parse().ok());
            match (argument.as_str(), seeds) {
                ("--update", _) => asked.update = true,
                ("--seeds", Some(seeds @ 1..)) => {
                    asked.seeds = seeds;
                    rest.next();
                }
                _ => return Err(Failure("cargo xtask conform [--update] [--seeds N]".to_owned())),
            }
        }
        Ok(asked)
    }
}

/// The program, built to be fast.
struct Purse(PathBuf);

fn release_build() -> Result<Purse, Failure> {
    run(&mut cargo(&["build", "--release", "--package", "cli"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(Purse(root().join(target).join("release/purse")))
}

impl Purse {
    /// What a command answers as JSON; a run with failed cases answers, too.
    fn ask(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let line = || format!("purse {}", arguments.join(" "));
        let mut command = Command::new(&self.0);
        command.args(arguments).arg("--json").env_remove("PURSE_CARD").env_remove("PURSE_LANG");
        let output =
            command.output().map_err(|error| Failure(format!("cannot run {}: {error}", line())))?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            Failure(format!("{}: {}, {error}\n{said}", line(), output.status))
        })
    }

    fn profiles(&self) -> Result<Vec<String>, Failure> {
        let listed = self.ask(&["profile", "list"])?;
        let profiles = listed.get("profiles").and_then(Value::as_array);
        let names = profiles.into_iter().flatten().filter_map(|profile| text(profile, "name"));
        Ok(names.collect())
    }

    fn run(&self, profile: &str, options: &[&str]) -> Result<Value, Failure> {
        let card = format!("virtual:{profile}");
        self.ask(
            &[&["conform", "run", "all", "--quiet", "--card", card.as_str()], options].concat(),
        )
    }
}

/// No case may fail on a card that is right.
fn right_cards(purse: &Purse, profiles: &[String], seeds: u64) -> Result<(), Failure> {
    let work: Vec<(&String, u64)> =
        profiles.iter().flat_map(|profile| (1..=seeds).map(move |seed| (profile, seed))).collect();
    let slowest: Mutex<BTreeMap<&str, (u64, f64)>> = Mutex::new(BTreeMap::new());
    let alarms = in_parallel(&work, |(profile, seed)| {
        let report = purse.run(profile, &["--seed", &seed.to_string()])?;
        let seconds = report.get("seconds").and_then(Value::as_f64).unwrap_or_default();
        let passed = report.get("passed").and_then(Value::as_u64).unwrap_or_default();
        if let Ok(mut slowest) = slowest.lock() {
            let kept = slowest.entry(profile.as_str()).or_default();
            *kept = (passed, kept.1.max(seconds));
        }
        let bad = bad_cases(&report);
        let reproduce = format!("purse conform run all --card virtual:{profile} --seed {seed}");
        Ok((!bad.is_empty()).then(|| format!("{reproduce}: {}", bad.join(" "))))
    })?;
    for (profile, (passed, seconds)) in slowest.into_inner().unwrap_or_default() {
        println!("{profile:<18} {passed:>5} cases passed, {seconds:.2} s at most");
    }
    let alarms: Vec<String> = alarms.into_iter().flatten().collect();
    println!("{} runs of right cards, {} false alarms", work.len(), alarms.len());
    if alarms.is_empty() { Ok(()) } else { Err(Failure(alarms.join("\n"))) }
}

/// Every wrong card must fail a case that names it, on every profile that it can be of. The table
/// of what caught it.
fn wrong_cards(purse: &Purse) -> Result<String, Failure> {
    let listed = purse.ask(&["conform", "list", "--wrong"])?;
    let shelf = listed.get("wrong_cards").and_then(Value::as_array).cloned().unwrap_or_default();
    let caught = in_parallel(&shelf, |card| caught_by(purse, card))?;
    let mut table = HEAD.to_owned();
    let mut free = Vec::new();
    for (card, Caught { profiles, naming, others }) in shelf.iter().zip(&caught) {
        let name = text(card, "name").unwrap_or_default();
        let rule = text(card, "rule").unwrap_or_default();
        let on = profiles.join(" ");
        table += &format!("| `{name}` | {rule} | {on} | {} | {others} |\n", naming.join(" "));
        if naming.is_empty() {
            free.push(name);
        }
    }
    let all = shelf.len();
    println!("{all} wrong cards, {} caught by a case that names them", all - free.len());
    table += &format!("\n{} of {all} are caught.\n", all - free.len());
    if free.is_empty() {
        Ok(table)
    } else {
        Err(Failure(format!("not caught: {}", free.join(" "))))
    }
}

const HEAD: &str = "\
# Wrong cards caught

Written by `cargo xtask conform --update`: every wrong card of this folder on every profile that it can
be of, judged by all suites. A card is caught where a case that names it fails on each of its profiles.

| wrong card | rule it breaks | profiles | cases that name it and fail | other bases that fail |
|---|---|---|---|---|
";

struct Caught {
    profiles: Vec<String>,
    /// Cases that name the card and fail, on whichever profile; none where a profile gets away.
    naming: Vec<String>,
    others: usize,
}

fn caught_by(purse: &Purse, card: &Value) -> Result<Caught, Failure> {
    let name = text(card, "name").unwrap_or_default();
    let (profiles, named) = (texts(card, "profiles"), texts(card, "caught_by"));
    let (mut naming, mut others, mut free) = (Vec::new(), Vec::new(), false);
    for profile in &profiles {
        let report = purse.run(profile, &["--with", &format!("wrong:{name}")])?;
        let bases: Vec<String> = bad_cases(&report).iter().map(|id| base(id)).collect();
        free |= !bases.iter().any(|base| named.contains(base));
        for base in bases {
            let list = if named.contains(&base) { &mut naming } else { &mut others };
            if !list.contains(&base) {
                list.push(base);
            }
        }
    }
    if free {
        eprintln!("xtask: {name} gets away on one of {}", profiles.join(" "));
        naming.clear();
    }
    naming.sort();
    Ok(Caught { profiles, naming, others: others.len() })
}

/// Ids of the cases that did not pass.
fn bad_cases(report: &Value) -> Vec<String> {
    let bad = report.get("bad").and_then(Value::as_array);
    bad.into_iter().flatten().filter_map(|case| text(case, "id")).collect()
}

/// The id without its parameters.
fn base(id: &str) -> String {
    id.split(':').next().unwrap_or(id).to_owned()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Does the work on every core, and keeps the order.
fn in_parallel<W: Sync, R: Send>(
    work: &[W],
    one: impl Fn(&W) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<R, Failure>)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some((at, work)) = taken(&next, work) {
                    let result = one(work);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().map_err(|_| Failure("a job panicked".to_owned()))?;
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn taken<'w, W>(next: &AtomicUsize, work: &'w [W]) -> Option<(usize, &'w W)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, work.get(at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Option<(bool, u64)> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Asked::parse(&words).ok().map(|asked| (asked.update, asked.seeds))
    }

    #[test]
    fn options_are_understood_or_told() {
        assert_eq!(asked(&[]), Some((false, SEEDS)));
        assert_eq!(asked(&["--seeds", "3", "--update"]), Some((true, 3)));
        for wrong in [&["--seeds"][..], &["--seeds", "0"], &["--seeds", "x"], &["update"]] {
            assert_eq!(asked(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn work_is_done_once_each_and_in_order() {
        let work: Vec<u32> = (0..100).collect();
        let done = in_parallel(&work, |number| Ok(number * 2)).unwrap();
        assert_eq!(done, (0..100).map(|number| number * 2).collect::<Vec<_>>());
        assert!(
            in_parallel(&work, |n| if *n == 7 { Err(Failure("no".into())) } else { Ok(()) })
                .is_err()
        );
    }

    #[test]
    fn bad_cases_are_taken_from_the_document_of_a_run() {
        let report =
            serde_json::json!({"bad": [{"id": "EP_XF_004:amount=1"}, {"id": "EP_XF_005"}]});
        let bases: Vec<String> = bad_cases(&report).iter().map(|id| base(id)).collect();
        assert_eq!(bases, ["EP_XF_004", "EP_XF_005"]);
    }
}
