//! The constant pool.

use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Part, Problem};

/// A constant pool; index 0 holds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    entries: Vec<Constant>,
    /// Where each entry stood in the file, in bytes.
    offsets: Vec<usize>,
}

/// An entry of the pool; numbers are pool indexes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// Nothing: index 0 and the second index of a long or a double.
    Unusable,
    /// Text, in the class file's own UTF-8.
    Text(Vec<u8>),
    /// An `int`.
    Integer(i32),
    /// A `float`, as its bits.
    Float(u32),
    /// A `long`.
    Long(i64),
    /// A `double`, as its bits.
    Double(u64),
    /// A class, by the index of its name.
    Class(u16),
    /// A string, by the index of its text.
    String(u16),
    /// A field: class, name and type.
    Field(u16, u16),
    /// A method of a class: class, name and type.
    Method(u16, u16),
    /// A method of an interface: class, name and type.
    InterfaceMethod(u16, u16),
    /// A name and a descriptor.
    NameAndType(u16, u16),
    /// A method handle: kind, member.
    MethodHandle(u8, u16),
    /// A method type, by its descriptor.
    MethodType(u16),
    /// A constant that is computed: bootstrap method, name and type.
    Dynamic(u16, u16),
    /// A call that is linked when it is run: bootstrap method, name and type.
    InvokeDynamic(u16, u16),
    /// A module, by its name.
    Module(u16),
    /// A package, by its name.
    Package(u16),
}

/// A field or method that code refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// Class that is named, with `/`; the member may be inherited.
    pub class: &'a str,
    /// Name of the member.
    pub name: &'a str,
    /// Its descriptor.
    pub descriptor: &'a str,
}

impl Pool {
    /// Reads a pool.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let count = cursor.u2("size of the constant pool")?;
        let mut pool = Self { entries: vec![Constant::Unusable], offsets: vec![cursor.offset()] };
        while pool.entries.len() < usize::from(count) {
            pool.offsets.push(cursor.offset());
            let constant = constant(cursor)?;
            let is_wide = matches!(constant, Constant::Long(_) | Constant::Double(_));
            pool.entries.push(constant);
            if is_wide {
                pool.offsets.push(cursor.offset());
                pool.entries.push(Constant::Unusable);
            }
        }
        Ok(pool)
    }

    /// Writes a pool.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.u2(super::count(&self.entries).max(1));
        for entry in &self.entries {
            write_constant(entry, out);
        }
    }

    /// All entries, index 0 included.
    pub fn entries(&self) -> &[Constant] {
        &self.entries
    }

    /// An entry.
    pub fn entry(&self, index: u16) -> Option<&Constant> {
        self.entries.get(usize::from(index))
    }

    /// Adds an entry at the end and says its index; `None` when the pool is full.
    pub(super) fn push(&mut self, constant: Constant) -> Option<u16> {
        if self.entries.is_empty() {
            self.entries.push(Constant::Unusable);
            self.offsets.push(0);
        }
        let index = u16::try_from(self.entries.len()).ok().filter(|index| *index < u16::MAX)?;
        self.entries.push(constant);
        self.offsets.push(0);
        Some(index)
    }

    /// A text.
    ///
    /// # Errors
    /// There is none, or it is not plain UTF-8.
    pub fn text(&self, part: &Part, index: u16) -> Result<&str, Malformed> {
        match self.entry(index) {
            Some(Constant::Text(bytes)) => std::str::from_utf8(bytes)
                .map_err(|_| self.wrong(part, index, "a name in plain UTF-8")),
            _ => Err(self.wrong(part, index, "a text")),
        }
    }

    /// Name of a class.
    ///
    /// # Errors
    /// There is no class at that index.
    pub fn class(&self, part: &Part, index: u16) -> Result<&str, Malformed> {
        match self.entry(index) {
            Some(Constant::Class(name)) => self.text(part, *name),
            _ => Err(self.wrong(part, index, "a class")),
        }
    }

    /// A name and a descriptor.
    ///
    /// # Errors
    /// There are none at that index.
    pub fn name_and_type(&self, part: &Part, index: u16) -> Result<(&str, &str), Malformed> {
        match self.entry(index) {
            Some(Constant::NameAndType(name, descriptor)) => {
                Ok((self.text(part, *name)?, self.text(part, *descriptor)?))
            }
            _ => Err(self.wrong(part, index, "a name with a type")),
        }
    }

    /// A field.
    ///
    /// # Errors
    /// There is none at that index.
    pub fn field(&self, part: &Part, index: u16) -> Result<Reference<'_>, Malformed> {
        match self.entry(index) {
            Some(Constant::Field(class, member)) => self.reference(part, *class, *member),
            _ => Err(self.wrong(part, index, "a field")),
        }
    }

    /// A method of a class or of an interface.
    ///
    /// # Errors
    /// There is none at that index.
    pub fn method(&self, part: &Part, index: u16) -> Result<Reference<'_>, Malformed> {
        match self.entry(index) {
            Some(Constant::Method(class, member) | Constant::InterfaceMethod(class, member)) => {
                self.reference(part, *class, *member)
            }
            _ => Err(self.wrong(part, index, "a method")),
        }
    }

    fn reference(&self, part: &Part, class: u16, member: u16) -> Result<Reference<'_>, Malformed> {
        let (name, descriptor) = self.name_and_type(part, member)?;
        Ok(Reference { class: self.class(part, class)?, name, descriptor })
    }

    fn wrong(&self, part: &Part, index: u16, expected: &str) -> Malformed {
        let found = match self.entry(index) {
            None => format!("index {index}, beyond the pool's end"),
            Some(constant) => format!("index {index}, {}", constant.kind()),
        };
        Malformed {
            part: part.clone(),
            offset: self.offsets.get(usize::from(index)).copied().unwrap_or(8),
            problem: Problem::Value {
                what: "constant that is referred to",
                found,
                expected: expected.to_owned(),
            },
        }
    }
}

