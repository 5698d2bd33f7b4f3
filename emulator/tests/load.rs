//! Load (圈存), facts 4.5 and 5.1; wrong transaction MACs, 5.2.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Init, Kind};

const EP: PurseKind = PurseKind::Purse;

fn load(amount: u32) -> Init {
    Init::new(Kind::Load, EP, amount)
}

#[test]
fn a_load_adds_the_amount_and_answers_a_tac() {
    for bench in Bench::all() {
        for purse in bench.purses() {
            let mut chip = bench.opened();
            let begun = bench.begin(&mut chip, Init::new(Kind::Load, purse, 500)).unwrap();
            assert_eq!((begun.balance, begun.serial), (0, 0));
            let step = bench.step(&begun);
            assert_eq!(chip.ok(&step.command), step.answer);
            let begun = bench.transact(&mut chip, Init::new(Kind::Load, purse, 7));
            assert_eq!((begun.balance, begun.serial), (500, 1));
            let step = bench.step(&begun);
            chip.says(
                format!("805A 00{:02X} 02 0002 08", begun.init.type_byte()),
                &format!("00000000 {} 9000", hex::encode(&step.answer)),
            );
        }
    }
}

#[test]
fn the_answer_of_the_first_step_has_sixteen_bytes() {
    let mut chip = Bench::new("jtt978").rich(0x1234);
    let data = chip.ok(load(1).apdu());
    assert_eq!(data.len(), 0x10);
    assert_eq!(hex::encode_upper(&data[..8]), "0000123400010100");
}

#[test]
fn the_pin_is_asked_for_where_the_family_asks() {
    for (name, asked) in [("pboc", true), ("cjt166", true), ("jtt978", false)] {
        let bench = Bench::new(name);
        let mut chip = bench.chip();
        chip.ok(bench.select());
        let answer = chip.send(load(100).apdu());
        assert_eq!(answer.status, if asked { 0x6982 } else { 0x9000 }, "{name}");
    }
    // EXTERNAL AUTHENTICATE gives rights as well: any security state but none will do.
    let bench = Bench::new("cjt166");
    let mut chip = bench.chip();
    chip.ok(bench.select());
    let challenge = chip.ok("0084000008");
    let key = applet_spec::KeyKind::ExternalAuthentication;
    let cryptogram = bench.keys.cipher(key, 2).unwrap().1.encrypt_ecb(&challenge);
    chip.ok([&[0x00, 0x82, 0x00, 0x02, 0x08], &cryptogram[..]].concat());
    bench.transact(&mut chip, load(100));
}

#[test]
fn a_reader_probes_the_online_serial_with_an_amount_of_nothing() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.chip();
    chip.ok(bench.select());
    let before = chip.clone();
    for amount in [0, 1] {
        let probe = format!("8050 0002 0B 01 {amount:08X} 000000000000 10");
        let data = chip.ok(&probe);
        assert_eq!(hex::encode_upper(&data[..8]), "0000000000000100");
    }
    chip.reset();
    assert!(chip.same_memory(&before), "probes lock nothing and write nothing");
    bench.reopen(&mut chip);
    let nobody = Init { terminal: [0; 6], ..load(0) };
    assert_eq!(bench.transact(&mut chip, nobody).serial, 0);
    chip.says("00B201C400", "0001 000000 00000000 02 000000000000 20261122 123456 9000");
}

#[test]
fn more_than_the_card_holds_is_refused_at_the_first_step() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    assert_eq!(bench.begin(&mut chip, load(0x7FFF_FFFF - 99)).unwrap_err(), 0x6985);
    assert_eq!(bench.begin(&mut chip, load(u32::MAX)).unwrap_err(), 0x6985, "no 32-bit wrap");
    bench.transact(&mut chip, load(0x7FFF_FFFF - 100));
    assert_eq!(bench.begin(&mut chip, load(1)).unwrap_err(), 0x6985);
    bench.transact(&mut chip, load(0));

    let small =
        "[[directory]]\nfid = 0x1001\n[[directory.purse]]\nkind = \"purse\"\nmaximum = 1000\n";
    let bench = Bench::with("jtt978", small);
    let mut chip = bench.rich(1_000);
    assert_eq!(bench.begin(&mut chip, load(1)).unwrap_err(), 0x6985);
    chip.set("balance", "42949672.95");
    assert_eq!(bench.begin(&mut chip, load(1)).unwrap_err(), 0x6985);
}

#[test]
fn errors_of_the_first_step_come_in_the_order_of_the_profile() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.chip();
    chip.ok(bench.select());
    chip.set("online-serial", "0xFFFF");
    let worst = Init { key: 9, amount: u32::MAX, ..load(0) };
    chip.refuses(worst.apdu(), 0x9403);
    chip.refuses(Init { key: 1, ..worst }.apdu(), 0x6982);
    chip.ok("0020000003 123456");
    chip.refuses(Init { key: 1, ..worst }.apdu(), 0x6985);
    chip.refuses(load(1).apdu(), 0x9402);
    let last_first =
        "[rules]\ncheck-order = [\"counter\", \"amount\", \"rights\", \"key\", \"state\"]\n";
    let bench = Bench::with("cjt166", last_first);
    let mut chip = bench.chip();
    chip.ok(bench.select());
    chip.set("online-serial", "0xFFFF");
    chip.refuses(worst.apdu(), 0x9402);
    chip.set("online-serial", "0");
    chip.refuses(worst.apdu(), 0x6985);
    chip.refuses(Init { amount: 0, ..worst }.apdu(), 0x6982);
    chip.ok("0020000003 123456");
    chip.refuses(Init { amount: 0, ..worst }.apdu(), 0x9403);
}

