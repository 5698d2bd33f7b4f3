//! Valid packages: our own in `tests/fixtures`, and the golden corpus, which does not lie in this
//! repository: `PURSEKIT_GOLDEN` names its folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::api::{Api, Platform};
use crate::cap::{CapFile, Component, Tag};
use crate::export::{ExportFile, Package};

/// A package for a platform.
pub(super) struct Sample {
    /// Package and platform.
    pub(super) name: String,
    pub(super) platform: String,
    pub(super) cap: CapFile,
    /// Its own export file, if it is kept.
    pub(super) export: Option<Package>,
}

/// Packages of our own: of the converter, and one made by hand in every format.
pub(super) fn fixtures() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/javacard");
    let mut all = Vec::new();
    let converted = listed(&folder.join("verify"), "components");
    for path in converted.into_iter().chain(listed(&folder.join("counter"), "components")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut components = Vec::new();
        let mut export = None;
        for line in text.lines() {
            let (part, bytes) = line.split_once(' ').unwrap();
            match Tag::STANDARD.into_iter().find(|tag| tag.name() == part) {
                Some(tag) => components.push(Component { tag, bytes: hex(bytes) }),
                None => export = Some(exported(&hex(bytes), &name)),
            }
        }
        let platform = match name.rsplit_once('-').unwrap().1 {
            // Those by hand have their format in the name.
            "2.1" | "2.2" => "3.0.5",
            "2.3" | "extended" => "3.1.0",
            platform => platform,
        };
        let platform = platform.to_owned();
        let cap = CapFile::read(&components).unwrap();
        all.push(Sample { name, platform, cap, export });
    }
    assert!(all.len() >= 24, "{} fixtures", all.len());
    all
}

/// All of the golden corpus; none, and a word about it, where it is not here.
pub(super) fn golden() -> Vec<Sample> {
    let Some(folder) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
        eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name the golden corpus");
        return Vec::new();
    };
    let mut all = Vec::new();
    for file in listed(&folder.join("expected"), "json") {
        let document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let Some(kits) = document["kits"].as_object() else { continue };
        for (kit, result) in kits {
            let Some(parts) = result["components"].as_object() else { continue };
            let of_tag = |tag: Tag| {
                let bytes = hex(parts.get(tag.name())?.as_str()?);
                Some(Component { tag, bytes })
            };
            let components: Vec<Component> = Tag::STANDARD.into_iter().filter_map(of_tag).collect();
            let name = format!("{}-{kit}", document["name"].as_str().unwrap());
            let export = exported(&hex(result["exp"].as_str().unwrap()), &name);
            let cap = CapFile::read(&components).unwrap();
            all.push(Sample { name, platform: kit.clone(), cap, export: Some(export) });
        }
    }
    assert!(all.len() >= 279, "the corpus has {} packages", all.len());
    all
}

fn listed(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn exported(bytes: &[u8], name: &str) -> Package {
    Package::resolve(&ExportFile::read(bytes, name).unwrap(), name).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}

/// Export files by platform: of the platform's packages, of GlobalPlatform, and of the samples.
pub(super) fn exports(samples: &[Sample]) -> HashMap<String, Vec<Package>> {
    let mut all: HashMap<String, Vec<Package>> = HashMap::new();
    for sample in samples {
        let exports = all
            .entry(sample.platform.clone())
            .or_insert_with(|| of_platform(&sample.platform).to_vec());
        exports.extend(sample.export.clone());
    }
    all
}

/// What the tables offer for a platform, each version of a GlobalPlatform package too.
pub(super) fn of_platform(name: &str) -> &'static [Package] {
    static ALL: LazyLock<HashMap<String, Vec<Package>>> = LazyLock::new(|| {
        let platforms = Api::built_in().platforms().iter();
        platforms.map(|platform| (platform.name.clone(), offered(platform))).collect()
    });
    &ALL[name]
}

fn offered(platform: &Platform) -> Vec<Package> {
    let api = Api::built_in();
    let mut all: Vec<Package> =
        api.of_platform(platform).map(|package| package.offers(platform)).collect();
    let global = |name: &str| name.starts_with("org/globalplatform");
    for table in api.packages().iter().filter(|table| global(&table.name)) {
        for version in &table.versions {
            all.push(api.package(&table.name, *version).unwrap().offers(platform));
        }
    }
    all
}

/// The export files that a package needs: of its imports and of all that those refer to.
pub(super) fn needed(cap: &CapFile, all: &[Package]) -> Vec<Package> {
    let is_needed = |package: &&Package| {
        let aid = package.info.aid;
        cap.imports
            .packages
            .iter()
            .any(|info| info.aid == aid && info.version <= package.info.version)
            || aid.as_bytes().starts_with(&[0xA0, 0, 0, 0, 0x62])
    };
    all.iter().filter(is_needed).cloned().collect()
}
