//! Things that name a file, a key or a PIN: is it there, and is it of the right kind?

use crate::load::directory::{FCI_KEYS, LOG_KEYS};
use crate::load::file::FILE_KEYS;
use crate::text::Section;
use crate::{
    Access, Directory, FciForm, FileKind, FileSpec, KeyKind, PinUse, Profile, Protection, Template,
};

/// Bytes of a log record.
const LOG_RECORD: u8 = 23;

/// What to do about a range beyond the public file.
pub(super) const BEYOND_MEND: &str = "{public:A..B} counts from 0 and ends before B";

pub(super) fn check(profile: &Profile, directory: &Directory, section: &Section<'_>) {
    fci(profile, directory, section);
    log(directory, section);
    let sections = section.sections("file", FILE_KEYS).unwrap_or_default();
    for (file, section) in directory.files.iter().zip(&sections) {
        check_file(profile, directory, file, section);
    }
    public_file(directory, &sections);
    let capp = directory.purses.iter().any(|purse| purse.allows.contains(&PinUse::Capp));
    let default_sfi = profile.rules.capp.default_sfi;
    match find(directory, default_sfi) {
        _ if !capp => {}
        None => {
            let message =
                format!("rules.capp.default-sfi is 0x{default_sfi:02X}, there is no such file");
            section.wrong_here(message, "add the file, or change default-sfi");
        }
        Some(file) if matches!(file.kind, FileKind::Binary { .. }) => {
            let message =
                format!("rules.capp.default-sfi is 0x{default_sfi:02X}, which is a binary file");
            section.wrong_here(message, "let default-sfi name a record file");
        }
        Some(_) => {}
    }
}

