//! Instructions become bytes: short forms are chosen, branches are laid out, the stack is measured.

use capfile::instruction::{Flow, Instruction, Opcode as O, Operands};

use super::{Body, Constant, Item, Operand};
use crate::front::ClassRef;

/// A method's bytes.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) code: Vec<u8>,
    /// Words of the deepest stack.
    pub(crate) max_stack: u16,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) references: Vec<Reference>,
    /// Where JVM instructions went, in order.
    pub(crate) starts: Vec<(u16, usize)>,
}

/// Where an operand stands that is an index into the constant pool, and how many bytes it has.
pub(crate) type Reference = (usize, u8);

/// A handler; offsets count from the start of the bytecode.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) target: usize,
    pub(crate) catches: Option<ClassRef>,
    /// No later handler covers what this one covers.
    pub(crate) is_last: bool,
}

/// How bytes are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// `putfield_<t>_this` is used.
    pub(crate) has_short_puts: bool,
    /// As small as can be, instead of just as the usual converter does it.
    pub(crate) is_small: bool,
}

/// Makes bytes of a body. `index_of` knows the constant pool.
///
/// # Errors
/// What the method has too much of.
pub(crate) fn assemble(
    body: &Body,
    index_of: &dyn Fn(Constant) -> Option<u16>,
    style: Style,
) -> Result<Assembled, String> {
    let mut code = Layout::new(body, index_of)?;
    if !style.is_small {
        // The usual converter decides before instructions are joined which branches are wide.
        code.place_branches()?;
    }
    let mut code = code.joined(body, style.has_short_puts);
    let offsets = code.place_branches()?;
    let at = |item: usize| {
        let item = code.new_place(item);
        offsets.get(item).copied().unwrap_or_default()
    };
    let handlers: Vec<Handler> = body
        .handlers
        .iter()
        .map(|handler| Handler {
            start: at(handler.start),
            end: at(handler.end),
            target: at(handler.target),
            catches: handler.catches,
            is_last: false,
        })
        .collect();
    let starts = body.starts.iter().map(|(pc, item)| (*pc, at(*item))).collect();
    let (bytes, references) = code.bytes(&offsets)?;
    Ok(Assembled {
        code: bytes,
        max_stack: max_stack(body, style),
        handlers: marked(handlers),
        references,
        starts,
    })
}

/// Marks handlers after which no other covers the same.
fn marked(mut handlers: Vec<Handler>) -> Vec<Handler> {
    let ranges: Vec<(usize, usize)> =
        handlers.iter().map(|handler| (handler.start, handler.end)).collect();
    for (at, handler) in handlers.iter_mut().enumerate() {
        let later = ranges.get(at.saturating_add(1)..).unwrap_or_default();
        handler.is_last =
            !later.iter().any(|(start, end)| *start <= handler.start && *end >= handler.end);
    }
    handlers
}

/// Words of the deepest stack, by the instructions before any were joined: so does the usual
/// converter, whose stacks are a little deeper than needed.
fn max_stack(body: &Body, style: Style) -> u16 {
    let mut depths: Vec<Option<u16>> = vec![None; body.items.len()];
    let mut todo: Vec<(usize, u16)> = vec![(0, 0)];
    todo.extend(body.handlers.iter().map(|handler| (handler.target, 1)));
    let mut deepest = u16::from(!body.handlers.is_empty());
    while let Some((at, depth)) = todo.pop() {
        match depths.get_mut(at) {
            Some(known @ None) => *known = Some(depth),
            _ => continue,
        }
        let Some(item) = body.items.get(at) else { continue };
        let after = depth.saturating_sub(item.takes).saturating_add(item.gives);
        let peak = if style.is_small { 0 } else { item.peak };
        deepest = deepest.max(depth.saturating_add(peak)).max(after);
        let next = at.saturating_add(1);
        let targets = item.operand.targets().into_iter().map(|target| (target, after));
        match item.opcode.operation().flow {
            Flow::Next => todo.push((next, after)),
            Flow::Branch => {
                todo.push((next, after));
                todo.extend(targets);
            }
            Flow::Jump | Flow::Switch => todo.extend(targets),
            Flow::Subroutine => {
                todo.push((next, depth));
                todo.extend(targets);
            }
            Flow::SubroutineReturn | Flow::Return | Flow::Throw => {}
        }
    }
    deepest
}

/// An instruction whose constants have indexes.
#[derive(Clone)]
struct Slot {
    instruction: Instruction,
    /// Indexes of the slots it goes to, the default of a switch first.
    targets: Vec<usize>,
}

