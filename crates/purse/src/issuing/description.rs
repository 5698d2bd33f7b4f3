//! File descriptions (文件描述): the data of CREATE FILE.

use apdu::DfName;
use applet_spec::{IssuingRules, Protection, RightsByte};

use super::{DescriptionError, DescriptionFault};
use crate::IssuingCommand;

/// A file to be made. Reserved bytes are written as FF and not looked at when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFile {
    /// 38: a directory (DF).
    Directory(NewDirectory),
    /// 28, 2A, 2C, 2E: a working file (工作基本文件).
    Working(NewWorkingFile),
    /// 2F: a purse file (钱包文件); fid 0001 is the ED, 0002 the EP.
    Purse(NewPurse),
    /// 3F: a key file (密钥文件), the first file of its directory.
    Keys(NewKeyFile),
}

/// `38 size2 create1 erase1 application1 FFFF name0-16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDirectory {
    /// Bytes it may hold.
    pub size: u16,
    /// Right to create files in it.
    pub create: RightsByte,
    /// Right to erase it.
    pub erase: RightsByte,
    /// What SELECT tells.
    pub public: PublicSfi,
    /// Name; a directory without one is found by its fid.
    pub name: Option<DfName>,
}

/// Which file SELECT of a directory tells of: the application byte (应用文件标识).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicSfi {
    /// 80 + SFI: an application (ADF); its public file is copied into the FCI.
    Application(u8),
    /// 00 + SFI: a directory (DDF); the FCI names the SFI of its directory file, 00 none.
    Directory(u8),
}

/// `type1 size2 read1 update1 FF control1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewWorkingFile {
    /// Structure and size.
    pub structure: FileStructure,
    /// Line protection (线路保护), +80 and +40 of the type.
    pub protection: Protection,
    /// Right to read.
    pub read: RightsByte,
    /// Right to update.
    pub update: RightsByte,
    /// Keys of the line protection.
    pub keys: LineKeys,
}

/// Structure of a working file; sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStructure {
    /// 28: transparent (二进制文件).
    Binary {
        /// Bytes.
        size: u16,
    },
    /// 2A: fixed records (定长记录文件).
    Fixed {
        /// Most records.
        count: u8,
        /// Bytes of one.
        record: u8,
    },
    /// 2C: variable records (变长记录文件), one after the other: id, length, data.
    Variable {
        /// Bytes of all records together.
        size: u16,
    },
    /// 2E: a ring (循环文件), record 1 is the newest.
    Cyclic {
        /// Records.
        count: u8,
        /// Bytes of one.
        record: u8,
    },
}

/// Keys of the line protection: the control byte. b8 = 0: READ is protected too; b4 b3 and b2 b1
/// are 3 less the index of the maintenance key for reading and for updating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineKeys {
    /// READ is protected like updates.
    pub protect_read: bool,
    /// Index of the key for reading, 0 to 3.
    pub read: u8,
    /// Index of the key for updating, 0 to 3.
    pub update: u8,
}

/// `2F 02 08 use1 00 FF log1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPurse {
    /// Right to use the purse.
    pub use_right: RightsByte,
    /// SFI of the ring that its log records go to.
    pub log: u8,
}

/// `3F size2 directory1 add1 FFFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewKeyFile {
    /// Bytes of all keys together.
    pub size: u16,
    /// The application byte of the directory (its SFI, 01 for the MF); no source tells what for.
    pub directory: u8,
    /// Right to add keys.
    pub add: RightsByte,
}

/// Bytes that a card counts for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFileSize(pub u32);

const DIRECTORY: u8 = 0x38;
const BINARY: u8 = 0x28;
const FIXED: u8 = 0x2A;
const VARIABLE: u8 = 0x2C;
const CYCLIC: u8 = 0x2E;
const PURSE: u8 = 0x2F;
const KEYS: u8 = 0x3F;

/// Longest record: READ RECORD answers it in one go.
const MOST_RECORD: u16 = 250;
/// Most records: their numbers are one byte, and FF is none.
const MOST_RECORDS: u16 = 254;
/// Most bytes of one file.
const MOST_BYTES: u16 = 0x7FFF;

