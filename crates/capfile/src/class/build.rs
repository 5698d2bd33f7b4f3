//! New class files: stubs that javac compiles against, and classes with code.

use std::collections::HashMap;

use super::{Attribute, ClassFile, Code, Constant, Member, Pool, Reference};
use crate::bytes::Sink;
use crate::{Malformed, Part, Problem};

/// Makes a class file. Members come out in the order they went in.
#[derive(Clone, Debug)]
pub struct Builder {
    class: ClassFile,
    known: HashMap<Constant, u16>,
    is_full: bool,
}

/// Value of a constant field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `boolean`, `byte`, `char`, `short` or `int`.
    Integer(i32),
    /// `String`.
    Text(String),
}

impl Builder {
    /// Begins a class file of a major version; names have `/`.
    pub fn new(major: u16, access: u16, name: &str, superclass: Option<&str>) -> Self {
        let mut builder = Self {
            class: ClassFile {
                part: Part::ClassFile(name.to_owned()),
                minor: 0,
                major,
                pool: Pool::default(),
                access,
                this_class: 0,
                super_class: 0,
                interfaces: Vec::new(),
                fields: Vec::new(),
                methods: Vec::new(),
                attributes: Vec::new(),
            },
            known: HashMap::new(),
            is_full: false,
        };
        builder.class.this_class = builder.class_constant(name);
        if let Some(superclass) = superclass {
            builder.class.super_class = builder.class_constant(superclass);
        }
        builder
    }

    /// Adds an interface.
    pub fn interface(&mut self, name: &str) {
        let index = self.class_constant(name);
        self.class.interfaces.push(index);
    }

    /// Adds a field.
    pub fn field(&mut self, access: u16, name: &str, descriptor: &str, value: Option<&Value>) {
        let mut attributes = Vec::new();
        if let Some(value) = value {
            let index = match value {
                Value::Integer(value) => self.constant(Constant::Integer(*value)),
                Value::Text(text) => {
                    let text = self.text(text);
                    self.constant(Constant::String(text))
                }
            };
            attributes.push(self.attribute("ConstantValue", &index.to_be_bytes()));
        }
        let member = self.member(access, name, descriptor, attributes);
        self.class.fields.push(member);
    }

    /// Adds a method. One that is neither abstract nor native gets a body that endlessly loops:
    /// javac looks at signatures only, and nobody runs it.
    pub fn method(&mut self, access: u16, name: &str, descriptor: &str, throws: &[&str]) {
        let mut attributes = Vec::new();
        if access & (super::access::ABSTRACT | super::access::NATIVE) == 0 {
            // `goto` to itself, which needs no stack map at its own target in old versions.
            let code = Code {
                max_stack: 0,
                max_locals: argument_words(access, descriptor),
                bytes: vec![super::op::GOTO, 0, 0],
                ..Code::default()
            };
            attributes.push(self.code_attribute(&code));
        }
        if !throws.is_empty() {
            let mut info = Vec::new();
            info.u2(super::count(throws));
            for class in throws {
                info.u2(self.class_constant(class));
            }
            attributes.push(self.attribute("Exceptions", &info));
        }
        let member = self.member(access, name, descriptor, attributes);
        self.class.methods.push(member);
    }

    /// Adds a method with its code, which may be of any length that a class file can hold. No stack
    /// map is made: virtual machines take such code up to version 49.
    pub fn method_with_code(&mut self, access: u16, name: &str, descriptor: &str, code: &Code) {
        let attributes = vec![self.code_attribute(code)];
        let member = self.member(access, name, descriptor, attributes);
        self.class.methods.push(member);
    }

    /// Pool index of a class, for code.
    pub fn class_constant(&mut self, name: &str) -> u16 {
        let name = self.text(name);
        self.constant(Constant::Class(name))
    }

    /// Pool index of a field, for code.
    pub fn field_constant(&mut self, field: Reference<'_>) -> u16 {
        let (class, name) = self.reference(field);
        self.constant(Constant::Field(class, name))
    }

    /// Pool index of a method of a class, for code.
    pub fn method_constant(&mut self, method: Reference<'_>) -> u16 {
        let (class, name) = self.reference(method);
        self.constant(Constant::Method(class, name))
    }

    /// Pool index of a method of an interface, for code.
    pub fn interface_method_constant(&mut self, method: Reference<'_>) -> u16 {
        let (class, name) = self.reference(method);
        self.constant(Constant::InterfaceMethod(class, name))
    }

