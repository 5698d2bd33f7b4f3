//! What passes, what fails and with which finding, what is skipped.

mod common;

use common::{Rigged, bare_cases, card, case, cases, profile, run, run_on, verdicts};
use conformance::run::{Destructive, Options};
use conformance::{Target, Verdict};
use link::CardControl;

const PURCHASE: &str = r#"
[[case.step]]
send = "initialize-for-purchase"
with = { amount = "2.50" }
expect = { balance = "100.00", "offline serial" = "0" }

[[case.step]]
send = "debit-for-purchase"
expect = { TAC = "tac()", MAC2 = "mac2()" }
changes = ["ep.balance", "ep.offline", "file.18", "proof"]

[[case.step]]
send = "get-balance"
expect = { balance = "97.50" }
"#;

#[test]
fn a_right_purchase_passes_and_every_case_begins_from_the_same_card() {
    let cases = cases(&(case(1, PURCHASE) + &case(2, PURCHASE)));
    let report = run(&cases);
    assert_eq!(verdicts(&report), ["passed", "passed"]);
    assert_eq!(report.heading.profile, "jtt978");
    assert!(report.heading.atr.starts_with("3B"), "{}", report.heading.atr);
    let steps = &report.outcomes[0].steps;
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[1].title.en, "DEBIT FOR PURCHASE");
    let sent: Vec<&[u8]> = steps.iter().map(|step| &step.exchanges[0].command[..2]).collect();
    assert_eq!(sent, [[0x80, 0x50], [0x80, 0x54], [0x80, 0x5C]]);
    // The same card, with the same randomness, in both.
    for (first, second) in steps.iter().zip(&report.outcomes[1].steps) {
        assert_eq!(first.exchanges[0].answer, second.exchanges[0].answer);
    }
}

#[test]
fn each_check_has_its_finding_with_the_rule_that_is_broken() {
    let balance = |check: &str| format!("[[case.step]]\nsend = \"get-balance\"\n{check}\n");
    let select = |check: &str| format!("[[case.step]]\nselect = \"application\"\n{check}\n");
    let checks = [
        (balance("sw = \"6985\""), "0 status word: 6985 / 9000"),
        (balance("sw = [\"63Cx\", \"69xx\"]"), "0 status word: 63Cx, 69xx / 9000"),
        (
            balance("expect = { balance = \"1.00\" }"),
            "0 balance: 1.00 yuan (100 fen) / 100.00 yuan (10000 fen)",
        ),
        (balance("data = \"00 ?? 27 11\""), "0 answer data: 00??2711 / 00002710"),
        (balance("length = 5"), "0 length of the answer data: 5 bytes / 4 bytes"),
        (balance("differs = \"00 00 27 10\""), "0 answer data: anything but 00002710"),
        (balance("within = \"2ms\""), "0 time of the answer: at most 2ms / 3ms"),
        (select("tlv = { \"6F/84\" = \"A0\" }"), "0 element 6F/84: A0 / A000000632010105"),
        (select("tlv = { \"6F/84\" = \"absent\" }"), "0 element 6F/84: absent / A0"),
        (select("tlv = { \"6F/99\" = \"present\" }"), "0 element 6F/99: present / 6F"),
        (balance("tlv = { \"6F\" = \"present\" }"), "0 element 6F"),
    ];
    let text: String = (0..).zip(&checks).map(|(n, (steps, _))| case(n, steps)).collect();
    let report = run(&cases(&text));
    for (verdict, (steps, expected)) in verdicts(&report).iter().zip(&checks) {
        assert!(verdict.starts_with(&format!("failed {expected}")), "{steps}\n{verdict}");
    }
    for outcome in &report.outcomes {
        let Verdict::Failed(findings) = &outcome.verdict else { panic!("it failed") };
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule.as_ref().expect("a rule").id, "lab.main");
    }
    let Verdict::Failed(findings) = &report.outcomes[3].verdict else { panic!("it failed") };
    let (wanted, actual) = findings[0].bytes.as_ref().expect("bytes");
    assert_eq!((&wanted[..2], &actual[..]), (&[Some(0), None][..], &[0, 0, 0x27, 0x10][..]));
}

#[test]
fn all_checks_of_the_failing_step_are_made_and_none_after_it() {
    let steps = "[[case.step]]\nsend = \"get-balance\"\nlength = 5\ndata = \"00\"\n\
                 [[case.step]]\nsend = \"get-balance\"\nlength = 6\n";
    let report = run(&cases(&case(1, steps)));
    let Verdict::Failed(findings) = &report.outcomes[0].verdict else { panic!("it failed") };
    assert_eq!(findings.iter().map(|finding| finding.step).collect::<Vec<_>>(), [Some(0); 2]);
    assert_eq!(report.outcomes[0].steps.len(), 1);
}

