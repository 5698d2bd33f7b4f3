//! Types of fields and methods, with classes resolved.

use std::collections::HashMap;

use super::classes::{ClassId, Classes};
use crate::cap::{Type, TypeDescriptor, TypePool};

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resolved {
    Void,
    Boolean,
    Byte,
    Short,
    Int,
    BooleanArray,
    ByteArray,
    ShortArray,
    IntArray,
    Object(ClassId),
    ObjectArray(ClassId),
}

impl Resolved {
    /// Words on the stack.
    pub(super) fn words(self) -> usize {
        match self {
            Self::Void => 0,
            Self::Int => 2,
            _ => 1,
        }
    }

    pub(super) fn is_reference(self) -> bool {
        !matches!(self, Self::Void | Self::Boolean | Self::Byte | Self::Short | Self::Int)
    }

    /// Whether two types are one, as far as is known.
    pub(super) fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Object(one), Self::Object(other))
            | (Self::ObjectArray(one), Self::ObjectArray(other)) => one.may_be(other),
            _ => self == other,
        }
    }

    /// Of a type of the file; none if its class is not there.
    pub(super) fn of(part: Type, classes: &Classes<'_>) -> Option<Self> {
        Some(match part {
            Type::Void => Self::Void,
            Type::Boolean => Self::Boolean,
            Type::Byte => Self::Byte,
            Type::Short => Self::Short,
            Type::Int => Self::Int,
            Type::BooleanArray => Self::BooleanArray,
            Type::ByteArray => Self::ByteArray,
            Type::ShortArray => Self::ShortArray,
            Type::IntArray => Self::IntArray,
            Type::Object(class) => Self::Object(classes.find(class)?),
            Type::ObjectArray(class) => Self::ObjectArray(classes.find(class)?),
        })
    }
}

/// Types of a field (one) or of a method (what it takes, then what it returns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) types: Vec<Resolved>,
}

impl Signature {
    /// From a descriptor of the file; none if a class is not there.
    pub(super) fn of(descriptor: &TypeDescriptor, classes: &Classes<'_>) -> Option<Self> {
        let types = descriptor.types.iter().map(|part| Resolved::of(*part, classes));
        Some(Self { types: types.collect::<Option<_>>()? })
    }

    /// From a descriptor of an export file; none if it is no descriptor.
    pub(super) fn of_text(text: &str, classes: &Classes<'_>) -> Option<Self> {
        let mut types = Vec::new();
        let mut rest = text;
        // No descriptor of a CAP file has more types than its 255 nibbles.
        while !rest.is_empty() && types.len() < 256 {
            if let Some(left) = rest.strip_prefix(['(', ')']) {
                rest = left;
                continue;
            }
            let (is_array, element) = match rest.strip_prefix('[') {
                Some(element) => (true, element),
                None => (false, rest),
            };
            let mut letters = element.chars();
            let letter = letters.next()?;
            rest = letters.as_str();
            types.push(match (letter, is_array) {
                ('V', false) => Resolved::Void,
                ('Z', false) => Resolved::Boolean,
                ('B', false) => Resolved::Byte,
                ('S', false) => Resolved::Short,
                ('I', false) => Resolved::Int,
                ('Z', true) => Resolved::BooleanArray,
                ('B', true) => Resolved::ByteArray,
                ('S', true) => Resolved::ShortArray,
                ('I', true) => Resolved::IntArray,
                ('L', _) => {
                    let (name, left) = rest.split_once(';')?;
                    rest = left;
                    let class = classes.named(name);
                    if is_array { Resolved::ObjectArray(class) } else { Resolved::Object(class) }
                }
                _ => return None,
            });
        }
        (!types.is_empty() && rest.is_empty()).then_some(Self { types })
    }

    /// Whether two are one, as far as is known.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.types.len() == other.types.len()
            && self.types.iter().zip(&other.types).all(|(one, other)| one.same(*other))
    }

    pub(super) fn parameters(&self) -> &[Resolved] {
        self.types.split_last().map_or(&[], |(_, parameters)| parameters)
    }

    /// What a method returns; a field's type.
    pub(super) fn result(&self) -> Resolved {
        self.types.last().copied().unwrap_or(Resolved::Void)
    }

    /// Words of the parameters.
    pub(super) fn words(&self) -> usize {
        self.parameters().iter().map(|part| part.words()).sum()
    }

    /// Whether it is one of a field: one type, not void.
    pub(super) fn is_field(&self) -> bool {
        self.types.len() == 1 && self.result() != Resolved::Void
    }

    /// Whether it is one of a method: void is only returned.
    pub(super) fn is_method(&self) -> bool {
        self.parameters().iter().all(|part| *part != Resolved::Void)
    }

    /// Whether it has an int.
    pub(super) fn has_int(&self) -> bool {
        self.types.iter().any(|part| matches!(part, Resolved::Int | Resolved::IntArray))
    }
}

/// The type pool, each descriptor read once.
#[derive(Default)]
pub(super) struct Signatures {
    by_offset: HashMap<u16, Option<Signature>>,
    /// Offset in the pool from which on it is no descriptor; and of descriptors that are none.
    pub(super) wrong: Vec<(usize, &'static str)>,
}

impl Signatures {
    pub(super) fn read(pool: &TypePool, classes: &Classes<'_>) -> Self {
        let mut by_offset = HashMap::new();
        let mut wrong = Vec::new();
        let start = pool.start();
        let mut rest = pool.descriptors.as_slice();
        while let Some(length) = rest.first() {
            let at = start.saturating_add(pool.descriptors.len().saturating_sub(rest.len()));
            let size = usize::from(length.div_ceil(2)).saturating_add(1);
            let Some((bytes, left)) = rest.split_at_checked(size) else {
                wrong.push((at, "a descriptor does not end"));
                break;
            };
            rest = left;
            let signature = match TypeDescriptor::from_bytes(bytes) {
                None => {
                    wrong.push((at, "nibbles that are no types"));
                    None
                }
                Some(descriptor) => {
                    if descriptor.to_bytes().as_deref() != Some(bytes) {
                        wrong.push((at, "the last nibble, which fills the byte, is not 0"));
                    }
                    let signature = Signature::of(&descriptor, classes);
                    if signature.is_none() {
                        wrong.push((at, "a class that is not there"));
                    }
                    signature
                }
            };
            if let Ok(offset) = u16::try_from(at) {
                by_offset.insert(offset, signature);
            }
        }
        Self { by_offset, wrong }
    }

    /// The descriptor at an offset. `Err`: none begins there. `Ok(None)`: it is wrong in itself.
    pub(super) fn at(&self, offset: u16) -> Result<Option<&Signature>, ()> {
        self.by_offset.get(&offset).map(Option::as_ref).ok_or(())
    }
}
