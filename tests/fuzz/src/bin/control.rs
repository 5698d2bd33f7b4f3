//! Lines on the control channel: always one answer, never a bug.
#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use applet_spec::Profile;
use emulator::links::lines::LineReader;
use emulator::links::{SharedCard, control};
use emulator::{Card, CardMaker, VirtualCard};
use libfuzzer_sys::fuzz_target;

static CARD: LazyLock<Card> = LazyLock::new(|| {
    let profile = Profile::built_in("jtt978").expect("built-in").clone();
    CardMaker::new(profile).and_then(|maker| maker.lab_card(1)).expect("lab card")
});

fuzz_target!(|bytes: &[u8]| {
    let card = VirtualCard::volatile(CARD.fork());
    let shared = SharedCard::new(Arc::new(Mutex::new(card)));
    let mut reader = LineReader::new(1_000);
    reader.push(bytes);
    reader.finish();
    while let Some(line) = reader.next_line() {
        let _ = control::answer(&shared, &line);
        assert!(shared.outcome().is_ok());
    }
    assert!(!shared.stopped());
});
