//! Once a profile makes sense: DIR records and the terminal number's file are made, and contents
//! filled up to their length.

use super::words::Listing;
use super::{directory::DIRECTORY_KEYS, file::FILE_KEYS};
use crate::text::Section;
use crate::{Directory, FileKind, FileSpec, Profile, Template};

/// Completes every file of the profile.
pub(super) fn fill(profile: &mut Profile, top: &Section<'_>) {
    let listed = entries(&profile.directories);
    write_terminal(profile);
    let directories = top.sections("directory", DIRECTORY_KEYS).unwrap_or_default();
    for (directory, section) in profile.directories.iter_mut().zip(&directories) {
        let files = section.sections("file", FILE_KEYS).unwrap_or_default();
        for (file, section) in directory.files.iter_mut().zip(&files) {
            match section.maybe("listing").flatten() {
                Some(listing) => list(file, section, listing, &listed),
                None => pad(file, section.or("fill", 0x00).unwrap_or(0x00)),
            }
        }
    }
}

/// MF file 16 of a PSAM holds its terminal number.
fn write_terminal(profile: &mut Profile) {
    let (Some(psam), Some(master)) = (&profile.psam, profile.directories.first_mut()) else {
        return;
    };
    for file in master.files.iter_mut().filter(|file| file.sfi == Profile::TERMINAL_SFI) {
        file.content = vec![Template::of_bytes(psam.terminal)];
    }
}

/// `61 L 4F name 50 label` of every directory that has both.
fn entries(directories: &[Directory]) -> Vec<Vec<u8>> {
    let entry = |directory: &Directory| {
        let label = directory.label.as_ref().filter(|_| !directory.name.is_empty())?;
        let mut inner = object(0x4F, &directory.name);
        inner.extend(object(0x50, label));
        Some(object(0x61, &inner))
    };
    directories.iter().filter_map(entry).collect()
}

/// A TLV object; names and labels have at most 16 bytes, so one length byte is enough.
fn object(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, value.len() as u8];
    out.extend_from_slice(value);
    out
}

fn list(file: &mut FileSpec, section: &Section<'_>, listing: Listing, listed: &[Vec<u8>]) {
    let records: Vec<Vec<u8>> = match listing {
        Listing::Plain => listed.to_vec(),
        Listing::Wrapped => listed.iter().map(|entry| object(0x70, entry)).collect(),
    };
    let (FileKind::Linear { record, count }
    | FileKind::Variable { record, count }
    | FileKind::Cyclic { record, count }) = file.kind
    else {
        return;
    };
    if records.len() > usize::from(count) || records.iter().any(|r| r.len() > usize::from(record)) {
        let longest = records.iter().map(Vec::len).max().unwrap_or(0);
        let message = format!("{} records of up to {longest} bytes do not fit", records.len());
        section.wrong("listing", message, "enlarge record and count");
    }
    file.content = records.into_iter().map(Template::of_bytes).collect();
}

/// Fills up binary files and fixed records; variable records are as long as they are.
fn pad(file: &mut FileSpec, filler: u8) {
    let length = match file.kind {
        FileKind::Binary { size } => usize::from(size),
        FileKind::Linear { record, .. } | FileKind::Cyclic { record, .. } => usize::from(record),
        FileKind::Variable { .. } => return,
    };
    for template in &mut file.content {
        *template = std::mem::take(template).padded(length, filler);
    }
}
