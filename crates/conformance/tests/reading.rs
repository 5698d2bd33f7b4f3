//! Suite files: what they say, read.

use std::time::Duration;

use applet_spec::{CommandId, Profile, PurseKind};
use conformance::{
    Action, Capture, CaptureFrom, Change, Condition, Le, Place, Protect, PurseName, Rules, RunKind,
    Start, StatusPattern, Suite, Suites, TlvExpect, profile_fields,
};
use proptest::prelude::*;
use purse::Language;

const LAB: &str = include_str!("fixtures/lab.toml");

fn lab() -> Suite {
    Suite::parse(LAB, "lab.toml", &Rules::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_case_with_two_tables_of_a_matrix_is_multiplied_out_row_by_row() {
    let ids: Vec<String> = lab().cases.iter().map(|case| case.id.clone()).collect();
    let expected = [
        "LAB_001",
        "LAB_002:what=amount,amount=2.50",
        "LAB_002:what=amount,amount=1000fen",
        "LAB_002:what=amount,amount=0.01",
        "LAB_002:what=terminal,amount=2.50",
        "LAB_002:what=terminal,amount=1000fen",
        "LAB_002:what=terminal,amount=0.01",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn every_built_in_suite_is_read() {
    if let Err(errors) = Suites::load(&["all"], Rules::built_in(), |_| unreachable!()) {
        panic!("{errors}");
    }
}

#[test]
fn defaults_lie_under_what_a_case_says() {
    let suite = lab();
    let case = &suite.cases[0];
    let card: Vec<(&str, &str)> = case.card.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(card, [("balance", "100.00"), ("ep.offline-serial", "0x0005")]);
    assert_eq!(case.terminal.number, [0x02, 0x20, 0, 0, 0, 0x02]);
    assert_eq!((case.terminal.serial, case.terminal.date), (1, [0x20, 0x26, 0x11, 0x22]));
    assert_eq!((case.start, case.destructive), (Start::Selected, false));

    let case = &suite.cases[2];
    let card: Vec<(&str, &str)> = case.card.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected =
        [("ep.offline-serial", "0x0005"), ("balance", "1000fen"), ("ed.balance", "1.00")];
    assert_eq!(card, expected);
    assert_eq!(case.terminal.number, [0x02, 0x20, 0, 0, 0, 0x02]);
    assert_eq!((case.terminal.serial, case.terminal.date), (16, [0x20, 0x26, 0x11, 0x23]));
    assert_eq!((case.start, case.destructive), (Start::Reset, true));
    assert_eq!(case.purpose.en, "A debit with a wrong MAC1 of amount is refused with 1000fen");
    let applies: Vec<String> = case.applies.iter().map(ToString::to_string).collect();
    assert_eq!(applies, ["purchase", "!ed.pin-for.purchase", "rules.log-serial=after"]);
    let rules: Vec<&str> = case.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(rules, ["lab.refusal", "lab.debit"]);
}

#[test]
fn steps_say_what_is_done_and_what_must_come_back() {
    let suite = lab();
    let [first, second, third] = suite.cases[0].steps.as_slice() else { panic!("three steps") };
    let Action::Send(send) = &first.action else { panic!("a command") };
    assert_eq!(send.command, CommandId::InitializeForPurchase);
    let fields: Vec<(&str, String)> =
        send.fields.iter().map(|(name, v)| (name.as_str(), v.expression.to_string())).collect();
    assert_eq!(fields, [("amount", "2.50".to_owned()), ("key index", "01".to_owned())]);
    let written = send.fields[0].1.written.as_ref().map(|written| (written.line, written.column));
    assert_eq!(written, Some((34, 19)));
    let capture = |name: &str, from| Capture { name: name.to_owned(), from };
    let captures = [
        capture("rand", CaptureFrom::Field("random number".to_owned())),
        capture("head", CaptureFrom::Data(0, Some(4))),
        capture("rest", CaptureFrom::Data(4, None)),
    ];
    assert_eq!(first.captures, captures);
    assert_eq!(first.expect.status, [StatusPattern::exactly(apdu::StatusWord::OK)]);
    assert_eq!(second.expect.within, Some(Duration::from_millis(300)));
    let ep = PurseName::Ep;
    let changes = [Change::Balance(ep), Change::Offline(ep), Change::File(0x18), Change::Proof];
    assert_eq!(second.changes, changes);
    let data = third.expect.data.as_ref().map(|value| value.expression.to_string());
    assert_eq!(data.as_deref(), Some("$head[0..2] ^ FFFF | ????"));
}

#[test]
fn every_kind_of_step_is_read() {
    let suite = lab();
    let case = &suite.cases[1];
    let [select, raw, debit, state, off, set, run, read] = case.steps.as_slice() else {
        panic!("eight steps")
    };
    let name = vec![0xA0, 0x00, 0x00, 0x06, 0x32, 0x01, 0x01, 0x05];
    assert!(matches!(&select.action, Action::Select(Place::Name(found)) if *found == name));
    let status: Vec<String> = select.expect.status.iter().map(ToString::to_string).collect();
    assert_eq!(status, ["9000", "61xx"]);
    let [(path, TlvExpect::Present), (_, TlvExpect::Is(_)), (_, TlvExpect::Absent)] =
        select.expect.tlv.as_slice()
    else {
        panic!("three paths")
    };
    assert_eq!(path, &[0x6F, 0xA5, 0x9F0C]);
    let Action::Raw(raw) = &raw.action else { panic!("bytes") };
    assert_eq!(raw.expression.to_string(), "80 50 01 02 0B 01 | $amount | $terminal | 0F");
    let Action::Send(debit) = &debit.action else { panic!("a command") };
    assert_eq!(debit.fields[0].1.expression.to_string(), "mac1(amount=99.99) ^ 00000001");
    assert_eq!(state.expect.status, [StatusPattern::Profile("wrong-state".to_owned())]);
    assert!(off.expect.status.is_empty(), "nothing is answered");
    let Action::Set(settings) = &set.action else { panic!("settings") };
    assert_eq!(settings[1], ("record.18.1".to_owned(), "$terminal".to_owned()));
    let Action::Run(run_action) = &run.action else { panic!("a transaction") };
    assert_eq!((run_action.kind, run_action.purse), (RunKind::Purchase, Some(PurseKind::Purse)));
    assert!(run.tear);
    let Action::Send(send) = &read.action else { panic!("a command") };
    assert_eq!((send.file, send.offset, send.key), (Some(0x15), Some(4), Some(1)));
    assert_eq!((send.le, send.protect), (Some(Le::Bytes(256)), Some(Protect::Mac)));
    assert_eq!(send.class.as_ref().map(|v| v.expression.to_string()).as_deref(), Some("04"));
    assert_eq!(read.repeat, 2);
}

#[test]
fn a_case_explains_itself_in_both_languages() {
    let suite = lab();
    let english = suite.cases[0].explain(Language::English);
    for line in [
        "LAB_001  Lab  (lab.toml:25)",
        "  lab.debit  A purchase lowers the balance by its amount",
        "    rests on: six sources and vector purchase-fm1208-d",
        "Applies to: purchase",
        "Card: balance = 100.00, ep.offline-serial = 0x0005; reset, application selected",
        "Terminal: number 022000000002, serial 1, date and time 20261122 083015",
        "   1  INITIALIZE FOR PURCHASE: amount = 2.50, key index = 01",
        "      must answer: 9000; balance = 100.00; offline serial = 5",
        "      kept: $rand = random number, $head = data[0..4], $rest = data[4..]",
        "      nothing may change",
        "      must answer: 9000; TAC = tac(); MAC2 = mac2(); within 300 ms",
        "      may change: ep.balance, ep.offline, file.18, proof",
        "Catches the wrong cards: balance-not-lowered",
    ] {
        assert!(english.lines().any(|told| told == line), "no line {line:?} in\n{english}");
    }
    let chinese = suite.cases[1].explain(Language::Chinese);
    for line in [
        "MAC1 错误 (amount) 的消费被拒绝, 金额 2.50",
        "来源: two card systems",
        "      错误的 amount",
    ] {
        assert!(chinese.lines().any(|told| told == line), "no line {line:?} in\n{chinese}");
    }
    let data = suite.cases[1].describe();
    assert_eq!(
        (data.base.as_str(), data.steps.len(), data.start.as_str()),
        ("LAB_002", 8, "reset")
    );
    assert_eq!(data.steps[3].expect, ["@status.wrong-state"]);
}

#[test]
fn conditions_hold_for_the_profiles_that_are_so() {
    let holds = |word: &str, profile: &str| {
        let condition = Condition::parse(word).unwrap_or_else(|error| panic!("{word}: {error}"));
        condition.holds(Profile::built_in(profile).unwrap_or_else(|| panic!("{profile}")))
    };
    for (word, of, not) in [
        ("purse", "jtt978", "psam-jtt978"),
        ("psam", "psam-pboc", "pboc"),
        ("fmcos", "fmcos-blank", "pboc"),
        ("sm4", "jtt978-sm4", "jtt978"),
        ("3des", "pboc", "pboc-sm4"),
        ("two-purses", "pboc", "cjt166"),
        ("jtt978", "jtt978", "jtt978-sm4"),
        ("profile.jtt978", "jtt978", "pboc"),
        ("rules.capp.id-width=0x02", "jtt978", "cjt166"),
        ("psam.serves=jtt978", "psam-jtt978", "jtt978"),
        ("sam-key.purchase", "psam-pboc", "pboc"),
    ] {
        assert!(holds(word, of), "{word} of {of}");
        assert!(!holds(word, not), "{word} of {not}");
        assert!(!holds(&format!("!{word}"), of), "!{word} of {of}");
    }
}

#[test]
fn fields_of_a_profile_that_suites_name_are_those_it_loads_with() {
    let (card, psam) = (Profile::built_in("jtt978"), Profile::built_in("psam-jtt978"));
    let (Some(card), Some(psam)) = (card, psam) else { panic!("built in") };
    for field in profile_fields::PROFILE_FIELDS {
        let words = profile_fields::field_words(psam, field.name);
        for word in profile_fields::field_words(card, field.name).iter().chain(&words) {
            let condition = Condition::parse(&format!("{}={word}", field.name));
            let condition = condition.unwrap_or_else(|error| panic!("{}: {error}", field.name));
            assert!(condition.holds(card) || condition.holds(psam), "{condition}");
        }
    }
    let status = card.rules.status.wrong_state;
    assert_eq!(profile_fields::status_field(card, "wrong-state"), Some(status));
    assert_eq!(profile_fields::status_field(card, "psam.wrong-mac2"), None);
    let wrong_mac2 = psam.psam.as_ref().map(|psam| psam.wrong_mac2);
    assert_eq!(profile_fields::status_field(psam, "psam.wrong-mac2"), wrong_mac2);
}

#[test]
fn the_documentation_tells_every_key_call_and_name() {
    let docs = include_str!("../../../docs/suite-format.md");
    for key in Suite::KEYS.iter().flat_map(|(_, keys)| *keys) {
        assert!(docs.contains(&format!("`{key}`")), "docs/suite-format.md says nothing of {key}");
    }
    for call in conformance::expression::CALLS {
        assert!(docs.contains(&format!("`{}(", call.name)), "nothing of {}()", call.name);
    }
    for name in conformance::expression::NAMES {
        assert!(docs.contains(&format!("`${name}`")), "nothing of ${name}");
    }
    for argument in conformance::expression::ARGUMENTS {
        let name = argument.name;
        let told = docs.contains(&format!("`{name}`")) || docs.contains(&format!("{name}=.."));
        assert!(told, "nothing of the input {name}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_read_or_refused(text in "\\PC{0,400}") {
        let _ = Suite::parse(&text, "any.toml", &Rules::default());
    }

    #[test]
    fn a_suite_with_a_piece_cut_out_is_read_or_refused_within_itself(
        at in 0..LAB.len(), length in 0..60usize, put in "[ -~]{0,6}"
    ) {
        let bytes = [&LAB.as_bytes()[..at], put.as_bytes(), LAB.as_bytes().get(at + length..).unwrap_or_default()];
        let text = bytes.concat();
        let lines = text.split(|byte| *byte == b'\n').count() as u32;
        if let Err(errors) = Suite::parse_bytes(&text, "cut.toml", &Rules::default()) {
            for problem in errors.problems() {
                prop_assert!(problem.line.is_none_or(|line| line <= lines), "{problem}");
            }
        }
    }
}
