//! What must come back, and what of it is kept for later.

use std::time::Duration;

use apdu::StatusWord;
use applet_spec::Field;
use applet_spec::text::{Section, Value as Toml, nearest};

use super::here::Here;
use super::send::fields;
use super::step::number;
use crate::expression::{LiteralForm, NAMES};
use crate::{Action, Capture, CaptureFrom, Deed, Expect, StatusPattern, TlvExpect, profile_fields};

/// Most tags of a path.
const MAX_PATH: usize = 16;

/// What a step's answer is made of.
pub(super) struct Answers {
    /// Fields, by their catalogue name; none where no entry of the catalogue says them.
    fields: Vec<&'static Field>,
    /// Whether the command is one of the catalogue.
    named: bool,
    /// It is an answer to reset: fields, and nothing else.
    reset: bool,
}

impl Answers {
    /// Of an action; `None` where nothing is answered.
    pub(super) fn of(action: &Action) -> Option<Self> {
        let reset = matches!(action, Action::Do(Deed::Reset));
        let answered = reset || !matches!(action, Action::Do(_) | Action::Set(_));
        let named = reset || action.commands().is_some();
        answered.then(|| Self { fields: action.answer_fields(), named, reset })
    }
}

const KEYS: [&str; 8] = ["sw", "expect", "data", "length", "tlv", "differs", "within", "capture"];

pub(super) fn expect(
    here: &Here<'_>,
    section: &Section<'_>,
    answers: Option<&Answers>,
) -> Option<Expect> {
    let Some(answers) = answers else {
        let said = KEYS.into_iter().filter(|key| section.node(key).is_some());
        let wrong = said.map(|key| {
            section.wrong(key, "nothing is answered to this step", "remove it");
        });
        return (wrong.count() == 0).then(Expect::default);
    };
    if answers.reset {
        let said = KEYS.into_iter().filter(|key| *key != "expect" && section.node(key).is_some());
        let mend = "write expect = { .. }, or remove it";
        let wrong =
            said.map(|key| section.wrong(key, "an answer to reset has no such thing", mend));
        let whole = wrong.count() == 0;
        let fields = fields(here, section, "expect", &answers.fields, LiteralForm::Mask)?;
        return whole.then(|| Expect { fields, ..Expect::default() });
    }
    refuse_unnamed(section, answers, "expect");
    let status = status(section);
    let fields = fields(here, section, "expect", &answers.fields, LiteralForm::Mask);
    let data = here.maybe_value(section, "data", LiteralForm::Mask);
    let length = number(section, "length", 0, 256);
    let tlv = tlv(here, section);
    let differs = here.maybe_value(section, "differs", LiteralForm::Bytes);
    let within = within(section);
    Some(Expect {
        status: status?,
        fields: fields?,
        data: data?,
        length: length?.map(|length| length as u16),
        tlv: tlv?,
        differs: differs?,
        within: within?,
        torn: Vec::new(),
    })
}

/// Of bytes no entry of the catalogue says which fields their answer has.
fn refuse_unnamed(section: &Section<'_>, answers: &Answers, key: &str) {
    if !answers.named && section.node(key).is_some() {
        let mend = "write data = .., or send the command by its id";
        section.wrong(key, "a raw command's answer has no named fields", mend);
    }
}

fn status(section: &Section<'_>) -> Option<Vec<StatusPattern>> {
    let texts: Vec<String> = match section.node("sw").map(|node| &node.value) {
        None => return Some(vec![StatusPattern::exactly(StatusWord::OK)]),
        Some(Toml::List(items)) if items.is_empty() => {
            section.wrong("sw", "an empty list", "write a status word such as \"9000\"");
            return None;
        }
        Some(Toml::List(_)) => section.list("sw")?,
        Some(_) => vec![section.need("sw")?],
    };
    let listed = matches!(section.node("sw").map(|node| &node.value), Some(Toml::List(_)));
    let read = |(at, text): (usize, &String)| match pattern(text) {
        Ok(pattern) => Some(pattern),
        Err((message, mend)) => {
            if listed {
                section.wrong_item("sw", at, message, mend);
            } else {
                section.wrong("sw", message, mend);
            }
            None
        }
    };
    let read: Vec<Option<StatusPattern>> = texts.iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

fn pattern(text: &str) -> Result<StatusPattern, (String, String)> {
    if let Some(name) = text.strip_prefix('@') {
        let field = name.strip_prefix("status.").unwrap_or(name);
        let mut known = profile_fields::status_field_names();
        if known.any(|known| known == field) {
            return Ok(StatusPattern::Profile(field.to_owned()));
        }
        let shown = |name: &str| match name.contains('.') {
            true => format!("@{name}"),
            false => format!("@status.{name}"),
        };
        let mut known = profile_fields::status_field_names();
        let mend = match nearest(field, known.clone()) {
            Some(near) => format!("did you mean {}?", shown(near)),
            None => {
                format!("there are {}", known.by_ref().map(shown).collect::<Vec<_>>().join(", "))
            }
        };
        return Err((format!("no status word {text:?} of a profile"), mend));
    }
    let digits: Vec<Option<u8>> = text
        .chars()
        .map(|c| if c == 'x' { Some(None) } else { c.to_digit(16).map(|d| Some(d as u8)) })
        .collect::<Option<_>>()
        .unwrap_or_default();
    match digits.try_into() {
        Ok(digits) => Ok(StatusPattern::Digits(digits)),
        Err(_) => Err((
            format!("{text:?} is no status word"),
            "write four hexadecimal digits, x for any: \"9000\", \"63Cx\", or \"@status.FIELD\""
                .to_owned(),
        )),
    }
}

/// As suites write it.
impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digits(digits) => digits.iter().try_for_each(|digit| match digit {
                Some(digit) => write!(f, "{digit:X}"),
                None => f.write_str("x"),
            }),
            Self::Profile(name) if name.contains('.') => write!(f, "@{name}"),
            Self::Profile(name) => write!(f, "@status.{name}"),
        }
    }
}

