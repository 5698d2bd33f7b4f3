//! Export component (10): where other packages find classes and static members.

use super::TooLarge;
use super::frame::{Format, MethodPlace, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The Export component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    /// One list for each package; the compact form has one.
    pub packages: Vec<Vec<ExportedClass>>,
}

/// An exported class; its index in the list is its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedClass {
    /// Its offset in the Class component's info.
    pub class: u16,
    /// By token: offsets in the static field image.
    pub fields: Vec<u16>,
    /// By token: static methods and constructors.
    pub methods: Vec<MethodPlace>,
}

impl Exports {
    /// Of the compact form.
    pub fn compact(classes: Vec<ExportedClass>) -> Self {
        Self { packages: vec![classes] }
    }

    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Export component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Export.part();
        let mut from = open(&part, Tag::Export, bytes, format)?;
        let packages = if format.extended { from.u1("number of packages")? } else { 1 };
        let packages = from.list(packages, |from| {
            let classes = from.u1("number of classes")?;
            from.list(classes, |from| ExportedClass::read(from, format))
        })?;
        from.finish()?;
        Ok(Self { packages })
    }

    /// The bytes of the component. The compact form has its first package only.
    ///
    /// # Errors
    /// Too many classes, fields or methods.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        let none = [Vec::new()];
        let packages = if format.extended {
            info.u1(count(Tag::Export, "number of packages", self.packages.len())?);
            self.packages.as_slice()
        } else {
            self.packages.get(..1).unwrap_or(&none)
        };
        for classes in packages {
            info.u1(count(Tag::Export, "number of classes", classes.len())?);
            classes.iter().try_for_each(|class| class.write(&mut info, format))?;
        }
        close(Tag::Export, &info, format)
    }
}

impl ExportedClass {
    fn read(from: &mut Cursor<'_>, format: Format) -> Result<Self, Malformed> {
        let class = from.u2("offset of a class")?;
        let fields = from.u1("number of static fields")?;
        let methods = from.u1("number of static methods")?;
        let fields = from.list(fields, |from| from.u2("offset of a static field"))?;
        let methods = from.list(methods, |from| MethodPlace::read(from, format))?;
        Ok(Self { class, fields, methods })
    }

    fn write(&self, to: &mut Vec<u8>, format: Format) -> Result<(), TooLarge> {
        to.u2(self.class);
        to.u1(count(Tag::Export, "number of static fields", self.fields.len())?);
        to.u1(count(Tag::Export, "number of static methods", self.methods.len())?);
        self.fields.iter().for_each(|field| to.u2(*field));
        self.methods.iter().for_each(|method| method.write(to, format));
        Ok(())
    }
}
