//! Class files are read, named, ordered and resolved.

use std::collections::{HashMap, HashSet};

use capfile::class::{ClassFile, Constant, Member, access};

use super::{
    Class, ClassRef, Field, Imports, Initial, MemberRef, Method, Program, Signature, Type, order,
};
use crate::diagnostic::{Place, Sink};
use crate::request::Request;

/// Classes that a package may have: class tokens and counts are bytes.
const MOST_CLASSES: usize = 255;

/// Methods that a package may have: each has 12 bytes in the Descriptor component.
const MOST_METHODS: usize = 0xFFFF / 12;

/// Interfaces that a class may have, inherited ones included: a CAP file counts them in 4 bits.
const MOST_INTERFACES: usize = 15;

/// Methods that an interface may have: tokens are bytes.
const MOST_INTERFACE_METHODS: usize = 255;

/// Virtual methods that a class may have: tokens have 7 bits.
const MOST_VIRTUAL_METHODS: usize = 128;

/// A class of which only the head is resolved.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) access: u16,
    pub(super) superclass: Option<ClassRef>,
    pub(super) interfaces: Vec<ClassRef>,
    is_refused: bool,
    source: String,
    source_file: Option<String>,
    file: ClassFile,
}

impl Draft {
    pub(super) fn is_interface(&self) -> bool {
        self.access & access::INTERFACE != 0
    }

    fn place(&self) -> Place {
        Place {
            file: Some(self.source.clone()),
            line: None,
            construct: self.name.replace('/', "."),
        }
    }
}

pub(super) fn load(request: &Request<'_>, sink: &mut Sink) -> Option<Program> {
    let package = request.package.replace('.', "/");
    let imports = Imports::new(request.imports, &package, sink);
    let mut drafts = drafts(request, &package, sink);
    if drafts.is_empty() && sink.stop_at_errors().is_some() {
        let place = Place { construct: package.replace('/', "."), ..Place::default() };
        sink.error(&place, "the package has no classes", "Give the class files of the package.");
    }
    if drafts.len() > MOST_CLASSES {
        let place = Place { construct: package.replace('/', "."), ..Place::default() };
        let text = format!("the package has {} classes, more than 255", drafts.len());
        sink.error(&place, text, "Split the package.");
    }
    let methods: usize = drafts.iter().map(|draft| draft.file.methods.len()).sum();
    if methods > MOST_METHODS {
        let place = Place { construct: package.replace('/', "."), ..Place::default() };
        let text = format!("the package has {methods} methods, more than {MOST_METHODS}");
        sink.error(&place, text, "Split the package.");
    }
    sink.stop_at_errors()?;
    resolve_heads(&mut drafts, &package, &imports, sink);
    refuse_cycles(&drafts, sink)?;

    let order = order::classes(&drafts);
    let mut new_index = vec![0; drafts.len()];
    for (at, index) in order.iter().enumerate() {
        if let Some(place) = new_index.get_mut(*index) {
            *place = at;
        }
    }
    let renumber = |class: ClassRef| match class {
        ClassRef::Internal(index) => {
            ClassRef::Internal(new_index.get(index).copied().unwrap_or(index))
        }
        external => external,
    };
    let mut slots: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let mut classes = Vec::new();
    for index in order {
        let Some(mut draft) = slots.get_mut(index).and_then(Option::take) else { continue };
        draft.superclass = draft.superclass.map(renumber);
        for interface in &mut draft.interfaces {
            *interface = renumber(*interface);
        }
        classes.push(class(draft, sink));
    }
    let by_name =
        classes.iter().enumerate().map(|(index, class)| (class.name.clone(), index)).collect();
    let mut program = Program { package, classes, by_name, imports };
    limit_interfaces(&program, sink)?;
    list_interface_methods(&mut program, sink)?;
    add_inherited_abstract_methods(&mut program, sink)?;
    note_kinds(&mut program);
    Some(program)
}

