//! From a CAP file to a dump.

use super::Names;
use std::collections::BTreeSet;

use super::model::{
    AppletDump, ArrayDump, ClassDump, ComponentDump, ConstantDump, CustomDump, DirectoryDump, Dump,
    ExportedDump, ExtendedDump, FieldDump, HandlerDump, ImportDump, InstructionDump, InterfaceDump,
    LineDump, LocationsDump, MethodDump, ObjectsDump, OtherDump, RemoteDump, RemoteMethodDump,
    ResourceDump, StaticFieldsDump, VariableDump,
};
use super::resolve::Resolver;
use crate::bytes::Cursor;
use crate::cap::{
    CapFile, Class, ClassDescriptor, ClassEntry, ClassRef, Constant, Container, FieldDescriptor,
    FieldPlace, FieldType, Header, MethodDescriptor, MethodHeader, MethodPlace, PackageInfo,
    StaticRef, Tag, TooLarge, TypeDescriptor, access, offsets,
};
use crate::instruction::{Instruction, Located, Operands, decode_all};

impl Dump {
    /// What a file says, with the names that are known. Bytecode that cannot be read is said to be
    /// so in its method; everything else is shown.
    ///
    /// # Errors
    /// The file was changed and no longer fits its format.
    pub fn new(
        cap: &CapFile,
        container: Option<&Container>,
        names: &Names,
    ) -> Result<Self, TooLarge> {
        let resolver = Resolver::new(cap, names, container);
        let mut build = Build { cap, resolver, budget: bytecode(cap) };
        let directory = cap.directory.as_ref();
        let components = cap.to_components()?;
        let component = |tag: Tag, bytes: &[u8]| ComponentDump {
            name: tag.to_string(),
            size: bytes.len(),
            info: bytes.len().saturating_sub(if tag.is_wide(cap.format()) { 5 } else { 3 }),
            listed: directory.and_then(|directory| directory.size(tag)),
        };
        let package = cap.header.packages.first();
        let named = |info: &PackageInfo, name: Option<String>| ImportDump {
            aid: info.aid.to_string(),
            version: info.version.to_string(),
            name,
        };
        let imports = cap.imports.packages.iter();
        let imports = imports.map(|info| {
            let known = names.package(info.aid);
            named(info, known.map(|known| known.name.as_ref().to_owned()))
        });
        let extended = cap.header.file.map(|file| ExtendedDump {
            aid: file.aid.to_string(),
            version: file.version.to_string(),
            packages: cap
                .header
                .packages
                .iter()
                .map(|one| {
                    let name = String::from_utf8_lossy(&one.name).into_owned();
                    named(&one.package, (!name.is_empty()).then_some(name))
                })
                .collect(),
        });
        Ok(Self {
            package: build.resolver.package.clone(),
            aid: package.map(|named| named.package.aid.to_string()).unwrap_or_default(),
            version: package.map(|named| named.package.version.to_string()).unwrap_or_default(),
            format: cap.format().to_string(),
            flags: words(cap.header.flags, HEADER_FLAGS),
            extended,
            components: components.iter().map(|one| component(one.tag, &one.bytes)).collect(),
            directory: directory.map(|directory| DirectoryDump {
                image_size: directory.image_size,
                array_count: directory.array_count,
                array_size: directory.array_size,
                imports: directory.import_count,
                applets: directory.applet_count,
                blocks: directory.block_count,
                custom: directory
                    .custom
                    .iter()
                    .map(|one| CustomDump {
                        tag: one.tag,
                        size: one.size,
                        aid: one.aid.to_string(),
                    })
                    .collect(),
            }),
            applets: build.applets(),
            imports: imports.collect(),
            constants: build.constants(),
            classes: build.classes()?,
            static_fields: build.static_fields(),
            reference_locations: cap
                .reference_locations
                .blocks
                .iter()
                .map(|block| LocationsDump {
                    bytes: offsets(&block.byte_deltas),
                    shorts: offsets(&block.short_deltas),
                })
                .collect(),
            exports: build.exports(),
            static_resources: cap
                .static_resources
                .iter()
                .flat_map(|component| &component.resources)
                .map(|one| ResourceDump { id: one.id, data: hex(&one.data) })
                .collect(),
            others: cap
                .others
                .iter()
                .map(|one| OtherDump { name: one.tag.to_string(), bytes: hex(&one.bytes) })
                .collect(),
            debug: cap.debug.is_some(),
        })
    }
}

