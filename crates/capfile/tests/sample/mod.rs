//! A small applet package, built by hand: a counter that others may call, in every format. In Java
//! it reads as in `tests/fixtures/javacard/counter`; the Debug component has the lines of that.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use capfile::Aid;
use capfile::cap::*;
use capfile::instruction::{Instruction, Opcode as O, Operands as P};

/// Imported packages.
const FRAMEWORK: u8 = 0;
const LANG: u8 = 1;

/// The package in a format, with or without the Debug component.
pub fn counter(format: Format, debug: bool) -> CapFile {
    let first = if format.version == FormatVersion::V2_1 { 0 } else { 2 };
    let package = PackageInfo { version: version("1.2"), aid: aid("F05055525345") };
    let class = ClassRef::Internal(first + 3);
    let code = code();
    let places: Vec<MethodPlace> =
        code.methods.iter().map(|method| MethodPlace::compact(method.offset)).collect();
    let [init, install, process, next, divide] = places[..] else { panic!("five methods") };
    let mut types = Types::default();
    let constants = constants(class, init.offset, divide.offset);
    let of_constants: Vec<u16> = constants
        .iter()
        .map(|(_, signature)| signature.as_ref().map_or(0xFFFF, |types_of| types.add(types_of)))
        .collect();
    let descriptor = |token, access, place, signature: &[Type], index: usize, types: &mut Types| {
        let code_length = code.methods.get(index).map_or(0, |method| method.length);
        let (handler_count, first_handler) = if index == 4 { (1, 0) } else { (0, 0) };
        let signature = types.add(signature);
        MethodDescriptor {
            token,
            access,
            place,
            signature,
            code_length,
            handler_count,
            first_handler,
        }
    };
    let none = MethodPlace::compact(0);
    let abstract_method = access::PUBLIC | access::ABSTRACT_METHOD;
    let interface_methods =
        vec![descriptor(0, abstract_method, none, &[Type::Short], 9, &mut types)];
    let private_static = access::PRIVATE | access::STATIC;
    let methods = vec![
        descriptor(0xFF, access::PRIVATE | access::INIT, init, &[Type::Void], 0, &mut types),
        descriptor(0, access::PUBLIC | access::STATIC, install, INSTALL, 1, &mut types),
        descriptor(7, access::PUBLIC, process, PROCESS, 2, &mut types),
        descriptor(8, access::PUBLIC, next, &[Type::Short], 3, &mut types),
        descriptor(0xFF, private_static, divide, DIVIDE, 4, &mut types),
    ];
    let bytes = FieldType::Reference(types.add(&[Type::ByteArray]));
    let fields = vec![
        FieldDescriptor {
            token: 0xFF,
            access: access::PRIVATE | access::STATIC | access::FINAL,
            place: FieldPlace::Static(StaticRef::Internal { block: 0, offset: 0 }),
            field_type: bytes,
        },
        FieldDescriptor {
            token: 0,
            access: access::PRIVATE,
            place: FieldPlace::Instance { class, token: 0 },
            field_type: bytes,
        },
        FieldDescriptor {
            token: 1,
            access: access::PRIVATE,
            place: FieldPlace::Instance { class, token: 1 },
            field_type: FieldType::Primitive(4),
        },
    ];
    let shareable = external(FRAMEWORK, 2);
    let count = ClassRef::Internal(first);
    // The start of descriptors depends on the number of constants.
    let start = u16::try_from(constants.len() * 2 + 2).unwrap();
    let moved = |offset: u16| if offset == 0xFFFF { offset } else { offset + start };
    let moved_method = |method: MethodDescriptor| MethodDescriptor {
        signature: moved(method.signature),
        ..method
    };
    let moved_field = |field: FieldDescriptor| FieldDescriptor {
        field_type: match field.field_type {
            FieldType::Reference(offset) => FieldType::Reference(moved(offset)),
            primitive @ FieldType::Primitive(_) => primitive,
        },
        ..field
    };
    let descriptors = vec![
        ClassDescriptor {
            token: 0,
            access: access::PUBLIC | access::INTERFACE | access::ABSTRACT_CLASS,
            this: count,
            interfaces: vec![shareable],
            fields: Vec::new(),
            methods: interface_methods.into_iter().map(moved_method).collect(),
        },
        ClassDescriptor {
            token: 1,
            access: access::PUBLIC,
            this: class,
            interfaces: vec![shareable, count],
            fields: fields.into_iter().map(moved_field).collect(),
            methods: methods.into_iter().map(moved_method).collect(),
        },
    ];
    let locations = code.locations.clone();
    let header_flags = Header::EXPORT | Header::APPLET;
    let newest = format.version == FormatVersion::V2_3;
    let name = match format.version {
        FormatVersion::V2_1 => Vec::new(),
        _ => b"demo/counter".to_vec(),
    };
    let framework = if newest { "1.8" } else { "1.6" };
    let mut cap = CapFile {
        header: Header {
            version: format.version,
            flags: header_flags | if format.extended { Header::EXTENDED } else { 0 },
            file: format.extended.then_some(package),
            packages: vec![NamedPackage { package, name }],
        },
        directory: None,
        applets: Some(Applets { applets: vec![Applet { aid: aid("F0505552534501"), install }] }),
        imports: Imports {
            packages: vec![
                PackageInfo { version: version(framework), aid: aid("A0000000620101") },
                PackageInfo { version: version("1.0"), aid: aid("A0000000620001") },
            ],
        },
        constant_pool: ConstantPool {
            constants: constants.iter().map(|(constant, _)| *constant).collect(),
        },
        classes: Classes {
            signature_pool: Vec::new(),
            entries: vec![
                ClassEntry::Interface(Interface {
                    flags: ClassEntry::INTERFACE | ClassEntry::SHAREABLE,
                    superinterfaces: vec![shareable],
                    name: None,
                }),
                ClassEntry::Class(Class {
                    flags: ClassEntry::SHAREABLE,
                    superclass: Some(external(FRAMEWORK, 3)),
                    instance_size: 2,
                    first_reference_token: 0,
                    reference_count: 1,
                    public_base: 7,
                    public_methods: vec![process, next],
                    package_base: 0,
                    package_methods: Vec::new(),
                    interfaces: vec![
                        ImplementedInterface { interface: shareable, methods: Vec::new() },
                        ImplementedInterface { interface: count, methods: vec![8] },
                    ],
                    remote: None,
                    tokens: newest.then(|| TokenMapping {
                        mapping: vec![0, 1, 2, 3, 4, 5, 6, 7, 0xFF],
                        inheritable_count: 9,
                    }),
                }),
            ],
        },
        methods: Methods::compact(code.block.clone()),
        static_fields: StaticFields {
            image_size: 2,
            reference_count: 1,
            arrays: vec![ArrayInit { element: 3, values: b"counter".to_vec() }],
            default_size: 0,
            values: Vec::new(),
        },
        reference_locations: ReferenceLocations::compact(locations),
        exports: Some(Exports::compact(vec![ExportedClass {
            class: first,
            fields: Vec::new(),
            methods: Vec::new(),
        }])),
        descriptor: Some(Descriptor::compact(
            descriptors,
            TypePool {
                constants: of_constants.into_iter().map(moved).collect(),
                descriptors: types.bytes,
            },
        )),
        debug: debug.then(|| debug_component(class, count, &code)),
        static_resources: newest.then(|| StaticResources {
            resources: vec![
                Resource { id: 1, data: b"Guten Tag".to_vec() },
                Resource { id: 7, data: vec![0, 1, 2, 3] },
            ],
        }),
        others: Vec::new(),
    };
    cap.fill_directory().unwrap();
    cap
}

