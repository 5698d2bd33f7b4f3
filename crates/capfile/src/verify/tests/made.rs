//! Small packages made for a test: one class with one static method.

use crate::bytes::Cursor;
use crate::cap::{
    CapFile, Class, ClassDescriptor, ClassEntry, ClassRef, Classes, Constant, ConstantPool,
    Descriptor, ExceptionHandler, FormatVersion, Header, Imports, LocationBlock, MethodBlock,
    MethodDescriptor, MethodHeader, MethodPlace, Methods, NamedPackage, PackageInfo,
    ReferenceLocations, StaticFields, Tag, TokenMapping, Type, TypeDescriptor, TypePool, Version,
    access,
};
use crate::instruction::decode_all;

/// A static method and what it uses.
pub(super) struct Made {
    /// Parameters and result.
    pub(super) types: Vec<Type>,
    pub(super) max_stack: u8,
    pub(super) max_locals: u8,
    pub(super) code: Vec<u8>,
    /// Start, length, handler, catch type; from the start of the bytecode.
    pub(super) handlers: Vec<(u16, u16, u16, u16)>,
    /// With the types of fields and methods.
    pub(super) constants: Vec<(Constant, Option<Vec<Type>>)>,
}

/// `java.lang.Object`, of the first import.
pub(super) const OBJECT: ClassRef = ClassRef::External { package: 0, class: 0 };
/// `java.lang.Throwable`.
pub(super) const THROWABLE: ClassRef = ClassRef::External { package: 0, class: 1 };
/// The class itself: after the length of the signature pool.
pub(super) const SELF: ClassRef = ClassRef::Internal(2);

impl Made {
    pub(super) fn new(code: &[u8]) -> Self {
        Self {
            types: vec![Type::Void],
            max_stack: 8,
            max_locals: 8,
            code: code.to_vec(),
            handlers: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// The package; in format 2.3, with int.
    pub(super) fn cap(&self) -> CapFile {
        let aid = |text: &str| text.parse().unwrap();
        let info =
            |text: &str| PackageInfo { version: Version { major: 1, minor: 0 }, aid: aid(text) };
        let words: u8 = self.types[..self.types.len() - 1].iter().map(|part| part.words()).sum();
        let header = MethodHeader::new(self.max_stack, words, self.max_locals);
        let start = u16::try_from(1 + 8 * self.handlers.len()).unwrap();
        let code_start = start + u16::from(header.length());
        let mut methods = header.to_bytes();
        methods.extend(&self.code);
        let later = |at: usize| &self.handlers[at + 1..];
        let handlers: Vec<ExceptionHandler> = self
            .handlers
            .iter()
            .enumerate()
            .map(|(at, (from, length, handler, catch_type))| ExceptionHandler {
                start: code_start + from,
                length: *length,
                stop: !later(at).iter().any(|one| one.0 < from + length && *from < one.0 + one.1),
                handler: code_start + handler,
                catch_type: *catch_type,
            })
            .collect();
        let mut pool = TypePool::default();
        let mut offset = u16::try_from(2 + 2 * self.constants.len()).unwrap();
        let mut add = |pool: &mut TypePool, types: &[Type]| {
            let bytes = TypeDescriptor { types: types.to_vec() }.to_bytes().unwrap();
            let at = offset;
            offset += u16::try_from(bytes.len()).unwrap();
            pool.descriptors.extend(bytes);
            at
        };
        for (_, types) in &self.constants {
            let at = types.as_ref().map_or(0xFFFF, |types| add(&mut pool, types));
            pool.constants.push(at);
        }
        let signature = add(&mut pool, &self.types);
        let method = MethodDescriptor {
            token: 0,
            access: access::PUBLIC | access::STATIC,
            place: MethodPlace::compact(start),
            signature,
            code_length: u16::try_from(self.code.len()).unwrap(),
            handler_count: u16::try_from(handlers.len()).unwrap(),
            first_handler: 0,
        };
        let mut cap = CapFile {
            header: Header {
                version: FormatVersion::V2_3,
                flags: Header::INT,
                file: None,
                packages: vec![NamedPackage { package: info("F00000000001"), name: Vec::new() }],
            },
            directory: None,
            applets: None,
            imports: Imports { packages: vec![info("A0000000620001")] },
            constant_pool: ConstantPool {
                constants: self.constants.iter().map(|(constant, _)| *constant).collect(),
            },
            classes: Classes {
                signature_pool: Vec::new(),
                entries: vec![ClassEntry::Class(Class {
                    flags: 0,
                    superclass: Some(OBJECT),
                    instance_size: 0,
                    first_reference_token: 0xFF,
                    reference_count: 0,
                    public_base: 1,
                    public_methods: Vec::new(),
                    package_base: 0,
                    package_methods: Vec::new(),
                    interfaces: Vec::new(),
                    remote: None,
                    tokens: Some(TokenMapping { mapping: vec![0], inheritable_count: 1 }),
                })],
            },
            methods: Methods::compact(MethodBlock { handlers, methods }),
            static_fields: StaticFields::default(),
            reference_locations: ReferenceLocations::compact(self.locations(code_start)),
            exports: None,
            descriptor: Some(Descriptor::compact(
                vec![ClassDescriptor {
                    token: 0xFF,
                    access: 0,
                    this: SELF,
                    interfaces: Vec::new(),
                    fields: Vec::new(),
                    methods: vec![method],
                }],
                pool,
            )),
            debug: None,
            static_resources: None,
            others: Vec::new(),
        };
        cap.fill_directory().unwrap();
        cap
    }

    fn locations(&self, code_start: u16) -> LocationBlock {
        let part = Tag::Method.part();
        let (mut bytes, mut shorts) = (Vec::new(), Vec::new());
        for (at, handler) in (0u32..).zip(&self.handlers) {
            if handler.3 != 0 {
                shorts.push(at * 8 + 7);
            }
        }
        // Bytecode that is none has no references.
        for located in decode_all(&mut Cursor::new(&part, &self.code)).unwrap_or_default() {
            if let Some(operand) = located.instruction.constant() {
                let at = u32::from(code_start + located.at) + u32::from(operand.offset);
                if operand.width == 1 { bytes.push(at) } else { shorts.push(at) }
            }
        }
        LocationBlock::new(bytes, shorts)
    }
}
