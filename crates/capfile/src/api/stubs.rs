//! Classes that `javac` compiles against, out of the tables.

use super::{Api, ClassTable, Member, MemberKind, OBJECT, Package, Platform, Version, access};
use crate::class::{self, Builder, ClassFile, Value};
use crate::jar::{Archive, Entry};

/// Version of the class files: Java 1.2, which every compiler reads.
const MAJOR: u16 = 46;

/// Packages that every JDK has itself; in a JAR they would be in the way.
const OF_THE_JDK: &str = "java/";

/// What makes an archive a JAR.
const MANIFEST: (&str, &[u8]) = ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n");

impl Api {
    /// The JAR to compile against: the classes of a platform and of other packages beside it,
    /// without those that a JDK brings. Its bytes are the same every time.
    pub fn stubs<'a>(
        &'a self,
        platform: &'a Platform,
        beside: impl IntoIterator<Item = Package<'a>>,
    ) -> Archive {
        let packages = self.of_platform(platform).chain(beside);
        let packages = packages.filter(|package| !package.name().starts_with(OF_THE_JDK));
        let manifest = Entry { name: MANIFEST.0.to_owned(), bytes: MANIFEST.1.to_vec() };
        Archive {
            entries: [manifest].into_iter().chain(packages.flat_map(Package::stubs)).collect(),
        }
    }

    /// The newest version of a package.
    pub fn newest(&self, name: &str) -> Option<Package<'_>> {
        let table = self.packages.iter().find(|package| package.name == name)?;
        let newest = table.versions.iter().max()?;
        self.package(name, *newest)
    }

    /// Known versions of a package, the oldest first; none of one that is not in the tables.
    pub fn versions(&self, name: &str) -> &[Version] {
        let table = self.packages.iter().find(|package| package.name == name);
        table.map_or(&[], |table| &table.versions)
    }
}

impl Package<'_> {
    /// Its classes as class files: signatures, constants with their values, checked exceptions. Bodies
    /// do nothing useful, since nobody runs them.
    pub fn stubs(self) -> Vec<Entry> {
        let stub = |class: &ClassTable| Entry {
            name: format!("{}.class", class.name),
            bytes: self.stub(class).to_bytes(),
        };
        self.classes().map(stub).collect()
    }

    fn stub(self, class: &ClassTable) -> ClassFile {
        let is_interface = class.access & access::INTERFACE != 0;
        let flags = class.access & IN_CLASS_FILES;
        let flags = if is_interface { flags } else { flags | class::access::SUPER };
        let superclass = match &class.superclass {
            Some(superclass) => Some(superclass.as_str()),
            None if class.name == OBJECT => None,
            None => Some(OBJECT),
        };
        let mut file = Builder::new(MAJOR, flags, &class.name, superclass);
        class.interfaces.iter().for_each(|interface| file.interface(interface));
        self.declared(class).for_each(|member| add(&mut file, member));
        let nested: Vec<_> = self.classes().filter_map(nesting).collect();
        let nested: Vec<_> = nested
            .into_iter()
            .filter(|(inner, outer, _, _)| [*inner, *outer].contains(&class.name.as_str()))
            .collect();
        if !nested.is_empty() {
            file.inner_classes(&nested);
        }
        match file.finish() {
            Ok(file) => file,
            Err(why) => unreachable!("the program's own table of {}: {why}", class.name),
        }
    }
}

/// Access bits that mean in class files what they mean in export files.
const IN_CLASS_FILES: u16 = access::PUBLIC | access::FINAL | access::INTERFACE | access::ABSTRACT;

fn add(file: &mut Builder, member: &Member) {
    let Member { name, descriptor, access, .. } = member;
    match member.kind {
        MemberKind::Constant(value) => {
            file.field(*access, name, descriptor, Some(&Value::Integer(value)));
        }
        MemberKind::StaticField(_) => file.field(*access, name, descriptor, None),
        MemberKind::StaticMethod(_) | MemberKind::VirtualMethod(_) => {
            let throws: Vec<&str> = member.throws.iter().map(String::as_str).collect();
            file.method(*access, name, descriptor, &throws);
        }
    }
}

/// What a nested class is in: its name, the class around it, its own name, its access flags.
fn nesting(class: &ClassTable) -> Option<(&str, &str, &str, u16)> {
    let (outer, own) = class.name.rsplit_once('$')?;
    Some((&class.name, outer, own, class.access & IN_CLASS_FILES | access::STATIC))
}
