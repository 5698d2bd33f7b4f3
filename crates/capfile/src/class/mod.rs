//! Class files: the shape javac writes and the shape stubs for javac take.
//!
//! [`ClassFile`] is the file as tables: constant pool, members, attributes as bytes; reading and
//! writing again gives the same bytes. What an attribute says is read when it is asked for:
//! [`ClassFile::code`] with its handlers, lines and local variables, constants, inner classes.
//! [`instructions`](code::instructions) decodes a method's bytes. [`Builder`] makes new class
//! files.

pub mod access;
mod attributes;
mod build;
pub mod code;
pub mod op;
mod pool;

pub use attributes::{Code, Handler, InnerClass, Line, Variable};
pub use build::{Builder, Value};
pub use pool::{Constant, Pool, Reference};

use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Part, Problem};

/// Major versions that are read, from Java 1.1 to Java 21.
pub const MAJORS: std::ops::RangeInclusive<u16> = 45..=65;

const MAGIC: u32 = 0xCAFE_BABE;

/// A class file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFile {
    /// What the file is called in errors.
    pub part: Part,
    /// Minor version.
    pub minor: u16,
    /// Major version: 52 is Java 8.
    pub major: u16,
    /// Constant pool.
    pub pool: Pool,
    /// Access flags, see [`access`].
    pub access: u16,
    /// Pool index of this class.
    pub this_class: u16,
    /// Pool index of the superclass, 0 for `java/lang/Object`.
    pub super_class: u16,
    /// Pool indexes of the interfaces.
    pub interfaces: Vec<u16>,
    /// Fields, in the file's order.
    pub fields: Vec<Member>,
    /// Methods, in the file's order.
    pub methods: Vec<Member>,
    /// Attributes of the class.
    pub attributes: Vec<Attribute>,
}

/// A field or a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Access flags, see [`access`].
    pub access: u16,
    /// Pool index of the name.
    pub name: u16,
    /// Pool index of the descriptor.
    pub descriptor: u16,
    /// Attributes.
    pub attributes: Vec<Attribute>,
}

/// An attribute, not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Pool index of the name.
    pub name: u16,
    /// What it holds.
    pub info: Vec<u8>,
    /// Where `info` starts in the file that was read, in bytes.
    pub offset: usize,
}

impl ClassFile {
    /// Reads a class file. `name` is what errors call it.
    ///
    /// # Errors
    /// The bytes are not a class file of a version in [`MAJORS`].
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Malformed> {
        let part = Part::ClassFile(name.to_owned());
        let mut cursor = Cursor::new(&part, bytes);
        let magic = cursor.u4("magic number")?;
        if magic != MAGIC {
            return Err(cursor.wrong_at(
                0,
                Problem::Value {
                    what: "magic number",
                    found: format!("{magic:08X}"),
                    expected: format!("{MAGIC:08X}, the start of a class file"),
                },
            ));
        }
        let minor = cursor.u2("minor version")?;
        let major = cursor.u2("major version")?;
        if !MAJORS.contains(&major) {
            return Err(cursor.wrong_at(
                6,
                Problem::Value {
                    what: "major version",
                    found: major.to_string(),
                    expected: format!("{} to {}", MAJORS.start(), MAJORS.end()),
                },
            ));
        }
        let pool = Pool::read(&mut cursor)?;
        let access = cursor.u2("access flags")?;
        let this_class = cursor.u2("this class")?;
        let super_class = cursor.u2("superclass")?;
        let count = cursor.u2("number of interfaces")?;
        let interfaces =
            (0..count).map(|_| cursor.u2("interface")).collect::<Result<Vec<_>, _>>()?;
        let fields = members(&mut cursor, "number of fields")?;
        let methods = members(&mut cursor, "number of methods")?;
        let attributes = attribute_list(&mut cursor)?;
        cursor.finish()?;
        Ok(Self {
            part,
            minor,
            major,
            pool,
            access,
            this_class,
            super_class,
            interfaces,
            fields,
            methods,
            attributes,
        })
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.u4(MAGIC);
        out.u2(self.minor);
        out.u2(self.major);
        self.pool.write(&mut out);
        out.u2(self.access);
        out.u2(self.this_class);
        out.u2(self.super_class);
        out.u2(count(&self.interfaces));
        for interface in &self.interfaces {
            out.u2(*interface);
        }
        for members in [&self.fields, &self.methods] {
            out.u2(count(members));
            for member in members {
                out.u2(member.access);
                out.u2(member.name);
                out.u2(member.descriptor);
                write_attributes(&member.attributes, &mut out);
            }
        }
        write_attributes(&self.attributes, &mut out);
        out
    }

    /// Name of this class, with `/`.
    ///
    /// # Errors
    /// The pool has no class there.
    pub fn name(&self) -> Result<&str, Malformed> {
        self.pool.class(&self.part, self.this_class)
    }

    /// Name of the superclass, with `/`.
    ///
    /// # Errors
    /// The pool has no class there.
    pub fn super_name(&self) -> Result<Option<&str>, Malformed> {
        match self.super_class {
            0 => Ok(None),
            index => self.pool.class(&self.part, index).map(Some),
        }
    }

    /// A text of the pool.
    ///
    /// # Errors
    /// The pool has none there.
    pub fn text(&self, index: u16) -> Result<&str, Malformed> {
        self.pool.text(&self.part, index)
    }
}

fn members(cursor: &mut Cursor<'_>, what: &'static str) -> Result<Vec<Member>, Malformed> {
    let count = cursor.u2(what)?;
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(Member {
            access: cursor.u2("access flags of a member")?,
            name: cursor.u2("name of a member")?,
            descriptor: cursor.u2("descriptor of a member")?,
            attributes: attribute_list(cursor)?,
        });
    }
    Ok(members)
}

fn attribute_list(cursor: &mut Cursor<'_>) -> Result<Vec<Attribute>, Malformed> {
    let count = cursor.u2("number of attributes")?;
    let mut attributes = Vec::new();
    for _ in 0..count {
        let name = cursor.u2("name of an attribute")?;
        let length = cursor.u4("length of an attribute")?;
        let offset = cursor.offset();
        let info = cursor.take(usize::try_from(length).unwrap_or(usize::MAX), "attribute")?;
        attributes.push(Attribute { name, info: info.to_vec(), offset });
    }
    Ok(attributes)
}

fn write_attributes(attributes: &[Attribute], out: &mut Vec<u8>) {
    out.u2(count(attributes));
    for attribute in attributes {
        out.u2(attribute.name);
        out.u4(u32::try_from(attribute.info.len()).unwrap_or(u32::MAX));
        out.extend_from_slice(&attribute.info);
    }
}

/// Tables of a class file that was read or built never have more than 65535 rows.
fn count<T>(rows: &[T]) -> u16 {
    u16::try_from(rows.len()).unwrap_or(u16::MAX)
}
