//! docs/perso-format.md is checked against what is read.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};

use perso::batch::Batch;
use perso::cards::Row;
use perso::job::Job;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    let path = root().join("docs/perso-format.md");
    std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// What the rows of a section's table begin with.
fn told(page: &str, heading: &str) -> Vec<String> {
    let start = format!("\n## {heading}");
    let section = page.split_once(&start).unwrap_or_else(|| panic!("no section {heading}")).1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

/// Every key has a row in the section of its table, and no row tells a key that is not read.
fn is_told(page: &str, heading: &str, known: &[&str]) {
    let (mut told, mut known) = (told(page, heading), known.to_vec());
    told.sort();
    known.sort_unstable();
    assert_eq!(told, known, "{heading}");
}

#[test]
fn the_perso_format_page_tells_every_key_and_no_other() {
    let page = page();
    for (table, keys) in Job::KEYS {
        is_told(&page, &format!("`{table}`"), keys);
    }
}

#[test]
fn the_perso_format_page_tells_every_column_and_no_other() {
    is_told(&page(), "Columns", &Row::columns().collect::<Vec<_>>());
}

#[test]
fn the_example_job_is_a_batch_and_its_keys_are_told() {
    let path = root().join("examples/lab-batch.toml");
    let batch = Batch::load(&path, 0).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(!batch.rows.is_empty());
    let page = page();
    let text = std::fs::read_to_string(path).unwrap();
    let mut heading = "`top`".to_owned();
    for line in text.lines() {
        if line.starts_with('[') {
            heading = format!("`{}`", line.trim());
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let place = if heading == "`[defaults]`" { "Columns" } else { &heading };
            assert!(told(&page, place).iter().any(|told| told == key), "{heading}: {key}");
        }
    }
}

#[test]
fn the_job_of_the_perso_format_page_is_valid() {
    let page = page();
    let example = page.split_once("```toml\n").unwrap().1.split("```").next().unwrap();
    if let Err(errors) = Job::parse(example.as_bytes(), Path::new("example.toml")) {
        panic!("{errors}\n{example}");
    }
}
