//! What docs/ci gives to CI services is run as the shell that they run.

#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ci").canonicalize().expect("docs/ci")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(docs().join(name)).expect("a file of docs/ci")
}

/// A line of shell in a folder, as a job has it: no terminal, nothing of the developer's.
fn job(line: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    let purse = PathBuf::from(tests::purse().get_program());
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).stdin(Stdio::null());
    command.env_remove("PURSE_CARD").env_remove("PURSE_LANG").env("CI", "true").env("PURSE", purse);
    command.envs(variables.iter().copied());
    command.output().expect("sh runs")
}

/// The one line behind `run:` of the step with this name.
fn run_of(action: &str, step: &str) -> String {
    let after = action.split(&format!("- name: {step}\n")).nth(1).expect("the step");
    let line = after.lines().find_map(|line| line.trim().strip_prefix("run: "));
    line.expect("a run line").to_owned()
}

/// The inputs that a step's environment takes, filled with their defaults.
fn environment_of(action: &str) -> Vec<(String, String)> {
    let default = |name: &str| {
        let after = action.split(&format!("\n  {name}:\n")).nth(1).expect("the input");
        let line = after.lines().find_map(|line| line.trim().strip_prefix("default: "));
        line.expect("a default").trim_matches('"').to_owned()
    };
    let upper = |name: &str| name.chars().all(|c| c.is_ascii_uppercase());
    let lines = action.lines().filter_map(|line| line.trim().split_once(": ${{ inputs."));
    lines
        .filter(|(name, _)| upper(name))
        .map(|(name, input)| (name.to_owned(), default(input.trim_end_matches(" }}"))))
        .collect()
}

#[test]
fn the_github_action_runs_the_suites_and_leaves_its_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let action = text("action.yml");
    let mut variables = environment_of(&action);
    assert_eq!(variables.len(), 4, "{variables:?}");
    let path = docs().display().to_string();
    variables.push(("GITHUB_ACTION_PATH".to_owned(), path));
    // A family is enough to see that it works.
    variables.retain(|(name, _)| name != "SUITES");
    variables.push(("SUITES".to_owned(), "purchase".to_owned()));
    let borrowed: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let done = job(&run_of(&action, "Run the suites"), folder.path(), &borrowed);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    for report in ["junit.xml", "report.html", "events.jsonl"] {
        let report = folder.path().join("conformance").join(report);
        assert!(std::fs::metadata(&report).is_ok_and(|about| about.len() > 1000), "{report:?}");
    }
}

#[test]
fn the_gitlab_job_runs_its_part_and_hands_over_a_junit_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = text("gitlab.yml");
    let after = yaml.split("  script:\n").nth(1).expect("a script");
    let lines = after.lines().map_while(|line| line.strip_prefix("    - "));
    let script = std::iter::once("set -e").chain(lines).collect::<Vec<_>>().join("\n");
    assert!(script.lines().count() >= 3, "{script}");
    let root = docs().join("../..");
    let root = root.to_str().expect("a path");
    let mut cases = Vec::new();
    for part in ["1", "2"] {
        let variables = [
            ("PURSEKIT", root),
            ("SUITES", "balance select"),
            ("CARD", "virtual:cjt166"),
            ("REPORTS", "conformance"),
            ("CI_NODE_INDEX", part),
            ("CI_NODE_TOTAL", "2"),
        ];
        let done = job(&script, folder.path(), &variables);
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        let junit = folder.path().join("conformance/junit.xml");
        let junit = std::fs::read_to_string(junit).expect("a JUnit file");
        cases.push(junit.matches("<testcase ").count());
    }
    let whole = tests::purse()
        .args(["conform", "run", "balance", "select", "--card", "virtual:cjt166", "--json"])
        .output()
        .expect("purse runs");
    let whole: serde_json::Value = serde_json::from_slice(&whole.stdout).expect("a document");
    let count = |name: &str| whole.get(name).and_then(serde_json::Value::as_u64).expect("a count");
    let all = usize::try_from(count("passed") + count("skipped")).expect("a small number");
    assert_eq!(cases.iter().sum::<usize>(), all);
    assert!(cases.iter().all(|part| *part > 0), "{cases:?}");
}

#[test]
fn a_job_ends_as_the_suites_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("sh '{}/conform.sh'", docs().display());
    let wrong = [("SUITES", "purchase"), ("OPTIONS", "--with wrong:mac2-field --quiet")];
    assert_eq!(job(&script, folder.path(), &wrong).status.code(), Some(100));
    assert!(folder.path().join("conformance/junit.xml").is_file());
    let nothing = [("SUITES", "purchase"), ("OPTIONS", "--filter no-case-has-this")];
    assert_eq!(job(&script, folder.path(), &nothing).status.code(), Some(4));
}
