//! What git knows: files, revisions, changed lines.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::process::Command;

use crate::command::{Failure, root};

/// Lines that changed, by file.
pub type ChangedLines = BTreeMap<String, Vec<RangeInclusive<usize>>>;

/// Files of the working tree that git knows or would add, from its top.
///
/// # Errors
/// Git fails.
pub fn files() -> Result<Vec<String>, Failure> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// The revision that is checked out.
///
/// # Errors
/// Git fails.
pub fn revision() -> Result<String, Failure> {
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}

/// Where the branch that is checked out began: where it left that of the origin, or the revision
/// before. `None` where there is neither, as in a clone of one revision.
///
/// # Errors
/// Git fails.
pub fn base() -> Result<Option<String>, Failure> {
    let head = revision()?;
    let found = git(&["merge-base", "HEAD", "origin/HEAD"]).map(|found| found.trim().to_owned());
    Ok(match found {
        Ok(found) if found != head => Some(found),
        _ => git(&["rev-parse", "--verify", "HEAD~"]).ok().map(|found| found.trim().to_owned()),
    })
}

/// Of these paths, the files that differ from a revision.
///
/// # Errors
/// Git fails, as it does for a revision that it does not know.
pub fn changed_files(since: &str, paths: &[&str]) -> Result<Vec<String>, Failure> {
    let mut arguments = vec!["diff", "--name-only", since, "--"];
    arguments.extend(paths);
    let mut names: Vec<String> = git(&arguments)?.lines().map(str::to_owned).collect();
    let mut arguments = vec!["ls-files", "--others", "--exclude-standard", "--"];
    arguments.extend(paths);
    names.extend(git(&arguments)?.lines().map(str::to_owned));
    Ok(names)
}

/// Lines of the working tree that differ from a revision.
///
/// # Errors
/// Git fails.
pub fn changed_lines(since: &str) -> Result<ChangedLines, Failure> {
    let base = ["diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-renames"];
    let diff = git(&[&base[..], &["--src-prefix=a/", "--dst-prefix=b/", since, "--"]].concat())?;
    Ok(lines_of(&diff))
}

fn lines_of(diff: &str) -> ChangedLines {
    let mut out = ChangedLines::new();
    let mut file = None;
    for line in diff.lines() {
        if let Some(name) = line.strip_prefix("+++ ") {
            file = name.strip_prefix("b/").map(str::to_owned);
        } else if let (Some(rest), Some(file)) = (line.strip_prefix("@@ "), &file) {
            let added = rest.split(' ').find_map(|word| word.strip_prefix('+'));
            let (start, count) =
                added.map_or(("", "1"), |at| at.split_once(',').unwrap_or((at, "1")));
            if let (Ok(start), Ok(count)) = (start.parse::<usize>(), count.parse::<usize>())
                && count > 0
            {
                out.entry(file.clone()).or_default().push(start..=start + count - 1);
            }
        }
    }
    out
}

fn git(arguments: &[&str]) -> Result<String, Failure> {
    let line = || format!("git {}", arguments.join(" "));
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| Failure(format!("cannot run {}: {error}", line())))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure(format!("{}: {why}", line())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_and_changed_lines_are_read_from_a_diff() {
        let diff = "diff --git a/x.rs b/x.rs\n--- a/x.rs\n+++ b/x.rs\n@@ -3 +3,2 @@ fn f() {\n\
                    -a\n+b\n+c\n@@ -9,2 +10,0 @@\n-d\n-e\n@@ -20,0 +20 @@\n+f\n\
                    diff --git a/gone.rs b/gone.rs\n--- a/gone.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
        let lines = lines_of(diff);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines.get("x.rs").unwrap(), &[3..=4, 20..=20]);
    }

    #[test]
    fn an_unknown_revision_is_named() {
        let error = changed_lines("no-such-revision").unwrap_err().to_string();
        assert!(error.contains("no-such-revision"), "{error}");
    }
}
