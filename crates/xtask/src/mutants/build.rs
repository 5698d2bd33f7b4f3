//! Building the mutated `purse`, and dropping the mutants that the compiler refuses.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use super::catalogue::MutatedFile;
use super::rewrite::Rewritten;
use super::tree::Tree;
use crate::command::{Failure, cargo};

/// The mutated program.
pub struct Built {
    /// Where it is.
    pub program: PathBuf,
    /// Mutants that do not compile.
    pub refused: usize,
}

/// Quick to build rather than quick; the sources are nobody's to lint.
const SETTINGS: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_INCREMENTAL", "0"),
    ("RUSTFLAGS", "--cap-lints=allow"),
];

/// Builds the tree with all mutants that compile; those that do not are taken out of `files`.
///
/// # Errors
/// The compiler refuses something that belongs to no mutant, or cannot be run.
pub fn build(tree: &Tree, folder: &Path, files: &mut [MutatedFile]) -> Result<Built, Failure> {
    let mut refused = 0;
    loop {
        let written = tree.write(files)?;
        let messages = compile(tree, folder)?;
        let errors: Vec<&Message> =
            messages.iter().filter(|message| message.level == "error").collect();
        if errors.is_empty() {
            let program = folder.join("release").join("purse");
            return Ok(Built { program, refused });
        }
        let mut blamed = BTreeSet::new();
        for error in errors {
            let found = blame(error, files, &written);
            if found.is_empty() && error.spans.iter().any(|span| span.is_primary) {
                return Err(Failure(format!(
                    "the mutated tree does not compile, and no mutant is to blame:\n{}",
                    error.rendered.as_deref().unwrap_or(&error.message)
                )));
            }
            blamed.extend(found);
        }
        if blamed.is_empty() {
            let words = messages.iter().filter_map(|message| message.rendered.clone());
            return Err(Failure(format!(
                "the mutated tree does not compile:\n{}",
                words.collect::<String>()
            )));
        }
        eprintln!("xtask: {} mutants do not compile and are dropped", blamed.len());
        refused += blamed.len();
        for site in files.iter_mut().flat_map(|file| &mut file.sites) {
            site.alternatives.retain(|one| !blamed.contains(&one.id));
        }
    }
}

/// A line of cargo's JSON.
#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    success: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

fn compile(tree: &Tree, folder: &Path) -> Result<Vec<Message>, Failure> {
    let mut command = cargo(&["build", "--release", "--package", "cli", "--no-default-features"]);
    command
        .args(["--locked", "--quiet", "--message-format=json", "--target-dir"])
        .arg(folder)
        .current_dir(&tree.folder)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .envs(SETTINGS.iter().copied())
        .stderr(Stdio::inherit());
    let output =
        command.output().map_err(|error| Failure(format!("cannot run cargo build: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Line> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let finished = lines.iter().any(|line| line.success == Some(true));
    let messages = lines.into_iter().filter(|line| line.reason == "compiler-message");
    let messages: Vec<Message> = messages.filter_map(|line| line.message).collect();
    let explained = messages.iter().any(|message| message.level == "error");
    if !finished && !explained {
        return Err(Failure(format!(
            "the mutated tree is not built: cargo ended {}",
            output.status
        )));
    }
    Ok(messages)
}

/// The mutants that an error is about: by the place it points at, or else by what it mentions.
fn blame(error: &Message, files: &[MutatedFile], written: &[Rewritten]) -> Vec<u32> {
    let of = |span: &Span| {
        let bytes: Range<usize> = span.byte_start..span.byte_end;
        let mut both = files.iter().zip(written);
        let found = both.find(|(file, _)| span.file_name == file.path);
        found.map_or(&[][..], |(_, rewritten)| rewritten.blamed(&bytes))
    };
    let (primary, others): (Vec<_>, Vec<_>) = error.spans.iter().partition(|span| span.is_primary);
    let found: Vec<u32> = primary.into_iter().flat_map(of).copied().collect();
    match found.is_empty() {
        true => others.into_iter().flat_map(of).copied().collect(),
        false => found,
    }
}
