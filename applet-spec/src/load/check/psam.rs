//! Does a PSAM have what its commands will need, and does a card have nothing of a PSAM?

use crate::load::directory::PURSE_KEYS;
use crate::load::file::FILE_KEYS;
use crate::load::psam::{PSAM_KEYS, SAM_KEY_KEYS};
use crate::text::Section;
use crate::{
    CommandSet, Custody, Directory, FileKind, FileSpec, IdentificationCheck, Profile, PsamSpec,
    SamKeyOrigin, SamKeySpec, SamUsage,
};

/// Bytes of a terminal number, and of a terminal transaction serial.
const TERMINAL: u16 = 6;
const SERIAL: u16 = 4;

pub(super) fn check(profile: &Profile, top: &Section<'_>, directories: &[Section<'_>]) {
    let is_psam = profile.rules.commands == CommandSet::Psam;
    let with_sections = || profile.directories.iter().zip(directories);
    let (Some(psam), Some(section)) = (&profile.psam, top.section("psam", PSAM_KEYS)) else {
        if is_psam {
            top.missing("psam");
        }
        return with_sections().for_each(|(directory, section)| no_sam_keys(directory, section));
    };
    if !is_psam {
        let mend = "say commands = \"psam\" in [rules], or remove this table";
        section.wrong_here("this is a card's profile", mend);
    }
    if profile.sam_application().is_none() {
        let mend = "add a [[directory.sam-key]] to its application";
        section.wrong_here("no directory has a key that it could work with", mend);
    }
    terminal_file(profile, &section, directories);
    for (directory, section) in with_sections() {
        check_directory(profile, psam, directory, section);
    }
    identification_key(profile, psam, &section);
}

fn no_sam_keys(directory: &Directory, section: &Section<'_>) {
    if !directory.sam_keys.is_empty() {
        let mend = "use [[directory.key]], or make this a PSAM by [psam] and commands = \"psam\"";
        section.wrong("sam-key", "a card has no keys of a PSAM", mend);
    }
}

/// MF file 16 is made of the terminal number.
fn terminal_file(profile: &Profile, psam: &Section<'_>, directories: &[Section<'_>]) {
    let sfi = Profile::TERMINAL_SFI;
    let (Some(master), Some(section)) = (profile.directories.first(), directories.first()) else {
        return;
    };
    let files = section.sections("file", FILE_KEYS).unwrap_or_default();
    let found = master.files.iter().zip(&files).find(|(file, _)| file.sfi == sfi);
    let Some((_, section)) = found.filter(|(file, _)| is_binary(file, TERMINAL)) else {
        let message = format!("the MF has no binary file 0x{sfi:02X} of {TERMINAL} bytes for it");
        return psam.wrong("terminal", message, "add the file, with size = 6");
    };
    if section.has("content") {
        let message = format!("file 0x{sfi:02X} of a PSAM's MF is made of psam.terminal");
        section.wrong("content", message, "remove it");
    }
}

fn check_directory(
    profile: &Profile,
    psam: &PsamSpec,
    directory: &Directory,
    section: &Section<'_>,
) {
    for purse in section.sections("purse", PURSE_KEYS).unwrap_or_default() {
        purse.wrong_here("a PSAM has no purse", "remove it");
    }
    if directory.sam_keys.is_empty() {
        return;
    }
    let sfi = psam.serial_file;
    if !directory.file(sfi).is_some_and(|file| is_binary(file, SERIAL)) {
        let message = format!(
            "psam.serial-file is 0x{sfi:02X}, there is no such binary file of {SERIAL} bytes"
        );
        let mend = "add the file to the directory with the keys, or change serial-file";
        section.wrong_here(message, mend);
    }
    let keys = section.sections("sam-key", SAM_KEY_KEYS).unwrap_or_default();
    for (at, (key, section)) in directory.sam_keys.iter().zip(&keys).enumerate() {
        let before = directory.sam_keys.get(..at).unwrap_or_default();
        if let Some(twin) = before.iter().position(|other| same_slot(other, key)) {
            let message = format!("sam-key[{twin}] has this usage and index already");
            section.wrong("index", message, "give every key of a usage its own index");
        } else if let Some(twin) = before.iter().position(|other| same_name(other, key)) {
            let message = format!("sam-key[{twin}] is selected by the same version already");
            let mend = "purchase keys are selected by version: give each its own";
            section.wrong("version", message, mend);
        }
        if profile.custody == Custody::Sealed && matches!(key.origin, SamKeyOrigin::Given(_)) {
            let mend = "remove it, or say custody = \"lab\" if this is a public test key";
            section.wrong("master", "a key in clear under custody \"sealed\"", mend);
        }
    }
}

fn same_slot(a: &SamKeySpec, b: &SamKeySpec) -> bool {
    (a.usage, a.index) == (b.usage, b.index)
}

/// INITIALIZE SAM FOR PURCHASE could not tell them apart.
fn same_name(a: &SamKeySpec, b: &SamKeySpec) -> bool {
    a.usage.by_version()
        && (a.usage, a.version, a.algorithm_id) == (b.usage, b.version, b.algorithm_id)
}

fn identification_key(profile: &Profile, psam: &PsamSpec, section: &Section<'_>) {
    let IdentificationCheck::Lab { key } = psam.identification else { return };
    let fits = |one: &SamKeySpec| one.usage == SamUsage::IDENTIFICATION && one.index == key;
    let applications = profile.directories.iter().filter(|one| !one.sam_keys.is_empty());
    for directory in applications.filter(|one| !one.sam_keys.iter().any(fits)) {
        let message = format!(
            "directory 0x{:04X} has no undiversified MAC key with index 0x{key:02X}",
            directory.fid
        );
        let mend = "add a [[directory.sam-key]] with usage = 0x06 and this index";
        section.wrong("identification-key", message, mend);
    }
}

fn is_binary(file: &FileSpec, wanted: u16) -> bool {
    matches!(file.kind, FileKind::Binary { size } if size == wanted)
}
