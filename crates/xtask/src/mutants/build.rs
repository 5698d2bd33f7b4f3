//! Building the mutated `purse`, and dropping the mutants that the compiler refuses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

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
    let known = Refused::read(&folder.join(REFUSED), tree.fingerprint);
    drop_mutants(files, &known);
    let mut refused = known;
    loop {
        let written = tree.write(files)?;
        let messages = compile(tree, folder)?;
        let errors: Vec<&Message> =
            messages.iter().filter(|message| message.level == "error").collect();
        if errors.is_empty() {
            Refused::write(&folder.join(REFUSED), tree.fingerprint, &refused)?;
            let program = folder.join("release").join("purse");
            return Ok(Built { program, refused: refused.len() });
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
        drop_mutants(files, &blamed);
        refused.extend(blamed);
    }
}

fn drop_mutants(files: &mut [MutatedFile], dropped: &BTreeSet<u32>) {
    for site in files.iter_mut().flat_map(|file| &mut file.sites) {
        site.alternatives.retain(|one| !dropped.contains(&one.id));
    }
}

/// What the compiler refused of the same sources before, so that it is not asked again.
#[derive(Serialize, Deserialize)]
struct Refused {
    sources: String,
    mutants: BTreeSet<u32>,
}

const REFUSED: &str = "refused.json";

impl Refused {
    /// None for other sources, or where nothing was kept.
    fn read(path: &Path, fingerprint: u64) -> BTreeSet<u32> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        match serde_json::from_str::<Self>(&text) {
            Ok(kept) if kept.sources == fingerprint.to_string() => kept.mutants,
            _ => BTreeSet::new(),
        }
    }

    fn write(path: &Path, fingerprint: u64, mutants: &BTreeSet<u32>) -> Result<(), Failure> {
        let kept = Self { sources: fingerprint.to_string(), mutants: mutants.clone() };
        let text = serde_json::to_string(&kept).map_err(|error| Failure(error.to_string()))?;
        std::fs::write(path, text)
            .map_err(|error| Failure(format!("cannot write {}: {error}", path.display())))
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
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The compiler's number for a value that is used after it was moved.
const MOVED: &str = "E0382";

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

/// The mutants that an error is about: those it points at, or else those it mentions.
fn blame(error: &Message, files: &[MutatedFile], written: &[Rewritten]) -> Vec<u32> {
    let of = |span: &Span| {
        let rewritten = of_file(files, written, &span.file_name);
        rewritten.map_or(&[][..], |(_, text)| text.blamed(&(span.byte_start..span.byte_end)))
    };
    let (primary, others): (Vec<_>, Vec<_>) = error.spans.iter().partition(|span| span.is_primary);
    if error.code.as_ref().is_some_and(|code| code.code == MOVED) {
        let found = left_out_returns(error, files, written);
        if !found.is_empty() {
            return found;
        }
    }
    for spans in [&primary, &others] {
        let found: Vec<u32> = spans.iter().flat_map(|span| of(span)).copied().collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The left out `return`s between what an error mentions: what they guard is then moved twice.
fn left_out_returns(error: &Message, files: &[MutatedFile], written: &[Rewritten]) -> Vec<u32> {
    let primary = error.spans.iter().find(|span| span.is_primary);
    let Some(Span { file_name, .. }) = primary else { return Vec::new() };
    let Some((file, text)) = of_file(files, written, file_name) else { return Vec::new() };
    let spans = error.spans.iter().filter(|span| span.file_name == *file_name);
    let (start, end) = spans.fold((usize::MAX, 0), |(start, end), span| {
        (start.min(span.byte_start), end.max(span.byte_end))
    });
    let between = text.between(&(start..end));
    let alternatives = file.sites.iter().flat_map(|site| &site.alternatives);
    let returns = alternatives.filter(|one| one.before.starts_with("return"));
    returns.map(|one| one.id).filter(|id| between.contains(id)).collect()
}

fn of_file<'f>(
    files: &'f [MutatedFile],
    written: &'f [Rewritten],
    name: &str,
) -> Option<(&'f MutatedFile, &'f Rewritten)> {
    files.iter().zip(written).find(|(file, _)| file.path == name)
}
