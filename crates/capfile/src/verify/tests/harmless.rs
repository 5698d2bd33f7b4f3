//! Why a change that is accepted does no harm: classes of changes, each with what makes it so.

use crate::bytes::Cursor;
use crate::cap::{
    CapFile, ClassEntry, Constant, Descriptor, ExceptionHandler, Header, MethodDescriptor,
    MethodHeader, Tag, TypeDescriptor, access,
};
use crate::instruction::{Instruction, Located, Operands, decode_all};

/// The class of a change; none if it is in no class.
pub(super) fn class(before: &CapFile, after: &CapFile) -> Option<&'static str> {
    if before.header != after.header {
        if before.header.flags == after.header.flags {
            return Some("identity: package");
        }
        let with_int = before.header.flags | Header::INT == after.header.flags;
        return with_int.then_some("header: int is allowed, and not used");
    }
    if before.applets != after.applets {
        return applets(before, after);
    }
    if before.imports != after.imports {
        let pairs = before.imports.packages.iter().zip(&after.imports.packages);
        let (one, other) = pairs.into_iter().find(|(one, other)| one != other)?;
        if one.aid != other.aid {
            return Some("import: another package that has all that is used");
        }
        let same_major = other.version.major == one.version.major;
        return same_major.then_some("import: another minor version that is offered");
    }
    if before.constant_pool != after.constant_pool {
        let pairs = before.constant_pool.constants.iter().zip(&after.constant_pool.constants);
        let mut changed = pairs.filter(|(before, after)| before != after);
        return match changed.next()? {
            (Constant::Class { .. }, Constant::Class { .. }) => {
                Some("constant: another class that fits")
            }
            (Constant::StaticField(_), Constant::StaticField(_))
            | (Constant::InstanceField { .. }, Constant::InstanceField { .. }) => {
                Some("constant: another field of the same type")
            }
            (Constant::VirtualMethod { .. }, Constant::VirtualMethod { .. })
            | (Constant::SuperMethod { .. }, Constant::SuperMethod { .. })
            | (Constant::StaticMethod(_), Constant::StaticMethod(_)) => {
                Some("constant: another method of the same type")
            }
            _ => None,
        };
    }
    if before.classes != after.classes {
        return classes(before, after);
    }
    if before.static_fields != after.static_fields {
        return statics(before, after);
    }
    if before.methods != after.methods {
        return methods(before, after);
    }
    match (&before.descriptor, &after.descriptor) {
        (Some(one), Some(other)) if one != other => return descriptor(before, one, other),
        _ => {}
    }
    if before.static_resources != after.static_resources {
        return Some("value: of a static resource, or its number");
    }
    if before.debug != after.debug {
        return Some("debug: other names, lines or variables");
    }
    None
}

fn applets(before: &CapFile, after: &CapFile) -> Option<&'static str> {
    let (one, other) = (before.applets.as_ref()?, after.applets.as_ref()?);
    let (one, other) = one.applets.iter().zip(&other.applets).find(|(one, other)| one != other)?;
    if one.aid != other.aid {
        return Some("identity: applet");
    }
    let method = |place| {
        let mut all = before.descriptor.iter().flat_map(Descriptor::classes);
        let mut found = all.by_ref().flat_map(|class| &class.methods);
        found.find(|method| method.place == place).map(|method| (method.access, method.signature))
    };
    (method(one.install) == method(other.install)).then_some("applet: another install method")
}

