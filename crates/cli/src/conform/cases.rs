//! Which suites are meant.

use std::path::Path;
use std::sync::Arc;

use applet_spec::Profile;
use conformance::{Case, Suites, generate};

use crate::error::CliError;

/// The word for everything that is built in.
pub const ALL: &str = "all";

/// The cases that `words` mean on cards of `profile`: `all`, families by name, files.
///
/// # Errors
/// A file that is wrong or not there, a family that there is not.
pub fn named(words: &[String], profile: &Profile) -> Result<Vec<Arc<Case>>, CliError> {
    let built_in = built_in(profile);
    if words.is_empty() {
        return Ok(built_in);
    }
    let (files, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| is_file(word));
    let mut cases = Vec::new();
    for name in names {
        let of_family = |case: &&Arc<Case>| name == ALL || case.family.name == *name;
        let found: Vec<Arc<Case>> = built_in.iter().filter(of_family).cloned().collect();
        if found.is_empty() {
            return Err(no_family(name, &built_in));
        }
        cases.extend(found.into_iter().filter(|case| !has(&cases, case)).collect::<Vec<_>>());
    }
    if !files.is_empty() {
        let paths: Vec<&Path> = files.iter().map(Path::new).collect();
        let own = Suites::load(&paths, &wrong_card_names())?;
        cases.extend(own.cases().cloned());
    }
    Ok(cases)
}

/// Every case that is built in, with those generated for `profile`.
pub fn built_in(profile: &Profile) -> Vec<Arc<Case>> {
    Suites::built_in().cases().cloned().chain(generate::cases(profile)).collect()
}

/// The names that cases may catch.
pub fn wrong_card_names() -> Vec<&'static str> {
    emulator::wrong::shelf().iter().map(|card| card.name.as_str()).collect()
}

fn is_file(word: &str) -> bool {
    word.ends_with(".toml") || word.contains('/') || Path::new(word).is_file()
}

fn has(cases: &[Arc<Case>], case: &Arc<Case>) -> bool {
    cases.iter().any(|held| held.id == case.id)
}

fn no_family(name: &str, cases: &[Arc<Case>]) -> CliError {
    let mut families: Vec<&str> = cases.iter().map(|case| case.family.name.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let near = applet_spec::text::nearest(name, families.iter().copied());
    let message = match near {
        Some(near) => format!("no suite is called '{name}'; did you mean {near}?"),
        None => format!("no suite is called '{name}', and there is no such file"),
    };
    CliError::mistyped(message, format!("purse conform run {ALL}, or of: {}", families.join(", ")))
}
