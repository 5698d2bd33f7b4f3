//! PSAMs: the table `[psam]`, and the keys that a PSAM works with.

use std::sync::Arc;

use apdu::StatusWord;

use super::key::unknown_id;
use super::rules::Defaults;
use crate::text::Section;
use crate::{
    IdentificationCheck, KeyKind, KeyMaterial, KeySpec, Profile, PsamSpec, SamKeyOrigin,
    SamKeySpec, SamPurpose, SamUsage, SerialAdvance, suite_of_algorithm,
};

pub(super) const PSAM_KEYS: &[&str] = &[
    "serves",
    "terminal",
    "serial-file",
    "serial-advances",
    "wrong-mac2",
    "mac-length",
    "identification",
    "identification-key",
    "identification-codes",
    "deliver",
];
pub(super) const SAM_KEY_KEYS: &[&str] =
    &["usage", "index", "version", "algorithm-id", "suite", "of", "of-index", "master"];

/// How a code is checked, before it is known by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckWord {
    Lab,
    List,
    Any,
    None,
}

/// The card profile that the PSAM serves; what is wrong with its name is told by [`read`].
pub(super) fn served(top: &Section<'_>) -> Option<&'static Arc<Profile>> {
    let name: String = top.section("psam", PSAM_KEYS)?.or("serves", String::new())?;
    Profile::built_in(&name).filter(|profile| profile.application().is_some())
}

pub(super) fn read(section: &Section<'_>) -> Option<PsamSpec> {
    let serves: Option<String> = section.need("serves");
    let terminal = section.need("terminal");
    let serial_file = section.or("serial-file", 0x18);
    let serial_advances = section.or("serial-advances", SerialAdvance::AtInitialize);
    let wrong_mac2 = section.or("wrong-mac2", StatusWord::MAC_INVALID);
    let mac_length: Option<u8> = section.or("mac-length", 4);
    let identification = identification(section);
    let deliver = deliver(section);
    if let Some(name) = &serves {
        check_serves(section, name);
    }
    if mac_length.is_some_and(|length| !matches!(length, 4 | 8)) {
        section.wrong("mac-length", "not the length of a MAC", "write 4 or 8");
    }
    Some(PsamSpec {
        serves: serves?,
        terminal: terminal?,
        serial_file: serial_file?,
        serial_advances: serial_advances?,
        wrong_mac2: wrong_mac2?,
        mac_length: mac_length?,
        identification: identification?,
        deliver: deliver?,
    })
}

fn check_serves(section: &Section<'_>, name: &str) {
    match Profile::built_in(name) {
        None => section.wrong(
            "serves",
            format!("{name:?} is no built-in profile"),
            "write the built-in card profile that it works for, such as \"jtt978\"",
        ),
        Some(profile) if profile.application().is_none() => section.wrong(
            "serves",
            format!("{name} has no purse application"),
            "write a card profile, such as \"jtt978\"",
        ),
        Some(_) => {}
    }
}

fn identification(section: &Section<'_>) -> Option<IdentificationCheck> {
    let check: CheckWord = section.or("identification", CheckWord::None)?;
    let owned = [
        ("identification-key", CheckWord::Lab, "lab"),
        ("identification-codes", CheckWord::List, "list"),
    ];
    for (key, owner, word) in owned {
        if section.has(key) && check != owner {
            let message = format!("only the check {word:?} has it");
            section.wrong(key, message, format!("remove it, or say identification = {word:?}"));
        }
    }
    Some(match check {
        CheckWord::Lab => IdentificationCheck::Lab { key: section.need("identification-key")? },
        CheckWord::List => {
            if !section.has("identification-codes") {
                section.missing("identification-codes");
            }
            IdentificationCheck::List(section.list("identification-codes")?)
        }
        CheckWord::Any => IdentificationCheck::Any,
        CheckWord::None => IdentificationCheck::None,
    })
}

fn deliver(section: &Section<'_>) -> Option<Vec<SamPurpose>> {
    if !section.has("deliver") {
        return Some(SamPurpose::ALL.into_iter().filter(|one| one.calculates()).collect());
    }
    let listed: Vec<SamPurpose> = section.list("deliver")?;
    for (at, purpose) in listed.iter().enumerate().filter(|(_, one)| !one.calculates()) {
        let message = format!("CRYPT calculates nothing with a {} key", purpose.text());
        section.wrong_item("deliver", at, message, "remove it");
    }
    Some(listed)
}

/// A `[[directory.sam-key]]`. What it says nothing of is as with the card's key, where it is `of`
/// one.
pub(super) fn key(section: &Section<'_>, defaults: &Defaults) -> Option<SamKeySpec> {
    let usage: Option<SamUsage> = section.need::<u8>("usage").map(SamUsage);
    let index: Option<u8> = section.need("index");
    let of: Option<Option<KeyKind>> = section.maybe("of");
    let of_index: Option<u8> = section.or("of-index", index.unwrap_or_default());
    let master: Option<Option<[u8; 16]>> = section.maybe("master");
    if let Some(usage) = usage {
        check_usage(section, usage);
    }
    if section.has("of-index") && !section.has("of") {
        section.wrong("of-index", "it belongs to a key that is `of` a card's", "add of, or remove");
    }
    let (of, of_index) = (of?, of_index?);
    let card_key = of.and_then(|kind| card_key(section, defaults.served?, kind, of_index, usage?));
    let (like_id, like_suite, like_version) = match card_key {
        Some(key) => (key.algorithm_id, key.suite, key.version),
        None => (defaults.algorithm_id, defaults.suite, 1),
    };
    let version = section.or("version", like_version);
    let algorithm_id: Option<u8> = section.or("algorithm-id", like_id);
    let own_suite = section.maybe("suite");
    let suite = match (own_suite?, algorithm_id?) {
        (Some(suite), _) => Some(suite),
        (None, id) if id == like_id => Some(like_suite),
        (None, id) if id == defaults.algorithm_id => Some(defaults.suite),
        (None, id) => suite_of_algorithm(id).or_else(|| {
            unknown_id(section, id);
            None
        }),
    };
    let origin = match (of, master?) {
        (Some(_), Some(_)) => {
            let mend = "keep one of the two: `of` takes the master key of the served profile";
            section.wrong("master", "the key has two origins", mend);
            return None;
        }
        (Some(kind), None) => SamKeyOrigin::Served { kind, index: of_index },
        (None, Some(master)) => SamKeyOrigin::Given(KeyMaterial(master)),
        (None, None) => SamKeyOrigin::Own,
    };
    Some(SamKeySpec {
        usage: usage?,
        index: index?,
        version: version?,
        algorithm_id: algorithm_id?,
        suite: suite?,
        origin,
    })
}

fn check_usage(section: &Section<'_>, usage: SamUsage) {
    let byte = usage.0;
    if usage.purpose().is_none() {
        let message = format!("purpose 0x{:02X} of 0x{byte:02X} is not known", byte & 0x1F);
        let mend = "the low five bits are 0x02 for purchase, 0x04 for TAC, 0x05 for blacklist lock";
        section.wrong("usage", message, mend);
    }
    if usage.levels() > SamUsage::MOST_LEVELS {
        let message = format!("0x{byte:02X} means {} levels", usage.levels());
        let mend = "the high three bits are the levels of diversification, at most 3";
        section.wrong("usage", message, mend);
    }
    if usage.purpose() == Some(SamPurpose::Purchase) && usage.levels() == 0 {
        let mend = "write 0x22, 0x42 or 0x62 for one, two or three levels";
        section.wrong("usage", "a purchase key has at least one level", mend);
    }
}

/// The card's key that a PSAM's is `of`, if the one can be made from the other.
fn card_key(
    section: &Section<'_>,
    served: &'static Profile,
    kind: KeyKind,
    index: u8,
    usage: SamUsage,
) -> Option<&'static KeySpec> {
    let Some((_, key)) = served.application_key(kind, index) else {
        let key = if section.has("of-index") { "of-index" } else { "index" };
        let message =
            format!("{} has no {} key with index 0x{index:02X}", served.name, kind.text());
        section.wrong(key, message, "name a key of its purse application by kind and index");
        return None;
    };
    let (there, levels) = (served.factors.len(), usize::from(usage.levels()));
    let Some(above) = there.checked_sub(levels) else {
        let message = format!("{levels} levels, the keys of {} have {there}", served.name);
        section.wrong("usage", message, "put as many levels into the high three bits, or fewer");
        return None;
    };
    let other = [0xA5; 8];
    let highest = |serial| served.factors_for(serial).into_iter().take(above);
    if highest(&served.serial).ne(highest(&other)) {
        let message = format!("with {levels} levels the key would be that of one card");
        section.wrong("usage", message, "put more levels into the high three bits");
        return None;
    }
    Some(key)
}
