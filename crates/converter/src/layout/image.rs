//! The image of static fields.

use std::collections::HashMap;

use crate::diagnostic::Sink;
use crate::front::{Initial, Program, Type};

/// The image: segment by segment, where each static field is.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// By class and field: its offset.
    offsets: HashMap<(usize, usize), u16>,
    /// Fields that start with an array.
    pub(crate) arrays: Vec<(usize, usize)>,
    /// Fields that are other references.
    pub(crate) references: Vec<(usize, usize)>,
    /// Bytes of primitive fields that start as 0.
    pub(crate) default_size: u16,
    /// Primitive fields that start with another value.
    pub(crate) values: Vec<(usize, usize)>,
    /// Bytes of it all.
    pub(crate) size: u16,
}

impl Image {
    /// Offset of a field.
    pub(crate) fn offset(&self, class: usize, field: usize) -> Option<u16> {
        self.offsets.get(&(class, field)).copied()
    }
}

/// Bytes of a static field.
pub(crate) fn size(kind: &Type) -> u16 {
    match kind {
        Type::Boolean | Type::Byte => 1,
        Type::Int => 4,
        _ => 2,
    }
}

/// Arrays with values, other references, zeros, other values; in each segment class by class, and
/// in each class what others may see first.
pub(super) fn lay_out(program: &Program, sink: &mut Sink) -> Option<Image> {
    let mut segments: [Vec<(usize, usize)>; 4] = Default::default();
    for (class_index, class) in program.classes.iter().enumerate() {
        for is_exported in [true, false] {
            for (index, field) in class.fields.iter().enumerate() {
                let is_placed = field.is_static() && field.constant.is_none();
                if !is_placed || field.is_exported() != is_exported {
                    continue;
                }
                let segment = match (&field.initial, field.kind.is_reference()) {
                    (Initial::Array(_), _) => 0,
                    (_, true) => 1,
                    (Initial::Number(value), false) if *value != 0 => 3,
                    (_, false) => 2,
                };
                if let Some(segment) = segments.get_mut(segment) {
                    segment.push((class_index, index));
                }
            }
        }
    }
    let mut image = Image::default();
    let mut at = 0_u32;
    for (number, segment) in segments.iter().enumerate() {
        for place in segment {
            let (class, field) = *place;
            let kind = program.class(class).and_then(|class| class.fields.get(field));
            let Some(kind) = kind.map(|field| &field.kind) else { continue };
            let Ok(offset) = u16::try_from(at) else {
                super::refuse(program, sink, "static fields have more than 65535 bytes");
                return None;
            };
            image.offsets.insert(*place, offset);
            let size = size(kind);
            at = at.saturating_add(size.into());
            if number == 2 {
                image.default_size = image.default_size.saturating_add(size);
            }
        }
    }
    let Ok(size) = u16::try_from(at) else {
        super::refuse(program, sink, "static fields have more than 65535 bytes");
        return None;
    };
    image.size = size;
    let [arrays, references, _, values] = segments;
    image.arrays = arrays;
    image.references = references;
    image.values = values;
    Some(image)
}
