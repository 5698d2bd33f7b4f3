//! Keys written down by people: lines or TOML, whole or in components. What is wrong is told by
//! line, and never with the key in it.

mod component;
mod lines;
mod tables;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use crypto::Suite;
use crypto::custody::{KeyName, Secrecy};
use zeroize::Zeroizing;

use crate::import::NewKey;

pub use component::{Component, ComponentError, combine};

/// Why a text is no list of keys.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Something on a line.
    #[error("{origin}:{line}: {problem}")]
    Line {
        /// File, or `stdin`.
        origin: String,
        /// From 1.
        line: usize,
        /// What, and what to write.
        problem: String,
    },
    /// Nothing in it.
    #[error("{origin} has no keys; write lines like: jtt978/1001/purchase/01/01 3des HEX = KCV")]
    Nothing {
        /// File, or `stdin`.
        origin: String,
    },
    /// Not to be read.
    #[error("failed to read keys from {origin}: {source}")]
    Read {
        /// File, or `stdin`.
        origin: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Too much of it.
    #[error("{origin} has more than {most} bytes and is no list of keys")]
    TooLong {
        /// File, or `stdin`.
        origin: String,
        /// Most bytes.
        most: usize,
    },
    /// Not text.
    #[error("{origin} is not UTF-8 text (byte {offset})")]
    NotText {
        /// File, or `stdin`.
        origin: String,
        /// Where it stops being text.
        offset: usize,
    },
}

/// Reads a text with keys in it from a file, or with `-` from stdin.
///
/// # Errors
/// [`ImportError`].
pub fn read_secret_text(path: &str) -> Result<(Zeroizing<String>, String), ImportError> {
    const MOST: usize = 1024 * 1024;
    let origin = if path == "-" { "stdin" } else { path }.to_owned();
    // With its whole room from the start, no copies of keys are left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST.saturating_add(1)));
    let most = (MOST as u64).saturating_add(1);
    let read = match path {
        "-" => io::stdin().lock().take(most).read_to_end(&mut bytes),
        path => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    if let Err(source) = read {
        return Err(ImportError::Read { origin, source });
    }
    if bytes.len() > MOST {
        return Err(ImportError::TooLong { origin, most: MOST });
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok((Zeroizing::new(text.trim_start_matches('\u{FEFF}').to_owned()), origin)),
        Err(error) => Err(ImportError::NotText { origin, offset: error.valid_up_to() }),
    }
}

/// The keys of a text: TOML where a line begins with `[[key]]`, else one key per line,
/// `NAME SUITE PART [+ PART]... [= KCV]`, a PART being `HEX[:KCV]`.
///
/// # Errors
/// [`ImportError`], for the first line that is wrong.
pub fn parse_keys(text: &str, origin: &str) -> Result<Vec<NewKey>, ImportError> {
    let toml = text.lines().any(|line| line.trim_start().starts_with("[[key]]"));
    let parsed = if toml { tables::parse(text) } else { lines::parse(text) };
    let at = |line, problem| ImportError::Line { origin: origin.to_owned(), line, problem };
    let parsed = parsed.map_err(|Wrong { line, problem }| at(line, problem))?;
    if parsed.is_empty() {
        return Err(ImportError::Nothing { origin: origin.to_owned() });
    }
    let mut lines = BTreeMap::new();
    for (line, key) in &parsed {
        if let Some(first) = lines.insert(&key.name, line) {
            return Err(at(*line, format!("{} is on line {first} already", key.name)));
        }
    }
    Ok(parsed.into_iter().map(|(_, key)| key).collect())
}

/// What is wrong on a line.
struct Wrong {
    line: usize,
    problem: String,
}

/// A key as it is written, each part of it still text.
struct Written<'t> {
    name: &'t str,
    suite: &'t str,
    parts: Vec<&'t str>,
    check_value: Option<&'t str>,
}

impl Written<'_> {
    fn read(&self) -> Result<NewKey, String> {
        let name = KeyName::new(self.name).map_err(|error| error.to_string())?;
        let suite = Suite::named(self.suite).ok_or_else(|| {
            format!("{name}: the suite is 3des or sm4, and the second word is neither")
        })?;
        let read = || {
            let parts: Vec<_> = (1_usize..)
                .zip(&self.parts)
                .map(|(at, part)| {
                    Component::parse(suite, part).map_err(|problem| match self.parts.len() {
                        1 => problem.to_string(),
                        _ => format!("component {at}: {problem}"),
                    })
                })
                .collect::<Result<_, _>>()?;
            let expected = self.check_value.map(component::check_value).transpose();
            let expected = expected.map_err(|problem| problem.to_string())?;
            let checked = expected.is_some() || parts.iter().all(Component::is_checked);
            // A slip in one part of several would go unseen.
            if parts.len() > 1 && !checked {
                let mend = "write HEX:KCV for each, or = KCV at the end";
                return Err(format!("components without check values: {mend}"));
            }
            combine(suite, &parts, expected).map_err(|problem| problem.to_string())
        };
        let key = read().map_err(|problem| format!("{name}: {problem}"))?;
        Ok(NewKey { name, suite, key, secrecy: Secrecy::Guarded })
    }
}
