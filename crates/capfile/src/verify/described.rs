//! The Descriptor component: types, access flags, tokens, and agreement with the Class component.

use std::collections::HashSet;

use super::Rule;
use super::classes::ClassId;
use super::index::{Class, Index, Method, Visibility, visibility};
use super::refusal::Refusals;
use super::types::Resolved;
use crate::cap::{
    ClassEntry, ClassRef, Constant, Descriptor, FieldDescriptor, FieldPlace, FieldType, Header,
    MethodPlace, StaticRef, Tag, access,
};

const PART: Tag = Tag::Descriptor;

pub(super) fn check(index: &Index<'_>, descriptor: &Descriptor, refusals: &mut Refusals) {
    types(index, descriptor, refusals);
    let mut known = HashSet::new();
    let mut tokens = HashSet::new();
    let packages: Vec<usize> = (0usize..)
        .zip(&descriptor.packages)
        .flat_map(|(number, classes)| classes.iter().map(move |_| number))
        .collect();
    for (class, package) in index.described.iter().zip(packages) {
        one(index, class, refusals);
        if class.id != ClassId::Unknown && !known.insert(class.id) {
            let detail = format!("{} is described twice", index.classes.name(class.id));
            refusals.at(PART, class.at, Rule::DescriptorClass, detail);
        }
        let token = class.descriptor.token;
        if token != 0xFF && !tokens.insert((package, token)) {
            let detail = format!("class token {token} is there twice");
            refusals.at(PART, class.at, Rule::DescriptorClass, detail);
        }
        if refusals.is_full() {
            return;
        }
    }
    for (number, offset) in (0..=u16::MAX).zip(&index.classes.offsets) {
        if !known.contains(&ClassId::Here(number)) {
            let at = index.places.class(*offset);
            let detail = format!("class #{offset} is not described");
            refusals.at(Tag::Class, at, Rule::DescriptorClass, detail);
        }
    }
}

fn types(index: &Index<'_>, descriptor: &Descriptor, refusals: &mut Refusals) {
    let constants = &index.cap.constant_pool.constants;
    let listed = &descriptor.types.constants;
    if constants.len() != listed.len() {
        let detail = format!("{} constants, types of {} are listed", constants.len(), listed.len());
        refusals.at(PART, index.places.in_types(0), Rule::TypePool, detail);
    }
    for (at, what) in &index.signatures.wrong {
        refusals.at(PART, index.places.in_types(*at), Rule::TypePool, *what);
    }
    for (number, (constant, offset)) in constants.iter().zip(listed).enumerate() {
        let is_class = matches!(constant, Constant::Class { .. });
        let lands = if is_class { *offset == 0xFFFF } else { index.signatures.at(*offset).is_ok() };
        if !lands {
            let at = index.places.constant_type(number);
            let detail = format!("constant {number} has type {offset}");
            refusals.at(PART, at, Rule::TypeOffset, detail);
        }
    }
}

fn one(index: &Index<'_>, class: &Class<'_>, refusals: &mut Refusals) {
    let described = class.descriptor;
    let flags = described.access;
    let entry = index.classes.entry(class.id);
    let Some(entry) = entry.filter(|_| matches!(described.this, ClassRef::Internal(_))) else {
        let at = class.at.saturating_add(2);
        let detail = format!("no class of the file is {}", described.this);
        refusals.at(PART, at, Rule::ClassOffset, detail);
        return;
    };
    let name = index.classes.name(class.id);
    let known = access::PUBLIC | access::FINAL | access::INTERFACE | access::ABSTRACT_CLASS;
    let is_interface = flags & access::INTERFACE != 0;
    let is_abstract = flags & access::ABSTRACT_CLASS != 0;
    let odd = if is_abstract { flags & access::FINAL != 0 } else { is_interface };
    if flags & !known != 0 || odd {
        let detail = format!("{name} has access flags {flags:02X}");
        refusals.at(PART, class.at.saturating_add(1), Rule::AccessFlags, detail);
    }
    // Classes that are not public have no token; of public ones those that are exported have one.
    if flags & access::PUBLIC == 0 && described.token != 0xFF {
        let detail = format!("{name} is not public and has token {}", described.token);
        refusals.at(PART, class.at, Rule::DescriptorClass, detail);
    }
    let (entry_interfaces, is_entry_interface): (Vec<ClassRef>, bool) = match entry {
        ClassEntry::Interface(interface) => (interface.superinterfaces.clone(), true),
        ClassEntry::Class(class) => {
            (class.interfaces.iter().map(|implemented| implemented.interface).collect(), false)
        }
    };
    if is_interface != is_entry_interface {
        let words = |is_interface| if is_interface { "an interface" } else { "a class" };
        let (said, is) = (words(is_interface), words(is_entry_interface));
        let detail = format!("{name} is {is}, it is described as {said}");
        refusals.at(PART, class.at.saturating_add(1), Rule::DescriptorClass, detail);
    }
    interfaces(index, class, &entry_interfaces, &name, refusals);
    fields(index, class, refusals);
    methods(index, class, &name, refusals);
}

