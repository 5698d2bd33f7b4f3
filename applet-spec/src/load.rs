//! From TOML to [`Profile`]: built-in, from a file, or from a text.
//!
//! Reading goes in two steps. First each table by itself: are its keys known, there, and of the
//! right form ([`directory`], [`file`], [`key`], [`rules`])? Then, once everything has a value:
//! does it make sense as a whole ([`check`])? Both collect problems and never stop at the first.

mod built_in;
mod check;
mod directory;
mod file;
mod issuing;
mod key;
mod listing;
mod psam;
mod rules;
mod top;
mod words;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::text::{self, Log, MAX_TEXT, Node, Value};
use crate::{Profile, ProfileErrors};

impl Profile {
    /// The built-in profile of that name. `None` where there is none (or, which a test of this
    /// crate excludes, where it does not load; [`Profile::find`] then says why).
    pub fn built_in(name: &str) -> Option<&'static Arc<Profile>> {
        built_in::find(name)?.as_ref().ok()
    }

    /// Names of the built-in profiles.
    pub fn built_in_names() -> &'static [&'static str] {
        built_in::NAMES
    }

    /// The built-in profiles with a purse application, in the order of their names' list. PSAMs and
    /// cards that are not built yet have none.
    pub fn built_in_cards() -> impl Iterator<Item = &'static Arc<Profile>> {
        let all = Self::built_in_names().iter().filter_map(|name| Self::built_in(name));
        all.filter(|profile| profile.application().is_some())
    }

    /// Finds a profile the way `--profile` names it: a built-in name, or a path (anything with a
    /// `/` or `\` in it or with `.toml` at its end).
    ///
    /// # Errors
    /// What is wrong with the file, or which names there are.
    pub fn find(name_or_path: &str) -> Result<Arc<Profile>, ProfileErrors> {
        if name_or_path.contains(['/', '\\']) || name_or_path.ends_with(".toml") {
            return Profile::read(name_or_path).map(Arc::new);
        }
        match built_in::find(name_or_path) {
            Some(loaded) => loaded.clone(),
            None => Err(ProfileErrors::of_file(
                name_or_path,
                "no built-in profile has this name",
                format!(
                    "use one of {}, or the path of a profile file such as ./mine.toml",
                    Profile::built_in_names().join(", ")
                ),
            )),
        }
    }

    /// Reads a profile file.
    ///
    /// # Errors
    /// The file cannot be read, is too long, is not UTF-8, or is no valid profile.
    pub fn read(path: impl AsRef<Path>) -> Result<Profile, ProfileErrors> {
        let path = path.as_ref();
        let origin = path.display().to_string();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                ProfileErrors::of_file(&origin, error.to_string(), "check the path and its rights")
            })?;
        Profile::parse_bytes(&bytes, &origin)
    }

    /// Reads a profile from bytes that should be UTF-8.
    ///
    /// # Errors
    /// As for [`Profile::parse`], and where the bytes are not UTF-8.
    pub fn parse_bytes(bytes: &[u8], origin: &str) -> Result<Profile, ProfileErrors> {
        refuse_long(bytes.len(), origin)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Profile::parse(text, origin),
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let log = Log::default();
                let text = log.open(origin, &String::from_utf8_lossy(good));
                log.problem(
                    text::Place { text, offset: good.len() },
                    "",
                    "not UTF-8 from here on",
                    "save the file as UTF-8 (an editor may have used GBK)",
                );
                log.finish(None)
            }
        }
    }

    /// Reads a profile from a text. `origin` is what errors call it: a file name.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Profile, ProfileErrors> {
        refuse_long(text.len(), origin)?;
        let log = Log::default();
        let own = text::parse(&log, origin, text);
        let (root, extended) = extend(&log, own);
        let text = if extended { text::flatten(&root) } else { text.to_owned() };
        let profile = top::read(&log, &root, text);
        log.finish(profile).map_err(|problems| problems.seen_from(origin))
    }
}

fn refuse_long(length: usize, origin: &str) -> Result<(), ProfileErrors> {
    if length <= MAX_TEXT {
        return Ok(());
    }
    Err(ProfileErrors::of_file(
        origin,
        format!("longer than {} KiB", MAX_TEXT / 1024),
        "this is no profile; a profile has a few KiB",
    ))
}

/// Lays the text onto the built-in profile it `extends`, if it does.
fn extend(log: &Log, own: Node) -> (Node, bool) {
    let Value::Table(table) = &own.value else { return (own, false) };
    let Some(entry) = table.find("extends") else { return (own, false) };
    let at = entry.node.at;
    let Value::Text(base) = &entry.node.value else {
        let found = format!("found {}", entry.node.value.kind());
        log.problem(at, "extends", found, "write the name of a built-in profile in quotes");
        return (own, false);
    };
    let Some(text) = built_in::text(base) else {
        let mend = format!("write one of {}", Profile::built_in_names().join(", "));
        log.problem(at, "extends", format!("{base:?} is no built-in profile"), mend);
        return (own, false);
    };
    for key in ["name", "version"] {
        if table.find(key).is_none() {
            let mend = format!("add `{key} = ..`: reports must not take it for {base}");
            log.problem(at, key, "missing key", mend);
        }
    }
    let origin = format!("{base}.toml (built in)");
    // A built-in may extend another one; the chain ends because no built-in extends itself.
    let (base, _) = extend(log, text::parse(log, &origin, text));
    let mut merged = text::merge(base, own);
    if let Value::Table(table) = &mut merged.value {
        table.entries.retain(|entry| entry.key != "extends");
    }
    (merged, true)
}
