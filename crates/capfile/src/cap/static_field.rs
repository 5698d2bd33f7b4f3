//! StaticField component (8): the image of static fields and its initial values.

use super::TooLarge;
use super::frame::{Format, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The StaticField component. The image holds references to arrays with initial values, other
/// references (null), primitive fields that start as 0, primitive fields with other values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticFields {
    /// Bytes of the image.
    pub image_size: u16,
    /// References of both kinds, 2 bytes each.
    pub reference_count: u16,
    /// Arrays with initial values.
    pub arrays: Vec<ArrayInit>,
    /// Bytes of primitive fields that start as 0.
    pub default_size: u16,
    /// Bytes of the other primitive fields: their values.
    pub values: Vec<u8>,
}

/// An array with initial values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayInit {
    /// Element type: 2 boolean, 3 byte, 4 short, 5 int.
    pub element: u8,
    /// The values' bytes.
    pub values: Vec<u8>,
}

impl StaticFields {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no StaticField component.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::StaticField.part();
        let mut from = open(&part, Tag::StaticField, bytes, format)?;
        let image_size = from.u2("size of the static field image")?;
        let reference_count = from.u2("number of references")?;
        let arrays = from.u2("number of arrays")?;
        let arrays = from.list(arrays, |from| {
            let element = from.u1("type of an array")?;
            Ok(ArrayInit { element, values: values(from, "values of an array")? })
        })?;
        let default_size = from.u2("size of zero fields")?;
        let values = values(&mut from, "values of fields")?;
        from.finish()?;
        Ok(Self { image_size, reference_count, arrays, default_size, values })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// Too many arrays or values.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u2(self.image_size);
        info.u2(self.reference_count);
        info.u2(count(Tag::StaticField, "number of arrays", self.arrays.len())?);
        for array in &self.arrays {
            info.u1(array.element);
            info.u2(count(Tag::StaticField, "size of an array", array.values.len())?);
            info.extend(&array.values);
        }
        info.u2(self.default_size);
        info.u2(count(Tag::StaticField, "size of fields with values", self.values.len())?);
        info.extend(&self.values);
        close(Tag::StaticField, &info, format)
    }
}

fn values(from: &mut Cursor<'_>, what: &'static str) -> Result<Vec<u8>, Malformed> {
    let length = from.u2(what)?;
    from.take(length.into(), what).map(<[u8]>::to_vec)
}