impl NewFile {
    /// Reads a description.
    ///
    /// # Errors
    /// [`DescriptionError`].
    pub fn parse(data: &[u8]) -> Result<Self, DescriptionError> {
        let Some((&[kind, s0, s1, a, b, c, d], rest)) = data.split_first_chunk::<7>() else {
            return Err(wrong_length(data, "7 (8 to 24 for a directory)"));
        };
        let size = u16::from_be_bytes([s0, s1]);
        if kind == DIRECTORY {
            return NewDirectory::parse(size, [a, b, c], rest, data).map(Self::Directory);
        }
        if !rest.is_empty() {
            return Err(wrong_length(data, "7"));
        }
        Ok(match kind {
            KEYS => {
                in_range(SIZE, 1, size, MOST_BYTES)?;
                Self::Keys(NewKeyFile { size, directory: a, add: RightsByte(b) })
            }
            PURSE => Self::Purse(NewPurse { use_right: RightsByte(a), log: d }),
            _ => Self::Working(NewWorkingFile {
                protection: protection_of(kind).ok_or_else(|| {
                    DescriptionError::new(TYPE, 0, DescriptionFault::Protection(kind))
                })?,
                structure: FileStructure::parse(kind, size)?,
                read: RightsByte(a),
                update: RightsByte(b),
                keys: LineKeys::from_byte(d),
            }),
        })
    }

    /// The description.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Directory(directory) => directory.to_bytes(),
            Self::Working(file) => {
                let (kind, [s0, s1]) = file.structure.to_bytes();
                let kind = kind | protection_bits(file.protection);
                vec![kind, s0, s1, file.read.0, file.update.0, 0xFF, file.keys.to_byte()]
            }
            Self::Purse(purse) => vec![PURSE, 0x02, 0x08, purse.use_right.0, 0x00, 0xFF, purse.log],
            Self::Keys(file) => {
                let [s0, s1] = file.size.to_be_bytes();
                vec![KEYS, s0, s1, file.directory, file.add.0, 0xFF, 0xFF]
            }
        }
    }

    /// The command that makes it.
    pub fn create(&self, fid: u16) -> IssuingCommand {
        IssuingCommand::CreateFile { fid, description: self.to_bytes() }
    }

    /// Bytes that it takes of the directory it is made in, by the card's own count.
    pub fn takes(&self, rules: &IssuingRules) -> NewFileSize {
        let content = match self {
            Self::Directory(directory) => u32::from(directory.size),
            Self::Keys(file) => u32::from(file.size),
            // Two records of eight bytes, if its size field says what it seems to.
            Self::Purse(_) => 2 * (8 + 1),
            Self::Working(file) => match file.structure {
                FileStructure::Binary { size } | FileStructure::Variable { size } => {
                    u32::from(size)
                }
                FileStructure::Fixed { count, record }
                | FileStructure::Cyclic { count, record } => {
                    u32::from(count) * (u32::from(record) + 1)
                }
            },
        };
        NewFileSize(content + u32::from(rules.file_overhead))
    }
}

impl NewDirectory {
    fn parse(
        size: u16,
        [create, erase, application]: [u8; 3],
        rest: &[u8],
        data: &[u8],
    ) -> Result<Self, DescriptionError> {
        let Some((_reserved, name)) = rest.split_first() else {
            return Err(wrong_length(data, "8 to 24"));
        };
        let name = match name {
            [] => None,
            name => Some(DfName::new(name).map_err(|_| wrong_length(data, "8 to 24"))?),
        };
        in_range(SIZE, 1, size, MOST_BYTES)?;
        let public = PublicSfi::from_byte(application)?;
        let (create, erase) = (RightsByte(create), RightsByte(erase));
        Ok(Self { size, create, erase, public, name })
    }

