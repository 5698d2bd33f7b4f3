//! Descriptor component (11): what the other components leave out and a verifier needs: types,
//! access, extents of methods.

use super::TooLarge;
use super::constant_pool::StaticRef;
use super::frame::{ClassRef, Format, MethodPlace, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The Descriptor component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// One list of classes for each package; the compact form has one.
    pub packages: Vec<Vec<ClassDescriptor>>,
    /// The types.
    pub types: TypePool,
}

/// A class or interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDescriptor {
    /// Its token; 0xFF if it has none.
    pub token: u8,
    /// Access flags, see [`access`].
    pub access: u8,
    /// Itself.
    pub this: ClassRef,
    /// Interfaces that it names: those it implements or extends directly.
    pub interfaces: Vec<ClassRef>,
    /// Its fields.
    pub fields: Vec<FieldDescriptor>,
    /// Its methods.
    pub methods: Vec<MethodDescriptor>,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDescriptor {
    /// Its token; 0xFF if it has none.
    pub token: u8,
    /// Access flags, see [`access`].
    pub access: u8,
    /// Where it is.
    pub place: FieldPlace,
    /// Its type.
    pub field_type: FieldType,
}

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldPlace {
    /// Static: in the static field image.
    Static(StaticRef),
    /// Of objects: its class, and its token there.
    Instance {
        /// The class.
        class: ClassRef,
        /// The token.
        token: u8,
    },
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A primitive type: 2 boolean, 3 byte, 4 short, 5 int (15 bits).
    Primitive(u16),
    /// A reference: offset of its descriptor in the type pool.
    Reference(u16),
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodDescriptor {
    /// Its token; 0xFF if it has none.
    pub token: u8,
    /// Access flags, see [`access`].
    pub access: u8,
    /// Where it is; 0 for methods of interfaces.
    pub place: MethodPlace,
    /// Offset of its descriptor in the type pool.
    pub signature: u16,
    /// Bytes of its bytecode.
    pub code_length: u16,
    /// Its exception handlers.
    pub handler_count: u16,
    /// The first of them, by index in its block.
    pub first_handler: u16,
}

/// Access flags of classes, fields and methods.
pub mod access {
    /// Visible everywhere.
    pub const PUBLIC: u8 = 0x01;
    /// Visible in its class only.
    pub const PRIVATE: u8 = 0x02;
    /// Visible in its package and in subclasses.
    pub const PROTECTED: u8 = 0x04;
    /// Of the class, not of objects.
    pub const STATIC: u8 = 0x08;
    /// Not to be changed.
    pub const FINAL: u8 = 0x10;
    /// A class that is an interface.
    pub const INTERFACE: u8 = 0x40;
    /// A method without code.
    pub const ABSTRACT_METHOD: u8 = 0x40;
    /// A class of which there are no objects.
    pub const ABSTRACT_CLASS: u8 = 0x80;
    /// A constructor.
    pub const INIT: u8 = 0x80;
}

/// All types that are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypePool {
    /// By constant pool index: offset of the type of a field or method; 0xFFFF for classes.
    pub constants: Vec<u16>,
    /// The descriptors, back to back. Offsets elsewhere count from the start of this structure,
    /// which is [`TypePool::start`] bytes before.
    pub descriptors: Vec<u8>,
}

impl TypePool {
    /// Offset of the first descriptor.
    pub fn start(&self) -> usize {
        self.constants.len().saturating_mul(2).saturating_add(2)
    }

    /// The nibbles of the descriptor at an offset; None if there is none.
    pub fn nibbles(&self, offset: u16) -> Option<Vec<u8>> {
        let start = usize::from(offset).checked_sub(self.start())?;
        nibbles(self.descriptors.get(start..)?)
    }

    /// The descriptor at an offset; None if there is none.
    pub fn descriptor(&self, offset: u16) -> Option<super::TypeDescriptor> {
        super::TypeDescriptor::from_nibbles(&self.nibbles(offset)?)
    }
}

/// Nibbles of a descriptor whose length stands first.
pub fn nibbles(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first()?;
    let bytes = rest.get(..usize::from(length.div_ceil(2)))?;
    let all = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Some(all.take((*length).into()).collect())
}

impl Descriptor {
    /// Of the compact form.
    pub fn compact(classes: Vec<ClassDescriptor>, types: TypePool) -> Self {
        Self { packages: vec![classes], types }
    }

