//! A job file as people write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use applet_spec::KeyKind;
use applet_spec::text::{self, FromNode, Log, MAX_TEXT, Node, Refusal, Section, Value};
use applet_spec::words;
use purse::{Amount, Date, TerminalId, Time};

use super::{
    CardList, CheckDigit, Default, Job, KeyRule, OnHalfDone, OnUsed, Policy, SerialRule, Target,
    Transactions, VerifyRule,
};
use crate::problem::{BatchErrors, Place, of_file};

const TOP: &[&str] = &[
    "name",
    "target",
    "profile",
    "blank",
    "cards",
    "count",
    "operator",
    "retries",
    "on-used",
    "on-half-done",
    "serial",
    "keys",
    "defaults",
    "transactions",
    "verify",
];
const SERIAL: &[&str] = &["prefix", "start", "step", "check"];
const KEYS: &[&str] = &["from", "version", "versions"];
const TRANSACTIONS: &[&str] = &["terminal", "date", "time"];
const VERIFY: &[&str] = &["transaction"];

words! {
    Target { "fmcos" => Target::Fmcos, "virtual" => Target::Virtual }
    CheckDigit { "none" => CheckDigit::None, "luhn" => CheckDigit::Luhn }
    OnUsed { "refuse" => OnUsed::Refuse, "erase" => OnUsed::Erase }
    OnHalfDone { "continue" => OnHalfDone::Continue, "erase" => OnHalfDone::Erase }
}

impl Job {
    /// The tables of a job file and their keys, for its documentation.
    pub const KEYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("top", TOP),
        ("[serial]", SERIAL),
        ("[keys]", KEYS),
        ("[transactions]", TRANSACTIONS),
        ("[verify]", VERIFY),
    ];

    /// Reads a job file's text. `path` is what errors call it; files it names are seen from there.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, BatchErrors> {
        let origin = path.display().to_string();
        if bytes.len() > MAX_TEXT {
            let message = format!("longer than {} KiB", MAX_TEXT / 1024);
            return Err(
                of_file(&origin, message, "this is no job file; one has a few lines").into()
            );
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| of_file(&origin, "not UTF-8", "save the file as UTF-8"))?;
        let log = Log::default();
        let root = text::parse(&log, &origin, text);
        let job = Section::open(&log, &root, "", TOP).and_then(|top| {
            let here = Here { log: &log, root: &root, folder: path.parent() };
            here.job(&top)
        });
        let problems = log.into_problems();
        match job {
            Some(job) if problems.is_empty() => Ok(job),
            _ => Err(problems.into()),
        }
    }
}

struct Here<'h> {
    log: &'h Log,
    root: &'h Node,
    folder: Option<&'h Path>,
}

