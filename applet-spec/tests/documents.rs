//! The pages in docs/ that are made from, or checked against, this crate.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};

use applet_spec::flow::{Flow, Refusal};
use applet_spec::{Catalogue, Profile};

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

#[test]
fn the_page_of_commands_is_up_to_date() {
    let made = Catalogue::page();
    let path = page("commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == made, "docs/commands.md is old; run UPDATE_DOCS=1 cargo test -p applet-spec");
}

/// The TOML examples of a page.
fn examples(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(page(name)).unwrap().replace("\r\n", "\n");
    let after = text.split("```toml\n").skip(1);
    after.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_of_the_profile_format_are_valid() {
    let examples = examples("profile-format.md");
    assert!(examples.len() >= 2);
    for example in examples {
        if let Err(errors) = Profile::parse(&example, "example") {
            panic!("{errors}\n{example}");
        }
    }
}

#[test]
fn the_examples_of_the_flow_format_are_valid() {
    let examples = examples("flow-format.md");
    assert!(!examples.is_empty());
    for example in examples {
        if let Err(errors) = Flow::parse(&example, "example") {
            panic!("{errors}\n{example}");
        }
    }
}

/// Every key has a row in the section of its table.
fn tells(page_name: &str, tables: &[(&str, &[&str])]) {
    let text = std::fs::read_to_string(page(page_name)).unwrap().replace("\r\n", "\n");
    for (table, keys) in tables {
        let heading = format!("\n## `{table}`");
        let section = text.split_once(&heading).unwrap_or_else(|| panic!("no section {table}")).1;
        let section = section.split("\n## ").next().unwrap();
        for key in *keys {
            assert!(section.contains(&format!("\n| `{key}` |")), "{table}: {key} is not told");
        }
    }
}

#[test]
fn the_profile_format_page_tells_every_key() {
    tells("profile-format.md", Profile::KEYS);
}

#[test]
fn the_flow_format_page_tells_every_key_and_reason() {
    tells("flow-format.md", Flow::KEYS);
    let text = std::fs::read_to_string(page("flow-format.md")).unwrap();
    let told = text.split_once("\nReasons: `").unwrap().1;
    let told: Vec<&str> = told.split('`').next().unwrap().split_whitespace().collect();
    let all: Vec<&str> = Refusal::ALL.iter().map(|reason| reason.text()).collect();
    assert_eq!(told, all);
}
