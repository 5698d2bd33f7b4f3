//! Keys that anybody knows: test keys of documents, tools and blank cards.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{Key, Suite};

/// Well-known test keys of 16 bytes; their halves are some too, and so is every repeated byte.
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

/// Every well-known test key (FF.., 00.., 404142..4F and the like), as 16 bytes: those of 8 bytes,
/// which are the halves of the others too, twice. Lab keys of profiles are not among them: who makes
/// them knows that they are public.
pub fn public_test_keys() -> impl Iterator<Item = Key> {
    let halves = KEYS.iter().flat_map(|key| key.as_chunks::<8>().0).map(twice);
    let repeated = (0..=0xFF).map(|byte| [byte; 16]);
    KEYS.iter().copied().chain(halves).chain(repeated).map(Key::double)
}

/// Whether this is one of [`public_test_keys`]. For 3DES, parity bits do not count, as they do not
/// count for the cipher. Takes as long for every key.
pub fn is_public_test_key(suite: Suite, key: &Key) -> bool {
    let shown = comparable(suite, key);
    let found =
        |so_far, known| so_far | comparable(suite, &known).as_slice().ct_eq(shown.as_slice());
    public_test_keys().fold(Choice::from(0), found).into()
}

/// A key as 16 bytes, without the bits that do not count.
fn comparable(suite: Suite, key: &Key) -> Zeroizing<[u8; 16]> {
    let mask = if suite == Suite::TripleDes { 0xFE } else { 0xFF };
    let whole = if key.len() == 8 { twice(&key.left()) } else { *key.padded() };
    Zeroizing::new(whole.map(|byte| byte & mask))
}

fn twice(half: &[u8; 8]) -> [u8; 16] {
    let mut whole = [0; 16];
    for (to, from) in whole.iter_mut().zip(half.iter().chain(half)) {
        *to = *from;
    }
    whole
}

/// Bytes of 32 hexadecimal digits.
const fn hex(text: &str) -> [u8; 16] {
    match u128::from_str_radix(text, 16) {
        Ok(value) => value.to_be_bytes(),
        Err(_) => panic!("32 hexadecimal digits"),
    }
}
