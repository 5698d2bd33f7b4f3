//! The text being read, and the case of it: places, and the values that stand there.

use std::sync::Arc;

use applet_spec::text::{Log, Node, Place, Section, Value as Toml, nearest};

use super::lines::Lines;
use super::literal;
use crate::expression::{self, LiteralForm, NAMES};
use crate::{Value, Written};

/// The text of a suite.
pub(super) struct Source<'a> {
    pub log: &'a Log,
    text: &'a str,
    origin: Arc<str>,
    lines: Lines,
}

impl<'a> Source<'a> {
    pub(super) fn new(log: &'a Log, text: &'a str, origin: &str) -> Self {
        Self { log, text, origin: origin.into(), lines: Lines::of(text) }
    }

    pub(super) fn written(&self, at: Place) -> Written {
        let (line, column) = self.lines.locate(self.text, at.offset);
        Written { origin: self.origin.clone(), line, column }
    }

    /// The place of byte `offset` of a text value that begins at `at`, as it was before names of
    /// the matrix were put in.
    pub(super) fn inside(&self, at: Place, offset: usize, row: &[(String, String)]) -> Place {
        let Some(raw) = self.text.get(at.offset..) else { return at };
        let quotes = match raw.chars().next() {
            Some(quote @ ('"' | '\'')) if raw.starts_with(&String::from(quote).repeat(3)) => 3,
            Some('"' | '\'') => 1,
            _ => return at,
        };
        let escapes = raw.starts_with('"');
        let mut skipped = quotes;
        if quotes == 3 {
            let body = raw.get(3..).unwrap_or_default();
            skipped +=
                if body.starts_with("\r\n") { 2 } else { usize::from(body.starts_with('\n')) };
        }
        let mut made = 0;
        let mut read = skipped;
        while let Some(rest) = raw.get(read..).filter(|rest| !rest.is_empty()) {
            let (taken, gives) = match rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
                Some((name, _)) if row.iter().any(|(known, _)| known == name) => {
                    let value = row.iter().find(|(known, _)| known == name);
                    (name.len() + 3, value.map_or(0, |(_, value)| value.len()))
                }
                _ => match rest.chars().next() {
                    // What an escape gives is not worth telling: the place is that of the value.
                    Some('\\') if escapes => return at,
                    Some(c) => (c.len_utf8(), c.len_utf8()),
                    None => break,
                },
            };
            if made + gives > offset {
                break;
            }
            made += gives;
            read += taken;
        }
        Place { text: at.text, offset: at.offset + read }
    }
}

/// A case being read: one row of its matrix, and what its steps have captured so far.
pub(super) struct Here<'a> {
    pub source: &'a Source<'a>,
    pub row: &'a [(String, String)],
    pub captured: Vec<String>,
}

impl Here<'_> {
    /// Says what is wrong with a value.
    pub(super) fn wrong(
        &self,
        node: &Node,
        path: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.source.log.problem(node.at, path, message, mend);
    }

    /// The value of a key, if it is there.
    pub(super) fn maybe_value(
        &self,
        section: &Section<'_>,
        key: &str,
        form: LiteralForm,
    ) -> Option<Option<Value>> {
        match section.node(key) {
            None => Some(None),
            Some(node) => self.value(node, &section.path_of(key), form).map(Some),
        }
    }

    /// A byte: a number, or a value.
    pub(super) fn maybe_byte(&self, section: &Section<'_>, key: &str) -> Option<Option<Value>> {
        let Some(node) = section.node(key) else { return Some(None) };
        let path = section.path_of(key);
        match node.value {
            Toml::Number { value, .. } => self.number_as_bytes(node, &path, value, 1),
            _ => self.value(node, &path, LiteralForm::Bytes),
        }
        .map(Some)
    }

    /// A number where bytes are meant, of which there are `length`.
    pub(super) fn number_as_bytes(
        &self,
        node: &Node,
        path: &str,
        number: i64,
        length: u16,
    ) -> Option<Value> {
        let digits = 2 * usize::from(length);
        let text = format!("{number:0digits$X}");
        if number < 0 || text.len() > digits {
            let mend = "write two hexadecimal digits for each, in quotes";
            self.wrong(node, path, format!("{number} is not {length} bytes"), mend);
            return None;
        }
        let written = Some(self.source.written(node.at));
        Some(Value { written, ..Value::literal(text) })
    }

    /// A value: an expression in quotes, or a number where numbers are meant.
    pub(super) fn value(&self, node: &Node, path: &str, form: LiteralForm) -> Option<Value> {
        let text = match (&node.value, form) {
            (Toml::Text(text), _) => text.clone(),
            (Toml::Number { value, .. }, LiteralForm::Number) if *value >= 0 => value.to_string(),
            (other, _) => {
                let mend = format!("write {} in quotes", literal::wanted(form));
                self.wrong(node, path, format!("found {}", other.kind()), mend);
                return None;
            }
        };
        let reading = match expression::read(&text) {
            Ok(reading) => reading,
            Err(error) => {
                self.wrong_inside(node, error.at, path, error.message, error.mend);
                return None;
            }
        };
        let known = self.names_are_known(node, path, &reading.names);
        let mut wrong = Vec::new();
        let mut places = reading.literals.iter();
        literal::each(&reading.expression, form, &mut |text, form| {
            let at = places.next().copied().unwrap_or(0);
            wrong.extend(literal::refuse(text, form).map(|refusal| (at, refusal)));
        });
        let whole = wrong.is_empty();
        for (at, refusal) in wrong {
            self.wrong_inside(node, at, path, refusal.message, refusal.mend);
        }
        let written = Some(self.source.written(node.at));
        (known && whole).then_some(Value { written, expression: reading.expression })
    }

    fn names_are_known(&self, node: &Node, path: &str, names: &[(usize, String)]) -> bool {
        let known = |name: &str| {
            NAMES.contains(&name) || self.captured.iter().any(|captured| captured == name)
        };
        let mut all = true;
        for (at, name) in names.iter().filter(|(_, name)| !known(name)) {
            all = false;
            let names = NAMES.iter().copied().chain(self.captured.iter().map(String::as_str));
            let capture = format!("capture it in an earlier step: capture = {{ {name} = \"..\" }}");
            let mend = match nearest(name, names) {
                Some(near) => format!("did you mean ${near}? else {capture}"),
                None => capture,
            };
            let message = format!("${name} is captured by no earlier step");
            self.wrong_inside(node, *at, path, message, mend);
        }
        all
    }

    /// Says what is wrong at a byte of a text value.
    pub(super) fn wrong_inside(
        &self,
        node: &Node,
        offset: usize,
        path: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let at = self.source.inside(node.at, offset, self.row);
        self.source.log.problem(at, path, message, mend);
    }
}
