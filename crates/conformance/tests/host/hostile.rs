//! Any answer, any bytes: nothing breaks.

use apdu::StatusWord;
use applet_spec::{CommandId, Profile};
use conformance::TransactionState;
use conformance::expression::{CALLS, NAMES};
use conformance::host::{Host, ValueFormat};
use conformance::{Capture, CaptureFrom, Place, Send, TerminalConfig, Value};
use proptest::prelude::*;

use crate::common::{Bench, bytes, call, name, value, with};

/// Asks the host for everything; errors are answers too.
fn ask_everything(host: &mut Host<'_>) {
    for known in NAMES {
        let _ = bytes(host, name(known));
    }
    for known in CALLS.iter().filter(|call| call.needs.is_empty()) {
        let _ = bytes(host, call(known.name, &[]));
    }
    for command in CommandId::ALL.iter().copied() {
        host.clone().command(&Send::new(command)).expect("defaults are always there");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_answer_is_heard(
        family in 0..Profile::built_in_names().len(),
        answers in prop::collection::vec(
            (
                0..CommandId::ALL.len(),
                prop_oneof![Just(0x9000), any::<u16>()],
                prop::collection::vec(any::<u8>(), 0..40),
            ),
            1..6,
        ),
    ) {
        let bench = Bench::new(Profile::built_in_names()[family]);
        let mut host = bench.host();
        for (command, status, data) in answers {
            let command = CommandId::ALL[command];
            let sent = host.command(&Send::new(command)).expect("defaults are always there");
            host.heard(&sent, StatusWord(status), &data);
            for field in &applet_spec::Catalogue::entry(command).answer {
                let from = CaptureFrom::Field(field.name.clone());
                let _ = host.capture(&Capture { name: "x".to_owned(), from }, &sent, &data);
            }
            let tlv = CaptureFrom::Tlv(vec![0x6F, 0xA5]);
            let _ = host.capture(&Capture { name: "y".to_owned(), from: tlv }, &sent, &data);
        }
        ask_everything(&mut host);
        host.forget();
        prop_assert_eq!(host.transaction(), TransactionState::Idle);
        ask_everything(&mut host);
    }

    #[test]
    fn any_bytes_are_a_command(raw in prop::collection::vec(any::<u8>(), 0..40), status in any::<u16>()) {
        let bench = Bench::new("pboc");
        let mut host = bench.host();
        let sent = host.raw(&Value::literal(hex::encode(&raw))).expect("bytes");
        prop_assert_eq!(&sent.bytes, &raw);
        host.heard(&sent, StatusWord(status), &raw);
        host.heard(&sent, StatusWord::OK, &raw);
        ask_everything(&mut host);
    }

    #[test]
    fn any_literal_is_read_or_refused(text in "\\PC{0,24}", length in 0u16..9) {
        use applet_spec::FieldFormat as F;
        let bench = Bench::new("pboc");
        let host = bench.host();
        for kind in [F::Hex, F::Fen, F::Number, F::Date, F::Time, F::Mac, F::Tlv, F::Secret] {
            for length in [None, Some(length)] {
                let _ = host.expected(&Value::literal(text.clone()), ValueFormat { kind, length }, None);
            }
        }
    }
}

#[test]
fn a_short_answer_begins_no_transaction() {
    let bench = Bench::new("jtt978");
    let mut host = bench.host();
    let sent = host.command(&Send::new(CommandId::InitializeForPurchase)).unwrap();
    for length in (0..15).chain(16..20) {
        host.heard(&sent, StatusWord::OK, &vec![0x11; length]);
        assert_eq!(host.transaction(), TransactionState::Idle);
    }
    let error = bytes(&host, name("random")).unwrap_err().to_string();
    assert!(error.contains("$random") && error.contains("INITIALIZE"), "{error}");
    host.heard(&sent, StatusWord::OK, &[0x11; 15]);
    assert_eq!(host.transaction(), TransactionState::Purchase);
    assert_eq!(bytes(&host, name("random")).unwrap(), [0x11; 4]);
}

#[test]
fn the_state_is_that_of_the_catalogue() {
    let bench = Bench::new("jtt978");
    let mut table = bench.table();
    assert_eq!(table.host.transaction(), TransactionState::Idle);
    table.plain(CommandId::InitializeForLoad);
    assert_eq!(table.host.transaction(), TransactionState::Load);
    table.plain(CommandId::GetBalance);
    assert_eq!(table.host.transaction(), TransactionState::Load);
    table.plain(CommandId::CreditForLoad);
    assert_eq!(table.host.transaction(), TransactionState::Idle);
    table.ok(&with(CommandId::InitializeForCappPurchase, &[("amount", "0.10")]));
    assert_eq!(table.host.transaction(), TransactionState::Capp);
    table.plain(CommandId::UpdateCappDataCache);
    assert_eq!(table.host.transaction(), TransactionState::CappCached);
    table.plain(CommandId::GetChallenge);
    assert_eq!(table.host.transaction(), TransactionState::Idle);
    table.plain(CommandId::InitializeForUpdate);
    assert_eq!(table.host.transaction(), TransactionState::Overdraft);
    table.host.forget();
    assert_eq!(table.host.transaction(), TransactionState::Idle);
}

#[test]
fn an_expression_without_end_is_refused() {
    let bench = Bench::new("pboc");
    let host = bench.host();
    let mut deep = crate::common::literal("00");
    for _ in 0..200 {
        deep = conformance::Expression::Slice(Box::new(deep), 0, 1);
    }
    assert!(host.expected(&value(deep), ValueFormat::BYTES, None).is_err());
    let times = crate::common::literal("70000");
    let long = call("repeat", &[("byte", crate::common::literal("00")), ("times", times)]);
    assert!(bytes(&host, long).is_err());
}

#[test]
fn a_layout_of_records_that_fits_none_is_no_obstacle() {
    let mut profile = Profile::clone(Profile::built_in("jtt978").expect("a profile"));
    for (length_offset, id_width) in [(255, 1), (254, 255), (0, 0)] {
        profile.rules.capp.length_offset = length_offset;
        profile.rules.capp.id_width = id_width;
        let custody = profile.lab_custody();
        let mut host = Host::new(&profile, &custody, &TerminalConfig::default());
        host.select(&Place::Application).expect("an application");
        ask_everything(&mut host);
    }
}
