//! BER-TLV from strangers: what is read lies where it says, and is read again by `find`.
#![no_main]

use apdu::tlv;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(elements) = tlv::tree(bytes) else { return };
    for element in &elements {
        assert_eq!(&bytes[element.offset..][..element.value.len()], element.value);
        assert!(element.depth < tlv::MAX_DEPTH);
    }
    if let Some(first) = elements.first() {
        assert_eq!(tlv::find(bytes, &[first.tag]), Ok(Some(first.value)));
    }
});
