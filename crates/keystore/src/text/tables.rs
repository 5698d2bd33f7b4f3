//! TOML: `[[key]]` with `name`, `suite`, `key` or `components`, and `kcv`.

use std::ops::Range;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Written, Wrong};
use crate::import::NewKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    key: Vec<toml::Spanned<Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    suite: String,
    key: Option<SecretText>,
    #[serde(default)]
    components: Vec<SecretText>,
    kcv: Option<String>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(Zeroizing<String>);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<(usize, NewKey)>, Wrong> {
    let document: Document = toml::from_str(text).map_err(|error| {
        // TOML's own words may quote the value that they are about, which may be a key.
        let problem = "not a list of keys: a [[key]] has name, suite, key or components (a list), \
                       and if you like kcv; all of them texts in quotes"
            .to_owned();
        Wrong { line: line_of(text, error.span()), problem }
    })?;
    let mut keys = Vec::new();
    for table in document.key {
        let line = line_of(text, Some(table.span()));
        let table = table.into_inner();
        let key = table.read().map_err(|problem| Wrong { line, problem })?;
        keys.push((line, key));
    }
    Ok(keys)
}

impl Table {
    fn read(&self) -> Result<NewKey, String> {
        if self.key.is_some() != self.components.is_empty() {
            return Err("a [[key]] has either key or components".to_owned());
        }
        let parts = self.key.iter().chain(&self.components).map(|part| part.0.as_str()).collect();
        let check_value = self.kcv.as_deref();
        Written { name: &self.name, suite: &self.suite, parts, check_value }.read()
    }
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let before = text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}
