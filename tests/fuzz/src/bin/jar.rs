//! Any bytes are a JAR within bounds or are refused; what is read can be written and read again.
#![no_main]

use capfile::jar::{Archive, LONGEST_ENTRY, MOST_BYTES, MOST_ENTRIES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(archive) = Archive::read(bytes, "fuzz.jar") else { return };
    assert!(archive.entries.len() <= MOST_ENTRIES);
    let sizes = || archive.entries.iter().map(|entry| entry.bytes.len() as u64);
    assert!(sizes().all(|size| size <= LONGEST_ENTRY) && sizes().sum::<u64>() <= MOST_BYTES);
    let Ok(written) = archive.to_bytes() else { return };
    assert_eq!(Archive::read(&written, "again.jar").as_ref(), Ok(&archive));
});
