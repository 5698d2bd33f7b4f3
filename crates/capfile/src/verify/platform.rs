//! Export files of known packages: what a package is verified against when only its platform is
//! known, or nothing.

use crate::api::{Api, Platform, Version};
use crate::cap::PackageInfo;
use crate::export::Package;

/// The packages of a platform, and known packages of others that are imported (GlobalPlatform's), in
/// the imported version where it is known, else the newest.
pub fn offered(platform: &Platform, imports: &[PackageInfo]) -> Vec<Package> {
    let api = Api::built_in();
    let own = api.of_platform(platform).map(|package| package.offers(platform));
    let others = imports.iter().filter_map(|import| {
        let table = api.packages().iter().find(|table| table.aid == import.aid)?;
        if api.platforms().iter().any(|one| version(one, &table.name).is_some()) {
            return None;
        }
        let known = table.versions.contains(&import.version).then_some(import.version);
        let version = known.or(table.versions.last().copied())?;
        Some(api.package(&table.name, version)?.offers(platform))
    });
    own.chain(others).collect()
}

/// The oldest platform that has all that is imported in the imported versions or newer ones; the
/// newest, if none has.
pub fn oldest_with(imports: &[PackageInfo]) -> Option<&'static Platform> {
    let api = Api::built_in();
    let wanted: Vec<(&str, Version)> = imports
        .iter()
        .filter_map(|import| {
            let table = api.packages().iter().find(|table| table.aid == import.aid)?;
            Some((table.name.as_str(), import.version))
        })
        .filter(|(name, _)| api.platforms().iter().any(|one| version(one, name).is_some()))
        .collect();
    let has_all = |platform: &&Platform| {
        wanted.iter().all(|(name, wanted)| {
            version(platform, name)
                .is_some_and(|found| found.major == wanted.major && found.minor >= wanted.minor)
        })
    };
    api.platforms().iter().find(has_all).or(api.platforms().last())
}

fn version(platform: &Platform, name: &str) -> Option<Version> {
    let package = platform.packages.iter().find(|package| package.name == name)?;
    Some(package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(aid: &str, major: u8, minor: u8) -> PackageInfo {
        PackageInfo { version: Version { major, minor }, aid: aid.parse().unwrap() }
    }

    #[test]
    fn the_oldest_platform_that_has_everything_is_found() {
        let framework = |minor| oldest_with(&[import("A0000000620101", 1, minor)]).unwrap();
        assert_eq!(framework(3).name, "2.2.2");
        assert_eq!(framework(6).name, "3.0.5");
        assert_eq!(framework(9).name, "3.2.0");
        assert_eq!(framework(99).name, "3.2.0");
        let math = import("A0000000620802", 1, 0);
        assert!(oldest_with(&[math]).is_some());
    }

    #[test]
    fn packages_beside_the_platform_come_in_the_imported_version() {
        let global = import("A00000015100", 1, 1);
        let platform = oldest_with(&[]).unwrap();
        let all = offered(platform, &[global]);
        let found = all.iter().find(|package| package.info.aid == global.aid).unwrap();
        assert_eq!(found.info, global);
        assert!(all.iter().any(|package| &*package.name == "java/lang"));
    }
}