const INSTALL: &[Type] = &[Type::ByteArray, Type::Short, Type::Byte, Type::Void];
const PROCESS: &[Type] =
    &[Type::Object(ClassRef::External { package: FRAMEWORK, class: 10 }), Type::Void];
const DIVIDE: &[Type] = &[Type::Short, Type::Short, Type::Short];

fn constants(class: ClassRef, init: u16, divide: u16) -> Vec<(Constant, Option<Vec<Type>>)> {
    let outside = |class, token| StaticRef::External { package: FRAMEWORK, class, token };
    let inside = |offset| StaticRef::Internal { block: 0, offset };
    let set_short = vec![Type::ByteArray, Type::Short, Type::Short, Type::Short];
    let applet = external(FRAMEWORK, 3);
    let apdu = external(FRAMEWORK, 10);
    vec![
        (Constant::InstanceField { class, token: 0 }, Some(vec![Type::ByteArray])),
        (Constant::InstanceField { class, token: 1 }, Some(vec![Type::Short])),
        (Constant::StaticMethod(outside(3, 0)), Some(vec![Type::Void])),
        (Constant::Class { class, padding: 0 }, None),
        (Constant::StaticMethod(inside(init)), Some(vec![Type::Void])),
        (Constant::VirtualMethod { class: applet, token: 1 }, Some(vec![Type::Void])),
        (Constant::VirtualMethod { class: applet, token: 3 }, Some(vec![Type::Boolean])),
        (Constant::VirtualMethod { class, token: 8 }, Some(vec![Type::Short])),
        (Constant::VirtualMethod { class: apdu, token: 1 }, Some(vec![Type::ByteArray])),
        (
            Constant::VirtualMethod { class: apdu, token: 8 },
            Some(vec![Type::Short, Type::Short, Type::Void]),
        ),
        (Constant::StaticMethod(outside(16, 6)), Some(set_short)),
        (Constant::StaticField(inside(0)), Some(vec![Type::ByteArray])),
        (Constant::Class { class: external(LANG, 9), padding: 0 }, None),
        (Constant::StaticMethod(inside(divide)), Some(DIVIDE.to_vec())),
        (Constant::StaticMethod(outside(7, 1)), Some(vec![Type::Short, Type::Void])),
    ]
}

