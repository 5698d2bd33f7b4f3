//! Whole transactions and settings of every built-in card, by default values alone.

use apdu::StatusWord;
use applet_spec::{CommandId, PinUse, Profile, Protection, PurseKind};
use conformance::TransactionState;
use conformance::{Capture, CaptureFrom, Protect, Run, RunKind, Send, StatusPattern, Value};

use crate::common::{Bench, Table, call, literal, name, value, with};

fn run(kind: RunKind, purse: PurseKind, amount: Option<&str>) -> Run {
    let field = |text: &str| ("amount".to_owned(), Value::literal(text));
    Run { kind, purse: Some(purse), key: None, fields: amount.map(field).into_iter().collect() }
}

/// Takes a whole transaction and checks what it says.
#[track_caller]
fn take(table: &mut Table<'_>, run: &Run) -> usize {
    let plan = table.host.begin_run(run).unwrap_or_else(|error| panic!("{error}"));
    let mut checked = 0;
    for step in &plan.steps {
        let heard = table.ok(&step.send);
        for capture in &step.captures {
            table.host.capture(capture, &heard.sent, &heard.data).unwrap();
        }
        for (name, value) in &step.fields {
            table.check(&heard, name, value);
            checked += 1;
        }
    }
    assert_eq!(table.host.transaction(), TransactionState::Idle);
    checked
}

fn cards() -> impl Iterator<Item = Bench> {
    Profile::built_in_cards().map(|profile| Bench::of(profile.clone()))
}

#[test]
fn every_transaction_of_every_purse_runs_and_says_the_right_codes() {
    let mut seen = Vec::new();
    for bench in cards() {
        let application = bench.profile.application().unwrap();
        for purse in &application.purses {
            let mut table = bench.table();
            if purse.overdraft.is_some() {
                take(&mut table, &run(RunKind::Overdraft, purse.kind, None));
                seen.push(RunKind::Overdraft);
            }
            // The load is first of the others: it pays for them.
            for (usage, kind, amount) in [
                (PinUse::Load, RunKind::Load, "100.00"),
                (PinUse::Purchase, RunKind::Purchase, "2.50"),
                (PinUse::Capp, RunKind::Capp, "0.01"),
                (PinUse::Cash, RunKind::Cash, "20.00"),
                (PinUse::Unload, RunKind::Unload, "10.00"),
            ] {
                let run = run(kind, purse.kind, Some(amount));
                if purse.allows.contains(&usage) {
                    assert!(take(&mut table, &run) >= 4, "{kind:?}");
                    seen.push(kind);
                    prove(&mut table, kind);
                } else {
                    let error = table.host.begin_run(&run).expect_err("not of this purse");
                    assert!(error.to_string().contains("the profile has no"), "{error}");
                }
            }
        }
    }
    for kind in [RunKind::Load, RunKind::Cash, RunKind::Unload, RunKind::Overdraft] {
        assert!(seen.contains(&kind), "{kind:?}");
    }
}

/// GET TRANSACTION PROOF of the last transaction, after the card was without power.
#[track_caller]
fn prove(table: &mut Table<'_>, kind: RunKind) {
    table.card.power_off();
    table.card.power_on().expect("ATR");
    table.host.forget();
    let select = table.host.select(&conformance::Place::Application).unwrap();
    assert!(table.hand_over(&select).status.is_ok());
    let heard = table.plain(CommandId::GetTransactionProof);
    let (mac, tac) = match kind {
        RunKind::Load => (literal("00000000"), call("tac", &[])),
        RunKind::Unload => (call("mac3", &[]), literal("00000000")),
        _ => (call("mac2", &[]), call("tac", &[])),
    };
    table.check(&heard, "MAC", &value(mac));
    table.check(&heard, "TAC", &value(tac));
}

