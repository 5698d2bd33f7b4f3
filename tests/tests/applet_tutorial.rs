//! The page on applets is followed to the letter, in an empty folder.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::Path;
use std::process::Command;

use tests::console::{shell, shown};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/applet.md");
    std::fs::read_to_string(path).expect("the page")
}

/// The source that the page shows.
fn source(page: &str) -> &str {
    let (_, rest) = page.split_once("```java\n").expect("a source");
    rest.split("```").next().unwrap_or_default()
}

#[test]
fn every_command_of_the_page_does_what_the_page_shows() {
    if Command::new("javac").arg("-version").output().is_err() {
        eprintln!("SKIPPED: there is no javac on the PATH");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let page = page();
    let commands = shown(&page);
    assert!(commands.len() >= 8, "the page shows {} commands", commands.len());
    let large = folder.path().join("hello/src/com/example/hello/Large.java");
    for shown in &commands {
        let refused = shown.command.contains("applet check");
        if refused {
            std::fs::write(&large, source(&page)).expect("the source is written");
        }
        let done = shell(&shown.command, folder.path());
        let said = String::from_utf8_lossy(&done.stdout);
        assert_eq!(
            said,
            shown.output,
            "{}: {}",
            shown.command,
            String::from_utf8_lossy(&done.stderr)
        );
        let code = if refused { 50 } else { 0 };
        assert_eq!(done.status.code(), Some(code), "{}", shown.command);
    }
}
