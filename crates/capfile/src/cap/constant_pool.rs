//! ConstantPool component (5): the classes, fields and methods that bytecode names.

use super::TooLarge;
use super::frame::{ClassRef, Format, Tag, close, count, open};
use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Problem};

/// The ConstantPool component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConstantPool {
    /// The entries, by index.
    pub constants: Vec<Constant>,
}

/// An entry, 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constant {
    /// A class or interface (tag 1).
    Class {
        /// The class.
        class: ClassRef,
        /// Should be 0.
        padding: u8,
    },
    /// A field of an object (tag 2).
    InstanceField {
        /// The class that declares it.
        class: ClassRef,
        /// Its token there.
        token: u8,
    },
    /// A virtual method (tag 3).
    VirtualMethod {
        /// The class whose table is looked up.
        class: ClassRef,
        /// Its token; from 0x80 on it is visible in its package only.
        token: u8,
    },
    /// A method of a superclass, called by `super` (tag 4).
    SuperMethod {
        /// The class that calls.
        class: ClassRef,
        /// Its token.
        token: u8,
    },
    /// A static field (tag 5).
    StaticField(StaticRef),
    /// A static method, a constructor or a private method (tag 6).
    StaticMethod(StaticRef),
}

/// A static member, here or in an imported package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaticRef {
    /// Of this file.
    Internal {
        /// Of a method in the extended form: its block. Else 0.
        block: u8,
        /// Offset in the static field image, or of the method in its block.
        offset: u16,
    },
    /// Of an imported package.
    External {
        /// Index in the Import component (0 to 127).
        package: u8,
        /// Token of the class there.
        class: u8,
        /// Token of the field or method in the class.
        token: u8,
    },
}

impl StaticRef {
    /// What the three bytes mean.
    pub fn from_raw(raw: [u8; 3]) -> Self {
        match raw {
            [package @ 0x80..=0xFF, class, token] => {
                Self::External { package: package & 0x7F, class, token }
            }
            [block, high, low] => Self::Internal { block, offset: u16::from_be_bytes([high, low]) },
        }
    }

    /// The three bytes.
    pub fn raw(self) -> [u8; 3] {
        match self {
            Self::External { package, class, token } => [0x80 | package, class, token],
            Self::Internal { block, offset } => {
                let [high, low] = offset.to_be_bytes();
                [block, high, low]
            }
        }
    }
}

impl Constant {
    /// The four bytes.
    pub fn raw(self) -> [u8; 4] {
        let classed = |tag, class: ClassRef, token| {
            let [high, low] = class.raw().to_be_bytes();
            [tag, high, low, token]
        };
        let fixed = |tag, member: StaticRef| {
            let [first, second, third] = member.raw();
            [tag, first, second, third]
        };
        match self {
            Self::Class { class, padding } => classed(1, class, padding),
            Self::InstanceField { class, token } => classed(2, class, token),
            Self::VirtualMethod { class, token } => classed(3, class, token),
            Self::SuperMethod { class, token } => classed(4, class, token),
            Self::StaticField(member) => fixed(5, member),
            Self::StaticMethod(member) => fixed(6, member),
        }
    }

    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = from.offset();
        let [tag, high, low, last] = from.array("constant")?;
        let class = ClassRef::from_raw(u16::from_be_bytes([high, low]));
        let member = StaticRef::from_raw([high, low, last]);
        Ok(match tag {
            1 => Self::Class { class, padding: last },
            2 => Self::InstanceField { class, token: last },
            3 => Self::VirtualMethod { class, token: last },
            4 => Self::SuperMethod { class, token: last },
            5 => Self::StaticField(member),
            6 => Self::StaticMethod(member),
            _ => {
                let (found, expected) = (tag.to_string(), "1 to 6".to_owned());
                let problem = Problem::Value { what: "tag of a constant", found, expected };
                return Err(from.wrong_at(at, problem));
            }
        })
    }
}

impl ConstantPool {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no ConstantPool component.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::ConstantPool.part();
        let mut from = open(&part, Tag::ConstantPool, bytes, format)?;
        let constants = from.u2("number of constants")?;
        let constants = from.list(constants, Constant::read)?;
        from.finish()?;
        Ok(Self { constants })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// More constants than a size field can say.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u2(count(Tag::ConstantPool, "number of constants", self.constants.len())?);
        self.constants.iter().for_each(|constant| info.extend(constant.raw()));
        close(Tag::ConstantPool, &info, format)
    }
}
