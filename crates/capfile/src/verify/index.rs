//! What the Descriptor component describes, found by place and token; and what constants lead to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::classes::{ClassId, Classes};
use super::members::{Member, Members};
use super::places::Places;
use super::types::{Resolved, Signature, Signatures};
use crate::cap::{
    CapFile, ClassDescriptor, ClassEntry, Constant, FieldDescriptor, FieldPlace, FieldType,
    MethodDescriptor, MethodPlace, StaticRef, access,
};
use crate::class::access as java;

/// A method of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method<'a> {
    /// Its class.
    pub(super) class: ClassId,
    pub(super) descriptor: &'a MethodDescriptor,
    /// Offset in the Descriptor component.
    pub(super) at: usize,
    /// Whether its class is an interface.
    pub(super) of_interface: bool,
}

/// A field of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) class: ClassId,
    pub(super) descriptor: &'a FieldDescriptor,
    pub(super) at: usize,
}

/// A class in the Descriptor.
#[derive(Clone, Debug)]
pub(super) struct Class<'a> {
    pub(super) id: ClassId,
    pub(super) descriptor: &'a ClassDescriptor,
    pub(super) at: usize,
    /// Its package, by number in the Descriptor.
    pub(super) package: usize,
    /// Index of its first method.
    pub(super) first_method: usize,
    /// Index of its first field.
    pub(super) first_field: usize,
}

/// Everything that is described.
pub(super) struct Index<'a> {
    pub(super) cap: &'a CapFile,
    pub(super) places: Places,
    pub(super) classes: Classes<'a>,
    pub(super) signatures: Signatures,
    pub(super) described: Vec<Class<'a>>,
    pub(super) methods: Vec<Method<'a>>,
    pub(super) fields: Vec<Field<'a>>,
    /// By entry of the Class component.
    by_class: HashMap<ClassId, usize>,
    by_place: HashMap<MethodPlace, usize>,
    of_interfaces: HashMap<(ClassId, u8), usize>,
    statics: HashMap<u16, usize>,
    instance: HashMap<(ClassId, u8), usize>,
    /// Of methods.
    names: HashMap<MethodPlace, String>,
    /// Each read once.
    target_signatures: RefCell<HashMap<Target, Option<Rc<Signature>>>>,
}

/// A method that something leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// Of the file, by index.
    Here(usize),
    /// Of an export file, by its class and index.
    Exported(ClassId, usize),
    /// It cannot be known without an export file.
    Unknown,
    /// There is none.
    Missing,
}

/// A field that a constant leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldTarget {
    Here(usize),
    Exported(ClassId, usize),
    Unknown,
    Missing,
}

/// Who may use a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    Public,
    Protected,
    Package,
    Private,
}

impl<'a> Index<'a> {
    pub(super) fn new(cap: &'a CapFile, classes: Classes<'a>) -> Self {
        let places = Places::new(cap);
        let descriptor = cap.descriptor.as_ref();
        let signatures = descriptor
            .map(|descriptor| Signatures::read(&descriptor.types, &classes))
            .unwrap_or_default();
        let mut index = Self {
            cap,
            places,
            classes,
            signatures,
            described: Vec::new(),
            methods: Vec::new(),
            fields: Vec::new(),
            by_class: HashMap::new(),
            by_place: HashMap::new(),
            of_interfaces: HashMap::new(),
            statics: HashMap::new(),
            instance: HashMap::new(),
            names: HashMap::new(),
            target_signatures: RefCell::new(HashMap::new()),
        };
        let packages = descriptor.into_iter().flat_map(|descriptor| &descriptor.packages);
        for (package, classes) in packages.enumerate() {
            classes.iter().for_each(|class| index.add(package, class));
        }
        index.name_methods();
        index
    }

