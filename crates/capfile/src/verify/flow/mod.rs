//! Bytecode by data flow: for each instruction, the types of all that is on the stack and in local
//! variables are followed on all ways through the method until nothing new comes.
//!
//! States are kept where ways meet only. Subroutines: a state at `ret` goes back to every call of its
//! subroutine; local variables that the subroutine cannot write keep the types they had at the call.
//! Work is counted, so that code made to be slow is refused instead of followed.

mod effect;
mod frame;
mod kinds;
mod run;
mod subroutine;

use super::Rule;
use super::bodies::Body;
use super::index::Index;
use super::refusal::Refusals;
use super::{Unchecked, Verified};
use kinds::Kinds;

/// Words that may be looked at for each byte of the file, and for each file.
const WORK_PER_BYTE: u64 = 4_096;
const WORK: u64 = 4_000_000;

/// What may still be spent.
pub(super) struct Work {
    left: u64,
    climbed: u64,
}

impl Work {
    fn new(index: &Index<'_>, bytes: usize) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let left = bytes.saturating_mul(WORK_PER_BYTE).saturating_add(WORK);
        Self { left, climbed: index.classes.work() }
    }

    /// False when all is spent.
    fn spend(&mut self, words: usize, index: &Index<'_>) -> bool {
        let climbed = index.classes.work();
        let steps = climbed.saturating_sub(self.climbed);
        self.climbed = climbed;
        let words = u64::try_from(words).unwrap_or(u64::MAX).saturating_add(steps);
        self.left = self.left.saturating_sub(words);
        self.left != 0
    }
}

/// Follows all methods.
pub(super) fn check(
    index: &Index<'_>,
    bodies: &[Body<'_>],
    sound: &[bool],
    bytes: usize,
    verified: &mut Verified,
    refusals: &mut Refusals,
) {
    let mut kinds = Kinds::new(&index.classes);
    let mut work = Work::new(index, bytes);
    for body in bodies {
        if refusals.is_full() {
            return;
        }
        let outcome = run::follow(index, body, sound, &mut kinds, &mut work, refusals);
        verified.methods = verified.methods.saturating_add(1);
        verified.instructions = verified.instructions.saturating_add(body.code.len());
        match outcome {
            run::Outcome::Followed => {}
            run::Outcome::Unchecked(at) => verified.unchecked.push(Unchecked::Method {
                place: body.place,
                name: index.method_name(body.place).cloned(),
                from: at,
            }),
            run::Outcome::TooComplex => {
                let detail = "the data flow does not settle".to_owned();
                body.refuse(index, None, Rule::TooComplex, detail, refusals);
                return;
            }
        }
    }
}
