//! An export file with names, in words.

use std::fmt;

use serde::Serialize;

use super::declared;
use crate::Malformed;
use crate::export::{ExportFile, Package, PackageClass, PackageField, PackageMethod};

/// What an export file offers. Names of classes and packages have dots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportListing {
    /// Name of the package.
    pub package: String,
    /// Its AID, in hex.
    pub aid: String,
    /// Its version.
    pub version: String,
    /// Version of the file's format.
    pub format: String,
    /// Whether it is a library, without applets.
    pub library: bool,
    /// Packages that it refers to (format 2.3).
    pub refers_to: Vec<String>,
    /// Classes and interfaces, as they stand in the file.
    pub classes: Vec<ListedClass>,
}

/// A class or interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedClass {
    /// Its token.
    pub token: u8,
    /// Its name, with its package.
    pub name: String,
    /// `public`, `final`, `interface`, `abstract`, `shareable`, `remote`.
    pub access: Vec<&'static str>,
    /// Superclasses up to `java.lang.Object`, or superinterfaces.
    pub supers: Vec<String>,
    /// Interfaces that it implements.
    pub interfaces: Vec<String>,
    /// Public method tokens that subclasses in format 2.2 inherit (format 2.3).
    pub inheritable: Option<u8>,
    /// Fields.
    pub fields: Vec<ListedField>,
    /// Methods, inherited ones among them.
    pub methods: Vec<ListedMethod>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedField {
    /// Its token; none of a constant.
    pub token: Option<u8>,
    /// Its name.
    pub name: String,
    /// Its descriptor, as in class files.
    pub descriptor: String,
    /// `public`, `protected`, `static`, `final`.
    pub access: Vec<&'static str>,
    /// Value of a constant.
    pub value: Option<i32>,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedMethod {
    /// Its token; static methods and constructors are counted apart from the others.
    pub token: u8,
    /// Its name; `<init>` of constructors.
    pub name: String,
    /// Its descriptor, as in class files.
    pub descriptor: String,
    /// `public`, `protected`, `static`, `final`, `abstract`.
    pub access: Vec<&'static str>,
}

impl ExportListing {
    /// Follows the indices of a file; `name` is what messages call it.
    ///
    /// # Errors
    /// An index leads to nothing, or to a constant of another kind.
    pub fn new(file: &ExportFile, name: &str) -> Result<Self, Malformed> {
        let package = Package::resolve(file, name)?;
        let newest =
            !file.referenced_packages.is_empty() || file.version >= crate::cap::FormatVersion::V2_3;
        Ok(Self {
            package: dotted(&package.name),
            aid: package.info.aid.to_string(),
            version: package.info.version.to_string(),
            format: file.version.to_string(),
            library: package.is_library,
            refers_to: package.referenced.iter().map(|one| dotted(&one.name)).collect(),
            classes: package.classes.iter().map(|class| ListedClass::new(class, newest)).collect(),
        })
    }
}

impl ListedClass {
    fn new(class: &PackageClass, newest: bool) -> Self {
        Self {
            token: class.token,
            name: dotted(&class.name),
            access: access(class.access, CLASS_ACCESS),
            supers: class.supers.iter().map(|name| dotted(name)).collect(),
            interfaces: class.interfaces.iter().map(|name| dotted(name)).collect(),
            inheritable: newest.then_some(class.inheritable_count),
            fields: class.fields.iter().map(ListedField::new).collect(),
            methods: class.methods.iter().map(ListedMethod::new).collect(),
        }
    }
}

impl ListedField {
    fn new(field: &PackageField) -> Self {
        Self {
            token: (field.token != 0xFF).then_some(field.token),
            name: field.name.as_ref().to_owned(),
            descriptor: field.descriptor.as_ref().to_owned(),
            access: access(field.access, MEMBER_ACCESS),
            value: field.value,
        }
    }
}

impl ListedMethod {
    fn new(method: &PackageMethod) -> Self {
        Self {
            token: method.token,
            name: method.name.as_ref().to_owned(),
            descriptor: method.descriptor.as_ref().to_owned(),
            access: access(method.access, MEMBER_ACCESS),
        }
    }
}

/// In the order in which Java writes them.
const MEMBER_ACCESS: &[(u16, &str)] = &[
    (0x0001, "public"),
    (0x0004, "protected"),
    (0x0400, "abstract"),
    (0x0008, "static"),
    (0x0010, "final"),
];

const CLASS_ACCESS: &[(u16, &str)] = &[
    (0x0001, "public"),
    (crate::export::access::SHAREABLE, "shareable"),
    (crate::export::access::REMOTE, "remote"),
    (0x0400, "abstract"),
    (0x0010, "final"),
    (0x0200, "interface"),
];

fn access(bits: u16, words: &[(u16, &'static str)]) -> Vec<&'static str> {
    words.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect()
}

fn dotted(name: &str) -> String {
    name.replace('/', ".")
}

impl fmt::Display for ExportListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.library { "library" } else { "package" };
        writeln!(f, "{kind} {} {}", self.package, self.version)?;
        writeln!(f, "  AID {}, export file format {}", self.aid, self.format)?;
        if !self.refers_to.is_empty() {
            writeln!(f, "  refers to {}", self.refers_to.join(", "))?;
        }
        self.classes.iter().try_for_each(|class| write!(f, "\n{class}"))
    }
}

impl fmt::Display for ListedClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = self.access.contains(&"interface");
        // Every interface is abstract; Java does not write it.
        let words = self.access.iter().filter(|word| !(interface && **word == "abstract"));
        let words: Vec<&str> = words.copied().collect();
        let kind = if interface { "" } else { "class " };
        writeln!(f, "class token {}: {} {kind}{}", self.token, words.join(" "), self.name)?;
        // The file says of interfaces that they extend Object; Java does not.
        if !self.supers.is_empty() && !interface {
            writeln!(f, "  extends {}", self.supers.join(", "))?;
        }
        if !self.interfaces.is_empty() {
            let verb = if interface { "extends" } else { "implements" };
            writeln!(f, "  {verb} {}", self.interfaces.join(", "))?;
        }
        if let Some(inheritable) = self.inheritable {
            writeln!(f, "  inheritable public method tokens (format 2.2): {inheritable}")?;
        }
        for field in &self.fields {
            let token = field.token.map_or_else(|| "-".to_owned(), |token| token.to_string());
            let declared = declared(&field.name, &field.descriptor);
            write!(f, "  {token:>3}  {} {declared}", field.access.join(" "))?;
            match field.value {
                Some(value) => writeln!(f, " = {value}")?,
                None => writeln!(f)?,
            }
        }
        for method in &self.methods {
            let declared = declared(&method.name, &method.descriptor);
            let words: Vec<&str> = method
                .access
                .iter()
                .filter(|word| !(interface && **word == "abstract"))
                .copied()
                .collect();
            writeln!(f, "  {:>3}  {} {declared}", method.token, words.join(" "))?;
        }
        Ok(())
    }
}