fn tlv(here: &Here<'_>, section: &Section<'_>) -> Option<Vec<(Vec<u32>, TlvExpect)>> {
    let mut out = Vec::new();
    let mut whole = true;
    for entry in section.entries("tlv")? {
        let key = section.path_of(&format!("tlv.{}", entry.key));
        let Some(path) = path_of(&entry.key) else {
            let (message, mend) = not_a_path(&entry.key);
            here.source.log.problem(entry.at, key, message, mend);
            whole = false;
            continue;
        };
        let expected = match &entry.node.value {
            Toml::Text(text) if text == "present" => Some(TlvExpect::Present),
            Toml::Text(text) if text == "absent" => Some(TlvExpect::Absent),
            _ => here.value(&entry.node, &key, LiteralForm::Mask).map(TlvExpect::Is),
        };
        match expected {
            Some(expected) => out.push((path, expected)),
            None => whole = false,
        }
    }
    whole.then_some(out)
}

/// Tags with `/` between them, outermost first.
fn path_of(text: &str) -> Option<Vec<u32>> {
    let tag = |text: &str| {
        let digits =
            matches!(text.len(), 2 | 4 | 6 | 8) && text.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(text, 16).ok().filter(|_| digits)
    };
    let path: Option<Vec<u32>> = text.split('/').map(tag).collect();
    path.filter(|path| path.len() <= MAX_PATH)
}

fn not_a_path(text: &str) -> (String, String) {
    let mend = "write tags in hexadecimal from the outermost on, such as 6F/A5/9F0C";
    (format!("{text:?} is no path of tags"), mend.to_owned())
}

fn within(section: &Section<'_>) -> Option<Option<Duration>> {
    let Some(text) = section.maybe::<String>("within")? else { return Some(None) };
    let number = |digits: &str| crate::text::number(digits.trim_end()).filter(|n| *n > 0);
    let time = match text.strip_suffix("ms") {
        Some(digits) => number(digits).map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(number).map(Duration::from_secs),
    };
    if time.is_none() {
        let mend = "write a number and ms or s, such as \"300ms\"";
        section.wrong("within", format!("{text:?} is no time"), mend);
        return None;
    }
    Some(time)
}

pub(super) fn captures(
    here: &Here<'_>,
    section: &Section<'_>,
    answers: Option<&Answers>,
) -> Option<Vec<Capture>> {
    // Told with what else is expected of a step that is not answered.
    let Some(answers) = answers.filter(|answers| !answers.reset) else { return Some(Vec::new()) };
    let mut out = Vec::new();
    let mut whole = true;
    for entry in section.entries("capture")? {
        let path = section.path_of(&format!("capture.{}", entry.key));
        let name = entry.key.as_str();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            let mend = "write letters, digits and hyphens";
            here.source.log.problem(entry.at, &path, format!("{name:?} is no name"), mend);
            whole = false;
        } else if NAMES.contains(&name) {
            let message = format!("${name} is what the running transaction or the case has");
            let mend = format!("write another name, such as first-{name}");
            here.source.log.problem(entry.at, &path, message, mend);
            whole = false;
        }
        let Toml::Text(text) = &entry.node.value else {
            let found = format!("found {}", entry.node.value.kind());
            here.wrong(&entry.node, path, found, "write a field of the answer in quotes");
            whole = false;
            continue;
        };
        match capture_from(text, answers) {
            Ok(from) => out.push(Capture { name: name.to_owned(), from }),
            Err((message, mend)) => {
                here.wrong(&entry.node, path, message, mend);
                whole = false;
            }
        }
    }
    whole.then_some(out)
}

fn capture_from(text: &str, answers: &Answers) -> Result<CaptureFrom, (String, String)> {
    if text == "data" {
        return Ok(CaptureFrom::Data(0, None));
    }
    if let Some(range) = text.strip_prefix("data[").and_then(|rest| rest.strip_suffix(']')) {
        return range_of(range).ok_or_else(|| {
            let mend = "write the first byte and the one after the last: data[0..4] or data[4..]";
            (format!("{text:?} is no range of the answer data"), mend.to_owned())
        });
    }
    if let Some(path) = text.strip_prefix("tlv:") {
        return path_of(path).map(CaptureFrom::Tlv).ok_or_else(|| not_a_path(path));
    }
    if answers.fields.iter().any(|field| field.name == text) {
        return Ok(CaptureFrom::Field(text.to_owned()));
    }
    let names = answers.fields.iter().map(|field| field.name.as_str()).chain(["data", "tlv:PATH"]);
    let mend = match nearest(text, names.clone()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    };
    Err((format!("the answer has no field {text:?}"), mend))
}

fn range_of(text: &str) -> Option<CaptureFrom> {
    let (from, to) = text.split_once("..")?;
    let number = |text: &str| text.trim().parse::<u16>().ok().map(usize::from);
    let from = number(from)?;
    match to.trim() {
        "" => Some(CaptureFrom::Data(from, None)),
        to => number(to).filter(|to| from < *to).map(|to| CaptureFrom::Data(from, Some(to))),
    }
}
