//! Any bytes are a command of some case; those of a proper case are written back as they came.
#![no_main]

use apdu::{Case, CommandApdu, CommandBuf};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let seen = CommandApdu::new(bytes);
    assert_eq!(seen.raw(), bytes);
    let _ = format!("{seen:?}");
    if matches!(seen.case(), Case::Malformed(_)) {
        return;
    }
    let header = [seen.cla(), seen.ins(), seen.p1(), seen.p2()];
    let made = CommandBuf { header, data: seen.data().to_vec(), ne: seen.ne() };
    let written = if seen.extended() { made.to_extended_bytes() } else { made.to_bytes() };
    assert_eq!(written.as_deref(), Ok(bytes));
});
