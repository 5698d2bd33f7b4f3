//! Which values must be `int`.
//!
//! Java computes in `int`; a card rather in `short`. An operation on shorts may stay short as long
//! as nobody looks at what would not fit: bits above the sixteenth are lost. Who looks at them, a
//! comparison, a division, a shift to the right, an `int` variable, makes the value `int`, and with
//! it everything it is computed from.

use std::collections::HashMap;

use capfile::class::code::Operand as Raw;
use capfile::class::op;

use super::Context;
use super::flow::{Flow, Use, Value};
use super::resolve::{Known, Meaning, Step};
use crate::diagnostic::Sink;
use crate::front::Type;

/// What is known of values and locals.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) flow: Flow,
    is_int: Vec<bool>,
    is_byte: Vec<bool>,
    overflows: Vec<bool>,
    /// JVM locals of which the debug tables say nothing and that hold an `int`.
    int_locals: HashMap<u16, bool>,
    /// Locals that hold an int somewhere, by JVM number.
    pub(super) wide: Vec<bool>,
}

const CAST: &str =
    "Cast the value: (short) (a + b); or split the expression so that each step fits into a short.";
const INDEX: &str = "Cast the index: a[(short) (i + 1)].";

impl Types {
    pub(super) fn is_int(&self, value: Value) -> bool {
        self.is_int.get(self.flow.root(value)).copied().unwrap_or(false)
    }

    /// Whether a value fits into a byte by its type.
    pub(super) fn is_byte(&self, value: Value) -> bool {
        self.is_byte.get(self.flow.root(value)).copied().unwrap_or(false)
    }

    fn overflows(&self, value: Value) -> bool {
        !self.is_int(value) && self.overflows.get(self.flow.root(value)).copied().unwrap_or(false)
    }

    /// Words of a value on the card.
    pub(super) fn words(&self, value: Value) -> u16 {
        if self.flow.is_number(value) && self.is_int(value) { 2 } else { 1 }
    }

    /// Whether a local variable holds an int.
    pub(super) fn local_is_int(&self, local: u16, known: Known) -> bool {
        match known {
            Known::Int => true,
            Known::Nothing => self.int_locals.get(&local).copied().unwrap_or(false),
            _ => false,
        }
    }

    fn set_int(&mut self, value: Value) -> bool {
        let root = self.flow.root(value);
        match self.is_int.get_mut(root) {
            Some(is_int) if !*is_int => {
                *is_int = true;
                true
            }
            _ => false,
        }
    }
}

