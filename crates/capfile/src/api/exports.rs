//! Export files out of the tables.

use std::sync::Arc;

use super::{Api, ClassTable, Member, MemberKind, Package, Platform};
use crate::cap::{FormatVersion, PackageInfo};
use crate::export::{self, ExportFile, PackageClass, PackageField, PackageMethod};

impl Api {
    /// The export files of all packages of a platform.
    pub fn exports(&self, platform: &Platform) -> Vec<ExportFile> {
        self.of_platform(platform).map(|package| package.export(platform)).collect()
    }
}

impl Package<'_> {
    /// The export file of this package for a platform: in the format that the platform's kit has it
    /// in, or in 2.1 where it is none of the platform's own. Classes and members stand by token.
    pub fn export(self, platform: &Platform) -> ExportFile {
        let own = platform.packages.iter().find(|one| one.name == self.name());
        let format = own.map_or(FormatVersion::V2_1, |own| own.format);
        match ExportFile::of(&self.offers(platform), format) {
            Ok(file) => file,
            Err(why) => unreachable!("the program's own table of {}: {why}", self.name()),
        }
    }

    /// What this package offers, with names; what it refers to is in the platform's versions.
    pub fn offers(self, platform: &Platform) -> export::Package {
        let classes: Vec<PackageClass> = self.classes().map(|class| self.offered(class)).collect();
        let referenced = self.refers_to(&classes).into_iter().filter_map(|name| {
            let package = self.api.of_platform(platform).find(|package| package.name() == name)?;
            Some(export::ReferencedPackage { name: name.into(), info: package.info() })
        });
        export::Package {
            name: self.name().into(),
            info: self.info(),
            is_library: true,
            referenced: referenced.collect(),
            classes,
        }
    }

    /// Version and AID.
    pub fn info(self) -> PackageInfo {
        PackageInfo { version: self.version(), aid: self.aid() }
    }

    fn offered(self, class: &ClassTable) -> PackageClass {
        let listed = self.listed(class);
        let fields = listed.iter().filter_map(|member| offered_field(member)).collect();
        let methods = listed.iter().filter_map(|member| offered_method(member)).collect();
        PackageClass {
            token: class.token,
            access: class.access,
            name: class.name.as_str().into(),
            supers: texts(self.superclasses(class)),
            interfaces: texts(class.interfaces.iter().map(String::as_str)),
            fields,
            methods,
            inheritable_count: self.inheritable(class),
        }
    }

    /// Other packages, in the order in which what is offered names them.
    fn refers_to<'c>(self, classes: &'c [PackageClass]) -> Vec<&'c str> {
        let mut packages = Vec::new();
        let mut meet = |class: &'c str| {
            if let Some((package, _)) = class.rsplit_once('/')
                && package != self.name()
                && !packages.contains(&package)
            {
                packages.push(package);
            }
        };
        for class in classes {
            class.supers.iter().chain(&class.interfaces).for_each(|class| meet(class));
            let fields = class.fields.iter().map(|field| &*field.descriptor);
            let methods = class.methods.iter().map(|method| &*method.descriptor);
            fields.chain(methods).flat_map(classes_of).for_each(&mut meet);
        }
        packages
    }
}

fn texts<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
    names.into_iter().map(Arc::from).collect()
}

fn offered_field(member: &Member) -> Option<PackageField> {
    let (token, value) = match member.kind {
        MemberKind::Constant(value) => (NO_TOKEN, Some(value)),
        MemberKind::StaticField(token) => (token, None),
        MemberKind::StaticMethod(_) | MemberKind::VirtualMethod(_) => return None,
    };
    Some(PackageField {
        token,
        access: member.access,
        name: member.name.as_str().into(),
        descriptor: member.descriptor.as_str().into(),
        value,
    })
}

/// What stands where a constant of the compiler would have a token.
const NO_TOKEN: u8 = 0xFF;

fn offered_method(member: &Member) -> Option<PackageMethod> {
    let (MemberKind::StaticMethod(token) | MemberKind::VirtualMethod(token)) = member.kind else {
        return None;
    };
    Some(PackageMethod {
        token,
        access: member.access,
        name: member.name.as_str().into(),
        descriptor: member.descriptor.as_str().into(),
    })
}

/// Classes that a descriptor names.
fn classes_of(descriptor: &str) -> impl Iterator<Item = &str> {
    descriptor.split(';').filter_map(|part| part.split_once('L').map(|(_, class)| class))
}