fn classes(before: &CapFile, after: &CapFile) -> Option<&'static str> {
    let pairs = before.classes.entries.iter().zip(&after.classes.entries);
    let (before_entry, after_entry) = pairs.into_iter().find(|(one, other)| one != other)?;
    match (before_entry, after_entry) {
        (ClassEntry::Interface(one), ClassEntry::Interface(other)) if one.name != other.name => {
            Some("remote: other types, names or hashes")
        }
        (ClassEntry::Class(one), ClassEntry::Class(other)) => {
            if one.remote != other.remote {
                return Some("remote: other types, names or hashes");
            }
            let inheritable = |class: &crate::cap::Class| {
                class.tokens.as_ref().map(|tokens| tokens.inheritable_count)
            };
            if inheritable(one) != inheritable(other) {
                return Some("class: fewer tokens are inheritable");
            }
            if one.superclass != other.superclass {
                return Some("class: another superclass that fits");
            }
            let lists = |class: &crate::cap::Class| -> Vec<crate::cap::ClassRef> {
                class.interfaces.iter().map(|implemented| implemented.interface).collect()
            };
            let same_but_methods = lists(one) == lists(other) && one.interfaces != other.interfaces;
            same_but_methods.then_some("class: another method of the same type implements")
        }
        _ => None,
    }
}

fn statics(before: &CapFile, after: &CapFile) -> Option<&'static str> {
    let (one, other) = (&before.static_fields, &after.static_fields);
    let sizes = |fields: &crate::cap::StaticFields| {
        let arrays: Vec<_> =
            fields.arrays.iter().map(|array| (array.element, array.values.len())).collect();
        (
            fields.image_size,
            fields.reference_count,
            fields.default_size,
            fields.values.len(),
            arrays,
        )
    };
    if sizes(one) == sizes(other) {
        return Some("value: of a static field or array");
    }
    let elements = one.arrays.iter().zip(&other.arrays);
    let mut changed = elements.filter(|(one, other)| one.element != other.element);
    // An array for a reference that no field of the Descriptor has.
    changed.next().map(|_| "static field: the type of an array without field")
}

fn methods(before: &CapFile, after: &CapFile) -> Option<&'static str> {
    let (one, other) = (before.methods.blocks.first()?, after.methods.blocks.first()?);
    if one.handlers != other.handlers {
        let changed = one.handlers.iter().zip(&other.handlers).find(|(one, other)| one != other);
        return handler(changed?);
    }
    let descriptor = before.descriptor.as_ref()?;
    for method in descriptor.classes().flat_map(|class| &class.methods) {
        let (Some(one), Some(other)) = (body(before, method), body(after, method)) else {
            continue;
        };
        if one.0 != other.0 {
            let more =
                other.0.max_stack >= one.0.max_stack && other.0.max_locals >= one.0.max_locals;
            let less =
                other.0.max_stack <= one.0.max_stack && other.0.max_locals <= one.0.max_locals;
            return match (more, less) {
                (true, _) => Some("method: more stack or variables than needed"),
                (_, true) => Some("method: less stack or variables, still enough"),
                _ => None,
            };
        }
        if one.1 != other.1 {
            return code(&one.1, &other.1);
        }
    }
    None
}

fn body(cap: &CapFile, method: &MethodDescriptor) -> Option<(MethodHeader, Vec<Located>)> {
    if method.place.offset == 0 {
        return None;
    }
    let block = cap.methods.blocks.first()?;
    let (header, code) = block.method(method.place.offset, method.code_length, 0).ok()?;
    let part = Tag::Method.part();
    Some((header, decode_all(&mut Cursor::new(&part, code)).ok()?))
}

fn handler((one, other): (&ExceptionHandler, &ExceptionHandler)) -> Option<&'static str> {
    Some(if one.catch_type != other.catch_type {
        "handler: catches another class"
    } else if one.handler != other.handler {
        "handler: stands elsewhere, where the state fits"
    } else {
        "handler: covers other whole instructions, whose state fits"
    })
}

fn code(one: &[Located], other: &[Located]) -> Option<&'static str> {
    let differs = one.iter().zip(other).find(|(one, other)| one != other);
    let (one, other) = differs.map(|(one, other)| (&one.instruction, &other.instruction))?;
    if one.opcode == other.opcode {
        return operands(one, other);
    }
    let (was, is) = (one.opcode.operation(), other.opcode.operation());
    if (was.takes, was.gives, was.flow) == (is.takes, is.gives, is.flow) {
        return Some("opcode: takes and gives the same");
    }
    Some("opcode: another one, whose state fits")
}

