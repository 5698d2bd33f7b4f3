//! What all components share: tag, size, format, version, references to classes.

use std::fmt;

use crate::bytes::{Cursor, Sink};
use crate::{Aid, Malformed, Part, Problem};

/// The kinds of component, by tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// 1
    Header,
    /// 2
    Directory,
    /// 3
    Applet,
    /// 4
    Import,
    /// 5
    ConstantPool,
    /// 6
    Class,
    /// 7
    Method,
    /// 8
    StaticField,
    /// 9
    ReferenceLocation,
    /// 10
    Export,
    /// 11
    Descriptor,
    /// 12
    Debug,
    /// 13
    StaticResources,
    /// 128 to 255: a vendor's own.
    Custom(u8),
}

impl Tag {
    /// The standard kinds, by tag.
    pub const STANDARD: [Self; 13] = [
        Self::Header,
        Self::Directory,
        Self::Applet,
        Self::Import,
        Self::ConstantPool,
        Self::Class,
        Self::Method,
        Self::StaticField,
        Self::ReferenceLocation,
        Self::Export,
        Self::Descriptor,
        Self::Debug,
        Self::StaticResources,
    ];

    /// The kind of a tag byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1..=13 => Self::STANDARD.get(usize::from(byte.wrapping_sub(1))).copied(),
            128..=255 => Some(Self::Custom(byte)),
            _ => None,
        }
    }

    /// The tag byte.
    pub fn byte(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Directory => 2,
            Self::Applet => 3,
            Self::Import => 4,
            Self::ConstantPool => 5,
            Self::Class => 6,
            Self::Method => 7,
            Self::StaticField => 8,
            Self::ReferenceLocation => 9,
            Self::Export => 10,
            Self::Descriptor => 11,
            Self::Debug => 12,
            Self::StaticResources => 13,
            Self::Custom(byte) => byte,
        }
    }

    /// The name of its file in an archive, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "Header",
            Self::Directory => "Directory",
            Self::Applet => "Applet",
            Self::Import => "Import",
            Self::ConstantPool => "ConstantPool",
            Self::Class => "Class",
            Self::Method => "Method",
            Self::StaticField => "StaticField",
            Self::ReferenceLocation => "RefLocation",
            Self::Export => "Export",
            Self::Descriptor => "Descriptor",
            Self::Debug => "Debug",
            Self::StaticResources => "StaticResources",
            Self::Custom(_) => "Custom",
        }
    }

    /// As a part in messages.
    pub fn part(self) -> Part {
        Part::Component(self.name())
    }

    /// Whether its size field has 4 bytes, not 2.
    pub fn is_wide(self, format: Format) -> bool {
        match self {
            Self::Method | Self::ReferenceLocation | Self::Descriptor | Self::Debug => {
                format.extended
            }
            Self::StaticResources => true,
            _ => false,
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(byte) => write!(f, "Custom {byte}"),
            _ => f.write_str(self.name()),
        }
    }
}

/// Versions of the CAP file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormatVersion {
    /// Java Card 2.1 to 3.0.5.
    V2_1,
    /// 2.1 with package name, Debug component and remote methods.
    V2_2,
    /// Java Card 3.1 and later.
    V2_3,
}

impl FormatVersion {
    /// The version of two numbers.
    pub fn from_version(version: Version) -> Option<Self> {
        match (version.major, version.minor) {
            (2, 1) => Some(Self::V2_1),
            (2, 2) => Some(Self::V2_2),
            (2, 3) => Some(Self::V2_3),
            _ => None,
        }
    }

    /// The two numbers.
    pub fn version(self) -> Version {
        let minor = match self {
            Self::V2_1 => 1,
            Self::V2_2 => 2,
            Self::V2_3 => 3,
        };
        Version { major: 2, minor }
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.version().fmt(f)
    }
}

/// In which form components are written; the Header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// The version.
    pub version: FormatVersion,
    /// Whether it is extended (from 2.3 on): several packages, method blocks, 4-byte sizes.
    pub extended: bool,
}

impl Format {
    /// A compact form.
    pub fn compact(version: FormatVersion) -> Self {
        Self { version, extended: false }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.version, if self.extended { " extended" } else { "" })
    }
}

/// A version of a package or a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Changes that break users.
    pub major: u8,
    /// Changes that add.
    pub minor: u8,
}

impl Version {
    /// Minor, then major, one byte each.
    pub(crate) fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let [minor, major] = from.array("version")?;
        Ok(Self { major, minor })
    }

    pub(crate) fn write(self, to: &mut Vec<u8>) {
        to.extend([self.minor, self.major]);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            // A sign would be taken for part of the number.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let numbers = text.split_once('.');
        numbers
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| format!("`{text}` is no version: write major.minor, each 0 to 255"))
    }
}

/// A package: its version and AID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackageInfo {
    /// The version.
    pub version: Version,
    /// The AID.
    pub aid: Aid,
}

