//! New class files, for stubs that javac compiles against.

use std::collections::HashMap;

use super::{Attribute, ClassFile, Constant, Member, Pool};
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
            let mut info = Vec::new();
            info.u2(0);
            info.u2(argument_words(access, descriptor));
            // `goto` to itself, which needs no stack map at its own target in old versions.
            info.u4(3);
            info.extend([super::op::GOTO, 0, 0]);
            info.u2(0);
            info.u2(0);
            attributes.push(self.attribute("Code", &info));
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

    fn class_constant(&mut self, name: &str) -> u16 {
        let name = self.text(name);
        self.constant(Constant::Class(name))
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
