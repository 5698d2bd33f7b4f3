//! The deposit (电子存折 ED): PIN for everything, cash, unload, overdraft (facts 4.7, 4.8, 5.1).

mod common;

use applet_spec::{PinUse, PurseKind};
use common::{Bench, Init, Kind};

const ED: PurseKind = PurseKind::Deposit;

fn of(kind: Kind, amount: u32) -> Init {
    Init::new(kind, ED, amount)
}

/// The two families with a deposit; they differ in their ciphers.
fn benches() -> [Bench; 2] {
    ["pboc", "pboc-sm4"].map(Bench::new)
}

#[test]
fn nothing_is_done_with_the_deposit_before_the_pin() {
    for bench in benches() {
        let mut chip = bench.rich(1_000);
        chip.ok(bench.select());
        chip.refuses("805C000104", 0x6982);
        for kind in [Kind::Load, Kind::Purchase, Kind::Cash, Kind::Unload, Kind::Update] {
            chip.refuses(of(kind, 0).apdu(), 0x6982);
        }
        // The purse next to it is free, but for loads.
        chip.says("805C000204", "000003E8 9000");
        bench.transact(&mut chip, Init::new(Kind::Purchase, PurseKind::Purse, 1));
        chip.ok("0020000003 123456");
        chip.says("805C000104", "000003E8 9000");
        for kind in [Kind::Load, Kind::Purchase, Kind::Cash, Kind::Unload, Kind::Update] {
            bench.transact(&mut chip, of(kind, 0));
        }
    }
}

#[test]
fn the_profile_says_what_needs_the_pin() {
    let free = "[[directory]]\nfid = 0x1001\n[[directory.purse]]\nkind = \"deposit\"\n\
                pin-for = [\"load\"]\n";
    let bench = Bench::with("pboc", free);
    assert_eq!(bench.profile.application().unwrap().purse(ED).unwrap().pin_for, [PinUse::Load]);
    let mut chip = bench.rich(1_000);
    chip.ok(bench.select());
    chip.says("805C000104", "000003E8 9000");
    bench.transact(&mut chip, of(Kind::Cash, 1));
    chip.refuses(of(Kind::Load, 1).apdu(), 0x6982);
}

#[test]
fn deposit_and_purse_have_their_own_balances_and_serials() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    let ep = PurseKind::Purse;
    assert_eq!(bench.transact(&mut chip, of(Kind::Load, 1_000)).serial, 0);
    assert_eq!(bench.transact(&mut chip, Init::new(Kind::Load, ep, 50)).serial, 0);
    assert_eq!(bench.transact(&mut chip, of(Kind::Purchase, 100)).serial, 0);
    assert_eq!(bench.transact(&mut chip, of(Kind::Cash, 100)).serial, 1);
    assert_eq!(bench.transact(&mut chip, Init::new(Kind::Purchase, ep, 20)).serial, 0);
    assert_eq!(bench.transact(&mut chip, of(Kind::Unload, 100)).serial, 1);
    assert_eq!(bench.transact(&mut chip, of(Kind::Update, 0)).serial, 2);
    assert_eq!(bench.transact(&mut chip, Init::new(Kind::Load, ep, 0)).serial, 1);
    chip.says("805C000104", "000002BC 9000");
    chip.says("805C000204", "0000001E 9000");
    let kinds: Vec<u8> = (1..=8).map(|n| chip.ok(format!("00B2{n:02X}C417"))[9]).rev().collect();
    assert_eq!(kinds, [0x01, 0x02, 0x05, 0x04, 0x06, 0x03, 0x07, 0x02], "one log for both");
}

#[test]
fn cash_is_withdrawn_like_a_purchase_of_type_04() {
    for bench in benches() {
        let mut chip = bench.rich(100);
        let begun = bench.begin(&mut chip, of(Kind::Cash, 60)).unwrap();
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
        assert_eq!(chip.ok("805A000402 0001 08"), step.proof);
        chip.refuses(of(Kind::Cash, 41).apdu(), 0x9401);
        // The MAC of a purchase is not one of a withdrawal.
        let begun = bench.begin(&mut chip, of(Kind::Cash, 1)).unwrap();
        let mut purchase = begun;
        purchase.init.kind = Kind::Purchase;
        chip.refuses(&bench.step(&purchase).command, 0x9302);
        chip.refuses("8050 0202 0B 01 00000001 000000000000 0F", 0x6A86);
    }
}

#[test]
fn an_unload_answers_mac3_and_keeps_it_as_its_proof() {
    for bench in benches() {
        let mut chip = bench.rich(100);
        let begun = bench.begin(&mut chip, of(Kind::Unload, 30)).unwrap();
        assert_eq!((begun.balance, begun.serial), (100, 1));
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
        chip.says("805A000302 0002 08", &format!("{} 00000000 9000", hex::encode(&step.answer)));
        chip.says("805C000104", "00000046 9000");
        chip.says("00B201C400", "0002 000000 0000001E 03 011000000001 20261122 123456 9000");
        chip.refuses(of(Kind::Unload, 71).apdu(), 0x9401);
        let before = chip.clone();
        let begun = bench.begin(&mut chip, of(Kind::Unload, 1)).unwrap();
        chip.refuses(bench.step(&begun).with_wrong_mac(), 0x9302);
        assert!(chip.same_memory(&before));
    }
}

