//! How a literal is read.

use applet_spec::{Field, FieldFormat};

/// How a value is written: by the format of the field that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueFormat {
    /// Amount, number, date, time, or bytes.
    pub kind: FieldFormat,
    /// Bytes that it has, where that is known.
    pub length: Option<u16>,
}

impl ValueFormat {
    /// Hexadecimal bytes, as many as are written.
    pub const BYTES: Self = Self { kind: FieldFormat::Hex, length: None };

    /// That of a field.
    pub fn of(field: &Field) -> Self {
        Self { kind: field.format, length: field.len }
    }
}