#[test]
fn the_identification_code_is_in_mac1_once_the_card_told_it() {
    let bench = Bench::new("cjt166");
    let mut table = bench.table();
    take(&mut table, &run(RunKind::Load, PurseKind::Purse, Some("10.00")));
    for told in [false, true] {
        if told {
            let heard = table.plain(CommandId::GetIdentificationCode);
            table.check(&heard, "identification code", &value(name("code")));
        }
        take(&mut table, &run(RunKind::Purchase, PurseKind::Purse, Some("1.00")));
        // The other form of MAC1 is refused.
        table.plain(CommandId::InitializeForPurchase);
        let code = if told { literal("none") } else { name("code") };
        let mac1 = value(call("mac1", &[("code", code)]));
        let debit = Send {
            fields: vec![("MAC1".to_owned(), mac1)],
            ..Send::new(CommandId::DebitForPurchase)
        };
        assert_eq!(table.send(&debit).status, StatusWord::MAC_INVALID);
    }
}

#[test]
fn what_a_case_says_of_the_second_step_is_in_its_codes() {
    let bench = Bench::new("jtt978");
    let mut table = bench.table();
    take(&mut table, &run(RunKind::Load, PurseKind::Purse, Some("10.00")));
    let other = [("amount", "1.00"), ("terminal number", "112233445566")];
    table.ok(&with(CommandId::InitializeForPurchase, &other));
    let debit = with(
        CommandId::DebitForPurchase,
        &[("date", "20300102"), ("time", "235959"), ("terminal transaction serial", "0x01020304")],
    );
    let heard = table.ok(&debit);
    for (name, code) in [("TAC", "tac"), ("MAC2", "mac2")] {
        table.check(&heard, name, &value(call(code, &[])));
    }
    // The same as bytes, from the last MAC1's own parts.
    table.ok(&with(CommandId::InitializeForPurchase, &[("amount", "0.01")]));
    let mac1 = call(
        "mac1",
        &[
            ("date", literal("20310203")),
            ("time", literal("040506")),
            ("terminal-serial", literal("7")),
        ],
    );
    let head = literal("80 54 01 00 0F 00000007 20310203 040506");
    let join = |left, right| crate::common::operation(conformance::Operator::Join, left, right);
    let raw = table.host.raw(&value(join(join(head, mac1), literal("08")))).unwrap();
    let heard = table.hand_over(&raw);
    assert_eq!(heard.status, StatusWord::OK);
    assert_eq!(heard.sent.title.en, "DEBIT FOR PURCHASE");
    table.check(&heard, "TAC", &value(call("tac", &[])));
}

#[test]
fn protected_updates_and_records_are_taken_as_their_files_ask() {
    let mut seen = 0;
    for bench in cards() {
        let application = bench.profile.application().unwrap();
        let mut table = bench.table();
        for file in &application.files {
            let protect = match file.protection {
                Protection::None => None,
                Protection::Mac => Some(Protect::Mac),
                Protection::EncryptedMac => Some(Protect::EncryptedMac),
            };
            let binary = matches!(file.kind, applet_spec::FileKind::Binary { .. });
            let update = file.update == applet_spec::Access::Free && !file.content.is_empty();
            if !update || file.sfi == Profile::PUBLIC_SFI {
                continue;
            }
            let [read, write] = match binary {
                true => [CommandId::ReadBinary, CommandId::UpdateBinary],
                false => [CommandId::ReadRecord, CommandId::UpdateRecord],
            };
            let of_file = |command| Send { file: Some(file.sfi), ..Send::new(command) };
            let before = table.ok(&of_file(read)).data;
            if protect.is_some() {
                assert_eq!(table.send(&of_file(write)).status, StatusWord(0x6900));
                table.plain(CommandId::GetChallenge);
            }
            let heard = table.ok(&Send { protect, ..of_file(write) });
            let after = table.ok(&of_file(read)).data;
            assert_ne!(
                before,
                after,
                "{} {heard}",
                bench.profile.name,
                heard = heard.sent.title.en
            );
            seen += 1;
        }
    }
    assert!(seen > 10);
}