/// File 15 of a purse application holds the card number and the dates of validity.
fn public_file(directory: &Directory, sections: &[Section<'_>]) {
    const SHORTEST: u16 = 28;
    if directory.purses.is_empty() {
        return;
    }
    for (file, section) in directory.files.iter().zip(sections) {
        let long_enough = matches!(file.kind, FileKind::Binary { size } if size >= SHORTEST);
        if file.sfi == Profile::PUBLIC_SFI && !long_enough {
            section.wrong(
                "sfi",
                "file 0x15 of a purse application holds the dates of validity in bytes 20 to 27",
                "let it be a binary file of at least 28 bytes, usually 30",
            );
        }
    }
}

fn find(directory: &Directory, sfi: u8) -> Option<&FileSpec> {
    directory.files.iter().find(|file| file.sfi == sfi)
}

fn fci(profile: &Profile, directory: &Directory, section: &Section<'_>) {
    let Some(fci) = section.section("fci", FCI_KEYS) else { return };
    match directory.fci {
        FciForm::Bare => {}
        FciForm::Dir { sfi } => match find(directory, sfi).map(|file| file.kind) {
            // A card that is built by commands is given the file.
            None if profile.rules.issuing.is_some() => {}
            None => fci.wrong("sfi", no_file(sfi), "add the DIR file, or use form = \"bare\""),
            Some(FileKind::Binary { .. }) => {
                fci.wrong("sfi", "the DIR file is binary", "let it be a linear or variable file");
            }
            Some(_) => {}
        },
        FciForm::PublicFile { sfi, .. } => match find(directory, sfi).map(|file| file.kind) {
            Some(FileKind::Binary { size }) if size <= FciForm::MOST_PUBLIC => {}
            Some(FileKind::Binary { size }) => {
                let message = format!("{size} bytes do not fit into an FCI");
                fci.wrong("sfi", message, "name a binary file of at most 200 bytes");
            }
            Some(_) => fci.wrong("sfi", "it is not a binary file", "name a binary file"),
            None => fci.wrong("sfi", no_file(sfi), "add the file, or name another one"),
        },
        FciForm::Ppse => {
            let listed = |d: &&Directory| d.label.is_some() && !d.name.is_empty();
            if profile.directories.iter().filter(listed).count() == 0 {
                let mend = "give the application a name and a label";
                fci.wrong("form", "there is no application to list", mend);
            }
        }
    }
}

fn log(directory: &Directory, section: &Section<'_>) {
    let (Some(log), Some(section)) = (directory.log, section.section("log", LOG_KEYS)) else {
        return;
    };
    let named = [
        ("purchase", Some(log.purchase)),
        ("load", Some(log.load)),
        ("other-city", log.other_city),
    ];
    for (key, sfi) in named {
        let Some(sfi) = sfi else { continue };
        match find(directory, sfi).map(|file| file.kind) {
            None => section.wrong(key, no_file(sfi), "add the file, or name another one"),
            Some(FileKind::Cyclic { .. }) if key == "other-city" && !tells_city(directory) => {
                let message = "file 0x15 has no city code in its bytes 2 and 3";
                section.wrong(key, message, "add the binary file, or leave other-city out");
            }
            Some(FileKind::Cyclic { record: LOG_RECORD, .. }) => {}
            Some(_) => {
                let message =
                    format!("file 0x{sfi:02X} is not cyclic with records of {LOG_RECORD} bytes");
                section.wrong(key, message, "name a file with kind = \"cyclic\", record = 23");
            }
        }
    }
}

/// Whether the public file is long enough for a city code.
fn tells_city(directory: &Directory) -> bool {
    const CITY_END: u16 = 4;
    let public = find(directory, Profile::PUBLIC_SFI).map(|file| file.kind);
    matches!(public, Some(FileKind::Binary { size }) if size >= CITY_END)
}

fn check_file(profile: &Profile, directory: &Directory, file: &FileSpec, section: &Section<'_>) {
    let has_key = |wanted: &[KeyKind], index: Option<u8>| {
        directory
            .keys
            .iter()
            .any(|key| wanted.contains(&key.kind) && index.is_none_or(|index| index == key.index))
    };
    if (file.protection != Protection::None || file.protect_read)
        && !has_key(&[KeyKind::Maintenance], Some(file.key_index))
    {
        let key = if section.has("key-index") { "key-index" } else { "protection" };
        let message = format!("there is no maintenance key with index 0x{:02X}", file.key_index);
        section.wrong(key, message, "add the key, or change key-index");
    }
    let authenticating =
        [KeyKind::CardMaster, KeyKind::ApplicationMaster, KeyKind::ExternalAuthentication];
    for (key, access) in [("read", file.read), ("update", file.update)] {
        match access {
            Access::Pin if directory.pin.is_none() => {
                section.wrong(key, "the directory has no PIN", "add [directory.pin]");
            }
            Access::Authenticated if !has_key(&authenticating, None) => {
                let mend = "add a key with kind = \"external-authentication\"";
                section.wrong(key, "there is no key to authenticate with", mend);
            }
            _ => {}
        }
    }
    let own = match find(directory, Profile::PUBLIC_SFI).map(|file| file.kind) {
        Some(FileKind::Binary { size }) => Some(size),
        _ => profile.public_file_size(),
    };
    for (at, template) in file.content.iter().enumerate() {
        let Some(problem) = beyond_public(template, own) else { continue };
        match file.kind {
            FileKind::Binary { .. } => section.wrong("content", problem, BEYOND_MEND),
            _ => section.wrong_item("content", at, problem, BEYOND_MEND),
        }
    }
    if file.sfi == Profile::PUBLIC_SFI && file.content.iter().any(|t| t.public_end().is_some()) {
        let mend = "write the bytes; only other files may copy from the public file";
        section.wrong("content", "the public file copies from itself", mend);
    }
}

/// What is wrong with a `{public:A..B}` that ends beyond the file.
pub(super) fn beyond_public(template: &Template, size: Option<u16>) -> Option<String> {
    let end = template.public_end()?;
    match size {
        Some(size) if u16::from(end) <= size => None,
        Some(size) => Some(format!("{{public:..{end}}} is beyond the public file of {size} bytes")),
        None => Some("there is no binary file 0x15 to copy from".to_owned()),
    }
}

fn no_file(sfi: u8) -> String {
    format!("the directory has no file 0x{sfi:02X}")
}
