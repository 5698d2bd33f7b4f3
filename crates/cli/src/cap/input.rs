//! Files of packages: bytes from outside, within bounds.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use capfile::Malformed;
use capfile::cap::{CapFile, Container};
use capfile::dump::Names;
use capfile::export::{ExportFile, Package};

use crate::error::CliError;

/// Longest file: what the largest CAP can have, and class files beside it.
const MOST: u64 = 64 * 1024 * 1024;

/// The bytes of a file.
///
/// # Errors
/// It cannot be read, or has more than 64 MiB.
pub fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::Read { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MOST.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST) {
        let wrong = "it has more than 64 MiB, which no package has";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, wrong)));
    }
    Ok(bytes)
}

/// A CAP file, and what its JAR says beside the components.
///
/// # Errors
/// It cannot be read, or is not what it should be.
pub(super) fn cap(path: &Path) -> Result<(CapFile, Option<Container>), CliError> {
    let name = path.display().to_string();
    CapFile::open(&bytes(path)?, &name).map_err(|source| malformed(path, source))
}

/// An export file.
///
/// # Errors
/// It cannot be read, or is not what it should be.
pub(super) fn export(path: &Path) -> Result<ExportFile, CliError> {
    let name = path.display().to_string();
    ExportFile::read(&bytes(path)?, &name).map_err(|source| malformed(path, source))
}

/// What is wrong in a file.
pub(super) fn malformed(path: &Path, source: Malformed) -> CliError {
    CliError::Package { path: path.display().to_string(), source: Box::new(source) }
}

/// Where names of other packages come from.
#[derive(Debug, clap::Args)]
pub(super) struct NamesArgs {
    /// Export files that name what is used, beside those of the Java Card and GlobalPlatform API:
    /// a file, or a folder that is searched for *.exp; may be repeated.
    #[arg(long, value_name = "PATH")]
    exports: Vec<PathBuf>,
}

impl NamesArgs {
    /// The API's names, and those of the export files.
    ///
    /// # Errors
    /// An export file cannot be read, or is not what it should be.
    pub(super) fn names(&self) -> Result<Names, CliError> {
        let mut names = Names::built_in();
        for (path, export) in self.exports()? {
            let name = path.display().to_string();
            names.add(Package::resolve(&export, &name).map_err(|source| malformed(&path, source))?);
        }
        Ok(names)
    }

    /// The export files that were named, folder by folder.
    ///
    /// # Errors
    /// One cannot be read, or is not what it should be.
    pub(super) fn exports(&self) -> Result<Vec<(PathBuf, ExportFile)>, CliError> {
        let mut files = Vec::new();
        for path in &self.exports {
            search(path, DEEPEST, &mut files)?;
        }
        files.into_iter().map(|path| export(&path).map(|export| (path, export))).collect()
    }
}

/// How deep folders are searched.
const DEEPEST: u8 = 16;

/// A file as it is; of a folder all export files in it, by name. Links to folders are not followed.
fn search(path: &Path, depth: u8, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let failed = |source| CliError::Read { path: path.display().to_string(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    let entries = fs::read_dir(path).map_err(failed)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let inner = entry.path();
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder || inner.extension().is_some_and(|extension| extension == "exp") {
            search(&inner, depth, files)?;
        }
    }
    Ok(())
}
