//! The Class component.

use capfile::cap::{self, ClassEntry};

use super::remote::{self, Signatures};
use crate::front::{ClassRef, Program};
use crate::layout::{NONE, Package, Tokens, Virtual};

/// Interfaces and classes. Offsets of methods are 0 as long as they are not known; sizes do not
/// depend on them.
pub(crate) fn classes(program: &Program, package: &Package) -> cap::Classes {
    let mut signatures = Signatures::default();
    let entries = (0..program.classes.len())
        .filter_map(|index| entry(program, package, index, &mut signatures))
        .collect();
    cap::Classes { signature_pool: signatures.pool, entries }
}

fn entry(
    program: &Program,
    package: &Package,
    index: usize,
    signatures: &mut Signatures,
) -> Option<ClassEntry> {
    let class = program.class(index)?;
    let tokens = package.class_tokens(index)?;
    let this = ClassRef::Internal(index);
    let mut flags = 0;
    if class.is_shareable {
        flags |= ClassEntry::SHAREABLE;
    }
    if class.is_remote {
        flags |= ClassEntry::REMOTE;
    }
    let class_ref = |class: ClassRef| package.class_ref(program, class);
    if class.is_interface() {
        let superinterfaces = program.all_interfaces(this).into_iter().map(class_ref).collect();
        return Some(ClassEntry::Interface(cap::Interface {
            flags: flags | ClassEntry::INTERFACE,
            superinterfaces,
            name: class.is_remote.then(|| remote::simple_name(&class.name)),
        }));
    }
    let base = tokens.public_base();
    let package_base = tokens.package_base();
    let byte = |number: usize| u8::try_from(number).unwrap_or(NONE);
    let is_23 = package.format.version >= cap::FormatVersion::V2_3;
    Some(ClassEntry::Class(cap::Class {
        flags,
        superclass: class.superclass.map(class_ref),
        instance_size: u8::try_from(tokens.instance_words).unwrap_or(NONE),
        first_reference_token: tokens.first_reference.unwrap_or(NONE),
        reference_count: tokens.reference_count,
        public_base: byte(base),
        public_methods: places(package, &tokens.public, base),
        package_base: byte(package_base),
        package_methods: places(package, &tokens.package, package_base),
        interfaces: implemented(program, package, index, tokens),
        remote: class.is_remote.then(|| remote::remote(program, package, index, signatures)),
        tokens: is_23.then(|| mapping(tokens)),
    }))
}

fn places(package: &Package, table: &[Virtual], base: usize) -> Vec<cap::MethodPlace> {
    let entries = table.get(base..).unwrap_or_default().iter();
    let offset = |entry: &Virtual| match entry.method {
        Some(member) => match member.class {
            ClassRef::Internal(class) => package.method_offset(class, member.index),
            ClassRef::External(_) => 0xFFFF,
        },
        None => 0xFFFF,
    };
    entries.map(|entry| cap::MethodPlace::compact(offset(entry))).collect()
}

/// Interfaces that the class names and what they extend, and which methods implement theirs.
fn implemented(
    program: &Program,
    package: &Package,
    index: usize,
    tokens: &Tokens,
) -> Vec<cap::ImplementedInterface> {
    let find = |(name, descriptor): &(String, String)| {
        let place = tokens
            .public
            .iter()
            .position(|entry| entry.name == *name && entry.descriptor == *descriptor);
        place.and_then(|token| u8::try_from(token).ok()).unwrap_or(NONE)
    };
    program
        .all_interfaces(ClassRef::Internal(index))
        .into_iter()
        .map(|interface| cap::ImplementedInterface {
            interface: package.class_ref(program, interface),
            methods: program.interface_methods(interface).iter().map(find).collect(),
        })
        .collect()
}

/// How tokens belong to those of the superclass: the same, or new.
fn mapping(tokens: &Tokens) -> cap::TokenMapping {
    let mapping = (0..tokens.public.len())
        .map(|token| match token < tokens.inherited_public {
            true => u8::try_from(token).unwrap_or(NONE),
            false => NONE,
        })
        .collect();
    let inheritable_count = u8::try_from(tokens.public.len()).unwrap_or(NONE);
    cap::TokenMapping { mapping, inheritable_count }
}
