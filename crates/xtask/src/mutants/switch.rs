//! Which mutant this program is. Written into the mutated tree by `cargo xtask mutants`; no program
//! that anybody uses has it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Number of the mutant that is on; none without it.
const MUTANT: &str = "PURSEKIT_MUTANT";
/// A file that gets the number of each mutant that would have been asked for, once.
const REACHED: &str = "PURSEKIT_MUTANTS_REACHED";
const RECORDING: u32 = u32::MAX;

static ACTIVE: LazyLock<u32> = LazyLock::new(|| match std::env::var_os(REACHED) {
    Some(_) => RECORDING,
    None => std::env::var(MUTANT).ok().and_then(|text| text.parse().ok()).unwrap_or(0),
});

static SEEN: LazyLock<Mutex<(BTreeSet<u32>, Option<File>)>> = LazyLock::new(|| {
    let file = std::env::var_os(REACHED).and_then(|path| File::create(path).ok());
    Mutex::new((BTreeSet::new(), file))
});

/// Whether this mutant is on.
pub fn on(mutant: u32) -> bool {
    let active = *ACTIVE;
    if active == RECORDING {
        reached(mutant);
        return false;
    }
    active == mutant
}

/// Written at once: the program is ended from outside.
fn reached(mutant: u32) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (known, file) = &mut *seen;
    if known.insert(mutant) {
        let written = file.as_mut().map(|file| writeln!(file, "{mutant}"));
        if !matches!(written, Some(Ok(()))) {
            eprintln!("mutants: what is reached cannot be recorded");
            std::process::exit(1);
        }
    }
}
