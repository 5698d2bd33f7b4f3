//! PSAMs: the host is the card.

use apdu::StatusWord;
use applet_spec::{CommandId, Profile};
use conformance::TransactionState;
use conformance::{Run, RunKind, Send, Value};

use crate::common::{Bench, Table, call, literal, value, with};

fn modules() -> impl Iterator<Item = Bench> {
    let names = Profile::built_in_names().iter();
    names.map(|name| Bench::new(name)).filter(|bench| bench.profile.psam.is_some())
}

fn purchase() -> Run {
    Run { kind: RunKind::SamPurchase, purse: None, key: None, fields: Vec::new() }
}

fn take(table: &mut Table<'_>, run: &Run) {
    for step in table.host.begin_run(run).unwrap_or_else(|error| panic!("{error}")).steps {
        let heard = table.ok(&step.send);
        for (name, value) in &step.fields {
            table.check(&heard, name, value);
        }
    }
}

#[test]
fn every_module_makes_the_mac1_and_takes_the_mac2_of_its_family() {
    for bench in modules() {
        let mut table = bench.table();
        take(&mut table, &purchase());
        let amount = ("amount".to_owned(), Value::literal("12.34"));
        take(&mut table, &Run { fields: vec![amount], ..purchase() });
        assert!(bench.host().begin_run(&Run { kind: RunKind::Load, ..purchase() }).is_err());
        // A MAC2 that is not right.
        table.plain(CommandId::InitializeSamForPurchase);
        assert_eq!(table.host.transaction(), TransactionState::SamPurchase);
        let spoilt = crate::common::operation(
            conformance::Operator::Xor,
            call("mac2", &[]),
            literal("00000001"),
        );
        let fields = vec![("MAC2".to_owned(), value(spoilt))];
        let heard = table.send(&Send { fields, ..Send::new(CommandId::CreditSamForPurchase) });
        assert_eq!(heard.status, bench.profile.psam.as_ref().unwrap().wrong_mac2);
        assert_eq!(table.host.transaction(), TransactionState::Idle);
    }
}

#[test]
fn other_cards_than_the_usual_are_followed() {
    let bench = Bench::new("psam-jtt978");
    let mut table = bench.table();
    let asked = with(
        CommandId::InitializeSamForPurchase,
        &[
            ("random number of the card", "00112233"),
            ("offline serial of the card", "0x0102"),
            ("transaction type", "09"),
            ("date", "20300101"),
            ("time", "000001"),
            ("diversification factors", "1234567890123456 01011000FFFFFFFF"),
        ],
    );
    let heard = table.ok(&asked);
    table.check(&heard, "MAC1", &value(call("mac1", &[])));
    table.plain(CommandId::CreditSamForPurchase);
}

#[test]
fn a_code_that_was_found_right_is_in_mac1() {
    let bench = Bench::new("psam-cjt166");
    let mut table = bench.table();
    table.plain(CommandId::CheckIdentificationCode);
    take(&mut table, &purchase());
    let wrong = with(
        CommandId::CheckIdentificationCode,
        &[("identification code", "90 00000001 00000000")],
    );
    assert_eq!(table.send(&wrong).status, StatusWord(0x6300));
    take(&mut table, &purchase());
}

#[test]
fn delivered_keys_calculate_as_the_host_does() {
    for bench in modules() {
        let mut table = bench.table();
        for key in &bench.profile.sam_application().unwrap().sam_keys {
            let usage = format!("{:02X}", key.usage.0);
            let send = Send {
                p1: Some(Value::literal(usage)),
                p2: Some(Value::literal(format!("{:02X}", key.number()))),
                ..Send::new(CommandId::DeliverKey)
            };
            if table.send(&send).status != StatusWord::OK {
                continue;
            }
            let purpose = key.usage.purpose().unwrap();
            if purpose.mac() == Some(applet_spec::SamMac::SecureMessaging) {
                let block = key.suite.block();
                let data = [vec![0; block], vec![0x80], vec![0; block - 1]].concat();
                let text = hex::encode(&data);
                let heard = table.ok(&with(CommandId::Crypt, &[("data", &text)]));
                // Padding is the terminal's: of nothing, it is one block.
                table.check(
                    &heard,
                    "ciphertext or MAC",
                    &value(call("mac", &[("data", literal(""))])),
                );
            }
            if purpose.enciphers() {
                let data = "00112233445566778899AABBCCDDEEFF";
                let p1 = Some(Value::literal("00"));
                let heard = table.ok(&Send { p1, ..with(CommandId::Crypt, &[("data", data)]) });
                let blocks = call("ecb", &[("data", literal(data))]);
                table.check(&heard, "ciphertext or MAC", &value(blocks));
            }
        }
    }
}

#[test]
fn a_key_that_is_written_as_it_was_changes_nothing() {
    for bench in modules() {
        let mut table = bench.table();
        table.plain(CommandId::GetChallenge);
        table.plain(CommandId::WriteSamKey);
        take(&mut table, &purchase());
    }
}