#[test]
fn a_value_that_a_step_captured_is_there_for_the_next() {
    let steps = r#"
[[case.step]]
send = "get-balance"
capture = { held = "balance", low = "data[2..4]" }

[[case.step]]
send = "get-balance"
expect = { balance = "$held" }
data = "0000 | $low"
"#;
    assert_eq!(verdicts(&run(&cases(&case(1, steps)))), ["passed"]);
}

#[test]
fn what_a_step_may_not_change_is_found_wherever_it_is() {
    let profile = profile("jtt978");
    for (setting, found) in [
        (
            ("ep.balance", "1.00"),
            "1 EP balance changed: 100.00 yuan (10000 fen) / 1.00 yuan (100 fen)",
        ),
        (("overdraft-limit", "5.00"), "1 EP balance, P1 01 changed"),
        (("offline-serial", "7"), "1 EP offline serial changed: 0 (0000) / 7 (0007)"),
        (("online-serial", "7"), "1 EP online serial changed: 0 (0000) / 7 (0007)"),
        (("pin-tries", "1"), "1 pin-tries changed: 3 / 1"),
        (("key-tries.maintenance.1", "1"), "1 key-tries.maintenance.1 changed: 3 / 1"),
        (("wrong-macs", "2"), "1 wrong-macs changed: 0 / 2"),
        (("record.19.1", "4142"), "1 file 19, record 1 changed"),
        (("file.16.3", "41"), "1 file 16 changed"),
        (("locked", "temporary"), "1 SELECT of the application changed"),
        (("log", "full"), "1 file 18, record 1 changed: 6A83 / "),
    ] {
        let value = setting.1.to_owned();
        let twist = move |card: &mut emulator::VirtualCard, command: &[u8], _: &mut _| {
            if command.get(1) == Some(&0x84) {
                card.set(setting.0, &value).expect("a setting");
            }
        };
        let steps = "[[case.step]]\nsend = \"get-balance\"\n[[case.step]]\nraw = \"0084000008\"\n";
        let target = Target::controlled(Box::new(Rigged::new(card(&profile), twist)));
        let report = run_on(&profile, &cases(&case(1, steps)), target, Options::default());
        let [verdict] = &verdicts(&report)[..] else { panic!("one case") };
        assert!(verdict.starts_with(&format!("failed {found}")), "{setting:?}: {verdict}");
    }
}

