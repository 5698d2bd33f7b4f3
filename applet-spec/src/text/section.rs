//! A table being read: takes keys out by type, and says what is wrong with them.

use super::tree::Entry;
use super::values::nearest;
use super::{FromNode, Log, Node, Place, Table, Value};

/// A table at a path. Clones are cheap; all of them write to the same log.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    log: &'a Log,
    table: &'a Table,
    at: Place,
    path: String,
    keys: &'static [&'static str],
}

impl<'a> Section<'a> {
    /// Opens the table at `node`; keys other than `keys` are a problem.
    pub fn open(
        log: &'a Log,
        node: &'a Node,
        path: impl Into<String>,
        keys: &'static [&'static str],
    ) -> Option<Self> {
        let path = path.into();
        let Value::Table(table) = &node.value else {
            let found = format!("found {}", node.value.kind());
            log.problem(
                node.at,
                path,
                found,
                format!("write a table with the keys {}", list(keys)),
            );
            return None;
        };
        let section = Self { log, table, at: node.at, path, keys };
        section.refuse_unknown_keys();
        Some(section)
    }

    fn refuse_unknown_keys(&self) {
        for entry in &self.table.entries {
            if self.keys.contains(&entry.key.as_str()) || self.log.is_full() {
                continue;
            }
            let mend = match nearest(&entry.key, self.keys.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("remove it; the keys here are {}", list(self.keys)),
            };
            self.log.problem(entry.at, self.path_of(&entry.key), "unknown key", mend);
        }
    }

    /// A key that must be there.
    pub fn need<T: FromNode>(&self, key: &str) -> Option<T> {
        if self.table.find(key).is_none() {
            self.missing(key);
            return None;
        }
        self.value(key)
    }

    /// A key that may be missing: `Some(None)` where it is, or where it is `"none"`; `None` where
    /// it is wrong.
    pub fn maybe<T: FromNode>(&self, key: &str) -> Option<Option<T>> {
        match self.table.find(key).map(|entry| &entry.node.value) {
            None => Some(None),
            Some(Value::Text(text)) if text == "none" => Some(None),
            Some(_) => self.value(key).map(Some),
        }
    }

    /// A key with a default.
    pub fn or<T: FromNode>(&self, key: &str, default: T) -> Option<T> {
        if self.table.find(key).is_some() { self.value(key) } else { Some(default) }
    }

    /// A list of values; a missing key is an empty list.
    pub fn list<T: FromNode>(&self, key: &str) -> Option<Vec<T>> {
        let Some(node) = self.node(key) else { return Some(Vec::new()) };
        let Value::List(items) = &node.value else {
            self.wrong(key, format!("found {}", node.value.kind()), "write a list in brackets");
            return None;
        };
        // Collected first, so that every wrong item is told.
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(at, item)| self.read(item, &format!("{key}[{at}]")))
            .collect();
        read.into_iter().collect()
    }

    /// The table under `key`, where there is one.
    pub fn section(&self, key: &str, keys: &'static [&'static str]) -> Option<Section<'a>> {
        let node = self.node(key)?;
        if matches!(&node.value, Value::Text(text) if text == "none") {
            return None;
        }
        Section::open(self.log, node, self.path_of(key), keys)
    }

    /// The tables under `key` (`[[key]]`); a missing key is an empty list.
    pub fn sections(&self, key: &str, keys: &'static [&'static str]) -> Option<Vec<Section<'a>>> {
        let Some(node) = self.node(key) else { return Some(Vec::new()) };
        let Value::List(items) = &node.value else {
            let found = format!("found {}", node.value.kind());
            self.wrong(key, found, format!("write one [[{}]] per entry", self.header(key)));
            return None;
        };
        let read: Vec<Option<Section<'a>>> = items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                Section::open(self.log, item, self.path_of(&format!("{key}[{at}]")), keys)
            })
            .collect();
        read.into_iter().collect()
    }

    /// A table whose keys are free: key and value, in the order of the text; a missing table is empty.
    pub fn pairs<T: FromNode>(&self, key: &str) -> Option<Vec<(String, T)>> {
        let entries = self.entries(key)?;
        let read: Vec<Option<(String, T)>> = entries
            .iter()
            .map(|entry| {
                let value = self.read(&entry.node, &format!("{key}.{}", entry.key))?;
                Some((entry.key.clone(), value))
            })
            .collect();
        read.into_iter().collect()
    }

    /// A table whose keys are free and whose values are tables with these keys.
    pub fn free_sections(
        &self,
        key: &str,
        keys: &'static [&'static str],
    ) -> Option<Vec<(String, Section<'a>)>> {
        let entries = self.entries(key)?;
        let read: Vec<Option<(String, Section<'a>)>> = entries
            .iter()
            .map(|entry| {
                let path = self.path_of(&format!("{key}.{}", entry.key));
                Some((entry.key.clone(), Section::open(self.log, &entry.node, path, keys)?))
            })
            .collect();
        read.into_iter().collect()
    }

    /// The same table, of whose keys only `keys` are right here.
    pub fn narrowed(&self, keys: &'static [&'static str]) -> Self {
        let narrowed = Self { keys, ..self.clone() };
        narrowed.refuse_unknown_keys();
        narrowed
    }

    /// The entries of a table whose keys are free, in the order of the text; a missing table is empty.
    pub fn entries(&self, key: &str) -> Option<&'a [Entry]> {
        let Some(node) = self.node(key) else { return Some(&[]) };
        let Value::Table(table) = &node.value else {
            self.wrong(key, format!("found {}", node.value.kind()), "write a table");
            return None;
        };
        Some(&table.entries)
    }

    /// Whether the key is there (and not `"none"`).
    pub fn has(&self, key: &str) -> bool {
        self.node(key).is_some_and(|node| !matches!(&node.value, Value::Text(t) if t == "none"))
    }

    /// Says that a key is missing, at the header of the table.
    pub fn missing(&self, key: &str) {
        let wanted = if self.path.is_empty() {
            format!("add `{key} = ..` before the first table")
        } else {
            format!("add `{key} = ..` to this table")
        };
        self.log.problem(self.at, self.path_of(key), "missing key", wanted);
    }

    /// Says what is wrong with `key`, at its value.
    pub fn wrong(&self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        let at = self.node(key).map_or(self.at, |node| node.at);
        self.log.problem(at, self.path_of(key), message, mend);
    }

    /// Says what is wrong with item `index` of the list `key`.
    pub fn wrong_item(
        &self,
        key: &str,
        index: usize,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let at = match self.node(key).map(|node| (&node.value, node.at)) {
            Some((Value::List(items), at)) => items.get(index).map_or(at, |item| item.at),
            Some((_, at)) => at,
            None => self.at,
        };
        self.log.problem(at, self.path_of(&format!("{key}[{index}]")), message, mend);
    }

    /// Says what is wrong with the value of `entry` in the table `key` whose keys are free.
    pub fn wrong_entry(
        &self,
        key: &str,
        entry: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let table = self.node(key).and_then(|node| match &node.value {
            Value::Table(table) => table.find(entry),
            _ => None,
        });
        let at = table.map_or(self.at, |entry| entry.node.at);
        self.log.problem(at, self.path_of(&format!("{key}.{entry}")), message, mend);
    }

    /// Says what is wrong with the table as a whole.
    pub fn wrong_here(&self, message: impl Into<String>, mend: impl Into<String>) {
        self.log.problem(self.at, self.path.clone(), message, mend);
    }

    /// The value of a key as it stands in the text.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        debug_assert!(self.keys.contains(&key), "{key} is not among the keys of {}", self.path);
        self.table.find(key).map(|entry| &entry.node)
    }

    fn value<T: FromNode>(&self, key: &str) -> Option<T> {
        self.node(key).and_then(|node| self.read(node, key))
    }

    fn read<T: FromNode>(&self, node: &Node, key: &str) -> Option<T> {
        T::from_node(node)
            .map_err(|why| self.log.problem(node.at, self.path_of(key), why.message, why.mend))
            .ok()
    }

    /// The path of a key of this table, as problems name it.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The path as a TOML header writes it: without indices.
    fn header(&self, key: &str) -> String {
        let mut header = String::new();
        let mut inside = false;
        for c in self.path_of(key).chars() {
            match c {
                '[' => inside = true,
                ']' => inside = false,
                _ if !inside => header.push(c),
                _ => {}
            }
        }
        header
    }
}

fn list(keys: &[&str]) -> String {
    keys.join(", ")
}
