//! What a terminal or a tester must not reach: the log, memory past a file, an image of another
//! layout.

mod common;

use std::sync::Arc;

use applet_spec::{Profile, PurseKind};
use common::{Bench, Bytes, Chip, Init, Kind};
use emulator::{Card, Protocol, VirtualCard, VirtualCardError};
use link::{CardControl, CardTransport};
use nvm::image::Durability;

const EP: PurseKind = PurseKind::Purse;

fn selected(bench: &Bench) -> Chip {
    let mut chip = Chip::new(bench.card());
    chip.set("balance", "50.00");
    chip.ok(bench.select());
    chip
}

#[test]
fn a_compound_purchase_does_not_write_the_log_files() {
    for (profile, sfis) in [("jtt978", &[0x18][..]), ("cjt166", &[0x18, 0x10, 0x1A])] {
        let bench = Bench::new(profile);
        for sfi in sfis {
            for (p1, mode) in [(0, 0), (0, 3), (1, 4)] {
                let mut chip = selected(&bench);
                chip.ok(Init::new(Kind::Capp, EP, 100).apdu());
                let mut forged = vec![0x80, 0xDC, p1, sfi << 3 | mode, 23];
                forged.extend([0x11; 23]);
                chip.refuses(forged, 0x6981);
            }
        }
    }
}

#[test]
fn a_record_of_a_ring_that_is_named_by_number_is_the_one_that_had_the_number_when_it_was_named() {
    let bench = Bench::new("jtt978");
    let mut chip = selected(&bench);
    let trip = |fill: u8| vec![fill; 48];
    let ride = |chip: &mut Chip, updates: &[(u8, u8, u8)]| {
        let init = Init::new(Kind::Capp, EP, 100);
        let begun = bench.begin(chip, init).expect("begins");
        for (p1, mode, fill) in updates {
            let head = [0x80, 0xDC, *p1, 0xF0 | mode, 48];
            chip.ok([&head[..], &trip(*fill)].concat());
        }
        chip.ok(bench.step(&begun).command);
    };
    ride(&mut chip, &[(0, 0, 0x0A)]);
    ride(&mut chip, &[(0, 0, 0x0B), (1, 4, 0x0C)]);
    assert_eq!(chip.ok("00B201F400"), trip(0x0B), "the appended one");
    assert_eq!(chip.ok("00B202F400"), trip(0x0C), "what was number 1 before");
}

#[test]
fn the_second_step_looks_at_the_purse_again() {
    let bench = Bench::new("jtt978");
    let cases = [
        (Kind::Load, "balance", "21474836.00", 0x6985),
        (Kind::Purchase, "balance", "0.50", 0x9401),
    ];
    for (kind, key, value, status) in cases {
        let mut chip = selected(&bench);
        let begun = bench.begin(&mut chip, Init::new(kind, EP, 100)).expect("begins");
        chip.set(key, value);
        let before = chip.ok("805C000204");
        chip.refuses(bench.step(&begun).command, status);
        assert_eq!(chip.ok("805C000204"), before);
    }
}

#[test]
fn setting_a_value_does_not_spend_a_tear_that_lies_ahead() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    card.tear(2).expect("armed");
    for _ in 0..5 {
        card.set("balance", "10.00").expect("set");
    }
    assert!(card.card().powered());
    assert_eq!(card.card().memory().tear_ahead(), Some(2));
    card.power_off().expect("off");
    card.set("log", "full").expect("set without power");
    assert_eq!(card.card().memory().tear_ahead(), Some(2));
}

#[test]
fn several_settings_are_made_together_or_not_at_all() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    let before = card.status().expect("status");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    card.set_all(&[pair("balance", "1.00"), pair("locked", "oops")]).expect_err("a wrong value");
    assert_eq!(card.status().expect("status"), before);
    card.set_all(&[pair("balance", "1.00"), pair("locked", "card")]).expect("right values");
    assert!(card.status().expect("status").contains(&pair("ep.balance", "1.00")));
}

#[test]
fn tries_are_only_counted_where_the_profile_counts_them() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    card.set("key-tries.maintenance.1", "1").expect("counted");
    card.set("key-tries.load.1", "0").expect_err("not counted");
}

#[test]
fn a_log_of_many_records_can_be_filled() {
    let bench = Bench::with(
        "jtt978",
        "[[directory]]\nfid = 0x1001\n[[directory.file]]\nsfi = 0x18\ncount = 200\n",
    );
    let mut chip = selected(&bench);
    chip.set("log", "full");
    assert_eq!(chip.ok("00B2C8C400").len(), 23);
}

#[test]
fn a_profile_that_only_reads_differently_opens_the_cards_made_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("card.img");
    let bench = Bench::new("jtt978");
    drop(VirtualCard::create(bench.card(), &path, Durability::Process).expect("an image"));
    let text = format!("# a new comment\n{}", bench.profile.text);
    let commented = Profile::parse(&text, "commented").expect("a profile");
    let open = |wanted: &Profile| {
        VirtualCard::open(&path, Some(wanted), Durability::Process, Protocol::T1)
    };
    open(&commented).expect("the same profile, with a comment");
    let newer = text.replacen("version = \"1.0.0\"", "version = \"1.0.1\"", 1);
    let newer = Profile::parse(&newer, "newer").expect("a profile");
    assert!(matches!(open(&newer), Err(VirtualCardError::OtherProfile { .. })));
}

#[test]
fn memory_of_another_layout_is_no_card() {
    // The layout word, a directory list that is a ring, a file list that leads nowhere.
    let spoils: [fn(&mut Card); 3] = [
        |card| card.memory_mut().put(3, &[9]).expect("a write"),
        |card| card.memory_mut().put(32, &32_u32.to_be_bytes()).expect("a write"),
        |card| card.memory_mut().put(32 + 52, &0xFFFF_FFF0_u32.to_be_bytes()).expect("a write"),
    ];
    for spoil in spoils {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("card.img");
        let mut card = Bench::new("jtt978").card();
        card.power_on().expect("ATR");
        spoil(&mut card);
        drop(VirtualCard::create(card, &path, Durability::Process).expect("an image"));
        let opened = VirtualCard::open(&path, None, Durability::Process, Protocol::T1);
        assert!(matches!(opened, Err(VirtualCardError::NotACard { .. })));
    }
}

#[test]
fn the_profile_of_an_image_is_found_among_other_blobs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("card.img");
    let bench = Bench::new("cjt166");
    let mut card = bench.card();
    for number in 0..8_u8 {
        card.memory_mut().add_blob(Arc::from(&[number; 100][..]));
    }
    drop(VirtualCard::create(card, &path, Durability::Process).expect("an image"));
    let opened = VirtualCard::open(&path, None, Durability::Process, Protocol::T1);
    let mut card = opened.expect("the card");
    card.reset().expect("ATR");
    assert!(card.transmit(&bench.select().wire()).expect("an answer").ends_with(&[0x90, 0x00]));
}
