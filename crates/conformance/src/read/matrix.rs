//! Parameters of a case: from `[[case.matrix]]` to rows, and rows put into the case.

use applet_spec::text::{Entry, Log, Node, Place, Value};

use super::MAX_ROWS;
use super::put_in::{mend_unknown, names_in, substitute, unknown};

/// Most names of one case.
const MAX_NAMES: usize = 32;
/// One row: names and the texts they stand for.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What is put in.
    pub values: Vec<(String, String)>,
    /// What the row is called in ids: `amount=250`; empty where there is no matrix.
    pub label: String,
}

/// A name of a matrix, and its values: one is the same in every row.
struct Column<'a> {
    name: &'a str,
    at: Place,
    values: Vec<String>,
    single: bool,
}

/// The rows of a case; a case without matrix has one without names. `None` where something is wrong
/// with the matrix.
pub(super) fn rows(log: &Log, matrix: Option<&Node>, path: &str) -> Option<Vec<Row>> {
    let whole = vec![Row { values: Vec::new(), label: String::new() }];
    let Some(node) = matrix else { return Some(whole) };
    let path = format!("{path}.matrix");
    let Value::List(tables) = &node.value else {
        let found = format!("found {}", node.value.kind());
        log.problem(node.at, path, found, "write [[case.matrix]]");
        return None;
    };
    let before = log.count();
    let tables: Vec<Vec<Column<'_>>> = tables
        .iter()
        .enumerate()
        .map(|(at, table)| columns(log, table, &format!("{path}[{at}]")))
        .collect();
    let all: Vec<&Column<'_>> = tables.iter().flatten().collect();
    refuse_twice(log, &all, &path);
    if all.len() > MAX_NAMES {
        let message = format!("{} names", all.len());
        log.problem(node.at, path.as_str(), message, format!("use at most {MAX_NAMES}"));
    }
    if log.count() > before {
        return None;
    }
    let order = order(log, &all, &path)?;
    let count = tables.iter().fold(1usize, |count, table| count.saturating_mul(height(table)));
    if count > MAX_ROWS {
        let message = format!("{count} cases of one");
        let mend = format!("at most {MAX_ROWS}; leave out values, or write several cases");
        log.problem(node.at, path, message, mend);
        return None;
    }
    let rows = (0..count).map(|number| row(&tables, &all, &order, number));
    rows.collect::<Option<Vec<Row>>>().or_else(|| {
        let mend = "names made of names made of names become long; write them out";
        log.problem(node.at, path, "the values are too long", mend);
        None
    })
}

fn columns<'a>(log: &Log, node: &'a Node, path: &str) -> Vec<Column<'a>> {
    let Value::Table(table) = &node.value else {
        let found = format!("found {}", node.value.kind());
        log.problem(node.at, path, found, "write [[case.matrix]] with names and lists");
        return Vec::new();
    };
    let columns: Vec<Column<'a>> =
        table.entries.iter().filter_map(|entry| column(log, entry, path)).collect();
    let mut lists = columns.iter().filter(|column| !column.single);
    if let Some(first) = lists.next() {
        for other in lists.filter(|other| other.values.len() != first.values.len()) {
            let message =
                format!("{} values, {} has {}", other.values.len(), first.name, first.values.len());
            let mend = "lists of one table go together row by row: give them one length";
            log.problem(other.at, format!("{path}.{}", other.name), message, mend);
        }
        if let Some(row) = same_rows(&columns) {
            let message = format!("rows {} and {} are the same", row.0 + 1, row.1 + 1);
            log.problem(first.at, path, message, "leave one of them out");
        }
    }
    columns
}

fn column<'a>(log: &Log, entry: &'a Entry, path: &str) -> Option<Column<'a>> {
    let path = format!("{path}.{}", entry.key);
    let name = entry.key.as_str();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let mend = "write letters, digits and hyphens";
        log.problem(entry.at, path, format!("{name:?} is no name"), mend);
        return None;
    }
    let (values, single) = match &entry.node.value {
        Value::List(items) if items.is_empty() => {
            log.problem(
                entry.node.at,
                path,
                "an empty list",
                "the case would never run: add values",
            );
            return None;
        }
        Value::List(items) => {
            let texts: Vec<Option<String>> = items
                .iter()
                .enumerate()
                .map(|(at, item)| value_text(log, item, &format!("{path}[{at}]")))
                .collect();
            (texts.into_iter().collect::<Option<Vec<String>>>()?, false)
        }
        _ => (vec![value_text(log, &entry.node, &path)?], true),
    };
    Some(Column { name, at: entry.node.at, values, single })
}

fn value_text(log: &Log, node: &Node, path: &str) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Number { value, hex: true } if *value >= 0 => Some(format!("0x{value:02X}")),
        Value::Number { value, .. } => Some(value.to_string()),
        Value::Flag(flag) => Some(flag.to_string()),
        other => {
            log.problem(
                node.at,
                path,
                format!("found {}", other.kind()),
                "write a text or a number",
            );
            None
        }
    }
}

