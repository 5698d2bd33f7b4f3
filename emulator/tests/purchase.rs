//! Purchase (消费), facts 2.2, 2.3, 4.6, 5.2 and 1.7.
//!
//! MACs and TACs are those of `common::host`, which shares no code with the card.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Bytes, DATE, Init, Kind, TIME};

const EP: PurseKind = PurseKind::Purse;

fn purchase(amount: u32) -> Init {
    Init::new(Kind::Purchase, EP, amount)
}

#[test]
fn a_purchase_takes_the_amount_and_answers_tac_then_mac2() {
    for bench in Bench::all() {
        let mut chip = bench.rich(10_000);
        let begun = bench.begin(&mut chip, purchase(250)).unwrap();
        assert_eq!((begun.balance, begun.serial, begun.limit), (10_000, 0, 0));
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
        assert_eq!(chip.ok("805C000204"), 9_750_u32.to_be_bytes());
        let proof = chip.ok("805A000602 0001 08");
        assert_eq!(proof, step.proof, "MAC2 then TAC, the reverse of the debit");
        assert_eq!(proof, [&step.answer[4..], &step.answer[..4]].concat());
    }
}

#[test]
fn the_answer_of_the_first_step_has_fifteen_bytes_by_name() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(0x1234);
    chip.set("overdraft-limit", "100fen");
    chip.set("offline-serial", "0x0102");
    let data = chip.ok(purchase(1).apdu());
    assert_eq!(hex::encode_upper(&data[..11]), "00001234 0102 000064 01 00".replace(' ', ""));
    assert_eq!(data.len(), 0x0F);
    let sm4 = Bench::new("jtt978-sm4");
    let data = sm4.opened().ok(purchase(0).apdu());
    assert_eq!(data[9..11], [0x01, 0x04], "version 01, algorithm 04");
}

#[test]
fn serial_before_in_the_first_answer_and_after_in_log_and_proof() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    for serial in 0..3_u16 {
        let begun = bench.transact(&mut chip, purchase(7));
        assert_eq!(begun.serial, serial);
        let record = chip.ok("00B201C417");
        assert_eq!(record[..2], (serial + 1).to_be_bytes());
        assert_eq!(record[2..], bench.step(&begun).log);
        chip.refuses(vec![0x80, 0x5A, 0, 6, 2, 0, serial as u8, 8], 0x9406);
        chip.ok(vec![0x80, 0x5A, 0, 6, 2, 0, serial as u8 + 1, 8]);
    }
}

#[test]
fn the_log_record_reads_as_the_fact_sheet_draws_it() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    bench.transact(&mut chip, purchase(0x2A));
    chip.says("00B201C417", "0001 000000 0000002A 06 011000000001 20261122 123456 9000");
    chip.says("00B202C417", "0001 000000 000003E8 02 011000000001 20261122 123456 9000");
}

#[test]
fn a_construction_ministry_card_sorts_its_log_by_city() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.rich(1_000); // at terminal 0110..., which is no matter to a load
    chip.refuses("00B201C417", 0x6A83);
    assert_eq!(chip.ok("00B201D417")[9], 0x02, "loads in 1A");
    let own_city = [0x41, 0x00, 0x00, 0x00, 0x00, 0x09];
    bench.transact(&mut chip, Init { terminal: own_city, ..purchase(1) });
    assert_eq!(chip.ok("00B201C417")[10..16], own_city, "18");
    chip.refuses("00B2018417", 0x6A83);
    bench.transact(&mut chip, purchase(2));
    assert_eq!(chip.ok("00B2018417")[5..10], [0, 0, 0, 2, 0x06], "10");
    bench.transact(&mut chip, Init::new(Kind::Capp, EP, 3));
    assert_eq!(chip.ok("00B2018417")[5..10], [0, 0, 0, 3, 0x09], "10");
    chip.refuses("00B202C417", 0x6A83);
    chip.refuses("00B202D417", 0x6A83);
}

