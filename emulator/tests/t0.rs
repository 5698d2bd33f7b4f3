//! Transmission protocols: 61xx, GET RESPONSE and 6Cxx of T=0, answer to reset and to select.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Chip, Init, Kind, over};
use emulator::Protocol;

const EP: PurseKind = PurseKind::Purse;
const PPSE: &str = "00A404000E 325041592E5359532E4444463031";

/// A card with 10 yuan in it, over `protocol`, its application selected.
fn rich(bench: &Bench, protocol: Protocol) -> Chip {
    let mut chip = over(bench.rich(1_000).card, protocol);
    chip.send(bench.select());
    chip.ok("0020000003 123456");
    chip
}

/// Sends a command with data over T=0 and fetches the answer.
#[track_caller]
fn fetch(chip: &mut Chip, command: &[u8]) -> Vec<u8> {
    // Over T=0 a command with data goes without Le.
    let answer = chip.send(&command[..5 + usize::from(command[4])]);
    assert_eq!(answer.status >> 8, 0x61, "{answer:?}");
    chip.ok(vec![0x00, 0xC0, 0x00, 0x00, answer.status as u8])
}

#[test]
fn data_of_a_command_with_data_waits_to_be_fetched() {
    let mut chip = over(Bench::new("jtt978").card(), Protocol::T0);
    chip.refuses(PPSE, 0x612D);
    let fci = chip.clone().ok("00C000002D");
    assert_eq!(fci.len(), 0x2D);
    assert_eq!(chip.clone().ok("00C0000000"), fci, "Le 00 is all of it");
    chip.clone().refuses("00C000002E", 0x6C2D);
    // In pieces.
    let first = chip.send("00C0000010");
    assert_eq!((&first.data[..], first.status), (&fci[..0x10], 0x611D));
    assert_eq!(chip.ok("00C000001D"), fci[0x10..]);
    chip.refuses("00C0000001", 0x6F00);
}

#[test]
fn a_wrong_le_is_answered_with_the_right_one() {
    let bench = Bench::new("jtt978");
    let mut chip = rich(&bench, Protocol::T0);
    chip.refuses("00B0950000", 0x6C1E);
    assert_eq!(chip.ok("00B095001E").len(), 0x1E);
    assert_eq!(chip.ok("00B0950004").len(), 4, "a part of the file");
    chip.refuses("00B0951A08", 0x6C04);
    chip.refuses("00B201C400", 0x6C17);
    assert_eq!(chip.ok("00B201C417").len(), 0x17);
    chip.refuses("805C000200", 0x6C04);
    chip.refuses("805C000205", 0x6C04);
    chip.says("805C000204", "000003E8 9000");
    chip.refuses("805C050204", 0x6C10);
    assert_eq!(chip.ok("805C050210").len(), 0x10);
}

#[test]
fn a_wrong_le_does_not_move_on_to_the_next_record() {
    let bench = Bench::new("jtt978");
    let mut chip = rich(&bench, Protocol::T0);
    let id = |data: Vec<u8>| data[1];
    chip.refuses("00B200D000", 0x6C80);
    assert_eq!(id(chip.ok("00B200D080")), 1);
    for expected in [2, 3] {
        chip.refuses("00B200D200", 0x6C80);
        assert_eq!(id(chip.ok("00B200D280")), expected);
    }
    // A SELECT with the wrong Le has selected all the same; nothing of the old directory is left.
    chip.refuses("00A4000000", 0x6C17);
    chip.refuses("00B2000400", 0x6986);
}

#[test]
fn neither_is_seen_over_t1_or_contactless() {
    let bench = Bench::new("jtt978");
    for protocol in [Protocol::T1, Protocol::Contactless] {
        let mut chip = rich(&bench, protocol);
        assert_eq!(chip.ok(PPSE).len(), 0x2D);
        chip.refuses("00C000002D", 0x6F00);
        chip.ok(bench.select());
        assert_eq!(chip.ok("00B0950000").len(), 0x1E);
        assert_eq!(chip.ok("00B09500FF").len(), 0x1E);
        assert_eq!(chip.ok("805C000200").len(), 4);
        let init = Init::new(Kind::Purchase, EP, 1).apdu();
        assert_eq!(chip.ok(&init[..init.len() - 1]).len(), 0x0F);
    }
}

