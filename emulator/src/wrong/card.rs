//! The file of a wrong card.

use std::path::Path;

use applet_spec::text::{self, Log, Section, Value};
use applet_spec::{Profile, ProfileErrors};

use super::{Deviation, WrongError};

/// A card that breaks a rule on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongCard {
    /// Name, as in `--with wrong:NAME`.
    pub name: String,
    /// What it does wrong, in one English sentence.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// The rule that it breaks, such as `purchase.mac2`.
    pub rule: String,
    /// The profiles that it can be of.
    pub profiles: Vec<String>,
    /// What the card system does that it should not.
    pub deviation: Option<Deviation>,
    /// What a terminal or its operator would see, in one English sentence.
    pub seen_as: Option<String>,
    /// The same in Chinese.
    pub seen_as_zh: Option<String>,
    /// Tables of the profile that it changes.
    changed: Vec<String>,
    text: String,
    origin: String,
}

const KEYS: &[&str] = &[
    "name",
    "title",
    "title-zh",
    "rule",
    "profiles",
    "deviation",
    "seen-as",
    "seen-as-zh",
    OVERLAY,
];
const OVERLAY: &str = "profile";
/// What a card asks its profile for at every command; all else is in its memory once it is made.
const ASKED: &[&str] = &["rules", "psam"];

impl WrongCard {
    /// The keys of a wrong card's file, for its documentation.
    pub const KEYS: &'static [&'static str] = KEYS;

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is too long, is not UTF-8, or is no wrong card.
    pub fn read(path: &Path) -> Result<Self, WrongError> {
        let text = text::read(path, "wrong card")?;
        Ok(Self::parse(&text, &path.display().to_string())?)
    }

    /// Reads a text. `origin` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ProfileErrors> {
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let mut card = Section::open(&log, &root, "", KEYS).and_then(|top| read(&top));
        if let Some(card) = &mut card {
            text.clone_into(&mut card.text);
            origin.clone_into(&mut card.origin);
            if let Value::Table(table) = &root.value
                && let Some(entry) = table.find(OVERLAY)
                && let Value::Table(overlay) = &entry.node.value
            {
                card.changed = overlay.entries.iter().map(|entry| entry.key.clone()).collect();
            }
        }
        let problems = log.into_problems();
        match card {
            Some(card) if problems.is_empty() => Ok(card),
            _ => Err(ProfileErrors::from(problems)),
        }
    }

    /// Whether it changes the profile.
    pub fn changes_profile(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether what is wrong with it lies in the card's memory from its making.
    pub fn from_making(&self) -> bool {
        self.deviation == Some(Deviation::FactorsSwapped)
            || self.changed.iter().any(|table| !ASKED.contains(&table.as_str()))
    }

    /// `profile` with its changes.
    ///
    /// # Errors
    /// Changes that lead to no profile.
    pub(super) fn laid_over(&self, profile: &Profile) -> Result<Profile, ProfileErrors> {
        profile.overlaid(&self.text, OVERLAY, &self.origin)
    }
}

fn read(top: &Section<'_>) -> Option<WrongCard> {
    let name: Option<String> = top.need("name");
    let title = top.need("title");
    let title_zh = top.need("title-zh");
    let rule: Option<String> = top.need("rule");
    let profiles = profiles(top);
    let deviation = top.maybe("deviation");
    let seen_as = top.maybe("seen-as");
    let seen_as_zh = top.maybe("seen-as-zh");
    if name.as_deref().is_some_and(|name| !is_kebab(name)) {
        top.wrong("name", "not a name", "write small letters, digits and hyphens, up to 40");
    }
    if rule.as_deref().is_some_and(|rule| !is_rule(rule)) {
        let mend = "write a family and a rule with a dot between them, such as purchase.mac2";
        top.wrong("rule", "not a rule's identifier", mend);
    }
    if !top.has("deviation") && !top.has(OVERLAY) {
        let mend = "add `deviation = ..`, or a table [profile] with what differs in the profile";
        top.wrong_here("nothing is wrong with this card", mend);
    }
    Some(WrongCard {
        name: name?,
        title: title?,
        title_zh: title_zh?,
        rule: rule?,
        profiles: profiles?,
        deviation: deviation?,
        seen_as: seen_as?,
        seen_as_zh: seen_as_zh?,
        changed: Vec::new(),
        text: String::new(),
        origin: String::new(),
    })
}

/// Names of built-in profiles or of a user's own, as they call themselves.
fn profiles(top: &Section<'_>) -> Option<Vec<String>> {
    if !top.has("profiles") {
        top.missing("profiles");
        return None;
    }
    let profiles: Vec<String> = top.list("profiles")?;
    if profiles.is_empty() {
        top.wrong("profiles", "no profile", "list the profiles whose cards can be wrong so");
    }
    Some(profiles)
}

fn is_kebab(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

fn is_rule(text: &str) -> bool {
    text.split_once('.').is_some_and(|(family, rule)| is_kebab(family) && is_kebab(rule))
}
