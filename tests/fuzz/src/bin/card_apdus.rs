//! Commands to a personalised card or PSAM: always an answer, never a fault, never a fen without a
//! right MAC, no terminal serial for two MAC1. The first byte chooses profile (high bit: a PSAM) and
//! protocol; each command has a length byte in front (FF: a reset).
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use applet_spec::Profile;
use emulator::native::settings;
use emulator::{Card, CardMaker, Protocol};
use libfuzzer_sys::fuzz_target;

static CARDS: LazyLock<Vec<Card>> = LazyLock::new(|| {
    Profile::built_in_cards()
        .map(|profile| {
            let mut card = made(profile.name.as_str());
            settings::set(card.memory_mut(), "balance", "50.00").expect("a setting");
            card
        })
        .collect()
});

static MODULES: LazyLock<Vec<Card>> = LazyLock::new(|| {
    let names = Profile::built_in_names().iter();
    names.filter(|name| name.starts_with("psam-")).map(|name| made(name)).collect()
});

fn made(name: &str) -> Card {
    let profile = Profile::built_in(name).expect("built-in").clone();
    let maker = CardMaker::new(profile);
    let mut card = maker.and_then(|maker| maker.lab_card(1)).expect("lab card");
    card.power_on().expect("ATR");
    card
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, mut rest)) = bytes.split_first() else { return };
    let kind = if choice & 0x80 == 0 { &CARDS } else { &MODULES };
    let mut card = kind[usize::from(choice >> 1 & 0x3F) % kind.len()].fork();
    if choice & 1 == 1 {
        card.set_protocol(Protocol::T0);
    }
    card.power_on();
    let money = |card: &Card| -> Vec<(String, String)> {
        let state = settings::status(card.memory()).expect("a state");
        state.into_iter().filter(|(key, _)| key.contains("balance")).collect()
    };
    let before = money(&card);
    let mut serials = BTreeSet::new();
    while let Some((length, tail)) = rest.split_first() {
        if *length == 0xFF {
            assert!(card.power_on().is_some());
            rest = tail;
            continue;
        }
        let (command, next) = tail.split_at(usize::from(*length).min(tail.len()));
        let answer = card.transmit(command);
        assert!(answer.len() >= 2);
        assert!(card.fault().is_none(), "{:?}", card.fault());
        assert!(!card.memory().in_transaction());
        if let ([0x80, 0x70, ..], [serial @ .., 0x90, 0x00]) = (command, answer.as_slice()) {
            assert!(serials.insert(serial[..4].to_vec()), "a serial for two MAC1");
        }
        rest = next;
    }
    assert_eq!(money(&card), before);
});
