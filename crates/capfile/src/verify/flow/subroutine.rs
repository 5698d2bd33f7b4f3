//! Subroutines: which local variables one can write.

use std::collections::HashMap;

use super::frame::Frame;
use crate::instruction::{Flow, Located};

/// A subroutine, by its first instruction.
#[derive(Default)]
pub(super) struct Subroutine {
    /// By local variable: whether it, or what it calls, can write it.
    pub(super) writes: Vec<bool>,
    /// Indexes of the `jsr` that call it, and the state after each.
    pub(super) calls: HashMap<usize, Frame>,
    /// The state at its `ret`.
    pub(super) end: Option<Frame>,
}

/// What is needed of the method to find them.
pub(super) struct Ways<'c> {
    pub(super) code: &'c [Located],
    /// Index of the instruction at an offset.
    pub(super) index_at: &'c dyn Fn(i64) -> Option<usize>,
    /// By instruction: handlers that cover it, as indexes of their first instructions.
    pub(super) handlers_of: &'c dyn Fn(usize) -> Vec<usize>,
    pub(super) locals: usize,
}

impl Ways<'_> {
    /// All instructions that a subroutine can come to before it returns; the number of them is added
    /// to the work.
    pub(super) fn subroutine(&self, entry: usize, steps: &mut usize) -> Subroutine {
        let mut writes = vec![false; self.locals];
        let mut seen = vec![false; self.code.len()];
        *steps = steps.saturating_add(self.code.len());
        let mut next = vec![entry];
        while let Some(at) = next.pop() {
            let (Some(located), Some(seen)) = (self.code.get(at), seen.get_mut(at)) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            let instruction = &located.instruction;
            let is_read = !instruction.opcode.operation().takes.is_empty();
            if let (Some((local, words)), true) = (instruction.local(), is_read) {
                for word in 0..usize::from(words) {
                    if let Some(write) = writes.get_mut(usize::from(local).saturating_add(word)) {
                        *write = true;
                    }
                }
            }
            let handlers = (self.handlers_of)(at);
            *steps = steps.saturating_add(handlers.len()).saturating_add(1);
            next.extend(handlers);
            let flow = instruction.flow();
            if flow != Flow::SubroutineReturn {
                let targets = instruction.branches().into_iter().filter_map(|distance| {
                    (self.index_at)(i64::from(located.at).saturating_add(distance.into()))
                });
                next.extend(targets);
            }
            if matches!(flow, Flow::Next | Flow::Branch | Flow::Subroutine) {
                next.push(at.saturating_add(1));
            }
        }
        Subroutine { writes, calls: HashMap::new(), end: None }
    }
}
