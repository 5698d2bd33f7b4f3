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

/// Spends what may be spent on the file; see [`Classes::left`](super::classes::Classes::left).
struct Work;

impl Work {
    /// False when all is spent.
    fn spend(words: usize, index: &Index<'_>) -> bool {
        index.classes.spend(u64::try_from(words).unwrap_or(u64::MAX));
        index.classes.left() != 0
    }
}

/// Follows all methods.
pub(super) fn check(
    index: &Index<'_>,
    bodies: &[Body<'_>],
    sound: &[bool],
    verified: &mut Verified,
    refusals: &mut Refusals,
) {
    let mut kinds = Kinds::new(&index.classes);
    for body in bodies {
        if refusals.is_full() {
            return;
        }
        let outcome = run::follow(index, body, sound, &mut kinds, refusals);
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
