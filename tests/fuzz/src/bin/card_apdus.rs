//! Commands to a personalised card: always an answer, never a fault, never a fen without a right
//! MAC. The first byte chooses profile and protocol; each command has a length byte in front
//! (FF: a reset).
#![no_main]

use std::sync::LazyLock;

use applet_spec::Profile;
use emulator::native::settings;
use emulator::{Card, CardMaker, Protocol};
use libfuzzer_sys::fuzz_target;

static CARDS: LazyLock<Vec<Card>> = LazyLock::new(|| {
    Profile::built_in_cards()
        .map(|profile| {
            let maker = CardMaker::new(profile.clone());
            let mut card = maker.and_then(|m| m.lab_card(1)).expect("lab card");
            card.power_on().expect("ATR");
            settings::set(card.memory_mut(), "balance", "50.00").expect("a setting");
            card
        })
        .collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, mut rest)) = bytes.split_first() else { return };
    let mut card = CARDS[usize::from(choice >> 1) % CARDS.len()].fork();
    if choice & 1 == 1 {
        card.set_protocol(Protocol::T0);
    }
    card.power_on();
    let money = |card: &Card| -> Vec<(String, String)> {
        let state = settings::status(card.memory()).expect("a state");
        state.into_iter().filter(|(key, _)| key.contains("balance")).collect()
    };
    let before = money(&card);
    while let Some((length, tail)) = rest.split_first() {
        if *length == 0xFF {
            assert!(card.power_on().is_some());
            rest = tail;
            continue;
        }
        let (command, next) = tail.split_at(usize::from(*length).min(tail.len()));
        assert!(card.transmit(command).len() >= 2);
        assert!(card.fault().is_none(), "{:?}", card.fault());
        assert!(!card.memory().in_transaction());
        rest = next;
    }
    assert_eq!(money(&card), before);
});
