//! MACs over padded data in pieces: what they are by the MACs over data that is padded here.

use crypto::{BlockMac, Key, NotWholeBlocks, Suite, TacKey, secure_messaging_mac};
use proptest::collection::vec;
use proptest::prelude::*;

/// With padding 80 00.. to whole blocks.
fn padded(suite: Suite, data: &[u8]) -> Vec<u8> {
    let mut out = [data, &[0x80]].concat();
    out.resize(out.len().next_multiple_of(suite.block()), 0);
    out
}

#[test]
fn pieces_of_a_block_are_refused_and_not_taken() {
    for suite in [Suite::TripleDes, Suite::Sm4] {
        let key = Key::double(*b"a key of 16 byte");
        let block = suite.block();
        let mut mac = BlockMac::folded(suite, &key, &[]);
        let twin = mac.clone();
        for length in (1..40).filter(|length| length % block != 0) {
            let refused = mac.update(&vec![0xA5; length]);
            assert_eq!(refused, Err(NotWholeBlocks { length, block }));
        }
        assert_eq!(mac.finish(), twin.finish());
    }
}

proptest! {
    #[test]
    fn padded_data_in_any_pieces_gives_the_mac_of_the_data(
        sm4: bool,
        single: bool,
        key: [u8; 16],
        challenge: [u8; 8],
        data in vec(any::<u8>(), 0..120),
        cuts in vec(0..8_usize, 0..4),
    ) {
        let suite = if sm4 { Suite::Sm4 } else { Suite::TripleDes };
        let key = if single && !sm4 { Key::new(&key[..8]).unwrap() } else { Key::double(key) };
        let whole = padded(suite, &data);
        let mut secured = BlockMac::secure_messaging(suite, &key, &challenge);
        let mut folded = BlockMac::folded(suite, &key, &[]);
        let mut rest = whole.as_slice();
        for cut in cuts {
            let (piece, left) = rest.split_at((cut * suite.block()).min(rest.len()));
            secured.update(piece).unwrap();
            folded.update(piece).unwrap();
            rest = left;
        }
        secured.update(rest).unwrap();
        folded.update(rest).unwrap();
        let expected = secure_messaging_mac(suite, &key, &challenge, &data);
        prop_assert_eq!(&secured.finish()[..4], &expected.0);
        prop_assert_eq!(&folded.finish()[..4], &TacKey::new(suite, &key).tac(&data).0);
    }
}
