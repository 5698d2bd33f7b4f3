//! The tree of a TOML text.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Log, Place};

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub at: Place,
    /// The value.
    pub value: Value,
}

/// What a TOML value is, as far as we use it.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text in quotes.
    Text(String),
    /// A whole number.
    Number {
        /// The number.
        value: i64,
        /// It was written `0x..`.
        hex: bool,
    },
    /// true or false.
    Flag(bool),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
    /// A float or a date: known to TOML, used nowhere here.
    Other(&'static str),
}

/// A table: keys in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Place,
    /// Its value.
    pub node: Node,
}

impl Table {
    /// The entry with this key.
    pub fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Value {
    /// The kind, in words that fit after "found".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number { .. } => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Reads a text. Syntax errors go to the log, all of them; what could be read is returned.
pub fn parse(log: &Log, origin: &str, text: &str) -> Node {
    let number = log.open(origin, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        log.problem(
            Place { text: number, offset },
            "",
            format!("TOML syntax: {}", error.message().lines().next().unwrap_or("not TOML")),
            "mend this line; values are \"text\", 0x15, 21, true, [lists] and { tables }",
        );
    }
    let at = Place { text: number, offset: 0 };
    Node { at, value: Value::Table(table(number, root.get_ref())) }
}

fn table(text: usize, table_: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table_
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: Place { text, offset: key.span().start },
            node: node(text, value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Table { entries }
}

fn node(text: usize, value: &Spanned<DeValue<'_>>) -> Node {
    let at = Place { text, offset: value.span().start };
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) => Value::Number { value, hex: number.radix() == 16 },
            Err(_) => Value::Other("a number beyond 64 bits"),
        },
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(list) => Value::List(list.iter().map(|item| node(text, item)).collect()),
        DeValue::Table(inner) => Value::Table(table(text, inner)),
        DeValue::Float(_) => Value::Other("a decimal fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
    };
    Node { at, value }
}
