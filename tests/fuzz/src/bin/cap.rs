//! Any bytes are a CAP file or are refused; one that is read is written the same again, and can be
//! shown and compared whatever stands in it.
#![no_main]

use std::sync::LazyLock;

use capfile::cap::CapFile;
use capfile::diff::{Difference, Side, Verdict};
use capfile::dump::{Dump, Names};
use libfuzzer_sys::fuzz_target;

static NAMES: LazyLock<Names> = LazyLock::new(Names::built_in);

fuzz_target!(|bytes: &[u8]| {
    let Ok((cap, container)) = CapFile::open(bytes, "fuzz.cap") else { return };
    let components = cap.to_components().expect("what was read fits its format");
    assert_eq!(CapFile::read(&components).as_ref(), Ok(&cap));
    if container.is_none() {
        // Components may stand in any order; they are written by tag.
        let size: usize = components.iter().map(|component| component.bytes.len()).sum();
        assert_eq!(size, bytes.len());
    }
    let dump = Dump::new(&cap, container.as_ref(), &NAMES).expect("a dump");
    assert!(dump.to_string().starts_with(".package "));
    let same = Side { cap: &cap, container: container.as_ref() };
    let difference = Difference::between(same, same, &NAMES).expect("a difference");
    assert_eq!(difference.verdict, Verdict::Identical);
    let mut other = cap.clone();
    other.imports.packages.clear();
    let other = Side { cap: &other, container: None };
    Difference::between(same, other, &NAMES).expect("a difference");
});