#[test]
fn an_overdraft_update_moves_the_stored_balance_with_the_limit() {
    for bench in benches() {
        let mut chip = bench.rich(100);
        let data = chip.clone().ok(of(Kind::Update, 0).apdu());
        assert_eq!(data.len(), 0x13);
        assert_eq!(hex::encode_upper(&data[..10]), "00000064000100000001");
        let begun = bench.begin(&mut chip, of(Kind::Update, 0x0001_0000)).unwrap();
        let step = bench.step(&begun);
        assert_eq!(step.balance_after, 100 + 0x1_0000);
        assert_eq!(chip.ok(&step.command), step.answer);
        chip.says("805C000104", "00010064 9000");
        chip.says("805A000702 0002 08", &format!("00000000 {} 9000", hex::encode(&step.answer)));
        // The log shows the new limit as its amount.
        assert_eq!(chip.ok("00B201C400")[5..10], [0, 0x01, 0, 0, 0x07]);
        // Spending into the overdraft, then lowering the limit as far as it is unused.
        bench.transact(&mut chip, of(Kind::Purchase, 0x8064));
        let begun = bench.transact(&mut chip, of(Kind::Update, 0x8000));
        assert_eq!((begun.balance, begun.limit), (0x8000, 0x1_0000));
        chip.says("805C000104", "00000000 9000");
    }
}

#[test]
fn a_limit_below_what_is_overdrawn_is_refused_and_changes_nothing() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    bench.transact(&mut chip, of(Kind::Update, 500));
    bench.transact(&mut chip, of(Kind::Cash, 400));
    let before = chip.clone();
    let begun = bench.begin(&mut chip, of(Kind::Update, 399)).unwrap();
    chip.refuses(&bench.step(&begun).command, 0x6985);
    assert!(chip.same_memory(&before));
    bench.transact(&mut chip, of(Kind::Update, 400));
    chip.says("805C000104", "00000000 9000");
}

#[test]
fn an_overdraft_goes_up_to_three_bytes_and_not_above_the_maximum() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    bench.transact(&mut chip, of(Kind::Update, 0xFF_FFFF));
    bench.transact(&mut chip, of(Kind::Load, 0x7FFF_FFFF - 0xFF_FFFF));
    assert_eq!(bench.begin(&mut chip, of(Kind::Load, 1)).unwrap_err(), 0x6985);
    bench.transact(&mut chip, of(Kind::Update, 0));
    bench.transact(&mut chip, of(Kind::Load, 0xFF_FFFF));
    let begun = bench.begin(&mut chip, of(Kind::Update, 1)).unwrap();
    chip.refuses(&bench.step(&begun).command, 0x6985);
}

#[test]
fn the_transport_ministry_purse_takes_an_overdraft_without_a_pin() {
    for name in ["jtt978", "jtt978-sm4"] {
        let bench = Bench::new(name);
        let mut chip = bench.chip();
        chip.ok(bench.select());
        bench.transact(&mut chip, Init::new(Kind::Update, PurseKind::Purse, 1_000));
        chip.says("805C000204", "000003E8 9000");
        chip.says("805C030204", "00000000 9000");
        let begun = bench.begin(&mut chip, Init::new(Kind::Purchase, PurseKind::Purse, 0)).unwrap();
        assert_eq!(begun.limit, 1_000);
    }
}

#[test]
fn a_mobile_card_has_its_own_type_of_update() {
    let bench = Bench::with("pboc", "[rules]\noverdraft-type = 0x11\n");
    let mut chip = bench.opened();
    let key = bench.keys.first_index(applet_spec::KeyKind::Overdraft).unwrap();
    assert_eq!(key, 1);
    let mut terminal = bench.terminal();
    let mut reader = emulator::VirtualCard::volatile(chip.card.fork());
    let mut session = terminal::CardSession::new(&mut reader);
    let receipt =
        terminal.update_overdraft(&mut session, ED, purse::Limit::new(500).unwrap()).unwrap();
    assert_eq!(receipt.transaction_type as u8, 0x11);
    chip.card = reader.card().fork();
    assert_eq!(chip.ok("00B201C400")[9], 0x11);
    chip.ok("805A001102 0001 08");
}

#[test]
fn the_online_serial_stops_at_its_maximum() {
    let bench = Bench::new("pboc");
    let mut chip = bench.rich(100);
    chip.set("ed.online-serial", "0xFFFF");
    for kind in [Kind::Load, Kind::Unload, Kind::Update] {
        chip.refuses(of(kind, 0).apdu(), 0x9402);
    }
    bench.transact(&mut chip, of(Kind::Purchase, 1));
    bench.transact(&mut chip, Init::new(Kind::Load, PurseKind::Purse, 1));
}