    fn add(&mut self, package: usize, class: &'a ClassDescriptor) {
        let number = self.described.len();
        let id = self.classes.find(class.this).filter(|id| matches!(id, ClassId::Here(_)));
        let id = id.unwrap_or(ClassId::Unknown);
        let (first_method, first_field) = (self.methods.len(), self.fields.len());
        let of_interface = class.access & access::INTERFACE != 0;
        let (interfaces, fields) = (class.interfaces.len(), class.fields.len());
        for (at, field) in class.fields.iter().enumerate() {
            let at = self.places.described_field(number, interfaces, at);
            let index = self.fields.len();
            match field.place {
                FieldPlace::Static(StaticRef::Internal { offset, .. }) => {
                    self.statics.entry(offset).or_insert(index);
                }
                FieldPlace::Static(StaticRef::External { .. }) => {}
                FieldPlace::Instance { token, .. } => {
                    self.instance.entry((id, token)).or_insert(index);
                }
            }
            self.fields.push(Field { class: id, descriptor: field, at });
        }
        for (at, method) in class.methods.iter().enumerate() {
            let at = self.places.described_method(number, interfaces, fields, at);
            let index = self.methods.len();
            if of_interface {
                self.of_interfaces.entry((id, method.token)).or_insert(index);
            } else {
                self.by_place.entry(method.place).or_insert(index);
            }
            self.methods.push(Method { class: id, descriptor: method, at, of_interface });
        }
        self.by_class.entry(id).or_insert(self.described.len());
        let at = self.places.described(number);
        self.described.push(Class {
            id,
            descriptor: class,
            at,
            package,
            first_method,
            first_field,
        });
    }

    /// Names from the Debug component and the file's own export file.
    fn name_methods(&mut self) {
        let mut names = HashMap::new();
        for class in &self.described {
            let Some(own) = self.classes.own else { break };
            let token = class.descriptor.token;
            let Some(exported) = own.class(token).filter(|_| token != 0xFF) else { continue };
            let members = Members::of(exported);
            for method in &class.descriptor.methods {
                let found = members.find(method_kind(method.access), method.token);
                let Some(named) = found.and_then(|at| exported.methods.get(at)) else { continue };
                if class.descriptor.access & access::INTERFACE == 0 {
                    let name = format!("{}.{}{}", exported.name, named.name, named.descriptor);
                    names.insert(method.place, name);
                }
            }
        }
        for class in self.cap.debug.iter().flat_map(|debug| &debug.classes) {
            let Some(debug) = &self.cap.debug else { continue };
            for method in &class.methods {
                let (class, name) = (debug.text(class.name), debug.text(method.name));
                let name = format!("{class}.{name}{}", debug.text(method.descriptor));
                names.insert(MethodPlace::compact(method.offset), name);
            }
        }
        self.names = names;
    }

    /// The name of a method, if something names it.
    pub(super) fn method_name(&self, place: MethodPlace) -> Option<&String> {
        self.names.get(&place)
    }

