//! Same seed and same commands, same bytes; forks, snapshots and state files go on from where they
//! are.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::{Profile, PurseKind};
use common::{Bench, Bytes, Chip, Init, Kind};
use crypto::custody::HeldKeys;
use emulator::{Protocol, VirtualCard, VirtualCardError};
use link::{CardControl, CardTransport, LinkError};
use nvm::image::Durability;

const EP: PurseKind = PurseKind::Purse;

/// What a card says to a story with randomness in it.
fn story(bench: &Bench, seed: u64) -> Vec<String> {
    let mut chip = Chip::new(bench.maker.lab_card(seed).expect("lab card"));
    let mut said = vec![chip.card.atr().to_string()];
    let mut say =
        |chip: &mut Chip, command: Vec<u8>| said.push(format!("{:?}", chip.send(command)));
    say(&mut chip, bench.select());
    say(&mut chip, "0020000003 123456".wire());
    for kind in [Kind::Load, Kind::Purchase] {
        let init = Init::new(kind, EP, 100);
        let begun = bench.begin(&mut chip.clone(), init).expect("INITIALIZE");
        say(&mut chip, init.apdu());
        say(&mut chip, bench.step(&begun).command);
    }
    for command in ["0084000008", "805A0006020001 08", "805C000204", "0084000004"] {
        say(&mut chip, command.wire());
    }
    said
}

fn send(card: &mut VirtualCard, command: impl Bytes) -> Vec<u8> {
    card.transmit(&command.wire()).expect("an answer")
}

#[test]
fn the_same_seed_and_commands_give_the_same_bytes() {
    for bench in Bench::all() {
        let first = story(&bench, 7);
        assert_eq!(first, story(&bench, 7));
        assert_eq!(first, story(&Bench::of(bench.profile.clone()), 7), "another maker");
        let other = story(&bench, 8);
        assert_eq!(first[..2], other[..2], "ATR and FCI know no randomness");
        assert_ne!(first, other);
    }
}

#[test]
fn cards_of_one_maker_differ_in_serial_and_keys_only() {
    let bench = Bench::new("jtt978");
    let lab = emulator::LabKeys(&bench.profile);
    let mut cards = [1_u8, 2].map(|n| {
        let serial = [0x99, 0x99, 0, 0, 0, 0, 0, n];
        Chip::new(bench.maker.card(&serial, &lab, 1).expect("a card"))
    });
    let [first, second] = cards.each_mut().map(|chip| {
        chip.ok(bench.select());
        chip.ok("00B095001E")
    });
    assert_eq!(first[..19], second[..19]);
    assert_ne!(first[19], second[19]);
    // The card with the profile's own serial takes this bench's keys, the other does not.
    let [mine, other] = &mut cards;
    bench.transact(mine, Init::new(Kind::Load, EP, 1));
    let init = Init::new(Kind::Load, EP, 1);
    other.ok(init.apdu());
    let begun = bench.begin(&mut mine.clone(), init).expect("INITIALIZE");
    other.refuses(&bench.step(&begun).command, 0x9302);
}

#[test]
fn a_card_made_through_key_custody_is_the_card_made_from_the_lab_keys() {
    for bench in Bench::all() {
        let profile = &bench.profile;
        let custody = profile.lab_custody();
        let keys = emulator::CustodyKeys { profile, custody: &custody };
        let card = bench.maker.card(&profile.serial, &keys, 1).expect("a card");
        assert!(card.memory().same_contents(bench.card().memory()));

        let empty = HeldKeys::public("an empty provider", []);
        let keys = emulator::CustodyKeys { profile, custody: &empty };
        let refused = bench.maker.card(&profile.serial, &keys, 1).err().expect("no keys");
        assert!(refused.to_string().contains("an empty provider has no key"), "{refused}");
    }
}

#[test]
fn a_fork_in_the_middle_of_a_transaction_goes_on_as_the_card_does() {
    for bench in Bench::all() {
        let mut chip = bench.rich(1_000);
        let begun = bench.begun(&mut chip, Init::new(Kind::Capp, EP, 30));
        let mut fork = chip.clone();
        let step = bench.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer);
        assert!(!chip.same_memory(&fork), "the fork has its own memory");
        assert_eq!(fork.ok(&step.command), step.answer);
        assert!(chip.same_memory(&fork));
        assert_eq!(chip.ok("0084000008"), fork.ok("0084000008"));
        assert_eq!(chip.card.entropy_position(), fork.card.entropy_position());
    }
}

