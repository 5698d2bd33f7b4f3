//! Does a profile make sense as a whole? Duplicates, things that refer to things that are not
//! there, sizes that do not fit the card.

mod issuing;
mod keys;
mod psam;
mod references;

use super::directory::DIRECTORY_KEYS;
use super::file::FILE_KEYS;
use crate::text::Section;
use crate::{CodeInMac1, Custody, Directory, Profile, SamKeyOrigin};

/// Bytes that a card has for files, keys and their headers.
const CARD_SIZE: usize = 32 * 1024;

/// Checks everything; `true` if contents are small enough to be filled in.
pub(super) fn profile(profile: &Profile, top: &Section<'_>) -> bool {
    let sections = top.sections("directory", DIRECTORY_KEYS).unwrap_or_default();
    master_file(profile, top, &sections);
    unique_directories(&profile.directories, &sections);
    for (directory, section) in profile.directories.iter().zip(&sections) {
        unique_files(directory, section);
        keys::check(profile, directory, section);
        references::check(profile, directory, section);
    }
    psam::check(profile, top, &sections);
    issuing::check(profile, top, &sections);
    factors(profile, top);
    custody(profile, top);
    let code_in_mac1 = profile.rules.code_in_mac1 != CodeInMac1::Never && profile.psam.is_none();
    if code_in_mac1 && profile.authentication_code.is_none() {
        top.missing("authentication-code");
    }
    let size = profile.footprint();
    if size > CARD_SIZE {
        let message = format!("files and keys take {size} bytes, a card has {CARD_SIZE}");
        top.wrong("directory", message, "make files smaller or fewer");
    }
    size <= CARD_SIZE
}

fn master_file(profile: &Profile, top: &Section<'_>, sections: &[Section<'_>]) {
    match (profile.directories.first(), sections.first()) {
        (Some(first), Some(section)) if first.fid != 0x3F00 => section.wrong(
            "fid",
            format!("0x{:04X} is not the MF", first.fid),
            "let the first [[directory]] be the MF, fid = 0x3F00",
        ),
        (Some(_), _) => {}
        (None, _) => top.missing("directory"),
    }
}

fn unique_directories(directories: &[Directory], sections: &[Section<'_>]) {
    for (at, (directory, section)) in directories.iter().zip(sections).enumerate() {
        let before = directories.get(..at).unwrap_or_default();
        let fid = directory.fid;
        if matches!(fid, 0x0000 | 0x3FFF | 0xFFFF) {
            section.wrong("fid", format!("0x{fid:04X} is reserved"), "use another fid");
        }
        if let Some(twin) = before.iter().position(|other| other.fid == fid) {
            let message = format!("0x{fid:04X} is used by directory[{twin}] already");
            section.wrong("fid", message, "give every directory its own fid");
        }
        let same_name = |other: &Directory| !other.name.is_empty() && other.name == directory.name;
        if let Some(twin) = before.iter().position(same_name) {
            let message = format!("it is the name of directory[{twin}] already");
            section.wrong("name", message, "give every directory its own name");
        }
    }
}

fn unique_files(directory: &Directory, section: &Section<'_>) {
    let sections = section.sections("file", FILE_KEYS).unwrap_or_default();
    for (at, (file, section)) in directory.files.iter().zip(&sections).enumerate() {
        let before = directory.files.get(..at).unwrap_or_default();
        if let Some(twin) = before.iter().position(|other| other.sfi == file.sfi) {
            let message = format!("0x{:02X} is used by file[{twin}] already", file.sfi);
            let mend = "give every file of a directory its own sfi (0x01 to 0x1E)";
            section.wrong("sfi", message, mend);
        } else if let Some(twin) = before.iter().position(|other| other.fid == file.fid) {
            let message = format!("0x{:04X} is used by file[{twin}] already", file.fid);
            section.wrong("fid", message, "give every file of a directory its own fid");
        }
    }
}

fn factors(profile: &Profile, top: &Section<'_>) {
    if profile.factors.len() > 3 {
        let message = format!("{} factors given", profile.factors.len());
        top.wrong("factors", message, "write at most 3: keys are derived in up to 3 levels");
    }
    let public = profile.public_file_size();
    for (at, factor) in profile.factors.iter().enumerate() {
        let length = factor.length();
        if length != 8 {
            let mend = "a factor has exactly 8 bytes; {serial} is 8 bytes by itself";
            top.wrong_item("factors", at, format!("{length} bytes"), mend);
        }
        if let Some(problem) = references::beyond_public(factor, public) {
            top.wrong_item("factors", at, problem, references::BEYOND_MEND);
        }
    }
}

fn custody(profile: &Profile, top: &Section<'_>) {
    match (profile.custody, &profile.lab_seed) {
        (Custody::Sealed, Some(_)) => {
            let mend = "remove it, or say custody = \"lab\" if these are public test keys";
            top.wrong("lab-seed", "lab keys under custody \"sealed\"", mend);
        }
        (Custody::Lab, None) if !every_key_has_master(profile) => {
            let message = "keys without a master key, and no seed to make one from";
            top.wrong("lab-seed", message, "add lab-seed = \"..\", or a master to every key");
        }
        _ => {}
    }
}

fn every_key_has_master(profile: &Profile) -> bool {
    profile.directories.iter().all(|directory| {
        directory.keys.iter().all(|key| key.master.is_some())
            && directory.sam_keys.iter().all(|key| key.origin != SamKeyOrigin::Own)
    })
}
