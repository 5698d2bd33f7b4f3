//! From TOML to [`Suite`].

mod answer;
mod case;
mod errors;
mod here;
mod lines;
mod literal;
mod matrix;
mod put_in;
mod rules;
mod send;
mod settings;
mod step;
mod words;

use std::sync::Arc;

use applet_spec::text::{self, Log, MAX_TEXT, Section};

use crate::{Case, Family, Suite, Text};

pub use errors::{Mistake, SuiteErrors};
pub use rules::Rules;

use here::Source;

/// Most cases that one `[[case]]` may be multiplied out to.
pub const MAX_ROWS: usize = 2_000;
/// Most cases of a file, multiplied out.
pub const MAX_CASES: usize = 20_000;
/// Most text of a file's cases, multiplied out, in bytes.
pub const MAX_MULTIPLIED: usize = 16 * 1024 * 1024;

const TOP_KEYS: &[&str] =
    &["family", "prefix", "title", "title-zh", "version", "defaults", "rule", "case"];

impl Suite {
    /// Every key that a suite file may have, by table. docs/suite-format.md tells them all.
    pub const KEYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("top", TOP_KEYS),
        ("[defaults]", case::DEFAULT_KEYS),
        ("[[rule]]", rules::RULE_KEYS),
        ("[[case]]", case::CASE_KEYS),
        ("[case.terminal]", case::TERMINAL_KEYS),
        ("[[case.step]]", step::STEP_KEYS),
    ];

    /// Reads a suite from a text. `origin` is what errors call it: a file name. `rules` is what its
    /// cases may name beside rules of its own.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str, rules: &Rules) -> Result<Self, SuiteErrors> {
        if text.len() > MAX_TEXT {
            let message = format!("longer than {} KiB", MAX_TEXT / 1024);
            let mend = "make several files of it, with a family each";
            return Err(SuiteErrors::of_file(origin, message, mend));
        }
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let source = Source::new(&log, text, origin);
        // Where the text is no TOML the rest of it is not worth telling.
        let suite = match log.count() {
            0 => {
                Section::open(&log, &root, "", TOP_KEYS).and_then(|top| read(&source, &top, rules))
            }
            _ => None,
        };
        let problems = log.into_problems();
        match suite {
            Some(suite) if problems.is_empty() => Ok(suite),
            _ => Err(SuiteErrors::new(problems, &[(origin, text)])),
        }
    }

    /// Reads a suite from bytes, which must be UTF-8.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse_bytes(bytes: &[u8], origin: &str, rules: &Rules) -> Result<Self, SuiteErrors> {
        let text = errors::decode(bytes, origin)?;
        Self::parse(text, origin, rules)
    }
}

fn read(source: &Source<'_>, top: &Section<'_>, known: &Rules) -> Option<Suite> {
    let family = family(top);
    let whole = family.is_some();
    // Cases are read all the same: what is wrong with them is to be told too.
    let family = Arc::new(family.unwrap_or_else(Family::unnamed));
    let rules = known.with(rules::read(top, known));
    let nodes = case::nodes(top);
    let mut cases: Vec<Arc<Case>> = Vec::new();
    let mut sizes = put_in::Sizes::default();
    let defaults = case::defaults(top);
    let mut bases: std::collections::HashMap<String, u32> = std::collections::HashMap::new();
    for (at, node) in nodes?.iter().enumerate() {
        if source.log.is_full() {
            break;
        }
        let reader = case::Reader { source, family: &family, rules: &rules, at };
        let read = reader.read(node, defaults, &mut sizes);
        if let Some(first) = read.first() {
            let line = first.written.as_ref().map_or(0, |written| written.line);
            if let Some(before) = bases.insert(first.base.clone(), line) {
                reader.twice(node, &first.base, before);
            }
        }
        cases.extend(read.into_iter().map(Arc::new));
    }
    whole.then_some(Suite { family, cases })
}

impl Family {
    /// In place of one that could not be read.
    fn unnamed() -> Self {
        let nothing = || Text { en: String::new(), zh: String::new() };
        let [name, prefix, version] = [const { String::new() }; 3];
        Self { name, prefix, title: nothing(), version }
    }
}

fn family(top: &Section<'_>) -> Option<Family> {
    let name: Option<String> = top.need("family");
    let prefix: Option<String> = top.need("prefix");
    let title = text_in_both(top, "title", "title-zh");
    let version = top.need("version");
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(name) = &name
        && (name.is_empty() || !name.chars().all(lower) || name == "all")
    {
        let mend = "write lower-case letters, digits and hyphens, such as \"purchase\"";
        top.wrong("family", format!("{name:?} is no name of a family"), mend);
    }
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if let Some(prefix) = &prefix
        && (prefix.is_empty() || !prefix.chars().all(upper))
    {
        let mend = "write capitals, digits and _, such as \"EP_XF\"";
        top.wrong("prefix", format!("{prefix:?} is no beginning of case ids"), mend);
    }
    Some(Family { name: name?, prefix: prefix?, title: title?, version: version? })
}

/// A text that must be there in both languages.
pub(crate) fn text_in_both(section: &Section<'_>, en: &str, zh: &str) -> Option<Text> {
    let (en, zh) = (section.need(en), section.need(zh));
    Some(Text { en: en?, zh: zh? })
}
