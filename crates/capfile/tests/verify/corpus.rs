//! The golden corpus, which does not lie in this repository: `PURSEKIT_GOLDEN` names its folder.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use capfile::api::Api;
use capfile::cap::{CapFile, Component, Tag};
use capfile::export::{ExportFile, Package};
use serde_json::Value;

/// A package of the corpus, as one kit converted it.
pub struct Golden {
    /// Package and kit.
    pub name: String,
    /// The kit's platform.
    pub kit: String,
    pub cap: CapFile,
    /// Its own export file.
    pub export: Package,
}

/// All of them; none, and a word about it, where the corpus is not here.
pub fn corpus() -> Vec<Golden> {
    let Some(folder) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
        eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name the golden corpus");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let Some(kits) = document["kits"].as_object() else { continue };
        for (kit, result) in kits {
            let Some(listed) = result["components"].as_object() else { continue };
            let of_tag = |tag: Tag| {
                let bytes = hex(listed.get(tag.name())?.as_str()?);
                Some(Component { tag, bytes })
            };
            let components: Vec<Component> = Tag::STANDARD.into_iter().filter_map(of_tag).collect();
            let name = format!("{} {kit}", document["name"].as_str().unwrap());
            let export = ExportFile::read(&hex(result["exp"].as_str().unwrap()), &name).unwrap();
            all.push(Golden {
                kit: kit.clone(),
                cap: CapFile::read(&components).unwrap(),
                export: Package::resolve(&export, &name).unwrap(),
                name,
            });
        }
    }
    assert!(all.len() >= 279, "the corpus has {} packages", all.len());
    all
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}

/// Export files by platform: of the platform's packages, of GlobalPlatform, and of the corpus.
pub fn exports(corpus: &[Golden]) -> HashMap<String, Vec<Package>> {
    let mut all: HashMap<String, Vec<Package>> = HashMap::new();
    for golden in corpus {
        let exports = all.entry(golden.kit.clone()).or_insert_with(|| of_platform(&golden.kit));
        exports.push(golden.export.clone());
    }
    all
}

/// What the tables offer for a platform, each version of a GlobalPlatform package too.
pub fn of_platform(name: &str) -> Vec<Package> {
    let api = Api::built_in();
    let platform = api.platform(name).unwrap();
    let mut all: Vec<Package> =
        api.of_platform(platform).map(|package| package.offers(platform)).collect();
    for table in api.packages().iter().filter(|table| table.name.starts_with("org/globalplatform"))
    {
        for version in &table.versions {
            all.push(api.package(&table.name, *version).unwrap().offers(platform));
        }
    }
    all
}
