//! Commands of the catalogue, and whole transactions.

use std::sync::LazyLock;

use applet_spec::text::{Section, Value as Toml, nearest};
use applet_spec::{Catalogue, CommandId, Field, PurseKind};

use super::here::Here;
use super::literal::form_of;
use super::step::number;
use crate::expression::LiteralForm;
use crate::text::short_file_identifier;
use crate::{Le, PurseName, Run, RunKind, Send, Value};

pub(super) fn send(here: &Here<'_>, section: &Section<'_>) -> Option<Send> {
    let name: String = section.need("send")?;
    let Some(command) = CommandId::ALL.iter().copied().find(|id| id.text() == name) else {
        let known = CommandId::ALL.iter().map(|id| id.text());
        let mend = match nearest(&name, known) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "docs/commands.md lists every command by its id".to_owned(),
        };
        section.wrong("send", format!("no command {name:?}"), mend);
        return None;
    };
    let entry = Catalogue::entry(command);
    let class = here.maybe_byte(section, "class");
    let p1 = here.maybe_byte(section, "p1");
    let p2 = here.maybe_byte(section, "p2");
    let purse = purse(section);
    let file = file(section);
    let record = byte(section, "record");
    let mode = byte(section, "mode");
    let offset = number(section, "offset", 0, 0xFFFF);
    let key = byte(section, "key");
    let protect = section.maybe("protect");
    let fields = fields(here, section, "with", &data_fields(command), LiteralForm::Bytes);
    let body = here.maybe_value(section, "body", LiteralForm::Bytes);
    let le = le(section);
    if section.node("body").is_some() && section.node("with").is_some() {
        section.wrong("body", format!("{} has fields too", entry.name), "keep `body` or `with`");
    }
    Some(Send {
        command,
        class: class?,
        p1: p1?,
        p2: p2?,
        purse: purse?,
        file: file?,
        record: record?,
        mode: mode?,
        offset: offset?.map(|offset| offset as u16),
        key: key?,
        protect: protect?,
        fields: fields?,
        body: body?,
        le: le?,
    })
}

pub(super) fn run(here: &Here<'_>, section: &Section<'_>) -> Option<Run> {
    let kind: Option<RunKind> = section.need("run");
    let purse = purse(section);
    let key = byte(section, "key");
    let commands = kind?.commands();
    let all: Vec<&'static Field> = commands.iter().flat_map(|id| data_fields(*id)).collect();
    let fields = fields(here, section, "with", &all, LiteralForm::Bytes);
    Some(Run { kind: kind?, purse: purse?, key: key?, fields: fields? })
}

/// The fields that a command's data may have: those of the catalogue, and the MAC of secure
/// messaging where that comes off first.
fn data_fields(command: CommandId) -> Vec<&'static Field> {
    let entry = Catalogue::entry(command);
    let mut fields: Vec<&Field> = entry.fields.iter().collect();
    if entry.secure_class.is_some() && fields.iter().all(|field| field.name != SECURE_MAC.name) {
        fields.push(&SECURE_MAC);
    }
    fields
}

/// The secure messaging MAC (线路保护) as a field, as commands have it that are never without.
static SECURE_MAC: LazyLock<Field> = LazyLock::new(|| {
    let entry = Catalogue::entry(CommandId::ApplicationBlock);
    let mac = entry.fields.last().cloned();
    mac.unwrap_or_else(|| unreachable!("APPLICATION BLOCK has nothing else"))
});

/// A table of fields by their catalogue name. `bytes` is how fields that are no number, amount or
/// date are read.
pub(super) fn fields(
    here: &Here<'_>,
    section: &Section<'_>,
    key: &str,
    known: &[&Field],
    bytes: LiteralForm,
) -> Option<Vec<(String, Value)>> {
    let mut out = Vec::new();
    let mut whole = true;
    for entry in section.entries(key)? {
        let path = section.path_of(&format!("{key}.{}", entry.key));
        let Some(field) = known.iter().find(|field| field.name == entry.key) else {
            whole = false;
            let names = known.iter().map(|field| field.name.as_str());
            let mend = match nearest(&entry.key, names.clone()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => {
                    match names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ") {
                        names if names.is_empty() => "it has none".to_owned(),
                        names => format!("there are {names}"),
                    }
                }
            };
            let message = format!("no field {:?} here", entry.key);
            here.source.log.problem(entry.at, path, message, mend);
            continue;
        };
        let form = match form_of(field.format) {
            LiteralForm::Bytes => bytes,
            form => form,
        };
        let value = match (&entry.node.value, field.len) {
            (Toml::Number { value, .. }, Some(length)) if form == bytes => {
                here.number_as_bytes(&entry.node, &path, *value, length)
            }
            _ => here.value(&entry.node, &path, form),
        };
        match value {
            Some(value) => out.push((entry.key.clone(), value)),
            None => whole = false,
        }
    }
    whole.then_some(out)
}

fn purse(section: &Section<'_>) -> Option<Option<PurseKind>> {
    Some(section.maybe::<PurseName>("purse")?.map(PurseKind::from))
}

fn byte(section: &Section<'_>, key: &str) -> Option<Option<u8>> {
    Some(number(section, key, 0, 0xFF)?.map(|byte| byte as u8))
}

fn file(section: &Section<'_>) -> Option<Option<u8>> {
    let Some(text) = section.maybe::<String>("file")? else { return Some(None) };
    let sfi = short_file_identifier(&text);
    if sfi.is_none() {
        let mend = "write it in hexadecimal, 00 to 1F, such as \"18\"";
        section.wrong("file", format!("{text:?} is no short file identifier"), mend);
        return None;
    }
    Some(sfi)
}

fn le(section: &Section<'_>) -> Option<Option<Le>> {
    match section.node("le").map(|node| &node.value) {
        Some(Toml::Text(text)) if text == "none" => Some(Some(Le::Absent)),
        _ => Some(number(section, "le", 1, 256)?.map(|le| Le::Bytes(le as u16))),
    }
}
