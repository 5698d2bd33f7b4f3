//! Which cases are meant.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use applet_spec::Profile;
use applet_spec::text::MAX_TEXT;
use conformance::{Case, Rules, Suites, generate};

use crate::error::CliError;

/// The cases that `names` mean on cards of `profile`: `all`, families by name, suite files. Without
/// a name all are meant.
///
/// # Errors
/// A file that is wrong or not there, a family that there is not.
pub fn named(names: &[String], profile: &Profile) -> Result<Vec<Arc<Case>>, CliError> {
    let all = ["all".to_owned()];
    let names = if names.is_empty() { &all } else { names };
    let generated = generate::cases(profile);
    let only_generated = |name: &String| {
        Suites::built_in().family(name).is_none()
            && generated.iter().any(|case| case.family.name == *name)
    };
    let written: Vec<&String> = names.iter().filter(|name| !only_generated(name)).collect();
    let suites = Suites::load(&written, &rules(), bounded)?;
    let wanted =
        |case: &&Arc<Case>| names.iter().any(|name| name == "all" || case.family.name == *name);
    Ok(suites.cases().chain(generated.iter().filter(wanted)).cloned().collect())
}

/// The bytes of a file, one more than a suite may have at the most: it is refused then.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// No case has this id.
pub fn unknown(id: &str) -> CliError {
    let near = Suites::built_in().nearest(id);
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    CliError::NothingThere {
        message: format!("no case has the id {id}{near}"),
        next: "purse conform list".to_owned(),
    }
}

/// What suite files may name: the built-in rules, and the wrong cards that there are.
pub fn rules() -> Rules {
    let wrong = emulator::wrong::shelf().iter().map(|card| card.name.clone());
    Rules::built_in().clone().knowing_wrong_cards(wrong)
}