/// Decides for all values of a method.
pub(super) fn decide(
    context: &Context<'_>,
    steps: &[Step<'_>],
    flow: Flow,
    sink: &mut Sink,
) -> Option<Types> {
    let count = flow.count();
    let mut types = Types {
        flow,
        is_int: vec![false; count],
        is_byte: vec![true; count],
        overflows: vec![false; count],
        int_locals: HashMap::new(),
        wide: Vec::new(),
    };
    let signature = &context.method.signature;
    if !context.request.options.int && signature.types().any(Type::has_int) {
        // It is refused for that already.
        return None;
    }
    parameters(context, &mut types);
    let users = Users::find(steps, &types.flow);
    ranges(steps, &users, &mut types);
    let mut decider =
        Decider { context, steps, users, types, todo: Vec::new(), refused: Vec::new() };
    decider.settle();
    decider.check_indexes();
    let Decider { mut types, refused, .. } = decider;
    let is_refused = !refused.is_empty();
    for (step, text, hint) in refused {
        let pc = steps.get(step).map(|step| step.pc);
        sink.error(&context.place(pc), text, hint);
    }
    types.wide = wide_locals(context, steps, &types);
    (!is_refused).then_some(types)
}

fn parameters(context: &Context<'_>, types: &mut Types) {
    let mut local = u16::from(!context.method.is_static());
    for parameter in &context.method.signature.parameters {
        if *parameter == Type::Int {
            types.int_locals.insert(local, true);
        }
        local = local.saturating_add(parameter.jvm_words());
    }
}

/// Finds out which values fit into a byte and which may overflow a short.
fn ranges(steps: &[Step<'_>], users: &Users, types: &mut Types) {
    let mut todo: Vec<usize> = (0..steps.len()).rev().collect();
    while let Some(at) = todo.pop() {
        let (Some(step), Some(usage)) = (steps.get(at), types.flow.step(at)) else { continue };
        let Some(value) = usage.gives else { continue };
        let byte = is_byte(step, usage, types);
        let overflow = match step.opcode {
            op::IADD | op::ISUB | op::IMUL | op::INEG | op::ISHL | op::IUSHR | op::IDIV => true,
            op::IAND | op::IOR | op::IXOR => usage.takes.iter().any(|value| {
                types.overflows.get(types.flow.root(*value)).copied().unwrap_or(false)
            }),
            _ => false,
        };
        let root = types.flow.root(value);
        let mut is_changed = false;
        if let Some(slot) = types.is_byte.get_mut(root)
            && *slot
            && !byte
        {
            *slot = false;
            is_changed = true;
        }
        if let Some(slot) = types.overflows.get_mut(root)
            && !*slot
            && overflow
        {
            *slot = true;
            is_changed = true;
        }
        if is_changed {
            todo.extend(users.of_value(root));
        }
    }
}

/// Which steps have to do with a value or a local variable.
struct Users {
    values: Vec<Vec<usize>>,
    locals: HashMap<u16, Vec<usize>>,
}

impl Users {
    fn find(steps: &[Step<'_>], flow: &Flow) -> Self {
        let mut users = Self { values: vec![Vec::new(); flow.count()], locals: HashMap::new() };
        for (at, step) in steps.iter().enumerate() {
            let Some(usage) = flow.step(at) else { continue };
            for value in usage.takes.iter().chain(&usage.gives) {
                if let Some(list) = users.values.get_mut(flow.root(*value))
                    && list.last() != Some(&at)
                {
                    list.push(at);
                }
            }
            if let Meaning::Local(local, _) = step.meaning {
                users.locals.entry(local).or_default().push(at);
            }
        }
        users
    }

    fn of_value(&self, root: usize) -> impl Iterator<Item = usize> + '_ {
        self.values.get(root).into_iter().flatten().copied()
    }

    fn of_local(&self, local: u16) -> impl Iterator<Item = usize> + '_ {
        self.locals.get(&local).into_iter().flatten().copied()
    }
}

fn is_byte(step: &Step<'_>, usage: &Use, types: &Types) -> bool {
    match (&step.meaning, step.opcode) {
        (Meaning::Number(value), _) => i8::try_from(*value).is_ok(),
        (Meaning::Local(_, known), _) => *known == Known::Byte,
        (Meaning::Field { kind, .. }, _) => matches!(kind, Type::Boolean | Type::Byte),
        (Meaning::Call { signature, .. } | Meaning::InterfaceCall { signature, .. }, _) => {
            matches!(signature.result, Type::Boolean | Type::Byte)
        }
        (_, op::BALOAD | op::I2B | op::INSTANCEOF) => true,
        (_, op::IAND | op::IOR | op::IXOR) => usage.takes.iter().all(|value| types.is_byte(*value)),
        (_, op::ISHR | op::IREM) => usage.takes.first().is_some_and(|value| types.is_byte(*value)),
        _ => false,
    }
}

struct Decider<'a, 'b, 'c> {
    context: &'a Context<'b>,
    steps: &'a [Step<'c>],
    users: Users,
    types: Types,
    /// Steps that are to be looked at again.
    todo: Vec<usize>,
    refused: Vec<(usize, String, &'static str)>,
}

