//! The programming interfaces of Java Card platforms and GlobalPlatform: names, descriptors, access,
//! tokens and constants, by version.
//!
//! The tables are text files in `api/`, one a package, that carry facts only. From them come the
//! export files that a converter links with, the classes that `javac` compiles against, and the names
//! in dumps. A token never changes from version to version; what is new says since when it is there.

mod exports;
mod read;
mod stubs;

use std::sync::OnceLock;

use crate::Aid;
use crate::cap::FormatVersion;
pub use crate::cap::Version;

/// Access bits of classes and members, as export files have them.
pub mod access {
    /// Visible everywhere.
    pub const PUBLIC: u16 = 0x0001;
    /// Visible to subclasses.
    pub const PROTECTED: u16 = 0x0004;
    /// Of the class, not of its objects.
    pub const STATIC: u16 = 0x0008;
    /// Not overridden, not extended, not changed.
    pub const FINAL: u16 = 0x0010;
    /// An interface.
    pub const INTERFACE: u16 = 0x0200;
    /// Without a body.
    pub const ABSTRACT: u16 = 0x0400;
    /// An interface whose objects may be called over the firewall.
    pub const SHAREABLE: u16 = 0x0800;
    /// Callable from a terminal by RMI.
    pub const REMOTE: u16 = 0x1000;
}

/// All tables.
#[derive(Debug)]
pub struct Api {
    platforms: Vec<Platform>,
    packages: Vec<PackageTable>,
}

/// A version of the Java Card platform, and which packages it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Its name: `3.0.5`.
    pub name: String,
    /// Its packages.
    pub packages: Vec<PlatformPackage>,
}

/// A package of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformPackage {
    /// Name with slashes: `javacard/framework`.
    pub name: String,
    /// The package's version there.
    pub version: Version,
    /// Format of the export file that the platform's kit has of it.
    pub format: FormatVersion,
}

/// A package in all its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageTable {
    /// Name with slashes.
    pub name: String,
    /// Application identifier.
    pub aid: Aid,
    /// Known versions, the oldest first.
    pub versions: Vec<Version>,
    /// Classes by token.
    pub classes: Vec<ClassTable>,
}

/// A public class or interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTable {
    /// Its token.
    pub token: u8,
    /// Name with package and slashes.
    pub name: String,
    /// [`access`] bits.
    pub access: u16,
    /// What it extends; none for `java/lang/Object` and interfaces.
    pub superclass: Option<String>,
    /// Interfaces, inherited ones included.
    pub interfaces: Vec<String>,
    /// How many virtual tokens count as inheritable by CAP 2.2 rules, where these are not all.
    pub inheritable: Option<u8>,
    /// The package version that brought it.
    pub since: Version,
    /// Its members; inherited ones stand where they are declared.
    pub members: Vec<Member>,
}

/// A field or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// Name; `<init>` of constructors.
    pub name: String,
    /// Type, as class files write it.
    pub descriptor: String,
    /// [`access`] bits.
    pub access: u16,
    /// Checked exceptions that callers must expect.
    pub throws: Vec<String>,
    /// The package version that brought it.
    pub since: Version,
}

/// Kinds of members. Each kind of token has a numbering of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A constant of the compiler: no token, a value.
    Constant(i32),
    /// A static field.
    StaticField(u8),
    /// A static method or constructor.
    StaticMethod(u8),
    /// A virtual method, or a method of an interface.
    VirtualMethod(u8),
}

impl Api {
    /// What comes with the program.
    pub fn built_in() -> &'static Self {
        static TABLES: OnceLock<Api> = OnceLock::new();
        TABLES.get_or_init(read::built_in)
    }

    /// Java Card platforms, the oldest first.
    pub fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// A platform by name.
    pub fn platform(&self, name: &str) -> Option<&Platform> {
        self.platforms.iter().find(|platform| platform.name == name)
    }

    /// Packages in all their versions, by name.
    pub fn packages(&self) -> &[PackageTable] {
        &self.packages
    }

    /// A package in one version.
    pub fn package(&self, name: &str, version: Version) -> Option<Package<'_>> {
        let table = self.packages.iter().find(|package| package.name == name)?;
        table.versions.contains(&version).then_some(Package { api: self, table, version })
    }

    /// The packages of a platform.
    pub fn of_platform<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = Package<'a>> {
        platform.packages.iter().filter_map(|one| self.package(&one.name, one.version))
    }

    fn class(&self, name: &str) -> Option<&ClassTable> {
        self.packages.iter().flat_map(|package| &package.classes).find(|class| class.name == name)
    }
}

