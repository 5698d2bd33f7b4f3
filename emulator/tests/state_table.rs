//! The state table of facts section 5, cell by cell: every state and every command.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use std::collections::BTreeMap;

use applet_spec::{Catalogue, CommandId, CommandSet, PurseKind};
use common::{Begun, Bench, Chip, Init, Kind};

/// Rows: commands; columns: states. `stay` keeps the running transaction, a state's name starts it
/// anew or goes there, a status word refuses and leaves the card idle.
///
/// Every row that the sheet calls "any other command" is spelled out.
const TABLE: &str = "
command                        idle     load     purchase unload   update   capp1    capp2
initialize-for-load            load     load     load     load     load     load     load
initialize-for-purchase        purchase purchase purchase purchase purchase purchase purchase
initialize-for-cash-withdrawal purchase purchase purchase purchase purchase purchase purchase
initialize-for-unload          unload   unload   unload   unload   unload   unload   unload
initialize-for-update          update   update   update   update   update   update   update
initialize-for-capp-purchase   capp1    capp1    capp1    capp1    capp1    capp1    capp1
credit-for-load                6901     idle     6901     6901     6901     6901     6901
debit-for-purchase             6901     6901     idle     6901     6901     6901     idle
debit-for-unload               6901     6901     6901     idle     6901     6901     6901
update-overdraw-limit          6901     6901     6901     6901     idle     6901     6901
update-capp-data-cache         6901     6901     6901     6901     6901     capp2    capp2
get-balance                    stay     stay     stay     stay     stay     stay     stay
get-transaction-proof          stay     stay     stay     stay     stay     stay     stay
get-identification-code        stay     stay     stay     stay     stay     stay     stay
internal-authenticate          stay     stay     stay     stay     stay     stay     stay
get-response                   stay     stay     stay     stay     stay     stay     stay
select                         idle     idle     idle     idle     idle     idle     idle
read-binary                    idle     idle     idle     idle     idle     idle     idle
read-record                    idle     idle     idle     idle     idle     idle     idle
update-binary                  idle     idle     idle     idle     idle     idle     idle
update-record                  idle     idle     idle     idle     idle     idle     idle
append-record                  idle     idle     idle     idle     idle     idle     idle
get-challenge                  idle     idle     idle     idle     idle     idle     idle
external-authenticate          idle     idle     idle     idle     idle     idle     idle
verify                         idle     idle     idle     idle     idle     idle     idle
change-pin                     idle     idle     idle     idle     idle     idle     idle
reload-pin                     idle     idle     idle     idle     idle     idle     idle
pin-unblock                    idle     idle     idle     idle     idle     idle     idle
application-block              idle     idle     idle     idle     idle     idle     idle
application-unblock            idle     idle     idle     idle     idle     idle     idle
card-block                     idle     idle     idle     idle     idle     idle     idle
";

const STATES: [&str; 7] = ["idle", "load", "purchase", "unload", "update", "capp1", "capp2"];

type Table = BTreeMap<(String, &'static str), String>;

fn table() -> Table {
    let mut out = Table::new();
    for line in TABLE.lines().skip(2) {
        let mut words = line.split_whitespace();
        let command = words.next().expect("a command").to_owned();
        for (state, cell) in STATES.into_iter().zip(words) {
            out.insert((command.clone(), state), cell.to_owned());
        }
    }
    assert_eq!(
        out.len(),
        STATES.len() * CommandSet::Purse.own().len(),
        "every command has its row"
    );
    out
}

/// A card in a state, and the transaction that runs.
fn in_state(bench: &Bench, rich: &Chip, state: &str) -> (Chip, Option<Begun>) {
    let mut chip = rich.clone();
    let (kind, purse) = match state {
        "idle" => return (chip, None),
        "load" => (Kind::Load, PurseKind::Deposit),
        "purchase" => (Kind::Purchase, PurseKind::Purse),
        "unload" => (Kind::Unload, PurseKind::Deposit),
        "update" => (Kind::Update, PurseKind::Deposit),
        _ => (Kind::Capp, PurseKind::Purse),
    };
    let init = Init::new(kind, purse, 10);
    let begun = bench.begin(&mut chip, init).expect("INITIALIZE");
    if state == "capp2" {
        chip.ok(&bench.cache(1)[0]);
    }
    (chip, Some(begun))
}

/// What the card is in the middle of, told from the second steps it knows: a step of the running
/// transaction with a wrong MAC is 9302, any other one `wrong_state`.
fn observe(bench: &Bench, chip: &Chip) -> &'static str {
    let wrong_state = bench.rules().status.wrong_state.0;
    let knows = |command: &str| {
        let status = chip.clone().send(command).status;
        assert!([0x9000, 0x9302, wrong_state].contains(&status), "{command}: {status:04X}");
        status != wrong_state
    };
    let debit = knows("805401000F 00000001 20261122 123456 00000000 08");
    let cache = knows(&bench.cache(1)[0]);
    let others = [
        ("load", knows("805200000B 20261122 123456 00000000 04")),
        ("unload", knows("805403000B 20261122 123456 00000000 04")),
        ("update", knows("805800000E 000000 20261122 123456 00000000 04")),
    ];
    let found: Vec<&str> = others.into_iter().filter(|(_, known)| *known).map(|o| o.0).collect();
    match (debit, cache, found.as_slice()) {
        (false, false, []) => "idle",
        (true, false, []) => "purchase",
        (false, true, []) => "capp1",
        (true, true, []) => "capp2",
        (false, false, ["load"]) => "load",
        (false, false, ["unload"]) => "unload",
        (false, false, ["update"]) => "update",
        other => panic!("the card is in two states: {other:?}"),
    }
}

