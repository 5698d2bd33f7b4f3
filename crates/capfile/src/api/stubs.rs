//! Classes that `javac` compiles against, out of the tables.

use super::{Api, ClassTable, Member, MemberKind, OBJECT, Package, Platform, Version};
use crate::jar::{Archive, Entry};
use crate::stub::{self, Stub, StubMember};

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
        let classes: Vec<_> = self.classes().map(|class| self.stub(class)).collect();
        match stub::class_files(&classes) {
            Ok(files) => files,
            Err(why) => unreachable!("the program's own table of {}: {why}", self.name()),
        }
    }

    fn stub<'a>(self, class: &'a ClassTable) -> Stub<'a> {
        let superclass = class.superclass.as_deref().or(Some(OBJECT));
        Stub {
            name: &class.name,
            access: class.access,
            superclass: superclass.filter(|_| class.name != OBJECT),
            interfaces: class.interfaces.iter().map(String::as_str).collect(),
            members: class
                .members
                .iter()
                .filter(|member| member.since <= self.version)
                .map(stub_of)
                .collect(),
        }
    }
}

fn stub_of(member: &Member) -> StubMember<'_> {
    StubMember {
        access: member.access,
        name: &member.name,
        descriptor: &member.descriptor,
        value: match member.kind {
            MemberKind::Constant(value) => Some(value),
            _ => None,
        },
        throws: member.throws.iter().map(String::as_str).collect(),
    }
}