/// Bytecode and where its parts stand.
struct Code {
    block: MethodBlock,
    locations: LocationBlock,
    methods: Vec<Placed>,
}

struct Placed {
    offset: u16,
    header: u8,
    length: u16,
}

fn code() -> Code {
    let plain = Instruction::plain;
    let call = |opcode, constant| Instruction::with(opcode, P::Constant(constant));
    let push = |value| Instruction::with(O::Sspush, P::Value(value));
    let branch = |opcode, distance| Instruction::with(opcode, P::Branch(distance));
    let bodies = [
        (
            MethodHeader::new(2, 1, 0),
            vec![
                plain(O::Aload0),
                call(O::Invokespecial, 2),
                plain(O::Aload0),
                Instruction::with(O::Bspush, P::Value(16)),
                Instruction::with(O::Newarray, P::ArrayType(11)),
                call(O::PutfieldA, 0),
                plain(O::Aload0),
                call(O::Invokevirtual, 5),
                plain(O::Return),
            ],
        ),
        (
            MethodHeader::new(2, 3, 0),
            vec![
                call(O::New, 3),
                plain(O::Dup),
                call(O::Invokespecial, 4),
                plain(O::Pop),
                plain(O::Return),
            ],
        ),
        (
            MethodHeader::new(5, 2, 1),
            vec![
                plain(O::Aload0),
                call(O::Invokevirtual, 6),
                branch(O::Ifeq, 3),
                plain(O::Return),
                plain(O::Aload1),
                call(O::Invokevirtual, 8),
                plain(O::Astore2),
                plain(O::Aload2),
                plain(O::Sconst1),
                plain(O::Baload),
                Instruction::with(
                    O::Slookupswitch,
                    P::Lookup { default: 47, pairs: vec![(0x10, 13), (0x20, 30)] },
                ),
                plain(O::Aload2),
                plain(O::Sconst0),
                plain(O::Aload0),
                call(O::Invokevirtual, 7),
                call(O::Invokestatic, 10),
                plain(O::Pop),
                plain(O::Aload1),
                plain(O::Sconst0),
                plain(O::Sconst2),
                call(O::Invokevirtual, 9),
                plain(O::Return),
                plain(O::Aload2),
                plain(O::Sconst0),
                push(1000),
                plain(O::Aload2),
                plain(O::Sconst2),
                plain(O::Baload),
                call(O::Invokestatic, 13),
                call(O::Invokestatic, 10),
                plain(O::Pop),
                branch(O::Goto, -22),
                push(0x6D00),
                call(O::Invokestatic, 14),
                plain(O::Return),
            ],
        ),
        (
            MethodHeader::new(3, 1, 0),
            vec![
                plain(O::Aload0),
                call(O::GetfieldSThis, 1),
                plain(O::Sconst1),
                plain(O::Sadd),
                call(O::PutfieldS, 1),
                call(O::GetfieldSThis, 1),
                plain(O::Sreturn),
            ],
        ),
        (
            MethodHeader::new(2, 2, 0),
            vec![
                plain(O::Sload0),
                plain(O::Sload1),
                plain(O::Sdiv),
                plain(O::Sreturn),
                plain(O::Pop),
                plain(O::SconstM1),
                plain(O::Sreturn),
            ],
        ),
    ];
    let mut bytes = Vec::new();
    let mut placed = Vec::new();
    // The catch type of the one handler is a place of 2 bytes too.
    let (mut narrow, mut wide) = (Vec::new(), vec![7u32]);
    for (header, instructions) in bodies {
        let offset = u16::try_from(bytes.len() + 9).unwrap();
        bytes.extend(header.to_bytes());
        let start = bytes.len();
        for instruction in &instructions {
            if let Some(constant) = instruction.constant() {
                let at = u32::try_from(bytes.len() + 9).unwrap() + u32::from(constant.offset);
                match constant.width {
                    1 => narrow.push(at),
                    _ => wide.push(at),
                }
            }
            instruction.write(&mut bytes).unwrap();
        }
        let length = u16::try_from(bytes.len() - start).unwrap();
        placed.push(Placed { offset, header: header.length(), length });
    }
    let divide = placed[4].offset + 2;
    let handler = ExceptionHandler {
        start: divide,
        length: 4,
        stop: true,
        handler: divide + 4,
        catch_type: 12,
    };
    Code {
        block: MethodBlock { handlers: vec![handler], methods: bytes },
        locations: LocationBlock::new(narrow, wide),
        methods: placed,
    }
}

