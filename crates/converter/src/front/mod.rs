//! Class files become a program: loaded, ordered, resolved and checked.

mod applets;
mod check;
mod imports;
mod load;
mod nest;
mod order;
mod statics;
mod types;

use std::collections::HashMap;

use capfile::class::{ClassFile, Code, access};

pub(crate) use imports::{Exported, External, Imports};
pub(crate) use types::{Signature, Type};

use crate::diagnostic::{Place, Sink};
use crate::request::Request;

/// The package that is converted. Classes and methods stand in the order of the CAP file.
#[derive(Debug)]
pub(crate) struct Program {
    /// Name with `/`.
    pub(crate) package: String,
    pub(crate) classes: Vec<Class>,
    pub(crate) by_name: HashMap<String, usize>,
    pub(crate) imports: Imports,
}

/// A class of the package or of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClassRef {
    /// Index in [`Program::classes`].
    Internal(usize),
    External(External),
}

/// A field or method: its class and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MemberRef {
    pub(crate) class: ClassRef,
    pub(crate) index: usize,
}

/// A class of the package.
#[derive(Debug)]
pub(crate) struct Class {
    /// Name with `/`.
    pub(crate) name: String,
    pub(crate) access: u16,
    pub(crate) superclass: Option<ClassRef>,
    pub(crate) interfaces: Vec<ClassRef>,
    pub(crate) fields: Vec<Field>,
    pub(crate) methods: Vec<Method>,
    /// Interfaces: methods in token order, inherited ones first.
    pub(crate) interface_methods: Vec<MemberRef>,
    /// Refused as a whole, so that more about it would only be noise.
    pub(crate) is_refused: bool,
    /// Extends or implements `javacard.framework.Shareable`.
    pub(crate) is_shareable: bool,
    /// Extends `java.rmi.Remote` or implements an interface that does.
    pub(crate) is_remote: bool,
    /// Source file, or the class file's name where it is not known.
    pub(crate) source: String,
    /// Name of the source file as the class file says it.
    pub(crate) source_file: Option<String>,
    pub(crate) file: ClassFile,
}

/// A field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) access: u16,
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) kind: Type,
    /// Value of a compile-time constant, which takes no room.
    pub(crate) constant: Option<i32>,
    pub(crate) initial: Initial,
}

/// What a static field holds before the first applet is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Initial {
    #[default]
    Default,
    Number(i32),
    Array(Vec<i32>),
}

/// A method.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) access: u16,
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) signature: Signature,
    pub(crate) code: Option<Code>,
}

/// Loads and checks the package.
pub(crate) fn load(request: &Request<'_>, sink: &mut Sink) -> Option<Program> {
    let mut program = load::load(request, sink)?;
    nest::open(&mut program, sink);
    statics::evaluate(&mut program, request, sink);
    check::check(&program, request, sink);
    applets::check(&program, request, sink);
    Some(program)
}

impl Class {
    pub(crate) fn is_interface(&self) -> bool {
        self.access & access::INTERFACE != 0
    }

    pub(crate) fn is_public(&self) -> bool {
        self.access & access::PUBLIC != 0
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            file: Some(self.source.clone()),
            line: None,
            construct: self.name.replace('/', "."),
        }
    }

    pub(crate) fn member_place(&self, member: &str) -> Place {
        let mut place = self.place();
        place.construct.push('.');
        place.construct.push_str(member);
        place
    }
}

impl Field {
    pub(crate) fn is_static(&self) -> bool {
        self.access & access::STATIC != 0
    }

    pub(crate) fn is_exported(&self) -> bool {
        self.access & (access::PUBLIC | access::PROTECTED) != 0
    }
}

impl Method {
    pub(crate) fn is_static(&self) -> bool {
        self.access & access::STATIC != 0
    }

    pub(crate) fn is_abstract(&self) -> bool {
        self.access & access::ABSTRACT != 0
    }

    pub(crate) fn is_constructor(&self) -> bool {
        self.name == "<init>"
    }

