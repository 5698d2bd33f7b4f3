//! DF names: AIDs, and the text names of payment system environments.

use std::fmt;

/// A DF name (DF 名称) of 1 to 16 bytes: an AID (5 to 16), a PSE name, or the start of one, which
/// SELECT takes for partial selection.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DfName {
    bytes: [u8; 16],
    length: u8,
}

/// Why bytes are not a DF name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a DF name has 1 to 16 bytes, not {length}")]
pub struct NameError {
    /// Bytes that were given.
    pub length: usize,
}

impl DfName {
    /// Takes 1 to 16 bytes.
    ///
    /// # Errors
    /// Any other length.
    pub fn new(value: &[u8]) -> Result<Self, NameError> {
        let mut bytes = [0; 16];
        match u8::try_from(value.len()) {
            Ok(length @ 1..=16) => {
                for (to, from) in bytes.iter_mut().zip(value) {
                    *to = *from;
                }
                Ok(Self { bytes, length })
            }
            _ => Err(NameError { length: value.len() }),
        }
    }

    /// The name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }
}

impl fmt::Display for DfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for DfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
