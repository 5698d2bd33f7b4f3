//! The steps of a flow, one after the other: each knows what was read before it.

use super::Names;
use crate::Template;
use crate::flow::step::Blocking;
use crate::flow::{
    BalanceWord, CacheStep, CheckStep, Condition, Field, FieldAt, Layout, RecordChoice, Refusal,
    Setting, Slot, Source, Step, Transaction, When,
};
use crate::text::{FromNode, Node, Refusal as Unfit, Section, Value, nearest, words};

/// Every key that a step may have.
pub(in crate::flow) const STEP_KEYS: &[&str] = &[
    "do",
    "name",
    "names",
    "application",
    "optional",
    "sfi",
    "number",
    "id",
    "append",
    "as",
    "that",
    "field",
    "is",
    "from",
    "to",
    "fen",
    "when",
    "else",
    "block",
    "for",
    "layout",
    "set",
    "kind",
];
const SELECT_KEYS: &[&str] = &["do", "name", "names", "application", "optional"];
const BINARY_KEYS: &[&str] = &["do", "sfi", "as", "optional"];
const RECORD_KEYS: &[&str] = &["do", "sfi", "number", "id", "as", "optional"];
const BALANCE_KEYS: &[&str] = &["do", "is"];
const INITIALIZE_KEYS: &[&str] = &["do", "for"];
const CACHE_KEYS: &[&str] = &["do", "sfi", "number", "id", "append", "from", "layout", "set"];
const BLOCK_KEYS: &[&str] = &["do", "kind"];
const PLAIN_KEYS: &[&str] = &["do"];
const EQUALS_KEYS: &[&str] = &["do", "that", "field", "is", "when", "else", "block"];
const VALID_KEYS: &[&str] = &["do", "that", "from", "to", "when", "block"];
const LIST_KEYS: &[&str] = &["do", "that", "when", "block"];
const AT_MOST_KEYS: &[&str] = &["do", "that", "fen", "when", "else", "block"];

#[derive(Clone, Copy, PartialEq)]
enum Do {
    Select,
    ReadBinary,
    ReadRecord,
    Check,
    Pin,
    Balance,
    Code,
    Initialize,
    Mac1,
    Cache,
    Authorise,
    Debit,
    Credit,
    CheckMac2,
    CheckTac,
    Block,
}

#[derive(Clone, Copy, PartialEq)]
enum That {
    Equals,
    Valid,
    WhiteList,
    BlackList,
    BalanceAtMost,
}

words! {
    Do {
        "select" => Do::Select,
        "read-binary" => Do::ReadBinary,
        "read-record" => Do::ReadRecord,
        "check" => Do::Check,
        "pin" => Do::Pin,
        "balance" => Do::Balance,
        "code" => Do::Code,
        "initialize" => Do::Initialize,
        "mac1" => Do::Mac1,
        "cache" => Do::Cache,
        "authorise" => Do::Authorise,
        "debit" => Do::Debit,
        "credit" => Do::Credit,
        "check-mac2" => Do::CheckMac2,
        "check-tac" => Do::CheckTac,
        "block" => Do::Block,
    }
    That {
        "equals" => That::Equals,
        "valid" => That::Valid,
        "white-list" => That::WhiteList,
        "black-list" => That::BlackList,
        "balance-at-most" => That::BalanceAtMost,
    }
    Blocking { "temporary" => Blocking::Temporary, "permanent" => Blocking::Permanent }
}

pub(super) fn read(top: &Section<'_>, names: &mut Names) -> Option<Vec<Step>> {
    if !top.has("step") {
        top.missing("step");
        return None;
    }
    // Collected first, so that every wrong step is told.
    let read: Vec<Option<Step>> =
        top.sections("step", STEP_KEYS)?.iter().map(|section| step(section, names)).collect();
    read.into_iter().collect()
}

fn step(section: &Section<'_>, names: &mut Names) -> Option<Step> {
    let plain = |step: Step| {
        section.narrowed(PLAIN_KEYS);
        Some(step)
    };
    match section.need("do")? {
        Do::Select => select(&section.narrowed(SELECT_KEYS)),
        Do::ReadBinary => {
            let section = section.narrowed(BINARY_KEYS);
            let (sfi, optional) = (sfi(&section), section.or("optional", false));
            let slot = slot(&section, names)?;
            Some(Step::ReadBinary { sfi: sfi?, slot, optional: optional? })
        }
        Do::ReadRecord => {
            let section = section.narrowed(RECORD_KEYS);
            let (sfi, optional) = (sfi(&section), section.or("optional", false));
            let record = record(&section, &["number", "id"]);
            let slot = slot(&section, names)?;
            Some(Step::ReadRecord { sfi: sfi?, record: record?, slot, optional: optional? })
        }
        Do::Check => check(section, names).map(Step::Check),
        Do::Pin => plain(Step::Pin),
        Do::Balance => {
            let is = section.narrowed(BALANCE_KEYS).or("is", BalanceWord::Stored)?;
            Some(Step::Balance { is })
        }
        Do::Code => plain(Step::Code),
        Do::Initialize => {
            section.narrowed(INITIALIZE_KEYS).need::<Transaction>("for").map(Step::Initialize)
        }
        Do::Mac1 => plain(Step::Mac1),
        Do::Cache => cache(&section.narrowed(CACHE_KEYS), names).map(Step::Cache),
        Do::Authorise => plain(Step::Authorise),
        Do::Debit => plain(Step::Debit),
        Do::Credit => plain(Step::Credit),
        Do::CheckMac2 => plain(Step::CheckMac2),
        Do::CheckTac => plain(Step::CheckTac),
        Do::Block => section.narrowed(BLOCK_KEYS).or("kind", Blocking::Temporary).map(Step::Block),
    }
}

