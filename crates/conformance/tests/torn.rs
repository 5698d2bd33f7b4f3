//! Power lost at every write.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use common::{Rigged, card, case, cases, profile, run, run_on, verdicts};
use conformance::run::{Options, Tears};
use conformance::{RunReport, Target};
use emulator::VirtualCard;
use link::{CardControl, LinkError};

const TORN: &str = r#"
[[case.step]]
send = "initialize-for-purchase"
with = { amount = "2.50" }

[[case.step]]
send = "debit-for-purchase"
tear = "every-write"
expect = { TAC = "tac()", MAC2 = "mac2()" }
changes = ["ep.balance", "ep.offline", "file.18", "proof"]

[[case.step]]
send = "get-balance"
expect = { balance = "97.50" }
"#;

fn run_rigged(
    twist: impl FnMut(&mut VirtualCard, &[u8], &mut Result<Vec<u8>, LinkError>) + Send + 'static,
) -> RunReport {
    let profile = profile("jtt978");
    let target = Target::controlled(Box::new(Rigged::new(card(&profile), twist)));
    run_on(&profile, &cases(&case(1, TORN)), target, Options::default())
}

#[test]
fn a_purchase_is_whole_wherever_power_is_lost() {
    let report = run(&cases(&case(1, TORN)));
    assert_eq!(verdicts(&report), ["passed"]);
    let titles: Vec<&str> =
        report.outcomes[0].steps.iter().map(|step| step.title.en.as_str()).collect();
    let torn = titles.iter().find(|title| title.starts_with("power lost")).expect("a note");
    let numbers: Vec<u32> =
        torn.split(|c: char| !c.is_ascii_digit()).flat_map(str::parse).collect();
    assert!(numbers[0] > 5 && numbers[1] > 5, "{torn}");
}

#[test]
fn a_whole_transaction_is_torn_at_each_of_its_commands() {
    let step = |kind: &str, changes: &str| {
        format!(
            "[[case.step]]\nrun = \"{kind}\"\nwith = {{ amount = \"2.50\" }}\ntear = \
             \"every-write\"\nchanges = {changes}\n"
        )
    };
    let text = case(1, &step("purchase", r#"["ep.balance", "ep.offline", "file.18", "proof"]"#))
        + &case(2, &step("load", r#"["ep.balance", "ep.online", "file.18", "proof"]"#))
        + &case(3, "[[case.step]]\nsend = \"get-balance\"\ntear = \"every-write\"\n");
    let report = run(&cases(&text));
    assert_eq!(verdicts(&report), ["passed"; 3]);
    let writes = |at: usize| {
        let steps = report.outcomes[at].steps.iter();
        steps.filter(|step| step.title.en.starts_with("power lost at each of 0 writes")).count()
    };
    assert_eq!(writes(2), 1, "GET BALANCE writes nothing");
}

#[test]
fn a_purchase_that_is_half_done_is_found() {
    let report = run_rigged(|card, command, answer| {
        if command.get(1) == Some(&0x54) && answer.is_err() {
            card.set("ep.balance", "97.50").expect("a purse");
        }
    });
    let [verdict] = &verdicts(&report)[..] else { panic!("one case") };
    assert!(verdict.starts_with("failed 1 EP balance, and "), "{verdict}");
    assert!(
        verdict.contains("power lost at write 1: not as before or after the step"),
        "{verdict}"
    );
}

#[test]
fn a_purchase_that_is_undone_by_a_later_loss_is_found() {
    let mut torn = 0;
    let report = run_rigged(move |card, command, answer| {
        if command.get(1) == Some(&0x54) && answer.is_err() {
            torn += 1;
            if torn == 1 {
                card.resume("conform-after").expect("the runner's snapshot");
            }
        }
    });
    let [verdict] = &verdicts(&report)[..] else { panic!("one case") };
    assert!(verdict.contains("not as after the step"), "{verdict}");
}

#[test]
fn a_recovery_that_cannot_be_torn_itself_is_found() {
    let report = run_rigged(|card, command, answer| {
        if command.is_empty() && answer.is_err() {
            card.set("offline-serial", "9").expect("a purse");
        }
    });
    let [verdict] = &verdicts(&report)[..] else { panic!("one case") };
    assert!(verdict.contains("at write 1 of the recovery"), "{verdict}");
}

#[test]
fn where_every_tear_takes_a_second_some_of_them_are_made_and_the_report_says_so() {
    let profile = profile("jtt978");
    let target = Target::controlled(Box::new(card(&profile)));
    let options = Options { tears: Tears::Spread(3), ..Options::default() };
    let report = run_on(&profile, &cases(&case(1, TORN)), target, options);
    assert_eq!(verdicts(&report), ["passed"]);
    let mut titles = report.outcomes[0].steps.iter().map(|step| step.title.en.as_str());
    let torn = titles.find(|title| title.starts_with("power lost")).expect("a note");
    assert!(torn.starts_with("power lost at 3 of "), "{torn}");

    let twist = |card: &mut VirtualCard, command: &[u8], answer: &mut Result<_, _>| {
        if command.get(1) == Some(&0x54) && answer.is_err() {
            card.set("ep.balance", "97.50").expect("a purse");
        }
    };
    let target = Target::controlled(Box::new(Rigged::new(card(&profile), twist)));
    let options = Options { tears: Tears::Spread(1), ..Options::default() };
    let report = run_on(&profile, &cases(&case(1, TORN)), target, options);
    assert!(verdicts(&report)[0].contains("not as before or after the step"));
}
