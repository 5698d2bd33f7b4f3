//! All mutants before the judge, two at a time, profile by profile until one notices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::catalogue::Mutant;
use super::files::judges;
use super::judge::{Accused, Breadth, Court, Verdict};
use crate::command::Failure;

/// Mutants that are judged at the same time.
const JOBS: usize = 2;

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A suite noticed: which, and how.
    Caught(String),
    /// None did.
    Survived,
    /// No suite came by it.
    NotReached,
    /// Harmless by a rule, and so not judged: it counts as not caught all the same.
    Harmless,
    /// The judge failed, and how.
    Unjudged(String),
}

/// What a run of the unmutated card showed about a profile.
pub struct Baseline {
    /// Mutants that its suite comes by.
    reached: BTreeSet<u32>,
    /// How long a suite may take on a mutant.
    limit: Duration,
}

/// Runs every profile's suite on the card as it should be.
///
/// # Errors
/// A suite does not pass: no mutant can be judged by it.
pub fn baselines(
    court: &Court,
    folder: &Path,
) -> Result<BTreeMap<&'static str, Baseline>, Failure> {
    const FIRST: Duration = Duration::from_secs(300);
    const LEAST: Duration = Duration::from_secs(10);
    let mut out = BTreeMap::new();
    for profile in judges() {
        let record = folder.join(format!("reached-{}", profile.replace('/', "-")));
        let start = Instant::now();
        let verdict =
            court.judge(Accused::Recording(&record), profile, Breadth::Everything, FIRST)?;
        let took = start.elapsed();
        if verdict != Verdict::Survived {
            return Err(Failure(format!(
                "the unmutated card does not pass the suite of {profile} ({}): mend that first; \
                 purse conform run all --card virtual:{profile}",
                words(&verdict)
            )));
        }
        let text = std::fs::read_to_string(&record)
            .map_err(|error| Failure(format!("cannot read {}: {error}", record.display())))?;
        let reached: BTreeSet<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        eprintln!("xtask: {profile}: {:.1} s, comes by {}", took.as_secs_f64(), reached.len());
        out.insert(profile, Baseline { reached, limit: (took * 5).max(LEAST) });
    }
    Ok(out)
}

/// Judges mutants in this order, until all are judged or the time is over.
///
/// # Errors
/// A program cannot be run.
pub fn judge_all(
    court: &Court,
    baselines: &BTreeMap<&'static str, Baseline>,
    mutants: &[Mutant],
    until: Option<Instant>,
) -> Result<BTreeMap<u32, Fate>, Failure> {
    let next = AtomicUsize::new(0);
    let fates = Mutex::new(Ok(BTreeMap::new()));
    let progress = Progress { all: mutants.len(), start: Instant::now() };
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while until.is_none_or(|until| Instant::now() < until)
                    && let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let fate = fate(court, baselines, mutant);
                    let mut fates = fates.lock().unwrap_or_else(|broken| broken.into_inner());
                    match (&mut *fates, fate) {
                        (Ok(known), Ok(fate)) => {
                            progress.tell(known.len() + 1, mutant, &fate);
                            known.insert(mutant.id, fate);
                        }
                        (Ok(_), Err(failure)) => *fates = Err(failure),
                        (Err(_), _) => return,
                    }
                }
            });
        }
    });
    fates.into_inner().unwrap_or_else(|broken| broken.into_inner())
}

fn fate(
    court: &Court,
    baselines: &BTreeMap<&'static str, Baseline>,
    mutant: &Mutant,
) -> Result<Fate, Failure> {
    let mut fate = Fate::NotReached;
    for profile in mutant.group.profiles().iter().copied() {
        let Some(baseline) = baselines.get(profile) else { continue };
        if !baseline.reached.contains(&mutant.id) {
            continue;
        }
        // The sweeps over all classes, instructions and parameters tell the same on every profile.
        let breadth = match fate {
            Fate::NotReached => Breadth::Everything,
            _ => Breadth::WithoutSweeps,
        };
        let accused = Accused::Mutant(mutant.id);
        let verdict = court.judge(accused, profile, breadth, baseline.limit)?;
        let said = format!("{profile}: {}", words(&verdict));
        match verdict {
            Verdict::Caught | Verdict::Silent | Verdict::Hung => return Ok(Fate::Caught(said)),
            Verdict::Survived if fate == Fate::NotReached => fate = Fate::Survived,
            Verdict::Survived => {}
            Verdict::Unjudged(_) => fate = Fate::Unjudged(said),
        }
    }
    Ok(fate)
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Survived => "passes".to_owned(),
        Verdict::Caught => "a case fails".to_owned(),
        Verdict::Silent => "the card is silent".to_owned(),
        Verdict::Hung => "it does not end".to_owned(),
        Verdict::Unjudged(why) => format!("the judge failed, {why}"),
    }
}

struct Progress {
    all: usize,
    start: Instant,
}

impl Progress {
    /// Each that is not caught, all where they are few, and now and then how far it is.
    fn tell(&self, judged: usize, mutant: &Mutant, fate: &Fate) {
        const NOW_AND_THEN: usize = 100;
        const FEW: usize = 20;
        match fate {
            Fate::Caught(how) if self.all <= FEW => eprintln!("xtask: caught ({how}): {mutant}"),
            Fate::Caught(_) | Fate::Harmless => {}
            Fate::Survived => eprintln!("xtask: survived: {mutant}"),
            Fate::NotReached => eprintln!("xtask: not reached: {mutant}"),
            Fate::Unjudged(why) => eprintln!("xtask: not judged ({why}): {mutant}"),
        }
        if judged.is_multiple_of(NOW_AND_THEN) || judged == self.all {
            let rate = judged as f64 / self.start.elapsed().as_secs_f64();
            eprintln!("xtask: {judged} of {} mutants judged, {rate:.1} a second", self.all);
        }
    }
}