fn drafts(request: &Request<'_>, package: &str, sink: &mut Sink) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen = HashMap::new();
    for input in request.classes {
        let place = Place {
            file: Some(input.name.to_owned()),
            line: None,
            construct: "class file".to_owned(),
        };
        let draft = ClassFile::read(input.name, input.bytes).and_then(|file| {
            let name = file.name()?.to_owned();
            let source_file = file.source_file()?.map(str::to_owned);
            file.super_name()?;
            Ok(Draft {
                name,
                access: file.access,
                superclass: None,
                interfaces: Vec::new(),
                is_refused: false,
                source: source_file.clone().unwrap_or_else(|| input.name.to_owned()),
                source_file,
                file,
            })
        });
        let draft = match draft {
            Ok(draft) => draft,
            Err(malformed) => {
                let hint = if malformed.to_string().contains("major version") {
                    "Compile with --release 8, or any release up to 21."
                } else {
                    "Compile the sources again."
                };
                sink.error(&place, malformed.to_string(), hint);
                continue;
            }
        };
        let simple = draft.name.rsplit('/').next().unwrap_or_default();
        let own_package = draft.name.rsplit_once('/').map_or("", |(package, _)| package);
        if own_package != package {
            let text = format!(
                "the class belongs to package {}, not to {}",
                own_package.replace('/', "."),
                package.replace('/', "."),
            );
            sink.error(&draft.place(), text, "A CAP file holds the classes of one package.");
            continue;
        }
        if simple == "package-info" || simple == "module-info" {
            continue;
        }
        if seen.insert(draft.name.clone(), ()).is_some() {
            sink.error(&draft.place(), "the class is given twice", "Give each class file once.");
            continue;
        }
        drafts.push(draft);
    }
    drafts
}

fn resolve_heads(drafts: &mut [Draft], package: &str, imports: &Imports, sink: &mut Sink) {
    let by_name: HashMap<String, usize> =
        drafts.iter().enumerate().map(|(index, draft)| (draft.name.clone(), index)).collect();
    // A program without classes resolves names just as the finished one will.
    let resolve = |name: &str| -> Result<ClassRef, super::Unresolved> {
        if let Some(index) = by_name.get(name) {
            return Ok(ClassRef::Internal(*index));
        }
        if let Some(external) = imports.find(name) {
            return Ok(ClassRef::External(external));
        }
        let of = name.rsplit_once('/').map_or("", |(package, _)| package);
        if of == package || imports.package(of).is_some() {
            Err(super::Unresolved::Class(name.to_owned()))
        } else {
            Err(super::Unresolved::Package(of.to_owned()))
        }
    };
    for draft in drafts.iter_mut() {
        let place = draft.place();
        let mut superclass = None;
        let mut interfaces = Vec::new();
        if draft.access & access::ENUM != 0 {
            sink.error(
                &place,
                "enums are not supported",
                "Use constants: public static final byte RED = 0, GREEN = 1;",
            );
            draft.is_refused = true;
            continue;
        }
        if draft.access & access::ANNOTATION != 0 {
            sink.error(
                &place,
                "annotation types are not supported",
                "Keep annotation types out of the package.",
            );
            draft.is_refused = true;
            continue;
        }
        match draft.file.super_name() {
            Ok(Some("java/lang/Record")) => {
                sink.error(&place, "records are not supported", "Write a class with fields.");
                draft.is_refused = true;
            }
            Ok(Some(name)) => match resolve(name) {
                Ok(class) => superclass = Some(class),
                Err(unresolved) => {
                    let text = format!("superclass: {}", unresolved.text());
                    sink.error(&place, text, &unresolved.hint());
                    draft.is_refused = true;
                }
            },
            Ok(None) => {}
            Err(malformed) => sink.error(&place, malformed.to_string(), ""),
        }
        for index in &draft.file.interfaces {
            match draft.file.pool.class(&draft.file.part, *index).map(&resolve) {
                Ok(Ok(class)) => interfaces.push(class),
                Ok(Err(unresolved)) => {
                    let text = format!("interface: {}", unresolved.text());
                    sink.error(&place, text, &unresolved.hint());
                    draft.is_refused = true;
                }
                Err(malformed) => sink.error(&place, malformed.to_string(), ""),
            }
        }
        draft.superclass = superclass;
        draft.interfaces = interfaces;
    }
}

