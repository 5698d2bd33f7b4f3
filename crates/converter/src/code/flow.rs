//! Which values each instruction takes from the stack.
//!
//! A value is born where an instruction pushes it; copies by `dup` are the same value, and values
//! that meet where paths join are made one, since the card must hold them in as many words.

use std::collections::HashMap;

use capfile::class::code::Operand as Raw;
use capfile::class::op;

use super::Context;
use super::resolve::{Meaning, Step};
use crate::diagnostic::Sink;
use crate::front::Type;

/// A value on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Value(usize);

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Reference,
}

/// The values of a method.
#[derive(Debug, Default)]
pub(super) struct Flow {
    parents: Vec<usize>,
    kinds: Vec<Kind>,
    /// For each step: what it takes from the stack, topmost last, and what it puts there.
    uses: Vec<Option<Use>>,
}

/// What a step takes and gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Use {
    pub(super) takes: Vec<Value>,
    pub(super) gives: Option<Value>,
}

impl Flow {
    fn born(&mut self, kind: Kind) -> Value {
        let value = self.parents.len();
        self.parents.push(value);
        self.kinds.push(kind);
        Value(value)
    }

    /// The value that stands for all that were made one with this.
    pub(super) fn root(&self, value: Value) -> usize {
        let mut at = value.0;
        while let Some(parent) = self.parents.get(at).copied() {
            if parent == at {
                break;
            }
            at = parent;
        }
        at
    }

    /// As [`Flow::root`], and makes the way shorter for the next time.
    fn find(&mut self, value: Value) -> usize {
        let mut at = value.0;
        while let Some(parent) = self.parents.get(at).copied()
            && parent != at
        {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
        at
    }

    fn join(&mut self, one: Value, other: Value) -> bool {
        let (one, other) = (self.find(one), self.find(other));
        if self.kinds.get(one) != self.kinds.get(other) {
            return false;
        }
        let (low, high) = (one.min(other), one.max(other));
        if let Some(parent) = self.parents.get_mut(high) {
            *parent = low;
        }
        true
    }

    /// Makes every value point at its root, so that finding it is quick.
    fn flatten(&mut self) {
        for value in 0..self.parents.len() {
            let root = self.find(Value(value));
            if let Some(parent) = self.parents.get_mut(value) {
                *parent = root;
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.parents.len()
    }

    /// What a step takes and gives; `None` where no path leads.
    pub(super) fn step(&self, step: usize) -> Option<&Use> {
        self.uses.get(step).and_then(Option::as_ref)
    }

    pub(super) fn is_number(&self, value: Value) -> bool {
        self.kinds.get(self.root(value)) == Some(&Kind::Number)
    }
}
/// Values a stack may hold: a method's header counts its words in one byte.
const MOST_VALUES: usize = 255;

const HINT: &str = "The class file is damaged: compile the sources again.";

/// Follows the values of a method.
pub(super) fn analyse(context: &Context<'_>, steps: &[Step<'_>], sink: &mut Sink) -> Option<Flow> {
    let by_pc: HashMap<u16, usize> =
        steps.iter().enumerate().map(|(index, step)| (step.pc, index)).collect();
    let mut analysis = Analysis {
        steps,
        by_pc,
        flow: Flow { uses: vec![None; steps.len()], ..Flow::default() },
        entries: HashMap::new(),
        is_entered: vec![false; steps.len()],
        is_target: vec![false; steps.len()],
        todo: Vec::new(),
    };
    analysis.mark_targets(context);
    match analysis.run(context) {
        Ok(()) => {
            analysis.flow.flatten();
            Some(analysis.flow)
        }
        Err((step, text)) => {
            let pc = steps.get(step).map(|step| step.pc);
            sink.error(&context.place(pc), text, HINT);
            None
        }
    }
}

struct Analysis<'a, 'b> {
    steps: &'a [Step<'b>],
    by_pc: HashMap<u16, usize>,
    flow: Flow,
    /// Stacks with which steps are entered that something jumps to.
    entries: HashMap<usize, Vec<Value>>,
    is_entered: Vec<bool>,
    is_target: Vec<bool>,
    todo: Vec<(usize, Vec<Value>)>,
}

type Fault = (usize, String);

impl Analysis<'_, '_> {
    fn run(&mut self, context: &Context<'_>) -> Result<(), Fault> {
        self.enter(0, 0, &[])?;
        self.drain()?;
        for handler in &context.code.handlers {
            let Some(target) = self.by_pc.get(&handler.target).copied() else {
                return Err((
                    0,
                    "an exception handler begins in the middle of an instruction".to_owned(),
                ));
            };
            let thrown = self.flow.born(Kind::Reference);
            self.enter(target, target, &[thrown])?;
            self.drain()?;
        }
        Ok(())
    }

