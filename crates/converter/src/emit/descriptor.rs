//! The Descriptor component, and the types in it.

use std::collections::HashMap;

use capfile::cap::{self, access};
use capfile::class::access as java;

use crate::code::Constant;
use crate::front::{Class, ClassRef, Field, MemberRef, Method, Program, Type};
use crate::layout::{NONE, Package};

/// Types in the order in which they are met, and where each one stands.
pub(super) struct Types {
    pool: cap::TypePool,
    places: HashMap<Vec<u8>, u16>,
}

impl Types {
    fn place(&mut self, descriptor: Vec<u8>) -> u16 {
        if let Some(place) = self.places.get(&descriptor) {
            return *place;
        }
        let place = self.pool.start().saturating_add(self.pool.descriptors.len());
        let place = u16::try_from(place).unwrap_or(0xFFFF);
        self.pool.descriptors.extend(&descriptor);
        self.places.insert(descriptor, place);
        place
    }
}

/// Types of the constants, which stand first.
pub(super) fn types(program: &Program, package: &Package) -> Option<(Vec<u16>, Types)> {
    let count = package.pool.constants.len();
    let pool = cap::TypePool { constants: vec![0; count], descriptors: Vec::new() };
    let mut types = Types { pool, places: HashMap::new() };
    let mut constants = Vec::with_capacity(count);
    for constant in &package.pool.constants {
        let descriptor = match constant {
            Constant::Class(_) => {
                constants.push(0xFFFF);
                continue;
            }
            Constant::InstanceField(member, _) | Constant::StaticField(member, _) => {
                package.field_type(program, &program.field_type(*member)?)?
            }
            Constant::Virtual(member, _)
            | Constant::Super(_, member)
            | Constant::Static(member, _) => {
                package.method_type(program, &program.method_signature(*member)?)?
            }
        };
        constants.push(types.place(descriptor));
    }
    Some((constants, types))
}

/// Whether the card must know `int`.
pub(super) fn has_int(program: &Program, package: &Package) -> bool {
    let fields = program.classes.iter().flat_map(|class| &class.fields);
    let mut signatures = program.classes.iter().flat_map(|class| &class.methods);
    let uses = |code: &[u8]| {
        let part = capfile::Part::Component("Method");
        let mut cursor = capfile::bytes::Cursor::new(&part, code);
        capfile::instruction::decode_all(&mut cursor)
            .is_ok_and(|list| list.iter().any(|located| is_int_instruction(&located.instruction)))
    };
    fields.into_iter().any(|field| field.kind.has_int())
        || signatures.any(|method| method.signature.types().any(Type::has_int))
        || package
            .methods
            .iter()
            .flatten()
            .filter_map(|layout| layout.body.as_ref())
            .any(|body| uses(&body.code))
}

fn is_int_instruction(instruction: &capfile::instruction::Instruction) -> bool {
    use capfile::instruction::{Operands, Slot};
    let operation = instruction.opcode.operation();
    let is_int = |slot: &Slot| matches!(slot, Slot::Int | Slot::IntArray);
    operation.takes.iter().chain(operation.gives).any(is_int)
        || matches!(
            instruction.operands,
            Operands::ArrayType(13) | Operands::TypeTest { kind: 13, .. }
        )
        || matches!(
            instruction.opcode,
            capfile::instruction::Opcode::Iinc | capfile::instruction::Opcode::IincW
        )
}

/// Classes with their members; types of constants are given.
pub(super) fn descriptor(
    program: &Program,
    package: &Package,
    constants: Vec<u16>,
    mut types: Types,
) -> Option<cap::Descriptor> {
    let mut classes = Vec::with_capacity(program.classes.len());
    for (index, class) in program.classes.iter().enumerate() {
        classes.push(class_descriptor(program, package, index, class, &mut types)?);
    }
    let mut pool = types.pool;
    pool.constants = constants;
    Some(cap::Descriptor::compact(classes, pool))
}

