//! From offsets and tokens to names.
//!
//! Names of the package itself come from its Debug component, else from its export file, of remote
//! classes and applets from what remote calls and the manifest say of them; what nobody tells is named for what it overrides or implements, else for its token or number.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use crate::cap::{
    CapFile, Class, ClassDebug, ClassDescriptor, ClassEntry, ClassRef, Constant, Container,
    FieldDebug, FieldDescriptor, FieldPlace, MethodDebug, MethodDescriptor, MethodPlace, StaticRef,
    Type, TypeDescriptor, access,
};
use crate::export::{Package, PackageClass};

/// Longest name that is shown whole, in bytes.
const LONGEST_NAME: usize = 255;

/// Longest descriptor that is shown whole, in bytes.
const LONGEST_DESCRIPTOR: usize = 2048;
/// Most classes that are looked through from a class up; a package has no more.
const MOST_ANCESTORS: usize = 255;

/// Follows references in a CAP file.
pub(super) struct Resolver<'a> {
    cap: &'a CapFile,
    names: &'a Names,
    /// The package's own export file.
    export: Option<&'a Package>,
    /// The package's name.
    pub(super) package: String,
    /// By offset in the Class component.
    classes: BTreeMap<u16, OwnClass<'a>>,
    /// Own methods by place: class, name and descriptor.
    methods: BTreeMap<MethodPlace, String>,
    /// What the constants are, by index.
    constants: Vec<String>,
}

