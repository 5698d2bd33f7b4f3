//! APPLICATION BLOCK, APPLICATION UNBLOCK, CARD BLOCK (facts 4.3).
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::{Catalogue, CommandId, CommandSet, KeyKind};
use common::{Bench, Chip, Init, Kind, spoilt};

const KEY: KeyKind = KeyKind::Maintenance;
const TEMPORARILY: &str = "841E0000";
const FOR_EVER: &str = "841E0001";
const UNBLOCK: &str = "84180000";
const CARD: &str = "84160000";

/// A card with its application selected and blocked that way.
fn blocked(bench: &Bench, header: &str) -> Chip {
    let mut chip = bench.rich(100);
    let command = bench.secured(&mut chip, header, &[], KEY);
    chip.says(command, "9000");
    chip
}

/// A well-formed example of every command.
fn examples(bench: &Bench) -> Vec<(CommandId, Vec<u8>)> {
    let text = |id: CommandId| match id {
        CommandId::Select => hex::encode(bench.select()),
        CommandId::GetResponse => "00C0000000".to_owned(),
        CommandId::ReadBinary => "00B0950000".to_owned(),
        CommandId::UpdateBinary => "00D695000100".to_owned(),
        CommandId::ReadRecord => "00B201C400".to_owned(),
        CommandId::UpdateRecord => "00DC01C40100".to_owned(),
        CommandId::AppendRecord => "00E200C00100".to_owned(),
        CommandId::GetChallenge => "0084000008".to_owned(),
        CommandId::ExternalAuthenticate => "00820001080000000000000000".to_owned(),
        CommandId::InternalAuthenticate => "00880001080000000000000000".to_owned(),
        CommandId::Verify => "0020000003123456".to_owned(),
        CommandId::ChangePin => "805E010007123456FF123456".to_owned(),
        CommandId::ReloadPin => "805E00000712345600000000".to_owned(),
        CommandId::PinUnblock => "842400000C000000000000000000000000".to_owned(),
        CommandId::ApplicationBlock => "841E00000400000000".to_owned(),
        CommandId::ApplicationUnblock => "841800000400000000".to_owned(),
        CommandId::CardBlock => "841600000400000000".to_owned(),
        CommandId::GetBalance => "805C000204".to_owned(),
        CommandId::GetTransactionProof => "805A000602000108".to_owned(),
        CommandId::GetIdentificationCode => "80CA000009".to_owned(),
        CommandId::InitializeForLoad => hex::encode(ep(Kind::Load)),
        CommandId::InitializeForPurchase => hex::encode(ep(Kind::Purchase)),
        CommandId::InitializeForCashWithdrawal => "805002010B".to_owned() + &"00".repeat(11),
        CommandId::InitializeForCappPurchase => hex::encode(ep(Kind::Capp)),
        CommandId::InitializeForUnload => "805005010B".to_owned() + &"00".repeat(11),
        CommandId::InitializeForUpdate => hex::encode(ep(Kind::Update)),
        CommandId::CreditForLoad => "805200000B".to_owned() + &"00".repeat(11),
        CommandId::DebitForPurchase => "805401000F".to_owned() + &"00".repeat(15),
        CommandId::DebitForUnload => "805403000B".to_owned() + &"00".repeat(11),
        CommandId::UpdateOverdrawLimit => "805800000E".to_owned() + &"00".repeat(14),
        CommandId::UpdateCappDataCache => "80DC01D00100".to_owned(),
        other => unreachable!("{} is no command of purse cards", other.text()),
    };
    Catalogue::of(CommandSet::Purse)
        .commands()
        .iter()
        .map(|spec| (spec.id, hex::decode(text(spec.id)).unwrap()))
        .collect()
}

fn ep(kind: Kind) -> Vec<u8> {
    Init::new(kind, applet_spec::PurseKind::Purse, 1).apdu()
}

#[test]
fn a_temporarily_blocked_application_answers_six_commands() {
    let bench = Bench::new("jtt978");
    let chip = blocked(&bench, TEMPORARILY);
    use CommandId as C;
    for (id, command) in examples(&bench) {
        let mut chip = chip.clone();
        let status = match id {
            C::Select => 0x6A81,
            C::GetChallenge => 0x9000,
            C::GetResponse => 0x6F00,
            C::ApplicationBlock | C::ApplicationUnblock | C::CardBlock => 0x6984,
            _ => 0x6985,
        };
        assert_eq!(
            format!("{:04X}", chip.send(&command).status),
            format!("{status:04X}"),
            "{id:?}"
        );
    }
    for (command, status) in [("00FF0000", 0x6985), ("", 0x6985), ("805C0003", 0x6985)] {
        chip.clone().refuses(command, status);
    }
}

#[test]
fn a_permanently_blocked_application_answers_four() {
    let bench = Bench::new("jtt978");
    let chip = blocked(&bench, FOR_EVER);
    use CommandId as C;
    for (id, command) in examples(&bench) {
        let mut chip = chip.clone();
        let status = match id {
            C::GetChallenge => 0x9000,
            C::GetResponse => 0x6F00,
            C::CardBlock => 0x6984,
            _ => 0x9303,
        };
        assert_eq!(
            format!("{:04X}", chip.send(&command).status),
            format!("{status:04X}"),
            "{id:?}"
        );
    }
}

