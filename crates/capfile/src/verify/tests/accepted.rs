//! Valid packages are accepted.

use super::corpus::{Sample, exports, fixtures, golden};
use crate::verify::{Context, Unchecked, verify};

/// With export files nothing is left unchecked; without, only what they would say.
fn accept(samples: &[Sample]) {
    let exports = exports(samples);
    let mut refused = Vec::new();
    let (mut methods, mut most_work) = (0, 0);
    for sample in samples {
        let name = &sample.name;
        let all = Context { exports: &exports[&sample.platform], ..Context::default() };
        match verify(&sample.cap, &all) {
            Ok(verified) => {
                methods += verified.methods;
                let components = sample.cap.to_components().unwrap();
                let bytes: usize = components.iter().map(|component| component.bytes.len()).sum();
                most_work = most_work.max(verified.work / u64::try_from(bytes).unwrap());
                let unchecked = verified.unchecked.iter();
                refused.extend(unchecked.map(|one| format!("{name}: not checked: {one}")));
            }
            Err(found) => refused.extend(found.iter().map(|one| format!("{name}: {one}"))),
        }
        match verify(&sample.cap, &Context::default()) {
            Ok(verified) => {
                let is_import = |one: &&Unchecked| matches!(one, Unchecked::Import(_));
                let imports = verified.unchecked.iter().filter(is_import).count();
                assert_eq!(imports, sample.cap.imports.packages.len(), "{name}");
            }
            Err(found) => {
                refused.extend(found.iter().map(|one| format!("{name}, alone: {one}")));
            }
        }
    }
    assert!(refused.is_empty(), "{} refusals:\n{}", refused.len(), refused.join("\n"));
    eprintln!("{} packages, {methods} methods, at most {most_work} steps a byte", samples.len());
    assert!(most_work < crate::verify::WORK_PER_BYTE / 10, "{most_work} steps a byte");
}

#[test]
fn golden_packages_are_accepted_with_and_without_export_files() {
    accept(&golden());
}

#[test]
fn packages_of_our_own_are_accepted_with_and_without_export_files() {
    accept(&fixtures());
}