#[test]
fn le_may_be_there_or_not_and_say_anything() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    for le in [&[][..], &[0x00], &[0x0F], &[0x10], &[0x01]] {
        let mut first = purchase(5).apdu();
        first.pop();
        let mut copy = chip.clone();
        let begun = bench.begin(&mut copy, purchase(5)).unwrap();
        let data = chip.ok([&first[..], le].concat());
        assert_eq!((data.len(), &data[11..]), (0x0F, &begun.random[..]));
        let step = bench.step(&begun);
        let second = &step.command[..step.command.len() - 1];
        assert_eq!(chip.ok([second, le].concat()), step.answer);
    }
    chip.says("805C0002", "000003CF 9000");
    // And the extended forms.
    let i = purchase(5).apdu();
    let extended = [&i[..4], &[0, 0, 0x0B], &i[5..16], &[0, 0]].concat();
    assert_eq!(chip.ok(extended).len(), 0x0F);
}

#[test]
fn more_than_the_balance_is_refused_before_the_terminal_spends_a_mac() {
    for bench in Bench::all() {
        let mut chip = bench.rich(100);
        assert_eq!(bench.begin(&mut chip, purchase(101)).unwrap_err(), 0x9401);
        assert_eq!(bench.begin(&mut chip, purchase(u32::MAX)).unwrap_err(), 0x9401);
        bench.transact(&mut chip, purchase(100));
        assert_eq!(bench.begin(&mut chip, purchase(1)).unwrap_err(), 0x9401);
        bench.transact(&mut chip, purchase(0));
    }
}

#[test]
fn an_unknown_key_index_is_refused() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        for key in [0, 2, 0xFF] {
            let init = Init { key, ..purchase(0) };
            chip.refuses(init.apdu(), 0x9403);
        }
    }
}

#[test]
fn a_wrong_mac1_changes_nothing_and_ends_the_transaction() {
    for bench in Bench::all() {
        let mut chip = bench.rich(100);
        let before = chip.clone();
        let step = bench.step(&bench.begin(&mut chip, purchase(10)).unwrap());
        chip.refuses(step.with_wrong_mac(), 0x9302);
        assert!(chip.same_memory(&before));
        chip.refuses(&step.command, 0x6901);
        bench.transact(&mut chip, purchase(10));
    }
}

#[test]
fn mac1_covers_every_field_and_the_session_key_the_rest() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let begun = bench.begin(&mut chip, purchase(10)).unwrap();
    let right = bench.step(&begun).command;
    // Bytes 5, 6 of the command are the upper half of the terminal serial: no MAC1 covers them.
    for at in 7..right.len() - 1 {
        let mut copy = chip.clone();
        let mut command = right.clone();
        command[at] ^= 0x80;
        copy.refuses(command, 0x9302);
    }
    let mut other_terminal = begun;
    other_terminal.init.terminal[5] ^= 1;
    chip.refuses(&bench.step(&other_terminal).command, 0x9302);
}

#[test]
fn a_second_step_is_good_once() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let step = bench.step(&bench.begin(&mut chip, purchase(10)).unwrap());
    chip.refuses("805400000F 000000010000000000000000000000", 0x6A86);
    chip.refuses(&step.command, 0x6901);
    let step = bench.step(&bench.begin(&mut chip, purchase(10)).unwrap());
    chip.ok(&step.command);
    chip.refuses(&step.command, 0x6901);
    assert_eq!(chip.ok("805C000204"), [0, 0, 0, 90]);
}

#[test]
fn an_amount_of_nothing_counts_and_is_logged() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    let zero = Init { terminal: [0; 6], ..purchase(0) };
    assert_eq!(bench.transact(&mut chip, zero).serial, 0);
    assert_eq!(bench.transact(&mut chip, zero).serial, 1);
    chip.says("00B201C400", "0002 000000 00000000 06 000000000000 20261122 123456 9000");
}

