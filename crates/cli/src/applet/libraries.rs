//! What a package may import: the platform's packages, known ones beside it, export files of others.

use capfile::Aid;
use capfile::api::{self, Api, Platform, Version};
use capfile::cap::PackageInfo;
use capfile::export::{ExportFile, Package};

/// An export file that the user gave.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// What messages call it.
    pub(super) name: String,
    pub(super) file: ExportFile,
    pub(super) package: Package,
}

/// Everything that may be imported.
#[derive(Debug)]
pub(super) struct Libraries {
    pub(super) platform: &'static Platform,
    pub(super) beside: Vec<api::Package<'static>>,
    pub(super) imports: Vec<Import>,
}

/// An import that cannot be: which one, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// Index of the import.
    pub(super) import: usize,
    pub(super) message: String,
    pub(super) mend: String,
}

impl Libraries {
    /// Export files in the order in which a package is looked for in them.
    pub(super) fn exports(&self) -> Vec<ExportFile> {
        let own = Api::built_in().exports(self.platform).into_iter();
        let beside = self.beside.iter().map(|package| package.export(self.platform));
        own.chain(beside).chain(self.imports.iter().map(|import| import.file.clone())).collect()
    }

    /// The same with names.
    pub(super) fn packages(&self) -> Vec<Package> {
        let platform = self.platform;
        let own = Api::built_in().of_platform(platform).map(|package| package.offers(platform));
        let beside = self.beside.iter().map(|package| package.offers(platform));
        own.chain(beside).chain(self.imports.iter().map(|import| import.package.clone())).collect()
    }

    /// Imports that do not fit the platform, each other or the package itself.
    pub(super) fn conflicts(&self, name: &str, aid: Aid) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (index, import) in self.imports.iter().enumerate() {
            let told = self.own_version(import).or_else(|| self.twice(index, import));
            let told = told.or_else(|| itself(import, name, aid));
            let told = told.or_else(|| self.built_against(import));
            if let Some((message, mend)) = told {
                found.push(Conflict { import: index, message, mend });
            }
        }
        found
    }

    /// The version of a package that comes with the program for this build.
    fn here(&self, name: &str) -> Option<Version> {
        let own = self.platform.packages.iter().find(|one| one.name == name);
        let beside = || self.beside.iter().find(|one| one.name() == name);
        own.map(|one| one.version).or_else(|| beside().map(|one| one.version()))
    }

    fn own_version(&self, import: &Import) -> Option<(String, String)> {
        let Package { name, info, .. } = &import.package;
        let here = self.here(name)?;
        let platform = &self.platform.name;
        (here != info.version).then(|| {
            (
                format!(
                    "{} is {} {}, but the build has {here} (target {platform})",
                    import.name,
                    dotted(name),
                    info.version
                ),
                "take it out: what comes with the target needs no file; or choose another target"
                    .to_owned(),
            )
        })
    }

    fn twice(&self, index: usize, import: &Import) -> Option<(String, String)> {
        let before = self.imports.iter().take(index);
        let same = before.into_iter().find(|other| {
            other.package.name == import.package.name
                || other.package.info.aid == import.package.info.aid
        })?;
        let described = |one: &Import| {
            let Package { name, info: PackageInfo { version, aid }, .. } = &one.package;
            format!("{} {version} with AID {aid}", dotted(name))
        };
        Some((
            format!(
                "{} is {}, and {} is {}",
                import.name,
                described(import),
                same.name,
                described(same)
            ),
            "keep the one that the cards have; every package has its own name and AID".to_owned(),
        ))
    }

    /// Export files of format 2.3 say which packages they were made with.
    fn built_against(&self, import: &Import) -> Option<(String, String)> {
        import.package.referenced.iter().find_map(|referenced| {
            let wanted = referenced.info.version;
            let here = self.here(&referenced.name).or_else(|| {
                let mut imports = self.imports.iter();
                let other = imports.find(|other| other.package.name == referenced.name)?;
                Some(other.package.info.version)
            })?;
            // A card links with the same major version and no lower minor one.
            let fits = here.major == wanted.major && here.minor >= wanted.minor;
            (!fits).then(|| {
                (
                    format!(
                        "{} was made with {} {wanted}, but the build has {here}",
                        import.name,
                        dotted(&referenced.name)
                    ),
                    format!(
                        "make its package for target {} too, or choose a newer target here",
                        self.platform.name
                    ),
                )
            })
        })
    }
}