    pub(super) fn described_class(&self, id: ClassId) -> Option<&Class<'a>> {
        self.described.get(*self.by_class.get(&id)?)
    }

    /// Whether two classes are of one package.
    pub(super) fn same_package(&self, one: ClassId, other: ClassId) -> bool {
        match (self.described_class(one), self.described_class(other)) {
            (Some(one), Some(other)) => one.package == other.package,
            _ => false,
        }
    }

    /// The signature of a method of the file, if it is one.
    pub(super) fn signature(&self, method: &Method<'_>) -> Option<&Signature> {
        self.signatures.at(method.descriptor.signature).ok().flatten()
    }

    /// The type of a field of the file.
    pub(super) fn field_type(&self, field: &FieldDescriptor) -> Option<Resolved> {
        match field.field_type {
            FieldType::Primitive(2) => Some(Resolved::Boolean),
            FieldType::Primitive(3) => Some(Resolved::Byte),
            FieldType::Primitive(4) => Some(Resolved::Short),
            FieldType::Primitive(5) => Some(Resolved::Int),
            FieldType::Primitive(_) => None,
            FieldType::Reference(offset) => {
                let signature = self.signatures.at(offset).ok().flatten()?;
                signature.is_field().then(|| signature.result())
            }
        }
    }

    /// The signature of a constant, as the type pool has it.
    pub(super) fn constant_signature(&self, constant: usize) -> Option<&Signature> {
        let offset = self.cap.descriptor.as_ref()?.types.constants.get(constant)?;
        self.signatures.at(*offset).ok().flatten()
    }

    pub(super) fn method_at(&self, place: MethodPlace) -> Option<usize> {
        self.by_place.get(&place).copied()
    }

    pub(super) fn method(&self, index: usize) -> Option<&Method<'a>> {
        self.methods.get(index)
    }

    /// The method that a virtual token means in a class.
    pub(super) fn virtual_method(&self, class: ClassId, token: u8) -> Target {
        let mut at = class;
        for _ in 0..=self.classes.offsets.len() {
            self.classes.spend(1);
            match at {
                ClassId::Here(_) => {}
                ClassId::Opaque(..) | ClassId::Unknown if token < 0x80 => return Target::Unknown,
                _ => return self.exported_virtual(at, token),
            }
            let Some(ClassEntry::Class(entry)) = self.classes.entry(at) else {
                return Target::Missing;
            };
            let (base, table) = if token < 0x80 {
                (entry.public_base, &entry.public_methods)
            } else {
                (entry.package_base, &entry.package_methods)
            };
            if let Some(slot) = (token & 0x7F).checked_sub(base) {
                match table.get(usize::from(slot)) {
                    None => return Target::Missing,
                    Some(place) if place.offset != 0xFFFF => {
                        return self.method_at(*place).map_or(Target::Missing, Target::Here);
                    }
                    Some(_) => {}
                }
            }
            let Some(next) = self.classes.superclass(at) else { return Target::Missing };
            at = next;
        }
        Target::Missing
    }

    fn exported_virtual(&self, class: ClassId, token: u8) -> Target {
        match self.classes.member(class, Member::VirtualMethod, token) {
            Some(index) => Target::Exported(class, index),
            None if class == ClassId::Object
                && self.classes.export(class).is_none()
                && token == 0 =>
            {
                Target::Unknown
            }
            None => Target::Missing,
        }
    }

    /// The method of an interface.
    pub(super) fn interface_method(&self, interface: ClassId, token: u8) -> Target {
        match interface {
            ClassId::Here(_) => self
                .of_interfaces
                .get(&(interface, token))
                .map_or(Target::Missing, |at| Target::Here(*at)),
            ClassId::Exported(..) => self.exported_virtual(interface, token),
            ClassId::Object => Target::Missing,
            ClassId::Opaque(..) | ClassId::Unknown => Target::Unknown,
        }
    }

    /// The method that a static method constant means.
    pub(super) fn static_method(&self, member: StaticRef) -> Target {
        match member {
            StaticRef::Internal { block, offset } => {
                self.method_at(MethodPlace { block, offset }).map_or(Target::Missing, Target::Here)
            }
            StaticRef::External { package, class, token } => {
                let Some(id) = self.external(package, class) else { return Target::Missing };
                match self.classes.member(id, Member::StaticMethod, token) {
                    Some(index) => Target::Exported(id, index),
                    None if self.classes.export(id).is_some() => Target::Missing,
                    None => Target::Unknown,
                }
            }
        }
    }

    /// The field that a static field constant means.
    pub(super) fn static_field(&self, member: StaticRef) -> FieldTarget {
        match member {
            StaticRef::Internal { offset, .. } => {
                self.statics.get(&offset).map_or(FieldTarget::Missing, |at| FieldTarget::Here(*at))
            }
            StaticRef::External { package, class, token } => match self.external(package, class) {
                None => FieldTarget::Missing,
                Some(id) => self.exported_field(id, Member::StaticField, token),
            },
        }
    }

    /// The field that an instance field constant means.
    pub(super) fn instance_field(&self, class: ClassId, token: u8) -> FieldTarget {
        match class {
            ClassId::Here(_) => self
                .instance
                .get(&(class, token))
                .map_or(FieldTarget::Missing, |at| FieldTarget::Here(*at)),
            _ => self.exported_field(class, Member::InstanceField, token),
        }
    }

    fn exported_field(&self, class: ClassId, kind: Member, token: u8) -> FieldTarget {
        match self.classes.member(class, kind, token) {
            Some(index) => FieldTarget::Exported(class, index),
            None if self.classes.export(class).is_some() => FieldTarget::Missing,
            None => FieldTarget::Unknown,
        }
    }

    fn external(&self, package: u8, class: u8) -> Option<ClassId> {
        self.classes.find(crate::cap::ClassRef::External { package, class })
    }

    /// The type that a method target has, if that is known.
    pub(super) fn target_signature(&self, target: Target) -> Option<Rc<Signature>> {
        if matches!(target, Target::Unknown | Target::Missing) {
            return None;
        }
        let known = self.target_signatures.borrow().get(&target).cloned();
        known.unwrap_or_else(|| {
            let signature = self.read_signature(target).map(Rc::new);
            self.target_signatures.borrow_mut().insert(target, signature.clone());
            signature
        })
    }

    fn read_signature(&self, target: Target) -> Option<Signature> {
        match target {
            Target::Here(index) => self.signature(self.methods.get(index)?).cloned(),
            Target::Exported(class, index) => {
                let method = self.classes.export(class)?.methods.get(index)?;
                Signature::of_text(&method.descriptor, &self.classes)
            }
            Target::Unknown | Target::Missing => None,
        }
    }

    /// Who may call it, the class that declares it (as far as is known), and access flags of the
    /// Descriptor's kind.
    pub(super) fn target_access(&self, target: Target) -> Option<(Visibility, ClassId, u8)> {
        match target {
            Target::Here(index) => {
                let method = self.methods.get(index)?;
                let flags = method.descriptor.access;
                Some((visibility(flags), method.class, flags))
            }
            Target::Exported(class, index) => {
                let method = self.classes.export(class)?.methods.get(index)?;
                Some((
                    java_visibility(method.access),
                    class,
                    method_flags(method.access, &method.name),
                ))
            }
            Target::Unknown | Target::Missing => None,
        }
    }

    /// Type, visibility, class and flags of a field.
    pub(super) fn field_facts(
        &self,
        target: FieldTarget,
    ) -> Option<(Option<Resolved>, Visibility, ClassId, u8)> {
        match target {
            FieldTarget::Here(index) => {
                let field = self.fields.get(index)?;
                let flags = field.descriptor.access;
                let field_type = self.field_type(field.descriptor);
                Some((field_type, visibility(flags), field.class, flags))
            }
            FieldTarget::Exported(class, index) => {
                let field = self.classes.export(class)?.fields.get(index)?;
                let signature = Signature::of_text(&field.descriptor, &self.classes)?;
                let flags = method_flags(field.access, &field.name);
                Some((Some(signature.result()), java_visibility(field.access), class, flags))
            }
            FieldTarget::Unknown | FieldTarget::Missing => None,
        }
    }

    /// A constant.
    pub(super) fn constant(&self, index: u16) -> Option<Constant> {
        self.cap.constant_pool.constants.get(usize::from(index)).copied()
    }
}

/// Of a method of the file: which tokens count it.
pub(super) fn method_kind(flags: u8) -> Member {
    if flags & (access::STATIC | access::INIT) != 0 {
        Member::StaticMethod
    } else {
        Member::VirtualMethod
    }
}

/// Access flags of an export file as the Descriptor has them.
fn method_flags(flags: u16, name: &str) -> u8 {
    let low = u8::try_from(flags & 0x1F).unwrap_or_default();
    let is_abstract = flags & java::ABSTRACT != 0;
    let init = if name == "<init>" { access::INIT } else { 0 };
    low | init | if is_abstract { access::ABSTRACT_METHOD } else { 0 }
}

pub(super) fn visibility(flags: u8) -> Visibility {
    if flags & access::PUBLIC != 0 {
        Visibility::Public
    } else if flags & access::PROTECTED != 0 {
        Visibility::Protected
    } else if flags & access::PRIVATE != 0 {
        Visibility::Private
    } else {
        Visibility::Package
    }
}

fn java_visibility(flags: u16) -> Visibility {
    visibility(u8::try_from(flags & 0x07).unwrap_or_default())
}
