//! Cases that nobody wrote: what follows from the command catalogue for every command that a
//! profile's cards understand.
//!
//! The catalogue says what a command looks like and what it does to a running transaction; what a
//! card then must answer is from the small tables in here, not from the card's own parser. A command
//! that is added to the catalogue has its format cases at once; how it is sent in its right form
//! ([`example`]) is all that is left to say.

mod bytes;
mod example;
mod files;
mod format;
mod le;
mod lock;
mod making;
mod plan;
mod rights;
mod rules;
mod transaction;
mod tries;

use std::sync::Arc;

use applet_spec::{Catalogue, CommandSpec, Profile};

use crate::Case;
use making::Maker;

/// The generated cases of a profile, in the order of its catalogue.
///
/// # Panics
/// Where the built-in rules lack one that these cases prove, which a test excludes.
pub fn cases(profile: &Profile) -> Vec<Arc<Case>> {
    cases_of(Catalogue::of(profile.rules.commands), profile)
}

/// The same with another catalogue than the built-in one.
///
/// # Panics
/// As [`cases`].
pub fn cases_of(catalogue: &Catalogue, profile: &Profile) -> Vec<Arc<Case>> {
    let maker = Maker::new(catalogue, profile);
    let mut out = format::of_card(&maker);
    for spec in catalogue.commands() {
        out.extend(of_command(&maker, spec));
    }
    out.into_iter().map(Arc::new).collect()
}

fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Case> {
    let mut out = format::of_command(maker, spec);
    out.extend(le::of_command(maker, spec));
    out.extend(transaction::of_command(maker, spec));
    out.extend(lock::of_command(maker, spec));
    out.extend(rights::of_command(maker, spec));
    out.extend(files::of_command(maker, spec));
    out.extend(tries::of_command(maker, spec));
    out
}
