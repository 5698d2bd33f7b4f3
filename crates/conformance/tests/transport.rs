//! Answers to reset, and what cards over T=0 and T=1 say below the commands.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use common::{bare_cases, case, profile, run_on, verdicts};
use conformance::run::Options;
use conformance::{Suites, Target, Verdict};
use emulator::{CardMaker, Protocol, VirtualCard};
use link::{Atr, CardTransport, LinkError};

fn card(name: &str, protocol: Protocol) -> VirtualCard {
    let mut card = CardMaker::new(profile(name)).expect("a profile").lab_card(7).expect("a card");
    card.set_protocol(protocol);
    VirtualCard::volatile(card)
}

#[test]
fn the_suite_passes_over_every_protocol() {
    let cases = &Suites::built_in().family("transport").unwrap().cases;
    for name in ["pboc", "jtt978", "psam-cjt166", "fmcos-blank"] {
        for protocol in [Protocol::T0, Protocol::T1, Protocol::Contactless] {
            let target = Target::controlled(Box::new(card(name, protocol))).fetching();
            let report = run_on(&profile(name), cases, target, Options::default());
            let bad = report.outcomes.iter().any(|outcome| outcome.verdict.is_bad());
            assert!(!bad, "{name}, {protocol:?}: {:#?}", verdicts(&report));
            let passed = |verdict: &Verdict| matches!(verdict, Verdict::Passed);
            let passed = report.outcomes.iter().filter(|outcome| passed(&outcome.verdict));
            assert!(passed.count() > 8, "{name}, {protocol:?}");
        }
    }
}

#[test]
fn steps_of_a_protocol_are_for_cards_that_talk_it_and_see_what_they_say() {
    let over = |protocol: &str, status: &str| {
        let step = "[[case.step]]\nselect = \"mf\"\nlength = 0";
        format!("{step}\nprotocol = \"{protocol}\"\nsw = \"{status}\"")
    };
    let cases = bare_cases(
        &[over("t0", "61xx"), over("t0", "9000"), over("t1", "61xx")]
            .iter()
            .zip(1..)
            .map(|(steps, number)| case(number, steps))
            .collect::<String>(),
    );
    let run = |protocol| {
        let target = Target::controlled(Box::new(card("jtt978", protocol))).fetching();
        verdicts(&run_on(&profile("jtt978"), &cases, target, Options::default()))
    };
    let refused = "failed 0 status word: 9000 / 6117";
    assert_eq!(run(Protocol::T0), ["passed", refused, "passed"]);
    let [first, second, third] = &run(Protocol::T1)[..] else { panic!("three cases") };
    assert_eq!([first, second], ["passed", "passed"]);
    assert!(third.starts_with("failed 0 status word: 61xx / 9000"), "{third}");
    assert_eq!(run(Protocol::Contactless), ["passed", "passed", "passed"]);
}

/// A card that gives another answer to reset.
struct Says(VirtualCard, Vec<u8>);

impl CardTransport for Says {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.0.reset().map(|_| Atr(self.1.clone()))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.0.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.0.transmit(command)
    }

    fn describe(&self) -> String {
        "a card with its own answer to reset".to_owned()
    }
}

#[test]
fn what_is_wrong_in_an_answer_to_reset_is_told() {
    let step = "[[case.step]]\ndo = \"reset\"\nexpect = { TS = \"3B\", \"historical bytes\" = \
                \"$historical\" }";
    let cases = bare_cases(&case(1, step));
    for (atr, expected) in [
        ("3B880150555253454B49549E", "passed"),
        (
            "3B880150555253454B495400",
            "failed 0 answer to reset: an answer to reset of the right form / \
             3B880150555253454B495400: TCK is wrong",
        ),
        (
            "3F880150555253454B49559F",
            "failed 0 TS: 3B / 3F; 0 historical bytes: 50555253454B4954 / 50555253454B4955",
        ),
    ] {
        let card = Says(card("jtt978", Protocol::T1), hex::decode(atr).unwrap());
        let target = Target::plain(Box::new(card));
        let report = run_on(&profile("jtt978"), &cases, target, Options::default());
        assert_eq!(verdicts(&report), [expected], "{atr}");
    }
}