/// The Descriptor lists what a class names (and for interfaces may list nothing), the Class component
/// also what that extends.
fn interfaces(
    index: &Index<'_>,
    class: &Class<'_>,
    entry: &[ClassRef],
    name: &str,
    refusals: &mut Refusals,
) {
    let find = |list: &[ClassRef]| -> HashSet<ClassId> {
        list.iter().filter_map(|interface| index.classes.find(*interface)).collect()
    };
    let (all, named) = (find(entry), find(&class.descriptor.interfaces));
    let at = class.at.saturating_add(9);
    let mut above: HashSet<ClassId> = HashSet::new();
    for interface in &named {
        above.extend(index.classes.interfaces(*interface));
        above.insert(*interface);
    }
    let of_interface = class.descriptor.access & access::INTERFACE != 0;
    let is_known = !(of_interface && named.is_empty())
        && above.iter().all(|interface| index.classes.is_closed(*interface));
    let is_unknown = named.len() != class.descriptor.interfaces.len();
    let is_missing = !named.is_subset(&all);
    if is_unknown || is_missing || is_known && !all.is_subset(&above) {
        let detail = format!("{name} has other interfaces in the Class component");
        refusals.at(PART, at, Rule::DescriptorClass, detail);
    }
}

/// At most one of public, protected, private.
fn one_visibility(flags: u8) -> bool {
    (flags & (access::PUBLIC | access::PROTECTED | access::PRIVATE)).count_ones() <= 1
}

fn fields(index: &Index<'_>, class: &Class<'_>, refusals: &mut Refusals) {
    let all = class.descriptor.fields.len();
    let own = index.fields.get(class.first_field..).unwrap_or_default();
    let (mut statics, mut instance) = (HashSet::new(), HashSet::new());
    let ours = class.descriptor.fields.iter();
    let is_instance = |field: &&FieldDescriptor| field.access & access::STATIC == 0;
    let words = |field: &FieldDescriptor| index.field_type(field).map_or(1, Resolved::words);
    let size: usize = ours.filter(is_instance).map(words).sum();
    let is_interface = class.descriptor.access & access::INTERFACE != 0;
    let with_token = |field: &&FieldDescriptor| !is_instance(field) && field.token != 0xFF;
    let offered = class.descriptor.fields.iter().filter(with_token).count();
    for field in own.iter().take(all) {
        let (descriptor, at) = (field.descriptor, field.at);
        let flags = descriptor.access;
        let known = 0x1F;
        if flags & !known != 0 || !one_visibility(flags) {
            let detail = format!("a field has access flags {flags:02X}");
            refusals.at(PART, at.saturating_add(1), Rule::AccessFlags, detail);
        }
        let token = descriptor.token;
        let mut refuse = |detail: String| refusals.at(PART, at, Rule::FieldToken, detail);
        match descriptor.place {
            FieldPlace::Static(place) => {
                let is_offered =
                    matches!(visibility(flags), Visibility::Public | Visibility::Protected);
                let in_row = token == 0xFF || usize::from(token) < offered;
                if is_offered == (token == 0xFF) || !in_row {
                    refuse(format!("a static field with flags {flags:02X} has token {token}"));
                } else if token != 0xFF && !statics.insert(token) {
                    refuse(format!("the token {token} of a static field is there twice"));
                }
                if !matches!(place, StaticRef::Internal { block: 0, .. }) {
                    let detail = "a static field of another package";
                    refusals.at(PART, at.saturating_add(2), Rule::StaticPlace, detail);
                }
            }
            FieldPlace::Instance { class: declaring, token: place } => {
                if index.classes.find(declaring) != Some(class.id) || is_interface {
                    let detail = format!("a field of class {declaring}");
                    refusals.at(PART, at.saturating_add(2), Rule::DescriptorClass, detail);
                    continue;
                }
                // An int has two tokens.
                let mut tokens =
                    usize::from(token)..usize::from(token).saturating_add(words(descriptor));
                if place != token || tokens.end > size {
                    refuse(format!("an instance field has tokens {token} and {place}, of {size}"));
                } else if !tokens.all(|token| instance.insert(token)) {
                    refuse(format!("the token {token} of an instance field is there twice"));
                }
            }
        }
        if index.field_type(descriptor).is_none() {
            let sound = match descriptor.field_type {
                FieldType::Primitive(_) => false,
                // What is wrong within the pool is told there.
                FieldType::Reference(offset) => index.signatures.at(offset) == Ok(None),
            };
            if !sound {
                let detail = format!("a field has type {}", field_type(descriptor.field_type));
                refusals.at(PART, at.saturating_add(5), Rule::TypeOffset, detail);
            }
        } else if let FieldType::Reference(_) = descriptor.field_type
            && index.field_type(descriptor).is_some_and(|found| !found.is_reference())
        {
            let detail = "a field of a primitive type names it by an offset";
            refusals.at(PART, at.saturating_add(5), Rule::TypeOffset, detail);
        }
        let has_int = index
            .field_type(descriptor)
            .is_some_and(|found| matches!(found, Resolved::Int | Resolved::IntArray));
        if has_int && index.cap.header.flags & Header::INT == 0 {
            let detail = "a field is of type int";
            refusals.at(PART, at.saturating_add(5), Rule::IntFlag, detail);
        }
    }
}