impl PackageInfo {
    pub(crate) fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        Ok(Self { version: Version::read(from)?, aid: Aid::read(from)? })
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        self.version.write(to);
        self.aid.write(to);
    }
}

/// A class or interface, here or in an imported package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassRef {
    /// Of this file, by offset in the Class component's info (0 to 0x7FFF).
    Internal(u16),
    /// Of an imported package.
    External {
        /// Index in the Import component (0 to 127).
        package: u8,
        /// Token of the class there.
        class: u8,
    },
}

impl fmt::Display for ClassRef {
    /// `#offset`, or `package.class` by tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal(offset) => write!(f, "#{offset}"),
            Self::External { package, class } => write!(f, "{package}.{class}"),
        }
    }
}

impl ClassRef {
    /// What the two bytes mean.
    pub fn from_raw(raw: u16) -> Self {
        match raw.to_be_bytes() {
            [package @ 0x80..=0xFF, class] => Self::External { package: package & 0x7F, class },
            _ => Self::Internal(raw),
        }
    }

    /// The two bytes.
    pub fn raw(self) -> u16 {
        match self {
            Self::Internal(offset) => offset,
            Self::External { package, class } => u16::from_be_bytes([0x80 | package, class]),
        }
    }

    pub(crate) fn read(from: &mut Cursor<'_>, what: &'static str) -> Result<Self, Malformed> {
        from.u2(what).map(Self::from_raw)
    }

    pub(crate) fn write(self, to: &mut Vec<u8>) {
        to.u2(self.raw());
    }
}

/// A method by its place: the offset in its block of the Method component, and the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodPlace {
    /// Block of the Method component; 0 in compact files, which have one.
    pub block: u8,
    /// Offset from the start of the block, in compact files from the start of the info.
    pub offset: u16,
}

impl MethodPlace {
    /// Of a compact file.
    pub fn compact(offset: u16) -> Self {
        Self { block: 0, offset }
    }

    pub(crate) fn read(from: &mut Cursor<'_>, format: Format) -> Result<Self, Malformed> {
        let block = if format.extended { from.u1("method block")? } else { 0 };
        Ok(Self { block, offset: from.u2("method offset")? })
    }

    pub(crate) fn write(self, to: &mut Vec<u8>, format: Format) {
        if format.extended {
            to.u1(self.block);
        }
        to.u2(self.offset);
    }
}

impl fmt::Display for MethodPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block {
            0 => write!(f, "@{}", self.offset),
            block => write!(f, "@{block}:{}", self.offset),
        }
    }
}

/// A list or number that its field in the file cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {what} is {found}, the file format allows at most {limit}")]
pub struct TooLarge {
    /// The component or file.
    pub part: Part,
    /// What is too large.
    pub what: &'static str,
    /// Its size.
    pub found: usize,
    /// The largest size there can be.
    pub limit: usize,
}

/// Starts reading a component: checks tag and size, leaves the info.
pub(crate) fn open<'a>(
    part: &'a Part,
    tag: Tag,
    bytes: &'a [u8],
    format: Format,
) -> Result<Cursor<'a>, Malformed> {
    let mut all = Cursor::new(part, bytes);
    let found = all.u1("tag")?;
    if found != tag.byte() {
        let (found, expected) = (found.to_string(), tag.byte().to_string());
        return Err(all.wrong_at(0, Problem::Value { what: "tag", found, expected }));
    }
    let size = if tag.is_wide(format) {
        usize::try_from(all.u4("size")?).unwrap_or(usize::MAX)
    } else {
        all.u2("size")?.into()
    };
    let left = all.left();
    if size != left {
        let (found, expected) = (size.to_string(), format!("{left}, the bytes that follow"));
        return Err(all.wrong_at(1, Problem::Value { what: "size", found, expected }));
    }
    Ok(all)
}

/// Tag and size before an info.
pub(crate) fn close(tag: Tag, info: &[u8], format: Format) -> Result<Vec<u8>, TooLarge> {
    let mut bytes = Vec::with_capacity(info.len().saturating_add(5));
    bytes.u1(tag.byte());
    if tag.is_wide(format) {
        bytes.u4(count(tag, "size", info.len())?);
    } else {
        bytes.u2(count(tag, "size", info.len())?);
    }
    bytes.extend(info);
    Ok(bytes)
}

/// A number of elements as its field holds it.
pub(crate) fn count<T: TryFrom<usize> + Limit>(
    tag: Tag,
    what: &'static str,
    found: usize,
) -> Result<T, TooLarge> {
    T::try_from(found).map_err(|_| TooLarge { part: tag.part(), what, found, limit: T::LIMIT })
}

/// The largest number of a field.
pub(crate) trait Limit {
    const LIMIT: usize;
}

impl Limit for u8 {
    const LIMIT: usize = 0xFF;
}

impl Limit for u16 {
    const LIMIT: usize = 0xFFFF;
}

impl Limit for u32 {
    const LIMIT: usize = 0xFFFF_FFFF;
}