/// A package as it is in one version.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    api: &'a Api,
    table: &'a PackageTable,
    version: Version,
}

impl<'a> Package<'a> {
    /// Name with slashes.
    pub fn name(&self) -> &'a str {
        &self.table.name
    }

    /// Application identifier.
    pub fn aid(&self) -> Aid {
        self.table.aid
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its classes, by token.
    pub fn classes(&self) -> impl Iterator<Item = &'a ClassTable> + use<'a> {
        let version = self.version;
        self.table.classes.iter().filter(move |class| class.since <= version)
    }

    /// Members that a class declares itself in this version.
    pub fn declared(&self, class: &'a ClassTable) -> impl Iterator<Item = &'a Member> + use<'a> {
        let version = self.version;
        class.members.iter().filter(move |member| member.since <= version)
    }

    /// Members as an export file lists them: own ones, and the virtual methods of what it extends.
    pub fn listed(&self, class: &'a ClassTable) -> Vec<&'a Member> {
        let mut out: Vec<&Member> = self.declared(class).collect();
        let mut seen = vec![class.name.as_str()];
        let mut above: Vec<&str> = parents(class).collect();
        while let Some(name) = above.pop() {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let Some(parent) = self.api.class(name) else { continue };
            let own = self.table.classes.iter().any(|class| class.name == name);
            for member in &parent.members {
                let virtual_method = matches!(member.kind, MemberKind::VirtualMethod(_));
                let there = !own || member.since <= self.version;
                let known = out
                    .iter()
                    .any(|one| one.name == member.name && one.descriptor == member.descriptor);
                if virtual_method && there && !known {
                    out.push(member);
                }
            }
            above.extend(parents(parent));
        }
        out.sort_by_key(|member| member.order());
        out
    }

    /// All superclasses of a class, `java/lang/Object` first; of an interface that one alone.
    pub fn superclasses(&self, class: &'a ClassTable) -> Vec<&'a str> {
        let mut out = Vec::new();
        let is_interface = class.access & access::INTERFACE != 0;
        let mut next = if is_interface { Some(OBJECT) } else { class.superclass.as_deref() };
        while let Some(name) = next {
            if out.contains(&name) {
                break;
            }
            out.push(name);
            next = self.api.class(name).and_then(|class| class.superclass.as_deref());
        }
        out.reverse();
        out
    }

    /// How many virtual tokens of a class its subclasses inherit by the rules of CAP 2.2; none of
    /// interfaces.
    pub fn inheritable(&self, class: &'a ClassTable) -> u8 {
        if class.access & access::INTERFACE != 0 {
            return 0;
        }
        let tokens = self.listed(class).into_iter().filter_map(|member| match member.kind {
            MemberKind::VirtualMethod(token) => Some(token.saturating_add(1)),
            _ => None,
        });
        let all = tokens.max().unwrap_or_default();
        class.inheritable.map_or(all, |fewer| fewer.min(all))
    }
}

impl Member {
    /// Constants and fields, then static methods, then virtual ones; each by token.
    fn order(&self) -> (u8, u8) {
        match self.kind {
            MemberKind::Constant(_) => (0, 0),
            MemberKind::StaticField(token) => (1, token),
            MemberKind::StaticMethod(token) => (2, token),
            MemberKind::VirtualMethod(token) => (3, token),
        }
    }
}

const OBJECT: &str = "java/lang/Object";

fn parents(class: &ClassTable) -> impl Iterator<Item = &str> {
    let interfaces = class.interfaces.iter().map(String::as_str);
    // An interface has the methods of its own parents only.
    interfaces.chain(class.superclass.as_deref())
}

#[cfg(test)]
mod tests;