#[test]
fn at_its_maximum_the_serial_stops_or_wraps_as_the_profile_says() {
    let mut chip = Bench::new("jtt978").rich(100);
    chip.set("offline-serial", "0xFFFF");
    chip.refuses(purchase(1).apdu(), 0x9402);
    chip.set("offline-serial", "0xFFFE");
    let bench = Bench::new("jtt978");
    assert_eq!(bench.transact(&mut chip, purchase(1)).serial, 0xFFFE);
    chip.refuses(purchase(1).apdu(), 0x9402);
    let wraps = Bench::with("jtt978", "[rules]\ncounter-stops = false\n");
    let mut chip = wraps.rich(100);
    chip.set("offline-serial", "0xFFFF");
    assert_eq!(wraps.transact(&mut chip, purchase(1)).serial, 0xFFFF);
    assert_eq!(wraps.transact(&mut chip, purchase(1)).serial, 0);
    chip.ok("805A000602 0001 08");
}

#[test]
fn the_terminal_serial_may_be_anything() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.rich(100);
    for serial in [[0; 4], [0xFF; 4], [0x80, 0, 0, 0]] {
        let mut begun = bench.begin(&mut chip, purchase(1)).unwrap();
        begun.terminal_serial = serial;
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
    }
}

#[test]
fn an_overdraft_lets_a_purchase_go_below_the_own_money_where_the_profile_says_so() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    bench.transact(&mut chip, Init::new(Kind::Update, EP, 500));
    assert_eq!(bench.begin(&mut chip, purchase(601)).unwrap_err(), 0x9401);
    bench.transact(&mut chip, purchase(350));
    for (form, words) in [
        ("00", "000000FA"), // stored: what can be spent
        ("01", "000001F4"), // limit
        ("02", "000000FA"), // used
        ("03", "00000000"), // own money
        ("05", "00000000 000001F4 000000FA 000000FA"),
    ] {
        chip.says(format!("805C{form}0200"), &format!("{words} 9000"));
    }
    chip.refuses("805C040204", 0x6A86);

    let own_only = Bench::with("jtt978", "[rules]\npurchase-uses-overdraft = false\n");
    let mut chip = own_only.rich(100);
    own_only.transact(&mut chip, Init::new(Kind::Update, EP, 500));
    assert_eq!(own_only.begin(&mut chip, purchase(101)).unwrap_err(), 0x9401);
    own_only.transact(&mut chip, purchase(100));
    own_only.transact(&mut chip, Init::new(Kind::Capp, EP, 500));
}

#[test]
fn nothing_that_was_asked_of_the_purse_is_asked_of_another_directory() {
    let mut chip = Bench::new("jtt978").chip();
    chip.refuses(purchase(0).apdu(), 0x6985);
    chip.refuses("805C000204", 0x6985);
    chip.refuses("805A0006020001 08", 0x9406);
    let pboc = Bench::new("pboc").opened();
    let cjt = Bench::new("cjt166").opened();
    for (mut chip, command) in [
        (cjt.clone(), "8050 0101 0B 01 00000000 000000000000 0F"), // no ED
        (cjt.clone(), "805C 0001 04"),
        (cjt.clone(), "8050 0402 07 01 000000000000 13"), // no overdraft
        (pboc.clone(), "8050 0402 07 01 000000000000 13"),
        (cjt, "8050 0501 0B 01 00000000 000000000000 10"), // no unload
        (pboc, "8050 0301 0B 01 00000000 000000000000 0F"), // CAPP is for the EP
    ] {
        chip.refuses(command, 0x6A86);
    }
}

#[test]
fn date_and_time_of_the_terminal_are_kept_as_they_come() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let step = bench.step(&bench.begin(&mut chip, purchase(1)).unwrap());
    assert_eq!(step.command[9..16], [&DATE[..], &TIME].concat());
    chip.ok(step.command.wire());
    assert_eq!(chip.ok("00B201C400")[16..], [&DATE[..], &TIME].concat());
}
