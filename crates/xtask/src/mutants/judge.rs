//! One mutated card before the judge: the unmutated `purse` runs the conformance suite on it.
//!
//! Card and judge are different programs, since both compute the same MACs with the same code: a
//! mutant that judged itself would find itself in order.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::Failure;

/// The two programs.
pub struct Court {
    /// The unmutated `purse`.
    judge: PathBuf,
    /// The mutated one.
    card: PathBuf,
    /// Families of suites, in the order in which they are run: the sweeps last.
    families: Vec<String>,
}

/// What the card is.
#[derive(Clone, Copy)]
pub enum Accused<'a> {
    /// A mutant.
    Mutant(u32),
    /// The card as it should be, which records the mutants it comes by.
    Recording(&'a Path),
}

/// How much of the suites is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Everything.
    Everything,
    /// Everything but [`SWEEPS`].
    WithoutSweeps,
}

/// The family that tries every class, instruction and parameter, which takes most of the time.
const SWEEPS: &str = "format";

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every case passed.
    Survived,
    /// A case failed.
    Caught,
    /// The card fell silent, or never began to speak.
    Silent,
    /// The suite took so long that the card or the flow must be going in circles.
    Hung,
    /// The judge itself failed; this says nothing about the card.
    Unjudged(String),
}

/// Cards whose start is waited for.
const START: Duration = Duration::from_secs(20);
const VARIABLES: [&str; 2] = ["PURSEKIT_MUTANT", "PURSEKIT_MUTANTS_REACHED"];

impl Court {
    /// Seats the unmutated `purse` over the mutated one.
    ///
    /// # Errors
    /// The judge cannot be run, or knows no suites.
    pub fn new(judge: PathBuf, card: PathBuf) -> Result<Self, Failure> {
        let mut command = Command::new(&judge);
        let listed = command.args(["conform", "list", "--families", "--json"]).output();
        let listed =
            listed.map_err(|error| Failure(format!("cannot run {}: {error}", judge.display())))?;
        let document: serde_json::Value = serde_json::from_slice(&listed.stdout)
            .map_err(|error| Failure(format!("purse conform list --families: {error}")))?;
        let families = document.get("families").and_then(|families| families.as_array());
        let names =
            families.into_iter().flatten().filter_map(|family| family.get("name")?.as_str());
        let mut families: Vec<String> = names.map(str::to_owned).collect();
        if families.is_empty() {
            return Err(Failure("purse conform list --families lists none".to_owned()));
        }
        families.sort_by_key(|name| name == SWEEPS);
        Ok(Self { judge, card, families })
    }

    /// Runs the suite of a profile.
    ///
    /// # Errors
    /// A program cannot be run.
    pub fn judge(
        &self,
        accused: Accused<'_>,
        profile: &str,
        breadth: Breadth,
        limit: Duration,
    ) -> Result<Verdict, Failure> {
        let Some(card) = Card::start(&self.card, accused, profile)? else {
            return Ok(Verdict::Silent);
        };
        let mut suite = Command::new(&self.judge);
        let wanted = |name: &&String| breadth == Breadth::Everything || *name != SWEEPS;
        suite
            .args(["conform", "run"])
            .args(self.families.iter().filter(wanted))
            .args(["--profile", protocol(profile).0])
            .args(["--card", &format!("tcp:{}", card.address), "--control", &card.control])
            .args(["--stop-on-first", "--quiet"]);
        let ended = timed(&mut suite, limit)?;
        Ok(match ended {
            None => Verdict::Hung,
            Some((status, said)) => verdict(status, &said),
        })
    }
}

/// A profile, and how its card talks: `pboc@t0` at T=0, without anything behind it at T=1.
fn protocol(profile: &str) -> (&str, &str) {
    profile.split_once('@').unwrap_or((profile, "t1"))
}

/// What an exit code of `purse conform` says; `docs/exit-codes.md` has them all.
fn verdict(status: ExitStatus, said: &str) -> Verdict {
    const CARD_GONE: i32 = 11;
    const TIMEOUT: i32 = 12;
    const TESTS_FAILED: i32 = 100;
    match status.code() {
        Some(0) => Verdict::Survived,
        Some(TESTS_FAILED) => Verdict::Caught,
        Some(CARD_GONE | TIMEOUT) => Verdict::Silent,
        _ => {
            let last = said.trim().lines().last().unwrap_or_default();
            Verdict::Unjudged(format!("{status}: {last}"))
        }
    }
}

/// A card that runs, until it is dropped.
struct Card {
    process: Child,
    address: String,
    control: String,
}