#[test]
fn a_change_that_is_named_is_none_and_every_other_is() {
    let profile = profile("jtt978");
    let twist = |card: &mut emulator::VirtualCard, command: &[u8], _: &mut _| {
        if command.get(1) == Some(&0x84) {
            card.set("ep.balance", "1.00").expect("a setting");
        }
    };
    let step =
        |changes: &str| format!("[[case.step]]\nraw = \"0084000008\"\nchanges = {changes}\n");
    let all = [r#"["ep.balance"]"#, r#"["anything"]"#, r#"["ep.offline", "proof"]"#];
    let text: String = (1..).zip(all).map(|(n, changes)| case(n, &step(changes))).collect();
    let target = Target::controlled(Box::new(Rigged::new(card(&profile), twist)));
    let verdicts = verdicts(&run_on(&profile, &cases(&text), target, Options::default()));
    assert_eq!(verdicts[..2], ["passed", "passed"]);
    assert!(verdicts[2].starts_with("failed 0 EP balance changed"), "{}", verdicts[2]);
}

#[test]
fn power_hands_and_settings_in_the_middle_of_a_case() {
    let steps = r#"
[[case.step]]
send = "get-challenge"

[[case.step]]
do = "reset"

[[case.step]]
send = "get-balance"
sw = "6xxx"

[[case.step]]
do = "remove"

[[case.step]]
do = "insert"

[[case.step]]
do = "reset"

[[case.step]]
set = { balance = "3.00", "offline-serial" = "9" }

[[case.step]]
select = "application"

[[case.step]]
send = "get-balance"
repeat = 3
expect = { balance = "3.00" }

[[case.step]]
do = "power-off"
"#;
    let report = run(&cases(&(case(1, steps) + &case(2, PURCHASE))));
    assert_eq!(verdicts(&report), ["passed", "passed"]);
}

#[test]
fn a_case_may_begin_reset_or_without_power() {
    let text = case(1, "start = \"reset\"\n[[case.step]]\nsend = \"get-balance\"\nsw = \"6xxx\"\n")
        + &case(2, "start = \"off\"\n[[case.step]]\ndo = \"reset\"\n")
        + &case(3, "start = \"off\"\n[[case.step]]\nsend = \"get-balance\"\n");
    let verdicts = verdicts(&run(&cases(&text)));
    assert_eq!(verdicts[..2], ["passed", "passed"]);
    assert!(verdicts[2].starts_with("broken the card gave no answer"), "{}", verdicts[2]);
}

#[test]
fn a_setting_that_the_card_refuses_fails_the_case() {
    let text =
        case(1, "card = { \"ed.balance\" = \"1.00\" }\n[[case.step]]\nsend = \"get-balance\"\n");
    let verdicts = verdicts(&run(&cases(&text)));
    assert!(verdicts[0].starts_with("failed - setting of the card: "), "{}", verdicts[0]);
}

#[test]
fn whole_transactions_are_run_and_checked_at_every_command() {
    let steps = |kind: &str, changes: &str| {
        format!(
            "[[case.step]]\nrun = \"{kind}\"\nwith = {{ amount = \"2.50\" }}\nchanges = {changes}\n"
        )
    };
    let spent = r#"["ep.balance", "ep.offline", "file.18", "proof"]"#;
    let good = case(1, &steps("purchase", spent));
    let tight = case(2, &steps("purchase", r#"["ep.balance", "ep.offline", "file.18"]"#));
    let verdicts = verdicts(&run(&cases(&(good + &tight))));
    assert_eq!(verdicts[0], "passed");
    assert!(verdicts[1].starts_with("failed 0 proof of transaction type 06"), "{}", verdicts[1]);
}

#[test]
fn a_card_without_a_hand_skips_what_needs_one_and_says_why() {
    let profile = profile("jtt978");
    let text = case(1, "[[case.step]]\nset = { balance = \"1.00\" }\n")
        + &case(
            2,
            "card = { \"offline-serial\" = \"5\" }\n[[case.step]]\nsend = \"get-balance\"\n",
        )
        + &case(3, "[[case.step]]\ndo = \"remove\"\n")
        + &case(4, "[[case.step]]\nsend = \"get-balance\"\ntear = \"every-write\"\n")
        + &case(5, "destructive = true\n[[case.step]]\nsend = \"get-balance\"\n")
        + &case(6, "applies = [\"ed\"]\n[[case.step]]\nsend = \"get-balance\"\n")
        + &case(7, "[[case.step]]\nsend = \"get-balance\"\n");
    let expected = [
        "skipped it sets values in its middle, which only an emulated card",
        "skipped it sets offline-serial=5, which only",
        "skipped the card is pulled out, which only",
        "skipped power is lost at every memory write, which only",
        "skipped not for jtt978: it applies where 'ed' holds",
        "passed",
        "skipped it may lock the card for good or use up tries; allow it with --allow-destructive",
    ];
    let target = || Target::plain(Box::new(card(&profile)));
    let report = run_on(&profile, &bare_cases(&text), target(), Options::default());
    for (verdict, expected) in verdicts(&report).iter().zip(expected) {
        assert!(verdict.starts_with(expected), "{verdict}");
    }
    let options = Options { destructive: Destructive::Run, ..Options::default() };
    let report = run_on(&profile, &bare_cases(&text), target(), options);
    assert_eq!(verdicts(&report)[6], "passed");
}

#[test]
fn a_balance_is_reached_by_transactions_where_a_card_cannot_be_set() {
    let profile = profile("jtt978");
    let text = case(1, PURCHASE.replace("\"offline serial\" = \"0\"", "").as_str())
        + &case(
            2,
            "card = { balance = \"1.00\" }\n[[case.step]]\nsend = \"get-balance\"\nexpect = { balance = \"1.00\" }\n",
        );
    let target = Target::plain(Box::new(card(&profile)));
    let report = run_on(&profile, &cases(&text), target, Options::default());
    assert_eq!(verdicts(&report), ["passed", "passed"]);
}

#[test]
fn a_card_without_a_hand_is_compared_at_the_end_of_the_case() {
    let profile = profile("jtt978");
    let twist = |card: &mut emulator::VirtualCard, command: &[u8], _: &mut _| {
        if command.get(1) == Some(&0x84) {
            card.set("ep.balance", "1.00").expect("a setting");
        }
    };
    let text =
        case(1, "[[case.step]]\nraw = \"0084000008\"\n[[case.step]]\nsend = \"get-balance\"\n");
    let target = Target::plain(Box::new(Rigged::new(card(&profile), twist)));
    let report = run_on(&profile, &bare_cases(&text), target, Options::default());
    let [verdict] = &verdicts(&report)[..] else { panic!("one case") };
    assert!(
        verdict.starts_with("failed - EP balance changed: 0.00 yuan (0 fen) / 1.00 yuan (100 fen)"),
        "{verdict}"
    );
}