    fn mark_targets(&mut self, context: &Context<'_>) {
        let handlers = context.code.handlers.iter().map(|handler| handler.target);
        let branches = self.steps.iter().flat_map(|step| targets(step.raw));
        for pc in handlers.chain(branches) {
            let target = self.by_pc.get(&pc).copied();
            if let Some(slot) = target.and_then(|target| self.is_target.get_mut(target)) {
                *slot = true;
            }
        }
    }

    fn drain(&mut self) -> Result<(), Fault> {
        while let Some((step, mut stack)) = self.todo.pop() {
            self.step(step, &mut stack)?;
        }
        Ok(())
    }

    fn enter(&mut self, from: usize, step: usize, stack: &[Value]) -> Result<(), Fault> {
        if let Some(known) = self.entries.get(&step) {
            if known.len() != stack.len() {
                return Err((from, "paths meet with stacks of different depths".to_owned()));
            }
            for (one, other) in known.clone().iter().zip(stack) {
                if !self.flow.join(*one, *other) {
                    return Err((from, "paths meet with a number and a reference".to_owned()));
                }
            }
            return Ok(());
        }
        match self.is_entered.get_mut(step) {
            None => return Err((from, "code runs over the end of the method".to_owned())),
            // Nothing jumps there, so that it has one way in.
            Some(true) => return Ok(()),
            Some(is_entered) => *is_entered = true,
        }
        if stack.len() > MOST_VALUES {
            return Err((from, "the operand stack is deeper than 255 words".to_owned()));
        }
        if self.is_target.get(step) == Some(&true) {
            self.entries.insert(step, stack.to_vec());
        }
        self.todo.push((step, stack.to_vec()));
        Ok(())
    }

    fn target(&self, step: usize, pc: u16) -> Result<usize, Fault> {
        self.by_pc.get(&pc).copied().ok_or_else(|| (step, "a branch goes nowhere".to_owned()))
    }