/// Refuses classes that extend themselves, directly or around a corner.
fn refuse_cycles(drafts: &[Draft], sink: &mut Sink) -> Option<()> {
    // 0 not seen, 1 on the path, 2 done.
    let mut states = vec![0_u8; drafts.len()];
    for start in 0..drafts.len() {
        let mut path = vec![(start, 0_usize)];
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            let Some(draft) = drafts.get(at) else { break };
            if *next == 0 {
                match states.get_mut(at) {
                    Some(state) if *state == 0 => *state = 1,
                    _ => {
                        path.pop();
                        continue;
                    }
                }
            }
            let bases = draft.superclass.iter().chain(&draft.interfaces);
            let base = bases.copied().nth(*next);
            *next = next.saturating_add(1);
            match base {
                None => {
                    if let Some(state) = states.get_mut(at) {
                        *state = 2;
                    }
                    path.pop();
                }
                Some(ClassRef::External(_)) => {}
                Some(ClassRef::Internal(base)) => match states.get(base) {
                    Some(0) => path.push((base, 0)),
                    Some(1) => {
                        sink.error(
                            &draft.place(),
                            "the class extends or implements itself",
                            "Break the circle of extends and implements.",
                        );
                        return None;
                    }
                    _ => {}
                },
            }
        }
    }
    Some(())
}

fn class(draft: Draft, sink: &mut Sink) -> Class {
    let place = draft.place();
    let file = draft.file;
    let mut fields = Vec::new();
    for member in &file.fields {
        match field(&file, member) {
            Ok(field) => fields.push(field),
            Err(text) => sink.error(&place, text, "Compile the sources again."),
        }
    }
    let mut methods = Vec::new();
    for member in &file.methods {
        match method(&file, member) {
            Ok(method) => methods.push(method),
            Err(text) => sink.error(&place, text, "Compile the sources again."),
        }
    }
    if draft.access & access::INTERFACE == 0 {
        methods.sort_by_key(|method| {
            if method.is_abstract() { 2 } else { u8::from(method.access & access::FINAL == 0) }
        });
    }
    Class {
        name: draft.name,
        access: draft.access,
        superclass: draft.superclass,
        interfaces: draft.interfaces,
        fields,
        methods,
        interface_methods: Vec::new(),
        is_refused: draft.is_refused,
        is_shareable: false,
        is_remote: false,
        source: draft.source,
        source_file: draft.source_file,
        file,
    }
}

fn field(file: &ClassFile, member: &Member) -> Result<Field, String> {
    let text = |index| file.text(index).map_err(|malformed| malformed.to_string());
    let (name, descriptor) = (text(member.name)?, text(member.descriptor)?);
    let kind = Type::parse(descriptor)
        .ok_or_else(|| format!("field {name} has the descriptor `{descriptor}`, which is none"))?;
    let constant = match file.constant_value(member).map_err(|malformed| malformed.to_string())? {
        Some(Constant::Integer(value)) if member.access & access::STATIC != 0 => Some(*value),
        _ => None,
    };
    Ok(Field {
        access: member.access,
        name: name.to_owned(),
        descriptor: descriptor.to_owned(),
        kind,
        constant,
        initial: Initial::Default,
    })
}

fn method(file: &ClassFile, member: &Member) -> Result<Method, String> {
    let text = |index| file.text(index).map_err(|malformed| malformed.to_string());
    let (name, descriptor) = (text(member.name)?, text(member.descriptor)?);
    let signature = Signature::parse(descriptor)
        .ok_or_else(|| format!("method {name} has the descriptor `{descriptor}`, which is none"))?;
    Ok(Method {
        access: member.access,
        name: name.to_owned(),
        descriptor: descriptor.to_owned(),
        signature,
        code: file.code(member).map_err(|malformed| malformed.to_string())?,
    })
}

/// Refuses classes with more interfaces than a CAP file can count.
fn limit_interfaces(program: &Program, sink: &mut Sink) -> Option<()> {
    let mut is_refused = false;
    for (index, class) in program.classes.iter().enumerate() {
        let count = program.all_interfaces(ClassRef::Internal(index)).len();
        if count > MOST_INTERFACES {
            let text =
                format!("the class has {count} interfaces, inherited ones included, more than 15");
            sink.error(&class.place(), text, "Join interfaces, or split the class.");
            is_refused = true;
        }
    }
    (!is_refused).then_some(())
}

