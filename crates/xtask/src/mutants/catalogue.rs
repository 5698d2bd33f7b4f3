//! All mutants of a source tree, numbered.

use std::path::Path;

use super::constants::Constants;
use super::files::{FILES, Group, left_out};
use super::find;
use super::site::{Operator, Site};
use crate::command::Failure;

/// A mutant, as lists and reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Its number; the same for the same sources.
    pub id: u32,
    /// File, from the top of the tree.
    pub file: String,
    /// What the file is part of.
    pub group: Group,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of that line.
    pub text: String,
    /// What kind of change it is.
    pub operator: Operator,
    /// The function it is in.
    pub function: String,
    /// What changes.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// A file with its sites.
#[derive(Debug)]
pub struct MutatedFile {
    /// From the top of the tree.
    pub path: &'static str,
    /// What it is part of.
    pub group: Group,
    /// Its text.
    pub source: String,
    /// Its sites, their alternatives numbered.
    pub sites: Vec<Site>,
}

/// Sources whose variants and constants can stand for one another.
const DECLARING: &[&str] =
    &["applet-spec/src", "crates/crypto/src", "crates/purse/src", "emulator/src"];

/// Finds all mutants of the tree at `root`.
///
/// # Errors
/// A file that cannot be read, or is not Rust.
pub fn of(root: &Path) -> Result<Vec<MutatedFile>, Failure> {
    let mut constants = Constants::default();
    for folder in DECLARING {
        for path in sources(&root.join(folder))? {
            constants.learn(&read(&path)?).map_err(|error| not_rust(&path, &error))?;
        }
    }
    let mut next = 1;
    let mut files = Vec::new();
    for (path, group) in FILES {
        let source = read(&root.join(path))?;
        let mut sites = find::sites(&source, &constants, |function| !left_out(path, function))
            .map_err(|error| not_rust(Path::new(path), &error))?;
        for one in sites.iter_mut().flat_map(|site| &mut site.alternatives) {
            one.id = next;
            next += 1;
        }
        files.push(MutatedFile { path, group: *group, source, sites });
    }
    Ok(files)
}

impl MutatedFile {
    /// Its mutants, in the order of their numbers.
    pub fn mutants(&self) -> impl Iterator<Item = Mutant> {
        self.sites.iter().flat_map(move |site| {
            let before = self.source.get(..site.range.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let text = self.source.lines().nth(line - 1).unwrap_or_default().trim();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            site.alternatives.iter().map(move |one| Mutant {
                id: one.id,
                file: self.path.to_owned(),
                group: self.group,
                line,
                column,
                text: text.to_owned(),
                operator: one.operator,
                function: site.function.clone(),
                before: one.before.clone(),
                after: one.after.clone(),
            })
        })
    }
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, file, line, column, operator, function, .. } = self;
        let (before, after) = (shortened(&self.before), shortened(&self.after));
        write!(f, "{id} {file}:{line}:{column} {function}: {operator}: {before} -> {after}")
    }
}

/// Text that fits a line of a list.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}..", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let listed = std::fs::read_dir(folder)
        .map_err(|error| Failure(format!("cannot list {}: {error}", folder.display())))?;
    let mut out = Vec::new();
    for entry in listed.flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure(format!("cannot read {}: {error}", path.display())))
}

fn not_rust(path: &Path, error: &syn::Error) -> Failure {
    let at = error.span().start();
    Failure(format!("{}:{}:{}: {error}", path.display(), at.line, at.column + 1))
}
