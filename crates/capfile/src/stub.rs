//! Stub classes: what `javac` wants to know of a package, without code.

use crate::Malformed;
use crate::class::{self, Builder, Value};
use crate::export::{Package, PackageClass};
use crate::jar::Entry;

/// Version of the class files: Java 1.2, which every compiler reads.
const MAJOR: u16 = 46;

/// Access bits that mean in class files what they mean in export files.
const KEPT: u16 = class::access::PUBLIC
    | class::access::PROTECTED
    | class::access::STATIC
    | class::access::FINAL
    | class::access::INTERFACE
    | class::access::ABSTRACT;

/// A class.
pub(crate) struct Stub<'a> {
    pub(crate) name: &'a str,
    pub(crate) access: u16,
    pub(crate) superclass: Option<&'a str>,
    pub(crate) interfaces: Vec<&'a str>,
    pub(crate) members: Vec<StubMember<'a>>,
}

/// A field or method; a descriptor with `(` makes it a method.
pub(crate) struct StubMember<'a> {
    pub(crate) access: u16,
    pub(crate) name: &'a str,
    pub(crate) descriptor: &'a str,
    /// Value of a constant.
    pub(crate) value: Option<i32>,
    /// Checked exceptions.
    pub(crate) throws: Vec<&'a str>,
}

/// The class files of a package.
///
/// # Errors
/// A class with more names than a class file holds.
pub(crate) fn class_files(classes: &[Stub<'_>]) -> Result<Vec<Entry>, Malformed> {
    let nested: Vec<_> = classes.iter().filter_map(nesting).collect();
    classes.iter().map(|class| class_file(class, &nested)).collect()
}

fn class_file(class: &Stub<'_>, nested: &[Nesting<'_>]) -> Result<Entry, Malformed> {
    let is_interface = class.access & class::access::INTERFACE != 0;
    let super_bit = if is_interface { 0 } else { class::access::SUPER };
    let access = class.access & KEPT | super_bit;
    let mut file = Builder::new(MAJOR, access, class.name, class.superclass);
    class.interfaces.iter().for_each(|interface| file.interface(interface));
    for member in &class.members {
        let access = member.access & KEPT;
        if member.descriptor.starts_with('(') {
            file.method(access, member.name, member.descriptor, &member.throws);
        } else {
            let value = member.value.map(Value::Integer);
            file.field(access, member.name, member.descriptor, value.as_ref());
        }
    }
    let own = nested.iter().filter(|(inner, outer, _, _)| [*inner, *outer].contains(&class.name));
    let own: Vec<_> = own.copied().collect();
    if !own.is_empty() {
        file.inner_classes(&own);
    }
    Ok(Entry { name: format!("{}.class", class.name), bytes: file.finish()?.to_bytes() })
}

/// What a nested class is in: its name, the class around it, its own name, its access flags.
type Nesting<'a> = (&'a str, &'a str, &'a str, u16);

fn nesting<'a>(class: &Stub<'a>) -> Option<Nesting<'a>> {
    let (outer, own) = class.name.rsplit_once('$')?;
    Some((class.name, outer, own, class.access & KEPT | class::access::STATIC))
}

impl Package {
    /// Its classes as class files that `javac` compiles against, where their own are not at hand.
    /// Checked exceptions are not in an export file, so they are not in these either.
    ///
    /// # Errors
    /// A class with more names than a class file holds.
    pub fn stubs(&self) -> Result<Vec<Entry>, Malformed> {
        let classes: Vec<_> = self.classes.iter().map(stub).collect();
        class_files(&classes)
    }
}

fn stub(class: &PackageClass) -> Stub<'_> {
    let fields = class.fields.iter().map(|field| StubMember {
        access: field.access,
        name: &field.name,
        descriptor: &field.descriptor,
        value: field.value,
        throws: Vec::new(),
    });
    let methods = class.methods.iter().map(|method| StubMember {
        access: method.access,
        name: &method.name,
        descriptor: &method.descriptor,
        value: None,
        throws: Vec::new(),
    });
    Stub {
        name: &class.name,
        access: class.access,
        superclass: class.supers.last().map(|name| &**name),
        interfaces: class.interfaces.iter().map(|name| &**name).collect(),
        members: fields.chain(methods).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Api;
    use crate::class::ClassFile;
    use crate::export::ExportFile;

    fn framework() -> Vec<u8> {
        let api = Api::built_in();
        let platform = api.platform("3.2.0").unwrap();
        let mut packages = api.of_platform(platform);
        let package = packages.find(|one| one.name() == "javacard/framework").unwrap();
        package.export(platform).to_bytes().unwrap()
    }

    #[test]
    fn stubs_of_an_export_file_declare_what_it_offers() {
        let file = ExportFile::read(&framework(), "framework.exp").unwrap();
        let package = Package::resolve(&file, "framework.exp").unwrap();
        let stubs = package.stubs().unwrap();
        assert_eq!(stubs.len(), package.classes.len());
        for (stub, class) in stubs.iter().zip(&package.classes) {
            let file = ClassFile::read(&stub.name, &stub.bytes).unwrap();
            assert_eq!(file.name().unwrap(), &*class.name);
            assert_eq!(file.super_name().unwrap(), Some(&**class.supers.last().unwrap()));
            assert_eq!(file.interfaces.len(), class.interfaces.len());
            assert_eq!(file.fields.len(), class.fields.len());
            assert_eq!(file.methods.len(), class.methods.len());
        }
    }

    proptest! {
        #[test]
        fn stubs_of_a_damaged_export_file_are_class_files_or_an_error(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
        ) {
            let mut bytes = framework();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let read = ExportFile::read(&bytes, "damaged.exp");
            let package = read.and_then(|file| Package::resolve(&file, "damaged.exp"));
            for stub in package.and_then(|package| package.stubs()).into_iter().flatten() {
                let file = ClassFile::read(&stub.name, &stub.bytes);
                prop_assert!(file.is_ok(), "{:?}", file.map(|_| ()));
            }
        }
    }
}