struct OwnClass<'a> {
    name: String,
    entry: &'a ClassEntry,
    descriptor: Option<&'a ClassDescriptor>,
    debug: Option<&'a ClassDebug>,
    export: Option<&'a PackageClass>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(cap: &'a CapFile, names: &'a Names, container: Option<&Container>) -> Self {
        let aid = cap.header.packages.first().map(|named| named.package.aid);
        let export = aid.and_then(|aid| names.package(aid));
        let mut this = Self {
            cap,
            names,
            export,
            package: package_name(cap, export, container),
            classes: BTreeMap::new(),
            methods: BTreeMap::new(),
            constants: Vec::new(),
        };
        // What cannot be written has no offsets, and was not read either.
        let offsets = cap.classes.offsets(cap.format()).unwrap_or_default();
        for (offset, entry) in offsets.into_iter().zip(&cap.classes.entries) {
            let own = this.own_class(offset, entry, container);
            this.classes.insert(offset, own);
        }
        let mut methods = BTreeMap::new();
        for descriptor in cap.descriptor.iter().flat_map(|component| component.classes()) {
            for (index, method) in descriptor.methods.iter().enumerate() {
                if method.place.offset != 0 {
                    let name = this.method_name(descriptor, index, method);
                    let types = this.method_types(method.signature);
                    let class = this.class(descriptor.this);
                    methods.insert(method.place, format!("{class}.{name}{types}"));
                }
            }
        }
        this.methods = methods;
        let constants = cap.constant_pool.constants.iter().enumerate();
        this.constants = constants.map(|(index, one)| this.name_of(index, *one)).collect();
        this
    }

    fn own_class(
        &self,
        offset: u16,
        entry: &'a ClassEntry,
        container: Option<&Container>,
    ) -> OwnClass<'a> {
        let this = ClassRef::Internal(offset);
        let described = self.cap.descriptor.iter().flat_map(|component| component.classes());
        let descriptor = described.into_iter().find(|class| class.this == this);
        let debug = self.cap.debug.as_ref();
        let debug = debug.and_then(|debug| debug.classes.iter().find(|class| class.this == this));
        let token = descriptor.map(|class| class.token).filter(|token| *token != 0xFF);
        let export = self.export.and_then(|package| package.class(token?));
        let name = match (debug, export) {
            (Some(debug), _) => self.debug_text(debug.name),
            (None, Some(export)) => shown(&export.name),
            (None, None) => {
                let applet = descriptor.and_then(|class| self.applet_class(class, container));
                let (kind, remote) = match entry {
                    ClassEntry::Interface(interface) => ("Interface", interface.name.as_ref()),
                    ClassEntry::Class(class) => {
                        ("Class", class.remote.as_ref().map(|remote| &remote.name))
                    }
                };
                let remote = remote.filter(|name| !name.is_empty());
                let remote = remote.map(|name| shown(&String::from_utf8_lossy(name)));
                let number = self.classes.len();
                let simple = applet.or(remote).unwrap_or_else(|| format!("{kind}{number}"));
                format!("{}/{simple}", self.package)
            }
        };
        OwnClass { name, entry, descriptor, debug, export }
    }

    /// The simple name of a class that is an applet, as the manifest has it.
    fn applet_class(
        &self,
        class: &ClassDescriptor,
        container: Option<&Container>,
    ) -> Option<String> {
        let applets = self.cap.applets.iter().flat_map(|component| &component.applets);
        let applet = applets
            .into_iter()
            .find(|applet| class.methods.iter().any(|method| method.place == applet.install))?;
        let named = container?.applets.iter().find(|named| named.aid == applet.aid)?;
        let simple = named.class.rsplit(['.', '/']).next()?;
        (!simple.is_empty()).then(|| shown(simple))
    }

    pub(super) fn debug_text(&self, index: u16) -> String {
        let text = self.cap.debug.as_ref().map(|debug| debug.text(index));
        shown(&text.unwrap_or_default())
    }

    /// Name of an imported package, or its AID.
    pub(super) fn import(&self, package: u8) -> String {
        let Some(info) = self.cap.imports.packages.get(usize::from(package)) else {
            return format!("import{package}");
        };
        match self.names.package(info.aid) {
            Some(known) => shown(&known.name),
            None => info.aid.to_string(),
        }
    }

    fn external(&self, package: u8, class: u8) -> Option<&'a PackageClass> {
        let info = self.cap.imports.packages.get(usize::from(package))?;
        self.names.package(info.aid)?.class(class)
    }

    /// Name of a class or interface.
    pub(super) fn class(&self, class: ClassRef) -> String {
        match class {
            ClassRef::Internal(offset) => match self.classes.get(&offset) {
                Some(own) => own.name.clone(),
                None => format!("{}/#{offset}", self.package),
            },
            ClassRef::External { package, class } => match self.external(package, class) {
                Some(known) => shown(&known.name),
                None => format!("{}/Class{class}", self.import(package)),
            },
        }
    }

    /// A type as class files write it.
    fn type_text(&self, one: Type) -> String {
        match one {
            Type::Void => "V".to_owned(),
            Type::Boolean => "Z".to_owned(),
            Type::Byte => "B".to_owned(),
            Type::Short => "S".to_owned(),
            Type::Int => "I".to_owned(),
            Type::BooleanArray => "[Z".to_owned(),
            Type::ByteArray => "[B".to_owned(),
            Type::ShortArray => "[S".to_owned(),
            Type::IntArray => "[I".to_owned(),
            Type::Object(class) => format!("L{};", self.class(class)),
            Type::ObjectArray(class) => format!("[L{};", self.class(class)),
        }
    }

    fn pooled(&self, offset: u16) -> Option<TypeDescriptor> {
        self.cap.descriptor.as_ref()?.types.descriptor(offset)
    }

    /// A descriptor of the type pool, of a method; `(?)?` if there is none.
    pub(super) fn method_types(&self, offset: u16) -> String {
        self.pooled(offset).map_or_else(|| "(?)?".to_owned(), |types| self.method_text(&types))
    }

    /// The descriptor of a method.
    pub(super) fn method_text(&self, types: &TypeDescriptor) -> String {
        let parameters: String =
            types.parameters().iter().map(|parameter| self.type_text(*parameter)).collect();
        let text = format!("({parameters}){}", self.type_text(types.result()));
        cut(&text, LONGEST_DESCRIPTOR)
    }

    /// A descriptor of the type pool, of a field; `?` if there is none.
    pub(super) fn field_types(&self, offset: u16) -> String {
        self.pooled(offset).map_or_else(|| "?".to_owned(), |types| self.type_text(types.result()))
    }

    /// The types of a constant, by the Descriptor.
    fn constant_types(&self, index: usize) -> Option<u16> {
        let types = &self.cap.descriptor.as_ref()?.types;
        types.constants.get(index).copied().filter(|offset| *offset != 0xFFFF)
    }

    /// What a constant is, in words; None if there is none.
    pub(super) fn constant(&self, index: u16) -> Option<String> {
        self.constants.get(usize::from(index)).cloned()
    }

    fn name_of(&self, index: usize, constant: Constant) -> String {
        let types = self.constant_types(index);
        let field = |name: String, known: Option<String>| {
            let types = types.map(|offset| self.field_types(offset)).or(known);
            format!("{name}:{}", types.unwrap_or_else(|| "?".to_owned()))
        };
        let method = |name: String, known: Option<String>| {
            let types = types.map(|offset| self.method_types(offset)).or(known);
            format!("{name}{}", types.unwrap_or_else(|| "(?)?".to_owned()))
        };
        match constant {
            Constant::Class { class, .. } => self.class(class),
            Constant::InstanceField { class, token } => {
                let (name, known) = self.instance_field(class, token);
                field(name, known)
            }
            Constant::VirtualMethod { class, token } => {
                let (name, known) = self.virtual_method(class, token);
                method(name, known)
            }
            // The token is one of the superclass; the class is the one that calls.
            Constant::SuperMethod { class, token } => {
                let (name, known) =
                    self.virtual_method(self.superclass(class).unwrap_or(class), token);
                method(name, known)
            }
            Constant::StaticField(place) => {
                let (name, known) = self.static_field(place);
                field(name, known)
            }
            Constant::StaticMethod(StaticRef::Internal { block, offset }) => {
                self.place(MethodPlace { block, offset })
            }
            Constant::StaticMethod(StaticRef::External { package, class, token }) => {
                let known = self.external(package, class);
                let known = known.and_then(|known| known.static_method(token));
                let class = self.class(ClassRef::External { package, class });
                match known {
                    Some(known) => {
                        let name = format!("{class}.{}", shown(&known.name));
                        method(name, Some(shown(&known.descriptor)))
                    }
                    None => method(format!("{class}.static{token}"), None),
                }
            }
        }
    }

    /// An own method by its place.
    pub(super) fn place(&self, place: MethodPlace) -> String {
        self.methods.get(&place).cloned().unwrap_or_else(|| place.to_string())
    }

    fn superclass(&self, class: ClassRef) -> Option<ClassRef> {
        let ClassRef::Internal(offset) = class else { return None };
        self.own_entry(offset)?.superclass
    }

    fn own_entry(&self, offset: u16) -> Option<&'a Class> {
        match self.classes.get(&offset)?.entry {
            ClassEntry::Class(class) => Some(class),
            ClassEntry::Interface(_) => None,
        }
    }

    /// A class and what it extends, within the file and one step beyond. Ends where it would go in
    /// a circle.
    fn line_of(&self, class: ClassRef) -> Vec<ClassRef> {
        let (mut line, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next = Some(class);
        while let Some(class) = next.filter(|class| seen.insert(*class)) {
            if line.len() == MOST_ANCESTORS {
                break;
            }
            line.push(class);
            next = self.superclass(class);
        }
        line
    }

    fn instance_field(&self, class: ClassRef, token: u8) -> (String, Option<String>) {
        let owner = self.class(class);
        let unknown = || (format!("{owner}.field{token}"), None);
        match class {
            ClassRef::External { package, class } => {
                let known = self.external(package, class);
                let Some(known) = known.and_then(|known| known.instance_field(token)) else {
                    return unknown();
                };
                (format!("{owner}.{}", shown(&known.name)), Some(shown(&known.descriptor)))
            }
            ClassRef::Internal(offset) => {
                let own = self.classes.get(&offset).and_then(|own| own.descriptor);
                let place = FieldPlace::Instance { class, token };
                let found = own.and_then(|own| {
                    let index = own.fields.iter().position(|field| field.place == place)?;
                    Some((own, own.fields.get(index)?))
                });
                let Some((own, field)) = found else { return unknown() };
                (format!("{owner}.{}", self.field_name(own, field)), None)
            }
        }
    }

    fn static_field(&self, place: StaticRef) -> (String, Option<String>) {
        match place {
            StaticRef::External { package, class, token } => {
                let owner = self.class(ClassRef::External { package, class });
                let known = self.external(package, class);
                match known.and_then(|known| known.static_field(token)) {
                    Some(known) => {
                        (format!("{owner}.{}", shown(&known.name)), Some(shown(&known.descriptor)))
                    }
                    None => (format!("{owner}.static{token}"), None),
                }
            }
            StaticRef::Internal { offset, .. } => {
                let classes = self.cap.descriptor.iter().flat_map(|component| component.classes());
                let mut fields = classes
                    .into_iter()
                    .flat_map(|class| class.fields.iter().map(move |field| (class, field)));
                match fields.find(|(_, field)| field.place == FieldPlace::Static(place)) {
                    Some((class, field)) => {
                        let owner = self.class(class.this);
                        (format!("{owner}.{}", self.field_name(class, field)), None)
                    }
                    None => (format!("image{offset}"), None),
                }
            }
        }
    }

    /// A method by class and token, and its descriptor if an export file tells it.
    pub(super) fn virtual_method(&self, class: ClassRef, token: u8) -> (String, Option<String>) {
        let owner = self.class(class);
        for class in self.line_of(class) {
            match class {
                ClassRef::External { package, class } => {
                    let known = self.external(package, class);
                    if let Some(known) = known.and_then(|known| known.virtual_method(token)) {
                        let name = format!("{owner}.{}", shown(&known.name));
                        return (name, Some(shown(&known.descriptor)));
                    }
                }
                ClassRef::Internal(offset) => {
                    let own = self.classes.get(&offset).and_then(|own| own.descriptor);
                    let method = own.and_then(|own| {
                        let is =
                            |method: &MethodDescriptor| method.token == token && is_virtual(method);
                        let index = own.methods.iter().position(is)?;
                        let method = own.methods.get(index)?;
                        let name = self.method_name(own, index, method);
                        Some((name, self.method_types(method.signature)))
                    });
                    if let Some((name, types)) = method {
                        return (format!("{owner}.{name}"), Some(types));
                    }
                }
            }
        }
        (format!("{owner}.virtual{token}"), None)
    }

    /// The name of an own field.
    pub(super) fn field_name(&self, class: &ClassDescriptor, field: &FieldDescriptor) -> String {
        let own = match class.this {
            ClassRef::Internal(offset) => self.classes.get(&offset),
            ClassRef::External { .. } => None,
        };
        let (is_static, contents) = match field.place {
            FieldPlace::Static(StaticRef::Internal { offset, .. }) => (true, u32::from(offset)),
            FieldPlace::Static(StaticRef::External { token, .. }) => (true, token.into()),
            FieldPlace::Instance { token, .. } => (false, token.into()),
        };
        let debug = own.and_then(|own| own.debug).and_then(|debug| {
            let fits = |field: &&FieldDebug| {
                (field.access & STATIC != 0) == is_static && field.contents == contents
            };
            // The contents of a constant are its value, which may look like an offset.
            let all = || debug.fields.iter().filter(fits);
            all().find(|field| !self.may_be_constant(field)).or_else(|| all().next())
        });
        if let Some(debug) = debug {
            return self.debug_text(debug.name);
        }
        let export = own.and_then(|own| own.export).and_then(|export| match is_static {
            true => export.static_field(field.token),
            false => export.instance_field(field.token),
        });
        match export {
            Some(export) => shown(&export.name),
            None if is_static => format!("static{contents}"),
            None => format!("field{contents}"),
        }
    }

    fn may_be_constant(&self, field: &FieldDebug) -> bool {
        let both = STATIC | FINAL;
        let strings = self.cap.debug.as_ref().map_or(&[][..], |debug| debug.strings.as_slice());
        let descriptor = strings.get(usize::from(field.descriptor));
        field.access & both == both && descriptor.is_some_and(|descriptor| descriptor.len() == 1)
    }

    /// What the Debug component says of an own method.
    pub(super) fn debug_of(
        &self,
        class: &ClassDescriptor,
        index: usize,
        method: &MethodDescriptor,
    ) -> Option<&'a MethodDebug> {
        let ClassRef::Internal(offset) = class.this else { return None };
        let debug = self.classes.get(&offset)?.debug?;
        match method.place.offset {
            0 => debug.methods.get(index),
            offset => debug.methods.iter().find(|method| method.offset == offset),
        }
    }

    /// The source file of a class.
    pub(super) fn source_of(&self, class: ClassRef) -> Option<String> {
        let ClassRef::Internal(offset) = class else { return None };
        let debug = self.classes.get(&offset)?.debug?;
        Some(self.debug_text(debug.source_file))
    }

    /// The name of an own method, without class and descriptor.
    pub(super) fn method_name(
        &self,
        class: &ClassDescriptor,
        index: usize,
        method: &MethodDescriptor,
    ) -> String {
        if let Some(debug) = self.debug_of(class, index, method) {
            return self.debug_text(debug.name);
        }
        if method.access & access::INIT != 0 {
            return "<init>".to_owned();
        }
        let applets = self.cap.applets.iter().flat_map(|component| &component.applets);
        if applets.into_iter().any(|applet| applet.install == method.place) {
            return "install".to_owned();
        }
        let ClassRef::Internal(offset) = class.this else { return format!("method{index}") };
        let own = self.classes.get(&offset);
        let export = own.and_then(|own| own.export).and_then(|export| match is_virtual(method) {
            true => export.virtual_method(method.token),
            false => export.static_method(method.token),
        });
        if let Some(export) = export {
            return shown(&export.name);
        }
        if !is_virtual(method) {
            return format!("method{index}");
        }
        let inherited = self.overridden(class.this, method.token);
        inherited.unwrap_or_else(|| format!("virtual{}", method.token))
    }

    /// The name of the method of another package that a virtual method overrides or implements.
    fn overridden(&self, class: ClassRef, token: u8) -> Option<String> {
        for ancestor in self.line_of(class) {
            match ancestor {
                ClassRef::External { package, class } => {
                    let known = self.external(package, class)?;
                    return known.virtual_method(token).map(|method| shown(&method.name));
                }
                ClassRef::Internal(offset) => {
                    let interfaces =
                        self.own_entry(offset).map_or(&[][..], |entry| &entry.interfaces);
                    for implemented in interfaces {
                        let ClassRef::External { package, class } = implemented.interface else {
                            continue;
                        };
                        let index = implemented.methods.iter().position(|method| *method == token);
                        let index = index.and_then(|index| u8::try_from(index).ok());
                        let method = index
                            .and_then(|index| self.external(package, class)?.virtual_method(index));
                        if let Some(method) = method {
                            return Some(shown(&method.name));
                        }
                    }
                }
            }
        }
        None
    }
}

