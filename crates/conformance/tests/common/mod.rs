//! Small suites, virtual cards, and cards that go wrong.
#![expect(clippy::expect_used, clippy::panic, reason = "a test helper may fail the test")]

use std::sync::Arc;
use std::time::Duration;

use applet_spec::Profile;
use conformance::run::{Clock, Event, Options};
use conformance::{Case, Outcome, Rules, RunReport, Runner, Suite, Target, Verdict};
use emulator::{CardMaker, VirtualCard};
use link::{Atr, CardControl, CardTransport, ControlError, LinkError};

const HEAD: &str = r#"
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
"#;

/// The cases of a suite of one rule, `lab.main`; cards begin with 100.00.
pub fn cases(text: &str) -> Vec<Arc<Case>> {
    suite(&format!("{HEAD}\n{text}"))
}

/// The same without settings of the card.
pub fn bare_cases(text: &str) -> Vec<Arc<Case>> {
    let head = HEAD.split("[defaults]").next().expect("a head");
    suite(&format!("{head}\n{text}"))
}

fn suite(text: &str) -> Vec<Arc<Case>> {
    Suite::parse(text, "lab.toml", &Rules::default()).unwrap_or_else(|e| panic!("{e}")).cases
}

/// A case: its number and steps.
pub fn case(number: u32, steps: &str) -> String {
    format!(
        "[[case]]\nid = \"LAB_{number:03}\"\npurpose = \"Case {number}\"\npurpose-zh = \"用例 \
         {number}\"\nrules = [\"lab.main\"]\n{steps}\n"
    )
}

/// Time that passes by itself.
#[derive(Default)]
pub struct Ticks {
    pub now: Duration,
    pub step: Duration,
}

impl Clock for Ticks {
    fn now(&mut self) -> Duration {
        self.now += self.step;
        self.now
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }
}

pub fn profile(name: &str) -> Arc<Profile> {
    Profile::find(name).expect("a built-in profile").clone()
}

/// A fresh card.
pub fn card(profile: &Arc<Profile>) -> VirtualCard {
    let maker = CardMaker::new(profile.clone()).expect("the profile makes cards");
    VirtualCard::volatile(maker.lab_card(7).expect("a lab card"))
}

/// Runs cases against a target.
pub fn run_on(
    profile: &Profile,
    cases: &[Arc<Case>],
    mut target: Target,
    options: Options,
) -> RunReport {
    let custody = profile.lab_custody();
    let mut clock = Ticks { now: Duration::ZERO, step: Duration::from_millis(3) };
    let mut ends = 0;
    let mut observer = |event: &Event<'_>| {
        if let Event::CaseEnded(_) = event {
            ends += 1;
        }
    };
    let report =
        Runner::new(profile, &custody, &mut clock, options).run(cases, &mut target, &mut observer);
    assert_eq!(ends, report.outcomes.len(), "the observer hears of every outcome");
    report
}

/// Runs them against a fresh card of jtt978 in one's own hands.
pub fn run(cases: &[Arc<Case>]) -> RunReport {
    let profile = profile("jtt978");
    let card = Target::controlled(Box::new(card(&profile)));
    run_on(&profile, cases, card, Options::default())
}

/// Verdicts as words, one for each outcome.
pub fn verdicts(report: &RunReport) -> Vec<String> {
    report.outcomes.iter().map(verdict).collect()
}

pub fn verdict(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed(findings) => {
            let line = |f: &conformance::Finding| {
                let step = f.step.map_or("-".to_owned(), |step| step.to_string());
                format!("{step} {}: {} / {}", f.what.en, f.expected.en, f.actual.en)
            };
            format!("failed {}", findings.iter().map(line).collect::<Vec<_>>().join("; "))
        }
        Verdict::Skipped(reason) => format!("skipped {}", reason.en),
        Verdict::Broken(problem) => format!("broken {}", problem.en),
    }
}

type Twist =
    Box<dyn FnMut(&mut VirtualCard, &[u8], &mut Result<Vec<u8>, LinkError>) + std::marker::Send>;

/// A card that does something more after a command or a reset (an empty command), or answers
/// otherwise.
pub struct Rigged {
    pub card: VirtualCard,
    pub twist: Twist,
}

impl Rigged {
    pub fn new(
        card: VirtualCard,
        twist: impl FnMut(&mut VirtualCard, &[u8], &mut Result<Vec<u8>, LinkError>)
        + std::marker::Send
        + 'static,
    ) -> Self {
        Self { card, twist: Box::new(twist) }
    }
}

impl CardTransport for Rigged {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let answer = self.card.reset();
        let mut told = match &answer {
            Ok(atr) => Ok(atr.0.clone()),
            Err(_) => Err(LinkError::Mute),
        };
        (self.twist)(&mut self.card, &[], &mut told);
        answer
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let mut answer = self.card.transmit(command);
        (self.twist)(&mut self.card, command, &mut answer);
        answer
    }

    fn describe(&self) -> String {
        "rigged card".to_owned()
    }
}

impl CardControl for Rigged {
    fn insert(&mut self) -> Result<(), ControlError> {
        self.card.insert()
    }

    fn remove(&mut self) -> Result<(), ControlError> {
        self.card.remove()
    }

    fn inserted(&self) -> bool {
        self.card.inserted()
    }

    fn tear(&mut self, write: u64) -> Result<(), ControlError> {
        self.card.tear(write)
    }

    fn snapshot(&mut self, name: &str) -> Result<(), ControlError> {
        self.card.snapshot(name)
    }

    fn restore(&mut self, name: &str) -> Result<(), ControlError> {
        self.card.restore(name)
    }

    fn resume(&mut self, name: &str) -> Result<(), ControlError> {
        self.card.resume(name)
    }

    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError> {
        self.card.rehearse(commands)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError> {
        self.card.set(key, value)
    }

    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        self.card.status()
    }
}