    /// All classes of all packages.
    pub fn classes(&self) -> impl Iterator<Item = &ClassDescriptor> {
        self.packages.iter().flatten()
    }

    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Descriptor component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Descriptor.part();
        let mut from = open(&part, Tag::Descriptor, bytes, format)?;
        let packages = if format.extended { from.u1("number of packages")? } else { 1 };
        let packages = from.list(packages, |from| {
            let classes = from.u1("number of classes")?;
            from.list(classes, |from| ClassDescriptor::read(from, format))
        })?;
        let constants = from.u2("number of constants")?;
        let constants = from.list(constants, |from| from.u2("type of a constant"))?;
        let types = TypePool { constants, descriptors: from.rest().to_vec() };
        Ok(Self { packages, types })
    }

    /// The bytes of the component. The compact form has its first package only.
    ///
    /// # Errors
    /// Too many of something.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        let none = [Vec::new()];
        let packages = if format.extended {
            info.u1(count(Tag::Descriptor, "number of packages", self.packages.len())?);
            self.packages.as_slice()
        } else {
            self.packages.get(..1).unwrap_or(&none)
        };
        for classes in packages {
            info.u1(count(Tag::Descriptor, "number of classes", classes.len())?);
            classes.iter().try_for_each(|class| class.write(&mut info, format))?;
        }
        let constants = &self.types.constants;
        info.u2(count(Tag::Descriptor, "number of constants", constants.len())?);
        constants.iter().for_each(|offset| info.u2(*offset));
        info.extend(&self.types.descriptors);
        close(Tag::Descriptor, &info, format)
    }
}

impl ClassDescriptor {
    fn read(from: &mut Cursor<'_>, format: Format) -> Result<Self, Malformed> {
        let token = from.u1("token of a class")?;
        let access = from.u1("access of a class")?;
        let this = ClassRef::read(from, "class")?;
        let interfaces = from.u1("number of interfaces")?;
        let fields = from.u2("number of fields")?;
        let methods = from.u2("number of methods")?;
        let interfaces = from.list(interfaces, |from| ClassRef::read(from, "interface"))?;
        let fields = from.list(fields, FieldDescriptor::read)?;
        let methods = from.list(methods, |from| MethodDescriptor::read(from, format))?;
        Ok(Self { token, access, this, interfaces, fields, methods })
    }

    fn write(&self, to: &mut Vec<u8>, format: Format) -> Result<(), TooLarge> {
        to.extend([self.token, self.access]);
        self.this.write(to);
        to.u1(count(Tag::Descriptor, "number of interfaces", self.interfaces.len())?);
        to.u2(count(Tag::Descriptor, "number of fields", self.fields.len())?);
        to.u2(count(Tag::Descriptor, "number of methods", self.methods.len())?);
        self.interfaces.iter().for_each(|interface| interface.write(to));
        self.fields.iter().for_each(|field| field.write(to));
        self.methods.iter().for_each(|method| method.write(to, format));
        Ok(())
    }
}

impl FieldDescriptor {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let token = from.u1("token of a field")?;
        let access = from.u1("access of a field")?;
        let place = from.array("place of a field")?;
        let place = if access & self::access::STATIC == 0 {
            let [high, low, token] = place;
            let class = ClassRef::from_raw(u16::from_be_bytes([high, low]));
            FieldPlace::Instance { class, token }
        } else {
            FieldPlace::Static(StaticRef::from_raw(place))
        };
        let raw = from.u2("type of a field")?;
        let field_type = match raw & 0x8000 {
            0 => FieldType::Reference(raw),
            _ => FieldType::Primitive(raw & 0x7FFF),
        };
        Ok(Self { token, access, place, field_type })
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend([self.token, self.access]);
        match self.place {
            FieldPlace::Static(place) => to.extend(place.raw()),
            FieldPlace::Instance { class, token } => {
                class.write(to);
                to.u1(token);
            }
        }
        to.u2(match self.field_type {
            FieldType::Reference(offset) => offset,
            FieldType::Primitive(primitive) => primitive | 0x8000,
        });
    }
}

impl MethodDescriptor {
    fn read(from: &mut Cursor<'_>, format: Format) -> Result<Self, Malformed> {
        Ok(Self {
            token: from.u1("token of a method")?,
            access: from.u1("access of a method")?,
            place: MethodPlace::read(from, format)?,
            signature: from.u2("type of a method")?,
            code_length: from.u2("length of bytecode")?,
            handler_count: from.u2("number of handlers")?,
            first_handler: from.u2("first handler")?,
        })
    }

    fn write(&self, to: &mut Vec<u8>, format: Format) {
        to.extend([self.token, self.access]);
        self.place.write(to, format);
        to.u2(self.signature);
        to.u2(self.code_length);
        to.u2(self.handler_count);
        to.u2(self.first_handler);
    }
}
