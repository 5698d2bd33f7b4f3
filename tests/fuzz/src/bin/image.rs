//! Any file is a card image, or is refused without being changed into one.
#![no_main]

use std::sync::LazyLock;

use emulator::{Protocol, VirtualCard};
use libfuzzer_sys::fuzz_target;
use link::CardTransport;
use nvm::image::Durability;

static FILE: LazyLock<std::path::PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("pursekit-fuzz-image-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("the file is written");
    match VirtualCard::open(&FILE, None, Durability::Process, Protocol::T1) {
        Ok(mut card) => {
            let _ = card.reset();
            let _ = card.transmit(&[0x80, 0x5C, 0x00, 0x02, 0x04]);
            assert!(card.card().fault().is_none());
        }
        Err(_) => assert_eq!(std::fs::read(&*FILE).expect("the file"), bytes),
    }
});
