//! Packages of our own convert, on every platform, to what they converted to before.

use std::collections::BTreeMap;

use capfile::export::ExportFile;
use converter::{Converted, Target};
use sha1::{Digest, Sha1};

use crate::fixtures::{self, Package};

/// By target and part: the SHA-1 of its bytes.
type Hashes = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn packages_convert_as_before() {
    let packages = fixtures::packages("converted");
    let mut wrong = Vec::new();
    for package in &packages {
        let hashes: Hashes = Target::ALL
            .into_iter()
            .map(|target| (target.name().to_owned(), hashes(&convert(&packages, package, target))))
            .collect();
        let text = serde_json::to_string_pretty(&hashes).unwrap() + "\n";
        if !fixtures::is_kept(&package.folder.join("expected.json"), &text) {
            wrong.push(package.name.as_str());
        }
    }
    assert!(wrong.is_empty(), "other bytes for {}", wrong.join(", "));
}

#[test]
fn the_same_package_gives_the_same_bytes() {
    let packages = fixtures::packages("converted");
    for package in &packages {
        let once = convert(&packages, package, Target::Jc320);
        let again = convert(&packages, package, Target::Jc320);
        assert_eq!(once, again, "{}", package.name);
    }
}

#[test]
fn what_is_written_reads_back_as_it_was_meant() {
    let packages = fixtures::packages("converted");
    for package in &packages {
        for target in Target::ALL {
            let converted = convert(&packages, package, target);
            let components = converted.cap.to_components().unwrap();
            let read = capfile::cap::CapFile::read(&components).unwrap();
            assert_eq!(read, converted.cap, "{} {}", package.name, target.name());
            let export = ExportFile::read(&converted.export_bytes, &package.name).unwrap();
            assert_eq!(export, converted.export, "{} {}", package.name, target.name());
        }
    }
}

#[test]
fn what_is_converted_verifies() {
    let packages = fixtures::packages("converted");
    for package in &packages {
        let others = others(&packages, package, Target::Jc304);
        for (target, optimize) in
            [(Target::Jc304, false), (Target::Jc320, false), (Target::Jc304, true)]
        {
            let converted = package.convert_with(target, None, &others, optimize).unwrap();
            fixtures::verify(&package.name, target, &converted, &others);
        }
    }
}

#[test]
fn a_conditional_int_argument_verifies() {
    let packages = fixtures::packages("refused");
    let package = packages.iter().find(|package| package.name == "ternaryint").unwrap();
    for target in Target::ALL {
        let converted = package.convert(target, None, &[]).unwrap();
        fixtures::verify(&package.name, target, &converted, &[]);
    }
}

#[test]
fn int_is_worth_a_warning() {
    let packages = fixtures::packages("converted");
    let package = packages.iter().find(|package| package.name == "intops").unwrap();
    let said: Vec<String> = convert(&packages, package, Target::Jc305)
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        [
            "warning: golden.intops: the package needs cards that support int\n    Many cards do not; where a short is enough, use short."
        ],
    );
}

pub fn convert(packages: &[Package], package: &Package, target: Target) -> Converted {
    package
        .convert(target, None, &others(packages, package, target))
        .unwrap_or_else(|errors| panic!("{} {}: {errors}", package.name, target.name()))
}

/// Export files of the packages of our own that one uses.
fn others(packages: &[Package], package: &Package, target: Target) -> Vec<ExportFile> {
    let used = package.uses().into_iter().map(|name| {
        let used = packages.iter().find(|package| package.name == name).unwrap();
        convert(packages, used, target).export
    });
    used.collect()
}

#[test]
fn small_code_is_smaller_and_does_not_depend_on_the_platform() {
    let packages = fixtures::packages("converted");
    let size = |converted: &Converted| -> usize {
        converted.components.iter().map(|(_, bytes)| bytes.len()).sum()
    };
    let (mut usual, mut small) = (0, 0);
    for package in &packages {
        let before = size(&convert(&packages, package, Target::Jc305));
        let others = others(&packages, package, Target::Jc305);
        let optimized = |target| package.convert_with(target, None, &others, true).unwrap();
        let after = optimized(Target::Jc305);
        assert!(size(&after) <= before, "{}", package.name);
        assert_eq!(after.cap.methods, optimized(Target::Jc222).cap.methods, "{}", package.name);
        usual += before;
        small += size(&after);
    }
    assert!(small + 10 < usual, "{small} bytes instead of {usual}");
}

fn hashes(converted: &Converted) -> BTreeMap<String, String> {
    let components = converted.components.iter().map(|(name, bytes)| (*name, bytes));
    components
        .chain([("export file", &converted.export_bytes)])
        .map(|(name, bytes)| (name.to_owned(), hex::encode(Sha1::digest(bytes))))
        .collect()
}
