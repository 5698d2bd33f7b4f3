//! What is selected, and what happens when card or link fail.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::sync::{Arc, Mutex};
use std::thread;

use common::{Rigged, bare_cases, card, case, cases, profile, run_on, verdicts};
use conformance::run::{Hand, Options, Order, Partition, Stop, Trace, select};
use conformance::{Case, RunReport, Target};
use emulator::VirtualCard;
use emulator::links::{SharedCard, bind, control, hexline};
use link::{BitFlips, CardControl, CardTransport, Fault, LinkError, Loss, Mute, Repeat};
use proptest::prelude::*;
use reader::{ControlClient, HexLineClient, Timeouts};

const BALANCE: &str = "[[case.step]]\nsend = \"get-balance\"\n";

fn some_cases(count: u32) -> Vec<Arc<Case>> {
    bare_cases(&(1..=count).map(|n| case(n, BALANCE)).collect::<String>())
}

fn run_rigged(
    cases: &[Arc<Case>],
    options: Options,
    twist: impl FnMut(&mut VirtualCard, &[u8], &mut Result<Vec<u8>, LinkError>) + Send + 'static,
) -> RunReport {
    let profile = profile("jtt978");
    let target = Target::controlled(Box::new(Rigged::new(card(&profile), twist)));
    run_on(&profile, cases, target, options)
}

fn run_plain(cases: &[Arc<Case>], transport: impl CardTransport + 'static) -> RunReport {
    run_on(&profile("jtt978"), cases, Target::plain(Box::new(transport)), Options::default())
}

#[test]
fn cases_are_selected_by_id_text_and_part_and_unknown_ids_are_told() {
    let cases = some_cases(6);
    let profile = profile("jtt978");
    let ids = |options: &Options| -> Vec<String> {
        select(&cases, options, &profile, Hand::AtTheCard).run().map(|c| c.id.clone()).collect()
    };
    let only = Options { only: vec!["LAB_004".into(), "LAB_002".into()], ..Options::default() };
    assert_eq!(ids(&only), ["LAB_002", "LAB_004"]);
    let text = Options { containing: Some("CASE 3".into()), ..Options::default() };
    assert_eq!(ids(&text), ["LAB_003"]);
    let rule = Options { containing: Some("lab.main".into()), ..Options::default() };
    assert_eq!(ids(&rule).len(), 6);
    let odd = Options { only: vec!["LAB_404".into()], ..Options::default() };
    assert_eq!(select(&cases, &odd, &profile, Hand::AtTheCard).unknown, ["LAB_404"]);
    let shuffled = |seed| Options { order: Order::Shuffled(seed), ..Options::default() };
    assert_eq!(ids(&shuffled(1)), ids(&shuffled(1)));
    assert_ne!(ids(&shuffled(1)), ids(&shuffled(2)));
    let mut sorted = ids(&shuffled(1));
    sorted.sort();
    assert_eq!(sorted, ids(&Options::default()));
}

