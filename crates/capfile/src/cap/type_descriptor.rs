//! Types of fields and methods, as nibbles.

use std::fmt;

use super::frame::ClassRef;

/// A type, one nibble (and a class).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Nothing is returned.
    Void,
    /// true or false.
    Boolean,
    /// 8 bits.
    Byte,
    /// 16 bits.
    Short,
    /// 32 bits.
    Int,
    /// An object of a class or interface.
    Object(ClassRef),
    /// boolean[]
    BooleanArray,
    /// byte[]
    ByteArray,
    /// short[]
    ShortArray,
    /// int[]
    IntArray,
    /// Objects of a class or interface.
    ObjectArray(ClassRef),
}

impl Type {
    /// Words (16 bits) of it on the stack.
    pub fn words(self) -> u8 {
        match self {
            Self::Void => 0,
            Self::Int => 2,
            _ => 1,
        }
    }

    /// Whether it is an object or an array.
    pub fn is_reference(self) -> bool {
        !matches!(self, Self::Void | Self::Boolean | Self::Byte | Self::Short | Self::Int)
    }

    fn read(nibbles: &mut dyn Iterator<Item = u8>) -> Option<Self> {
        let class = |nibbles: &mut dyn Iterator<Item = u8>| {
            let raw = (0..4).try_fold(0u16, |raw, _| Some(raw << 4 | u16::from(nibbles.next()?)));
            raw.map(ClassRef::from_raw)
        };
        Some(match nibbles.next()? {
            1 => Self::Void,
            2 => Self::Boolean,
            3 => Self::Byte,
            4 => Self::Short,
            5 => Self::Int,
            6 => Self::Object(class(nibbles)?),
            10 => Self::BooleanArray,
            11 => Self::ByteArray,
            12 => Self::ShortArray,
            13 => Self::IntArray,
            14 => Self::ObjectArray(class(nibbles)?),
            _ => return None,
        })
    }

    fn write(self, to: &mut Vec<u8>) {
        let (nibble, class) = match self {
            Self::Void => (1, None),
            Self::Boolean => (2, None),
            Self::Byte => (3, None),
            Self::Short => (4, None),
            Self::Int => (5, None),
            Self::Object(class) => (6, Some(class)),
            Self::BooleanArray => (10, None),
            Self::ByteArray => (11, None),
            Self::ShortArray => (12, None),
            Self::IntArray => (13, None),
            Self::ObjectArray(class) => (14, Some(class)),
        };
        to.push(nibble);
        if let Some(class) = class {
            to.extend(class.raw().to_be_bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]));
        }
    }
}

/// A descriptor: of a field one type, of a method its parameters and then what it returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeDescriptor {
    /// The types; not empty.
    pub types: Vec<Type>,
}

impl TypeDescriptor {
    /// From its nibbles; None if they are no descriptor.
    pub fn from_nibbles(nibbles: &[u8]) -> Option<Self> {
        let mut left = nibbles.iter().copied().peekable();
        let mut types = Vec::new();
        while left.peek().is_some() {
            types.push(Type::read(&mut left)?);
        }
        (!types.is_empty()).then_some(Self { types })
    }

    /// From its bytes, the number of nibbles first; None if they are no descriptor.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_nibbles(&super::descriptor::nibbles(bytes)?)
    }

    /// The number of nibbles, and the nibbles in bytes; None if there are more than 255.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut nibbles = Vec::new();
        self.types.iter().for_each(|part| part.write(&mut nibbles));
        let mut bytes = vec![u8::try_from(nibbles.len()).ok()?];
        bytes.extend(nibbles.chunks(2).map(|pair| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4,
            _ => 0,
        }));
        Some(bytes)
    }

    /// Of a method: what it takes.
    pub fn parameters(&self) -> &[Type] {
        self.types.split_last().map_or(&[], |(_, parameters)| parameters)
    }

    /// Of a method: what it returns; of a field: its type.
    pub fn result(&self) -> Type {
        self.types.last().copied().unwrap_or(Type::Void)
    }

    /// Words (16 bits) of the parameters.
    pub fn parameter_words(&self) -> usize {
        self.parameters().iter().map(|part| usize::from(part.words())).sum()
    }
}

impl fmt::Display for Type {
    /// Java's words; classes as [`ClassRef`] shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Boolean => f.write_str("boolean"),
            Self::Byte => f.write_str("byte"),
            Self::Short => f.write_str("short"),
            Self::Int => f.write_str("int"),
            Self::BooleanArray => f.write_str("boolean[]"),
            Self::ByteArray => f.write_str("byte[]"),
            Self::ShortArray => f.write_str("short[]"),
            Self::IntArray => f.write_str("int[]"),
            Self::Object(class) => class.fmt(f),
            Self::ObjectArray(class) => write!(f, "{class}[]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_takes_an_apdu_and_returns_nothing() {
        let bytes = [0x06, 0x68, 0x00, 0xA1];
        let descriptor = TypeDescriptor::from_bytes(&bytes).unwrap();
        let apdu = ClassRef::External { package: 0, class: 10 };
        assert_eq!(descriptor.parameters(), [Type::Object(apdu)]);
        assert_eq!(descriptor.result(), Type::Void);
        assert_eq!(descriptor.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn an_odd_number_of_nibbles_is_filled_up() {
        let bytes = [0x01, 0xB0];
        let descriptor = TypeDescriptor::from_bytes(&bytes).unwrap();
        assert_eq!(descriptor.result(), Type::ByteArray);
        assert_eq!(descriptor.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn nibbles_that_are_no_type_are_refused() {
        for wrong in [&[][..], &[0], &[7], &[6, 0, 0, 1], &[15]] {
            assert_eq!(TypeDescriptor::from_nibbles(wrong), None, "{wrong:?}");
        }
    }
}