    fn step(&mut self, at: usize, stack: &mut Vec<Value>) -> Result<(), Fault> {
        let Some(step) = self.steps.get(at) else { return Ok(()) };
        let depth = stack.len();
        let (takes, gives) = effect(step);
        if depth < takes {
            return Err((at, "the operand stack is empty".to_owned()));
        }
        let split = depth.saturating_sub(takes);
        let taken = stack.split_off(split);
        let mut given = None;
        match step.opcode {
            op::DUP..=op::SWAP => stack.extend(shuffled(step.opcode, &taken)),
            _ => {
                if let Some(kind) = gives {
                    let value = self.flow.born(kind);
                    stack.push(value);
                    given = Some(value);
                }
            }
        }
        if let Some(slot) = self.flow.uses.get_mut(at) {
            *slot = Some(Use { takes: taken, gives: given });
        }
        let next = at.saturating_add(1);
        match (step.opcode, step.raw) {
            (op::GOTO | op::GOTO_W, Raw::Branch(target)) => {
                self.enter(at, self.target(at, *target)?, stack)
            }
            (op::JSR | op::JSR_W, Raw::Branch(target)) => {
                // The address is taken off by the subroutine, which leaves the rest as it was.
                let rest = stack.get(..depth).unwrap_or_default().to_vec();
                self.enter(at, self.target(at, *target)?, stack)?;
                self.enter(at, next, &rest)
            }
            (_, Raw::Branch(target)) => {
                self.enter(at, self.target(at, *target)?, stack)?;
                self.enter(at, next, stack)
            }
            (_, Raw::Table { default, targets, .. }) => {
                self.enter(at, self.target(at, *default)?, stack)?;
                for target in targets {
                    self.enter(at, self.target(at, *target)?, stack)?;
                }
                Ok(())
            }
            (_, Raw::Lookup { default, rows }) => {
                self.enter(at, self.target(at, *default)?, stack)?;
                for (_, target) in rows {
                    self.enter(at, self.target(at, *target)?, stack)?;
                }
                Ok(())
            }
            (op::IRETURN..=op::RETURN | op::ATHROW | op::RET, _) => Ok(()),
            _ => self.enter(at, next, stack),
        }
    }
}

/// Where an instruction may go besides the next one.
fn targets(raw: &Raw) -> Vec<u16> {
    match raw {
        Raw::Branch(target) => vec![*target],
        Raw::Table { default, targets, .. } => {
            std::iter::once(*default).chain(targets.iter().copied()).collect()
        }
        Raw::Lookup { default, rows } => {
            std::iter::once(*default).chain(rows.iter().map(|(_, target)| *target)).collect()
        }
        _ => Vec::new(),
    }
}

/// Values a step takes, and the kind it gives. Shuffles give what they take.
fn effect(step: &Step<'_>) -> (usize, Option<Kind>) {
    let kind = |kind: &Type| if kind.is_reference() { Kind::Reference } else { Kind::Number };
    let number = Some(Kind::Number);
    let reference = Some(Kind::Reference);
    match (&step.meaning, step.opcode) {
        (Meaning::Field { kind: of, .. }, op::GETSTATIC) => (0, Some(kind(of))),
        (_, op::PUTSTATIC) => (1, None),
        (Meaning::Field { kind: of, .. }, op::GETFIELD) => (1, Some(kind(of))),
        (_, op::PUTFIELD) => (2, None),
        (Meaning::Call { signature, .. } | Meaning::InterfaceCall { signature, .. }, opcode) => {
            let object = usize::from(opcode != op::INVOKESTATIC);
            let result = match &signature.result {
                Type::Void => None,
                result => Some(kind(result)),
            };
            (signature.parameters.len().saturating_add(object), result)
        }
        (_, op::ACONST_NULL | op::NEW) => (0, reference),
        (_, op::ICONST_M1..=op::ICONST_5 | op::BIPUSH | op::SIPUSH | op::LDC | op::LDC_W) => {
            (0, number)
        }
        (_, op::ILOAD | op::ILOAD_0..=op::ILOAD_3) => (0, number),
        (_, op::ALOAD | op::ALOAD_0..=op::ALOAD_3) => (0, reference),
        (_, op::IALOAD | op::BALOAD | op::SALOAD) => (2, number),
        (_, op::AALOAD) => (2, reference),
        (_, op::ISTORE | op::ISTORE_0..=op::ISTORE_3) => (1, None),
        (_, op::ASTORE | op::ASTORE_0..=op::ASTORE_3) => (1, None),
        (_, op::IASTORE | op::BASTORE | op::SASTORE | op::AASTORE) => (3, None),
        (_, op::POP) => (1, None),
        (_, op::POP2) => (2, None),
        (_, op::DUP) => (1, None),
        (_, op::DUP_X1 | op::DUP2 | op::SWAP) => (2, None),
        (_, op::DUP_X2 | op::DUP2_X1) => (3, None),
        (_, op::DUP2_X2) => (4, None),
        (_, op::INEG | op::I2B | op::I2S) => (1, number),
        (_, op::IADD..=op::LXOR) => (2, number),
        (_, op::IFEQ..=op::IFLE | op::IFNULL | op::IFNONNULL) => (1, None),
        (_, op::IF_ICMPEQ..=op::IF_ACMPNE) => (2, None),
        (_, op::JSR | op::JSR_W) => (0, reference),
        (_, op::TABLESWITCH | op::LOOKUPSWITCH) => (1, None),
        (_, op::IRETURN | op::ARETURN | op::ATHROW) => (1, None),
        (_, op::NEWARRAY | op::ANEWARRAY | op::CHECKCAST) => (1, reference),
        (_, op::ARRAYLENGTH | op::INSTANCEOF) => (1, number),
        _ => (0, None),
    }
}

/// What a shuffle leaves of what it took.
fn shuffled(opcode: u8, taken: &[Value]) -> Vec<Value> {
    let pick = |order: &[usize]| order.iter().filter_map(|at| taken.get(*at)).copied().collect();
    match opcode {
        op::DUP => pick(&[0, 0]),
        op::DUP_X1 => pick(&[1, 0, 1]),
        op::DUP_X2 => pick(&[2, 0, 1, 2]),
        op::DUP2 => pick(&[0, 1, 0, 1]),
        op::DUP2_X1 => pick(&[1, 2, 0, 1, 2]),
        op::DUP2_X2 => pick(&[2, 3, 0, 1, 2, 3]),
        _ => pick(&[1, 0]),
    }
}
