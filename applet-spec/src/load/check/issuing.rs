//! A card that is built by commands: does what it is delivered with let it be built?

use crate::load::issuing::ISSUING_KEYS;
use crate::load::key::KEY_KEYS;
use crate::load::rules::RULES_KEYS;
use crate::text::Section;
use crate::{IssuingRules, KeyKind, KeySpec, Profile, RightsByte, SecurityStates};

pub(super) fn check(profile: &Profile, top: &Section<'_>, directories: &[Section<'_>]) {
    let Some(issuing) = &profile.rules.issuing else {
        return rights_without_use(profile, directories);
    };
    if let Some(section) = directories.get(1) {
        let mend =
            "remove it: CREATE FILE makes it; a profile without [rules.issuing] holds built cards";
        section.wrong_here("a card that is built by commands is delivered with its MF alone", mend);
    }
    let Some(section) =
        top.section("rules", RULES_KEYS).and_then(|rules| rules.section("issuing", ISSUING_KEYS))
    else {
        return;
    };
    let keys: &[KeySpec] = profile.directories.first().map_or(&[], |master| &master.keys);
    for (key, right) in [("create", issuing.create), ("erase", issuing.erase)] {
        if !reachable(right, keys) {
            let message = format!(
                "no key of the MF leads to the security state that {:02X} asks for",
                right.0
            );
            let mend = "change it, or give the MF a card-master key with a next-state within it";
            section.wrong(key, message, mend);
        }
    }
    let (held, taken) = (usize::from(issuing.key_file), key_bytes(issuing, keys));
    if taken > held {
        let message = format!("the keys of the MF take {taken} bytes, the file has {held}");
        section.wrong("key-file", message, "enlarge it");
    }
    if profile.footprint() > usize::from(issuing.room) {
        let message =
            format!("the MF takes {} bytes, it has {}", profile.footprint(), issuing.room);
        section.wrong("room", message, "enlarge it");
    }
}

/// Bytes that keys take in the key file.
fn key_bytes(issuing: &IssuingRules, keys: &[KeySpec]) -> usize {
    keys.len() * (16 + usize::from(issuing.key_overhead))
}

/// Whether the delivered keys lead to a state in which a right is given.
fn reachable(right: RightsByte, keys: &[KeySpec]) -> bool {
    let states = keys.iter().filter(|key| authenticates(key.kind)).map(|key| key.next_state);
    states.chain([0]).any(|state| right.granted(SecurityStates { master: state, directory: state }))
}

fn authenticates(kind: KeyKind) -> bool {
    matches!(
        kind,
        KeyKind::CardMaster | KeyKind::ApplicationMaster | KeyKind::ExternalAuthentication
    )
}

/// Only cards that are built by commands keep rights with their keys.
fn rights_without_use(profile: &Profile, directories: &[Section<'_>]) {
    for (directory, section) in profile.directories.iter().zip(directories) {
        let sections = section.sections("key", KEY_KEYS).unwrap_or_default();
        for (key, section) in directory.keys.iter().zip(&sections) {
            for (name, right) in [("use", key.use_right), ("change", key.change_right)] {
                if right.is_some() {
                    let mend = "remove it, or say commands = \"fmcos\" and add [rules.issuing]";
                    section.wrong(name, "this card keeps no rights with its keys", mend);
                }
            }
        }
    }
}
