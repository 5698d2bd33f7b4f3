//! The state of a method at an instruction.

use super::kinds::{KindId, Kinds, Word};

/// Local variables and stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Frame {
    pub(super) locals: Vec<Word>,
    /// The topmost word stands last.
    pub(super) stack: Vec<Word>,
    /// Of a constructor: whether another one was called.
    pub(super) is_constructed: bool,
}

/// Stacks of different depth.
pub(super) struct Depths(pub(super) usize, pub(super) usize);

impl Frame {
    /// Words of it: what a step over all of it costs.
    pub(super) fn words(&self) -> usize {
        self.locals.len().saturating_add(self.stack.len())
    }

    /// Takes in what comes another way. Says whether anything changed.
    pub(super) fn join(&mut self, other: &Self, kinds: &mut Kinds<'_, '_>) -> Result<bool, Depths> {
        if self.stack.len() != other.stack.len() {
            return Err(Depths(self.stack.len(), other.stack.len()));
        }
        let mut changed = false;
        for (mine, theirs) in [(&mut self.locals, &other.locals), (&mut self.stack, &other.stack)] {
            for (one, other) in mine.iter_mut().zip(theirs) {
                let joined = join(*one, *other, kinds);
                changed |= joined != *one;
                *one = joined;
            }
        }
        changed |= self.is_constructed && !other.is_constructed;
        self.is_constructed &= other.is_constructed;
        if changed {
            self.mend();
        }
        Ok(changed)
    }

    /// Makes halves of ints without the other half unusable.
    pub(super) fn mend(&mut self) {
        mend(&mut self.locals);
        mend(&mut self.stack);
    }

    /// Sets a local variable, and parts an int that it was half of.
    pub(super) fn set(&mut self, local: usize, word: Word) {
        let before = self.locals.get(local).copied();
        let other = match before {
            Some(Word::IntHigh) => local.checked_add(1),
            Some(Word::IntLow) => local.checked_sub(1),
            _ => None,
        };
        for (at, word) in [(other, Word::Unusable), (Some(local), word)] {
            if let Some(slot) = at.and_then(|at| self.locals.get_mut(at)) {
                *slot = word;
            }
        }
    }

    /// Puts one word in the place of all of a kind.
    pub(super) fn replace(&mut self, old: Word, new: Word) {
        for word in self.locals.iter_mut().chain(&mut self.stack) {
            if *word == old {
                *word = new;
            }
        }
    }
}

fn join(one: Word, other: Word, kinds: &mut Kinds<'_, '_>) -> Word {
    match (one, other) {
        _ if one == other => one,
        (Word::Null, Word::Reference(_)) => other,
        (Word::Reference(_), Word::Null) => one,
        (Word::Reference(one), Word::Reference(other)) => {
            let joined: KindId = kinds.join(one, other);
            Word::Reference(joined)
        }
        _ => Word::Unusable,
    }
}

/// Halves of ints without the other half cannot be used.
fn mend(words: &mut [Word]) {
    let mut before_is_high = false;
    let mut at = 0usize;
    while let Some(word) = words.get(at).copied() {
        let next = words.get(at.saturating_add(1)).copied();
        let is_lone = match word {
            Word::IntHigh => next != Some(Word::IntLow),
            Word::IntLow => !before_is_high,
            _ => false,
        };
        if is_lone && let Some(word) = words.get_mut(at) {
            *word = Word::Unusable;
        }
        before_is_high = word == Word::IntHigh && !is_lone;
        at = at.saturating_add(1);
    }
}