#[test]
fn a_state_file_keeps_the_card_and_goes_on_with_its_randomness() {
    for bench in Bench::all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("card.img");
        let mut always_on = bench.inserted();
        send(&mut always_on, bench.select());
        let mut card = VirtualCard::create(bench.card(), &path, Durability::Process).expect("file");
        card.reset().expect("ATR");
        send(&mut card, bench.select());
        for round in 0..3 {
            for length in [4_u8, 8] {
                let challenge = vec![0x00, 0x84, 0x00, 0x00, length];
                let expected = send(&mut always_on, &challenge);
                assert_eq!(send(&mut card, &challenge), expected, "round {round}");
            }
            drop(card);
            card = reopen(&path, &bench.profile);
            send(&mut card, bench.select());
        }
        send(&mut card, "0020000003 123456");
        let init = Init::new(Kind::Load, EP, 4_711);
        let begun = bench.begin(&mut Chip { card: card.card().fork() }, init).expect("begins");
        send(&mut card, init.apdu());
        send(&mut card, &bench.step(&begun).command);
        drop(card);
        let mut card = reopen(&path, &bench.profile);
        send(&mut card, bench.select());
        assert_eq!(send(&mut card, "805C000204"), "00001267 9000".wire());
        assert_eq!(send(&mut card, "805A0002020001 08")[8..], [0x90, 0x00]);
    }
}

fn reopen(path: &std::path::Path, profile: &Profile) -> VirtualCard {
    let opened = VirtualCard::open(path, Some(profile), Durability::Process, Protocol::T1);
    let mut card = opened.expect("the card in the file");
    assert_eq!(card.dropped_bytes(), 0);
    card.reset().expect("ATR");
    card
}

#[test]
fn a_torn_card_in_a_file_recovers_when_the_file_is_opened_again() {
    let bench = Bench::new("jtt978");
    for write in 1..30 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("card.img");
        let chip = bench.rich(1_000);
        let mut card = VirtualCard::create(chip.card, &path, Durability::Process).expect("file");
        card.reset().expect("ATR");
        send(&mut card, bench.select());
        let mut copy = Chip { card: card.card().fork() };
        let init = Init::new(Kind::Purchase, EP, 1);
        let begun = bench.begin(&mut copy, init).expect("begins");
        send(&mut card, init.apdu());
        card.tear(write).expect("tear");
        let step = bench.step(&begun);
        let paid = card.transmit(&step.command);
        assert!(matches!(paid, Ok(_) | Err(LinkError::Mute)), "{paid:?}");
        drop(card);
        let mut card = reopen(&path, &bench.profile);
        send(&mut card, bench.select());
        let balance = send(&mut card, "805C000204");
        let proof = send(&mut card, "805A000602 0001 08");
        if paid.is_ok() {
            assert_eq!(balance, "000003E7 9000".wire());
            assert_eq!(proof, [&step.proof[..], &[0x90, 0x00]].concat());
        } else {
            assert_eq!((balance, proof), ("000003E8 9000".wire(), "9406".wire()));
        }
        if paid.is_ok() {
            assert!(write > 3, "a purchase takes a few writes");
            return;
        }
    }
    panic!("no purchase came through");
}

#[test]
fn a_file_is_one_card_of_one_profile_for_one_process() {
    let bench = Bench::new("jtt978");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("card.img");
    let card = VirtualCard::create(bench.card(), &path, Durability::Process).expect("file");
    let second = VirtualCard::open(&path, None, Durability::Process, Protocol::T1);
    assert!(matches!(second, Err(VirtualCardError::Image(_))), "it is in use");
    drop(card);
    assert!(VirtualCard::create(bench.card(), &path, Durability::Process).is_err());
    let other = Bench::new("pboc");
    let opened = VirtualCard::open(&path, Some(&other.profile), Durability::Process, Protocol::T1);
    let Err(VirtualCardError::OtherProfile { held_name, wanted, .. }) = opened else {
        panic!("a card of another profile was opened");
    };
    assert_eq!((held_name.as_str(), wanted.as_str()), ("jtt978", "pboc 1.0.0"));
    // Without a wish it is opened with the rules it was made under.
    let card = VirtualCard::open(&path, None, Durability::Process, Protocol::T1).expect("the card");
    assert_eq!(card.card().system().profile.text, bench.profile.text);
}

