//! The order of imported packages.

use crate::code::{Bodies, Constant};
use crate::diagnostic::Sink;
use crate::front::{ClassRef, MemberRef, Program, Type};

/// Packages that are imported, in the order of their tokens.
#[derive(Debug, Default)]
pub(crate) struct ImportOrder {
    /// Indexes of the packages.
    pub(crate) packages: Vec<usize>,
}

impl ImportOrder {
    /// Token of a package.
    pub(crate) fn token(&self, package: usize) -> Option<u8> {
        let place = self.packages.iter().position(|known| *known == package)?;
        u8::try_from(place).ok()
    }

    fn class(&mut self, class: ClassRef) {
        if let ClassRef::External(external) = class
            && !self.packages.contains(&external.package)
        {
            self.packages.push(external.package);
        }
    }

    fn kind(&mut self, program: &Program, kind: &Type) {
        if let Some(class) = kind.class().and_then(|name| program.resolve_class(name).ok()) {
            self.class(class);
        }
    }
}

/// Packages are met class by class: superclass, interfaces, types of fields; then method by
/// method: its types, what it catches, what its code names. `java.lang` is always there.
pub(super) fn order(program: &Program, bodies: &Bodies, sink: &mut Sink) -> Option<ImportOrder> {
    let mut order = ImportOrder::default();
    for (class_index, class) in program.classes.iter().enumerate() {
        class.superclass.into_iter().for_each(|class| order.class(class));
        class.interfaces.iter().for_each(|class| order.class(*class));
        class.fields.iter().for_each(|field| order.kind(program, &field.kind));
        for (index, method) in class.methods.iter().enumerate() {
            method.signature.types().for_each(|kind| order.kind(program, kind));
            let Some(body) = bodies.get(&(class_index, index)) else { continue };
            body.handlers
                .iter()
                .filter_map(|handler| handler.catches)
                .for_each(|class| order.class(class));
            for constant in body.items.iter().filter_map(|item| item.operand.constant()) {
                visit(program, &mut order, constant);
            }
        }
    }
    if let Ok(object) = program.resolve_class("java/lang/Object") {
        order.class(object);
    }
    if order.packages.len() > 128 {
        super::refuse(program, sink, "more than 128 packages are imported");
        return None;
    }
    Some(order)
}

fn visit(program: &Program, order: &mut ImportOrder, constant: Constant) {
    match constant {
        Constant::Class(class) => order.class(class),
        Constant::InstanceField(member, _) | Constant::StaticField(member, _) => {
            order.class(member.class);
            if let Some(kind) = program.field_type(member) {
                order.kind(program, &kind);
            }
        }
        Constant::Virtual(member, _) | Constant::Super(_, member) | Constant::Static(member, _) => {
            order.class(member.class);
            method_types(program, order, member);
        }
    }
}

fn method_types(program: &Program, order: &mut ImportOrder, member: MemberRef) {
    if let Some(signature) = program.method_signature(member) {
        signature.types().for_each(|kind| order.kind(program, kind));
    }
}
