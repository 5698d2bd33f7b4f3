//! An export file with names instead of indices.

use std::sync::Arc;

use super::{ExportConstant, ExportFile};
use crate::cap::PackageInfo;
use crate::{Malformed, Part, Problem};

/// What a package offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name, with slashes.
    pub name: Arc<str>,
    /// Version and AID.
    pub info: PackageInfo,
    /// Whether it is a library, without applets.
    pub is_library: bool,
    /// The packages it refers to (format 2.3).
    pub referenced: Vec<ReferencedPackage>,
    /// Its classes and interfaces.
    pub classes: Vec<PackageClass>,
}

/// A package that another refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencedPackage {
    /// Its name, with slashes.
    pub name: Arc<str>,
    /// Version and AID.
    pub info: PackageInfo,
}

/// A class or interface. Names of classes are with slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageClass {
    /// Its token.
    pub token: u8,
    /// Access flags as in class files, and [`super::access`].
    pub access: u16,
    /// Its name.
    pub name: Arc<str>,
    /// All its superclasses, `java/lang/Object` first; of an interface that one alone.
    pub supers: Vec<Arc<str>>,
    /// All interfaces it implements or extends.
    pub interfaces: Vec<Arc<str>>,
    /// Fields.
    pub fields: Vec<PackageField>,
    /// Methods, inherited ones among them.
    pub methods: Vec<PackageMethod>,
    /// Public method tokens that subclasses in format 2.2 inherit (format 2.3).
    pub inheritable_count: u8,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageField {
    /// Its token; 0xFF for compile-time constants.
    pub token: u8,
    /// Access flags as in class files.
    pub access: u16,
    /// Its name.
    pub name: Arc<str>,
    /// Its descriptor, as in class files.
    pub descriptor: Arc<str>,
    /// Value of a compile-time constant.
    pub value: Option<i32>,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageMethod {
    /// Its token.
    pub token: u8,
    /// Access flags as in class files.
    pub access: u16,
    /// Its name.
    pub name: Arc<str>,
    /// Its descriptor, as in class files.
    pub descriptor: Arc<str>,
}

impl Package {
    /// Follows the indices of an export file; `name` is what messages call it.
    ///
    /// # Errors
    /// An index leads to nothing, or to a constant of another kind.
    pub fn resolve(file: &ExportFile, name: &str) -> Result<Self, Malformed> {
        let names = Names { file, name, texts: texts(file) };
        let (flags, package, info) = names.package(file.this_package)?;
        let referenced = file.referenced_packages.iter();
        let referenced = referenced.map(|index| {
            names.package(*index).map(|(_, name, info)| ReferencedPackage { name, info })
        });
        let mut classes = Vec::with_capacity(file.classes.len());
        for class in &file.classes {
            let list = |indices: &[u16]| -> Result<Vec<_>, Malformed> {
                indices.iter().map(|index| names.class(*index)).collect()
            };
            let fields = class.fields.iter().map(|field| {
                let constant = field.attributes.iter().find(|attribute| {
                    matches!(names.get(attribute.name, "attribute"),
                        Ok(ExportConstant::Utf8(name)) if name == b"ConstantValue")
                });
                let value = constant.map(|attribute| names.integer(&attribute.data)).transpose()?;
                Ok(PackageField {
                    token: field.token,
                    access: field.access,
                    name: names.text(field.name)?,
                    descriptor: names.text(field.descriptor)?,
                    value,
                })
            });
            let methods = class.methods.iter().map(|method| {
                Ok(PackageMethod {
                    token: method.token,
                    access: method.access,
                    name: names.text(method.name)?,
                    descriptor: names.text(method.descriptor)?,
                })
            });
            classes.push(PackageClass {
                token: class.token,
                access: class.access,
                name: names.class(class.name)?,
                supers: list(&class.supers)?,
                interfaces: list(&class.interfaces)?,
                fields: fields.collect::<Result<_, Malformed>>()?,
                methods: methods.collect::<Result<_, Malformed>>()?,
                inheritable_count: class.inheritable_count,
            });
        }
        Ok(Self {
            name: package,
            info,
            is_library: flags & 1 != 0,
            referenced: referenced.collect::<Result<_, _>>()?,
            classes,
        })
    }

    /// The class of a token.
    pub fn class(&self, token: u8) -> Option<&PackageClass> {
        self.classes.iter().find(|class| class.token == token)
    }
}

/// Follows indices.
struct Names<'a> {
    file: &'a ExportFile,
    name: &'a str,
    /// By index; each text is kept once, however often it is named.
    texts: Vec<Option<Arc<str>>>,
}

fn texts(file: &ExportFile) -> Vec<Option<Arc<str>>> {
    let text = |constant: &ExportConstant| match constant {
        ExportConstant::Utf8(text) => std::str::from_utf8(text).ok().map(Arc::from),
        _ => None,
    };
    file.constants.iter().map(text).collect()
}

impl Names<'_> {
    fn get(&self, index: u16, what: &'static str) -> Result<&ExportConstant, Malformed> {
        let count = self.file.constants.len();
        self.file.constants.get(usize::from(index)).ok_or_else(|| {
            self.wrong(what, format!("constant {index}"), format!("one of {count} constants"))
        })
    }

    fn text(&self, index: u16) -> Result<Arc<str>, Malformed> {
        self.get(index, "name")?;
        let text = self.texts.get(usize::from(index)).and_then(Clone::clone);
        text.ok_or_else(|| {
            self.wrong("name", format!("constant {index}"), "a text in UTF-8".to_owned())
        })
    }

    fn class(&self, index: u16) -> Result<Arc<str>, Malformed> {
        match self.get(index, "class")? {
            ExportConstant::Class(name) => self.text(*name),
            _ => Err(self.wrong("class", format!("constant {index}"), "a class".to_owned())),
        }
    }

    fn package(&self, index: u16) -> Result<(u8, Arc<str>, PackageInfo), Malformed> {
        match self.get(index, "package")? {
            ExportConstant::Package { flags, name, package } => {
                Ok((*flags, self.text(*name)?, *package))
            }
            _ => Err(self.wrong("package", format!("constant {index}"), "a package".to_owned())),
        }
    }

    fn integer(&self, data: &[u8]) -> Result<i32, Malformed> {
        let index = match data {
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => {
                let found = format!("{} bytes", data.len());
                return Err(self.wrong("ConstantValue", found, "2 bytes".to_owned()));
            }
        };
        match self.get(index, "value of a constant")? {
            ExportConstant::Integer(value) => Ok(*value),
            _ => {
                let found = format!("constant {index}");
                Err(self.wrong("value of a constant", found, "an integer".to_owned()))
            }
        }
    }

    /// Indices stand in many places; the constant is named instead of an offset.
    fn wrong(&self, what: &'static str, found: String, expected: String) -> Malformed {
        let part = Part::ExportFile(self.name.to_owned());
        Malformed { part, offset: 0, problem: Problem::Value { what, found, expected } }
    }
}
