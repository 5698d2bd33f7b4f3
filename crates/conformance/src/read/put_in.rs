//! `${name}`: values of a matrix put into a case.

use applet_spec::text::{Entry, Node, Table, Value, nearest};

use super::MAX_MULTIPLIED;
use super::matrix::Row;

/// What a value of the tree costs beside its text, roughly.
const NODE: usize = 40;

/// How much has been multiplied out so far.
#[derive(Default)]
pub(super) struct Sizes {
    /// Bytes of text, and a charge for each value.
    pub bytes: usize,
    /// Cases.
    pub cases: usize,
}

/// The names `${name}` in a text.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let rest = text.split("${").skip(1);
    rest.filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// The text with the values put in; names that are not known stay.
pub(super) fn substitute(text: &str, values: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| known == name).map(|(_, value)| (value, after))
        });
        match known {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The case with a row's values put in. `None` once too much has been multiplied out.
pub(super) fn put_in(node: &Node, row: &Row, sizes: &mut Sizes) -> Option<Node> {
    let mut charge = |text: &str| {
        sizes.bytes = sizes.bytes.saturating_add(text.len() + NODE);
        (sizes.bytes <= MAX_MULTIPLIED).then_some(())
    };
    charge("")?;
    let value = match &node.value {
        Value::Text(text) => {
            let made = substitute(text, &row.values);
            charge(&made)?;
            Value::Text(made)
        }
        Value::List(items) => {
            let mut out = Vec::new();
            for item in items {
                out.push(put_in(item, row, sizes)?);
            }
            Value::List(out)
        }
        Value::Table(table) => {
            let mut entries = Vec::new();
            for Entry { key, at, node } in &table.entries {
                let key = substitute(key, &row.values);
                entries.push(Entry { key, at: *at, node: put_in(node, row, sizes)? });
            }
            Value::Table(Table { entries })
        }
        other => other.clone(),
    };
    Some(Node { at: node.at, value })
}

/// Tells names that stand in a case and not in its matrix.
pub(super) fn refuse_unknown(
    node: &Node,
    path: &str,
    known: &[(String, String)],
    tell: &mut impl FnMut(&Node, usize, &str, String, String),
) {
    let told = |text: &str,
                node: &Node,
                path: &str,
                tell: &mut dyn FnMut(&Node, usize, &str, String, String)| {
        for name in names_in(text).filter(|name| !known.iter().any(|(known, _)| known == name)) {
            let at = text.find(&format!("${{{name}}}")).unwrap_or(0);
            let names = known.iter().map(|(known, _)| known.as_str());
            tell(node, at, path, unknown(name), mend_unknown(name, names));
        }
    };
    match &node.value {
        Value::Text(text) => told(text, node, path, tell),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                refuse_unknown(item, &format!("{path}[{at}]"), known, tell);
            }
        }
        Value::Table(table) => {
            for entry in &table.entries {
                let path = format!("{path}.{}", entry.key);
                let key = Node { at: entry.at, value: Value::Flag(false) };
                told(&entry.key, &key, &path, tell);
                refuse_unknown(&entry.node, &path, known, tell);
            }
        }
        _ => {}
    }
}

pub(super) fn unknown(name: &str) -> String {
    format!("${{{name}}} is no name of the matrix of this case")
}

pub(super) fn mend_unknown<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean ${{{near}}}?"),
        None => match known.collect::<Vec<_>>().join(", ") {
            names if names.is_empty() => format!("add [[case.matrix]] with {name} = [..]"),
            names => format!("its names are {names}"),
        },
    }
}
