//! Why bytes are no file description or key record.

use std::fmt;

use crate::{Language, PinError};

/// Why the data of CREATE FILE or WRITE KEY is refused (6A80).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DescriptionError {
    /// English and Chinese name of the field that is wrong.
    pub field: (&'static str, &'static str),
    /// Where it is in the data; the data's length where it is missing.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: DescriptionFault,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptionFault {
    /// There is none, or too much.
    Length {
        /// Bytes of the whole, as they can be.
        expected: &'static str,
        /// Bytes found.
        found: usize,
    },
    /// No such type.
    Type(u8),
    /// Line protection bits that mean nothing, or not for this type.
    Protection(u8),
    /// Neither a directory (000) nor an application (100) in the high bits.
    DirectoryKind(u8),
    /// A size, count or record length of zero, or more than there can be.
    OutOfRange {
        /// The value.
        value: u16,
        /// Most there may be.
        most: u16,
    },
    /// Not a PIN.
    Pin(PinError),
}

impl DescriptionError {
    pub(super) fn new(
        field: (&'static str, &'static str),
        offset: usize,
        fault: DescriptionFault,
    ) -> Self {
        Self { field, offset, fault }
    }

    /// Which field, where, and what is wrong with it.
    pub fn in_words(&self, language: Language) -> String {
        let field = language.pick(self.field.0, self.field.1);
        let (offset, why) = (self.offset, self.fault.in_words(language));
        match language {
            Language::English => format!("{field} at offset {offset}: {why}"),
            Language::Chinese => format!("偏移 {offset} 处 {field}: {why}"),
        }
    }
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl DescriptionFault {
    fn in_words(self, language: Language) -> String {
        match (self, language) {
            (Self::Length { expected, found }, Language::English) => {
                format!("{expected} bytes expected in all, {found} found")
            }
            (Self::Length { expected, found }, Language::Chinese) => {
                format!("全长应为 {expected} 字节, 实为 {found}")
            }
            (Self::Type(byte), Language::English) => format!("there is no type {byte:02X}"),
            (Self::Type(byte), Language::Chinese) => format!("没有类型 {byte:02X}"),
            (Self::Protection(byte), Language::English) => {
                format!("{byte:02X} asks for a line protection that this type does not have")
            }
            (Self::Protection(byte), Language::Chinese) => {
                format!("{byte:02X} 所要求的线路保护不适用于此类型")
            }
            (Self::DirectoryKind(byte), Language::English) => {
                format!(
                    "{byte:02X} is neither a directory (00 + SFI) nor an application (80 + SFI)"
                )
            }
            (Self::DirectoryKind(byte), Language::Chinese) => {
                format!("{byte:02X} 既非目录 (00 + SFI) 亦非应用 (80 + SFI)")
            }
            (Self::OutOfRange { value, most }, Language::English) => {
                format!("{value} is out of range, 1 to {most}")
            }
            (Self::OutOfRange { value, most }, Language::Chinese) => {
                format!("{value} 超出范围 1 至 {most}")
            }
            (Self::Pin(why), Language::English) => why.to_string(),
            (Self::Pin(_), Language::Chinese) => {
                "密码应为 2 至 6 字节, FF 只能作末尾填充".to_owned()
            }
        }
    }
}
