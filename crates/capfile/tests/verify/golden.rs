//! Every golden package is accepted.

use capfile::verify::{Context, verify};

use crate::corpus::{corpus, exports};

#[test]
fn golden_packages_are_accepted_with_export_files() {
    let all = corpus();
    let exports = exports(&all);
    let mut refused = Vec::new();
    for golden in &all {
        let context = Context { exports: &exports[&golden.kit], ..Context::default() };
        match verify(&golden.cap, &context) {
            Ok(verified) if verified.unchecked.is_empty() => {}
            Ok(verified) => {
                let unchecked = verified.unchecked.iter();
                refused.extend(unchecked.map(|one| format!("{}: not checked: {one}", golden.name)));
            }
            Err(found) => {
                refused.extend(found.iter().map(|one| format!("{}: {one}", golden.name)));
            }
        }
    }
    assert!(refused.is_empty(), "{} refusals:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn golden_packages_are_accepted_without_export_files() {
    let mut refused = Vec::new();
    for golden in &corpus() {
        if let Err(found) = verify(&golden.cap, &Context::default()) {
            refused.extend(found.iter().map(|one| format!("{}: {one}", golden.name)));
        }
    }
    assert!(refused.is_empty(), "{} refusals:\n{}", refused.len(), refused.join("\n"));
}
