//! Debug component (12): names, lines and local variables.

use super::TooLarge;
use super::frame::{ClassRef, Format, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The Debug component of the compact form. Names are indices into the strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Debug {
    /// The strings.
    pub strings: Vec<Vec<u8>>,
    /// Name of the package, with slashes.
    pub package: u16,
    /// Its classes.
    pub classes: Vec<ClassDebug>,
}

/// A class or interface. Access flags are those of the class file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDebug {
    /// Its name.
    pub name: u16,
    /// Access flags.
    pub access: u16,
    /// The class in the Class component.
    pub this: ClassRef,
    /// Name of its superclass.
    pub superclass: u16,
    /// Name of its source file.
    pub source_file: u16,
    /// Names of its interfaces.
    pub interfaces: Vec<u16>,
    /// Its fields.
    pub fields: Vec<FieldDebug>,
    /// Its methods.
    pub methods: Vec<MethodDebug>,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDebug {
    /// Its name.
    pub name: u16,
    /// Its descriptor, as in class files.
    pub descriptor: u16,
    /// Access flags.
    pub access: u16,
    /// Token of an instance field, offset in the image of a static field, or the value of a
    /// constant.
    pub contents: u32,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodDebug {
    /// Its name.
    pub name: u16,
    /// Its descriptor, as in class files.
    pub descriptor: u16,
    /// Access flags.
    pub access: u16,
    /// Its offset in the Method component's info.
    pub offset: u16,
    /// Bytes of its header.
    pub header_length: u8,
    /// Bytes of its bytecode.
    pub code_length: u16,
    /// Its local variables.
    pub variables: Vec<VariableDebug>,
    /// Its lines.
    pub lines: Vec<LineDebug>,
}

/// A local variable. Offsets count from the start of the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableDebug {
    /// Its number, in words.
    pub index: u8,
    /// Its name.
    pub name: u16,
    /// Its descriptor.
    pub descriptor: u16,
    /// From where on it has a value.
    pub start: u16,
    /// For how many bytes.
    pub length: u16,
}

/// A line. Offsets count from the start of the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineDebug {
    /// First byte.
    pub start: u16,
    /// Last byte.
    pub end: u16,
    /// Line in the source file.
    pub line: u16,
}

impl Debug {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Debug component of the compact form.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Debug.part();
        let mut from = open(&part, Tag::Debug, bytes, format)?;
        let strings = from.u2("number of strings")?;
        let strings = from.list(strings, |from| {
            let length = from.u2("length of a string")?;
            from.take(length.into(), "string").map(<[u8]>::to_vec)
        })?;
        let package = from.u2("name of the package")?;
        let classes = from.u2("number of classes")?;
        let classes = from.list(classes, ClassDebug::read)?;
        from.finish()?;
        Ok(Self { strings, package, classes })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// Too many of something.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u2(count(Tag::Debug, "number of strings", self.strings.len())?);
        for string in &self.strings {
            info.u2(count(Tag::Debug, "length of a string", string.len())?);
            info.extend(string);
        }
        info.u2(self.package);
        info.u2(count(Tag::Debug, "number of classes", self.classes.len())?);
        self.classes.iter().try_for_each(|class| class.write(&mut info))?;
        close(Tag::Debug, &info, format)
    }

    /// A string, as text; empty if there is none of this index.
    pub fn text(&self, index: u16) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.strings.get(usize::from(index)).map_or(&[], Vec::as_slice))
    }
}

impl ClassDebug {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let name = from.u2("name of a class")?;
        let access = from.u2("access of a class")?;
        let this = ClassRef::read(from, "class")?;
        let superclass = from.u2("name of a superclass")?;
        let source_file = from.u2("name of a source file")?;
        let interfaces = from.u1("number of interfaces")?;
        let fields = from.u2("number of fields")?;
        let methods = from.u2("number of methods")?;
        let interfaces = from.list(interfaces, |from| from.u2("name of an interface"))?;
        let fields = from.list(fields, |from| {
            Ok(FieldDebug {
                name: from.u2("name of a field")?,
                descriptor: from.u2("descriptor of a field")?,
                access: from.u2("access of a field")?,
                contents: from.u4("contents of a field")?,
            })
        })?;
        let methods = from.list(methods, MethodDebug::read)?;
        Ok(Self { name, access, this, superclass, source_file, interfaces, fields, methods })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        to.u2(self.name);
        to.u2(self.access);
        to.u2(self.this.raw());
        to.u2(self.superclass);
        to.u2(self.source_file);
        to.u1(count(Tag::Debug, "number of interfaces", self.interfaces.len())?);
        to.u2(count(Tag::Debug, "number of fields", self.fields.len())?);
        to.u2(count(Tag::Debug, "number of methods", self.methods.len())?);
        self.interfaces.iter().for_each(|interface| to.u2(*interface));
        for field in &self.fields {
            to.u2(field.name);
            to.u2(field.descriptor);
            to.u2(field.access);
            to.u4(field.contents);
        }
        self.methods.iter().try_for_each(|method| method.write(to))
    }
}

impl MethodDebug {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let name = from.u2("name of a method")?;
        let descriptor = from.u2("descriptor of a method")?;
        let access = from.u2("access of a method")?;
        let offset = from.u2("offset of a method")?;
        let header_length = from.u1("length of a method header")?;
        let code_length = from.u2("length of bytecode")?;
        let variables = from.u2("number of variables")?;
        let lines = from.u2("number of lines")?;
        let variables = from.list(variables, |from| {
            Ok(VariableDebug {
                index: from.u1("number of a variable")?,
                name: from.u2("name of a variable")?,
                descriptor: from.u2("descriptor of a variable")?,
                start: from.u2("start of a variable")?,
                length: from.u2("length of a variable")?,
            })
        })?;
        let lines = from.list(lines, |from| {
            Ok(LineDebug {
                start: from.u2("start of a line")?,
                end: from.u2("end of a line")?,
                line: from.u2("number of a line")?,
            })
        })?;
        Ok(Self { name, descriptor, access, offset, header_length, code_length, variables, lines })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        to.u2(self.name);
        to.u2(self.descriptor);
        to.u2(self.access);
        to.u2(self.offset);
        to.u1(self.header_length);
        to.u2(self.code_length);
        to.u2(count(Tag::Debug, "number of variables", self.variables.len())?);
        to.u2(count(Tag::Debug, "number of lines", self.lines.len())?);
        for variable in &self.variables {
            to.u1(variable.index);
            to.u2(variable.name);
            to.u2(variable.descriptor);
            to.u2(variable.start);
            to.u2(variable.length);
        }
        for line in &self.lines {
            to.u2(line.start);
            to.u2(line.end);
            to.u2(line.line);
        }
        Ok(())
    }
}
