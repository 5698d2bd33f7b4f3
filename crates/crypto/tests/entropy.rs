//! Seeded entropy: one sequence per seed, however it is drawn.

use crypto::{Entropy, SeededEntropy};
use proptest::collection::vec;
use proptest::prelude::*;

fn drawn(source: &mut SeededEntropy, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    source.fill(&mut out);
    out
}

proptest! {
    #[test]
    fn the_sequence_does_not_depend_on_how_it_is_drawn(
        seed: u64,
        chunks in vec((0..70_usize, any::<bool>()), 0..12),
    ) {
        let total = chunks.iter().map(|(bytes, _)| bytes).sum();
        let whole = drawn(&mut SeededEntropy::new(seed), total);

        let mut source = SeededEntropy::new(seed);
        let mut pieces = Vec::new();
        for (bytes, resumed) in chunks {
            if resumed {
                let (seed, position) = source.position();
                source = SeededEntropy::resume(seed, position);
            }
            pieces.extend(drawn(&mut source, bytes));
        }
        prop_assert_eq!(pieces, whole);
        prop_assert_eq!(source.position(), (seed, total as u64));
    }

    #[test]
    fn the_sequence_goes_on_far_out(seed: u64, start in u64::MAX / 2..u64::MAX - 200) {
        let whole = drawn(&mut SeededEntropy::resume(seed, start), 100);
        let mut rest = SeededEntropy::resume(seed, start + 37);
        prop_assert_eq!(&whole[37..], drawn(&mut rest, 63));
    }

    #[test]
    fn seeds_have_sequences_of_their_own(one: u64, other: u64) {
        prop_assume!(one != other);
        let [one, other] = [one, other].map(|seed| drawn(&mut SeededEntropy::new(seed), 32));
        prop_assert_ne!(one, other);
    }
}
