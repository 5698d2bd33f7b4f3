//! Private members that other classes of the nest use.
//!
//! From Java 11 on javac lets an inner class and the one around it use each other's private members
//! as they are. On a card private is private, so that such members become visible in the package.

use std::collections::HashSet;

use capfile::class::code::{Operand, instructions};
use capfile::class::{access, op};

use super::{ClassRef, MemberRef, Program};
use crate::diagnostic::Sink;

/// First major version of class files with nests.
const FIRST_MAJOR: u16 = 55;

/// Widens access to private members that other classes of the package use.
pub(super) fn open(program: &mut Program, sink: &mut Sink) {
    let (mut fields, mut methods) = (HashSet::new(), HashSet::new());
    for (index, class) in program.classes.iter().enumerate() {
        if class.file.major < FIRST_MAJOR || class.is_refused {
            continue;
        }
        for code in class.methods.iter().filter_map(|method| method.code.as_ref()) {
            // What cannot be read is refused when it is translated.
            for instruction in instructions(&class.file.part, code).unwrap_or_default() {
                let used = match (instruction.opcode, &instruction.operand) {
                    (op::GETSTATIC..=op::PUTFIELD, Operand::Pool(pool)) => {
                        field(program, index, *pool).map(|field| (field, true))
                    }
                    (op::INVOKEVIRTUAL..=op::INVOKESTATIC, Operand::Pool(pool)) => {
                        method(program, index, *pool).map(|method| (method, false))
                    }
                    _ => None,
                };
                match used {
                    Some((field, true)) => fields.insert(field),
                    Some((method, false)) => methods.insert(method),
                    None => false,
                };
            }
        }
    }
    for member in methods.iter().copied() {
        refuse_overridden(program, member, sink);
    }
    for (class, index) in fields {
        let class = program.classes.get_mut(class);
        if let Some(field) = class.and_then(|class| class.fields.get_mut(index)) {
            field.access &= !access::PRIVATE;
        }
    }
    for (class, index) in methods {
        let class = program.classes.get_mut(class);
        if let Some(method) = class.and_then(|class| class.methods.get_mut(index)) {
            method.access &= !access::PRIVATE;
        }
    }
}

/// A private field of another class.
fn field(program: &Program, from: usize, pool: u16) -> Option<(usize, usize)> {
    let file = &program.class(from)?.file;
    let reference = file.pool.field(&file.part, pool).ok()?;
    let class = ClassRef::Internal(*program.by_name.get(reference.class)?);
    let member = program.resolve_field(class, reference.name, reference.descriptor)?;
    of_other(member, from, program.field_access(member))
}

/// A private method or constructor of another class.
fn method(program: &Program, from: usize, pool: u16) -> Option<(usize, usize)> {
    let file = &program.class(from)?.file;
    let reference = file.pool.method(&file.part, pool).ok()?;
    let class = ClassRef::Internal(*program.by_name.get(reference.class)?);
    let member = program.resolve_method(class, reference.name, reference.descriptor)?;
    of_other(member, from, program.method_access(member))
}

fn of_other(member: MemberRef, from: usize, access: u16) -> Option<(usize, usize)> {
    match member.class {
        ClassRef::Internal(class) if class != from && access & access::PRIVATE != 0 => {
            Some((class, member.index))
        }
        _ => None,
    }
}

/// A method that is private no more must not be overridden by chance.
fn refuse_overridden(program: &Program, (class, index): (usize, usize), sink: &mut Sink) {
    let Some(method) = program.class(class).and_then(|class| class.methods.get(index)) else {
        return;
    };
    if method.is_static() || method.is_constructor() {
        return;
    }
    for (other, below) in program.classes.iter().enumerate() {
        let is_below = other != class
            && program.chain(ClassRef::Internal(other)).contains(&ClassRef::Internal(class));
        let has_same = below.methods.iter().any(|same| same.is(&method.name, &method.descriptor));
        if is_below && has_same {
            let text = format!(
                "another class of the nest calls the method, which is private, and subclass {} has one of the same name",
                below.name.replace('/', "."),
            );
            let hint = "Rename one of them, or compile with --release 8.";
            if let Some(class) = program.class(class) {
                sink.error(&class.member_place(&method.java()), text, hint);
            }
        }
    }
}
