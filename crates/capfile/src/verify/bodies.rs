//! The Method component: where methods lie, their headers, instructions and exception handlers, and
//! the RefLocation component that lists their references.

use std::collections::HashSet;

use super::Rule;
use super::index::{Index, Method};
use super::refusal::{MethodAt, Refusal, Refusals};
use crate::bytes::Cursor;
use crate::cap::{ExceptionHandler, MethodBlock, MethodHeader, MethodPlace, Tag, access, offsets};
use crate::instruction::{Located, decode_all};

/// A method with bytecode that is whole.
pub(super) struct Body<'a> {
    /// Index of the method.
    pub(super) method: usize,
    pub(super) place: MethodPlace,
    pub(super) header: MethodHeader,
    pub(super) code: Vec<Located>,
    /// Bytes of the bytecode.
    pub(super) length: u16,
    /// Its handlers, and the index of the first in the block.
    pub(super) handlers: &'a [ExceptionHandler],
    pub(super) first_handler: usize,
    /// Offset of the bytecode from the start of the block.
    pub(super) start: u16,
}

impl Body<'_> {
    /// Offset of an instruction from the component's tag.
    pub(super) fn offset(&self, index: &Index<'_>, at: u16) -> usize {
        index
            .places
            .block(self.place.block)
            .saturating_add(self.start.into())
            .saturating_add(at.into())
    }

    pub(super) fn refuse(
        &self,
        index: &Index<'_>,
        at: Option<&Located>,
        rule: Rule,
        detail: String,
        refusals: &mut Refusals,
    ) {
        let offset = match at {
            Some(located) => self.offset(index, located.at),
            None => index.places.method(self.place),
        };
        let instruction = at.map(|located| (located.at, located.instruction.opcode.mnemonic()));
        let name = index.method_name(self.place).cloned();
        let method = Some(MethodAt { place: self.place, name, instruction });
        refusals.add(Refusal { component: Tag::Method, offset, method, rule, detail });
    }
}

/// Refuses something about a method that is not in its bytecode.
fn refuse(
    index: &Index<'_>,
    place: MethodPlace,
    offset: usize,
    rule: Rule,
    detail: String,
    refusals: &mut Refusals,
) {
    let name = index.method_name(place).cloned();
    let method = Some(MethodAt { place, name, instruction: None });
    refusals.add(Refusal { component: Tag::Method, offset, method, rule, detail });
}

/// Checks all blocks; gives the methods whose bytecode can be followed.
pub(super) fn check<'a>(index: &Index<'a>, refusals: &mut Refusals) -> Vec<Body<'a>> {
    let mut bodies = Vec::new();
    let mut by_block: Vec<Vec<(usize, &Method<'_>)>> =
        vec![Vec::new(); index.cap.methods.blocks.len()];
    for (number, method) in index.methods.iter().enumerate() {
        if method.of_interface {
            continue;
        }
        let place = method.descriptor.place;
        match by_block.get_mut(usize::from(place.block)) {
            Some(block) => block.push((number, method)),
            None => {
                let detail = format!("there is no method block {}", place.block);
                refusals.at(Tag::Descriptor, method.at, Rule::MethodPlace, detail);
            }
        }
    }
    for (number, (block, mut methods)) in
        (0..=u8::MAX).zip(index.cap.methods.blocks.iter().zip(by_block))
    {
        methods.sort_by_key(|(_, method)| method.descriptor.place);
        let first = bodies.len();
        extents(index, number, block, &methods, &mut bodies, refusals);
        let own = bodies.get(first..).unwrap_or_default();
        owners(index, number, block, own, refusals);
        references(index, number, block, own, refusals);
    }
    bodies
}

