//! The StaticField component, and static fields in the image.

use super::Rule;
use super::index::Index;
use super::places::head;
use super::refusal::Refusals;
use super::types::Resolved;
use crate::cap::{FieldPlace, StaticRef, Tag};

const PART: Tag = Tag::StaticField;

pub(super) fn check(index: &Index<'_>, refusals: &mut Refusals) {
    let statics = &index.cap.static_fields;
    let info = head(PART, index.cap.format());
    let size = usize::from(statics.image_size);
    let references = usize::from(statics.reference_count).saturating_mul(2);
    let primitive = usize::from(statics.default_size).saturating_add(statics.values.len());
    if references.saturating_add(primitive) != size {
        let detail =
            format!("{size} bytes, {references} of references and {primitive} of primitive fields");
        refusals.at(PART, info, Rule::ImageSize, detail);
    }
    if statics.arrays.len() > usize::from(statics.reference_count) {
        let detail =
            format!("{} arrays in {} references", statics.arrays.len(), statics.reference_count);
        refusals.at(PART, info.saturating_add(2), Rule::ArrayInit, detail);
    }
    let mut at = info.saturating_add(6);
    for array in &statics.arrays {
        let width = element(array.element).map(|(_, width)| width);
        if width.is_none_or(|width| !array.values.len().is_multiple_of(width)) {
            let detail = format!("type {}, {} bytes", array.element, array.values.len());
            refusals.at(PART, at, Rule::ArrayInit, detail);
        }
        at = at.saturating_add(3).saturating_add(array.values.len());
    }
    places(index, references, size, refusals);
}

/// Type of the array, and bytes of an element.
fn element(number: u8) -> Option<(Resolved, usize)> {
    match number {
        2 => Some((Resolved::BooleanArray, 1)),
        3 => Some((Resolved::ByteArray, 1)),
        4 => Some((Resolved::ShortArray, 2)),
        5 => Some((Resolved::IntArray, 4)),
        _ => None,
    }
}

fn places(index: &Index<'_>, references: usize, size: usize, refusals: &mut Refusals) {
    let mut taken = vec![false; size];
    for field in &index.fields {
        let FieldPlace::Static(StaticRef::Internal { offset, .. }) = field.descriptor.place else {
            continue;
        };
        let Some(field_type) = index.field_type(field.descriptor) else { continue };
        let width = match field_type {
            Resolved::Boolean | Resolved::Byte => 1,
            Resolved::Int => 4,
            _ => 2usize,
        };
        let start = usize::from(offset);
        let end = start.saturating_add(width);
        let mut refuse = |detail: String| {
            let at = field.at.saturating_add(2);
            refusals.at(Tag::Descriptor, at, Rule::StaticPlace, detail);
        };
        let lies = if field_type.is_reference() {
            end <= references && start % 2 == 0
        } else {
            start >= references && end <= size
        };
        if !lies {
            refuse(format!("a field of {width} bytes at {offset}"));
            continue;
        }
        let bytes = taken.get_mut(start..end).unwrap_or_default();
        if bytes.iter().any(|taken| *taken) {
            refuse(format!("another field has bytes of the one at {offset}"));
        }
        bytes.fill(true);
        let array = index.cap.static_fields.arrays.get(start / 2);
        if let Some(array) = array.filter(|_| field_type.is_reference())
            && element(array.element).is_some_and(|(of, _)| of != field_type)
        {
            let detail =
                format!("the array for the field at {offset} is of type {}", array.element);
            refusals.at(Tag::Descriptor, field.at.saturating_add(5), Rule::ArrayInit, detail);
        }
    }
}
