//! Keys, their check values, the cache of their schedules, and MAC equality.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::sync::Arc;

use crypto::{
    BlockCipher, Key, KeyCache, Mac, SessionKey, Suite, TacKey, diversify, lab_master,
    secure_messaging_mac,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn key(hex: &str) -> Key {
    Key::new(&hex::decode(hex).unwrap()).unwrap()
}

fn suite() -> impl Strategy<Value = Suite> {
    proptest::sample::select(&[Suite::TripleDes, Suite::Sm4][..])
}

/// Bytes of a key: keys themselves cannot be shown by a failing property.
fn key_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 8), vec(any::<u8>(), 16)]
}

/// Does not compile where one of the types has `Debug`: then two implementations of `Silent` fit.
mod silence {
    use super::{BlockCipher, Key, SessionKey, TacKey};

    trait Silent<A> {
        fn is_silent() {}
    }

    struct Debuggable;

    impl<T> Silent<()> for T {}
    impl<T: std::fmt::Debug> Silent<Debuggable> for T {}

    #[test]
    fn nothing_that_holds_key_bytes_can_be_printed_for_debugging() {
        <Key as Silent<_>>::is_silent();
        <BlockCipher as Silent<_>>::is_silent();
        <SessionKey as Silent<_>>::is_silent();
        <TacKey as Silent<_>>::is_silent();
    }
}

#[test]
fn a_key_has_8_or_16_bytes() {
    for length in 0..40 {
        match Key::new(&vec![0x5A; length]) {
            Ok(key) => assert_eq!(key.len(), length),
            Err(error) => {
                assert!(![8, 16].contains(&length));
                assert_eq!(error.length, length);
            }
        }
    }
    let refusal = Key::new(&[0; 24]).err().unwrap().to_string();
    assert!(refusal.contains("8 or 16 bytes, not 24"), "{refusal}");
}

#[test]
fn check_values_are_the_known_ones() {
    // 404142.. is the card manager key of GlobalPlatform test cards; all of them also by OpenSSL.
    for (suite, hex, expected) in [
        (Suite::TripleDes, "404142434445464748494A4B4C4D4E4F", "8BAF47"),
        (Suite::TripleDes, "00112233445566778899AABBCCDDEEFF", "FB0975"),
        (Suite::TripleDes, "0123456789ABCDEF", "D5D44F"),
        (Suite::TripleDes, "0123456789ABCDEF0123456789ABCDEF", "D5D44F"),
        (Suite::Sm4, "0123456789ABCDEFFEDCBA9876543210", "2677F4"),
    ] {
        let value = key(hex).check_value(suite);
        assert_eq!(value.to_string(), expected, "{hex}");
        assert_eq!(format!("{value:?}"), format!("KCV {expected}"));
    }
}

#[test]
fn lab_keys_depend_on_seed_and_label_and_on_where_one_ends() {
    let expected = key("01F9A1456AAE9AA08E945D139E802FE5");
    assert!(lab_master("seed", "label") == expected);
    assert!(lab_master("seed", "label2") != expected);
    assert!(lab_master("see", "dlabel") != expected);
}

#[test]
fn the_cache_stays_within_its_bounds_and_right_beyond_them() {
    let cache = KeyCache::new(16);
    let master = Key::double([0x42; 16]);
    let mut held = Vec::new();
    for card in 0..2_000_u64 {
        let key = diversify(Suite::Sm4, &master, &card.to_be_bytes());
        let cached = cache.cipher(Suite::Sm4, &key);
        let mut block = [7; 16];
        cached.encrypt(&mut block);
        let mut expected = [7; 16];
        BlockCipher::new(Suite::Sm4, &key).encrypt(&mut expected);
        assert_eq!(block, expected);
        held.push(Arc::downgrade(&cached));
    }
    let alive = held.iter().filter(|schedule| schedule.strong_count() > 0).count();
    assert!((1..=16).contains(&alive), "{alive} schedules are kept in a cache of 16");
}

#[test]
fn the_cache_schedules_a_key_once_while_it_is_held() {
    let cache = KeyCache::new(16);
    let key = Key::double([0x42; 16]);
    let first = cache.cipher(Suite::TripleDes, &key);
    assert!(Arc::ptr_eq(&first, &cache.cipher(Suite::TripleDes, &key)));
    assert!(!Arc::ptr_eq(&first, &cache.cipher(Suite::Sm4, &key)), "not the other suite's");
    assert!(Arc::ptr_eq(&cache.tac(Suite::Sm4, &key), &cache.tac(Suite::Sm4, &key)));
}

#[test]
fn macs_are_equal_only_where_every_byte_is() {
    let mac = Mac([0x09, 0xC3, 0x7D, 0xE0]);
    assert_eq!(mac, mac);
    for bit in 0..32 {
        let other = (u32::from_be_bytes(mac.0) ^ 1 << bit).to_be_bytes();
        assert_ne!(mac, Mac(other));
    }
    assert_eq!((mac.to_string(), format!("{mac:?}")), ("09C37DE0".into(), "09C37DE0".into()));
}

proptest! {
    #[test]
    fn a_cached_schedule_does_what_a_fresh_one_does(
        suite in suite(),
        keys in vec(key_bytes(), 1..40),
        order in vec(any::<prop::sample::Index>(), 1..120),
        data in vec(any::<u8>(), 0..40),
    ) {
        let cache = KeyCache::new(16);
        for at in order {
            let key = &Key::new(at.get::<Vec<u8>>(&keys)).unwrap();
            let fresh = BlockCipher::new(suite, key);
            prop_assert_eq!(cache.cipher(suite, key).encrypt_ecb(&data), fresh.encrypt_ecb(&data));
            prop_assert_eq!(cache.tac(suite, key).tac(&data), TacKey::new(suite, key).tac(&data));
        }
    }

    #[test]
    fn keys_are_equal_exactly_where_their_bytes_are(one in key_bytes(), other in key_bytes()) {
        let [key, same, another] = [&one, &one, &other].map(|bytes| Key::new(bytes).unwrap());
        prop_assert!(key == same);
        prop_assert_eq!(key == another, one == other);
        prop_assert_eq!(key.expose(), one);
    }

    #[test]
    fn a_triple_des_key_of_two_equal_halves_is_single_des(half: [u8; 8], data: [u8; 16]) {
        let double = Key::double(*[half, half].as_flattened().first_chunk().unwrap());
        let single = Key::new(&half).unwrap();
        let suite = Suite::TripleDes;
        prop_assert_eq!(
            BlockCipher::new(suite, &double).encrypt_ecb(&data),
            BlockCipher::new(suite, &single).encrypt_ecb(&data)
        );
        prop_assert_eq!(
            secure_messaging_mac(suite, &double, &[], &data),
            secure_messaging_mac(suite, &single, &[], &data)
        );
    }
}
