//! What a family has that a card built by commands cannot have.

use applet_spec::{
    CodeInMac1, Directory, FciForm, IssuingRules, KeyKind, PinUse, Profile, Protection, PurseSpec,
    RightsByte,
};

use super::super::{KeyType, Step};
use super::build::{master_key, purse_right, use_right};

/// Everything that stands against building a card of `family` on `blank`; nothing where it fits.
pub(super) fn reasons(family: &Profile, blank: &Profile) -> Vec<String> {
    let mut out = Vec::new();
    let mut no = |reason: String| out.push(reason);
    if blank.rules.issuing.is_none() {
        no("it is not built by commands (no [rules.issuing])".to_owned());
    }
    let masters = (family.directories.first(), blank.directories.first());
    if let (Some(own), Some(given)) = masters {
        if (own.fid, &own.name, &own.fci) != (given.fid, &given.name, &given.fci) {
            no("the family's MF has another name or FCI, which is not to be changed".to_owned());
        }
        match master_key(own) {
            Some(key) if key.next_state != 0 => {}
            _ => {
                no("the family's MF has no master key 39/00 that leads to a security state"
                    .to_owned())
            }
        }
    }
    rules(family, blank, &mut no);
    for directory in &family.directories {
        in_directory(blank, directory, &mut no);
    }
    out
}

/// Whether what the steps make has room on the card.
pub(super) fn room(
    family: &Profile,
    rules: &IssuingRules,
    steps: &[Step],
) -> Result<(), Vec<String>> {
    let master = family.directories.first().map_or(0, |directory| directory.fid);
    let made = steps.iter().filter(|step| step.place().directory == master);
    let taken: u32 = made.filter_map(|step| step.takes(rules)).sum();
    if taken <= u32::from(rules.room) {
        return Ok(());
    }
    Err(vec![format!("its files take {taken} bytes, the card has {}", rules.room)])
}

fn rules(family: &Profile, blank: &Profile, no: &mut impl FnMut(String)) {
    let (own, given) = (&family.rules, &blank.rules);
    if own.suite != given.suite {
        no("the card works with another suite".to_owned());
    }
    if own.code_in_mac1 != CodeInMac1::Never || family.authentication_code.is_some() {
        no("it has no identification code (80CA)".to_owned());
    }
    if own.balance_p1 != given.balance_p1 {
        no("GET BALANCE has other forms on it".to_owned());
    }
    let layout = |rules: &applet_spec::Rules| {
        let capp = &rules.capp;
        (capp.id_width, capp.length_offset, capp.lock_offset, capp.default_sfi)
    };
    if layout(own) != layout(given) {
        no("its compound purchase records are laid out in another way".to_owned());
    }
}

fn in_directory(blank: &Profile, directory: &Directory, no: &mut impl FnMut(String)) {
    let fid = directory.fid;
    match &directory.fci {
        FciForm::PublicFile { version: Some(_), .. } => {
            no(format!("its FCI tells no version (9F08), directory {fid:04X} does"));
        }
        FciForm::Ppse => {
            no(format!("it lists no applications in an FCI, directory {fid:04X} does"))
        }
        _ => {}
    }
    for key in &directory.keys {
        let name = format!("{} key {:02X} of directory {fid:04X}", key.kind.text(), key.index);
        let twin = |other: &&applet_spec::KeySpec| {
            other.index == key.index && KeyType::of(other.kind) == KeyType::of(key.kind)
        };
        if KeyType::of(key.kind).is_none() {
            no(format!("WRITE KEY has no type for the {name}"));
        } else if directory.keys.iter().filter(twin).count() > 1 {
            no(format!("the {name} has the type and index of another one"));
        }
        if key.suite != blank.rules.suite {
            no(format!("the {name} is of another suite"));
        }
        if key.tries == Some(15) {
            no(format!("15 tries of the {name} cannot be told from unlimited ones; 14 can"));
        }
        let tac_index = blank.rules.tac_index;
        if key.kind == KeyKind::Tac && tac_index.is_some_and(|index| index != key.index) {
            no(format!("TAC keys have the index {:02X} on it", tac_index.unwrap_or_default()));
        }
    }
    for file in &directory.files {
        let name = format!("file {:02X} of directory {fid:04X}", file.sfi);
        if file.fid & 0x1F != u16::from(file.sfi) {
            no(format!("the {name} has a fid that does not end in its short identifier"));
        }
        if !directory.purses.is_empty() && matches!(file.fid, 0x0001 | 0x0002) {
            no(format!("the {name} has the fid of a purse"));
        }
        if (file.protection != Protection::None || file.protect_read) && file.key_index > 3 {
            no(format!("the {name} is protected by a key index above 3"));
        }
    }
    if let Some(log) = directory.log
        && (log.load != log.purchase || log.other_city.is_some())
    {
        no("it writes all its log records to one file".to_owned());
    }
    for purse in &directory.purses {
        in_purse(directory, purse, no);
    }
}

/// Uses that ask for the PIN must be a matter of the purse as a whole, or of the key.
fn in_purse(directory: &Directory, purse: &PurseSpec, no: &mut impl FnMut(String)) {
    let needs_pin = |right: RightsByte| right != RightsByte::ALWAYS;
    for used in &purse.allows {
        let key = match used {
            PinUse::Balance => None,
            PinUse::Load => Some(KeyKind::Load),
            PinUse::Purchase | PinUse::Cash | PinUse::Capp => Some(KeyKind::Purchase),
            PinUse::Unload => Some(KeyKind::Unload),
            PinUse::Overdraft => Some(KeyKind::Overdraft),
        };
        let by_key = key.is_some_and(|kind| needs_pin(use_right(directory, kind)));
        let asked = by_key || needs_pin(purse_right(directory, purse));
        if asked != purse.pin_for.contains(used) {
            let (used, kind) = (used.text(), purse.kind.text());
            no(format!("it cannot ask for the PIN as the family does for {used} of the {kind}"));
        }
    }
    if purse.overdraft.is_some_and(|limit| limit != 0) {
        no("an overdraft limit begins at zero on it".to_owned());
    }
}
