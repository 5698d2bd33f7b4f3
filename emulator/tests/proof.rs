//! GET TRANSACTION PROOF (取交易认证), facts 4.4 and 5.3.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Chip, Init, Kind, Step};

const EP: PurseKind = PurseKind::Purse;
const ED: PurseKind = PurseKind::Deposit;

/// A transaction, its expected codes, its type and the serial after it.
fn done(bench: &Bench, chip: &mut Chip, init: Init) -> (Step, u8, u16) {
    let begun = bench.begun(chip, init);
    let step = bench.step(&begun);
    assert_eq!(chip.ok(&step.command), step.answer);
    (step, init.type_byte(), begun.serial + 1)
}

fn ask(kind: u8, serial: u16) -> Vec<u8> {
    let [high, low] = serial.to_be_bytes();
    vec![0x80, 0x5A, 0x00, kind, 0x02, high, low, 0x08]
}

#[test]
fn every_kind_of_transaction_leaves_its_proof() {
    let bench = Bench::new("pboc");
    let mut chip = bench.rich(1_000);
    for init in [
        Init::new(Kind::Load, ED, 1),
        Init::new(Kind::Load, EP, 1),
        Init::new(Kind::Unload, ED, 1),
        Init::new(Kind::Cash, ED, 1),
        Init::new(Kind::Purchase, ED, 1),
        Init::new(Kind::Purchase, EP, 1),
        Init::new(Kind::Update, ED, 1),
        Init::new(Kind::Capp, EP, 1),
    ] {
        let (step, kind, serial) = done(&bench, &mut chip, init);
        chip.says(ask(kind, serial), &format!("{} 9000", hex::encode(&step.proof)));
        let zero_mac = matches!(init.kind, Kind::Load | Kind::Update);
        assert_eq!(step.proof[..4] == [0; 4], zero_mac);
        assert_eq!(step.proof[4..] == [0; 4], init.kind == Kind::Unload);
        for other in (0..=0x12).filter(|other| *other != kind) {
            chip.refuses(ask(other, serial), 0x9406);
        }
        chip.refuses(ask(kind, serial - 1), 0x9406);
        chip.refuses(ask(kind, serial + 1), 0x9406);
    }
}

#[test]
fn a_fresh_card_has_none() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        for kind in 0..=0x12 {
            chip.refuses(ask(kind, 0), 0x9406);
            chip.refuses(ask(kind, 1), 0x9406);
        }
    }
    let other = Bench::with("jtt978", "[rules.status]\nno-proof = 0x6985\n");
    other.opened().refuses(ask(6, 1), 0x6985);
}

#[test]
fn it_is_kept_until_the_next_transaction_succeeds() {
    for bench in Bench::all() {
        let mut chip = bench.rich(1_000);
        let (step, kind, serial) = done(&bench, &mut chip, Init::new(Kind::Purchase, EP, 9));
        let proof = step.proof;
        // Asking twice, reset, power loss, an INITIALIZE, a failure: still there.
        assert_eq!(chip.ok(ask(kind, serial)), proof);
        assert_eq!(chip.ok(ask(kind, serial)), proof);
        chip.reset();
        bench.reopen(&mut chip);
        assert_eq!(chip.ok(ask(kind, serial)), proof);
        chip.card.power_off();
        chip.reset();
        bench.reopen(&mut chip);
        let begun = bench.begin(&mut chip, Init::new(Kind::Purchase, EP, 9)).unwrap();
        assert_eq!(chip.ok(ask(kind, serial)), proof, "in the middle of the next one");
        chip.refuses(bench.step(&begun).with_wrong_mac(), 0x9302);
        assert_eq!(chip.ok(ask(kind, serial)), proof);
        let (next, ..) = done(&bench, &mut chip, Init::new(Kind::Purchase, EP, 9));
        chip.refuses(ask(kind, serial), 0x9406);
        assert_eq!(chip.ok(ask(kind, serial + 1)), next.proof);
    }
}

#[test]
fn asking_in_the_middle_disturbs_nothing() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let begun = bench.begin(&mut chip, Init::new(Kind::Purchase, EP, 9)).unwrap();
    chip.refuses(ask(6, 1), 0x9406);
    chip.ok(ask(2, 1));
    chip.ok(&bench.step(&begun).command);
}

#[test]
fn no_pin_is_needed_and_no_other_directory_has_it() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.rich(100);
    chip.ok(bench.select());
    chip.ok(ask(2, 1));
    chip.ok("00A40000");
    chip.refuses(ask(2, 1), 0x9406);
}

#[test]
fn the_serial_of_proof_and_log_is_before_or_after_as_the_profile_says() {
    for (log, proof) in
        [("after", "after"), ("before", "after"), ("after", "before"), ("before", "before")]
    {
        let rules = format!("[rules]\nlog-serial = \"{log}\"\nproof-serial = \"{proof}\"\n");
        let bench = Bench::with("jtt978", &rules);
        let mut chip = bench.rich(100);
        done(&bench, &mut chip, Init::new(Kind::Purchase, EP, 1));
        let (step, ..) = done(&bench, &mut chip, Init::new(Kind::Purchase, EP, 1)); // 0001 to 0002
        let of = |when: &str| if when == "after" { 2_u16 } else { 1 };
        assert_eq!(chip.ok("00B201C400")[..2], of(log).to_be_bytes());
        assert_eq!(chip.ok(ask(6, of(proof))), step.proof);
        chip.refuses(ask(6, 3 - of(proof)), 0x9406);
    }
}

#[test]
fn a_terminal_learns_after_a_lost_answer_whether_it_was_paid() {
    for bench in Bench::all() {
        for (lost_before, paid) in [(true, false), (false, true)] {
            let mut chip = bench.rich(100);
            let begun = bench.begun(&mut chip, Init::new(Kind::Capp, EP, 30));
            let step = bench.step(&begun);
            if !lost_before {
                chip.ok(&step.command);
            }
            chip.card.power_off();
            chip.reset();
            bench.reopen(&mut chip);
            // Four terminal programs: balance, then 805A with the serial of INITIALIZE plus one.
            let balance = chip.ok("805C000204");
            assert_eq!(balance, if paid { 70_u32 } else { 100 }.to_be_bytes());
            let answer = chip.send(ask(9, begun.serial + 1));
            match paid {
                true => assert_eq!(answer.data, step.proof),
                false => assert_eq!(answer.status, 0x9406),
            }
        }
    }
}

#[test]
fn bytes_and_le_of_the_command() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(100);
    let proof = chip.ok("805A000202 0001 08");
    assert_eq!(proof.len(), 8);
    assert_eq!(chip.ok("805A000202 0001"), proof);
    assert_eq!(chip.ok("805A000202 0001 00"), proof);
    chip.refuses("805A010202 0001 08", 0x6A86);
    chip.refuses("805A000203 000001 08", 0x6700);
    chip.refuses("805A0002", 0x6700);
}