fn operands(one: &Instruction, other: &Instruction) -> Option<&'static str> {
    Some(match (&one.operands, &other.operands) {
        (Operands::Value(_), Operands::Value(_)) => "value: that is pushed",
        (Operands::Increment { local, .. }, Operands::Increment { local: other, .. })
            if local == other =>
        {
            "value: that is added"
        }
        (Operands::Local(_), Operands::Local(_))
        | (Operands::Increment { .. }, Operands::Increment { .. }) => {
            "local variable: another of the same type"
        }
        (Operands::Branch(_), Operands::Branch(_)) => "branch: elsewhere, where the state fits",
        (
            Operands::Table { default, targets, .. },
            Operands::Table { default: other, targets: others, .. },
        ) => {
            if (default, targets) == (other, others) {
                "value: of a case"
            } else {
                "branch: elsewhere, where the state fits"
            }
        }
        (
            Operands::Lookup { default, pairs },
            Operands::Lookup { default: other, pairs: others },
        ) => {
            let targets =
                |pairs: &[(i32, i16)]| pairs.iter().map(|pair| pair.1).collect::<Vec<_>>();
            if (default, targets(pairs)) == (other, targets(others)) {
                "value: of a case"
            } else {
                "branch: elsewhere, where the state fits"
            }
        }
        (Operands::Constant(_), Operands::Constant(_)) => "constant: another that fits",
        (Operands::Words { .. }, Operands::Words { .. }) => "words: others that fit",
        (Operands::TypeTest { .. }, Operands::TypeTest { .. }) => "type test: another that fits",
        (Operands::ArrayType(_), Operands::ArrayType(_)) => "array: of another type that fits",
        (Operands::Interface { .. }, Operands::Interface { .. }) => "constant: another that fits",
        _ => return None,
    })
}

fn descriptor(cap: &CapFile, one: &Descriptor, other: &Descriptor) -> Option<&'static str> {
    if one.types != other.types {
        return types(one, other);
    }
    let (one, other) = one.classes().zip(other.classes()).find(|(one, other)| one != other)?;
    if one.access != other.access || one.token != other.token {
        return Some("access: of a class, and nothing uses what it forbids");
    }
    if one.interfaces != other.interfaces {
        return Some("descriptor: an interface that is implemented anyway");
    }
    if let Some((one, other)) =
        one.fields.iter().zip(&other.fields).find(|(one, other)| one != other)
    {
        if one.access != other.access {
            return Some("access: of a field, and nothing uses what it forbids");
        }
        // Without a constant nothing uses it.
        return (one.place == other.place).then_some("type: of a field that is used so");
    }
    let (one, other) = one.methods.iter().zip(&other.methods).find(|(one, other)| one != other)?;
    if one.access != other.access {
        return Some("access: of a method, and nothing uses what it forbids");
    }
    if one.token != other.token {
        let is_interface = one.access & access::ABSTRACT_METHOD != 0;
        return is_interface.then_some("token: of a method that nothing calls by it");
    }
    if one.signature != other.signature {
        let types = |method: &MethodDescriptor| -> Option<TypeDescriptor> {
            cap.descriptor.as_ref()?.types.descriptor(method.signature)
        };
        let words =
            |descriptor: Option<TypeDescriptor>| descriptor.map(|one| one.parameter_words());
        return (words(types(one)) == words(types(other)))
            .then_some("type: of a method that is used so");
    }
    if one.handler_count == 0 && one.first_handler != other.first_handler {
        return Some("descriptor: the first of no handlers");
    }
    None
}

/// Types of constants, or the pool.
fn types(one: &Descriptor, other: &Descriptor) -> Option<&'static str> {
    let changed =
        one.types.constants.iter().zip(&other.types.constants).find(|(one, other)| one != other);
    if let Some((before, after)) = changed {
        let (one, other) = (one.types.descriptor(*before), other.types.descriptor(*after));
        return if one == other { Some("type: the same elsewhere in the pool") } else { None };
    }
    Some("type: in the pool, of what is used so")
}
