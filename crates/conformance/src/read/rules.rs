//! The rules that cases may name, and the wrong cards.

use std::sync::{Arc, OnceLock};

use applet_spec::text::{self, Log, MAX_TEXT, Section, nearest};
use applet_spec::{Catalogue, CommandId};

use super::{SuiteErrors, text_in_both};
use crate::{Rule, Text, built_in};

pub(super) const RULE_KEYS: &[&str] = &["id", "text", "text-zh", "source", "answers"];
const TOP_KEYS: &[&str] = &["rule"];

/// What cases may name: rules, and wrong cards that they are there to catch.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Arc<Rule>>,
    wrong_cards: Vec<String>,
}

impl Rules {
    /// The rules of the built-in suites.
    ///
    /// # Panics
    /// Where their text is not valid, which a test of this crate excludes.
    pub fn built_in() -> &'static Self {
        static READ: OnceLock<Rules> = OnceLock::new();
        READ.get_or_init(|| match Self::parse(built_in::RULES, "rules.toml (built in)") {
            Ok(rules) => rules,
            Err(errors) => unreachable!("the built-in rules are read by a test: {errors}"),
        })
    }

    /// Reads a file of rules alone.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, SuiteErrors> {
        if text.len() > MAX_TEXT {
            let message = format!("longer than {} KiB", MAX_TEXT / 1024);
            return Err(SuiteErrors::of_file(origin, message, "this is no file of rules"));
        }
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let top = Section::open(&log, &root, "", TOP_KEYS);
        let rules = top.map(|top| read(&top, &Self::default()));
        let problems = log.into_problems();
        match rules {
            Some(rules) if problems.is_empty() => Ok(Self { rules, wrong_cards: Vec::new() }),
            _ => Err(SuiteErrors::new(problems, &[(origin, text)])),
        }
    }

    /// The same, with the names of the wrong cards there are: from then on a case that is there to
    /// catch any other is refused. Without names nothing is checked.
    pub fn knowing_wrong_cards<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        Self { wrong_cards: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Every rule, in the order of the files.
    pub fn all(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The rule with this id.
    pub fn find(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The rule that a field of a command's answer shows.
    pub fn shown_by(&self, command: CommandId, field: &str) -> Option<&Arc<Rule>> {
        let shows = |(of, name): &(CommandId, String)| *of == command && name == field;
        self.rules.iter().find(|rule| rule.answers.iter().any(shows))
    }

    /// These and others.
    pub(crate) fn with(&self, others: Vec<Arc<Rule>>) -> Self {
        let mut all = self.clone();
        all.rules.extend(others);
        all
    }

    /// What to write in place of an id that is not known.
    pub(super) fn mend(&self, id: &str) -> String {
        match nearest(id, self.rules.iter().map(|rule| rule.id.as_str())) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "name a rule of tests/suites/rules.toml, or add a [[rule]]".to_owned(),
        }
    }

    /// What to write in place of the name of a wrong card, if it is not known.
    pub(super) fn refuse_wrong_card(&self, name: &str) -> Option<String> {
        if self.wrong_cards.is_empty() || self.wrong_cards.iter().any(|known| known == name) {
            return None;
        }
        Some(match nearest(name, self.wrong_cards.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "name one of the wrong cards (docs/wrong-cards.md)".to_owned(),
        })
    }
}

/// The `[[rule]]` tables of a file. One that is wrong is there with what could be read: those who
/// name it are not to be told as well.
pub(super) fn read(top: &Section<'_>, known: &Rules) -> Vec<Arc<Rule>> {
    let mut own: Vec<Arc<Rule>> = Vec::new();
    for section in top.sections("rule", RULE_KEYS).unwrap_or_default() {
        let id: Option<String> = section.need("id");
        let text = text_in_both(&section, "text", "text-zh");
        let source = section.need("source");
        if let Some(id) = &id {
            if !is_id(id) {
                let mend = "write family and short name, such as \"purchase.debit\"";
                section.wrong("id", format!("{id:?} is no id of a rule"), mend);
            }
            if known.find(id).is_some() || own.iter().any(|rule| rule.id == *id) {
                section.wrong("id", format!("{id:?} is there already"), "give it another id");
            }
        }
        let text = text.unwrap_or_else(|| Text { en: String::new(), zh: String::new() });
        let source = source.unwrap_or_default();
        let answers = answers(&section);
        own.extend(id.map(|id| Arc::new(Rule { id, text, source, answers })));
    }
    own
}

/// `command.field`, each a field of what the command answers.
fn answers(section: &Section<'_>) -> Vec<(CommandId, String)> {
    let listed: Vec<String> = section.list("answers").unwrap_or_default();
    let mut out = Vec::new();
    for (at, text) in listed.iter().enumerate() {
        let named = text.split_once('.').and_then(|(command, field)| {
            let command = CommandId::ALL.iter().find(|id| id.text() == command)?;
            let fields = &Catalogue::entry(*command).answer;
            fields.iter().any(|known| known.name == field).then(|| (*command, field.to_owned()))
        });
        match named {
            Some(named) => out.push(named),
            None => {
                let mend = "write a command and a field of its answer, such as \
                            \"debit-for-purchase.MAC2\"";
                section.wrong_item("answers", at, format!("{text:?} is no answer's field"), mend);
            }
        }
    }
    out
}

fn is_id(id: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    id.split_once('.').is_some_and(|(family, name)| word(family) && name.split('.').all(word))
}
