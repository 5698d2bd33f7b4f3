//! What small code leaves out: `this` below an expression whose value is assigned to a field, since
//! the card has instructions for fields of `this`.

use std::collections::HashSet;

use capfile::class::access;
use capfile::class::op;

use super::Context;
use super::flow::Flow;
use super::resolve::{Meaning, Step};
use crate::front::Program;

/// Fields that constants of one byte can name.
const MOST_FIELDS: usize = 255;

/// What is left out, and what is changed for it. Numbers are steps.
#[derive(Debug, Default)]
pub(super) struct Shortcuts {
    /// Steps of which nothing is written.
    pub(super) dropped: HashSet<usize>,
    /// Steps that work on a field of `this` without taking it from the stack.
    pub(super) own: HashSet<usize>,
}

/// Finds them, if small code is asked for.
pub(super) fn find(context: &Context<'_>, steps: &[Step<'_>], flow: &Flow) -> Shortcuts {
    let mut shortcuts = Shortcuts::default();
    if !context.request.options.optimize
        || context.method.is_static()
        || field_count(context.program) > MOST_FIELDS
        || steps.iter().any(stores_this)
    {
        return shortcuts;
    }
    // By value: the steps that push it, and those that take it.
    let mut births: Vec<Vec<usize>> = vec![Vec::new(); flow.count()];
    let mut takers: Vec<Vec<usize>> = vec![Vec::new(); flow.count()];
    for at in 0..steps.len() {
        let Some(usage) = flow.step(at) else { continue };
        if let Some(list) = usage.gives.and_then(|value| births.get_mut(flow.root(value))) {
            list.push(at);
        }
        for value in &usage.takes {
            if let Some(list) = takers.get_mut(flow.root(*value)) {
                list.push(at);
            }
        }
    }
    let opcode = |at: usize| steps.get(at).map(|step| step.opcode);
    // Assigned to, not assigned.
    let is_object = |put: usize, value: usize| {
        let object = flow.step(put).and_then(|usage| usage.takes.first());
        opcode(put) == Some(op::PUTFIELD)
            && object.is_some_and(|object| flow.root(*object) == value)
    };
    for (value, (births, takers)) in births.iter().zip(&takers).enumerate() {
        let [birth] = births.as_slice() else { continue };
        let is_this = steps.get(*birth).is_some_and(|step| {
            matches!(step.meaning, Meaning::Local(0, _)) && is_reference_load(step.opcode)
        });
        if !is_this {
            continue;
        }
        match takers.as_slice() {
            // this.f = ...
            [put] if is_object(*put, value) => {
                shortcuts.dropped.insert(*birth);
                shortcuts.own.insert(*put);
            }
            // this.f += ...
            [dup, get, put]
                if opcode(*dup) == Some(op::DUP)
                    && opcode(*get) == Some(op::GETFIELD)
                    && is_object(*put, value) =>
            {
                shortcuts.dropped.extend([*birth, *dup]);
                shortcuts.own.extend([*get, *put]);
            }
            _ => {}
        }
    }
    shortcuts
}

fn is_reference_load(opcode: u8) -> bool {
    matches!(opcode, op::ALOAD | op::ALOAD_0..=op::ALOAD_3)
}

fn stores_this(step: &Step<'_>) -> bool {
    matches!(step.meaning, Meaning::Local(0, _)) && !is_reference_load(step.opcode)
}

/// Fields of objects that code of the package can name.
fn field_count(program: &Program) -> usize {
    let own = program.classes.iter().flat_map(|class| &class.fields);
    let own = own.filter(|field| !field.is_static()).count();
    let others = program.imports.packages().iter().flat_map(|package| &package.classes);
    let others = others.flat_map(|class| &class.fields);
    let others = others.filter(|field| field.access & access::STATIC == 0).count();
    own.saturating_add(others)
}