    pub(crate) fn is_exported(&self) -> bool {
        self.access & (access::PUBLIC | access::PROTECTED) != 0
    }

    /// Whether a call is decided by the object's class.
    pub(crate) fn is_virtual(&self) -> bool {
        self.access & (access::STATIC | access::PRIVATE) == 0 && !self.is_constructor()
    }

    pub(crate) fn is(&self, name: &str, descriptor: &str) -> bool {
        self.name == name && self.descriptor == descriptor
    }

    /// As Java source writes its head.
    pub(crate) fn java(&self) -> String {
        format!("{}({})", self.name, self.signature.java())
    }
}

/// Interfaces that a class may have, directly or not; files say at most 15 or 255.
const MOST_INTERFACES: usize = 256;

/// Why a name does not resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// No export file of that package is given.
    Package(String),
    /// The package has no such class.
    Class(String),
    /// The class has no such member.
    Member(String),
}

impl Unresolved {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Package(name) => {
                format!("no export file of package {} is given", name.replace('/', "."))
            }
            Self::Class(name) => format!("class {} is not found", name.replace('/', ".")),
            Self::Member(name) => format!("{name} is not found"),
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Package(name) => format!(
                "Give the export file of {0} ({1}.exp), or do not use the package: it may not be part of the Java Card API.",
                name.replace('/', "."),
                name.rsplit('/').next().unwrap_or(name),
            ),
            Self::Class(_) => "Java Card has a small part of Java's classes, and each platform version its own; see which classes the target has, or add the class to the package.".to_owned(),
            Self::Member(_) => "It is not in the class files or export files of this conversion: the target's API may be older than the one the sources were compiled against.".to_owned(),
        }
    }
}

impl Program {
    pub(crate) fn class(&self, index: usize) -> Option<&Class> {
        self.classes.get(index)
    }