/// An example of each command; a second step of the running transaction is the right one.
fn example(bench: &Bench, id: CommandId, begun: Option<&Begun>) -> Vec<u8> {
    use CommandId as C;
    use PurseKind::{Deposit, Purse};
    let init = |kind, purse| Init::new(kind, purse, 10).apdu();
    let step = |kinds: &[Kind], otherwise: &str| match begun {
        Some(begun) if kinds.contains(&begun.init.kind) => bench.step(begun).command,
        _ => hex(otherwise),
    };
    match id {
        C::InitializeForLoad => init(Kind::Load, Deposit),
        C::InitializeForPurchase => init(Kind::Purchase, Purse),
        C::InitializeForCashWithdrawal => init(Kind::Cash, Deposit),
        C::InitializeForUnload => init(Kind::Unload, Deposit),
        C::InitializeForUpdate => init(Kind::Update, Deposit),
        C::InitializeForCappPurchase => init(Kind::Capp, Purse),
        C::CreditForLoad => step(&[Kind::Load], "805200000B 20261122 123456 00000000 04"),
        C::DebitForPurchase => {
            let kinds = [Kind::Purchase, Kind::Cash, Kind::Capp];
            step(&kinds, "805401000F 00000001 20261122 123456 00000000 08")
        }
        C::DebitForUnload => step(&[Kind::Unload], "805403000B 20261122 123456 00000000 04"),
        C::UpdateOverdrawLimit => {
            step(&[Kind::Update], "805800000E 000000 20261122 123456 00000000 04")
        }
        C::UpdateCappDataCache => hex(&bench.cache(2)[1]),
        C::Select => bench.select(),
        other => hex(match other {
            C::GetResponse => "00C0000000",
            C::GetBalance => "805C000204",
            C::GetTransactionProof => "805A0006020001 08",
            C::GetIdentificationCode => "80CA000009",
            C::InternalAuthenticate => "008800010801020304050607 0800",
            C::ReadBinary => "00B095001E",
            C::ReadRecord => "00B201C417",
            C::UpdateBinary => "00D6950001 00",
            C::UpdateRecord => "00DC01C401 00",
            C::AppendRecord => "00E200C001 00",
            C::GetChallenge => "0084000008",
            C::ExternalAuthenticate => "0082000108 0000000000000000",
            C::Verify => "0020000003 123456",
            C::ChangePin => "805E010007 123456 FF 123456",
            C::ReloadPin => "805E000007 123456 00000000",
            C::PinUnblock => "842400000C 0000000000000000 00000000",
            C::ApplicationBlock => "841E000004 00000000",
            C::ApplicationUnblock => "8418000004 00000000",
            C::CardBlock => "8416000004 00000000",
            _ => unreachable!("every other command is above"),
        }),
    }
}

fn hex(text: &str) -> Vec<u8> {
    common::Bytes::wire(text)
}

