//! The table of a card that is built by commands.

use crate::text::Section;
use crate::{CommandSet, IssuingRules, KeyUpdate, PlainKeys, RightsByte};

pub(super) const ISSUING_KEYS: &[&str] = &[
    "room",
    "file-overhead",
    "key-overhead",
    "create",
    "erase",
    "key-file",
    "add-key",
    "plain-keys",
    "key-update",
    "erase-keeps-keys",
    "maximum",
];

/// Most bytes of an MF; card memory holds its headers beside them.
const MOST_ROOM: u16 = 16 * 1024;

/// The table, which goes with the commands that build.
pub(super) fn read(
    rules: &Section<'_>,
    commands: Option<CommandSet>,
) -> Option<Option<IssuingRules>> {
    let builds = commands? == CommandSet::Fmcos;
    if !rules.has("issuing") {
        if builds {
            let mend = "add [rules.issuing] with room and key-file, or use commands = \"purse\"";
            rules.wrong("commands", "nothing says how such a card is delivered", mend);
        }
        return Some(None);
    }
    if !builds {
        let mend = "remove the table, or say commands = \"fmcos\"";
        rules.wrong("issuing", "the card does not understand the commands that build", mend);
        return None;
    }
    let section = rules.section("issuing", ISSUING_KEYS)?;
    let room: Option<u16> = section.need("room");
    let file_overhead = section.or("file-overhead", 8);
    let key_overhead = section.or("key-overhead", 8);
    let create = section.or("create", RightsByte::ALWAYS);
    let erase = section.or("erase", RightsByte::ALWAYS);
    let key_file = section.need("key-file");
    let add_key = section.or("add-key", RightsByte::ALWAYS);
    let plain_keys = section.or("plain-keys", PlainKeys::Always);
    let key_update = section.or("key-update", KeyUpdate::Either);
    let erase_keeps_keys = section.or("erase-keeps-keys", false);
    let maximum = section.or("maximum", 0x7FFF_FFFF);
    if let Some(bytes) = room.filter(|room| *room > MOST_ROOM || *room == 0) {
        let mend = format!("write 1 to {MOST_ROOM}");
        section.wrong("room", format!("{bytes} is out of range"), mend);
    }
    Some(Some(IssuingRules {
        room: room?,
        file_overhead: file_overhead?,
        key_overhead: key_overhead?,
        create: create?,
        erase: erase?,
        key_file: key_file?,
        add_key: add_key?,
        plain_keys: plain_keys?,
        key_update: key_update?,
        erase_keeps_keys: erase_keeps_keys?,
        maximum: maximum?,
    }))
}