#[test]
fn a_wrong_mac2_changes_nothing_and_ends_the_transaction() {
    for bench in Bench::all() {
        let mut chip = bench.rich(100);
        let before = chip.clone();
        let step = bench.step(&bench.begin(&mut chip, load(10)).unwrap());
        chip.refuses(step.with_wrong_mac(), 0x9302);
        chip.refuses(&step.command, 0x6901);
        assert!(chip.same_memory(&before));
    }
}

#[test]
fn mac2_covers_date_time_and_terminal() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    let begun = bench.begin(&mut chip, load(10)).unwrap();
    let right = bench.step(&begun).command;
    for at in 5..right.len() - 1 {
        let mut copy = chip.clone();
        let mut command = right.clone();
        command[at] ^= 0x01;
        copy.refuses(command, 0x9302);
    }
    let mut other = begun;
    other.init.terminal[0] ^= 1;
    chip.refuses(&bench.step(&other).command, 0x9302);
}

#[test]
fn a_mac2_of_an_earlier_load_is_stale() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    let stale = bench.step(&bench.begin(&mut chip, load(10)).unwrap()).command;
    bench.begin(&mut chip, load(10)).unwrap(); // same serial, another random
    chip.refuses(&stale, 0x9302);
    bench.transact(&mut chip, load(10));
    bench.begin(&mut chip, load(10)).unwrap();
    chip.refuses(&stale, 0x9302);
    assert_eq!(chip.ok("805C000204"), [0, 0, 0, 10]);
}

#[test]
fn loads_of_a_construction_ministry_card_have_their_own_log() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.opened();
    bench.transact(&mut chip, load(77));
    chip.says("00B201D417", "0001 000000 0000004D 02 011000000001 20261122 123456 9000");
    chip.refuses("00B201C417", 0x6A83);
}

const COUNTED: &str = "[rules]\nwrong-mac-limit = 3\n";

#[test]
fn the_third_wrong_mac_locks_where_the_profile_counts_them() {
    let bench = Bench::with("jtt978", COUNTED);
    let mut chip = bench.rich(100);
    for (kind, status) in [(Kind::Load, 0x9302), (Kind::Purchase, 0x9302), (Kind::Update, 0x6985)] {
        let begun = bench.begin(&mut chip, Init::new(kind, EP, 10)).unwrap();
        chip.refuses(bench.step(&begun).with_wrong_mac(), status);
        chip.reset(); // the count is not forgotten
        if status == 0x9302 {
            bench.reopen(&mut chip);
        }
    }
    assert_eq!(chip.shown("locked"), "temporary");
    chip.refuses(bench.select(), 0x6A81);
    chip.refuses("805C000204", 0x6985);
    // Unblocking gives three new tries.
    let key = applet_spec::KeyKind::Maintenance;
    let unblock = bench.secured(&mut chip, "84180000", &[], key);
    chip.says(unblock, "9000");
    bench.reopen(&mut chip);
    for status in [0x9302, 0x9302, 0x6985] {
        let begun = bench.begin(&mut chip, load(10)).unwrap();
        chip.refuses(bench.step(&begun).with_wrong_mac(), status);
    }
}

#[test]
fn a_right_mac_restores_the_count_of_wrong_ones() {
    let bench = Bench::with("jtt978", COUNTED);
    let mut chip = bench.rich(100);
    for _ in 0..4 {
        for _ in 0..2 {
            let begun = bench.begin(&mut chip, load(10)).unwrap();
            chip.refuses(bench.step(&begun).with_wrong_mac(), 0x9302);
        }
        bench.transact(&mut chip, Init::new(Kind::Purchase, EP, 1));
    }
}

#[test]
fn a_compound_purchase_never_counts_its_wrong_macs() {
    let bench = Bench::with("jtt978", COUNTED);
    let mut chip = bench.rich(100);
    for _ in 0..5 {
        let begun = bench.begun(&mut chip, Init::new(Kind::Capp, EP, 10));
        chip.refuses(bench.step(&begun).with_wrong_mac(), 0x9302);
    }
    bench.transact(&mut chip, load(1));
}

#[test]
fn without_that_rule_wrong_macs_lock_nothing() {
    for bench in Bench::all() {
        let mut chip = bench.rich(100);
        for _ in 0..20 {
            let begun = bench.begin(&mut chip, load(10)).unwrap();
            chip.refuses(bench.step(&begun).with_wrong_mac(), 0x9302);
        }
        bench.transact(&mut chip, load(1));
    }
}
