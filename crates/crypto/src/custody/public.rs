//! Keys that anybody knows: test keys of documents, tools and blank cards.

use zeroize::Zeroize;

use crate::{Key, KeyCheckValue, Suite};

/// Well-known test keys of 16 bytes. An 8-byte key is one of them where a half of them is, or twice
/// it would be; a key of one repeated byte always is.
const KEYS: &[[u8; 16]] = &[
    // Documents of purse card systems and their sample programs.
    hex("00112233445566778899AABBCCDDEEFF"),
    hex("FFEEDDCCBBAA99887766554433221100"),
    hex("112233445566778899AABBCCDDEEFF00"),
    hex("11223344556677881122334455667788"),
    hex("11223344556677888877665544332211"),
    hex("3F3F3F3F3F3F3F3F1122334455667788"),
    hex("000102030405060708090A0B0C0D0E0F"),
    hex("0102030405060708090A0B0C0D0E0F10"),
    hex("1234567890ABCDEF1234567890ABCDEF"),
    hex("12345678901234561234567890123456"),
    hex("12345678123456781234567812345678"),
    // The SM4 standard's example, also the usual pair of DES examples.
    hex("0123456789ABCDEFFEDCBA9876543210"),
    hex("0123456789ABCDEF0123456789ABCDEF"),
    hex("FEDCBA98765432100123456789ABCDEF"),
    // Card manager keys of test cards: GlobalPlatform, and two makers' names in ASCII.
    hex("404142434445464748494A4B4C4D4E4F"),
    *b"GEMXPRESSOSAMPLE",
    *b"WATCHDATATimeCOS",
];

/// Whether this is one of the well-known test keys (FF.., 00.., 404142..4F and the like). For 3DES,
/// parity bits do not count, as they do not count for the cipher. Lab keys of profiles are not in
/// the table: who makes them knows that they are public.
pub fn is_public_test_key(suite: Suite, key: &Key) -> bool {
    let mut shown = *key.padded();
    let half = key.left();
    if key.len() == 8 {
        shown = *[half, half].as_flattened().first_chunk().unwrap_or(&shown);
    }
    let mask = if suite == Suite::TripleDes { 0xFE } else { 0xFF };
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| (a ^ b) & mask == 0);
    let repeated = same(&shown, &[half[0]; 16]);
    let known = KEYS.iter().any(|known| {
        same(&shown, known)
            || key.len() == 8 && known.as_chunks::<8>().0.iter().any(|part| same(&half, part))
    });
    shown.zeroize();
    repeated || known
}

/// Whether a check value is that of a well-known test key of 16 bytes, where nothing but the check
/// value is to be had. One in a hundred thousand other keys has one of them too.
pub fn is_public_test_value(suite: Suite, value: KeyCheckValue) -> bool {
    let repeated = (0..=0xFF).map(|byte| [byte; 16]);
    KEYS.iter().copied().chain(repeated).any(|key| Key::double(key).check_value(suite) == value)
}

/// Bytes of 32 hexadecimal digits.
const fn hex(text: &str) -> [u8; 16] {
    match u128::from_str_radix(text, 16) {
        Ok(value) => value.to_be_bytes(),
        Err(_) => panic!("32 hexadecimal digits"),
    }
}
