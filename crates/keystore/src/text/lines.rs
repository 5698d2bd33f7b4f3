//! One key per line: `NAME SUITE PART [+ PART]... [= KCV]`; `#` begins a comment.

use super::{Written, Wrong};
use crate::import::NewKey;

pub(super) fn parse(text: &str) -> Result<Vec<(usize, NewKey)>, Wrong> {
    let mut keys = Vec::new();
    for (line, content) in (1_usize..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default();
        let words: Vec<&str> = content.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let key = written(&words).and_then(|written| written.read());
        keys.push((line, key.map_err(|problem| Wrong { line, problem })?));
    }
    Ok(keys)
}

fn written<'t>(words: &[&'t str]) -> Result<Written<'t>, String> {
    let form = || "a line is NAME SUITE HEX, or NAME SUITE HEX:KCV + HEX:KCV = KCV".to_owned();
    let [name, suite, rest @ ..] = words else { return Err(form()) };
    let (rest, check_value) = match rest {
        [rest @ .., "=", value] => (rest, Some(*value)),
        rest => (rest, None),
    };
    // A part on every second place, "+" between.
    let parts: Vec<&str> = rest.iter().step_by(2).copied().collect();
    let joined = rest.iter().skip(1).step_by(2).all(|word| *word == "+");
    if rest.len() % 2 == 0 || !joined {
        return Err(form());
    }
    Ok(Written { name, suite, parts, check_value })
}