/// Descriptors by first use; offsets count from the first.
#[derive(Default)]
struct Types {
    bytes: Vec<u8>,
    known: Vec<(Vec<u8>, u16)>,
}

impl Types {
    fn add(&mut self, types: &[Type]) -> u16 {
        let bytes = TypeDescriptor { types: types.to_vec() }.to_bytes().unwrap();
        if let Some((_, offset)) = self.known.iter().find(|(known, _)| *known == bytes) {
            return *offset;
        }
        let offset = u16::try_from(self.bytes.len()).unwrap();
        self.bytes.extend(&bytes);
        self.known.push((bytes, offset));
        offset
    }
}

/// Strings by first use.
#[derive(Default)]
struct Strings(Vec<Vec<u8>>);

impl Strings {
    fn add(&mut self, text: &str) -> u16 {
        let known = self.0.iter().position(|known| known == text.as_bytes());
        let index = known.unwrap_or_else(|| {
            self.0.push(text.as_bytes().to_vec());
            self.0.len() - 1
        });
        u16::try_from(index).unwrap()
    }
}

/// Name, descriptor, access and lines (first byte, last byte, number) of a method.
type Said = (&'static str, &'static str, u16, &'static [(u16, u16, u16)]);

fn debug_component(class: ClassRef, interface: ClassRef, code: &Code) -> Debug {
    let mut strings = Strings::default();
    let package = strings.add("demo/counter");
    let source_file = strings.add("Counter.java");
    let object = strings.add("java/lang/Object");
    let shareable = strings.add("javacard/framework/Shareable");
    let next = MethodDebug {
        name: strings.add("next"),
        descriptor: strings.add("()S"),
        access: 0x0401,
        offset: 0,
        header_length: 0,
        code_length: 0,
        variables: Vec::new(),
        lines: Vec::new(),
    };
    let count = ClassDebug {
        name: strings.add("demo/counter/Count"),
        access: 0x0601,
        this: interface,
        superclass: object,
        source_file: strings.add("Count.java"),
        interfaces: vec![shareable],
        fields: Vec::new(),
        methods: vec![next],
    };
    let said: [Said; 5] = [
        ("<init>", "()V", 0x0002, &[(0, 3, 9), (4, 10, 7), (11, 14, 10), (15, 15, 11)]),
        ("install", "([BSB)V", 0x0009, &[(0, 7, 14), (8, 8, 15)]),
        (
            "process",
            "(Ljavacard/framework/APDU;)V",
            0x0001,
            &[
                (0, 6, 18),
                (7, 11, 19),
                (12, 27, 20),
                (28, 37, 22),
                (38, 44, 30),
                (45, 61, 25),
                (62, 68, 28),
            ],
        ),
        ("next", "()S", 0x0001, &[(0, 6, 36), (7, 9, 37)]),
        ("divide", "(SS)S", 0x000A, &[(0, 3, 42), (4, 4, 43), (5, 6, 44)]),
    ];
    let mut methods = Vec::new();
    for ((name, descriptor, access, lines), placed) in said.into_iter().zip(&code.methods) {
        let this = VariableDebug {
            index: 0,
            name: strings.add("this"),
            descriptor: strings.add("Ldemo/counter/Counter;"),
            start: 0,
            length: placed.length,
        };
        let line = |(start, end, line): &(u16, u16, u16)| LineDebug {
            start: *start,
            end: *end,
            line: *line,
        };
        methods.push(MethodDebug {
            name: strings.add(name),
            descriptor: strings.add(descriptor),
            access,
            offset: placed.offset,
            header_length: placed.header,
            code_length: placed.length,
            variables: if access & 8 == 0 { vec![this] } else { Vec::new() },
            lines: lines.iter().map(line).collect(),
        });
    }
    let mut field = |name, descriptor, access, contents| FieldDebug {
        name: strings.add(name),
        descriptor: strings.add(descriptor),
        access,
        contents,
    };
    let fields = vec![
        field("GREETING", "[B", 0x001A, 0),
        field("log", "[B", 0x0002, 0),
        field("value", "S", 0x0002, 1),
    ];
    let counter = ClassDebug {
        name: strings.add("demo/counter/Counter"),
        access: 0x0021,
        this: class,
        superclass: strings.add("javacard/framework/Applet"),
        source_file,
        interfaces: vec![strings.add("demo/counter/Count")],
        fields,
        methods,
    };
    Debug { strings: strings.0, package, classes: vec![count, counter] }
}

fn external(package: u8, class: u8) -> ClassRef {
    ClassRef::External { package, class }
}

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}
