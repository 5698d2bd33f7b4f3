//! Headless Chromium, without a network.

use std::path::Path;
use std::process::Command;

/// What the program is called, by those who package it.
const PROGRAMS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The page's elements as HTML, once it was opened and its scripts ran.
///
/// # Panics
/// Where there is no Chromium, or it fails.
pub fn dom(page: &Path) -> String {
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => panic!("no directory for Chromium: {error}"),
    };
    let mut browser = Command::new(program());
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    browser.args(["--no-first-run", "--disable-background-networking", "--disable-extensions"]);
    // Every name is unknown: what a page tries to fetch fails.
    browser.args(["--host-resolver-rules=MAP * ~NOTFOUND", "--timeout=60000", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", folder.path().display()));
    browser.arg(format!("file://{}", page.display()));
    match browser.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => panic!("Chromium: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("Chromium: {error}"),
    }
}

fn program() -> &'static str {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there =
        |name: &&&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let found = PROGRAMS.iter().find(there);
    found.unwrap_or_else(|| panic!("no Chromium; cargo xtask setup installs it"))
}