    pub(crate) fn resolve_class(&self, name: &str) -> Result<ClassRef, Unresolved> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(ClassRef::Internal(*index));
        }
        if let Some(external) = self.imports.find(name) {
            return Ok(ClassRef::External(external));
        }
        let package = name.rsplit_once('/').map_or("", |(package, _)| package);
        if package == self.package || self.imports.package(package).is_some() {
            Err(Unresolved::Class(name.to_owned()))
        } else {
            Err(Unresolved::Package(package.to_owned()))
        }
    }

    pub(crate) fn class_name(&self, class: ClassRef) -> &str {
        match class {
            ClassRef::Internal(index) => self.class(index).map_or("", |class| &class.name),
            ClassRef::External(external) => {
                self.imports.class(external).map_or("", |class| &class.name)
            }
        }
    }

    pub(crate) fn is_interface(&self, class: ClassRef) -> bool {
        match class {
            ClassRef::Internal(index) => self.class(index).is_some_and(Class::is_interface),
            ClassRef::External(external) => {
                self.imports.class(external).is_some_and(Exported::is_interface)
            }
        }
    }

    /// The class and its superclasses, nearest first. Loading has refused cycles.
    pub(crate) fn chain(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut chain = vec![class];
        let mut at = class;
        while let ClassRef::Internal(index) = at {
            let Some(superclass) = self.class(index).and_then(|class| class.superclass) else {
                return chain;
            };
            if chain.contains(&superclass) {
                return chain;
            }
            chain.push(superclass);
            at = superclass;
        }
        if let ClassRef::External(external) = at
            && let Some(class) = self.imports.class(external)
        {
            // Export files list superclasses from Object down or from the nearest up; the one that
            // has more superclasses is nearer.
            let mut supers: Vec<_> =
                class.supers.iter().filter_map(|name| self.imports.find(name)).collect();
            supers.sort_by_key(|external| {
                let count = self.imports.class(*external).map_or(0, |class| class.supers.len());
                std::cmp::Reverse(count)
            });
            chain.extend(supers.into_iter().map(ClassRef::External));
        }
        chain
    }

    /// Finds a field in a class or its superclasses.
    pub(crate) fn resolve_field(
        &self,
        class: ClassRef,
        name: &str,
        descriptor: &str,
    ) -> Option<MemberRef> {
        self.chain(class).into_iter().find_map(|class| {
            let index = match class {
                ClassRef::Internal(index) => self
                    .class(index)?
                    .fields
                    .iter()
                    .position(|field| field.name == name && field.descriptor == descriptor),
                ClassRef::External(external) => self
                    .imports
                    .class(external)?
                    .fields
                    .iter()
                    .position(|field| &*field.name == name && &*field.descriptor == descriptor),
            }?;
            Some(MemberRef { class, index })
        })
    }

    /// Finds a method in a class or its superclasses.
    pub(crate) fn resolve_method(
        &self,
        class: ClassRef,
        name: &str,
        descriptor: &str,
    ) -> Option<MemberRef> {
        self.chain(class).into_iter().find_map(|class| self.own_method(class, name, descriptor))
    }

    /// Finds a method that a class itself declares (or, in an export file, inherits).
    pub(crate) fn own_method(
        &self,
        class: ClassRef,
        name: &str,
        descriptor: &str,
    ) -> Option<MemberRef> {
        let index = match class {
            ClassRef::Internal(index) => {
                self.class(index)?.methods.iter().position(|method| method.is(name, descriptor))
            }
            ClassRef::External(external) => self
                .imports
                .class(external)?
                .methods
                .iter()
                .position(|method| &*method.name == name && &*method.descriptor == descriptor),
        }?;
        Some(MemberRef { class, index })
    }

    /// Finds a method of an interface: its token.
    pub(crate) fn interface_token(
        &self,
        class: ClassRef,
        name: &str,
        descriptor: &str,
    ) -> Option<u8> {
        match class {
            ClassRef::Internal(index) => self
                .class(index)?
                .interface_methods
                .iter()
                .position(|member| self.method_is(*member, name, descriptor))
                .and_then(|position| u8::try_from(position).ok()),
            ClassRef::External(external) => {
                self.imports.class(external)?.method(name, descriptor).map(|method| method.token)
            }
        }
    }

    /// Name and descriptor of a method.
    pub(crate) fn method_names(&self, member: MemberRef) -> Option<(&str, &str)> {
        match member.class {
            ClassRef::Internal(index) => {
                let method = self.class(index)?.methods.get(member.index)?;
                Some((&method.name, &method.descriptor))
            }
            ClassRef::External(external) => {
                let method = self.imports.class(external)?.methods.get(member.index)?;
                Some((&method.name, &method.descriptor))
            }
        }
    }

    pub(crate) fn method_is(&self, member: MemberRef, name: &str, descriptor: &str) -> bool {
        self.method_names(member) == Some((name, descriptor))
    }

    /// Access flags of a method.
    pub(crate) fn method_access(&self, member: MemberRef) -> u16 {
        match member.class {
            ClassRef::Internal(index) => self
                .class(index)
                .and_then(|class| class.methods.get(member.index))
                .map_or(0, |method| method.access),
            ClassRef::External(external) => self
                .imports
                .class(external)
                .and_then(|class| class.methods.get(member.index))
                .map_or(0, |method| method.access),
        }
    }

    /// Access flags of a field.
    pub(crate) fn field_access(&self, member: MemberRef) -> u16 {
        match member.class {
            ClassRef::Internal(index) => self
                .class(index)
                .and_then(|class| class.fields.get(member.index))
                .map_or(0, |field| field.access),
            ClassRef::External(external) => self
                .imports
                .class(external)
                .and_then(|class| class.fields.get(member.index))
                .map_or(0, |field| field.access),
        }
    }

    /// Parameters and result of a method.
    pub(crate) fn method_signature(&self, member: MemberRef) -> Option<Signature> {
        match member.class {
            ClassRef::Internal(index) => {
                Some(self.class(index)?.methods.get(member.index)?.signature.clone())
            }
            ClassRef::External(external) => Signature::parse(
                &self.imports.class(external)?.methods.get(member.index)?.descriptor,
            ),
        }
    }

    /// Type of a field.
    pub(crate) fn field_type(&self, member: MemberRef) -> Option<Type> {
        match member.class {
            ClassRef::Internal(index) => {
                Some(self.class(index)?.fields.get(member.index)?.kind.clone())
            }
            ClassRef::External(external) => {
                Type::parse(&self.imports.class(external)?.fields.get(member.index)?.descriptor)
            }
        }
    }

    /// Whether a field is a compile-time constant, which has no place on the card.
    pub(crate) fn is_constant(&self, member: MemberRef) -> bool {
        match member.class {
            ClassRef::Internal(index) => self
                .class(index)
                .and_then(|class| class.fields.get(member.index))
                .is_some_and(|field| field.constant.is_some()),
            ClassRef::External(external) => self
                .imports
                .class(external)
                .and_then(|class| class.fields.get(member.index))
                .is_some_and(|field| field.value.is_some()),
        }
    }

    /// A class of the package by its name, with or without the package's.
    pub(crate) fn own_class(&self, name: &str) -> Option<usize> {
        let name = name.replace('.', "/");
        let full = format!("{}/{name}", self.package);
        self.by_name.get(&name).or_else(|| self.by_name.get(&full)).copied()
    }

    /// An applet's method that installs it.
    pub(crate) fn install_method(&self, class: usize) -> Option<MemberRef> {
        self.resolve_method(ClassRef::Internal(class), "install", "([BSB)V")
    }

    /// Names and descriptors of an interface's methods, in token order.
    pub(crate) fn interface_methods(&self, interface: ClassRef) -> Vec<(String, String)> {
        let owned = |(name, descriptor): (&str, &str)| (name.to_owned(), descriptor.to_owned());
        match interface {
            ClassRef::Internal(index) => {
                let methods = self.class(index).map(|class| class.interface_methods.as_slice());
                let methods = methods.unwrap_or_default().iter();
                methods.filter_map(|member| self.method_names(*member)).map(owned).collect()
            }
            ClassRef::External(external) => {
                let methods = self.imports.class(external).map(Exported::virtual_methods);
                let methods = methods.unwrap_or_default().into_iter();
                methods.map(|method| owned((&method.name, &method.descriptor))).collect()
            }
        }
    }

    /// All superclasses, `Object` first.
    pub(crate) fn superclasses(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut supers = self.chain(class);
        supers.reverse();
        supers.pop();
        supers
    }

    /// All interfaces of an interface or class that it names, with their super-interfaces before
    /// them, each once.
    pub(crate) fn all_interfaces(&self, class: ClassRef) -> Vec<ClassRef> {
        let (mut found, mut met) = (Vec::new(), Vec::new());
        self.add_interfaces(class, &mut found, &mut met);
        found
    }

    /// `met` are those that are found or about to be; there are at most as many as there are
    /// classes, of which a package has 255.
    fn add_interfaces(&self, class: ClassRef, found: &mut Vec<ClassRef>, met: &mut Vec<ClassRef>) {
        let direct: Vec<ClassRef> = match class {
            ClassRef::Internal(index) => {
                self.class(index).map(|class| class.interfaces.clone()).unwrap_or_default()
            }
            ClassRef::External(external) => self
                .imports
                .class(external)
                .map(|class| {
                    let interfaces = class.interfaces.iter();
                    interfaces
                        .filter_map(|name| self.imports.find(name))
                        .map(ClassRef::External)
                        .collect()
                })
                .unwrap_or_default(),
        };
        for interface in direct {
            if met.len() < MOST_INTERFACES && !met.contains(&interface) {
                met.push(interface);
                self.add_interfaces(interface, found, met);
                found.push(interface);
            }
        }
    }
}