impl Card {
    /// Starts it and waits for its addresses; `None` where it never says them.
    fn start(program: &Path, accused: Accused<'_>, profile: &str) -> Result<Option<Self>, Failure> {
        const ANY: &str = "127.0.0.1:0";
        // A loop that gathers without end is to end itself, not this machine.
        const BOUNDED: &str = "ulimit -v 4000000; exec \"$0\" \"$@\"";
        let (profile, protocol) = protocol(profile);
        let mut command = Command::new("sh");
        command
            .args(["-c", BOUNDED])
            .arg(program)
            .args(["emulate", "--profile", profile, "--protocol", protocol, "--seed", "1"])
            .args(["--listen", ANY, "--control", ANY])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
        match accused {
            Accused::Mutant(id) => command.env("PURSEKIT_MUTANT", id.to_string()),
            Accused::Recording(path) => command.env("PURSEKIT_MUTANTS_REACHED", path),
        };
        let process = spawn(&mut command)?;
        let mut card = Self { process, address: String::new(), control: String::new() };
        let Some(words) = card.process.stderr.take() else { return Ok(None) };
        let (send, lines) = mpsc::channel();
        // Reads on to the end, so that the card never waits for room to write in.
        thread::spawn(move || {
            for line in BufReader::new(words).lines().map_while(Result::ok) {
                _ = send.send(line);
            }
        });
        let deadline = Instant::now() + START;
        while card.address.is_empty() || card.control.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else { return Ok(None) };
            for (word, place) in
                [("listening on ", &mut card.address), ("control on ", &mut card.control)]
            {
                if let Some((_, address)) = line.split_once(word) {
                    address.trim().clone_into(place);
                }
            }
        }
        Ok(Some(card))
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Runs a program to its end, or ends it when its time is over. Its status, and what it said to
/// people.
fn timed(command: &mut Command, limit: Duration) -> Result<Option<(ExitStatus, String)>, Failure> {
    const LOOK: Duration = Duration::from_millis(5);
    VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = spawn(command)?;
    let words = process.stderr.take();
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        words.map(|mut words| words.read_to_end(&mut said));
        String::from_utf8_lossy(&said).into_owned()
    });
    let deadline = Instant::now() + limit;
    loop {
        match process.try_wait() {
            Ok(Some(status)) => {
                return Ok(Some((status, reader.join().unwrap_or_default())));
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK),
            Ok(None) => {
                end(&mut process);
                return Ok(None);
            }
            Err(error) => return Err(Failure(format!("cannot wait for the judge: {error}"))),
        }
    }
}

fn spawn(command: &mut Command) -> Result<Child, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| Failure(format!("cannot run {program}: {error}")))
}

/// Ends a program of ours that may have ended already.
fn end(process: &mut Child) {
    _ = process.kill();
    _ = process.wait();
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const CARD: &str = "echo \"card x\" >&2; echo \"purse: listening on 127.0.0.1:7\" >&2
                        echo \"purse: control on 127.0.0.1:8\" >&2; exec sleep 60";

    fn court(name: &str, card: &str, judge: &str) -> Court {
        let folder = std::env::temp_dir().join(format!("mutants-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let script = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let families = vec!["all".to_owned()];
        Court { card: script("card", card), judge: script("judge", judge), families }
    }

    fn judged(name: &str, card: &str, judge: &str) -> Verdict {
        let court = court(name, card, judge);
        let verdict = court
            .judge(Accused::Mutant(7), "pboc", Breadth::Everything, Duration::from_millis(500))
            .unwrap();
        std::fs::remove_dir_all(court.card.parent().unwrap()).unwrap();
        verdict
    }

    #[test]
    fn the_judge_gets_both_addresses_and_its_exit_code_is_the_verdict() {
        let expected = "conform run all --profile pboc --card tcp:127.0.0.1:7 \
                        --control 127.0.0.1:8 --stop-on-first --quiet";
        let judge =
            format!("[ \"$*\" = \"{expected}\" ] && [ -z \"$PURSEKIT_MUTANT\" ] && exit 100");
        assert_eq!(judged("caught", CARD, &judge), Verdict::Caught);
        assert_eq!(judged("survived", CARD, "exit 0"), Verdict::Survived);
        assert_eq!(judged("gone", CARD, "exit 11"), Verdict::Silent);
        assert_eq!(judged("late", CARD, "exit 12"), Verdict::Silent);
    }

    #[test]
    fn the_card_is_told_which_mutant_it_is() {
        let card = format!("[ \"$PURSEKIT_MUTANT\" = 7 ] || exit 1\n{CARD}");
        assert_eq!(judged("told", &card, "exit 0"), Verdict::Survived);
    }

    #[test]
    fn a_judge_that_fails_says_nothing_about_the_card() {
        let verdict = judged("failed", CARD, "echo a; echo 'no such suite' >&2; exit 96");
        assert_eq!(verdict, Verdict::Unjudged("exit status: 96: no such suite".to_owned()));
    }

    #[test]
    fn a_suite_that_does_not_end_is_ended() {
        assert_eq!(judged("hung", CARD, "exec sleep 60"), Verdict::Hung);
    }

    #[test]
    fn a_card_that_does_not_start_is_silent() {
        assert_eq!(
            judged("dead", "echo 'listening on 127.0.0.1:7' >&2", "exit 0"),
            Verdict::Silent
        );
    }
}