impl Slot {
    fn pushes_this(&self, body: &Body) -> bool {
        self.instruction.opcode == O::Aload0 && body.has_this
    }

    /// The same with a field of `this`, if there is an opcode and the index fits.
    fn of_this(&self, opcode: fn(O) -> Option<O>) -> Option<Self> {
        let opcode = opcode(self.instruction.opcode)?;
        match self.instruction.operands {
            Operands::Constant(index) if index <= 0xFF => {
                let instruction = Instruction::with(opcode, Operands::Constant(index));
                Some(Self { instruction, targets: Vec::new() })
            }
            _ => None,
        }
    }
}

fn slot(item: &Item, index_of: &dyn Fn(Constant) -> Option<u16>) -> Result<Slot, String> {
    let index = |constant: Constant| {
        index_of(constant).ok_or_else(|| "a constant is not in the constant pool".to_owned())
    };
    let mut opcode = item.opcode;
    let operands = match &item.operand {
        Operand::Plain(operands) => operands.clone(),
        Operand::Constant(constant) => {
            let index = index(*constant)?;
            if index > 0xFF {
                opcode = wide_field(opcode);
            }
            Operands::Constant(index)
        }
        Operand::TypeTest(kind, class) => {
            let constant = match class {
                Some(class) => index(Constant::Class(*class))?,
                None => 0,
            };
            Operands::TypeTest { kind: *kind, constant }
        }
        Operand::Interface(words, class, token) => Operands::Interface {
            words: *words,
            constant: index(Constant::Class(*class))?,
            token: *token,
        },
        Operand::Branch(_) => Operands::Branch(0),
        Operand::Table { low, targets, .. } => {
            Operands::Table { default: 0, low: *low, targets: vec![0; targets.len()] }
        }
        Operand::Lookup { rows, .. } => Operands::Lookup {
            default: 0,
            pairs: rows.iter().map(|(value, _)| (*value, 0)).collect(),
        },
    };
    let instruction = Instruction::with(opcode, operands);
    Ok(Slot { instruction, targets: item.operand.targets() })
}

struct Layout {
    slots: Vec<Slot>,
    /// By item of the body: its slot here.
    places: Vec<usize>,
}

impl Layout {
    /// One slot for each item of the body.
    fn new(body: &Body, index_of: &dyn Fn(Constant) -> Option<u16>) -> Result<Self, String> {
        let slots = body.items.iter().map(|item| slot(item, index_of));
        let slots = slots.collect::<Result<Vec<_>, _>>()?;
        let places = (0..=slots.len()).collect();
        Ok(Self { slots, places })
    }

    /// Instructions that work on fields of `this`, joined with what pushes it.
    fn joined(self, body: &Body, has_short_puts: bool) -> Self {
        let mut slots: Vec<Slot> = Vec::with_capacity(self.slots.len());
        let mut places = Vec::with_capacity(self.places.len());
        let is_target = |item: usize| body.items.get(item).is_none_or(|item| item.is_target);
        let mut rest = self.slots.as_slice();
        while let Some((slot, after)) = rest.split_first() {
            let at = places.len();
            places.push(slots.len());
            rest = after;
            let follows = |by: usize| !is_target(at.saturating_add(by));
            match after {
                [get, after @ ..]
                    if slot.pushes_this(body)
                        && follows(1)
                        && let Some(joined) = get.of_this(this_get) =>
                {
                    places.push(slots.len());
                    slots.push(joined);
                    rest = after;
                }
                [push, put, after @ ..]
                    if slot.pushes_this(body)
                        && has_short_puts
                        && follows(1)
                        && follows(2)
                        && is_simple_push(push.instruction.opcode)
                        && let Some(joined) = put.of_this(this_put) =>
                {
                    places.push(slots.len());
                    slots.push(push.clone());
                    places.push(slots.len());
                    slots.push(joined);
                    rest = after;
                }
                _ => slots.push(slot.clone()),
            }
        }
        places.push(slots.len());
        for slot in &mut slots {
            for target in &mut slot.targets {
                *target = places.get(*target).copied().unwrap_or(places.len());
            }
        }
        Self { slots, places }
    }

    /// The slot of an item of the body.
    fn new_place(&self, item: usize) -> usize {
        self.places.get(item).copied().unwrap_or(self.slots.len())
    }