fn select(section: &Section<'_>) -> Option<Step> {
    let kinds = ["name", "names", "application"];
    let named: Vec<&str> = kinds.into_iter().filter(|key| section.has(key)).collect();
    let [kind] = named.as_slice() else {
        let mend = "write one of name = \"..\", names = [..], application = true";
        section.wrong_here("what is to be selected?", mend);
        return None;
    };
    let names: Vec<Vec<u8>> = match *kind {
        "name" => vec![section.need("name")?],
        "names" => section.list("names")?,
        _ => {
            if !section.need::<bool>("application")? {
                section.wrong("application", "false says nothing", "write true, or a name");
            }
            Vec::new()
        }
    };
    if names.is_empty() && *kind == "names" {
        section.wrong("names", "no names", "list one or more");
    }
    for (at, name) in names.iter().enumerate() {
        if !(1..=16).contains(&name.len()) {
            let message = format!("{} bytes", name.len());
            section.wrong_item(kind, at, message, "a DF name has 1 to 16 bytes");
        }
    }
    Some(Step::Select { names, optional: section.or("optional", false)? })
}

fn sfi(section: &Section<'_>) -> Option<u8> {
    let sfi = section.need("sfi")?;
    if !(0x01..=0x1E).contains(&sfi) {
        section.wrong("sfi", format!("0x{sfi:02X} is out of range"), "write 0x01 to 0x1E");
    }
    Some(sfi)
}

/// Where a step keeps what it reads: `Some(None)` where nobody asks for it.
fn slot(section: &Section<'_>, names: &mut Names) -> Option<Option<usize>> {
    let Some(name) = section.maybe::<String>("as")? else { return Some(None) };
    if names.slot(&name).is_some() {
        let message = format!("something was read as {name:?} already");
        section.wrong("as", message, "give it another name");
        return None;
    }
    let layout = names.layout(section, "as", &name)?;
    names.slots.push(Slot { name, layout });
    Some(Some(names.slots.len() - 1))
}

/// Exactly one of the keys that name a record.
fn record(section: &Section<'_>, keys: &[&str]) -> Option<RecordChoice> {
    let named: Vec<&&str> = keys.iter().filter(|key| section.has(key)).collect();
    let [key] = named.as_slice() else {
        let forms: Vec<&str> =
            keys.iter().map(|key| if *key == "append" { "append = true" } else { *key }).collect();
        section.wrong_here("which record?", format!("write one of {}", forms.join(", ")));
        return None;
    };
    match **key {
        "append" => {
            if !section.need::<bool>("append")? {
                section.wrong("append", "false says nothing", "write true, or number or id");
            }
            Some(RecordChoice::Append)
        }
        "id" => section.need("id").map(RecordChoice::Id),
        _ => {
            let number = section.need("number")?;
            if number == 0 {
                section.wrong("number", "records count from 1", "write 1 to 254");
            }
            Some(RecordChoice::Number(number))
        }
    }
}

fn check(section: &Section<'_>, names: &Names) -> Option<CheckStep> {
    let that: That = section.need("that")?;
    let section = section.narrowed(match that {
        That::Equals => EQUALS_KEYS,
        That::Valid => VALID_KEYS,
        That::WhiteList | That::BlackList => LIST_KEYS,
        That::BalanceAtMost => AT_MOST_KEYS,
    });
    let when = section.or("when", When::Always);
    let block = section.maybe("block");
    let (that, refuse) = match that {
        That::Equals => {
            let (condition, refuse) = (equals(&section, names), section.need("else"));
            (condition, refuse)
        }
        That::Valid => {
            let from = names.of_width(&section, "from", 4);
            let to = names.of_width(&section, "to", 4);
            let condition = from.zip(to).map(|(from, to)| Condition::Valid { from, to });
            (condition, Some(Refusal::Expired))
        }
        That::WhiteList => (Some(Condition::WhiteList), Some(Refusal::IssuerNotListed)),
        That::BlackList => (Some(Condition::BlackList), Some(Refusal::BlackListed)),
        That::BalanceAtMost => {
            let refuse = section.or("else", Refusal::BalanceTooHigh);
            (section.need("fen").map(Condition::BalanceAtMost), refuse)
        }
    };
    Some(CheckStep { that: that?, when: when?, refuse: refuse?, block: block? })
}