fn itself(import: &Import, name: &str, aid: Aid) -> Option<(String, String)> {
    let other = &import.package;
    if dotted(&other.name) == name {
        let mend = "take it out: a package does not import itself".to_owned();
        return Some((format!("{} is of package {name} itself", import.name), mend));
    }
    (other.info.aid == aid).then(|| {
        (
            format!("{} has this package's AID {aid}: {}", import.name, dotted(&other.name)),
            "give every package its own AID".to_owned(),
        )
    })
}

fn dotted(name: &str) -> String {
    name.replace('/', ".")
}

#[cfg(test)]
mod tests {
    use capfile::export::ReferencedPackage;

    use super::*;
    use crate::applet::platform;

    fn import(file: &str, name: &str, aid: &str, version: (u8, u8)) -> Import {
        let version = Version { major: version.0, minor: version.1 };
        let package = Package {
            name: name.into(),
            info: PackageInfo { version, aid: aid.parse().unwrap() },
            is_library: true,
            referenced: Vec::new(),
            classes: Vec::new(),
        };
        let file_of = ExportFile::of(&package, capfile::cap::FormatVersion::V2_3).unwrap();
        Import { name: file.to_owned(), file: file_of, package }
    }

    fn told(imports: Vec<Import>) -> Vec<String> {
        let platform = platform::platform("3.0.5").unwrap();
        let libraries = Libraries { platform, beside: Vec::new(), imports };
        let own = "F00102030405".parse().unwrap();
        let conflicts = libraries.conflicts("com.example.own", own);
        conflicts
            .into_iter()
            .map(|one| format!("{}: {}; {}", one.import, one.message, one.mend))
            .collect()
    }

    #[test]
    fn imports_that_fit_are_no_conflict() {
        let framework = import("framework.exp", "javacard/framework", "A0000000620101", (1, 6));
        let mut library = import("lib.exp", "com/example/lib", "F001020304", (1, 0));
        let info =
            PackageInfo { version: Version { major: 1, minor: 5 }, ..framework.package.info };
        let made_with = ReferencedPackage { name: "javacard/framework".into(), info };
        library.package.referenced.push(made_with);
        assert_eq!(told(vec![framework, library]), Vec::<String>::new());
    }

    #[test]
    fn a_platform_package_in_another_version_is_told() {
        let framework = import("framework.exp", "javacard/framework", "A0000000620101", (1, 9));
        assert_eq!(
            told(vec![framework]),
            ["0: framework.exp is javacard.framework 1.9, but the build has 1.6 (target 3.0.5); \
                 take it out: what comes with the target needs no file; or choose another target"]
        );
    }

    #[test]
    fn a_package_or_an_aid_twice_is_told() {
        let first = import("a.exp", "com/example/lib", "F001020304", (1, 0));
        let newer = import("b.exp", "com/example/lib", "F001020304", (1, 1));
        let other = import("c.exp", "com/example/other", "F001020304", (1, 0));
        let told = told(vec![first, newer, other]);
        assert!(told[0].starts_with(
            "1: b.exp is com.example.lib 1.1 with AID F001020304, and a.exp is com.example.lib 1.0"
        ));
        assert!(told[1].starts_with("2: c.exp is com.example.other 1.0 with AID F001020304, and"));
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn the_package_itself_is_no_import() {
        let own = import("own.exp", "com/example/own", "F001020304", (1, 0));
        let thief = import("thief.exp", "com/example/thief", "F00102030405", (1, 0));
        let told = told(vec![own, thief]);
        assert!(told[0].contains("own.exp is of package com.example.own itself"), "{told:?}");
        assert!(told[1].contains("has this package's AID F00102030405"), "{told:?}");
    }

    #[test]
    fn a_library_made_for_a_newer_platform_is_told() {
        let mut library = import("lib.exp", "com/example/lib", "F001020304", (1, 0));
        let framework = import("", "javacard/framework", "A0000000620101", (1, 9)).package;
        let made_with = ReferencedPackage { name: framework.name, info: framework.info };
        library.package.referenced.push(made_with);
        let told = told(vec![library]);
        assert!(
            told[0].contains("lib.exp was made with javacard.framework 1.9, but the build has 1.6"),
            "{told:?}"
        );
    }
}
