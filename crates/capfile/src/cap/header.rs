//! Header component (1): what package this is, and in which format.

use super::TooLarge;
use super::frame::{Format, FormatVersion, PackageInfo, Tag, Version, close, count, open};
use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Problem};

const MAGIC: u32 = 0xDECA_FFED;

/// The Header component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version of the format.
    pub version: FormatVersion,
    /// Flags, see the constants; unknown bits are kept.
    pub flags: u8,
    /// The file as a whole, in the extended form.
    pub file: Option<PackageInfo>,
    /// Its packages; one in the compact form.
    pub packages: Vec<NamedPackage>,
}

/// A package and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPackage {
    /// Version and AID.
    pub package: PackageInfo,
    /// Name with slashes, from format 2.2 on; may be empty, and is not always UTF-8.
    pub name: Vec<u8>,
}

impl Header {
    /// Some method uses the type int.
    pub const INT: u8 = 1;
    /// There is an Export component.
    pub const EXPORT: u8 = 2;
    /// There is an Applet component.
    pub const APPLET: u8 = 4;
    /// The file has the extended form.
    pub const EXTENDED: u8 = 8;

    /// The form of the other components.
    pub fn format(&self) -> Format {
        Format { version: self.version, extended: self.flags & Self::EXTENDED != 0 }
    }

    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Header of format 2.1 to 2.3.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let part = Tag::Header.part();
        let mut from = open(&part, Tag::Header, bytes, Format::compact(FormatVersion::V2_1))?;
        let at = from.offset();
        let magic = from.u4("magic number")?;
        if magic != MAGIC {
            let (found, expected) = (format!("{magic:08X}"), format!("{MAGIC:08X}"));
            return Err(from.wrong_at(at, Problem::Value { what: "magic number", found, expected }));
        }
        let at = from.offset();
        let version = Version::read(&mut from)?;
        let what = "version of the CAP format";
        let version = FormatVersion::from_version(version).ok_or_else(|| {
            let (found, expected) = (version.to_string(), "2.1, 2.2 or 2.3".to_owned());
            from.wrong_at(at, Problem::Value { what, found, expected })
        })?;
        let at = from.offset();
        let flags = from.u1("flags")?;
        let (file, packages) = if flags & Self::EXTENDED == 0 {
            let package = PackageInfo::read(&mut from)?;
            let name = if version < FormatVersion::V2_2 { Vec::new() } else { name(&mut from)? };
            (None, vec![NamedPackage { package, name }])
        } else if version < FormatVersion::V2_3 {
            let (found, expected) = ("extended".to_owned(), "compact before 2.3".to_owned());
            return Err(from.wrong_at(at, Problem::Value { what: "format", found, expected }));
        } else {
            let file = PackageInfo::read(&mut from)?;
            let packages = from.u1("number of packages")?;
            let packages = from.list(packages, PackageInfo::read)?;
            let named = packages
                .into_iter()
                .map(|package| Ok(NamedPackage { package, name: name(&mut from)? }));
            (Some(file), named.collect::<Result<_, Malformed>>()?)
        };
        from.finish()?;
        Ok(Self { version, flags, file, packages })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// Too many packages, or a name of more than 255 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u4(MAGIC);
        self.version.version().write(&mut info);
        info.u1(self.flags);
        if self.flags & Self::EXTENDED != 0 {
            if let Some(file) = &self.file {
                file.write(&mut info);
            }
            info.u1(count(Tag::Header, "number of packages", self.packages.len())?);
        }
        self.packages.iter().for_each(|named| named.package.write(&mut info));
        if self.version >= FormatVersion::V2_2 {
            for named in &self.packages {
                info.u1(count(Tag::Header, "length of the package name", named.name.len())?);
                info.extend(&named.name);
            }
        }
        close(Tag::Header, &info, self.format())
    }
}

fn name(from: &mut Cursor<'_>) -> Result<Vec<u8>, Malformed> {
    let length = from.u1("length of the package name")?;
    from.take(length.into(), "package name").map(<[u8]>::to_vec)
}