impl Here<'_> {
    fn job(&self, top: &Section<'_>) -> Option<Job> {
        let name: Option<Name> = top.need("name");
        let target = top.need("target");
        let profile: Option<String> = top.need("profile");
        let blank: Option<Option<String>> = top.maybe("blank");
        let operator: Option<Option<Line>> = top.maybe("operator");
        let cards = self.cards(top);
        let serial = serial(top);
        let keys = self.keys(top);
        let defaults = self.defaults();
        let transactions = transactions(top);
        let transaction: Option<Option<Amount>> =
            top.section("verify", VERIFY).map_or(Some(None), |verify| amount(&verify));
        let policy = policy(top);
        Some(Job {
            name: name?.0,
            target: target?,
            profile: self.seen(&profile?),
            profile_place: self.place_of("profile"),
            blank: blank?.map(|name| self.seen(&name)),
            cards: cards?,
            serial: serial?,
            keys: keys?,
            defaults: defaults?,
            transactions: transactions?,
            verify: VerifyRule { transaction: transaction? },
            policy: policy?,
            operator: operator?.map(|line| line.0),
        })
    }

    fn cards(&self, top: &Section<'_>) -> Option<CardList> {
        let (file, count): (Option<Option<String>>, Option<Option<u32>>) =
            (top.maybe("cards"), top.maybe("count"));
        match (file?, count?) {
            (Some(file), None) => Some(CardList::File(self.beside(&file))),
            (None, Some(count)) if (1..=crate::table::MOST_ROWS as u32).contains(&count) => {
                Some(CardList::Count(count))
            }
            (None, Some(_)) => {
                let mend = format!("write 1 to {}", crate::table::MOST_ROWS);
                top.wrong("count", "so many cards are no batch", mend);
                None
            }
            (None, None) => {
                top.missing("cards");
                None
            }
            (Some(_), Some(_)) => {
                top.wrong("count", "the cards file says how many", "take one of the two out");
                None
            }
        }
    }

    fn keys(&self, top: &Section<'_>) -> Option<KeyRule> {
        let Some(section) = top.section("keys", KEYS) else {
            let none = KeyRule { from: None, version: None, versions: Vec::new() };
            return (!top.has("keys")).then_some(none);
        };
        let (from, version) = (section.maybe("from"), section.maybe("version"));
        let mut versions = Some(Vec::new());
        for (key, node) in self.entries(&["keys", "versions"]) {
            let read = match (KeyKind::from_text(key), u8::from_node(node)) {
                (Some(kind), Ok(version)) => Ok((kind, version)),
                (None, _) => {
                    Err(Refusal::new("no such kind of key", "write purchase, load, tac .."))
                }
                (_, Err(refusal)) => Err(refusal),
            };
            match read {
                Ok(pair) => versions.iter_mut().for_each(|all| all.push(pair)),
                Err(why) => {
                    let path = format!("keys.versions.{key}");
                    self.log.problem(node.at, path, why.message, why.mend);
                    versions = None;
                }
            }
        }
        Some(KeyRule { from: from?, version: version?, versions: versions? })
    }

    fn defaults(&self) -> Option<Vec<Default>> {
        let mut out = Vec::new();
        let mut whole = true;
        for (key, node) in self.entries(&["defaults"]) {
            whole &= self.default(key.to_owned(), node, &mut out);
        }
        whole.then_some(out)
    }

    /// Keys with dots in them are tables to TOML.
    fn default(&self, key: String, node: &Node, out: &mut Vec<Default>) -> bool {
        let value = match &node.value {
            Value::Text(text) => text.trim().to_owned(),
            Value::Number { value, hex: false } => value.to_string(),
            Value::Number { value, hex: true } => format!("0x{value:X}"),
            Value::Flag(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
            Value::Table(inner) => {
                let mut whole = true;
                for entry in &inner.entries {
                    whole &= self.default(format!("{key}.{}", entry.key), &entry.node, out);
                }
                return whole;
            }
            other => {
                let message = format!("found {}", other.kind());
                self.log.problem(node.at, format!("defaults.{key}"), message, "write it in quotes");
                return false;
            }
        };
        out.push(Default { key, value, place: self.place(node) });
        true
    }

    /// What stands in the table at this path, in the order of the file.
    fn entries(&self, path: &[&str]) -> Vec<(&str, &Node)> {
        let mut node = Some(self.root);
        for key in path {
            node = node.and_then(|node| match &node.value {
                Value::Table(table) => table.find(key).map(|entry| &entry.node),
                _ => None,
            });
        }
        match node.map(|node| (&node.value, node)) {
            Some((Value::Table(table), _)) => {
                table.entries.iter().map(|entry| (entry.key.as_str(), &entry.node)).collect()
            }
            Some((other, node)) => {
                let message = format!("found {}", other.kind());
                self.log.problem(node.at, path.join("."), message, "write a table");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn place_of(&self, key: &str) -> Place {
        let found = self.entries(&[]).into_iter().find(|(known, _)| *known == key);
        self.place(found.map_or(self.root, |(_, node)| node))
    }

    fn place(&self, node: &Node) -> Place {
        let (origin, line, column) = self.log.locate(node.at);
        Place { origin: Arc::from(origin), line, column }
    }

    /// A profile's name as it is; its path as seen from where the program runs.
    fn seen(&self, profile: &str) -> String {
        if profile.contains(['/', '\\']) || profile.ends_with(".toml") {
            return self.beside(profile).display().to_string();
        }
        profile.to_owned()
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
    }
}

fn serial(top: &Section<'_>) -> Option<SerialRule> {
    let own = SerialRule { prefix: String::new(), start: 1, step: 1, check: CheckDigit::None };
    let Some(section) = top.section("serial", SERIAL) else {
        return (!top.has("serial")).then_some(own);
    };
    let prefix: Option<String> = section.or("prefix", own.prefix);
    let start: Option<Count> = section.or("start", Count(own.start));
    let step: Option<Count> = section.or("step", Count(own.step));
    let check = section.or("check", own.check);
    let prefix: String = prefix?.split_whitespace().collect();
    if prefix.len() > 15 || !prefix.chars().all(|c| c.is_ascii_hexdigit()) {
        section.wrong("prefix", "no beginning of a serial", "write up to 15 hexadecimal digits");
        return None;
    }
    if step == Some(Count(0)) {
        section.wrong("step", "every card would have the same serial", "write 1 or more");
        return None;
    }
    Some(SerialRule { prefix, start: start?.0, step: step?.0, check: check? })
}

fn transactions(top: &Section<'_>) -> Option<Transactions> {
    let terminal = TerminalId([0, 0, 0, 0, 0, 1]);
    let Some(section) = top.section("transactions", TRANSACTIONS) else {
        return (!top.has("transactions")).then_some(Transactions { terminal, moment: None });
    };
    let terminal = section.or("terminal", terminal.0).map(TerminalId);
    let (date, time) = (section.maybe("date"), section.maybe("time"));
    let (date, time) = (date?.map(Date), time?.map(Time));
    if let Some(Err(error)) = date.map(crate::calendar::check) {
        section.wrong("date", error.to_string(), "write a day of the calendar");
        return None;
    }
    let moment = match (date, time) {
        (None, Some(_)) => {
            section.missing("date");
            return None;
        }
        (Some(date), time) => Some((date, time.unwrap_or(Time([0x12, 0, 0])))),
        (None, None) => None,
    };
    Some(Transactions { terminal: terminal?, moment })
}

fn amount(verify: &Section<'_>) -> Option<Option<Amount>> {
    let text: Option<String> = verify.maybe("transaction")?;
    let Some(text) = text else { return Some(None) };
    match text.parse::<Amount>() {
        Ok(Amount(0)) => {
            verify.wrong("transaction", "nothing would be loaded", "write 0.01 or more");
            None
        }
        Ok(amount) => Some(Some(amount)),
        Err(error) => {
            verify.wrong("transaction", error.to_string(), "write 0.01, or \"none\"");
            None
        }
    }
}

fn policy(top: &Section<'_>) -> Option<Policy> {
    let used = top.or("on-used", OnUsed::Refuse);
    let half_done = top.or("on-half-done", OnHalfDone::Continue);
    let retries = top.or("retries", 1);
    Some(Policy { used: used?, half_done: half_done?, retries: retries? })
}

/// A number that may be larger than 32 bits.
#[derive(PartialEq, Eq)]
struct Count(u64);

impl FromNode for Count {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match node.value {
            Value::Number { value, .. } if value >= 0 => Ok(Self(value as u64)),
            _ => Err(Refusal::new(format!("found {}", node.value.kind()), "write a number from 0")),
        }
    }
}

/// A short text of one line.
struct Line(String);

impl FromNode for Line {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        const MOST: usize = 64;
        let text = String::from_node(node)?.trim().to_owned();
        let fits = !text.is_empty() && text.chars().count() <= MOST;
        if fits && !text.chars().any(char::is_control) {
            return Ok(Self(text));
        }
        Err(Refusal::new("no short line of text", format!("write 1 to {MOST} characters")))
    }
}

/// A name that can be that of a file.
struct Name(String);

impl FromNode for Name {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let Line(text) = Line::from_node(node)?;
        let safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        if text.chars().all(safe) && !text.starts_with('.') {
            return Ok(Self(text));
        }
        let mend = "use letters, digits, blanks, '-', '_' and '.': the journal is called like it";
        Err(Refusal::new(format!("{text:?} is no name of a batch"), mend))
    }
}

#[cfg(test)]
mod tests;
