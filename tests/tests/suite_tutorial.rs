//! The tutorial of suite files is followed to the letter, in an empty folder.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::Path;

use tests::console::{shell, shown};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/suite-tutorial.md");
    std::fs::read_to_string(path).expect("the tutorial")
}

/// The file that the page writes, piece by piece.
fn suite(page: &str) -> String {
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Times and revisions are others in every run.
fn settled(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.split(" (").next().filter(|_| line.starts_with("program")).unwrap_or(line);
        match line.split_once('[').and_then(|(head, rest)| Some((head, rest.split_once(']')?.1))) {
            Some((head, tail)) => out += &format!("{head}[]{tail}\n"),
            None => out += &format!("{line}\n"),
        }
    }
    out
}

#[test]
fn a_case_written_by_the_tutorial_runs_and_shows_what_the_page_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = page();
    std::fs::write(folder.path().join("shop.toml"), suite(&page)).expect("the suite is written");
    let commands = shown(&page);
    let [right, wrong] = commands.as_slice() else { panic!("the page shows two commands") };

    let done = shell(&right.command, folder.path());
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(settled(&String::from_utf8_lossy(&done.stdout)), settled(&right.output));

    let done = shell(&wrong.command, folder.path());
    let said = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(100), "{said}");
    for words in
        ["FAIL", "SHOP_002", "proof.survives-reset", "expected", "actual", "--only 'SHOP_002'"]
    {
        assert!(said.contains(words), "no {words:?} in:\n{said}");
    }
    assert!(!said.contains("SHOP_001"), "{said}");
}
