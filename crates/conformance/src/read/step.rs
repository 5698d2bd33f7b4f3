//! A `[[case.step]]`: what is done, and the rest that belongs to it.

use applet_spec::Catalogue;
use applet_spec::text::{Node, Section, Value as Toml};

use super::here::Here;
use super::{answer, send, settings, text_in_both};
use crate::expression::LiteralForm;
use crate::text::short_file_identifier;
use crate::{Action, Change, Expect, Place, Protocol, PurseName, Step, Text};

pub(super) const STEP_KEYS: &[&str] = &[
    "send", "raw", "select", "run", "do", "set", "with", "purse", "file", "record", "mode",
    "offset", "key", "p1", "p2", "class", "protect", "body", "le", "repeat", "note", "note-zh",
    "covers", "sw", "expect", "data", "length", "tlv", "differs", "within", "capture", "changes",
    "tear", "torn", "protocol",
];
const ACTIONS: [&str; 6] = ["send", "raw", "select", "run", "do", "set"];
/// What belongs to `send` alone.
const SEND_ONLY: [&str; 10] =
    ["file", "record", "mode", "offset", "p1", "p2", "class", "protect", "body", "le"];
/// What belongs to `send` and `run`.
const SEND_OR_RUN: [&str; 3] = ["with", "purse", "key"];

/// The steps of a case, in order: each may use what those before it captured.
pub(super) fn read_all(here: &mut Here<'_>, case: &Section<'_>) -> Option<Vec<Step>> {
    let Some(node) = case.node("step") else {
        case.missing("step");
        return None;
    };
    let Toml::List(items) = &node.value else {
        let found = format!("found {}", node.value.kind());
        case.wrong("step", found, "write one [[case.step]] per entry");
        return None;
    };
    if items.is_empty() {
        case.wrong("step", "no steps", "write one [[case.step]] per entry");
    }
    let mut steps = Vec::new();
    let mut whole = true;
    for (at, item) in items.iter().enumerate() {
        match read(here, item, &case.path_of(&format!("step[{at}]"))) {
            Some(step) => steps.push(step),
            None => whole = false,
        }
    }
    whole.then_some(steps)
}

fn read(here: &mut Here<'_>, node: &Node, path: &str) -> Option<Step> {
    let section = Section::open(here.source.log, node, path, STEP_KEYS)?;
    let action = action(here, &section);
    let repeat = number(&section, "repeat", 1, 10_000);
    let note = note(&section);
    let covers = covers(&section, action.as_ref());
    let answers = action.as_ref().and_then(answer::Answers::of);
    let expect = match &action {
        Some(_) => answer::expect(here, &section, answers.as_ref()),
        None => None,
    };
    let captures = match &action {
        Some(_) => answer::captures(here, &section, answers.as_ref()),
        None => None,
    };
    // Even where the step is wrong the names are set: what uses them is not to be told as well.
    here.captured
        .extend(section.entries("capture").unwrap_or_default().iter().map(|e| e.key.clone()));
    let tear = tear(&section);
    let torn = torn(&section);
    let protocol = protocol(&section);
    let changes = changes(&section, "changes");
    Some(Step {
        written: Some(here.source.written(node.at)),
        action: action?,
        repeat: repeat?.map_or(1, |repeat| repeat as u16),
        note: note?,
        covers: covers?,
        expect: Expect { torn: torn?, ..expect? },
        changes: changes?,
        tear: tear?,
        protocol: protocol?,
        captures: captures?,
    })
}

