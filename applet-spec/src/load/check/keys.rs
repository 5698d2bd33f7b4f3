//! Keys, PIN and purses of a directory: is there everything that its commands will need?

use crate::load::directory::PURSE_KEYS;
use crate::load::key::KEY_KEYS;
use crate::text::Section;
use crate::text::spelling;
use crate::{Custody, Directory, KeyKind, PinUse, Profile, PurseKind, PurseSpec};

pub(super) fn check(profile: &Profile, directory: &Directory, section: &Section<'_>) {
    let keys = section.sections("key", KEY_KEYS).unwrap_or_default();
    for (at, (key, section)) in directory.keys.iter().zip(&keys).enumerate() {
        let same = |other: &crate::KeySpec| other.kind == key.kind && other.index == key.index;
        if let Some(twin) = directory.keys.iter().take(at).position(same) {
            let message = format!(
                "key[{twin}] is the {} key with index 0x{:02X} already",
                key.kind.text(),
                key.index
            );
            section.wrong("index", message, "give every key of a kind its own index");
        }
        let counted = !matches!(
            key.kind,
            KeyKind::Purchase
                | KeyKind::Load
                | KeyKind::Unload
                | KeyKind::Overdraft
                | KeyKind::Tac
                | KeyKind::InternalAuthentication
                | KeyKind::InternalDecipher
                | KeyKind::InternalMac
        );
        if key.tries.is_some() && !counted {
            let message = format!("a card counts no tries of a {} key", key.kind.text());
            let mend = "remove it; rules.wrong-mac-limit counts wrong transaction MACs";
            section.wrong("tries", message, mend);
        }
        if profile.custody == Custody::Sealed && key.master.is_some() {
            let mend = "remove it, or say custody = \"lab\" if this is a public test key";
            section.wrong("master", "a key in clear under custody \"sealed\"", mend);
        }
    }
    let purses = section.sections("purse", PURSE_KEYS).unwrap_or_default();
    for (at, (purse, section)) in directory.purses.iter().zip(&purses).enumerate() {
        let same = |other: &PurseSpec| other.kind == purse.kind;
        if let Some(twin) = directory.purses.iter().take(at).position(same) {
            let message = format!("purse[{twin}] is a {} already", purse.kind.text());
            section.wrong("kind", message, "a directory has one deposit and one purse at most");
        }
        check_purse(profile, directory, purse, section);
    }
}

fn check_purse(profile: &Profile, directory: &Directory, purse: &PurseSpec, section: &Section<'_>) {
    for (at, used) in purse.allows.iter().enumerate() {
        let word = spelling(*used);
        let wrong_purse = match used {
            PinUse::Cash | PinUse::Unload => purse.kind == PurseKind::Purse,
            PinUse::Capp => purse.kind == PurseKind::Deposit,
            _ => false,
        };
        if wrong_purse {
            let message = format!("a {} has no {word}", purse.kind.text());
            let mend = "cash and unload belong to a deposit, capp to a purse; remove it";
            section.wrong_item("allows", at, message, mend);
        }
        for kind in needed(*used) {
            let index = profile.rules.tac_index.filter(|_| *kind == KeyKind::Tac);
            let there = |key: &crate::KeySpec| {
                key.kind == *kind && index.is_none_or(|index| key.index == index)
            };
            if !directory.keys.iter().any(there) {
                let which = index.map_or(String::new(), |i| format!(" with index 0x{i:02X}"));
                let message = format!("{word} needs a {} key{which}, there is none", kind.text());
                let mend = format!("add a [[directory.key]] with kind = {:?}", kind.text());
                section.wrong_item("allows", at, message, mend);
            }
        }
    }
    if purse.allows.contains(&PinUse::Overdraft) && purse.overdraft.is_none() {
        let mend = "add overdraft = 0 (the first limit, in fen), or remove it from allows";
        section.wrong("allows", "overdraft is allowed, but the purse has no limit", mend);
    }
    for (at, used) in purse.pin_for.iter().enumerate() {
        let word = spelling(*used);
        if !purse.allows.contains(used) {
            let message = format!("{word} is not among allows");
            section.wrong_item("pin-for", at, message, format!("remove {word:?} or allow it"));
        }
        if directory.pin.is_none() {
            let mend = "add [directory.pin], or remove it from pin-for";
            section.wrong_item("pin-for", at, "the directory has no PIN", mend);
        }
    }
}

/// Keys that a use of a purse needs.
fn needed(used: PinUse) -> &'static [KeyKind] {
    match used {
        PinUse::Balance => &[],
        PinUse::Load => &[KeyKind::Load, KeyKind::Tac],
        PinUse::Purchase | PinUse::Cash | PinUse::Capp => &[KeyKind::Purchase, KeyKind::Tac],
        // The proof of an unload is MAC3, made with the session key.
        PinUse::Unload => &[KeyKind::Unload],
        PinUse::Overdraft => &[KeyKind::Overdraft, KeyKind::Tac],
    }
}
