//! `extends`: a text that says only what differs from another one.

use super::tree::Entry;
use super::{Node, Table, Value};

/// Lists of tables whose entries have an identity, and the keys that make it. An entry of the
/// extending text changes the entry of the base with the same identity, else it is added.
const IDENTITIES: &[(&str, &[&str])] = &[
    ("directory", &["fid"]),
    ("file", &["sfi"]),
    ("key", &["kind", "index"]),
    ("sam-key", &["usage", "index"]),
    ("purse", &["kind"]),
];

/// Lays `over` onto `base`: tables key by key, lists with identities entry by entry, all else whole.
pub(crate) fn merge(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Table(base), Value::Table(table)) => {
            Node { at: over.at, value: Value::Table(merge_tables(base, table)) }
        }
        (_, value) => Node { at: over.at, value },
    }
}

fn merge_tables(mut base: Table, over: Table) -> Table {
    for entry in over.entries {
        let identity = IDENTITIES.iter().find(|(key, _)| *key == entry.key).map(|(_, by)| *by);
        let Some(old) = base.entries.iter_mut().find(|old| old.key == entry.key) else {
            base.entries.push(entry);
            continue;
        };
        let Entry { key: _, at, node: Node { at: node_at, value } } = entry;
        let old_node =
            std::mem::replace(&mut old.node, Node { at: node_at, value: Value::Flag(false) });
        old.node = match (identity, old_node.value, value) {
            (Some(by), Value::List(base), Value::List(items)) => {
                Node { at: node_at, value: Value::List(merge_lists(base, items, by)) }
            }
            (_, base, value) => {
                merge(Node { at: old_node.at, value: base }, Node { at: node_at, value })
            }
        };
        old.at = at;
    }
    base
}

/// Each entry of the base is changed at most once, so that a text with two entries of the same
/// identity is found out later.
fn merge_lists(mut base: Vec<Node>, items: Vec<Node>, by: &[&str]) -> Vec<Node> {
    let mut changed = vec![false; base.len()];
    for item in items {
        let twin = base
            .iter()
            .zip(&changed)
            .position(|(old, changed)| !changed && same_identity(old, &item, by));
        match twin.and_then(|at| Some((base.get_mut(at)?, changed.get_mut(at)?))) {
            Some((old, changed)) => {
                *changed = true;
                *old = merge(old.clone(), item);
            }
            None => base.push(item),
        }
    }
    base
}

fn same_identity(a: &Node, b: &Node, by: &[&str]) -> bool {
    let (Value::Table(a), Value::Table(b)) = (&a.value, &b.value) else { return false };
    by.iter().all(|key| match (a.find(key), b.find(key)) {
        (Some(a), Some(b)) => match (&a.node.value, &b.node.value) {
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Number { value: a, .. }, Value::Number { value: b, .. }) => a == b,
            _ => false,
        },
        _ => false,
    })
}