fn action(here: &Here<'_>, section: &Section<'_>) -> Option<Action> {
    let said: Vec<&str> = ACTIONS.into_iter().filter(|key| section.node(key).is_some()).collect();
    let [kind] = said.as_slice() else {
        let message = match said.as_slice() {
            [] => "says nothing that is done".to_owned(),
            _ => format!("says {}", said.join(" and ")),
        };
        section.wrong_here(message, format!("write exactly one of {}", ACTIONS.join(", ")));
        return None;
    };
    refuse_foreign(section, kind);
    Some(match *kind {
        "send" => Action::Send(Box::new(send::send(here, section)?)),
        "run" => Action::Run(Box::new(send::run(here, section)?)),
        "raw" => Action::Raw(here.maybe_value(section, "raw", LiteralForm::Bytes)??),
        "select" => Action::Select(place(section)?),
        "do" => Action::Do(section.need("do")?),
        _ => Action::Set(settings::read(here, section, "set")?),
    })
}

/// Tells keys that say nothing about such a step.
fn refuse_foreign(section: &Section<'_>, kind: &str) {
    let mut foreign: Vec<&str> = Vec::new();
    if kind != "send" {
        foreign.extend(SEND_ONLY);
        if kind != "run" {
            foreign.extend(SEND_OR_RUN);
        }
    }
    for key in foreign.into_iter().filter(|key| section.node(key).is_some()) {
        let owner = if SEND_OR_RUN.contains(&key) { "`send` and `run`" } else { "`send`" };
        section.wrong(key, format!("belongs to {owner}, not to `{kind}`"), "remove it");
    }
}

fn place(section: &Section<'_>) -> Option<Place> {
    let text: String = section.need("select")?;
    Some(match text.as_str() {
        "application" => Place::Application,
        "mf" => Place::Mf,
        "ppse" => Place::Ppse,
        _ => {
            let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            match hex::decode(&digits).ok().as_deref() {
                Some([high, low]) => Place::Fid(u16::from_be_bytes([*high, *low])),
                Some(name @ [_, ..]) if name.len() <= 16 => Place::Name(name.to_vec()),
                _ => {
                    let mend = "write application, mf, ppse, or a file identifier (2 bytes) or \
                                name (up to 16) in hexadecimal";
                    section.wrong("select", format!("{text:?} is nothing to select"), mend);
                    return None;
                }
            }
        }
    })
}

fn note(section: &Section<'_>) -> Option<Option<Text>> {
    if section.node("note").is_none() && section.node("note-zh").is_none() {
        return Some(None);
    }
    text_in_both(section, "note", "note-zh").map(Some)
}

/// Which of the command's reasons a step shows.
fn covers(section: &Section<'_>, action: Option<&Action>) -> Option<Option<String>> {
    let covers: Option<String> = section.maybe("covers")?;
    if let (Some(text), Some(Action::Send(send))) = (&covers, action) {
        let reasons = || Catalogue::entry(send.command).status.iter().map(|(_, why)| &*why.when);
        if !reasons().any(|when| when == text) {
            let known: Vec<String> = reasons().map(|when| format!("{when:?}")).collect();
            let message = format!("{text:?} is no reason of {}", send.command.text());
            section.wrong("covers", message, format!("there are {}", known.join(", ")));
        }
    }
    Some(covers)
}