fn equals(section: &Section<'_>, names: &Names) -> Option<Condition> {
    let field = names.need(section, "field");
    let values: Option<Vec<Vec<u8>>> = section.list("is");
    let (field, values) = (field?, values?);
    if values.is_empty() {
        section.wrong("is", "no value", "list the values that are right");
    }
    for (at, value) in values.iter().enumerate() {
        if value.len() != field.field.width {
            let message = format!("{} bytes, the field has {}", value.len(), field.field.width);
            section.wrong_item("is", at, message, "write as many bytes as the field has");
        }
    }
    Some(Condition::Equals { field, values })
}

fn cache(section: &Section<'_>, names: &Names) -> Option<CacheStep> {
    let sfi = sfi(section);
    let record = record(section, &["number", "id", "append"]);
    let base = match section.maybe::<String>("from")? {
        None => None,
        Some(name) => match names.slot(&name) {
            Some(slot) => Some(slot),
            None => {
                let message = format!("nothing was read as {name:?} before");
                let mend = "read the record in an earlier step, or name its layout instead";
                section.wrong("from", message, mend);
                return None;
            }
        },
    };
    let layout = match (base.and_then(|base| names.slots.get(base)), section.has("layout")) {
        (Some(slot), false) => slot.layout.clone(),
        (None, true) => names.layout(section, "layout", &section.need::<String>("layout")?)?,
        _ => {
            let mend = "write either from = \"..\" (a record that was read) or layout = \"..\"";
            section.wrong_here("what does the record look like?", mend);
            return None;
        }
    };
    let mut whole = true;
    let mut set = Vec::new();
    for (name, value) in section.pairs::<SetText>("set")? {
        match setting(section, names, &layout, &name, value) {
            Some(setting) => set.push(setting),
            None => whole = false,
        }
    }
    let (sfi, record) = (sfi?, record?);
    whole.then_some(CacheStep { sfi, record, base, layout, set })
}

/// A value as it is written: bytes, or a name in braces.
enum SetText {
    Bytes(Vec<u8>),
    Name(String),
}

impl FromNode for SetText {
    fn from_node(node: &Node) -> Result<Self, Unfit> {
        let name = match &node.value {
            Value::Text(text) => text.strip_prefix('{').and_then(|text| text.strip_suffix('}')),
            _ => None,
        };
        match name.filter(|name| !name.contains(['*', '{', '}'])) {
            Some(name) => Ok(Self::Name(name.to_owned())),
            None => Template::from_node(node)?.bytes().map(Self::Bytes).ok_or_else(|| {
                let mend = "write bytes, or one name in braces such as {terminal}";
                Unfit::new("a template of a profile cannot stand here", mend)
            }),
        }
    }
}

fn setting(
    section: &Section<'_>,
    names: &Names,
    layout: &Layout,
    name: &str,
    value: SetText,
) -> Option<Setting> {
    let wrong = |message: String, mend: String| section.wrong_entry("set", name, message, mend);
    let Some(field) = layout.field(name) else {
        let known: Vec<&str> = layout.fields.iter().map(|field| field.name.as_str()).collect();
        let message = format!("layout {} has no field {name:?}", layout.name);
        wrong(message, format!("write one of {}", known.join(", ")));
        return None;
    };
    let value = match value {
        SetText::Bytes(bytes) => Source::Bytes(bytes),
        SetText::Name(name) => source(names, &name).map_err(|(a, b)| wrong(a, b)).ok()?,
    };
    let (given, room) = (value.width(), field.width);
    let exact = matches!(value, Source::Bytes(_) | Source::Field(_));
    if given > room || (exact && given != room) {
        let mend = "name a value that fits, or write as many bytes as the field has";
        wrong(format!("{given} bytes, the field has {room}"), mend.to_owned());
        return None;
    }
    Some(Setting { field: Field::clone(field), value })
}

fn source(names: &Names, name: &str) -> Result<Source, (String, String)> {
    if name.contains('.') {
        return names.field(name).map(|at: FieldAt| Source::Field(at));
    }
    let known = Source::NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, source)| source.clone()).ok_or_else(|| {
        let all: Vec<&str> = Source::NAMES.iter().map(|(name, _)| *name).collect();
        let mend = match nearest(name, all.iter().copied()) {
            Some(near) => format!("did you mean {{{near}}}?"),
            None => format!("write one of {}, or a field that was read", all.join(", ")),
        };
        (format!("{{{name}}} is not known here"), mend)
    })
}
