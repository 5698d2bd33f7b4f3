//! Protected data: enciphered and back; junk does not decipher.

use crypto::{DecipherError, Key, Suite, authentication_cryptogram, decipher, encipher};
use proptest::collection::vec;
use proptest::prelude::*;

const SUITES: [Suite; 2] = [Suite::TripleDes, Suite::Sm4];
const KEY: Key = Key::double(*b"a key of 16 byte");

#[test]
fn data_of_every_length_comes_back() {
    for suite in SUITES {
        for length in 0..=0xFF_usize {
            let data: Vec<u8> = (0..length).map(|at| at as u8 ^ 0x80).collect();
            let enciphered = encipher(suite, &KEY, &data);
            assert_eq!(enciphered.len(), (length + 1).next_multiple_of(suite.block()));
            assert_eq!(decipher(suite, &KEY, &enciphered), Ok(data), "{suite:?} {length}");
        }
    }
}

#[test]
fn what_is_not_whole_blocks_is_refused_with_its_length() {
    for suite in SUITES {
        for length in (0..64).filter(|length| *length == 0 || length % suite.block() != 0) {
            let refused = decipher(suite, &KEY, &vec![0; length]);
            assert_eq!(refused, Err(DecipherError::NotWholeBlocks { length }));
        }
    }
}

#[test]
fn every_slip_in_length_or_padding_is_noticed() {
    let suite = Suite::TripleDes;
    let forge = |plain: &[u8; 8]| {
        decipher(suite, &KEY, &crypto::BlockCipher::new(suite, &KEY).encrypt_ecb(plain))
    };
    assert_eq!(forge(&[3, 1, 2, 3, 0x80, 0, 0, 0]), Ok(vec![1, 2, 3]));
    assert_eq!(forge(&[7, 1, 2, 3, 4, 5, 6, 7]), Ok(vec![1, 2, 3, 4, 5, 6, 7]));
    for plain in [
        [8, 1, 2, 3, 4, 5, 6, 7],
        [3, 1, 2, 3, 0, 0, 0, 0],
        [3, 1, 2, 3, 0x81, 0, 0, 0],
        [3, 1, 2, 3, 0x80, 0, 0, 1],
        [0xFF; 8],
    ] {
        assert_eq!(forge(&plain), Err(DecipherError::Inconsistent), "{plain:?}");
    }
    // A whole block of padding is never added, so it is not taken off.
    let two = crypto::BlockCipher::new(suite, &KEY)
        .encrypt_ecb(&[7, 1, 2, 3, 4, 5, 6, 7, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(decipher(suite, &KEY, &two), Err(DecipherError::Inconsistent));
}

#[test]
fn the_cryptogram_is_folded_only_where_there_are_two_halves() {
    for suite in SUITES {
        let whole = authentication_cryptogram(suite, &KEY, &[0xA5; 16], false);
        let folded = authentication_cryptogram(suite, &KEY, &[0xA5; 16], true);
        let halves = whole.iter().zip(whole.iter().skip(8)).map(|(a, b)| a ^ b);
        assert_eq!(folded, halves.collect::<Vec<_>>());
    }
    let eight = authentication_cryptogram(Suite::TripleDes, &KEY, &[0xA5; 8], true);
    assert_eq!(eight, authentication_cryptogram(Suite::TripleDes, &KEY, &[0xA5; 8], false));
    let filled = [0xA5, 0xA5, 0xA5, 0xA5, 0, 0, 0, 0];
    assert_eq!(
        authentication_cryptogram(Suite::TripleDes, &KEY, &[0xA5; 4], false),
        authentication_cryptogram(Suite::TripleDes, &KEY, &filled, false)
    );
}

proptest! {
    #[test]
    fn junk_deciphers_to_an_error_or_to_what_enciphers_to_it(
        sm4: bool,
        blocks in 0..6_usize,
        junk in vec(any::<u8>(), 96),
        ragged in 0..2_usize,
    ) {
        let suite = if sm4 { Suite::Sm4 } else { Suite::TripleDes };
        let length = (blocks * suite.block() + ragged * 3).min(junk.len());
        let junk = junk.get(..length).unwrap_or_default();
        if let Ok(plain) = decipher(suite, &KEY, junk) {
            prop_assert_eq!(encipher(suite, &KEY, &plain), junk);
        }
    }
}
