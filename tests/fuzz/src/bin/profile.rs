//! Any text is a profile, or a list of problems that lie within the text; a profile that loads
//! makes a card that has an ATR.
#![no_main]

use std::sync::Arc;

use applet_spec::Profile;
use emulator::{CardMaker, PersonaliseError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Profile::parse_bytes(bytes, "fuzz.toml") {
        Ok(profile) => match CardMaker::new(Arc::new(profile)).and_then(|m| m.lab_card(1)) {
            Ok(mut card) => assert!(card.power_on().is_some()),
            Err(PersonaliseError::NoMasterKey { .. }) => {}
            Err(error) => panic!("a valid profile makes no card: {error}"),
        },
        Err(errors) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!(!errors.problems().is_empty());
            for problem in errors.problems() {
                // What a profile extends has lines of its own.
                let own = problem.origin == "fuzz.toml";
                let within = problem.line.is_none_or(|line| line as usize <= lines);
                assert!(within || !own, "{problem:?}");
                assert!(!problem.mend.is_empty());
            }
        }
    }
});
