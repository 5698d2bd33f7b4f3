//! The mutated copy of the source tree, under `target/mutants/tree`.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::catalogue::MutatedFile;
use super::files::FILES;
use super::git;
use super::rewrite::{Rewritten, rewrite};
use crate::command::{Failure, root};

/// The switch, and where it goes: into the crate that all others of a card know.
const SWITCH: (&str, &str) = ("crates/crypto/src/mutant.rs", include_str!("switch.rs"));
const SWITCH_OWNER: &str = "crates/crypto/src/";
const SWITCHED: &str = "crates/crypto/src/lib.rs";

/// Folders whose change makes no other card.
const BESIDE: &[&str] = &["crates/xtask/", "docs/", "tests/"];

/// A copy of the sources, to be changed.
pub struct Tree {
    /// Where it is.
    pub folder: PathBuf,
    /// The same for the same sources of cards.
    pub fingerprint: u64,
}

impl Tree {
    /// Copies what git knows or would add; files that are the same are left as they are, so that
    /// cargo builds again only what changed.
    ///
    /// # Errors
    /// Git or the disk fails.
    pub fn copy(folder: PathBuf) -> Result<Self, Failure> {
        let from = root();
        let mut kept = BTreeSet::new();
        let mut hasher = DefaultHasher::new();
        for name in git::files()? {
            let source = from.join(&name);
            // A file that was removed is still in the index.
            if !source.is_file() {
                continue;
            }
            let bytes = fs::read(&source).map_err(|error| failed("read", &source, &error))?;
            if !BESIDE.iter().any(|folder| name.starts_with(folder)) {
                (&name, &bytes).hash(&mut hasher);
            }
            let here = folder.join(&name);
            if name != SWITCHED && !FILES.iter().any(|(path, _)| *path == name) {
                put(&here, &bytes)?;
            }
            kept.insert(here);
        }
        let tree = Self { folder, fingerprint: hasher.finish() };
        tree.add_switch(&mut kept)?;
        remove_others(&tree.folder, &kept)?;
        Ok(tree)
    }

    /// Writes the mutated files; what was written, in their order.
    ///
    /// # Errors
    /// The disk fails.
    pub fn write(&self, files: &[MutatedFile]) -> Result<Vec<Rewritten>, Failure> {
        let write = |file: &MutatedFile| {
            let own = file.path.starts_with(SWITCH_OWNER);
            let on = if own { "crate::mutant::on" } else { "::crypto::mutant::on" };
            let rewritten = rewrite(&file.source, &file.sites, on);
            put(&self.folder.join(file.path), rewritten.text.as_bytes())?;
            Ok(rewritten)
        };
        files.iter().map(write).collect()
    }

    fn add_switch(&self, kept: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
        let (name, text) = SWITCH;
        kept.insert(self.folder.join(name));
        put(&self.folder.join(name), text.as_bytes())?;
        let own = root().join(SWITCHED);
        let text = fs::read_to_string(&own).map_err(|error| failed("read", &own, &error))?;
        put(&self.folder.join(SWITCHED), format!("{text}\npub mod mutant;\n").as_bytes())
    }
}

/// Writes a file, unless it holds these bytes already.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|held| held == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed("make", folder, &error))?;
    }
    fs::write(path, bytes).map_err(|error| failed("write", path, &error))
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    let listed = fs::read_dir(folder).map_err(|error| failed("list", folder, &error))?;
    for path in listed.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).map_err(|error| failed("remove", &path, &error))?;
        }
    }
    Ok(())
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure(format!("cannot {what} {}: {error}", path.display()))
}
