//! What attributes say.

use super::{Attribute, ClassFile, Constant, Member};
use crate::Malformed;
use crate::bytes::Cursor;

/// The body of a method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Words of operand stack.
    pub max_stack: u16,
    /// Words of local variables, parameters included.
    pub max_locals: u16,
    /// Instructions; [`instructions`](super::code::instructions) decodes them.
    pub bytes: Vec<u8>,
    /// Where `bytes` start in the class file.
    pub offset: usize,
    /// Exception handlers, in the order they are tried.
    pub handlers: Vec<Handler>,
    /// Source lines, in the file's order.
    pub lines: Vec<Line>,
    /// Local variables, in the file's order.
    pub variables: Vec<Variable>,
}

/// A handler of exceptions; program counters count bytes from the start of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// First guarded program counter.
    pub start: u16,
    /// First program counter that is guarded no more.
    pub end: u16,
    /// Where the handler begins.
    pub target: u16,
    /// Pool index of the class that is caught, 0 for everything.
    pub catch_type: u16,
}

/// The source line of an instruction and of those that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Program counter.
    pub pc: u16,
    /// Line.
    pub line: u16,
}

/// A local variable of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// First program counter at which it has a value.
    pub start: u16,
    /// Bytes of code in which it has one.
    pub length: u16,
    /// Name.
    pub name: String,
    /// Type.
    pub descriptor: String,
    /// Number of the local.
    pub index: u16,
}

/// A class that is declared inside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerClass {
    /// Pool index of the inner class.
    pub inner: u16,
    /// Pool index of the class around it, 0 where it has none.
    pub outer: u16,
    /// Pool index of its own name, 0 where it has none.
    pub name: u16,
    /// Access flags as the source says them.
    pub access: u16,
}

impl ClassFile {
    /// An attribute by its name.
    pub fn attribute<'a>(&self, attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
        attributes.iter().find(|attribute| {
            matches!(self.pool.entry(attribute.name), Some(Constant::Text(text)) if text == name.as_bytes())
        })
    }

    /// The body of a method.
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn code(&self, method: &Member) -> Result<Option<Code>, Malformed> {
        let Some(attribute) = self.attribute(&method.attributes, "Code") else { return Ok(None) };
        let mut cursor = self.cursor(attribute);
        let max_stack = cursor.u2("stack size")?;
        let max_locals = cursor.u2("number of locals")?;
        let length = cursor.u4("length of the code")?;
        let offset = cursor.offset();
        let bytes = cursor.take(usize::try_from(length).unwrap_or(usize::MAX), "code")?.to_vec();
        let count = cursor.u2("number of exception handlers")?;
        let mut handlers = Vec::new();
        for _ in 0..count {
            handlers.push(Handler {
                start: cursor.u2("start of a handler's range")?,
                end: cursor.u2("end of a handler's range")?,
                target: cursor.u2("start of a handler")?,
                catch_type: cursor.u2("class that a handler catches")?,
            });
        }
        let mut code = Code {
            max_stack,
            max_locals,
            bytes,
            offset,
            handlers,
            lines: Vec::new(),
            variables: Vec::new(),
        };
        for attribute in super::attribute_list(&mut cursor)? {
            match self.pool.entry(attribute.name) {
                Some(Constant::Text(name)) if name == b"LineNumberTable" => {
                    self.lines(&attribute, &mut code)?;
                }
                Some(Constant::Text(name)) if name == b"LocalVariableTable" => {
                    self.variables(&attribute, &mut code)?;
                }
                _ => {}
            }
        }
        cursor.finish()?;
        Ok(Some(code))
    }

    /// Name of the source file, without folders.
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn source_file(&self) -> Result<Option<&str>, Malformed> {
        let Some(attribute) = self.attribute(&self.attributes, "SourceFile") else {
            return Ok(None);
        };
        let index = self.cursor(attribute).u2("name of the source file")?;
        self.text(index).map(Some)
    }

    /// The constant that a field is initialised with by its declaration.
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn constant_value(&self, field: &Member) -> Result<Option<&Constant>, Malformed> {
        let Some(attribute) = self.attribute(&field.attributes, "ConstantValue") else {
            return Ok(None);
        };
        let index = self.cursor(attribute).u2("value of a constant")?;
        Ok(self.pool.entry(index))
    }

    /// Classes of this file's nest, with their access flags.
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn inner_classes(&self) -> Result<Vec<InnerClass>, Malformed> {
        let Some(attribute) = self.attribute(&self.attributes, "InnerClasses") else {
            return Ok(Vec::new());
        };
        let mut cursor = self.cursor(attribute);
        let count = cursor.u2("number of inner classes")?;
        let mut classes = Vec::new();
        for _ in 0..count {
            classes.push(InnerClass {
                inner: cursor.u2("inner class")?,
                outer: cursor.u2("class around an inner class")?,
                name: cursor.u2("name of an inner class")?,
                access: cursor.u2("access flags of an inner class")?,
            });
        }
        Ok(classes)
    }

    /// Class at whose private members this one may look, by its name (from Java 11 on).
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn nest_host(&self) -> Result<Option<&str>, Malformed> {
        let Some(attribute) = self.attribute(&self.attributes, "NestHost") else {
            return Ok(None);
        };
        let index = self.cursor(attribute).u2("host of the nest")?;
        self.pool.class(&self.part, index).map(Some)
    }

    /// Classes a method declares that it throws.
    ///
    /// # Errors
    /// The attribute is malformed.
    pub fn exceptions(&self, method: &Member) -> Result<Vec<&str>, Malformed> {
        let Some(attribute) = self.attribute(&method.attributes, "Exceptions") else {
            return Ok(Vec::new());
        };
        let mut cursor = self.cursor(attribute);
        let count = cursor.u2("number of thrown classes")?;
        (0..count)
            .map(|_| {
                let index = cursor.u2("thrown class")?;
                self.pool.class(&self.part, index)
            })
            .collect()
    }

    fn cursor<'a>(&'a self, attribute: &'a Attribute) -> Cursor<'a> {
        Cursor::starting_at(&self.part, &attribute.info, attribute.offset)
    }

    fn lines(&self, attribute: &Attribute, code: &mut Code) -> Result<(), Malformed> {
        let mut cursor = self.cursor(attribute);
        for _ in 0..cursor.u2("number of lines")? {
            code.lines.push(Line {
                pc: cursor.u2("start of a line")?,
                line: cursor.u2("number of a line")?,
            });
        }
        Ok(())
    }

    fn variables(&self, attribute: &Attribute, code: &mut Code) -> Result<(), Malformed> {
        let mut cursor = self.cursor(attribute);
        for _ in 0..cursor.u2("number of local variables")? {
            let start = cursor.u2("start of a local variable")?;
            let length = cursor.u2("length of a local variable's range")?;
            let name = cursor.u2("name of a local variable")?;
            let descriptor = cursor.u2("type of a local variable")?;
            let index = cursor.u2("number of a local variable")?;
            code.variables.push(Variable {
                start,
                length,
                name: self.text(name)?.to_owned(),
                descriptor: self.text(descriptor)?.to_owned(),
                index,
            });
        }
        Ok(())
    }
}