    fn to_bytes(self) -> Vec<u8> {
        let [s0, s1] = self.size.to_be_bytes();
        let head =
            [DIRECTORY, s0, s1, self.create.0, self.erase.0, self.public.to_byte(), 0xFF, 0xFF];
        let name = self.name.as_ref().map_or(&[][..], DfName::as_bytes);
        [&head[..], name].concat()
    }
}

impl PublicSfi {
    fn from_byte(byte: u8) -> Result<Self, DescriptionError> {
        match byte & 0xE0 {
            0x80 => Ok(Self::Application(byte & 0x1F)),
            0x00 => Ok(Self::Directory(byte & 0x1F)),
            _ => {
                let field = ("application byte", "应用文件标识");
                Err(DescriptionError::new(field, 5, DescriptionFault::DirectoryKind(byte)))
            }
        }
    }

    /// The application byte.
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Application(sfi) => 0x80 | sfi & 0x1F,
            Self::Directory(sfi) => sfi & 0x1F,
        }
    }
}

impl FileStructure {
    fn parse(kind: u8, size: u16) -> Result<Self, DescriptionError> {
        let [count, record] = size.to_be_bytes();
        Ok(match kind & 0x3F {
            BINARY => {
                in_range(SIZE, 1, size, MOST_BYTES)?;
                Self::Binary { size }
            }
            VARIABLE => {
                in_range(SIZE, 1, size, MOST_BYTES)?;
                Self::Variable { size }
            }
            structure @ (FIXED | CYCLIC) => {
                in_range(("number of records", "记录个数"), 1, count.into(), MOST_RECORDS)?;
                in_range(("record length", "记录长度"), 2, record.into(), MOST_RECORD)?;
                if structure == FIXED {
                    Self::Fixed { count, record }
                } else {
                    Self::Cyclic { count, record }
                }
            }
            _ => return Err(DescriptionError::new(TYPE, 0, DescriptionFault::Type(kind))),
        })
    }

    fn to_bytes(self) -> (u8, [u8; 2]) {
        match self {
            Self::Binary { size } => (BINARY, size.to_be_bytes()),
            Self::Fixed { count, record } => (FIXED, [count, record]),
            Self::Variable { size } => (VARIABLE, size.to_be_bytes()),
            Self::Cyclic { count, record } => (CYCLIC, [count, record]),
        }
    }
}

impl LineKeys {
    /// FF: READ is not protected, key 00 for all.
    pub const PLAIN_READ: Self = Self { protect_read: false, read: 0, update: 0 };

    fn from_byte(byte: u8) -> Self {
        let key = |bits: u8| 3 - (bits & 0x03);
        Self { protect_read: byte & 0x80 == 0, read: key(byte >> 2), update: key(byte) }
    }

    fn to_byte(self) -> u8 {
        let bits = |key: u8| 3 - key.min(3);
        let read = if self.protect_read { 0x00 } else { 0x80 };
        read | 0x70 | bits(self.read) << 2 | bits(self.update)
    }
}

const TYPE: (&str, &str) = ("file type", "文件类型");
const SIZE: (&str, &str) = ("size", "文件空间");

/// +80 is a MAC, +40 beside it encipherment; +40 alone means nothing.
pub(super) fn protection_of(kind: u8) -> Option<Protection> {
    match kind & 0xC0 {
        0x00 => Some(Protection::None),
        0x80 => Some(Protection::Mac),
        0xC0 => Some(Protection::EncryptedMac),
        _ => None,
    }
}

pub(super) fn protection_bits(protection: Protection) -> u8 {
    match protection {
        Protection::None => 0x00,
        Protection::Mac => 0x80,
        Protection::EncryptedMac => 0xC0,
    }
}

fn in_range(
    field: (&'static str, &'static str),
    offset: usize,
    value: u16,
    most: u16,
) -> Result<(), DescriptionError> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(DescriptionError::new(field, offset, DescriptionFault::OutOfRange { value, most }))
}

fn wrong_length(data: &[u8], expected: &'static str) -> DescriptionError {
    let fault = DescriptionFault::Length { expected, found: data.len() };
    DescriptionError::new(("file description", "文件描述"), data.len(), fault)
}