#[test]
fn a_snapshot_is_the_card_as_it_was_and_may_be_taken_again_and_again() {
    let bench = Bench::new("jtt978");
    let mut card = VirtualCard::volatile(bench.rich(1_000).card);
    card.reset().expect("ATR");
    card.snapshot("rich").expect("snapshot");
    for _ in 0..2 {
        send(&mut card, bench.select());
        let init = Init::new(Kind::Purchase, EP, 400);
        let begun = bench.begin(&mut Chip { card: card.card().fork() }, init).expect("begins");
        assert_eq!(begun.serial, 0);
        send(&mut card, init.apdu());
        send(&mut card, &bench.step(&begun).command);
        assert_eq!(send(&mut card, "805C000204"), "00000258 9000".wire());
        card.snapshot("poor").expect("snapshot");
        card.restore("rich").expect("restore");
        assert!(matches!(card.transmit(&bench.select()), Err(LinkError::Mute)), "powered off");
        card.reset().expect("ATR");
        send(&mut card, bench.select());
        assert_eq!(send(&mut card, "805C000204"), "000003E8 9000".wire());
        card.reset().expect("ATR");
    }
    card.restore("poor").expect("restore");
    card.reset().expect("ATR");
    send(&mut card, bench.select());
    assert_eq!(send(&mut card, "805C000204"), "00000258 9000".wire());
    let unknown = card.restore("nothing").expect_err("no such snapshot").to_string();
    assert!(unknown.contains("poor, rich"), "{unknown}");
}

#[test]
fn a_snapshot_brought_back_is_in_the_file_too() {
    let bench = Bench::new("jtt978");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("card.img");
    let mut card = VirtualCard::create(bench.card(), &path, Durability::Process).expect("file");
    card.snapshot("fresh").expect("snapshot");
    card.set("balance", "10.00").expect("set");
    card.restore("fresh").expect("restore");
    drop(card);
    let mut card = reopen(&path, &bench.profile);
    send(&mut card, bench.select());
    assert_eq!(send(&mut card, "805C000204"), "00000000 9000".wire());
}

#[test]
fn a_rehearsal_is_answered_by_a_reset_copy_and_leaves_the_card_in_the_middle_of_its_transaction() {
    for protocol in [Protocol::T0, Protocol::T1, Protocol::Contactless] {
        let bench = Bench::new("jtt978");
        let mut chip = bench.rich(1_000);
        chip.card.set_protocol(protocol);
        let mut card = VirtualCard::volatile(chip.card);
        card.reset().expect("ATR");
        send(&mut card, bench.select());
        if protocol != Protocol::T0 {
            send(&mut card, Init::new(Kind::Purchase, EP, 30).apdu());
        }
        card.tear(1).expect("a write");
        let before = card.card().fork();

        let purchase = Init::new(Kind::Purchase, EP, 30).apdu();
        let commands = ["805C000204".wire(), bench.select(), "805C000204".wire(), purchase];
        let answers = card.rehearse(&commands).expect("answers");
        assert_eq!(answers[0].len(), 2, "the copy was reset: nothing is selected");
        assert_eq!(answers[1][..1], [0x6F], "answers are whole over every protocol");
        assert_eq!(answers[2], "000003E89000".wire());
        assert_eq!(answers[3].len(), 17);

        assert_eq!(card.card().transaction_name(), before.transaction_name());
        assert_eq!(card.card().entropy_position(), before.entropy_position());
        assert!(card.card().memory().same_contents(before.memory()));
        assert_eq!(card.card().memory().tear_ahead(), Some(1));
    }
}

#[test]
fn a_resumed_card_is_in_the_middle_of_what_it_was_doing_unless_its_power_was_taken() {
    let bench = Bench::new("jtt978");
    let mut card = VirtualCard::volatile(bench.rich(1_000).card);
    card.reset().expect("ATR");
    send(&mut card, bench.select());
    send(&mut card, Init::new(Kind::Purchase, EP, 30).apdu());
    card.snapshot("begun").expect("a snapshot");
    let running = card.card().transaction_name();

    card.reset().expect("ATR");
    card.set("balance", "1.00").expect("a purse");
    assert_ne!(card.card().transaction_name(), running);
    card.resume("begun").expect("the snapshot");
    assert_eq!(card.card().transaction_name(), running);
    send(&mut card, "805C000204");

    card.power_off().expect("off");
    card.resume("begun").expect("the snapshot");
    assert!(!card.card().powered());
    assert!(card.resume("ended").is_err());
}