#[test]
fn enciphered_updates_and_protected_reads_are_made_and_understood() {
    for base in ["pboc", "pboc-sm4"] {
        let changes = "[[directory]]\nfid = 0x1001\n[[directory.file]]\nsfi = 0x16\n\
                       protection = \"encrypted-mac\"\nprotect-read = true\n";
        let bench = Bench::with(base, changes);
        let mut table = bench.table();
        table.plain(CommandId::GetChallenge);
        let update = Send {
            file: Some(0x16),
            protect: Some(Protect::EncryptedMac),
            ..with(CommandId::UpdateBinary, &[("data", "0011223344556677")])
        };
        table.ok(&update);
        table.plain(CommandId::GetChallenge);
        let read = Send {
            file: Some(0x16),
            protect: Some(Protect::Mac),
            le: Some(conformance::Le::Bytes(8)),
            ..Send::new(CommandId::ReadBinary)
        };
        let heard = table.send(&read);
        assert_eq!(heard.status, StatusWord::OK);
        let plain = literal("0011223344556677");
        let enciphered = call("encipher", &[("data", plain)]);
        let mac = call("mac", &[("data", enciphered.clone()), ("challenge", name("challenge"))]);
        let join = crate::common::operation(conformance::Operator::Join, enciphered, mac);
        table.check(&heard, "data", &value(join));
    }
}

#[test]
fn a_changed_pin_is_the_pin_from_then_on() {
    let bench = Bench::new("pboc");
    let mut table = bench.table();
    table.ok(&with(CommandId::ChangePin, &[("old PIN, FF, new PIN", "123456 FF 654321")]));
    table.plain(CommandId::Verify);
    table.ok(&with(CommandId::ReloadPin, &[("new PIN", "4711")]));
    let heard = table.plain(CommandId::Verify);
    assert_eq!(heard.sent.bytes, [0x00, 0x20, 0x00, 0x00, 0x02, 0x47, 0x11]);
}

#[test]
fn names_patterns_and_captures_are_of_this_card() {
    let bench = Bench::new("jtt978");
    let mut table = bench.table();
    let [wrong_state, any] = [
        StatusPattern::Profile("wrong-state".to_owned()),
        StatusPattern::Digits([Some(6), Some(3), Some(0xC), None]),
    ];
    assert_eq!(table.host.status(&wrong_state).unwrap(), [6, 9, 0, 1].map(Some));
    assert_eq!(table.host.status(&any).unwrap()[3], None);
    let unknown = table.host.status(&StatusPattern::Profile("nothing".to_owned()));
    assert!(unknown.unwrap_err().to_string().contains("no-proof"));

    let heard = table.plain(CommandId::Select);
    let capture = |name: &str, from| Capture { name: name.to_owned(), from };
    for (name, from) in [
        ("aid", CaptureFrom::Tlv(vec![0x6F, 0x84])),
        ("head", CaptureFrom::Data(0, Some(2))),
        ("fci", CaptureFrom::Field("FCI".to_owned())),
    ] {
        table.host.capture(&capture(name, from), &heard.sent, &heard.data).unwrap();
    }
    let made = |table: &Table<'_>, name: &str| {
        crate::common::bytes(&table.host, crate::common::name(name)).unwrap()
    };
    assert_eq!(made(&table, "aid"), bench.profile.application().unwrap().name);
    assert_eq!(made(&table, "head"), heard.data[..2]);
    assert_eq!(made(&table, "fci"), heard.data);
    assert_eq!(made(&table, "card-serial"), bench.profile.serial);
    for from in
        [CaptureFrom::Data(5, Some(4)), CaptureFrom::Data(900, None), CaptureFrom::Tlv(vec![0x99])]
    {
        let wrong = table.host.capture(&capture("x", from), &heard.sent, &heard.data);
        assert!(wrong.unwrap_err().to_string().contains("the answer of"));
    }
}

#[test]
fn another_card_has_other_keys() {
    let bench = Bench::new("jtt978");
    let serial = *b"\x99\x99\x00\x00\x00\x00\x47\x11";
    let maker = emulator::CardMaker::new(bench.profile.clone()).unwrap();
    let card = maker.card(&serial, &emulator::LabKeys(&bench.profile), 1).unwrap();
    let mut table = Table { host: bench.host(), card };
    table.card.power_on().unwrap();
    let select = table.host.select(&conformance::Place::Application).unwrap();
    table.hand_over(&select);
    table.plain(CommandId::InitializeForLoad);
    assert_eq!(table.send(&Send::new(CommandId::CreditForLoad)).status, StatusWord::MAC_INVALID);
    table.host.meet(serial, &bench.profile.public_content(&serial));
    take(&mut table, &run(RunKind::Load, PurseKind::Purse, Some("1.00")));
}
