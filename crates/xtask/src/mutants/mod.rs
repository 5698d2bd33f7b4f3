//! Mutation testing of the card, with the conformance suite as the judge: does the suite notice
//! when the card is wrong in some small way? `docs/design/mutants.md` says why it is done so.
//!
//! One build holds every mutant, each behind a switch; the suite of the unmutated `purse` runs on
//! the mutated card once for each mutant, until a case fails.

mod asked;
mod build;
mod catalogue;
mod constants;
mod control;
mod files;
mod find;
mod git;
mod harmless;
mod judge;
mod lists;
mod operators;
mod options;
mod report;
mod rewrite;
mod run;
mod seams;
mod site;
mod tree;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use asked::Asked;
use catalogue::{Mutant, MutatedFile};
use harmless::Harmless;
use judge::Court;
use options::Options;
use report::Report;
use run::Fate;

use crate::command::{Failure, cargo, root, run as execute};

/// Paths whose change makes the committed score old, beside the mutated files.
const JUDGES: &[&str] = &["tests/suites", "crates/conformance", "tests/mutants/harmless.toml"];

/// `cargo xtask mutants`.
pub fn task(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    if options.report {
        return told();
    }
    let mut files = catalogue::of(&root())?;
    if options.list {
        return list(&files, &options);
    }
    judged(&mut files, &options, None)
}

/// Judges the mutants that are asked for, by `purse` as it is in this tree, or by another judge.
fn judged(
    files: &mut [MutatedFile],
    options: &Options,
    judge: Option<PathBuf>,
) -> Result<(), Failure> {
    let harmless = Harmless::read(&root())?;
    let all = mutants(files);
    let asked = Asked::of(options)?;
    if options.sample.is_none() && !all.iter().any(|mutant| asked.has(mutant)) {
        eprintln!("xtask: {} mutants, none of those that are asked for", all.len());
        return Ok(());
    }
    // Before the tree is copied: it may have moved on when everything is judged.
    let of = Origin { revision: git::revision()?, clean: clean()? };
    let folder = folder();
    let tree = tree::Tree::copy(folder.join("tree"))?;
    let start = Instant::now();
    let built = build::build(&tree, &folder.join("build"), files)?;
    let viable = mutants(files);
    eprintln!(
        "xtask: {} mutants in one program, {} more do not compile, built in {:.0} s",
        viable.len(),
        built.refused,
        start.elapsed().as_secs_f64()
    );
    let judge = judge.map_or_else(purse, Ok)?;
    let court = Court::new(judge, built.program)?;
    let baselines = run::baselines(&court, &folder)?;
    // Their entries are tested by `--survivors`, `--only` and `--file`.
    let excused =
        |mutant: &&Mutant| options.passes_over_harmless() && harmless.rule(mutant).is_some();
    let (excused, judged): (Vec<&Mutant>, Vec<&Mutant>) = viable.iter().partition(excused);
    let (chosen, mut rest): (Vec<Mutant>, Vec<Mutant>) =
        judged.into_iter().cloned().partition(|mutant| asked.has(mutant));
    let mut fates = run::judge_all(&court, &baselines, &chosen, None)?;
    fates.extend(excused.iter().map(|mutant| (mutant.id, Fate::Harmless)));
    if let Some(seconds) = options.sample {
        let seed = options.seed.map_or_else(seed, Ok)?;
        rest.retain(|mutant| asked.samples(mutant));
        eprintln!("xtask: a sample of {} for {seconds} s, --seed {seed}", rest.len());
        shuffle(&mut rest, seed);
        let until = Instant::now() + Duration::from_secs(seconds);
        fates.extend(run::judge_all(&court, &baselines, &rest, Some(until))?);
    }

    for mutant in &viable {
        if let (Some(Fate::Caught(how)), Some(rule)) =
            (fates.get(&mutant.id), harmless.rule(mutant))
        {
            eprintln!("xtask: caught ({how}), so not '{rule}': {mutant}");
        }
    }
    let mut report = Report::of(&viable, &fates, &harmless);
    report.refused = built.refused;
    if options.sample.is_some() {
        report.not_judged = viable.len().saturating_sub(fates.len());
    }
    harmless.stale(&all).iter().for_each(|stale| eprintln!("xtask: {stale}; take it out"));
    println!("{report}");
    let unjudged = fates.values().filter(|fate| matches!(fate, Fate::Unjudged(_))).count();
    if unjudged > 0 {
        return Err(Failure(format!(
            "the judge failed on {unjudged} mutants; they are told above"
        )));
    }
    if options.is_full() || options.write {
        return written(report, of);
    }
    if options.changed.is_some() || options.sample.is_some() {
        return compared(&report, &chosen);
    }
    Ok(())
}

