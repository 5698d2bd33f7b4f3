//! Power is lost at every single memory write of the whole sequence; then it goes on, or begins
//! again, and ends in the same card.

use purse::issuing::{KeyWriting, Step, Verdict};

use super::common::Chip;
use super::{Builder, blank, kept, same};

/// What is done after a loss of power.
#[derive(Clone, Copy, PartialEq)]
enum After {
    GoesOn,
    BeginsAgain,
}

/// Takes steps whose first may have been done before, as somebody does who lost an answer.
#[track_caller]
fn take_again(builder: &Builder, chip: &mut Chip, steps: &[Step], doubtful: usize) {
    for (at, step) in steps.iter().enumerate() {
        if at == doubtful
            && let Some(probe) = step.probe()
            && chip.send(probe.to_apdu().to_bytes().unwrap()).status == 0x9000
        {
            continue;
        }
        let verdict = builder.take(chip, step).expect("power stays");
        let words = step.in_words(purse::Language::English);
        assert!(verdict == Verdict::Done || verdict == Verdict::DoneBefore, "{words}");
    }
}

/// Tears the sequence at write `write` of step `at`; every memory write of the recovery is then
/// torn once, too.
fn torn(builder: &Builder, before: &Chip, at: usize, write: u64) -> Option<Chip> {
    let mut chip = before.clone();
    chip.card.memory_mut().tear_at(Some(write));
    let verdict = builder.take(&mut chip, &builder.sequence.steps()[at]);
    if verdict.is_some() {
        return None;
    }
    for recovery in 1..=2 {
        let mut card = chip.card.fork();
        card.memory_mut().tear_at(Some(recovery));
        if card.power_on().is_none() {
            chip.card = card;
        }
    }
    chip.card.memory_mut().tear_at(None);
    chip.reset();
    Some(chip)
}

fn tear_everywhere(family: &str, keys: KeyWriting, after: After) {
    let builder = Builder::of(family, keys);
    let steps = builder.sequence.steps();
    let whole = builder.built();
    let mut chip = blank();
    let mut tears = 0;
    for (at, step) in steps.iter().enumerate() {
        let words = step.in_words(purse::Language::English);
        let mut done = chip.clone();
        assert_eq!(builder.take(&mut done, step), Some(Verdict::Done), "{words}");
        let (before, completed) = (kept(chip.card.memory()), kept(done.card.memory()));
        for write in 1.. {
            let Some(mut torn) = torn(&builder, &chip, at, write) else { break };
            tears += 1;
            let now = kept(torn.card.memory());
            let whole_or_not = now.same_contents(&before) || now.same_contents(&completed);
            assert!(whole_or_not, "{words}, write {write}");
            let again = match after {
                After::GoesOn => builder.sequence.resume(at),
                After::BeginsAgain => builder.sequence.restart(at),
            };
            let doubtful = match after {
                After::GoesOn => again.len() - (steps.len() - at),
                After::BeginsAgain => usize::MAX,
            };
            take_again(&builder, &mut torn, &again, doubtful);
            assert!(same(&torn, &whole), "{words}, write {write}");
        }
        chip = done;
    }
    assert!(tears > 150, "the sequence has {tears} writes");
}

#[test]
fn a_torn_sequence_goes_on_to_the_same_card() {
    tear_everywhere("fmcos-ep", KeyWriting::Enciphered, After::GoesOn);
    tear_everywhere("pboc", KeyWriting::Plain, After::GoesOn);
}

#[test]
fn a_torn_sequence_begins_again_to_the_same_card() {
    tear_everywhere("fmcos-ep", KeyWriting::Plain, After::BeginsAgain);
}
