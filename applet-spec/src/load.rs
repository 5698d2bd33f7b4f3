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

use std::path::Path;
use std::sync::Arc;

use crate::text::{self, Kind, Log, Value};
use crate::{Profile, ProfileErrors};

/// What a profile is, for the reading that it shares with other files.
const PROFILE: Kind = Kind { what: "profile", names: built_in::NAMES, text: built_in::text };

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
        if Kind::is_path(name_or_path) {
            return Profile::read(name_or_path).map(Arc::new);
        }
        built_in::find(name_or_path).cloned().unwrap_or_else(|| Err(PROFILE.unknown(name_or_path)))
    }

    /// Reads a profile file.
    ///
    /// # Errors
    /// The file cannot be read, is too long, is not UTF-8, or is no valid profile.
    pub fn read(path: impl AsRef<Path>) -> Result<Profile, ProfileErrors> {
        let path = path.as_ref();
        Profile::parse(&PROFILE.read(path)?, &path.display().to_string())
    }

    /// Reads a profile from bytes that should be UTF-8.
    ///
    /// # Errors
    /// As for [`Profile::parse`], and where the bytes are not UTF-8.
    pub fn parse_bytes(bytes: &[u8], origin: &str) -> Result<Profile, ProfileErrors> {
        Profile::parse(PROFILE.decode(bytes, origin)?, origin)
    }

    /// Reads a profile from a text. `origin` is what errors call it: a file name.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Profile, ProfileErrors> {
        PROFILE.refuse_long(text.len(), origin)?;
        let log = Log::default();
        let own = text::parse(&log, origin, text);
        let (root, extended) = PROFILE.extend(&log, own);
        let text = if extended { text::flatten(&root) } else { text.to_owned() };
        let profile = top::read(&log, &root, text);
        log.finish(profile).map_err(|problems| problems.seen_from(origin))
    }

    /// This profile with the table `table` of a text laid over it, the way a profile is laid over
    /// the one it extends. Name and version stay. `origin` is what errors call the text.
    ///
    /// # Errors
    /// Everything that is wrong with the table, or with the profile it leads to.
    pub fn overlaid(
        &self,
        text: &str,
        table: &str,
        origin: &str,
    ) -> Result<Profile, ProfileErrors> {
        PROFILE.refuse_long(text.len(), origin)?;
        let log = Log::default();
        let base = text::parse(&log, &format!("profile {}", self.name), &self.text);
        let over = match text::parse(&log, origin, text).value {
            Value::Table(over) => over.find(table).map(|entry| entry.node.clone()),
            _ => None,
        };
        let root = match over {
            Some(over) => text::merge(base, over),
            None => base,
        };
        let profile = top::read(&log, &root, text::flatten(&root));
        log.finish(profile)
    }
}