/// Gives each interface its methods in token order: those of super-interfaces first.
fn list_interface_methods(program: &mut Program, sink: &mut Sink) -> Option<()> {
    let mut is_refused = false;
    for index in 0..program.classes.len() {
        let class = ClassRef::Internal(index);
        if !program.is_interface(class) {
            continue;
        }
        let mut list: Vec<MemberRef> = Vec::new();
        let mut known: HashSet<(String, String)> = HashSet::new();
        let mut interfaces = program.all_interfaces(class);
        interfaces.push(class);
        for interface in interfaces {
            let own: Vec<MemberRef> = match interface {
                ClassRef::Internal(index) => {
                    let methods = program.class(index).map(|class| class.methods.as_slice());
                    let methods = methods.unwrap_or_default().iter().enumerate();
                    methods
                        .filter(|(_, method)| method.is_abstract())
                        .map(|(index, _)| MemberRef { class: interface, index })
                        .collect()
                }
                ClassRef::External(external) => {
                    let class = program.imports.class(external);
                    let methods = class.map(|class| class.methods.as_slice()).unwrap_or_default();
                    let mut own: Vec<_> = methods.iter().enumerate().collect();
                    own.sort_by_key(|(_, method)| method.token);
                    own.into_iter()
                        .map(|(index, _)| MemberRef { class: interface, index })
                        .collect()
                }
            };
            for member in own {
                let names = program.method_names(member);
                let names = names.map(|(name, of)| (name.to_owned(), of.to_owned()));
                if names.is_some_and(|names| known.insert(names)) {
                    list.push(member);
                }
            }
        }
        if list.len() > MOST_INTERFACE_METHODS
            && let Some(class) = program.class(index)
        {
            let text = format!("the interface has {} methods, more than 255", list.len());
            sink.error(&class.place(), text, "Split the interface.");
            is_refused = true;
        }
        if let Some(class) = program.classes.get_mut(index) {
            class.interface_methods = list;
        }
    }
    (!is_refused).then_some(())
}

/// An abstract class has the methods of its interfaces even where it does not write them.
fn add_inherited_abstract_methods(program: &mut Program, sink: &mut Sink) -> Option<()> {
    let mut is_refused = false;
    for index in 0..program.classes.len() {
        let class = ClassRef::Internal(index);
        let Some(own) = program.class(index) else { continue };
        if own.is_interface() || own.access & access::ABSTRACT == 0 {
            continue;
        }
        let mut missing = Vec::new();
        let mut known = HashSet::new();
        for interface in program.all_interfaces(class) {
            for names in program.interface_methods(interface) {
                let is_there = program.resolve_method(class, &names.0, &names.1).is_some();
                if known.insert(names.clone()) && !is_there {
                    missing.push(names);
                }
            }
        }
        if missing.len() > MOST_VIRTUAL_METHODS {
            let text = format!(
                "the class inherits {} methods of interfaces, more than the 128 that it can have",
                missing.len(),
            );
            sink.error(&own.place(), text, "Split the class.");
            is_refused = true;
            continue;
        }
        let Some(own) = program.classes.get_mut(index) else { continue };
        for (name, descriptor) in missing {
            let Some(signature) = Signature::parse(&descriptor) else { continue };
            own.methods.push(Method {
                access: access::PUBLIC | access::ABSTRACT,
                name,
                descriptor,
                signature,
                code: None,
            });
        }
    }
    (!is_refused).then_some(())
}

/// What a class implements makes it shareable or remote, and so does what its superclasses do.
fn note_kinds(program: &mut Program) {
    for index in 0..program.classes.len() {
        let mut interfaces = Vec::new();
        for class in program.chain(ClassRef::Internal(index)) {
            interfaces.extend(program.all_interfaces(class));
        }
        let implements =
            |name: &str| interfaces.iter().any(|interface| program.class_name(*interface) == name);
        let is_remote = implements("java/rmi/Remote");
        let is_shareable = implements("javacard/framework/Shareable");
        let Some(class) = program.classes.get_mut(index) else { continue };
        class.is_remote = is_remote;
        class.is_shareable = is_shareable;
    }
}