fn field_type(found: FieldType) -> String {
    match found {
        FieldType::Primitive(number) => format!("{:04X}", number | 0x8000),
        FieldType::Reference(offset) => offset.to_string(),
    }
}

fn methods(index: &Index<'_>, class: &Class<'_>, name: &str, refusals: &mut Refusals) {
    let all = class.descriptor.methods.len();
    let own = index.methods.get(class.first_method..).unwrap_or_default();
    let mut tokens = HashSet::new();
    let mut places = HashSet::new();
    let is_interface = class.descriptor.access & access::INTERFACE != 0;
    let fixed = class.descriptor.methods.iter().filter(|method| {
        method.access & (access::STATIC | access::INIT) != 0 && method.token != 0xFF
    });
    let runs = if is_interface { all } else { fixed.count() };
    for method in own.iter().take(all) {
        method_flags(class, method, name, refusals);
        method_token(method, runs, &mut tokens, refusals);
        let (descriptor, at) = (method.descriptor, method.at);
        let at_place = at.saturating_add(2);
        if method.of_interface {
            let code = (descriptor.code_length, descriptor.handler_count);
            if descriptor.place != MethodPlace::compact(0) || code != (0, 0) {
                let detail = "a method of an interface has a place or bytecode";
                refusals.at(PART, at_place, Rule::MethodPlace, detail);
            }
        } else if !places.insert(descriptor.place)
            || index.method_at(descriptor.place).and_then(|found| index.method(found)).map(|m| m.at)
                != Some(at)
        {
            let detail = format!("another method has the place {}", descriptor.place);
            refusals.at(PART, at_place, Rule::MethodPlace, detail);
        }
        let wide = usize::from(index.cap.format().extended);
        let at_type = at.saturating_add(4).saturating_add(wide);
        let init = descriptor.access & access::INIT != 0;
        match index.signatures.at(descriptor.signature) {
            Ok(None) => {}
            Ok(Some(signature)) if signature.is_method() => {
                if init && signature.result().words() != 0 {
                    let detail = "a constructor returns something";
                    refusals.at(PART, at_type, Rule::TypeOffset, detail);
                }
                if signature.has_int() && index.cap.header.flags & Header::INT == 0 {
                    refusals.at(PART, at_type, Rule::IntFlag, "a method takes or returns int");
                }
            }
            _ => {
                let detail = format!("a method has type {}", descriptor.signature);
                refusals.at(PART, at_type, Rule::TypeOffset, detail);
            }
        }
    }
}

fn method_flags(class: &Class<'_>, method: &Method<'_>, name: &str, refusals: &mut Refusals) {
    let flags = method.descriptor.access;
    let is = |flag: u8| flags & flag != 0;
    let is_abstract = is(access::ABSTRACT_METHOD);
    let never = access::PRIVATE | access::STATIC | access::FINAL | access::INIT;
    let sound = flags & 0x20 == 0
        && one_visibility(flags)
        && !(is_abstract && is(never))
        && !(is(access::INIT) && is(access::STATIC | access::FINAL))
        && (!method.of_interface || is_abstract && is(access::PUBLIC));
    let at = method.at.saturating_add(1);
    if !sound {
        let detail = format!("a method of {name} has access flags {flags:02X}");
        refusals.at(PART, at, Rule::AccessFlags, detail);
    } else if is_abstract && class.descriptor.access & access::ABSTRACT_CLASS == 0 {
        let detail = format!("{name} is not abstract and has an abstract method");
        refusals.at(PART, at, Rule::AbstractMethod, detail);
    }
}

/// `runs`: how many static methods and constructors have tokens, or how many methods an interface has;
/// such tokens are in a row.
fn method_token(
    method: &Method<'_>,
    runs: usize,
    known: &mut HashSet<(bool, u8)>,
    refusals: &mut Refusals,
) {
    let (flags, token) = (method.descriptor.access, method.descriptor.token);
    let is_fixed = flags & (access::STATIC | access::INIT) != 0;
    let in_row = token == 0xFF || usize::from(token) < runs || !(is_fixed || method.of_interface);
    let sound = match visibility(flags) {
        Visibility::Public | Visibility::Protected if is_fixed => token != 0xFF,
        Visibility::Public | Visibility::Protected => token < 0x80,
        Visibility::Package if !is_fixed => token >= 0x80 && token != 0xFF,
        Visibility::Package | Visibility::Private => token == 0xFF,
    };
    if !sound || !in_row {
        let detail = format!("a method with flags {flags:02X} has token {token}");
        refusals.at(PART, method.at, Rule::MethodToken, detail);
    } else if token != 0xFF && !known.insert((is_fixed, token)) {
        let detail = format!("the token {token} of a method is there twice");
        refusals.at(PART, method.at, Rule::MethodToken, detail);
    }
}