fn refuse_twice(log: &Log, all: &[&Column<'_>], path: &str) {
    for (at, column) in all.iter().enumerate() {
        if all.iter().take(at).any(|before| before.name == column.name) {
            let path = format!("{path}.{}", column.name);
            let message = format!("{} is in two tables of the matrix", column.name);
            log.problem(column.at, path, message, "give one of them another name");
        }
    }
}

fn same_rows(columns: &[Column<'_>]) -> Option<(usize, usize)> {
    let mut seen = std::collections::HashMap::new();
    let height = columns.iter().filter(|c| !c.single).map(|c| c.values.len()).min()?;
    (0..height).find_map(|row| {
        let cells: Vec<&String> =
            columns.iter().filter(|c| !c.single).filter_map(|c| c.values.get(row)).collect();
        seen.insert(cells, row).map(|before| (before, row))
    })
}

fn height(columns: &[Column<'_>]) -> usize {
    columns
        .iter()
        .filter(|column| !column.single)
        .map(|column| column.values.len())
        .max()
        .unwrap_or(1)
}

/// The names in an order in which each is made only of those before it.
fn order(log: &Log, all: &[&Column<'_>], path: &str) -> Option<Vec<usize>> {
    let mut uses: Vec<Vec<usize>> = Vec::new();
    let mut whole = true;
    for column in all {
        let mut of = Vec::new();
        for name in column.values.iter().flat_map(|value| names_in(value)) {
            match all.iter().position(|known| known.name == name) {
                Some(at) => of.push(at),
                None => {
                    whole = false;
                    let known = all.iter().map(|known| known.name);
                    let path = format!("{path}.{}", column.name);
                    log.problem(column.at, path, unknown(name), mend_unknown(name, known));
                }
            }
        }
        of.sort_unstable();
        of.dedup();
        uses.push(of);
    }
    if !whole {
        return None;
    }
    let mut order: Vec<usize> = Vec::new();
    while order.len() < all.len() {
        let ready = uses
            .iter()
            .enumerate()
            .find(|(at, uses)| !order.contains(at) && uses.iter().all(|used| order.contains(used)));
        match ready {
            Some((at, _)) => order.push(at),
            None => {
                let names = cycle(all, &uses, &order);
                let at = all.iter().find(|column| Some(&column.name) == names.first());
                if let Some(column) = at {
                    let message =
                        format!("{} is made of itself: {}", column.name, names.join(" -> "));
                    let path = format!("{path}.{}", column.name);
                    log.problem(column.at, path, message, "give one of them a value of its own");
                }
                return None;
            }
        }
    }
    Some(order)
}

/// The names of a circle, the first of them again at the end.
fn cycle<'a>(all: &[&Column<'a>], uses: &[Vec<usize>], done: &[usize]) -> Vec<&'a str> {
    let Some(mut at) = (0..all.len()).find(|at| !done.contains(at)) else { return Vec::new() };
    let mut walked: Vec<usize> = Vec::new();
    while !walked.contains(&at) {
        walked.push(at);
        let next = uses.get(at).and_then(|uses| uses.iter().find(|used| !done.contains(used)));
        at = *next.unwrap_or(&at);
    }
    let circle = walked.iter().skip_while(|step| **step != at).chain(std::iter::once(&at));
    circle.filter_map(|step| all.get(*step)).map(|column| column.name).collect()
}

/// Row `number` of the product; the last table goes fastest. `None` where it becomes too long.
fn row(
    tables: &[Vec<Column<'_>>],
    all: &[&Column<'_>],
    order: &[usize],
    number: usize,
) -> Option<Row> {
    let mut picks: Vec<usize> = Vec::new();
    let mut rest = number;
    for table in tables.iter().rev() {
        picks.push(rest % height(table));
        rest /= height(table);
    }
    picks.reverse();
    let pick = |column: &Column<'_>, at: usize| {
        column.values.get(if column.single { 0 } else { at }).cloned().unwrap_or_default()
    };
    let mut raw: Vec<String> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for (table, at) in tables.iter().zip(&picks) {
        raw.extend(table.iter().map(|column| pick(column, *at)));
        let told = telling(table);
        labels.extend(told.map(|c| format!("{}={}", c.name, short(&pick(c, *at)))));
    }
    let mut values: Vec<(String, String)> = Vec::new();
    for at in order {
        let (column, text) = (all.get(*at)?, raw.get(*at)?);
        let made = substitute(text, &values);
        if made.len() > 64 * 1024 {
            return None;
        }
        values.push((column.name.to_owned(), made));
    }
    Some(Row { values, label: labels.join(",") })
}

/// The first lists of a table, as many as are needed to tell its rows apart.
fn telling<'t, 'a>(table: &'t [Column<'a>]) -> impl Iterator<Item = &'t Column<'a>> {
    let lists: Vec<&Column<'a>> = table.iter().filter(|column| !column.single).collect();
    let rows = height(table);
    let told = |count: usize| {
        let mut seen = std::collections::HashSet::new();
        (0..rows).all(|row| {
            let cells: Vec<String> = lists
                .iter()
                .take(count)
                .filter_map(|column| column.values.get(row).map(|value| short(value)))
                .collect();
            seen.insert(cells)
        })
    };
    let count = (1..=lists.len()).find(|count| told(*count)).unwrap_or(lists.len());
    lists.into_iter().take(count)
}

/// A value as ids have it: without blanks, which would part words on a command line.
fn short(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace()).collect()
}