/// Bytes of bytecode that there are.
fn bytecode(cap: &CapFile) -> usize {
    cap.methods.blocks.iter().map(|block| block.methods.len()).sum()
}

struct Build<'a> {
    cap: &'a CapFile,
    resolver: Resolver<'a>,
    /// Bytes that are still to be decoded: methods that lie over each other are not shown again
    /// and again.
    budget: usize,
}

const HEADER_FLAGS: &[(u8, &str)] = &[
    (Header::INT, "int"),
    (Header::EXPORT, "export"),
    (Header::APPLET, "applet"),
    (Header::EXTENDED, "extended"),
];

const CLASS_ACCESS: &[(u8, &str)] =
    &[(access::PUBLIC, "public"), (access::FINAL, "final"), (access::ABSTRACT_CLASS, "abstract")];

const FIELD_ACCESS: &[(u8, &str)] = &[
    (access::PUBLIC, "public"),
    (access::PRIVATE, "private"),
    (access::PROTECTED, "protected"),
    (access::STATIC, "static"),
    (access::FINAL, "final"),
];

const METHOD_ACCESS: &[(u8, &str)] = &[
    (access::PUBLIC, "public"),
    (access::PRIVATE, "private"),
    (access::PROTECTED, "protected"),
    (access::ABSTRACT_METHOD, "abstract"),
    (access::STATIC, "static"),
    (access::FINAL, "final"),
];