const STATIC: u16 = 0x0008;
const FINAL: u16 = 0x0010;

/// Whether a method is called through the tables of a class.
pub(super) fn is_virtual(method: &MethodDescriptor) -> bool {
    method.access & (access::STATIC | access::INIT | access::PRIVATE) == 0
}

fn package_name(cap: &CapFile, export: Option<&Package>, container: Option<&Container>) -> String {
    let header = cap.header.packages.first();
    let debug = cap.debug.as_ref().map(|debug| debug.text(debug.package).into_owned());
    let named = header.map(|named| String::from_utf8_lossy(&named.name).into_owned());
    let told = [
        named,
        debug,
        export.map(|export| export.name.as_ref().to_owned()),
        container.map(|container| container.package.clone()),
    ];
    let told = told.into_iter().flatten().find(|name| !name.is_empty());
    let aid = || header.map(|named| named.package.aid.to_string()).unwrap_or_default();
    told.map_or_else(aid, |name| shown(&name))
}

/// A name from outside: of bounded length, and without what a terminal would obey.
fn shown(name: &str) -> String {
    let plain = |letter: char| if letter.is_control() { '\u{FFFD}' } else { letter };
    cut(name, LONGEST_NAME).chars().map(plain).collect()
}

/// The text, or so many bytes of it and a sign that there is more.
fn cut(text: &str, longest: usize) -> String {
    match text.len() <= longest {
        true => text.to_owned(),
        false => {
            let (start, _) = text.split_at(text.floor_char_boundary(longest));
            format!("{start}…")
        }
    }
}