#[test]
fn get_response_is_no_step_of_the_transaction() {
    for name in ["jtt978", "pboc", "cjt166"] {
        let bench = Bench::new(name);
        for kind in [Kind::Load, Kind::Purchase, Kind::Capp] {
            let init = Init::new(kind, EP, 30);
            let mut chip = rich(&bench, Protocol::T0);
            // What the card would say over T=1, to know its random.
            let mut twin = over(chip.card.fork(), Protocol::T1);
            twin.ok(bench.select());
            twin.ok("0020000003 123456");
            let begun = bench.begin(&mut twin, init).unwrap();
            let answer = fetch(&mut chip, &init.apdu());
            assert_eq!(answer.len(), usize::from(init.answer_length()));
            let at = answer.len() - if kind == Kind::Load { 8 } else { 4 };
            assert_eq!(answer[at..at + 4], begun.random);
            if kind == Kind::Capp {
                for command in bench.cache(1) {
                    chip.says(command, "9000");
                }
            }
            let step = bench.step(&begun);
            assert_eq!(fetch(&mut chip, &step.command), step.answer);
        }
    }
}

#[test]
fn what_waits_is_dropped_by_any_other_command_and_by_reset() {
    let mut chip = over(Bench::new("jtt978").card(), Protocol::T0);
    for between in ["0084000008", "00B0950000", "00FF0000", "00A4", "805C000204"] {
        chip.refuses(PPSE, 0x612D);
        chip.send(between);
        chip.refuses("00C000002D", 0x6F00);
    }
    chip.refuses(PPSE, 0x612D);
    chip.reset();
    chip.refuses("00C000002D", 0x6F00);
}

#[test]
fn a_status_word_without_data_comes_at_once() {
    let bench = Bench::new("pboc");
    let mut chip = rich(&bench, Protocol::T0);
    chip.says("0020000003 123456", "9000");
    chip.refuses("0020000003 654321", 0x63C2);
    chip.refuses("805401000F 000000000000000000000000000000", 0x6901);
    chip.refuses("00A4000002 1234", 0x6A82);
    chip.refuses("805A0006020001", 0x9406);
}

#[test]
fn a_warning_takes_the_place_of_61xx_and_its_data_wait() {
    let rules = "[rules.status]\nselect-blocked = 0x6283\nfci-when-blocked = true\n";
    let bench = Bench::with("jtt978", rules);
    let mut card = bench.card();
    let fci = Chip::new(card.fork()).ok(bench.select());
    card.power_on();
    let mut chip = over(card, Protocol::T0);
    chip.set("locked", "temporary");
    chip.refuses(bench.select(), 0x6283);
    assert_eq!(chip.ok("00C0000000"), fci);
}

#[test]
fn a_change_of_protocol_waits_for_the_next_power_on() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    chip.card.set_protocol(Protocol::T0);
    assert_eq!(chip.ok("00B0950000").len(), 0x1E);
    assert_eq!(chip.card.atr().0[1], 0x88);
    chip.reset();
    assert_eq!(chip.card.atr().0[1], 0x08);
    chip.refuses(PPSE, 0x612D);
}

#[test]
fn the_atr_offers_the_protocol_and_ends_in_a_check_byte_where_it_must() {
    let bench = Bench::new("jtt978");
    for (protocol, head, checked) in [
        (Protocol::T0, "3B 08", false),
        (Protocol::T1, "3B 88 01", true),
        (Protocol::Contactless, "3B 88 80 01", true),
    ] {
        let chip = over(bench.card(), protocol);
        let atr = chip.card.atr().0;
        let head = common::Bytes::wire(head);
        assert_eq!(atr[..head.len()], head);
        assert_eq!(&atr[head.len()..head.len() + 8], b"PURSEKIT");
        assert_eq!(atr.len(), head.len() + 8 + usize::from(checked));
        if checked {
            assert_eq!(atr[1..].iter().fold(0, |sum, byte| sum ^ byte), 0, "TCK");
        }
    }
    let mut card = bench.card();
    assert_eq!(card.power_on(), Some(card.atr()));
}

#[test]
fn historical_bytes_and_ats_are_the_profiles() {
    let chip = "[chip]\nhistorical = \"\"\nats = \"06 75 77 81 02 80\"\n";
    let card = Bench::with("jtt978", chip).card();
    assert_eq!(card.atr().0, [0x3B, 0x80, 0x01, 0x81]);
    assert_eq!(card.ats(), [0x06, 0x75, 0x77, 0x81, 0x02, 0x80]);
    let ats = Bench::new("jtt978").card().ats().to_vec();
    assert_eq!(usize::from(ats[0]), ats.len(), "TL counts itself");
}

#[test]
fn a_card_without_power_says_nothing() {
    let bench = Bench::new("jtt978");
    let mut card = bench.card();
    assert!(!card.powered());
    assert_eq!(card.transmit(&bench.select()), Vec::<u8>::new());
    card.power_on();
    assert!(card.powered());
    card.power_off();
    assert_eq!(card.transmit(&bench.select()), Vec::<u8>::new());
    assert_eq!(card.fault(), None);
}
