//! From a project's sources to class files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use capfile::api::Api;

use super::advice::advised;
use super::javac::{Compiled, Javac, Task};
use super::project::Project;
use super::said::Said;
use crate::error::CliError;

/// Most sources or class files of a package; a CAP file has at most 255 classes.
const MOST_FILES: usize = 4096;
/// Deepest folder below the one that is looked through.
const DEEPEST: usize = 32;

/// A class file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClassBytes {
    /// Its path below the folder of class files, with slashes.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// What the compiler made.
#[derive(Debug)]
pub(super) struct Classes {
    pub(super) files: Vec<ClassBytes>,
    pub(super) warnings: Vec<Said>,
}

/// Sources of a project, by path.
///
/// # Errors
/// There are none, or they cannot be listed.
pub(super) fn sources(project: &Project) -> Result<Vec<PathBuf>, CliError> {
    let sources = files(&project.sources, "java")?;
    if sources.is_empty() {
        return Err(CliError::NothingThere {
            message: format!("there is no .java file below {}", project.sources.display()),
            next: "put the sources there, or say where they are: sources = \"DIR\" in [build]"
                .to_owned(),
        });
    }
    Ok(sources)
}

/// Compiles the sources of a project against the stubs of what it may import.
///
/// # Errors
/// There is no compiler, or it cannot be run. What it says of the sources is the inner error.
pub(super) fn compile(
    project: &Project,
    sources: &[PathBuf],
) -> Result<Result<Classes, Vec<Said>>, CliError> {
    let javac = Javac::find()?;
    let work = tempfile::tempdir().map_err(|source| failed("a temporary folder", source))?;
    let stubs = work.path().join("stubs.jar");
    fs::write(&stubs, stub_jar(project)?)
        .map_err(|source| failed(&stubs.display().to_string(), source))?;
    let output = work.path().join("classes");
    fs::create_dir(&output).map_err(|source| failed(&output.display().to_string(), source))?;
    // What the user names goes first: real classes know more than stubs of export files.
    let mut class_path = project.class_path.clone();
    class_path.push(stubs);
    let task = Task { sources, class_path: &class_path, output: &output };
    match javac.compile(&task)? {
        Compiled::Refused(said) => {
            let platform = project.libraries.platform;
            Ok(Err(said.into_iter().map(|one| advised(one, platform)).collect()))
        }
        Compiled::Well(warnings) => Ok(Ok(Classes { files: class_files(&output)?, warnings })),
    }
}

/// Classes of everything that may be imported.
fn stub_jar(project: &Project) -> Result<Vec<u8>, CliError> {
    let libraries = &project.libraries;
    let mut jar = Api::built_in().stubs(libraries.platform, libraries.beside.iter().copied());
    for import in &libraries.imports {
        let stubs = import.package.stubs();
        let stubs = stubs.map_err(|source| CliError::Package {
            path: import.name.clone(),
            source: Box::new(source),
        })?;
        // An export file of a package that comes with the target has nothing new.
        for stub in stubs {
            if jar.entry(&stub.name).is_none() {
                jar.entries.push(stub);
            }
        }
    }
    let odd = "an import has names that no class can have";
    jar.to_bytes().map_err(|error| CliError::mistyped(format!("{odd}: {error}"), "other imports"))
}

/// All class files below a folder, by path.
///
/// # Errors
/// They cannot be listed or read.
pub(super) fn class_files(folder: &Path) -> Result<Vec<ClassBytes>, CliError> {
    let read = |path: PathBuf| {
        let shown = path.display().to_string();
        let bytes = crate::cap::input::bytes(&path)?;
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let parts = below.iter().map(|part| part.to_string_lossy());
        let name = parts.collect::<Vec<_>>().join("/");
        Ok(ClassBytes { name: if name.is_empty() { shown } else { name }, bytes })
    };
    files(folder, "class")?.into_iter().map(read).collect()
}

/// Files below a folder with an ending, by path.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let shown = folder.display().to_string();
        let failed = |source| CliError::Read { path: shown.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // Links to folders are left out: they may lead back up.
            if entry.file_type().map_err(failed)?.is_dir() && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
            if found.len() > MOST_FILES {
                return Err(failed(io::Error::other(format!(
                    "there are more than {MOST_FILES} .{ending} files below it, which no package has"
                ))));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn failed(path: &str, source: io::Error) -> CliError {
    CliError::Write { path: path.to_owned(), source }
}