proptest! {
    #[test]
    fn every_case_is_in_exactly_one_part(base in "[A-Z]{2}_[A-Z0-9_]{1,12}", of in 1_u32..40) {
        let parts = (1..=of).filter_map(|part| Partition::new(part, of));
        prop_assert_eq!(parts.filter(|part| part.holds(&base)).count(), 1);
    }

    #[test]
    fn parts_of_a_suite_make_the_suite(of in 1_u32..7, seed: u64) {
        let cases = some_cases(20);
        let profile = profile("jtt978");
        let mut together = Vec::new();
        for part in 1..=of {
            let partition = Partition::new(part, of);
            let options =
                Options { partition, order: Order::Shuffled(seed), ..Options::default() };
            let selection = select(&cases, &options, &profile, Hand::None);
            together.extend(selection.run().map(|case| case.id.clone()));
        }
        together.sort();
        prop_assert_eq!(together, cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn turned_bits_give_verdicts_for_every_case_and_no_panic(seed: u32, one_in in 1_u32..6) {
        let profile = profile("jtt978");
        let text = case(1, BALANCE)
            + &case(2, "[[case.step]]\nrun = \"purchase\"\nwith = { amount = \"0.01\" }\nchanges = [\"anything\"]\n")
            + &case(3, "[[case.step]]\nselect = \"application\"\ntlv = { \"6F/A5/9F0C\" = \"present\" }\n");
        let faulty = Fault::new(card(&profile)).flips(BitFlips::new(seed, one_in));
        let target = Target::controlled(Box::new(faulty)).fetching();
        let report = run_on(&profile, &cases(&text), target, Options::default());
        prop_assert!(report.outcomes.len() == 3 || report.broken_off.is_some());
    }
}

#[test]
fn a_run_stops_at_the_first_failure_where_it_is_asked_to() {
    let text = case(1, BALANCE)
        + &case(2, "[[case.step]]\nsend = \"get-balance\"\nlength = 9\n")
        + &case(3, BALANCE);
    let options = Options { stop: Stop::AtFirstFailure, ..Options::default() };
    let report = run_rigged(&cases(&text), options, |_, _, _| {});
    assert_eq!(report.counts().passed, 1);
    assert_eq!(report.counts().failed, 1);
    assert_eq!((report.outcomes.len(), report.broken_off), (2, None));
}

#[test]
fn a_case_that_passes_only_when_it_is_tried_again_is_told_as_such() {
    let flaky = || {
        let mut asked = 0;
        move |_: &mut VirtualCard, command: &[u8], answer: &mut Result<Vec<u8>, LinkError>| {
            if command.get(1) == Some(&0x5C) {
                asked += 1;
                if asked == 2 {
                    *answer = Ok(vec![0x6F, 0x00]);
                }
            }
        }
    };
    let report = run_rigged(&some_cases(3), Options::default(), flaky());
    assert_eq!(report.counts().failed, 1);
    let options = Options { retries: 2, ..Options::default() };
    let report = run_rigged(&some_cases(3), options, flaky());
    let tries: Vec<u32> = report.outcomes.iter().map(|outcome| outcome.tries).collect();
    assert_eq!((report.counts().passed, tries), (3, vec![1, 2, 1]));
}

#[test]
fn traces_are_kept_of_failures_only_where_that_is_asked() {
    let text = case(1, BALANCE) + &case(2, "[[case.step]]\nsend = \"get-balance\"\nlength = 9\n");
    let options = Options { trace: Trace::Failures, ..Options::default() };
    let report = run_rigged(&cases(&text), options, |_, _, _| {});
    let steps: Vec<usize> = report.outcomes.iter().map(|outcome| outcome.steps.len()).collect();
    assert_eq!(steps, [0, 1]);
}

#[test]
fn a_card_that_falls_silent_breaks_its_case_and_the_run_goes_on() {
    let profile = profile("jtt978");
    let mute = |repeat| Mute { at: 5, loss: Loss::Answer, repeat };
    let steps = BALANCE.repeat(8);
    let text = case(1, &steps) + &case(2, &steps);
    for (repeat, second) in [(Repeat::Once, "passed"), (Repeat::Always, "broken the card gave no")]
    {
        let faulty = Fault::new(card(&profile)).mute(mute(repeat));
        let target = Target::controlled(Box::new(faulty));
        let report = run_on(&profile, &cases(&text), target, Options::default());
        let verdicts = verdicts(&report);
        assert!(verdicts[0].starts_with("broken the card gave no answer"), "{}", verdicts[0]);
        assert!(verdicts[1].starts_with(second), "{}", verdicts[1]);
        assert_eq!(report.broken_off, None);
        let last = report.outcomes[0].steps.last().expect("a step");
        assert_eq!(last.exchanges[0].answer, None);
    }
}

#[test]
fn an_answer_without_status_word_breaks_the_case() {
    for garbage in [vec![], vec![0x90]] {
        let report = run_rigged(&some_cases(2), Options::default(), move |_, command, answer| {
            if command.get(1) == Some(&0x5C) {
                *answer = Ok(garbage.clone());
            }
        });
        for verdict in verdicts(&report) {
            assert!(verdict.contains("no status word"), "{verdict}");
        }
    }
}

#[test]
fn a_card_that_is_pulled_out_by_somebody_is_put_back_by_the_hand() {
    let mut asked = 0;
    let report = run_rigged(&some_cases(3), Options::default(), move |card, command, answer| {
        if command.get(1) == Some(&0x5C) {
            asked += 1;
            if asked == 1 {
                card.remove().expect("a card");
                *answer = Err(LinkError::NoCard("the reader".into()));
            }
        }
    });
    let verdicts = verdicts(&report);
    assert!(verdicts[0].starts_with("broken no card in the reader"), "{}", verdicts[0]);
    assert_eq!(verdicts[1..], ["passed", "passed"]);
}

/// A card that is gone after some commands.
struct Leaving {
    card: VirtualCard,
    left: u32,
}

impl CardTransport for Leaving {
    fn reset(&mut self) -> Result<link::Atr, LinkError> {
        if self.left == 0 { Err(LinkError::NoCard("reader 1".into())) } else { self.card.reset() }
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(LinkError::NoCard("reader 1".into()));
        }
        self.card.transmit(command)
    }

    fn describe(&self) -> String {
        "reader 1".into()
    }
}

#[test]
fn a_card_that_is_gone_ends_the_run_with_what_ran() {
    let card = card(&profile("jtt978"));
    let whole = run_plain(&some_cases(1), card);
    assert_eq!(verdicts(&whole), ["passed"]);
    for left in [0, 1, 100, 700] {
        let card = common::card(&profile("jtt978"));
        let report = run_plain(&some_cases(9), Leaving { card, left });
        let reason = &report.broken_off.as_ref().expect("it was broken off").en;
        assert!(reason.contains("no card in reader 1"), "{reason}");
        assert!(report.outcomes.len() < 9);
        let (last, before) = match verdicts(&report).split_last() {
            Some((last, before)) => (last.clone(), before.to_vec()),
            None => continue,
        };
        assert!(last.starts_with("broken no card"), "{last}");
        assert!(before.iter().all(|verdict| verdict == "passed"));
        assert!(left < 700 || before.len() > 1);
    }
}

#[test]
fn a_suite_gives_the_same_verdicts_over_sockets_with_the_control_channel() {
    let steps = r#"
[[case.step]]
run = "purchase"
with = { amount = "2.50" }
tear = "every-write"
changes = ["ep.balance", "ep.offline", "file.18", "proof"]

[[case.step]]
do = "remove"

[[case.step]]
do = "insert"

[[case.step]]
do = "reset"

[[case.step]]
set = { balance = "3.00" }
"#;
    let text = case(1, steps)
        + &case(2, steps)
        + &case(3, "[[case.step]]\nrun = \"purchase\"\nwith = { amount = \"1.00\" }\n");
    let cases = cases(&text);
    let profile = profile("jtt978");
    let here = Target::controlled(Box::new(card(&profile)));
    let expected = verdicts(&run_on(&profile, &cases, here, Options::default()));
    assert_eq!(expected[..2], ["passed", "passed"]);
    assert!(expected[2].starts_with("failed 0 "), "{}", expected[2]);

    let shared = SharedCard::new(Arc::new(Mutex::new(card(&profile))));
    let [commands, hand] = [(); 2].map(|()| bind("127.0.0.1:0").expect("a port"));
    thread::scope(|scope| {
        scope.spawn(|| hexline::serve(&shared, &commands));
        scope.spawn(|| control::serve(&shared, &hand));
        let timeouts = Timeouts::default();
        let transport = HexLineClient::connect(&commands.address.to_string(), timeouts);
        let control = ControlClient::connect(&hand.address.to_string(), timeouts);
        let target = Target::with_control(
            Box::new(transport.expect("the card")),
            Box::new(control.expect("the hand")),
        );
        let there = verdicts(&run_on(&profile, &cases, target, Options::default()));
        shared.stop();
        assert_eq!(there, expected);
    });
}
