//! Elementary files of a directory.

use super::words::{Listing, Structure};
use crate::text::Section;
use crate::{Access, FileKind, FileSpec, Protection, Template};

pub(super) const FILE_KEYS: &[&str] = &[
    "sfi",
    "fid",
    "title",
    "title-zh",
    "kind",
    "size",
    "record",
    "count",
    "content",
    "fill",
    "listing",
    "read",
    "update",
    "protection",
    "protect-read",
    "key-index",
];

/// Longest record: READ RECORD answers it in one go.
const MAX_RECORD: u8 = 250;

pub(super) fn read(section: &Section<'_>) -> Option<FileSpec> {
    let sfi: Option<u8> = section.need("sfi");
    let fid: Option<u16> = section.or("fid", u16::from(sfi.unwrap_or(0)));
    let title = section.need("title");
    let title_zh = section.need("title-zh");
    let structure: Option<Structure> = section.need("kind");
    let kind = structure.and_then(|structure| kind(section, structure));
    let content = content(section, structure);
    let fill: Option<u8> = section.or("fill", 0x00);
    let listing: Option<Option<Listing>> = section.maybe("listing");
    let read = section.or("read", Access::Free);
    let update = section.or("update", Access::Never);
    let protection = section.or("protection", Protection::None);
    let protect_read = section.or("protect-read", false);
    let key_index = section.or("key-index", 0);

    if let Some(sfi) = sfi
        && !(0x01..=0x1E).contains(&sfi)
    {
        section.wrong("sfi", format!("0x{sfi:02X} is out of range"), "write 0x01 to 0x1E");
    }
    if let (Some(kind), Some(content)) = (kind, &content) {
        check_content(section, kind, content);
    }
    if let Some(Some(_)) = listing
        && (section.has("content") || structure == Some(Structure::Binary))
    {
        let mend = "leave out one of the two; a listing makes the records of a record file";
        section.wrong("listing", "the file has a content of its own", mend);
    }
    fill?;
    listing?;
    Some(FileSpec {
        sfi: sfi?,
        fid: fid?,
        kind: kind?,
        content: content?,
        read: read?,
        update: update?,
        protection: protection?,
        protect_read: protect_read?,
        key_index: key_index?,
        title: title?,
        title_zh: title_zh?,
    })
}

/// Sizes by structure; the keys of the other structures are refused.
fn kind(section: &Section<'_>, structure: Structure) -> Option<FileKind> {
    if structure == Structure::Binary {
        for key in ["record", "count"] {
            if section.has(key) {
                section.wrong(key, "a binary file has no records", "write size = .. instead");
            }
        }
        let size: u16 = section.need("size")?;
        if size == 0 || usize::from(size) > Template::LONGEST {
            let mend = format!("write 1 to {}", Template::LONGEST);
            section.wrong("size", format!("{size} is out of range"), mend);
        }
        return Some(FileKind::Binary { size });
    }
    if section.has("size") {
        section.wrong("size", "a record file has no size", "write record = .. and count = ..");
    }
    let (record, count) = (section.need::<u8>("record"), section.need::<u8>("count"));
    let (record, count) = (record?, count?);
    if record == 0 || record > MAX_RECORD {
        let mend = format!("write 1 to {MAX_RECORD}");
        section.wrong("record", format!("{record} is out of range"), mend);
    }
    if count == 0 || count == 0xFF {
        section.wrong("count", format!("{count} is out of range"), "write 1 to 254");
    }
    Some(match structure {
        Structure::Linear => FileKind::Linear { record, count },
        Structure::Variable => FileKind::Variable { record, count },
        Structure::Cyclic | Structure::Binary => FileKind::Cyclic { record, count },
    })
}

/// A text for a binary file, a list of texts for a record file.
fn content(section: &Section<'_>, structure: Option<Structure>) -> Option<Vec<Template>> {
    match structure? {
        Structure::Binary => {
            let none = Template::of_bytes(Vec::new());
            section.or("content", none).map(|content| vec![content])
        }
        _ => section.list("content"),
    }
}

fn check_content(section: &Section<'_>, kind: FileKind, content: &[Template]) {
    let (record, count, exact) = match kind {
        FileKind::Binary { size } => {
            let length = content.iter().map(Template::length).sum::<usize>();
            if length > usize::from(size) {
                let message = format!("{length} bytes, the file has {size}");
                section.wrong("content", message, "shorten the content or enlarge size");
            }
            return;
        }
        FileKind::Linear { record, count } | FileKind::Cyclic { record, count } => {
            (record, count, false)
        }
        FileKind::Variable { record, count } => (record, count, true),
    };
    if content.len() > usize::from(count) {
        let message = format!("{} records, the file has room for {count}", content.len());
        section.wrong("content", message, "remove records or enlarge count");
    }
    for (at, template) in content.iter().enumerate() {
        let length = template.length();
        if length > usize::from(record) {
            let message = format!("{length} bytes, a record has {record}");
            section.wrong_item("content", at, message, "shorten the record or enlarge record");
        } else if exact && length == 0 {
            section.wrong_item("content", at, "empty", "write the record, or leave it out");
        }
    }
}