/// Methods back to back, from the handlers to the end of the block.
fn extents<'a>(
    index: &Index<'a>,
    number: u8,
    block: &'a MethodBlock,
    methods: &[(usize, &Method<'_>)],
    bodies: &mut Vec<Body<'a>>,
    refusals: &mut Refusals,
) {
    let base = index.places.block(number);
    let mut next = block.first_method();
    for (at, method) in methods {
        if refusals.is_full() {
            return;
        }
        let descriptor = method.descriptor;
        let place = descriptor.place;
        let offset = index.places.method(place);
        if usize::from(place.offset) != next {
            let detail = format!("it stands at {}, the one before ends at {next}", place.offset);
            refuse(index, place, offset, Rule::MethodExtent, detail, refusals);
        }
        let (header, code) = match block.method(place.offset, descriptor.code_length, base) {
            Ok(found) => found,
            Err(problem) => {
                let detail = problem.problem.to_string();
                refuse(index, place, problem.offset, Rule::MethodExtent, detail, refusals);
                continue;
            }
        };
        let length = usize::from(header.length());
        next = usize::from(place.offset).saturating_add(length).saturating_add(code.len());
        if !header_is_sound(index, method, &header, offset, refusals) {
            continue;
        }
        if header.flags & MethodHeader::ABSTRACT != 0 {
            continue;
        }
        let part = Tag::Method.part();
        let mut cursor = Cursor::starting_at(&part, code, offset.saturating_add(length));
        let Some(start) = place.offset.checked_add(header.length().into()) else { continue };
        match decode_all(&mut cursor) {
            Ok(code) if !code.is_empty() => {
                let first = usize::from(descriptor.first_handler);
                let count = usize::from(descriptor.handler_count);
                let handlers =
                    first.checked_add(count).and_then(|end| block.handlers.get(first..end));
                if handlers.is_none() {
                    let all = block.handlers.len();
                    let detail = format!("handlers {first} and {count} more, of {all}");
                    refuse(index, place, offset, Rule::HandlerExtent, detail, refusals);
                }
                bodies.push(Body {
                    method: *at,
                    place,
                    header,
                    code,
                    length: descriptor.code_length,
                    handlers: handlers.unwrap_or_default(),
                    first_handler: first,
                    start,
                });
            }
            Ok(_) => {
                let detail = "there is no bytecode".to_owned();
                refuse(index, place, offset, Rule::FallsOff, detail, refusals);
            }
            Err(problem) => {
                let detail = problem.problem.to_string();
                refuse(index, place, problem.offset, Rule::Instruction, detail, refusals);
            }
        }
    }
    let end = block.first_method().saturating_add(block.methods.len());
    if next != end {
        let at = base.saturating_add(next);
        let detail = format!("the last method ends at {next}, the block at {end}");
        refusals.at(Tag::Method, at, Rule::MethodExtent, detail);
    }
}

fn header_is_sound(
    index: &Index<'_>,
    method: &Method<'_>,
    header: &MethodHeader,
    offset: usize,
    refusals: &mut Refusals,
) -> bool {
    let place = method.descriptor.place;
    let mut sound = true;
    let mut wrong = |detail: String, refusals: &mut Refusals| {
        sound = false;
        refuse(index, place, offset, Rule::MethodHeader, detail, refusals);
    };
    let unknown = header.flags & !(MethodHeader::EXTENDED | MethodHeader::ABSTRACT);
    if unknown != 0 {
        wrong(format!("unknown flags {unknown:X}"), refusals);
    }
    let block = index.cap.methods.blocks.get(usize::from(place.block));
    let first = block.and_then(|block| block.from_offset(place.offset)?.first().copied());
    let is_extended = header.flags & MethodHeader::EXTENDED != 0;
    if let Some(first @ 1..) = first.map(|first| first & 0x0F).filter(|_| is_extended) {
        wrong(format!("the bits after the flags are {first:X}, not 0"), refusals);
    }
    let is_abstract = header.flags & MethodHeader::ABSTRACT != 0;
    if is_abstract != (method.descriptor.access & access::ABSTRACT_METHOD != 0) {
        let detail = format!("the header says {}abstract", if is_abstract { "" } else { "not " });
        wrong(detail, refusals);
    }
    if is_abstract && (method.descriptor.code_length != 0 || method.descriptor.handler_count != 0) {
        wrong("an abstract method has bytecode".to_owned(), refusals);
    }
    if is_abstract && (header.max_stack, header.max_locals) != (0, 0) {
        wrong("an abstract method has a stack or variables".to_owned(), refusals);
    }
    if let Some(signature) = index.signature(method) {
        let this = usize::from(method.descriptor.access & access::STATIC == 0);
        let words = signature.words().saturating_add(this);
        if words != usize::from(header.arguments) {
            let detail = format!("{} words of arguments, its type has {words}", header.arguments);
            wrong(detail, refusals);
        }
    }
    let locals = usize::from(header.arguments).saturating_add(header.max_locals.into());
    if locals > 255 {
        wrong(format!("{locals} words of variables"), refusals);
    }
    sound
}

/// Each handler has one method, and lies in it.
fn owners(
    index: &Index<'_>,
    number: u8,
    block: &MethodBlock,
    bodies: &[Body<'_>],
    refusals: &mut Refusals,
) {
    let mut owned = vec![false; block.handlers.len()];
    for body in bodies {
        if refusals.is_full() {
            return;
        }
        let starts: HashSet<u16> = match body.handlers {
            [] => continue,
            _ => body.code.iter().map(|located| located.at).collect(),
        };
        for (at, handler) in body.handlers.iter().enumerate() {
            let which = body.first_handler.saturating_add(at);
            let offset = index.places.handler(number, which);
            let mut wrong = |rule: Rule, detail: String| {
                let detail = format!("handler {which}: {detail}");
                refuse(index, body.place, offset, rule, detail, refusals);
            };
            match owned.get_mut(which) {
                Some(owned) if !*owned => *owned = true,
                _ => wrong(Rule::HandlerExtent, "another method has it too".to_owned()),
            }
            let inner = |offset: u16| offset.checked_sub(body.start);
            let start = inner(handler.start);
            let end = start.and_then(|start| start.checked_add(handler.length));
            let lies = handler.length != 0
                && start.is_some_and(|start| starts.contains(&start))
                && end.is_some_and(|end| end == body.length || starts.contains(&end));
            if !lies {
                let detail = format!("it covers {} bytes at {}", handler.length, handler.start);
                wrong(Rule::HandlerExtent, detail);
            }
            if !inner(handler.handler).is_some_and(|at| starts.contains(&at)) {
                wrong(Rule::HandlerExtent, format!("it stands at {}", handler.handler));
            }
            let range = |one: &ExceptionHandler| {
                (u32::from(one.start), u32::from(one.start).saturating_add(one.length.into()))
            };
            let (start, end) = range(handler);
            let later = body.handlers.get(at.saturating_add(1)..).unwrap_or_default();
            let is_covered = later.iter().map(range).any(|(from, to)| from < end && start < to);
            if handler.stop == is_covered {
                let (is, does) = if is_covered {
                    ("is set", "covers")
                } else {
                    ("is not set", "does not cover")
                };
                wrong(Rule::HandlerStop, format!("the bit {is}, a later handler {does} its range"));
            }
        }
    }
    if let Some(free) = owned.iter().position(|owned| !owned) {
        let at = index.places.handler(number, free);
        let detail = format!("handler {free} belongs to no method");
        refusals.at(Tag::Method, at, Rule::HandlerExtent, detail);
    }
}

/// The RefLocation component has exactly the references of the block.
fn references(
    index: &Index<'_>,
    number: u8,
    block: &MethodBlock,
    bodies: &[Body<'_>],
    refusals: &mut Refusals,
) {
    let Some(listed) = index.cap.reference_locations.blocks.get(usize::from(number)) else {
        let detail = format!("method block {number} has no list");
        return refusals.at(Tag::ReferenceLocation, 0, Rule::ReferenceLocation, detail);
    };
    let (mut bytes, mut shorts) = (Vec::new(), Vec::new());
    for (at, handler) in (0u32..).zip(&block.handlers) {
        if handler.catch_type != 0 {
            // After the number of handlers: start, length, offset, catch type.
            shorts.push(at.saturating_mul(8).saturating_add(7));
        }
    }
    for body in bodies {
        for located in &body.code {
            if let Some(operand) = located.instruction.constant() {
                let at = u32::from(body.start)
                    .saturating_add(located.at.into())
                    .saturating_add(operand.offset.into());
                if operand.width == 1 { bytes.push(at) } else { shorts.push(at) }
            }
        }
    }
    for (width, wanted, deltas) in
        [(1, bytes, &listed.byte_deltas), (2, shorts, &listed.short_deltas)]
    {
        let found = offsets(deltas);
        let ends = deltas.last() == Some(&255);
        let differs = wanted.iter().zip(&found).find(|(wanted, found)| wanted != found);
        let detail = match differs {
            Some((wanted, found)) => format!("{found}, should be {wanted}"),
            None if ends => "the last distance does not end".to_owned(),
            None if wanted.len() < found.len() => {
                let more = found.get(wanted.len()).copied().unwrap_or_default();
                format!("{more} is listed, where no reference is")
            }
            None if wanted.len() > found.len() => {
                let missing = wanted.get(found.len()).copied().unwrap_or_default();
                format!("{missing} is not listed")
            }
            None => continue,
        };
        let detail = format!("references of {width} bytes: {detail}");
        let at = super::places::head(Tag::ReferenceLocation, index.cap.format());
        let at = if width == 1 {
            at
        } else {
            at.saturating_add(listed.byte_deltas.len()).saturating_add(2)
        };
        refusals.at(Tag::ReferenceLocation, at, Rule::ReferenceLocation, detail);
    }
}
