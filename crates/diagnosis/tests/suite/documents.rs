//! The page that is made from the table of mistakes, and the table itself.

use std::collections::HashSet;
use std::path::Path;

use diagnosis::{mistakes, mistakes_in_markdown};

/// What stands before the part that is made.
const MARK: &str = "<!-- Made from crates/diagnosis/src/mistakes; do not edit. After a change there, \
                    run UPDATE_DOCS=1 cargo test -p diagnosis. -->\n";

#[test]
fn the_page_of_mistakes_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mac-diagnosis.md");
    let there = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (written, _) = there.split_once(MARK).expect("the page has the mark");
    let made = format!("{written}{MARK}{}", mistakes_in_markdown());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    } else {
        assert!(
            there == made,
            "docs/mac-diagnosis.md is old; UPDATE_DOCS=1 cargo test -p diagnosis"
        );
    }
}

#[test]
fn every_mistake_is_named_once_and_said_in_two_languages() {
    let mut ids = HashSet::new();
    for mistake in mistakes() {
        let id = mistake.id;
        assert!(ids.insert(id), "{id} twice");
        assert!(
            id.bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()),
            "{id}"
        );
        assert!(mistake.english.is_ascii(), "{id}");
        assert!(!mistake.chinese.is_ascii(), "{id}");
        assert!(mistake.group.mistakes().iter().any(|one| one.id == id), "{id}");
    }
    assert!(ids.len() > 120, "{}", ids.len());
}
