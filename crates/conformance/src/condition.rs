//! Conditions on a card's profile: which words there are, and whether one holds.

use applet_spec::text::{Word, nearest};
use applet_spec::{
    CommandSet, FciForm, KeyKind, PinUse, Profile, PurseKind, PurseSpec, SamPurpose, SamUsage,
};
use crypto::Suite;

use crate::text::short_file_identifier;
use crate::{Condition, profile_fields};

/// A word that stands alone.
struct Plain {
    word: &'static str,
    holds: fn(&Profile) -> bool,
}

const PLAIN: &[Plain] = &[
    plain("purse", |p| p.application().is_some()),
    plain("psam", |p| p.psam.is_some()),
    plain("fmcos", |p| p.rules.commands == CommandSet::Fmcos),
    plain("pin", |p| p.main_directory().is_some_and(|directory| directory.pin.is_some())),
    plain("code", |p| p.authentication_code.is_some()),
    plain("3des", |p| suite(p) == Suite::TripleDes),
    plain("sm4", |p| suite(p) == Suite::Sm4),
    plain("two-purses", |p| purses(p).len() == 2),
    plain("ed", |p| purses(p).iter().any(|purse| purse.kind == PurseKind::Deposit)),
    plain("ep", |p| purses(p).iter().any(|purse| purse.kind == PurseKind::Purse)),
    plain("full-range", |p| purses(p).iter().all(|purse| purse.maximum == FULL)),
    plain("fci-version", |p| p.application().is_some_and(|a| versioned(&a.fci))),
];

/// The most that a purse can hold (fen).
const FULL: u32 = 0x7FFF_FFFF;

/// Whether an FCI has 9F08.
const fn versioned(fci: &FciForm) -> bool {
    matches!(fci, FciForm::PublicFile { version: Some(_), .. })
}

const fn plain(word: &'static str, holds: fn(&Profile) -> bool) -> Plain {
    Plain { word, holds }
}

/// Why a text is no condition: what is wrong, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {mend}")]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub mend: String,
}

impl Condition {
    /// Reads a condition: a word, with `!` before it where it must not hold.
    ///
    /// # Errors
    /// There is no such word.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let text = text.trim();
        let (word, negated) = match text.strip_prefix('!') {
            Some(word) => (word.trim_start(), true),
            None => (text, false),
        };
        check(word)?;
        Ok(Self { word: word.to_owned(), negated })
    }

    /// Whether it holds for cards of this profile.
    pub fn holds(&self, profile: &Profile) -> bool {
        word_holds(&self.word, profile) != self.negated
    }
}

/// As it is written.
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let not = if self.negated { "!" } else { "" };
        write!(f, "{not}{}", self.word)
    }
}

fn word_holds(word: &str, profile: &Profile) -> bool {
    if let Some(plain) = PLAIN.iter().find(|plain| plain.word == word) {
        return (plain.holds)(profile);
    }
    if let Some((name, value)) = word.split_once('=') {
        return profile_fields::field(name.trim_end())
            .is_some_and(|field| field.is(profile, value.trim_start()));
    }
    if let Some((purse, pin, of)) = purse_use(word) {
        let mut purses = purses(profile).iter();
        return purses.any(|spec| {
            purse.is_none_or(|kind| spec.kind == kind)
                && if pin { spec.pin_for.contains(&of) } else { allows(spec, of) }
        });
    }
    match word.split_once('.') {
        Some(("file", sfi)) => file_of(sfi).is_some_and(|sfi| {
            profile.main_directory().is_some_and(|directory| directory.file(sfi).is_some())
        }),
        Some(("key", kind)) => KeyKind::from_text(kind).is_some_and(|kind| {
            let mut keys = profile.main_directory().into_iter().chain(profile.directories.first());
            keys.any(|directory| directory.keys.iter().any(|key| key.kind == kind))
        }),
        Some(("sam-key", name)) => profile.sam_application().is_some_and(|directory| {
            let mut usages = directory.sam_keys.iter().map(|key| key.usage);
            match usage_of(name) {
                Some(usage) => usages.any(|known| known == usage),
                None => usages.any(|k| k.purpose().is_some_and(|known| known.text() == name)),
            }
        }),
        Some(("profile", name)) => profile.name == name,
        _ => profile.name == word,
    }
}

