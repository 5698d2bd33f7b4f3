//! The holder file (持卡人基本数据文件), file 16.
//!
//! Layout of bank and transport-ministry cards: card type 1, staff flag 1, name 20, number of the
//! document 16 or 32, its kind 1. Source: four implementations. Other lengths have no public layout.

use applet_spec::FileKind;
use encoding_rs::GBK;

use super::Unfit;
use super::content::Contents;
use crate::cards::HolderField;

const SFI: u8 = 0x16;
const NAME: (u16, usize) = (2, 20);
const DOCUMENT: u16 = 22;
/// Lengths of the file that have this layout, and of the document's number in it.
const LENGTHS: [(u16, usize); 2] = [(39, 16), (55, 32)];

pub(super) fn put(contents: &mut Contents, field: &HolderField) -> Result<(), Unfit> {
    let size = match contents.file_spec(SFI).map(|file| file.kind) {
        Some(FileKind::Binary { size }) => size,
        _ => 0,
    };
    let known = LENGTHS.iter().find(|(length, _)| *length == size);
    let Some((length, document)) = known.copied() else {
        let name = &contents.profile().name;
        return Err(Unfit::new(
            format!("no layout is known of the holder file of {name}"),
            "write the bytes themselves, in a column such as file.16.2",
        ));
    };
    match field {
        HolderField::CardType(kind) => contents.file(SFI, 0, &[*kind]),
        HolderField::Staff(staff) => contents.file(SFI, 1, &[u8::from(*staff)]),
        HolderField::Name(name) => {
            let (at, room) = NAME;
            contents.file(SFI, at, &text(name, room)?)
        }
        HolderField::Document(number) => contents.file(SFI, DOCUMENT, &text(number, document)?),
        HolderField::DocumentKind(kind) => contents.file(SFI, length - 1, &[*kind]),
    }
}

/// GBK, filled with 00.
fn text(text: &str, room: usize) -> Result<Vec<u8>, Unfit> {
    let (bytes, _, lost) = GBK.encode(text);
    if lost {
        let message = format!("{text:?} has a character that GBK does not have");
        return Err(Unfit::new(message, "write it with the characters of GBK"));
    }
    let mut bytes = bytes.into_owned();
    if bytes.len() > room {
        let message = format!("{text:?} takes {} bytes in GBK, there are {room}", bytes.len());
        return Err(Unfit::new(message, "shorten it"));
    }
    bytes.resize(room, 0);
    Ok(bytes)
}
