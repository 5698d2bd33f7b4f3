//! Export files: what a package offers to others, with names and tokens.
//!
//! [`ExportFile`] says what the file says, indices and all, and is written back unchanged;
//! [`Package`] is the same with names instead of indices.

mod build;
mod package;

pub use package::{Package, PackageClass, PackageField, PackageMethod, ReferencedPackage};

use crate::bytes::{Cursor, Sink};
use crate::cap::{FormatVersion, PackageInfo, TooLarge, Version};
use crate::{Malformed, Part, Problem};

const MAGIC: u32 = 0x00FA_CADE;

/// An export file. Names and the like are indices into the constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Version of the format.
    pub version: FormatVersion,
    /// What the rest refers to.
    pub constants: Vec<ExportConstant>,
    /// The package.
    pub this_package: u16,
    /// From format 2.3 on: the packages it refers to.
    pub referenced_packages: Vec<u16>,
    /// Its classes and interfaces.
    pub classes: Vec<ExportClass>,
}

/// A constant of an export file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExportConstant {
    /// Text (tag 1).
    Utf8(Vec<u8>),
    /// The value of a constant field (tag 3).
    Integer(i32),
    /// A class by the index of its name, with slashes (tag 7).
    Class(u16),
    /// A package (tag 13).
    Package {
        /// Bit 0: a library, without applets.
        flags: u8,
        /// Index of its name, with slashes.
        name: u16,
        /// Version and AID.
        package: PackageInfo,
    },
}

/// A class or interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportClass {
    /// Its token.
    pub token: u8,
    /// Access flags as in class files, and [`access`].
    pub access: u16,
    /// Class constant.
    pub name: u16,
    /// Class constants of all superclasses, or of all superinterfaces.
    pub supers: Vec<u16>,
    /// Class constants of all interfaces it implements.
    pub interfaces: Vec<u16>,
    /// Fields.
    pub fields: Vec<ExportField>,
    /// Methods, inherited ones among them.
    pub methods: Vec<ExportMethod>,
    /// From format 2.3 on: public method tokens that subclasses in format 2.2 inherit.
    pub inheritable_count: u8,
}

/// Access flags that class files do not have.
pub mod access {
    /// Extends or implements `javacard.framework.Shareable`.
    pub const SHAREABLE: u16 = 0x0800;
    /// Extends or implements `java.rmi.Remote`.
    pub const REMOTE: u16 = 0x1000;
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportField {
    /// Its token; 0xFF for compile-time constants.
    pub token: u8,
    /// Access flags as in class files.
    pub access: u16,
    /// Its name.
    pub name: u16,
    /// Its descriptor.
    pub descriptor: u16,
    /// Attributes; compile-time constants have a ConstantValue.
    pub attributes: Vec<ExportAttribute>,
}

/// An attribute of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportAttribute {
    /// Its name.
    pub name: u16,
    /// What it says: of ConstantValue the index of an integer, 2 bytes.
    pub data: Vec<u8>,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportMethod {
    /// Its token.
    pub token: u8,
    /// Access flags as in class files.
    pub access: u16,
    /// Its name.
    pub name: u16,
    /// Its descriptor.
    pub descriptor: u16,
}

impl ExportFile {
    /// Reads a file; `name` is what messages call it.
    ///
    /// # Errors
    /// Bytes that are no export file of format 2.1 to 2.3.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, Malformed> {
        let part = Part::ExportFile(name.to_owned());
        let mut from = Cursor::new(&part, bytes);
        let magic = from.u4("magic number")?;
        if magic != MAGIC {
            let (found, expected) = (format!("{magic:08X}"), format!("{MAGIC:08X}"));
            return Err(from.wrong_at(0, Problem::Value { what: "magic number", found, expected }));
        }
        let at = from.offset();
        let version = Version::read(&mut from)?;
        let version = FormatVersion::from_version(version).ok_or_else(|| {
            let (found, expected) = (version.to_string(), "2.1, 2.2 or 2.3".to_owned());
            let what = "version of the export file format";
            from.wrong_at(at, Problem::Value { what, found, expected })
        })?;
        let constants = from.u2("number of constants")?;
        let constants = from.list(constants, ExportConstant::read)?;
        let this_package = from.u2("this package")?;
        let newest = version >= FormatVersion::V2_3;
        let referenced = if newest { from.u1("number of referenced packages")? } else { 0 };
        let referenced_packages = from.list(referenced, |from| from.u2("referenced package"))?;
        let classes = from.u1("number of classes")?;
        let classes = from.list(classes, |from| ExportClass::read(from, newest))?;
        from.finish()?;
        Ok(Self { version, constants, this_package, referenced_packages, classes })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Too many of something.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TooLarge> {
        let newest = self.version >= FormatVersion::V2_3;
        let mut file = Vec::new();
        file.u4(MAGIC);
        self.version.version().write(&mut file);
        file.u2(count("number of constants", self.constants.len())?);
        self.constants.iter().try_for_each(|constant| constant.write(&mut file))?;
        file.u2(self.this_package);
        if newest {
            let referenced = &self.referenced_packages;
            file.u1(count("number of referenced packages", referenced.len())?);
            referenced.iter().for_each(|package| file.u2(*package));
        }
        file.u1(count("number of classes", self.classes.len())?);
        self.classes.iter().try_for_each(|class| class.write(&mut file, newest))?;
        Ok(file)
    }
}

impl ExportConstant {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = from.offset();
        Ok(match from.u1("tag of a constant")? {
            1 => {
                let length = from.u2("length of a text")?;
                Self::Utf8(from.take(length.into(), "text")?.to_vec())
            }
            3 => Self::Integer(from.s4("integer")?),
            7 => Self::Class(from.u2("name of a class")?),
            13 => Self::Package {
                flags: from.u1("flags of a package")?,
                name: from.u2("name of a package")?,
                package: PackageInfo::read(from)?,
            },
            tag => {
                let (found, expected) = (tag.to_string(), "1, 3, 7 or 13".to_owned());
                let problem = Problem::Value { what: "tag of a constant", found, expected };
                return Err(from.wrong_at(at, problem));
            }
        })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        match self {
            Self::Utf8(text) => {
                to.u1(1);
                to.u2(count("length of a text", text.len())?);
                to.extend(text);
            }
            Self::Integer(value) => {
                to.u1(3);
                to.s4(*value);
            }
            Self::Class(name) => {
                to.u1(7);
                to.u2(*name);
            }
            Self::Package { flags, name, package } => {
                to.extend([13, *flags]);
                to.u2(*name);
                package.write(to);
            }
        }
        Ok(())
    }
}

