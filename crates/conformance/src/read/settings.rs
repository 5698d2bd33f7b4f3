//! Settings of a card, as of `--set`.

use applet_spec::text::{Node, Section, Value, nearest};
use purse::setting::{SETTINGS, Setting, SettingError};

use super::here::Here;

/// Most tables inside each other: `ed.balance` may be written as a table of a table.
const DEPTH: usize = 4;

/// The settings under a key. Each is tried as `--set` takes it.
pub(super) fn read(
    here: &Here<'_>,
    section: &Section<'_>,
    key: &str,
) -> Option<Vec<(String, String)>> {
    let mut out = Vec::new();
    let mut whole = true;
    for entry in section.entries(key)? {
        let path = section.path_of(&format!("{key}.{}", entry.key));
        whole &= one(here, &entry.key, &entry.node, &path, &mut out, DEPTH);
    }
    whole.then_some(out)
}

fn one(
    here: &Here<'_>,
    name: &str,
    node: &Node,
    path: &str,
    out: &mut Vec<(String, String)>,
    depth: usize,
) -> bool {
    let text = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Number { value, hex: true } if *value >= 0 => format!("0x{value:X}"),
        Value::Number { value, .. } if *value >= 0 => value.to_string(),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Table(table) if depth > 0 => {
            let each = table.entries.iter().map(|entry| {
                let (name, path) =
                    (format!("{name}.{}", entry.key), format!("{path}.{}", entry.key));
                one(here, &name, &entry.node, &path, out, depth - 1)
            });
            // Each is looked at, so that every wrong one is told.
            return each.filter(|whole| !whole).count() == 0;
        }
        other => {
            let mend = "write what --set takes, in quotes";
            here.wrong(node, path, format!("found {}", other.kind()), mend);
            return false;
        }
    };
    // What follows from the case is known only when it runs.
    let checked =
        if text.contains('$') { known_key(name) } else { Setting::parse(name, &text).err() };
    match checked {
        None => {
            out.push((name.to_owned(), text));
            true
        }
        Some(error) => {
            let (message, mend) = words(name, error);
            here.wrong(node, path, message, mend);
            false
        }
    }
}

/// Why a key is none, whatever its value.
fn known_key(name: &str) -> Option<SettingError> {
    match Setting::parse(name, "") {
        Err(error @ SettingError::UnknownKey { .. }) => Some(error),
        _ => None,
    }
}

fn words(name: &str, error: SettingError) -> (String, String) {
    match error {
        SettingError::UnknownKey { .. } => {
            let known = SETTINGS.iter().map(|setting| setting.key);
            let bare = name.trim_start_matches("ed.").trim_start_matches("ep.");
            let mend = match nearest(bare, known.clone()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
            };
            (format!("no setting {name:?}"), mend)
        }
        SettingError::Value { value, reason, expected, .. } => {
            (format!("{value:?}: {reason}"), format!("write {expected}"))
        }
        SettingError::Absent { what, .. } => (
            format!("no {what}"),
            "name what cards have, such as key-tries.maintenance.1".to_owned(),
        ),
    }
}
