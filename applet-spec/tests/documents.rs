//! The pages in docs/ that are made from, or checked against, this crate.

use std::path::{Path, PathBuf};

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

#[test]
fn the_examples_of_the_profile_format_are_valid() {
    let text = std::fs::read_to_string(page("profile-format.md")).unwrap().replace("\r\n", "\n");
    let examples: Vec<&str> =
        text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 2);
    for example in examples {
        if let Err(errors) = Profile::parse(example, "example") {
            panic!("{errors}\n{example}");
        }
    }
}

#[test]
fn the_profile_format_page_tells_every_key() {
    let text = std::fs::read_to_string(page("profile-format.md")).unwrap();
    for (table, keys) in Profile::KEYS {
        let heading = format!("\n## `{table}`");
        let section = text.split_once(&heading).unwrap_or_else(|| panic!("no section {table}")).1;
        let section = section.split("\n## ").next().unwrap();
        for key in *keys {
            assert!(section.contains(&format!("\n| `{key}` |")), "{table}: {key} is not told");
        }
    }
}
