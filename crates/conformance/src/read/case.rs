//! A `[[case]]`: multiplied out, then read.

use std::sync::Arc;

use applet_spec::text::{Entry, FromNode, Node, Refusal, Section, Table, Value};

use super::here::{Here, Source};
use super::matrix::{self, Row};
use super::put_in::{Sizes, put_in, refuse_unknown};
use super::{MAX_CASES, MAX_MULTIPLIED, Rules, settings, step, text_in_both};
use crate::{Author, Case, Condition, Family, Rule, Start, TerminalConfig};

pub(super) const DEFAULT_KEYS: &[&str] = &["applies", "card", "terminal", "start", "destructive"];
pub(super) const CASE_KEYS: &[&str] = &[
    "id",
    "purpose",
    "purpose-zh",
    "rules",
    "source",
    "catches",
    "applies",
    "start",
    "card",
    "terminal",
    "destructive",
    "matrix",
    "step",
];
pub(super) const TERMINAL_KEYS: &[&str] = &["number", "serial", "date", "time"];

/// The `[[case]]` tables of a file, as they stand there.
pub(super) fn nodes<'a>(top: &Section<'a>) -> Option<&'a [Node]> {
    let Some(node) = top.node("case") else {
        top.missing("case");
        return None;
    };
    match &node.value {
        Value::List(items) => Some(items),
        other => {
            top.wrong("case", format!("found {}", other.kind()), "write one [[case]] per entry");
            None
        }
    }
}

/// What every case has that does not say its own.
pub(super) fn defaults<'a>(top: &Section<'a>) -> Option<&'a Table> {
    top.section("defaults", DEFAULT_KEYS)?;
    match &top.node("defaults")?.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// Reads the case at a place of the file.
pub(super) struct Reader<'a> {
    pub source: &'a Source<'a>,
    pub family: &'a Arc<Family>,
    pub rules: &'a Rules,
    pub at: usize,
}

impl Reader<'_> {
    /// Every case that a `[[case]]` is multiplied out to; none where it is wrong.
    pub(super) fn read(
        &self,
        node: &Node,
        defaults: Option<&Table>,
        sizes: &mut Sizes,
    ) -> Vec<Case> {
        let (log, path) = (self.source.log, self.path());
        let Value::Table(own) = &node.value else {
            let found = format!("found {}", node.value.kind());
            log.problem(node.at, path, found, "write a table, [[case]]");
            return Vec::new();
        };
        let matrix = own.find("matrix").map(|entry| &entry.node);
        let Some(rows) = matrix::rows(log, matrix, &path) else { return Vec::new() };
        let whole = Node { at: node.at, value: Value::Table(lay_over(defaults, own)) };
        let before = log.count();
        if let Some(first) = rows.first() {
            refuse_unknown(&whole, &path, &first.values, &mut |node, at, path, what, mend| {
                let place = self.source.inside(node.at, at, &[]);
                log.problem(place, path, what, mend);
            });
        }
        sizes.cases += rows.len();
        if sizes.cases > MAX_CASES {
            let message = format!("more than {MAX_CASES} cases in one file");
            log.problem(node.at, path, message, "make several files of it");
            return Vec::new();
        }
        let mut cases = Vec::new();
        for row in &rows {
            // The other rows would say the same again.
            if log.count() > before {
                return Vec::new();
            }
            let Some(node) = put_in(&whole, row, sizes) else {
                let message = format!(
                    "its cases, multiplied out, are longer than {} MiB",
                    MAX_MULTIPLIED >> 20
                );
                log.problem(node.at, path, message, "make several files of it");
                return Vec::new();
            };
            cases.extend(self.case(&node, row));
        }
        if log.count() > before { Vec::new() } else { cases }
    }

    /// Says that the id of a case is that of another.
    pub(super) fn twice(&self, node: &Node, base: &str, line: u32) {
        let id = match &node.value {
            Value::Table(table) => table.find("id").map(|entry| entry.node.at),
            _ => None,
        };
        let message = format!("{base:?} is the case in line {line} already");
        let path = format!("{}.id", self.path());
        self.source.log.problem(id.unwrap_or(node.at), path, message, "give it another id");
    }

    fn path(&self) -> String {
        format!("case[{}]", self.at)
    }

    fn case(&self, node: &Node, row: &Row) -> Option<Case> {
        let section = Section::open(self.source.log, node, self.path(), CASE_KEYS)?;
        let mut here = Here { source: self.source, row: &row.values, captured: Vec::new() };
        let base = self.id(&section);
        let purpose = text_in_both(&section, "purpose", "purpose-zh");
        let rules = self.named_rules(&section);
        let source = section.maybe("source");
        let catches = self.catches(&section);
        let applies = conditions(&section);
        let start = section.or("start", Start::Selected);
        let card = settings::read(&here, &section, "card");
        let terminal = terminal(&section);
        let destructive = section.or("destructive", Flag(false));
        let steps = step::read_all(&mut here, &section);
        let base = base?;
        let id = if row.label.is_empty() { base.clone() } else { format!("{base}:{}", row.label) };
        Some(Case {
            id,
            base,
            family: self.family.clone(),
            author: Author::Hand,
            written: Some(self.source.written(node.at)),
            purpose: purpose?,
            rules: rules?,
            source: source?,
            catches: catches?,
            applies: applies?,
            start: start?,
            card: card?,
            terminal: terminal?,
            destructive: destructive?.0,
            steps: steps?,
        })
    }

    fn id(&self, section: &Section<'_>) -> Option<String> {
        let id: String = section.need("id")?;
        let prefix = &self.family.prefix;
        let rest = id.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_prefix('_'));
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        // Without a prefix the family is told.
        if !prefix.is_empty() && rest.is_none_or(|rest| rest.is_empty() || !rest.chars().all(word))
        {
            let mend = format!("write {prefix}_ and three digits or a word, such as {prefix}_001");
            section.wrong("id", format!("{id:?} is no id of this family"), mend);
        }
        Some(id)
    }

    fn named_rules(&self, section: &Section<'_>) -> Option<Vec<Arc<Rule>>> {
        if !section.has("rules") {
            section.missing("rules");
            return None;
        }
        let ids: Vec<String> = section.list("rules")?;
        if ids.is_empty() {
            section.wrong("rules", "no rule", "name what a failure breaks, the main rule first");
        }
        let find = |(at, id): (usize, &String)| {
            let found = self.rules.find(id).cloned();
            if found.is_none() {
                section.wrong_item("rules", at, format!("no rule {id:?}"), self.rules.mend(id));
            }
            found
        };
        let found: Vec<Option<Arc<Rule>>> = ids.iter().enumerate().map(find).collect();
        found.into_iter().collect()
    }

    fn catches(&self, section: &Section<'_>) -> Option<Vec<String>> {
        let names: Vec<String> = section.list("catches")?;
        for (at, name) in names.iter().enumerate() {
            if let Some(mend) = self.rules.refuse_wrong_card(name) {
                section.wrong_item("catches", at, format!("no wrong card {name:?}"), mend);
            }
        }
        Some(names)
    }
}

