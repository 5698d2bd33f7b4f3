//! BER-TLV from strangers.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = apdu::tlv::tree(bytes);
});