    /// Says which classes are inside which: inner class, class around it, own name, access flags.
    pub fn inner_classes(&mut self, classes: &[(&str, &str, &str, u16)]) {
        let mut info = Vec::new();
        info.u2(super::count(classes));
        for (inner, outer, name, access) in classes {
            info.u2(self.class_constant(inner));
            info.u2(self.class_constant(outer));
            info.u2(self.text(name));
            info.u2(*access);
        }
        let attribute = self.attribute("InnerClasses", &info);
        self.class.attributes.push(attribute);
    }

    /// The class file.
    ///
    /// # Errors
    /// More constants are needed than a pool holds.
    pub fn finish(self) -> Result<ClassFile, Malformed> {
        if self.is_full {
            return Err(Malformed {
                part: self.class.part,
                offset: 8,
                problem: Problem::Value {
                    what: "size of the constant pool",
                    found: "more than 65534 constants".to_owned(),
                    expected: "at most 65534".to_owned(),
                },
            });
        }
        Ok(self.class)
    }

    fn member(
        &mut self,
        access: u16,
        name: &str,
        descriptor: &str,
        attributes: Vec<Attribute>,
    ) -> Member {
        Member { access, name: self.text(name), descriptor: self.text(descriptor), attributes }
    }

    fn attribute(&mut self, name: &str, info: &[u8]) -> Attribute {
        Attribute { name: self.text(name), info: info.to_vec(), offset: 0 }
    }

    fn code_attribute(&mut self, code: &Code) -> Attribute {
        let mut info = Vec::new();
        info.u2(code.max_stack);
        info.u2(code.max_locals);
        info.u4(u32::try_from(code.bytes.len()).unwrap_or(u32::MAX));
        info.extend_from_slice(&code.bytes);
        info.u2(super::count(&code.handlers));
        for handler in &code.handlers {
            info.u2(handler.start);
            info.u2(handler.end);
            info.u2(handler.target);
            info.u2(handler.catch_type);
        }
        let mut tables = Vec::new();
        if !code.lines.is_empty() {
            let mut rows = Vec::new();
            rows.u2(super::count(&code.lines));
            for line in &code.lines {
                rows.u2(line.pc);
                rows.u2(line.line);
            }
            tables.push(self.attribute("LineNumberTable", &rows));
        }
        if !code.variables.is_empty() {
            let mut rows = Vec::new();
            rows.u2(super::count(&code.variables));
            for variable in &code.variables {
                rows.u2(variable.start);
                rows.u2(variable.length);
                rows.u2(self.text(&variable.name));
                rows.u2(self.text(&variable.descriptor));
                rows.u2(variable.index);
            }
            tables.push(self.attribute("LocalVariableTable", &rows));
        }
        super::write_attributes(&tables, &mut info);
        self.attribute("Code", &info)
    }

    fn reference(&mut self, member: Reference<'_>) -> (u16, u16) {
        let class = self.class_constant(member.class);
        let name = self.text(member.name);
        let descriptor = self.text(member.descriptor);
        (class, self.constant(Constant::NameAndType(name, descriptor)))
    }

    fn text(&mut self, text: &str) -> u16 {
        self.constant(Constant::Text(text.as_bytes().to_vec()))
    }

    fn constant(&mut self, constant: Constant) -> u16 {
        if let Some(index) = self.known.get(&constant) {
            return *index;
        }
        let Some(index) = self.class.pool.push(constant.clone()) else {
            self.is_full = true;
            return 0;
        };
        self.known.insert(constant, index);
        index
    }
}

/// Words that the arguments of a method take, the object included.
fn argument_words(access: u16, descriptor: &str) -> u16 {
    let mut words = u16::from(access & super::access::STATIC == 0);
    let mut rest = descriptor.bytes().skip(1);
    while let Some(byte) = rest.next() {
        let mut byte = byte;
        if byte == b')' {
            break;
        }
        let is_array = byte == b'[';
        while byte == b'[' {
            byte = rest.next().unwrap_or(b')');
        }
        if byte == b'L' {
            rest.by_ref().find(|byte| *byte == b';');
        }
        let is_wide = !is_array && matches!(byte, b'J' | b'D');
        words = words.saturating_add(if is_wide { 2 } else { 1 });
    }
    words
}