/// The case over the defaults: tables key by key, everything else whole.
fn lay_over(defaults: Option<&Table>, own: &Table) -> Table {
    let mut entries: Vec<Entry> =
        own.entries.iter().filter(|entry| entry.key != "matrix").cloned().collect();
    for default in defaults.iter().flat_map(|table| &table.entries) {
        // A key that is none is told at [defaults] already.
        if !DEFAULT_KEYS.contains(&default.key.as_str()) {
            continue;
        }
        let said = entries.iter_mut().find(|entry| entry.key == default.key);
        match said.map(|entry| &mut entry.node.value) {
            None => entries.push(default.clone()),
            Some(Value::Table(own)) => {
                if let Value::Table(default) = &default.node.value {
                    let missing =
                        default.entries.iter().filter(|entry| own.find(&entry.key).is_none());
                    let missing: Vec<Entry> = missing.cloned().collect();
                    own.entries.splice(0..0, missing);
                }
            }
            Some(_) => {}
        }
    }
    Table { entries }
}

fn conditions(section: &Section<'_>) -> Option<Vec<Condition>> {
    let texts: Vec<String> = section.list("applies")?;
    let read = |(at, text): (usize, &String)| match Condition::parse(text) {
        Ok(condition) => Some(condition),
        Err(error) => {
            section.wrong_item("applies", at, error.message, error.mend);
            None
        }
    };
    let read: Vec<Option<Condition>> = texts.iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

fn terminal(case: &Section<'_>) -> Option<TerminalConfig> {
    let default = TerminalConfig::default();
    if !case.has("terminal") {
        return Some(default);
    }
    let section = case.section("terminal", TERMINAL_KEYS)?;
    let number = section.or("number", default.number);
    let serial = section.or("serial", Serial(default.serial));
    let date = section.or("date", Digits(default.date));
    let time = section.or("time", Digits(default.time));
    Some(TerminalConfig { number: number?, serial: serial?.0, date: date?.0, time: time?.0 })
}

/// `true` or `false`, as a text too: `${name}` puts in a text.
struct Flag(bool);

impl FromNode for Flag {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) if text == "true" => Ok(Self(true)),
            Value::Text(text) if text == "false" => Ok(Self(false)),
            _ => bool::from_node(node).map(Self),
        }
    }
}

/// A terminal transaction serial, as a text too.
struct Serial(u32);

impl FromNode for Serial {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let Value::Text(text) = &node.value else { return u32::from_node(node).map(Self) };
        let number = crate::text::number(text).and_then(|number| u32::try_from(number).ok());
        number.map(Self).ok_or_else(|| {
            Refusal::new(format!("{text:?} is no serial"), "write 0 to 4294967295, or 0x..")
        })
    }
}

/// A date or time in BCD.
struct Digits<const N: usize>([u8; N]);

impl<const N: usize> FromNode for Digits<N> {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let text = String::from_node(node)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.filter(|_| digits).map(Self).ok_or_else(|| {
            Refusal::new(format!("{text:?} has not {} digits", 2 * N), "write YYYYMMDD or HHMMSS")
        })
    }
}