/// What was judged.
struct Origin {
    revision: String,
    /// Everything in it is committed.
    clean: bool,
}

fn clean() -> Result<bool, Failure> {
    Ok(git::changed_files("HEAD", &["."])?.iter().all(|name| name == report::FILE))
}

/// Writes the report of a full run.
fn written(mut report: Report, of: Origin) -> Result<(), Failure> {
    report.revision = of.revision;
    report.clean = of.clean;
    report.date = today()?;
    report.write(&root())?;
    eprintln!("xtask: written to {}", report::FILE);
    Ok(())
}

/// A part of the mutants fails where one survives that is neither harmless nor known. Where the
/// committed report is of a sample, what it did not come to is only told; `chosen` are the mutants
/// that were asked for.
fn compared(report: &Report, chosen: &[Mutant]) -> Result<(), Failure> {
    let known = Report::read(&root())?;
    let mut new = report.new_since(&known);
    if known.not_judged > 0 {
        let asked = |survivor: &&report::Survivor| chosen.iter().any(|one| survivor.is(one));
        let (of_chosen, others): (Vec<_>, Vec<_>) = new.into_iter().partition(asked);
        others
            .iter()
            .for_each(|survivor| println!("survives, and was not judged before: {survivor}"));
        new = of_chosen;
    }
    new.iter().for_each(|survivor| println!("survives, and did not before: {survivor}"));
    match new.len() {
        0 => Ok(()),
        count => Err(Failure(format!(
            "{count} mutants survive that {} does not have: write a case that catches them, or say \
             in {} by which rule they are harmless",
            report::FILE,
            harmless::FILE
        ))),
    }
}

/// The committed score.
fn told() -> Result<(), Failure> {
    let report = Report::read(&root())?;
    let dirty = if report.clean { "" } else { ", with changes that were not committed" };
    println!("mutants of revision {}{dirty}, judged on {}", report.revision, report.date);
    println!("{report}");
    report.survivor.iter().for_each(|survivor| println!("survived: {survivor}"));
    let mut paths: Vec<&str> = files::FILES.iter().map(|(path, _)| *path).collect();
    paths.extend(JUDGES);
    let changed = git::changed_files(&report.revision, &paths)?;
    if !changed.is_empty() {
        println!(
            "card or suite have changed since ({} files, such as {}): cargo xtask mutants",
            changed.len(),
            changed.first().map_or("", String::as_str)
        );
    }
    Ok(())
}

fn list(files: &[MutatedFile], options: &Options) -> Result<(), Failure> {
    let asked = Asked::of(options)?;
    let mut chosen = mutants(files);
    chosen.retain(|mutant| asked.has(mutant));
    let text: String = chosen.iter().map(|mutant| format!("{mutant}\n")).collect();
    // Whoever reads may have seen enough.
    _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    eprintln!("xtask: {} mutants", chosen.len());
    Ok(())
}

fn mutants(files: &[MutatedFile]) -> Vec<Mutant> {
    files.iter().flat_map(MutatedFile::mutants).collect()
}

/// A random order: the same for the same seed.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        // splitmix64
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        items.swap(last, (mixed % (last as u64 + 1)) as usize);
    }
}

/// The seed of a sample that is not told one: another one for each revision.
fn seed() -> Result<u64, Failure> {
    let revision = git::revision()?;
    Ok(revision.get(..8).and_then(|start| u64::from_str_radix(start, 16).ok()).unwrap_or_default())
}

/// Builds the judge.
fn purse() -> Result<PathBuf, Failure> {
    execute(&mut cargo(&["build", "--release", "--package", "cli"]))?;
    Ok(target().join("release").join("purse"))
}

fn folder() -> PathBuf {
    target().join("mutants")
}

fn target() -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(own)
}

fn today() -> Result<String, Failure> {
    let output = Command::new("date")
        .args(["-u", "+%F"])
        .output()
        .map_err(|error| Failure(format!("cannot run date: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