fn words(bits: u8, known: &[(u8, &'static str)]) -> Vec<&'static str> {
    known.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect()
}

fn low_byte(bits: u16) -> u8 {
    let [_, low] = bits.to_be_bytes();
    low
}

fn token(token: u8) -> Option<u8> {
    (token != 0xFF).then_some(token)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

impl Build<'_> {
    fn described(&self) -> impl Iterator<Item = &ClassDescriptor> {
        self.cap.descriptor.iter().flat_map(|component| component.classes())
    }

    fn applets(&self) -> Vec<AppletDump> {
        let applets = self.cap.applets.iter().flat_map(|component| &component.applets);
        applets
            .map(|applet| {
                let mut classes = self.described();
                let class = classes.find(|class| {
                    class.methods.iter().any(|method| method.place == applet.install)
                });
                AppletDump {
                    aid: applet.aid.to_string(),
                    class: class.map(|class| self.resolver.class(class.this)),
                    install: applet.install.to_string(),
                }
            })
            .collect()
    }

    fn constants(&self) -> Vec<ConstantDump> {
        let indexed = (0..=u16::MAX).zip(&self.cap.constant_pool.constants);
        indexed
            .map(|(index, constant)| {
                let member = |place: StaticRef| match place {
                    StaticRef::Internal { block: 0, offset } => format!("@{offset}"),
                    StaticRef::Internal { block, offset } => format!("@{block}:{offset}"),
                    StaticRef::External { package, class, token } => {
                        format!("{package}.{class}.{token}")
                    }
                };
                let (kind, place) = match constant {
                    Constant::Class { class, .. } => ("classRef", class.to_string()),
                    Constant::InstanceField { class, token } => {
                        ("instanceFieldRef", format!("{class}.{token}"))
                    }
                    Constant::VirtualMethod { class, token } => {
                        ("virtualMethodRef", format!("{class}.{token}"))
                    }
                    Constant::SuperMethod { class, token } => {
                        ("superMethodRef", format!("{class}.{token}"))
                    }
                    Constant::StaticField(place) => ("staticFieldRef", member(*place)),
                    Constant::StaticMethod(place) => ("staticMethodRef", member(*place)),
                };
                let name = self.resolver.constant(index).unwrap_or_default();
                ConstantDump { kind, name, place }
            })
            .collect()
    }

    fn classes(&mut self) -> Result<Vec<ClassDump>, TooLarge> {
        let cap = self.cap;
        let all = cap.classes.offsets(cap.format())?.into_iter().zip(&cap.classes.entries);
        let described: Vec<&ClassDescriptor> =
            cap.descriptor.iter().flat_map(|component| component.classes()).collect();
        let mut left: BTreeSet<usize> = (0..described.len()).collect();
        let mut classes = Vec::with_capacity(cap.classes.entries.len());
        for (offset, entry) in all {
            let this = ClassRef::Internal(offset);
            let index = described.iter().position(|class| class.this == this);
            let descriptor = index.and_then(|index| {
                left.remove(&index);
                described.get(index).copied()
            });
            classes.push(self.class(offset, Some(entry), descriptor));
        }
        // What the Descriptor has beside them, in a file that does not fit together.
        for descriptor in left.into_iter().filter_map(|index| described.get(index)) {
            let ClassRef::Internal(offset) = descriptor.this else { continue };
            classes.push(self.class(offset, None, Some(descriptor)));
        }
        Ok(classes)
    }

    fn class(
        &mut self,
        offset: u16,
        entry: Option<&ClassEntry>,
        descriptor: Option<&ClassDescriptor>,
    ) -> ClassDump {
        let this = ClassRef::Internal(offset);
        let resolver = &self.resolver;
        let name = |class: &ClassRef| resolver.class(*class);
        let mut access = descriptor.map(|class| words(class.access, CLASS_ACCESS));
        let mut access = access.take().unwrap_or_default();
        for (flag, word) in [(ClassEntry::SHAREABLE, "shareable"), (ClassEntry::REMOTE, "remote")] {
            if entry.is_some_and(|entry| entry.flags() & flag != 0) {
                access.push(word);
            }
        }
        let (superclass, interfaces, objects, remote) = match entry {
            Some(ClassEntry::Interface(interface)) => {
                let supers = interface.superinterfaces.iter();
                let supers =
                    supers.map(|class| InterfaceDump { name: name(class), methods: Vec::new() });
                let remote = interface.name.as_ref().map(|name| RemoteDump {
                    name: String::from_utf8_lossy(name).into_owned(),
                    hash_modifier: String::new(),
                    interfaces: Vec::new(),
                    methods: Vec::new(),
                });
                (None, supers.collect(), None, remote)
            }
            Some(ClassEntry::Class(class)) => {
                let interfaces = class.interfaces.iter().map(|implemented| InterfaceDump {
                    name: name(&implemented.interface),
                    methods: implemented.methods.clone(),
                });
                let superclass = class.superclass.as_ref().map(name);
                let objects = Some(self.objects(class));
                (superclass, interfaces.collect(), objects, self.remote(class))
            }
            None => (None, Vec::new(), None, None),
        };
        let mut fields: Vec<FieldDump> = descriptor
            .iter()
            .flat_map(|class| class.fields.iter().map(|field| self.field(class, field)))
            .collect();
        fields.extend(self.debugged_constants(offset, &fields));
        let mut methods = Vec::new();
        if let Some(class) = descriptor {
            for (index, method) in class.methods.iter().enumerate() {
                methods.push(self.method(class, index, method));
            }
        }
        ClassDump {
            name: self.resolver.class(this),
            interface: match entry {
                Some(entry) => matches!(entry, ClassEntry::Interface(_)),
                None => descriptor.is_some_and(|one| one.access & access::INTERFACE != 0),
            },
            token: descriptor.and_then(|class| token(class.token)),
            offset,
            access,
            superclass,
            interfaces,
            objects,
            fields,
            methods,
            remote,
            source: self.resolver.source_of(this),
        }
    }

    fn objects(&self, class: &Class) -> ObjectsDump {
        let listed = |places: &[MethodPlace]| {
            let place =
                |place: &MethodPlace| (place.offset != 0xFFFF).then(|| self.resolver.place(*place));
            places.iter().map(place).collect()
        };
        ObjectsDump {
            instance_size: class.instance_size,
            first_reference_token: class.first_reference_token,
            reference_count: class.reference_count,
            public_base: class.public_base,
            public_methods: listed(&class.public_methods),
            package_base: class.package_base,
            package_methods: listed(&class.package_methods),
            token_mapping: class.tokens.as_ref().map(|tokens| tokens.mapping.clone()),
            inheritable: class.tokens.as_ref().map(|tokens| tokens.inheritable_count),
        }
    }

    fn remote(&self, class: &Class) -> Option<RemoteDump> {
        let remote = class.remote.as_ref()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let signature = |offset: u16| {
            let pool = &self.cap.classes.signature_pool;
            let types = TypeDescriptor::from_bytes(pool.get(usize::from(offset)..)?)?;
            Some(self.resolver.method_text(&types))
        };
        Some(RemoteDump {
            name: text(&remote.name),
            hash_modifier: text(&remote.hash_modifier),
            interfaces: remote.interfaces.iter().map(|one| self.resolver.class(*one)).collect(),
            methods: remote
                .methods
                .iter()
                .map(|method| RemoteMethodDump {
                    hash: method.hash,
                    descriptor: signature(method.signature).unwrap_or_default(),
                    token: method.token,
                })
                .collect(),
        })
    }

    fn field(&self, class: &ClassDescriptor, field: &FieldDescriptor) -> FieldDump {
        let descriptor = match field.field_type {
            FieldType::Primitive(2) => "Z".to_owned(),
            FieldType::Primitive(3) => "B".to_owned(),
            FieldType::Primitive(4) => "S".to_owned(),
            FieldType::Primitive(5) => "I".to_owned(),
            FieldType::Primitive(_) => "?".to_owned(),
            FieldType::Reference(offset) => self.resolver.field_types(offset),
        };
        let image = match field.place {
            FieldPlace::Static(StaticRef::Internal { offset, .. }) => Some(offset),
            _ => None,
        };
        FieldDump {
            name: self.resolver.field_name(class, field),
            value: image.and_then(|offset| self.value(offset, &descriptor)),
            descriptor,
            access: words(field.access, FIELD_ACCESS),
            token: token(field.token),
            image,
        }
    }

    /// Compile-time constants, which only the Debug component still knows.
    fn debugged_constants(&self, offset: u16, known: &[FieldDump]) -> Vec<FieldDump> {
        let debug = self.cap.debug.iter().flat_map(|debug| &debug.classes);
        let mut own = debug.filter(|class| class.this == ClassRef::Internal(offset));
        let fields = own.next().map_or(&[][..], |class| class.fields.as_slice());
        let names: BTreeSet<&str> = known.iter().map(|field| field.name.as_str()).collect();
        let mut constants = Vec::new();
        for field in fields {
            let name = self.resolver.debug_text(field.name);
            if !names.contains(name.as_str()) {
                constants.push(FieldDump {
                    name,
                    descriptor: self.resolver.debug_text(field.descriptor),
                    // The lowest bits are those of the Descriptor.
                    access: words(low_byte(field.access), FIELD_ACCESS),
                    token: None,
                    image: None,
                    value: Some(field.contents.cast_signed().to_string()),
                });
            }
        }
        constants
    }

    /// The initial value of a static field, unless that is 0 or null.
    fn value(&self, offset: u16, descriptor: &str) -> Option<String> {
        let component = &self.cap.static_fields;
        let offset = usize::from(offset);
        let references = usize::from(component.reference_count).saturating_mul(2);
        if offset < references {
            let array = component.arrays.get(offset / 2)?;
            let width = element(array.element).1;
            let values: Vec<String> =
                array.values.chunks(width).map(|bytes| number(bytes).to_string()).collect();
            return Some(format!("{{{}}}", values.join(", ")));
        }
        let defaults = references.saturating_add(component.default_size.into());
        let start = offset.checked_sub(defaults)?;
        let width = match descriptor {
            "S" => 2,
            "I" => 4,
            _ => 1,
        };
        let bytes = component.values.get(start..start.checked_add(width)?)?;
        Some(number(bytes).to_string())
    }

    fn method(
        &mut self,
        class: &ClassDescriptor,
        index: usize,
        method: &MethodDescriptor,
    ) -> MethodDump {
        let mut dump = MethodDump {
            name: self.resolver.method_name(class, index, method),
            descriptor: self.resolver.method_types(method.signature),
            access: words(method.access, METHOD_ACCESS),
            token: token(method.token),
            block: method.place.block,
            offset: method.place.offset,
            length: method.code_length,
            ..MethodDump::default()
        };
        if class.access & access::INTERFACE != 0 {
            return dump;
        }
        match self.body(method) {
            Ok((header, code)) => {
                dump.max_stack = header.max_stack;
                dump.arguments = header.arguments;
                dump.max_locals = header.max_locals;
                dump.code = code.iter().map(|located| self.instruction(located)).collect();
            }
            Err(problem) => dump.problem = Some(problem),
        }
        let code_start =
            i32::from(method.place.offset).saturating_add(self.header_length(method.place).into());
        let block = self.cap.methods.blocks.get(usize::from(method.place.block));
        let handlers = block.map_or(&[][..], |block| block.handlers.as_slice());
        let first = usize::from(method.first_handler);
        dump.handlers = handlers
            .iter()
            .skip(first)
            .take(method.handler_count.into())
            .map(|handler| {
                let place = |offset: u16| i32::from(offset).saturating_sub(code_start);
                HandlerDump {
                    start: place(handler.start),
                    end: place(handler.start).saturating_add(handler.length.into()),
                    handler: place(handler.handler),
                    catches: match handler.catch_type {
                        0 => None,
                        index => Some(
                            self.resolver
                                .constant(index)
                                .unwrap_or_else(|| format!("constant {index}")),
                        ),
                    },
                    stop: handler.stop,
                }
            })
            .collect();
        if let Some(debug) = self.resolver.debug_of(class, index, method) {
            dump.lines = debug
                .lines
                .iter()
                .map(|line| LineDump { start: line.start, end: line.end, line: line.line })
                .collect();
            dump.variables = debug
                .variables
                .iter()
                .map(|variable| VariableDump {
                    index: variable.index,
                    name: self.resolver.debug_text(variable.name),
                    descriptor: self.resolver.debug_text(variable.descriptor),
                    start: variable.start,
                    length: variable.length,
                })
                .collect();
        }
        dump
    }

    fn header_length(&self, place: MethodPlace) -> u8 {
        let block = self.cap.methods.blocks.get(usize::from(place.block));
        let first = block.and_then(|block| block.from_offset(place.offset)?.first());
        first.map_or(2, |byte| if byte >> 4 & MethodHeader::EXTENDED == 0 { 2 } else { 4 })
    }

    fn body(&mut self, method: &MethodDescriptor) -> Result<(MethodHeader, Vec<Located>), String> {
        let MethodPlace { block: number, offset } = method.place;
        let Some(block) = self.cap.methods.blocks.get(usize::from(number)) else {
            return Err(format!("there is no method block {number}"));
        };
        let base = self.cap.methods.base(number, self.cap.format());
        let found = block.method(offset, method.code_length, base);
        let (header, code) = found.map_err(|error| error.to_string())?;
        let Some(left) = self.budget.checked_sub(code.len()) else {
            return Err("it lies over other methods, whose code is shown already".to_owned());
        };
        self.budget = left;
        let start = base.saturating_add(offset.into()).saturating_add(header.length().into());
        let part = Tag::Method.part();
        let decoded = decode_all(&mut Cursor::starting_at(&part, code, start));
        Ok((header, decoded.map_err(|error| error.to_string())?))
    }

    fn instruction(&self, located: &Located) -> InstructionDump {
        let Instruction { opcode, operands } = &located.instruction;
        let constant = located.instruction.constant();
        let numbers = match operands {
            Operands::None | Operands::Branch(_) => Vec::new(),
            Operands::Local(local) => vec![i32::from(*local)],
            Operands::Value(value) => vec![*value],
            Operands::Increment { local, by } => vec![i32::from(*local), i32::from(*by)],
            Operands::Constant(index) => vec![i32::from(*index)],
            Operands::Words { top, down } => vec![i32::from(*top), i32::from(*down)],
            Operands::ArrayType(element) => vec![i32::from(*element)],
            Operands::TypeTest { kind, constant } => vec![i32::from(*kind), i32::from(*constant)],
            Operands::Interface { words, constant, token } => {
                vec![i32::from(*words), i32::from(*constant), i32::from(*token)]
            }
            // From the lowest value up.
            Operands::Table { low, .. } => vec![*low],
            // The values of the cases.
            Operands::Lookup { pairs, .. } => pairs.iter().map(|(value, _)| *value).collect(),
        };
        let at = i32::from(located.at);
        let branches = located.instruction.branches();
        InstructionDump {
            at: located.at,
            mnemonic: opcode.mnemonic(),
            operands: numbers,
            targets: branches.iter().map(|one| at.saturating_add((*one).into())).collect(),
            refers_to: match (constant, operands) {
                (Some(constant), _) => Some(self.refers_to(constant.index, operands)),
                (None, Operands::ArrayType(kind) | Operands::TypeTest { kind, .. }) => {
                    Some(array(*kind).to_owned())
                }
                (None, _) => None,
            },
        }
    }

    fn refers_to(&self, index: u16, operands: &Operands) -> String {
        let Some(name) = self.resolver.constant(index) else {
            return format!("constant {index}, which is not there");
        };
        let constant = self.cap.constant_pool.constants.get(usize::from(index));
        match (operands, constant) {
            (Operands::Interface { token, .. }, Some(Constant::Class { class, .. })) => {
                let (name, types) = self.resolver.virtual_method(*class, *token);
                name + &types.unwrap_or_else(|| "(?)?".to_owned())
            }
            (Operands::TypeTest { kind: 14, .. }, _) => format!("{name}[]"),
            _ => name,
        }
    }

    fn static_fields(&self) -> StaticFieldsDump {
        let component = &self.cap.static_fields;
        let array = |array: &crate::cap::ArrayInit| ArrayDump {
            element: element(array.element).0,
            values: hex(&array.values),
        };
        StaticFieldsDump {
            image_size: component.image_size,
            references: component.reference_count,
            arrays: component.arrays.iter().map(array).collect(),
            default_size: component.default_size,
            values: hex(&component.values),
        }
    }

    fn exports(&self) -> Vec<ExportedDump> {
        let packages = self.cap.exports.iter().flat_map(|component| &component.packages);
        let classes = packages
            .enumerate()
            .flat_map(|(package, classes)| classes.iter().map(move |class| (package, class)));
        classes
            .map(|(package, class)| ExportedDump {
                package,
                class: self.resolver.class(ClassRef::Internal(class.class)),
                fields: class.fields.clone(),
                methods: class.methods.iter().map(|place| self.resolver.place(*place)).collect(),
            })
            .collect()
    }
}

/// Name and bytes of an element type.
fn element(code: u8) -> (&'static str, usize) {
    match code {
        2 => ("boolean", 1),
        3 => ("byte", 1),
        4 => ("short", 2),
        5 => ("int", 4),
        _ => ("?", 1),
    }
}

/// An array of a primitive type, by the operand of `newarray` and `checkcast`.
fn array(kind: u8) -> &'static str {
    match kind {
        10 => "boolean[]",
        11 => "byte[]",
        12 => "short[]",
        13 => "int[]",
        _ => "?",
    }
}

/// A number with a sign, of 1, 2 or 4 bytes.
fn number(bytes: &[u8]) -> i32 {
    match bytes {
        [one] => i8::from_be_bytes([*one]).into(),
        [high, low] => i16::from_be_bytes([*high, *low]).into(),
        [a, b, c, d] => i32::from_be_bytes([*a, *b, *c, *d]),
        _ => 0,
    }
}