fn class_descriptor(
    program: &Program,
    package: &Package,
    index: usize,
    class: &Class,
    types: &mut Types,
) -> Option<cap::ClassDescriptor> {
    let tokens = package.class_tokens(index)?;
    let this = package.class_ref(program, ClassRef::Internal(index));
    let interfaces = if class.is_interface() {
        Vec::new()
    } else {
        program.all_interfaces(ClassRef::Internal(index))
    };
    // Types of methods are met before those of fields.
    let mut methods = Vec::new();
    if class.is_interface() {
        for member in &class.interface_methods {
            methods.push(interface_method(program, package, class, *member, types)?);
        }
    } else {
        for (at, method) in class.methods.iter().enumerate() {
            methods.push(method_descriptor(program, package, (index, at), method, types)?);
        }
    }
    let mut statics: Vec<(u16, usize)> = class
        .fields
        .iter()
        .enumerate()
        .filter_map(|(at, _)| Some((package.image.offset(index, at)?, at)))
        .collect();
    statics.sort_unstable();
    let mut fields = Vec::new();
    for (offset, at) in statics {
        let field = class.fields.get(at)?;
        let place = cap::FieldPlace::Static(cap::StaticRef::Internal { block: 0, offset });
        let token = tokens.fields.get(at).copied().unwrap_or(NONE);
        fields.push(field_descriptor(program, package, field, token, place, types)?);
    }
    for at in &tokens.instance_fields {
        let field = class.fields.get(*at)?;
        let token = tokens.fields.get(*at).copied().unwrap_or(NONE);
        let place = cap::FieldPlace::Instance { class: this, token };
        fields.push(field_descriptor(program, package, field, token, place, types)?);
    }
    Some(cap::ClassDescriptor {
        token: tokens.class.unwrap_or(NONE),
        access: class_access(class),
        this,
        interfaces: interfaces
            .into_iter()
            .map(|interface| package.class_ref(program, interface))
            .collect(),
        fields,
        methods,
    })
}

fn class_access(class: &Class) -> u8 {
    let bit = |java: u16, here: u8| if class.access & java != 0 { here } else { 0 };
    bit(java::PUBLIC, access::PUBLIC)
        | bit(java::FINAL, access::FINAL)
        | bit(java::INTERFACE, access::INTERFACE)
        | bit(java::ABSTRACT, access::ABSTRACT_CLASS)
}

fn member_access(from: u16) -> u8 {
    let bit = |java: u16, here: u8| if from & java != 0 { here } else { 0 };
    bit(java::PUBLIC, access::PUBLIC)
        | bit(java::PRIVATE, access::PRIVATE)
        | bit(java::PROTECTED, access::PROTECTED)
        | bit(java::STATIC, access::STATIC)
        | bit(java::FINAL, access::FINAL)
}

fn method_access(from: u16, is_constructor: bool) -> u8 {
    let mut access = member_access(from);
    if from & java::ABSTRACT != 0 {
        access |= self::access::ABSTRACT_METHOD;
    }
    if is_constructor {
        access |= self::access::INIT;
    }
    access
}

fn field_descriptor(
    program: &Program,
    package: &Package,
    field: &Field,
    token: u8,
    place: cap::FieldPlace,
    types: &mut Types,
) -> Option<cap::FieldDescriptor> {
    let field_type = match &field.kind {
        Type::Boolean => cap::FieldType::Primitive(2),
        Type::Byte => cap::FieldType::Primitive(3),
        Type::Short => cap::FieldType::Primitive(4),
        Type::Int => cap::FieldType::Primitive(5),
        kind => cap::FieldType::Reference(types.place(package.field_type(program, kind)?)),
    };
    Some(cap::FieldDescriptor { token, access: member_access(field.access), place, field_type })
}

fn method_descriptor(
    program: &Program,
    package: &Package,
    (class, at): (usize, usize),
    method: &Method,
    types: &mut Types,
) -> Option<cap::MethodDescriptor> {
    let layout = package.methods.get(class)?.get(at)?;
    let body = layout.body.as_ref();
    let handlers = body.map_or(0, |body| body.handlers.len());
    let signature = types.place(package.method_type(program, &method.signature)?);
    let token =
        package.method_token(program, MemberRef { class: ClassRef::Internal(class), index: at });
    Some(cap::MethodDescriptor {
        token,
        access: method_access(method.access, method.is_constructor()),
        place: cap::MethodPlace::compact(layout.offset),
        signature,
        code_length: u16::try_from(body.map_or(0, |body| body.code.len())).ok()?,
        handler_count: u16::try_from(handlers).ok()?,
        first_handler: if handlers == 0 { 0 } else { layout.first_handler },
    })
}

fn interface_method(
    program: &Program,
    package: &Package,
    class: &Class,
    member: MemberRef,
    types: &mut Types,
) -> Option<cap::MethodDescriptor> {
    let signature = package.method_type(program, &program.method_signature(member)?)?;
    let token = class.interface_methods.iter().position(|known| *known == member)?;
    Some(cap::MethodDescriptor {
        token: u8::try_from(token).ok()?,
        access: method_access(program.method_access(member), false),
        place: cap::MethodPlace::compact(0),
        signature: types.place(signature),
        code_length: 0,
        handler_count: 0,
        first_handler: 0,
    })
}
