//! Class files and export files that something happened to: the converter says so, or converts them,
//! and never panics.

use capfile::cap::CapFile;
use capfile::export::ExportFile;
use converter::Target;
use proptest::prelude::*;

use crate::converted::convert;
use crate::fixtures::{self, Package};

/// What happens to a file: bytes become others, and perhaps it ends early.
#[derive(Clone, Debug)]
struct Mishap {
    changes: Vec<(prop::sample::Index, u8)>,
    end: Option<prop::sample::Index>,
}

impl Mishap {
    fn happen(&self, bytes: &mut Vec<u8>) {
        for (place, byte) in &self.changes {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        if let Some(end) = &self.end {
            bytes.truncate(end.index(bytes.len()));
        }
    }
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let end = prop::option::weighted(0.1, any::<prop::sample::Index>());
    (prop::collection::vec(change, 1..4), end).prop_map(|(changes, end)| Mishap { changes, end })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_class_file_is_refused_or_converted(
        package: prop::sample::Index,
        class: prop::sample::Index,
        target in prop::sample::select(Target::ALL.to_vec()),
        mishap in mishap(),
    ) {
        let packages = packages();
        let package = &packages[package.index(packages.len())];
        let mut classes = package.classes().to_vec();
        let class = class.index(classes.len());
        mishap.happen(&mut classes[class].1);
        match package.convert(target, Some(&classes), &[]) {
            Ok(converted) => {
                let components = converted.cap.to_components().unwrap();
                prop_assert_eq!(CapFile::read(&components).unwrap(), converted.cap);
            }
            Err(errors) => prop_assert!(!errors.0.is_empty()),
        }
    }

    #[test]
    fn a_changed_export_file_is_refused_or_used(mishap in mishap()) {
        let packages = packages();
        let find = |name: &str| packages.iter().find(|package| package.name == name).unwrap();
        let mut bytes = convert(packages, find("lib"), Target::Jc304).export_bytes;
        mishap.happen(&mut bytes);
        if let Ok(changed) = ExportFile::read(&bytes, "lib.exp") {
            let _ = find("libuser").convert(Target::Jc304, None, &[changed]);
        }
    }
}

fn packages() -> &'static [Package] {
    static PACKAGES: std::sync::OnceLock<Vec<Package>> = std::sync::OnceLock::new();
    PACKAGES.get_or_init(|| fixtures::packages("converted"))
}
