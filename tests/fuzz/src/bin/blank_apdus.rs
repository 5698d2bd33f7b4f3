//! Commands to a card that is being built: always an answer, never a fault, and memory stays laid out
//! as it is checked when a card is opened. The first byte chooses the protocol; each command has a
//! length byte in front (FF: a reset, FE: power is lost at one of the next writes, which follows).
#![no_main]

use std::sync::LazyLock;

use applet_spec::Profile;
use emulator::native::tree;
use emulator::{Card, CardMaker, Protocol};
use libfuzzer_sys::fuzz_target;

/// A card whose MF was erased: every right is given in it.
static CARD: LazyLock<Card> = LazyLock::new(|| {
    let text = &Profile::built_in("fmcos-blank").expect("built-in").text;
    let open = text.replace("erase = 0xFA", "erase = 0xF0");
    let profile = Profile::parse(&open, "open").expect("a profile");
    let maker = CardMaker::new(profile.into());
    let mut card = maker.and_then(|maker| maker.lab_card(1)).expect("lab card");
    card.power_on().expect("ATR");
    assert_eq!(card.transmit(&[0x80, 0x0E, 0x00, 0x00]), [0x90, 0x00]);
    card
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, mut rest)) = bytes.split_first() else { return };
    let mut card = CARD.fork();
    if choice & 1 == 1 {
        card.set_protocol(Protocol::T0);
    }
    card.power_on();
    while let Some((length, tail)) = rest.split_first() {
        if *length == 0xFF {
            while card.power_on().is_none() {}
            rest = tail;
            continue;
        }
        if let (0xFE, Some((write, tail))) = (*length, tail.split_first()) {
            card.memory_mut().tear_at(Some(u64::from(*write)));
            rest = tail;
            continue;
        }
        let (command, next) = tail.split_at(usize::from(*length).min(tail.len()));
        let answer = card.transmit(command);
        assert!(card.fault().is_none(), "{:?}", card.fault());
        if answer.is_empty() {
            card.memory_mut().tear_at(None);
            assert!(card.power_on().is_some());
        }
        assert!(!card.memory().in_transaction());
        tree::check(card.memory()).expect("laid out as it should be");
        rest = next;
    }
});