fn changes(section: &Section<'_>, key: &str) -> Option<Vec<Change>> {
    let names: Vec<String> = section.list(key)?;
    let read = |(at, name): (usize, &String)| {
        let change = change(name);
        if change.is_none() {
            let message = format!("no part of a card {name:?}");
            let known = CHANGES.iter().copied();
            let mend = match applet_spec::text::nearest(name, known.clone()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
            };
            section.wrong_item(key, at, message, mend);
        }
        change
    };
    let read: Vec<Option<Change>> = names.iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

const CHANGES: [&str; 17] = [
    "ep.balance",
    "ep.limit",
    "ep.offline",
    "ep.online",
    "ed.balance",
    "ed.limit",
    "ed.offline",
    "ed.online",
    "proof",
    "log",
    "file.SFI",
    "pin",
    "keys",
    "lock",
    "wrong-macs",
    "terminal-serial",
    "anything",
];

fn change(name: &str) -> Option<Change> {
    let purse = |rest: &str, purse: PurseName| {
        Some(match rest {
            "balance" => Change::Balance(purse),
            "limit" => Change::Limit(purse),
            "offline" => Change::Offline(purse),
            "online" => Change::Online(purse),
            _ => return None,
        })
    };
    Some(match name {
        "proof" => Change::Proof,
        "log" => Change::Log,
        "pin" => Change::Pin,
        "keys" => Change::Keys,
        "lock" => Change::Lock,
        "wrong-macs" => Change::WrongMacs,
        "terminal-serial" => Change::TerminalSerial,
        "anything" => Change::Anything,
        _ => match name.split_once('.')? {
            ("ep", rest) => return purse(rest, PurseName::Ep),
            ("ed", rest) => return purse(rest, PurseName::Ed),
            ("file", sfi) => Change::File(short_file_identifier(sfi)?),
            _ => return None,
        },
    })
}

/// As suites write it.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |purse: &PurseName| applet_spec::text::spelling(*purse);
        match self {
            Self::Balance(purse) => write!(f, "{}.balance", name(purse)),
            Self::Limit(purse) => write!(f, "{}.limit", name(purse)),
            Self::Offline(purse) => write!(f, "{}.offline", name(purse)),
            Self::Online(purse) => write!(f, "{}.online", name(purse)),
            Self::Proof => f.write_str("proof"),
            Self::File(sfi) => write!(f, "file.{sfi:02X}"),
            Self::Log => f.write_str("log"),
            Self::Pin => f.write_str("pin"),
            Self::Keys => f.write_str("keys"),
            Self::Lock => f.write_str("lock"),
            Self::WrongMacs => f.write_str("wrong-macs"),
            Self::TerminalSerial => f.write_str("terminal-serial"),
            Self::Anything => f.write_str("anything"),
        }
    }
}

fn tear(section: &Section<'_>) -> Option<bool> {
    let Some(word) = section.maybe::<String>("tear")? else { return Some(false) };
    if word == "every-write" {
        return Some(true);
    }
    section.wrong("tear", format!("{word:?} is not known here"), "write \"every-write\"");
    None
}

/// The protocol whose answers a command is to show as they are.
fn protocol(section: &Section<'_>) -> Option<Option<Protocol>> {
    let protocol = section.maybe("protocol")?;
    let one_command = || ["send", "raw", "select"].iter().any(|key| section.node(key).is_some());
    if protocol.is_some() && (!one_command() || section.node("tear").is_some()) {
        let message = "belongs to `send`, `raw` and `select` without `tear`";
        section.wrong("protocol", message, "remove it");
        return None;
    }
    Some(protocol)
}

/// What a tear may leave in between; only where there is one.
fn torn(section: &Section<'_>) -> Option<Vec<Change>> {
    if section.node("torn").is_some() && section.node("tear").is_none() {
        section.wrong("torn", "power is not lost in this step", "add tear = \"every-write\"");
        return None;
    }
    changes(section, "torn")
}

/// A number from `low` to `high`, as a text too: `${name}` puts in a text. `Some(None)` where the
/// key is not there.
pub(super) fn number(section: &Section<'_>, key: &str, low: u64, high: u64) -> Option<Option<u64>> {
    let Some(node) = section.node(key) else { return Some(None) };
    let (found, number) = match &node.value {
        Toml::Number { value, hex: true } => (format!("0x{value:X}"), u64::try_from(*value).ok()),
        Toml::Number { value, .. } => (value.to_string(), u64::try_from(*value).ok()),
        Toml::Text(text) => (format!("{text:?}"), crate::text::number(text)),
        other => (other.kind().to_owned(), None),
    };
    if let Some(number) = number.filter(|number| (low..=high).contains(number)) {
        return Some(Some(number));
    }
    section.wrong(key, format!("found {found}"), format!("write a number from {low} to {high}"));
    None
}