fn check(word: &str) -> Result<(), ConditionError> {
    if PLAIN.iter().any(|plain| plain.word == word)
        || purse_use(word).is_some()
        || Profile::built_in_names().contains(&word)
    {
        return Ok(());
    }
    if let Some((name, value)) = word.split_once('=') {
        let name = name.trim_end();
        let Some(field) = profile_fields::field(name) else {
            let known = profile_fields::PROFILE_FIELDS.iter().map(|field| field.name);
            return Err(unknown(format!("no field {name:?} of a profile"), name, known));
        };
        return match field.refuse(value.trim_start()) {
            Some((message, mend)) => Err(ConditionError { message, mend }),
            None => Ok(()),
        };
    }
    let refused = |message: String, mend: &str| Err(ConditionError { message, mend: mend.into() });
    match word.split_once('.') {
        Some(("file", sfi)) if file_of(sfi).is_some() => Ok(()),
        Some(("file", sfi)) => refused(
            format!("{sfi:?} is no short file identifier"),
            "write it in hexadecimal, 01 to 1E, such as file.18",
        ),
        Some(("key", kind)) => known_word::<KeyKind>("kind of key", kind),
        Some(("sam-key", usage)) if usage_of(usage).is_some() => Ok(()),
        Some(("sam-key", purpose)) => known_word::<SamPurpose>("purpose of a PSAM's key", purpose),
        Some(("profile", name)) if !name.is_empty() => Ok(()),
        Some(("rules" | "psam", _)) => {
            refused(format!("{word:?} says no value"), "write it as rules.FIELD=VALUE")
        }
        _ => {
            let plain = PLAIN.iter().map(|plain| plain.word);
            let uses =
                PinUse::WORDS.iter().map(|(known, _)| *known).filter(|use_| *use_ != "balance");
            let known = plain.chain(uses).chain(Profile::built_in_names().iter().copied());
            Err(unknown(format!("no condition {word:?}"), word, known))
        }
    }
}

fn known_word<W: Word>(what: &str, text: &str) -> Result<(), ConditionError> {
    let known = W::WORDS.iter().map(|(known, _)| *known);
    if known.clone().any(|known| known == text) {
        return Ok(());
    }
    Err(unknown(format!("no {what} {text:?}"), text, known))
}

fn unknown<'k>(
    message: String,
    text: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> ConditionError {
    let mend = match nearest(text, known.clone()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    ConditionError { message, mend }
}

/// `load`, `ed.load`, `pin-for.load`, `ed.pin-for.load`: purse, whether the PIN is meant, use.
fn purse_use(word: &str) -> Option<(Option<PurseKind>, bool, PinUse)> {
    let (purse, rest) = match word.split_once('.') {
        Some(("ed", rest)) => (Some(PurseKind::Deposit), rest),
        Some(("ep", rest)) => (Some(PurseKind::Purse), rest),
        _ => (None, word),
    };
    let (pin, of) = match rest.strip_prefix("pin-for.") {
        Some(of) => (true, of),
        None => (false, rest),
    };
    let (_, of) = PinUse::WORDS.iter().find(|(known, _)| *known == of)?;
    // Every purse tells its balance.
    (pin || *of != PinUse::Balance).then_some((purse, pin, *of))
}

fn allows(purse: &PurseSpec, of: PinUse) -> bool {
    match of {
        PinUse::Overdraft => purse.overdraft.is_some() && purse.allows.contains(&of),
        _ => purse.allows.contains(&of),
    }
}

fn purses(profile: &Profile) -> &[PurseSpec] {
    profile.application().map_or(&[], |application| &application.purses)
}

/// Suite of the purchase key; where there is none, of the profile.
fn suite(profile: &Profile) -> Suite {
    let application = profile.application();
    let mut keys = application.into_iter().flat_map(|application| &application.keys);
    keys.find(|key| key.kind == KeyKind::Purchase).map_or(profile.rules.suite, |key| key.suite)
}

/// Usage of a PSAM's key: levels and purpose in one byte.
fn usage_of(text: &str) -> Option<SamUsage> {
    (text.len() == 2).then(|| u8::from_str_radix(text, 16).ok().map(SamUsage)).flatten()
}

fn file_of(text: &str) -> Option<u8> {
    short_file_identifier(text).filter(|sfi| (0x01..=0x1E).contains(sfi))
}