impl Decider<'_, '_, '_> {
    /// Makes values int until nobody asks for more.
    fn settle(&mut self) {
        self.todo = (0..self.steps.len()).rev().collect();
        while let Some(at) = self.todo.pop() {
            self.step(at);
        }
    }

    fn step(&mut self, at: usize) {
        let steps = self.steps;
        let (Some(step), Some(usage)) = (steps.get(at), self.types.flow.step(at).cloned()) else {
            return;
        };
        let takes = usage.takes.as_slice();
        let all: Vec<Value> = takes.iter().copied().chain(usage.gives).collect();
        let overflows = |values: Option<&[Value]>| {
            values.unwrap_or_default().iter().any(|value| self.types.overflows(*value))
        };
        let are_int = |values: &[Value]| {
            let flow = &self.types.flow;
            values.iter().any(|value| flow.is_number(*value) && self.types.is_int(*value))
        };
        let demanded: &[Value] = match (&step.meaning, step.opcode) {
            (Meaning::Number(value), _) if i16::try_from(*value).is_err() => &all,
            (Meaning::Local(local, known), opcode) => {
                let is_unfit = match opcode {
                    op::ISTORE | op::ISTORE_0..=op::ISTORE_3 => {
                        are_int(takes) || overflows(Some(takes))
                    }
                    // Source variables of other types are not counted up by one instruction; but
                    // javac counts up the index of a loop over an array, which fits, and has no name.
                    op::IINC => self.context.code.variables.is_empty(),
                    _ => false,
                };
                if is_unfit && *known == Known::Nothing {
                    self.widen(*local);
                }
                let is_number = !matches!(
                    opcode,
                    op::ALOAD | op::ALOAD_0..=op::ALOAD_3 | op::ASTORE | op::ASTORE_0..=op::ASTORE_3
                );
                match is_number && self.types.local_is_int(*local, *known) {
                    true => &all,
                    false => &[],
                }
            }
            (Meaning::Field { kind: Type::Int, .. }, op::GETSTATIC | op::GETFIELD) => {
                all.last().map_or(&[], std::slice::from_ref)
            }
            (Meaning::Field { kind: Type::Int, .. }, _) | (_, op::IASTORE) => {
                takes.last().map_or(&[], std::slice::from_ref)
            }
            (_, op::IALOAD) => all.last().map_or(&[], std::slice::from_ref),
            (Meaning::Call { signature, .. } | Meaning::InterfaceCall { signature, .. }, _) => {
                let first = takes.len().saturating_sub(signature.parameters.len());
                let arguments = takes.get(first..).unwrap_or_default();
                let arguments = signature.parameters.iter().zip(arguments);
                let result = usage.gives.iter().filter(|_| signature.result == Type::Int);
                let ints: Vec<Value> = arguments
                    .filter(|(kind, _)| **kind == Type::Int)
                    .map(|(_, value)| value)
                    .chain(result)
                    .copied()
                    .collect();
                self.demand(at, &ints);
                &[]
            }
            (
                _,
                op::IADD
                | op::ISUB
                | op::IMUL
                | op::INEG
                | op::IAND
                | op::IOR
                | op::IXOR
                | op::ISHL,
            ) if are_int(&all) => &all,
            (_, op::IDIV | op::IREM) if are_int(&all) || overflows(Some(takes)) => &all,
            (_, op::ISHR | op::IUSHR) if are_int(&all) || overflows(takes.get(..1)) => &all,
            (_, op::IF_ICMPEQ..=op::IF_ICMPLE) if are_int(takes) || overflows(Some(takes)) => takes,
            (_, op::IFEQ..=op::IFLE | op::TABLESWITCH | op::LOOKUPSWITCH)
                if overflows(Some(takes)) || !rows_fit(step.raw) =>
            {
                takes
            }
            (_, op::IRETURN) if self.context.method.signature.result == Type::Int => takes,
            _ => &[],
        };
        self.demand(at, demanded);
    }

    /// Makes a local variable int.
    fn widen(&mut self, local: u16) {
        if self.types.int_locals.insert(local, true) != Some(true) {
            self.todo.extend(self.users.of_local(local));
        }
    }

    /// Makes values int; says so when `int` is not allowed.
    fn demand(&mut self, at: usize, values: &[Value]) {
        let was_int = values.iter().any(|value| self.types.is_int(*value));
        let mut is_changed = false;
        for value in values {
            if self.types.flow.is_number(*value) && self.types.set_int(*value) {
                is_changed = true;
                self.todo.extend(self.users.of_value(self.types.flow.root(*value)));
            }
        }
        if is_changed && !was_int && !self.context.request.options.int {
            self.refused.push((
                at,
                "an intermediate value may not fit into a short".to_owned(),
                CAST,
            ));
        }
    }

    /// Refuses array indexes and lengths that are int: the card has short ones only.
    fn check_indexes(&mut self) {
        for (at, step) in self.steps.iter().enumerate() {
            let Some(usage) = self.types.flow.step(at) else { continue };
            let (index, what) = match step.opcode {
                op::IALOAD | op::AALOAD | op::BALOAD | op::SALOAD => {
                    (usage.takes.get(1), "an array index is int")
                }
                op::IASTORE | op::AASTORE | op::BASTORE | op::SASTORE => {
                    (usage.takes.get(1), "an array index is int")
                }
                op::NEWARRAY | op::ANEWARRAY => (usage.takes.first(), "an array length is int"),
                _ => continue,
            };
            let is_unfit = index
                .is_some_and(|index| self.types.is_int(*index) || self.types.overflows(*index));
            if is_unfit {
                self.refused.push((at, what.to_owned(), INDEX));
            }
        }
    }
}

/// Whether all values of a switch fit into shorts.
fn rows_fit(raw: &Raw) -> bool {
    let fits = |value: i32| i16::try_from(value).is_ok();
    match raw {
        Raw::Table { low, targets, .. } => {
            let rows = i32::try_from(targets.len()).unwrap_or(i32::MAX);
            fits(*low) && fits(low.saturating_add(rows).saturating_sub(1))
        }
        Raw::Lookup { rows, .. } => rows.iter().all(|(value, _)| fits(*value)),
        _ => true,
    }
}

/// Which locals take two words, by JVM number.
fn wide_locals(context: &Context<'_>, steps: &[Step<'_>], types: &Types) -> Vec<bool> {
    let mut wide = vec![false; usize::from(context.code.max_locals)];
    let mut widen = |local: u16| {
        if let Some(slot) = wide.get_mut(usize::from(local)) {
            *slot = true;
        }
    };
    for (local, is_int) in &types.int_locals {
        if *is_int {
            widen(*local);
        }
    }
    for step in steps {
        if let Meaning::Local(local, known) = &step.meaning
            && types.local_is_int(*local, *known)
            && !matches!(step.opcode, op::ALOAD | op::ALOAD_0..=op::ALOAD_3 | op::ASTORE | op::ASTORE_0..=op::ASTORE_3 | op::RET)
        {
            widen(*local);
        }
    }
    wide
}
