//! The default form of every command of the catalogue is accepted by a card in the right state.

use apdu::StatusWord;
use applet_spec::{CommandId, PurseKind};
use conformance::{Le, Protect, Send, Value};

use crate::common::{Bench, Table, call, value, with};

use CommandId as C;

/// A family, what happens before, and the form of the command.
fn occasion(command: CommandId) -> (&'static str, fn(&mut Table<'_>), Send) {
    let plain = Send::new(command);
    let secured = Send { protect: Some(Protect::Mac), ..Send::new(command) };
    match command {
        // Over T=0 the answer to a command with data waits.
        C::GetResponse => (
            "jtt978",
            |table| {
                table.card.power_off();
                table.card.set_protocol(emulator::Protocol::T0);
                table.card.power_on().expect("ATR");
                let select = Send { le: Some(Le::Absent), ..Send::new(C::Select) };
                assert_eq!(table.send(&select).status.bytes()[0], 0x61);
            },
            plain,
        ),
        C::Select
        | C::ReadBinary
        | C::ReadRecord
        | C::GetChallenge
        | C::InternalAuthenticate
        | C::GetBalance
        | C::InitializeForLoad
        | C::Verify
        | C::ChangePin
        | C::ReloadPin
        | C::InitializeForUpdate => ("jtt978", |_| {}, plain),
        C::UpdateBinary | C::UpdateRecord | C::AppendRecord => ("jtt978", challenge, secured),
        C::ExternalAuthenticate | C::ApplicationBlock | C::CardBlock => {
            ("jtt978-sm4", challenge, plain)
        }
        C::ApplicationUnblock => (
            "jtt978",
            |table| {
                challenge(table);
                table.plain(C::ApplicationBlock);
                challenge(table);
            },
            plain,
        ),
        C::PinUnblock => (
            "jtt978",
            |table| {
                for _ in 0..3 {
                    table.send(&with(C::Verify, &[("PIN", "999999")]));
                }
                challenge(table);
            },
            plain,
        ),
        C::GetTransactionProof => ("jtt978", load, plain),
        C::GetIdentificationCode => ("cjt166", |_| {}, plain),
        C::CreditForLoad => ("jtt978", |table| drop(table.plain(C::InitializeForLoad)), plain),
        C::InitializeForPurchase | C::InitializeForCappPurchase => ("jtt978", load, plain),
        C::UpdateCappDataCache => ("jtt978", capp, plain),
        C::DebitForPurchase => (
            "jtt978",
            |table| {
                capp(table);
                table.plain(C::UpdateCappDataCache);
            },
            plain,
        ),
        C::InitializeForCashWithdrawal | C::InitializeForUnload => ("pboc", load_deposit, plain),
        C::DebitForUnload => (
            "pboc-sm4",
            |table| {
                load_deposit(table);
                table.plain(C::InitializeForUnload);
            },
            plain,
        ),
        C::UpdateOverdrawLimit => {
            ("jtt978", |table| drop(table.plain(C::InitializeForUpdate)), plain)
        }
        C::InitializeSamForPurchase | C::DeliverKey => ("psam-jtt978", |_| {}, plain),
        C::CreditSamForPurchase => {
            ("psam-jtt978", |table| drop(table.plain(C::InitializeSamForPurchase)), plain)
        }
        C::Crypt => ("psam-jtt978-sm4", |table| drop(table.plain(C::DeliverKey)), plain),
        C::CheckIdentificationCode => ("psam-cjt166", |_| {}, plain),
        C::WriteSamKey => ("psam-pboc", challenge, plain),
        C::CreateFile | C::WriteKey => ("fmcos-blank", |_| {}, plain),
        C::EraseDirectory => (
            "fmcos-blank",
            |table| {
                challenge(table);
                table.plain(C::ExternalAuthenticate);
            },
            plain,
        ),
    }
}

fn challenge(table: &mut Table<'_>) {
    table.plain(C::GetChallenge);
}

fn load(table: &mut Table<'_>) {
    table.ok(&with(C::InitializeForLoad, &[("amount", "50.00")]));
    table.plain(C::CreditForLoad);
}

fn load_deposit(table: &mut Table<'_>) {
    table.plain(C::Verify);
    table.ok(&Send {
        purse: Some(PurseKind::Deposit),
        ..with(C::InitializeForLoad, &[("amount", "50.00")])
    });
    table.plain(C::CreditForLoad);
}

fn capp(table: &mut Table<'_>) {
    load(table);
    table.ok(&with(C::InitializeForCappPurchase, &[("amount", "0.50")]));
}

#[test]
fn the_default_form_of_every_command_is_accepted() {
    for command in CommandId::ALL.iter().copied() {
        let (family, before, send) = occasion(command);
        let bench = Bench::new(family);
        let mut table = bench.table();
        before(&mut table);
        let heard = table.send(&send);
        let sent = hex::encode_upper(&heard.sent.bytes);
        assert_eq!(heard.status, StatusWord::OK, "{} of {family}: {sent}", heard.sent.title.en);
        assert_eq!(heard.sent.command, Some(command));
    }
}

/// The generated cases send every command in every state to every family.
#[test]
fn every_command_can_be_made_for_every_family_in_any_state() {
    let families = applet_spec::Profile::built_in_names();
    for family in families {
        let bench = Bench::new(family);
        for command in CommandId::ALL.iter().copied() {
            let prepared = bench.host().command(&Send::new(command));
            let prepared = prepared.unwrap_or_else(|error| panic!("{family} {command:?}: {error}"));
            let spec = applet_spec::Catalogue::entry(command);
            let apdu = apdu::CommandApdu::new(&prepared.bytes);
            let header = (apdu.cla(), apdu.ins());
            assert!(spec.cla.contains(&header.0) && spec.ins == header.1, "{command:?}");
            assert!(spec.p1.matches(apdu.p1()) && spec.p2.matches(apdu.p2()), "{command:?}");
            let length = apdu.data().len();
            assert!(spec.lc.allows(length), "{family} {command:?} has {length} bytes of data");
        }
    }
}

#[test]
fn default_codes_are_right_after_each_other() {
    let bench = Bench::new("pboc");
    let mut table = bench.table();
    load_deposit(&mut table);
    // A default amount is that of the transaction before.
    let heard = table.plain(C::InitializeForCashWithdrawal);
    assert_eq!(heard.sent.bytes[6..10], [0x00, 0x00, 0x13, 0x88]);
    let heard = table.plain(C::DebitForPurchase);
    table.check(&heard, "TAC", &value(call("tac", &[])));
    // A wrong one is refused.
    load_deposit(&mut table);
    table.plain(C::InitializeForCashWithdrawal);
    let wrong = call("mac1", &[("amount", crate::common::literal("0.01"))]);
    let fields = vec![("MAC1".to_owned(), Value { written: None, expression: wrong })];
    let heard = table.send(&Send { fields, ..Send::new(C::DebitForPurchase) });
    assert_eq!(heard.status, StatusWord::MAC_INVALID);
}