impl ExportClass {
    fn read(from: &mut Cursor<'_>, newest: bool) -> Result<Self, Malformed> {
        let token = from.u1("token of a class")?;
        let access = from.u2("access of a class")?;
        let name = from.u2("name of a class")?;
        let supers = from.u2("number of superclasses")?;
        let supers = from.list(supers, |from| from.u2("superclass"))?;
        let interfaces = from.u1("number of interfaces")?;
        let interfaces = from.list(interfaces, |from| from.u2("interface"))?;
        let fields = from.u2("number of fields")?;
        let fields = from.list(fields, ExportField::read)?;
        let methods = from.u2("number of methods")?;
        let methods = from.list(methods, |from| {
            Ok(ExportMethod {
                token: from.u1("token of a method")?,
                access: from.u2("access of a method")?,
                name: from.u2("name of a method")?,
                descriptor: from.u2("descriptor of a method")?,
            })
        })?;
        let inheritable_count = if newest { from.u1("inheritable tokens")? } else { 0 };
        Ok(Self { token, access, name, supers, interfaces, fields, methods, inheritable_count })
    }

    fn write(&self, to: &mut Vec<u8>, newest: bool) -> Result<(), TooLarge> {
        to.u1(self.token);
        to.u2(self.access);
        to.u2(self.name);
        to.u2(count("number of superclasses", self.supers.len())?);
        self.supers.iter().for_each(|class| to.u2(*class));
        to.u1(count("number of interfaces", self.interfaces.len())?);
        self.interfaces.iter().for_each(|class| to.u2(*class));
        to.u2(count("number of fields", self.fields.len())?);
        self.fields.iter().try_for_each(|field| field.write(to))?;
        to.u2(count("number of methods", self.methods.len())?);
        for method in &self.methods {
            to.u1(method.token);
            to.u2(method.access);
            to.u2(method.name);
            to.u2(method.descriptor);
        }
        if newest {
            to.u1(self.inheritable_count);
        }
        Ok(())
    }
}

impl ExportField {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let token = from.u1("token of a field")?;
        let access = from.u2("access of a field")?;
        let name = from.u2("name of a field")?;
        let descriptor = from.u2("descriptor of a field")?;
        let attributes = from.u2("number of attributes")?;
        let attributes = from.list(attributes, |from| {
            let name = from.u2("name of an attribute")?;
            let length = usize::try_from(from.u4("length of an attribute")?).unwrap_or(usize::MAX);
            Ok(ExportAttribute { name, data: from.take(length, "attribute")?.to_vec() })
        })?;
        Ok(Self { token, access, name, descriptor, attributes })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        to.u1(self.token);
        to.u2(self.access);
        to.u2(self.name);
        to.u2(self.descriptor);
        to.u2(count("number of attributes", self.attributes.len())?);
        for attribute in &self.attributes {
            to.u2(attribute.name);
            to.u4(count("length of an attribute", attribute.data.len())?);
            to.extend(&attribute.data);
        }
        Ok(())
    }
}

fn count<T: TryFrom<usize> + crate::cap::Limit>(
    what: &'static str,
    found: usize,
) -> Result<T, TooLarge> {
    let part = || Part::ExportFile("to be written".to_owned());
    T::try_from(found).map_err(|_| TooLarge { part: part(), what, found, limit: T::LIMIT })
}