impl Constant {
    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unusable => "which holds nothing",
            Self::Text(_) => "a text",
            Self::Integer(_) => "an int",
            Self::Float(_) => "a float",
            Self::Long(_) => "a long",
            Self::Double(_) => "a double",
            Self::Class(_) => "a class",
            Self::String(_) => "a string",
            Self::Field(..) => "a field",
            Self::Method(..) => "a method",
            Self::InterfaceMethod(..) => "an interface method",
            Self::NameAndType(..) => "a name with a type",
            Self::MethodHandle(..) => "a method handle",
            Self::MethodType(_) => "a method type",
            Self::Dynamic(..) => "a computed constant",
            Self::InvokeDynamic(..) => "a dynamic call",
            Self::Module(_) => "a module",
            Self::Package(_) => "a package",
        }
    }
}

fn constant(cursor: &mut Cursor<'_>) -> Result<Constant, Malformed> {
    const INDEX: &str = "index in a constant";
    let offset = cursor.offset();
    let tag = cursor.u1("tag of a constant")?;
    Ok(match tag {
        1 => {
            let length = cursor.u2("length of a text")?;
            Constant::Text(cursor.take(usize::from(length), "text")?.to_vec())
        }
        3 => Constant::Integer(i32::from_be_bytes(cursor.array("int constant")?)),
        4 => Constant::Float(cursor.u4("float constant")?),
        5 => Constant::Long(i64::from_be_bytes(cursor.array("long constant")?)),
        6 => Constant::Double(u64::from_be_bytes(cursor.array("double constant")?)),
        7 => Constant::Class(cursor.u2(INDEX)?),
        8 => Constant::String(cursor.u2(INDEX)?),
        9 => Constant::Field(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        10 => Constant::Method(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        11 => Constant::InterfaceMethod(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        12 => Constant::NameAndType(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        15 => Constant::MethodHandle(cursor.u1("kind of a method handle")?, cursor.u2(INDEX)?),
        16 => Constant::MethodType(cursor.u2(INDEX)?),
        17 => Constant::Dynamic(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        18 => Constant::InvokeDynamic(cursor.u2(INDEX)?, cursor.u2(INDEX)?),
        19 => Constant::Module(cursor.u2(INDEX)?),
        20 => Constant::Package(cursor.u2(INDEX)?),
        _ => {
            return Err(cursor.wrong_at(
                offset,
                Problem::Value {
                    what: "tag of a constant",
                    found: tag.to_string(),
                    expected: "1, 3 to 12 or 15 to 20".to_owned(),
                },
            ));
        }
    })
}

fn write_constant(constant: &Constant, out: &mut Vec<u8>) {
    let mut tagged = |tag: u8, indexes: &[u16]| {
        out.u1(tag);
        for index in indexes {
            out.u2(*index);
        }
    };
    match constant {
        Constant::Unusable => {}
        Constant::Text(bytes) => {
            tagged(1, &[super::count(bytes)]);
            out.extend_from_slice(bytes);
        }
        Constant::Integer(value) => {
            tagged(3, &[]);
            out.extend(value.to_be_bytes());
        }
        Constant::Float(bits) => {
            tagged(4, &[]);
            out.u4(*bits);
        }
        Constant::Long(value) => {
            tagged(5, &[]);
            out.extend(value.to_be_bytes());
        }
        Constant::Double(bits) => {
            tagged(6, &[]);
            out.extend(bits.to_be_bytes());
        }
        Constant::Class(name) => tagged(7, &[*name]),
        Constant::String(text) => tagged(8, &[*text]),
        Constant::Field(class, member) => tagged(9, &[*class, *member]),
        Constant::Method(class, member) => tagged(10, &[*class, *member]),
        Constant::InterfaceMethod(class, member) => tagged(11, &[*class, *member]),
        Constant::NameAndType(name, descriptor) => tagged(12, &[*name, *descriptor]),
        Constant::MethodHandle(kind, member) => {
            tagged(15, &[]);
            out.u1(*kind);
            out.u2(*member);
        }
        Constant::MethodType(descriptor) => tagged(16, &[*descriptor]),
        Constant::Dynamic(bootstrap, member) => tagged(17, &[*bootstrap, *member]),
        Constant::InvokeDynamic(bootstrap, member) => tagged(18, &[*bootstrap, *member]),
        Constant::Module(name) => tagged(19, &[*name]),
        Constant::Package(name) => tagged(20, &[*name]),
    }
}
