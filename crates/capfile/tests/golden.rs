//! Every package of the golden corpus: read and written again, byte for byte.
//!
//! The corpus does not lie in this repository; the variable `PURSEKIT_GOLDEN` names its folder. What
//! runs without it stands in `packages.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::PathBuf;

use capfile::cap::{CapFile, Component, Container, Tag, components};
use capfile::export::{ExportFile, Package};
use serde_json::Value;

/// A package of the corpus, as one kit converted it.
struct Golden {
    /// Package and kit.
    name: String,
    package: String,
    components: Vec<Component>,
    export: Vec<u8>,
}

/// All of them; none, and a word about it, where the corpus is not here.
fn corpus() -> Vec<Golden> {
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
        let text = fs::read_to_string(&file).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let Some(kits) = document["kits"].as_object() else { continue };
        for (kit, result) in kits {
            let Some(listed) = result["components"].as_object() else { continue };
            let of_tag = |tag: Tag| {
                let bytes = hex(listed.get(tag.name())?.as_str()?);
                Some(Component { tag, bytes })
            };
            let name = document["name"].as_str().unwrap();
            all.push(Golden {
                name: format!("{name} {kit}"),
                package: document["package"].as_str().unwrap().replace('.', "/"),
                components: Tag::STANDARD.into_iter().filter_map(of_tag).collect(),
                export: hex(result["exp"].as_str().unwrap()),
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

#[test]
fn components_are_written_as_they_were_read() {
    for golden in corpus() {
        let cap = CapFile::read(&golden.components)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        let written = cap.to_components().unwrap();
        for (written, read) in written.iter().zip(&golden.components) {
            assert_eq!(written, read, "{}: {}", golden.name, read.tag);
        }
        assert_eq!(written.len(), golden.components.len(), "{}", golden.name);
    }
}

#[test]
fn components_back_to_back_are_taken_apart() {
    for golden in corpus() {
        let bytes: Vec<u8> =
            golden.components.iter().flat_map(|component| component.bytes.clone()).collect();
        assert_eq!(components(&bytes).unwrap(), golden.components, "{}", golden.name);
    }
}

#[test]
fn the_directory_can_be_made_from_the_others() {
    for golden in corpus() {
        let mut cap = CapFile::read(&golden.components).unwrap();
        let read = cap.directory.take();
        cap.fill_directory().unwrap();
        assert_eq!(cap.directory, read, "{}", golden.name);
    }
}

#[test]
fn a_jar_gives_back_what_was_put_in() {
    for golden in corpus() {
        let cap = CapFile::read(&golden.components).unwrap();
        let container = Container { package: golden.package, applets: Vec::new() };
        let jar = cap.to_jar(&container).unwrap();
        let (read, found) = CapFile::open(&jar, &golden.name).unwrap();
        assert_eq!((&read, found.as_ref()), (&cap, Some(&container)), "{}", golden.name);
        assert_eq!(read.to_components().unwrap(), golden.components, "{}", golden.name);
        assert_eq!(read.to_jar(&container).unwrap(), jar, "{}", golden.name);
    }
}

#[test]
fn export_files_are_written_as_they_were_read_and_every_name_is_there() {
    for golden in corpus() {
        let export = ExportFile::read(&golden.export, &golden.name)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        assert_eq!(export.to_bytes().unwrap(), golden.export, "{}", golden.name);
        let package = Package::resolve(&export, &golden.name).unwrap();
        assert_eq!(package.name.as_ref(), golden.package, "{}", golden.name);
    }
}
