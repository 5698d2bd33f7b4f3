//! A lab card is used again and again.

use purse::issuing::KeyWriting;

use super::{Builder, same};

#[test]
fn a_card_is_erased_and_built_a_thousand_times() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Enciphered);
    let first = builder.built();
    let mut chip = first.clone();
    let restart = builder.sequence.restart(builder.sequence.steps().len() - 1);
    for _ in 0..1_000 {
        builder.take_all(&mut chip, &restart);
        chip.reset();
    }
    assert!(same(&chip, &first));
    assert!(chip.card.memory().same_contents(first.card.memory()));
}
