//! The order of the constant pool.

use std::collections::HashMap;

use crate::code::{Bodies, Constant};
use crate::diagnostic::Sink;
use crate::front::Program;

/// Constants and their indexes.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) constants: Vec<Constant>,
    indexes: HashMap<Constant, u16>,
}

impl Pool {
    /// Index of a constant.
    pub(crate) fn index(&self, constant: Constant) -> Option<u16> {
        self.indexes.get(&constant).copied()
    }
}

/// Constants stand as methods name them first: what a method catches, then what its code names. A
/// class may not be the first, since index 0 catches everything; fields of objects come to the
/// front, where indexes have one byte.
pub(super) fn lay_out(program: &Program, bodies: &Bodies, sink: &mut Sink) -> Option<Pool> {
    let mut constants: Vec<Constant> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (class_index, class) in program.classes.iter().enumerate() {
        for index in 0..class.methods.len() {
            let Some(body) = bodies.get(&(class_index, index)) else { continue };
            let caught = body.handlers.iter().filter_map(|handler| handler.catches);
            let named = body.items.iter().filter_map(|item| item.operand.constant());
            for constant in caught.map(Constant::Class).chain(named) {
                if known.insert(constant) {
                    constants.push(constant);
                }
            }
        }
    }
    if matches!(constants.first(), Some(Constant::Class(_))) && constants.len() > 1 {
        constants.swap(0, 1);
    }
    let mut front = 0;
    for at in 0..constants.len() {
        if matches!(constants.get(at), Some(Constant::InstanceField(..))) {
            constants.swap(at, front);
            front = front.saturating_add(1);
        }
    }
    if constants.len() > 0xFFFF {
        super::refuse(program, sink, "the constant pool has more than 65535 entries");
        return None;
    }
    let indexes = constants
        .iter()
        .enumerate()
        .filter_map(|(at, constant)| Some((*constant, u16::try_from(at).ok()?)))
        .collect();
    Some(Pool { constants, indexes })
}