/// Runs every cell; a catalogue command without a row, or a row without a command, is found.
fn check(bench: &Bench, table: &Table) {
    let rich = bench.rich(1_000);
    for spec in Catalogue::of(CommandSet::Purse).commands() {
        for state in STATES {
            let cell = table[&(spec.id.text().to_owned(), state)].as_str();
            let (mut chip, begun) = in_state(bench, &rich, state);
            assert_eq!(observe(bench, &chip), state);
            let status = chip.send(example(bench, spec.id, begun.as_ref())).status;
            let found = observe(bench, &chip);
            let place = format!("{} while {state}: {status:04X}", spec.id.text());
            match (cell, begun) {
                ("stay", Some(begun)) => {
                    assert_eq!(found, state, "{place}");
                    let step = bench.step(&begun);
                    if state != "capp1" {
                        assert_eq!(chip.ok(&step.command), step.answer, "{place}: its own step");
                    }
                }
                ("stay", None) => assert_eq!(found, "idle", "{place}"),
                (to, _) if STATES.contains(&to) => {
                    assert_eq!(found, to, "{place}");
                    assert!(to == "idle" || status == 0x9000, "{place}");
                }
                (refused, _) => {
                    assert_eq!(format!("{status:04X}"), refused, "{place}");
                    assert_eq!(found, "idle", "{place}");
                }
            }
        }
    }
}

#[test]
fn every_command_in_every_state_does_what_the_table_says() {
    check(&Bench::new("pboc"), &table());
    check(&Bench::new("pboc-sm4"), &table());
}

#[test]
fn a_strict_card_refuses_initialize_while_a_compound_purchase_runs() {
    let mut table = table();
    let inits: Vec<String> =
        table.keys().map(|(c, _)| c.clone()).filter(|c| c.starts_with("initialize")).collect();
    for command in inits {
        for state in STATES.into_iter().skip(1) {
            if state.starts_with("capp") || command == "initialize-for-capp-purchase" {
                table.insert((command.clone(), state), "6901".to_owned());
            }
        }
    }
    let rules = "[rules]\ninitialize-in-capp = \"refuse\"\n";
    check(&Bench::with("pboc", rules), &table);
}

#[test]
fn a_lenient_card_is_read_in_the_middle_of_a_transaction() {
    let mut table = table();
    for command in ["read-binary", "read-record"] {
        for state in STATES {
            table.insert((command.to_owned(), state), "stay".to_owned());
        }
    }
    check(&Bench::with("pboc", "[rules]\nread-keeps-transaction = true\n"), &table);
}

#[test]
fn the_status_word_of_a_wrong_state_is_the_profiles() {
    let mut table = table();
    for cell in table.values_mut().filter(|cell| *cell == "6901") {
        *cell = "6985".to_owned();
    }
    check(&Bench::with("pboc", "[rules.status]\nwrong-state = 0x6985\n"), &table);
}

#[test]
fn any_error_of_a_transaction_command_ends_the_transaction() {
    let bench = Bench::new("pboc");
    let rich = bench.rich(1_000);
    for state in STATES {
        for (command, status) in [
            ("8050 0102 0B 09 00000001 000000000000 0F", 0x9403),
            ("8050 0102 0B 01 00100000 000000000000 0F", 0x9401),
            ("8050 0002 0B 01 80000000 000000000000 10", 0x6985),
            ("8050 0602 0B 01 00000001 000000000000 0F", 0x6A86),
            ("8050 0102 0A 01 00000001 0000000000 0F", 0x6700),
            ("8054 0200 0F 00000001 20261122 123456 00000000 08", 0x6A86),
            ("80DC 01BD 01 00", 0x6A86),
            ("80FE 0000 00", 0x6D00),
            ("9050 0102 00", 0x6E00),
        ] {
            let (mut chip, _) = in_state(&bench, &rich, state);
            chip.refuses(command, status);
            assert_eq!(observe(&bench, &chip), "idle", "{command} while {state}");
        }
    }
}

#[test]
fn a_refused_balance_or_proof_still_disturbs_nothing() {
    let bench = Bench::new("pboc");
    let rich = bench.rich(1_000);
    for state in STATES {
        for (command, status) in [
            ("805C070204", 0x6A86),
            ("805C000304", 0x6A86),
            ("805A0006010108", 0x6700),
            ("805A0006 02 7777 08", 0x9406),
            ("0088000708 0000000000000000 00", 0x6A88),
            ("00C0000000", 0x6F00),
        ] {
            let (mut chip, _) = in_state(&bench, &rich, state);
            chip.refuses(command, status);
            assert_eq!(observe(&bench, &chip), state, "{command}");
        }
    }
}

#[test]
fn reset_and_power_loss_end_every_transaction() {
    let bench = Bench::new("pboc");
    let rich = bench.rich(1_000);
    for state in STATES {
        let (mut chip, _) = in_state(&bench, &rich, state);
        chip.reset();
        bench.reopen(&mut chip);
        assert_eq!(observe(&bench, &chip), "idle", "{state}");
        assert_eq!(chip.card.transaction_name(), "idle");
    }
}