#[test]
fn a_blocked_card_answers_6a81_to_everything_after_reset_too() {
    for bench in Bench::all() {
        let mut chip = blocked(&bench, CARD);
        for reset in [false, true] {
            if reset {
                chip.reset();
            }
            for (id, command) in examples(&bench) {
                assert_eq!(chip.send(&command).status, 0x6A81, "{id:?}");
            }
            for command in ["", "00", "00FF0000", "9000000000", "00A4040005 00", "00A40000"] {
                chip.refuses(command, 0x6A81);
            }
        }
        assert_eq!(chip.shown("locked"), "card");
    }
}

#[test]
fn a_temporary_block_is_taken_back_and_nothing_was_lost() {
    for bench in Bench::all() {
        let mut chip = blocked(&bench, TEMPORARILY);
        chip.reset();
        chip.refuses(bench.select(), 0x6A81);
        let command = bench.secured(&mut chip, UNBLOCK, &[], KEY);
        chip.says(command, "9000");
        bench.reopen(&mut chip);
        chip.says("805C000204", "00000064 9000");
        bench.transact(&mut chip, Init::new(Kind::Purchase, applet_spec::PurseKind::Purse, 1));
    }
}

#[test]
fn what_is_not_blocked_is_not_unblocked_and_for_ever_is_for_ever() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.opened();
    let command = bench.secured(&mut chip, UNBLOCK, &[], KEY);
    chip.refuses(command, 0x6985);
    let mut chip = blocked(&bench, FOR_EVER);
    let command = bench.secured(&mut chip, UNBLOCK, &[], KEY);
    chip.refuses(command, 0x9303);
    let command = bench.secured(&mut chip, TEMPORARILY, &[], KEY);
    chip.refuses(command, 0x9303);
}

#[test]
fn a_temporary_block_may_become_a_permanent_one() {
    let bench = Bench::new("cjt166");
    let mut chip = blocked(&bench, TEMPORARILY);
    let command = bench.secured(&mut chip, FOR_EVER, &[], KEY);
    chip.says(command, "9000");
    chip.refuses(bench.select(), 0x9303);
    let command = bench.secured(&mut chip, CARD, &[], KEY);
    chip.says(command, "9000");
    chip.refuses(bench.select(), 0x6A81);
}

#[test]
fn wrong_macs_of_the_blocking_commands_never_count() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        let before = chip.clone();
        for header in [TEMPORARILY, FOR_EVER, CARD] {
            for _ in 0..5 {
                let command = bench.secured(&mut chip, header, &[], KEY);
                chip.refuses(spoilt(command), 0x6988);
            }
            chip.refuses(format!("{header}04 00000000"), 0x6984);
        }
        assert!(chip.same_memory(&before));
    }
}

#[test]
fn three_wrong_macs_of_unblocking_lock_for_ever() {
    for bench in Bench::all() {
        let mut chip = blocked(&bench, TEMPORARILY);
        for status in [0x6988, 0x6988, 0x9303] {
            chip.reset();
            chip.refuses(bench.select(), 0x6A81);
            let command = bench.secured(&mut chip, UNBLOCK, &[], KEY);
            chip.refuses(spoilt(command), status);
        }
        chip.refuses(bench.select(), 0x9303);
    }
}

#[test]
fn the_block_covers_its_parameters_and_may_have_a_key_of_its_own() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    let mut command = bench.secured(&mut chip, TEMPORARILY, &[], KEY);
    command[3] = 0x01;
    chip.refuses(command, 0x6988);
    chip.refuses("841E000204 00000000", 0x6A86);
    chip.refuses("841E000005 0000000000", 0x6700);
    chip.refuses("841E0000", 0x6700);
    let own = "[[directory]]\nfid = 0x1001\n[[directory.key]]\nkind = \"application-block\"\n\
               index = 0x01\ntries = 3\n";
    let bench = Bench::with("jtt978", own);
    let mut chip = bench.opened();
    let command = bench.secured(&mut chip, TEMPORARILY, &[], KEY);
    chip.refuses(command, 0x6988);
    let command = bench.secured(&mut chip, TEMPORARILY, &[], KeyKind::ApplicationBlock);
    chip.says(command, "9000");
    let command = bench.secured(&mut chip, UNBLOCK, &[], KEY);
    chip.says(command, "9000");
}

#[test]
fn a_directory_without_keys_cannot_be_blocked() {
    let mut chip = Bench::new("jtt978").chip();
    chip.ok("00A404000E 325041592E5359532E4444463031");
    chip.ok("0084000004");
    chip.refuses("841E000004 00000000", 0x9403);
    chip.ok("0084000004");
    chip.refuses("8416000004 00000000", 0x6A88);
}

#[test]
fn the_rest_of_the_card_goes_on_while_an_application_is_blocked() {
    let bench = Bench::new("cjt166");
    let mut chip = blocked(&bench, FOR_EVER);
    chip.ok("00A40000");
    chip.ok("00B0850028");
    chip.ok("00B2010C00");
    chip.ok("80CA000009");
}