    /// Gives branches their distances; those that are too far become wide. Says where slots stand,
    /// and the end.
    fn place_branches(&mut self) -> Result<Vec<usize>, String> {
        loop {
            let offsets = self.offsets();
            let mut is_changed = false;
            for (at, slot) in self.slots.iter_mut().enumerate() {
                let here = offsets.get(at).copied().unwrap_or_default();
                let distances = slot
                    .targets
                    .iter()
                    .map(|target| {
                        let there = offsets.get(*target).copied().unwrap_or_default();
                        distance(here, there)
                    })
                    .collect::<Result<Vec<i16>, String>>()?;
                match (&mut slot.instruction.operands, distances.as_slice()) {
                    (Operands::Branch(distance), [new]) => {
                        *distance = *new;
                        if i8::try_from(*new).is_err()
                            && let Some(wide) = wide_branch(slot.instruction.opcode)
                        {
                            slot.instruction.opcode = wide;
                            is_changed = true;
                        }
                    }
                    (Operands::Table { default, targets, .. }, [new, rest @ ..]) => {
                        *default = *new;
                        *targets = rest.to_vec();
                    }
                    (Operands::Lookup { default, pairs }, [new, rest @ ..]) => {
                        *default = *new;
                        for ((_, distance), new) in pairs.iter_mut().zip(rest) {
                            *distance = *new;
                        }
                    }
                    _ => {}
                }
            }
            if !is_changed {
                return Ok(offsets);
            }
        }
    }

    fn offsets(&self) -> Vec<usize> {
        let mut at = 0_usize;
        let mut offsets = Vec::with_capacity(self.slots.len().saturating_add(1));
        for slot in &self.slots {
            offsets.push(at);
            at = at.saturating_add(slot.instruction.length());
        }
        offsets.push(at);
        offsets
    }

    fn bytes(self, offsets: &[usize]) -> Result<(Vec<u8>, Vec<Reference>), String> {
        let mut bytes = Vec::new();
        let mut references = Vec::new();
        for (slot, offset) in self.slots.into_iter().zip(offsets) {
            let instruction = slot.instruction;
            instruction.write(&mut bytes).map_err(|misfit| misfit.to_string())?;
            if let Some(constant) = instruction.constant() {
                let at = offset.saturating_add(constant.offset.into());
                references.push((at, constant.width));
            }
        }
        Ok((bytes, references))
    }
}

fn distance(here: usize, there: usize) -> Result<i16, String> {
    let far = || "the method is too long: a branch goes further than 32767 bytes".to_owned();
    let distance = match there.checked_sub(here) {
        Some(forward) => i64::try_from(forward),
        None => i64::try_from(here.saturating_sub(there)).map(i64::wrapping_neg),
    };
    i16::try_from(distance.map_err(|_| far())?).map_err(|_| far())
}

/// The form for fields of `this`.
pub(super) fn this_get(opcode: O) -> Option<O> {
    match opcode {
        O::GetfieldA => Some(O::GetfieldAThis),
        O::GetfieldB => Some(O::GetfieldBThis),
        O::GetfieldS => Some(O::GetfieldSThis),
        O::GetfieldI => Some(O::GetfieldIThis),
        _ => None,
    }
}

/// The form for fields of `this`.
pub(super) fn this_put(opcode: O) -> Option<O> {
    match opcode {
        O::PutfieldA => Some(O::PutfieldAThis),
        O::PutfieldB => Some(O::PutfieldBThis),
        O::PutfieldS => Some(O::PutfieldSThis),
        O::PutfieldI => Some(O::PutfieldIThis),
        _ => None,
    }
}

/// A constant or a local variable is pushed.
fn is_simple_push(opcode: O) -> bool {
    (O::AconstNull.byte()..=O::Iload3.byte()).contains(&opcode.byte())
}

fn wide_field(opcode: O) -> O {
    match opcode {
        O::GetfieldA => O::GetfieldAW,
        O::GetfieldB => O::GetfieldBW,
        O::GetfieldS => O::GetfieldSW,
        O::GetfieldI => O::GetfieldIW,
        O::PutfieldA => O::PutfieldAW,
        O::PutfieldB => O::PutfieldBW,
        O::PutfieldS => O::PutfieldSW,
        O::PutfieldI => O::PutfieldIW,
        other => other,
    }
}

/// The form of a branch whose distance has two bytes.
fn wide_branch(opcode: O) -> Option<O> {
    let place = opcode.byte().checked_sub(O::Ifeq.byte())?;
    if opcode > O::Goto {
        return None;
    }
    O::from_byte(O::IfeqW.byte().saturating_add(place))
}
