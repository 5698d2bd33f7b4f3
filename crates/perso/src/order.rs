//! A card to be made, settled: the profile as this card has it, and the states beyond its contents.
//!
//! What lies in files (validity, city, holder, records, an open trip) becomes part of the card's own
//! copy of the profile, before keys are derived: they follow what the card says of itself. What a
//! card only comes to by being used is its [`CardState`].

mod content;
mod holder;
mod state;
mod trip;

use std::sync::Arc;

use applet_spec::{Profile, PurseKind};
use purse::setting::{Setting, VALID_FROM, VALID_TO};
use purse::{Date, Time};

use crate::cards::{Row, Trip, What, Wish};
use crate::engine::Serial;
use crate::job::{Job, KeyRule};
use crate::problem::{Place, Problem};
use content::Contents;

pub use state::{CardState, PurseState};

/// A card to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct CardOrder {
    /// Its serial.
    pub serial: Serial,
    /// The profile with the contents of this card.
    pub profile: Arc<Profile>,
    /// Its state beyond its contents.
    pub state: CardState,
    /// What somebody wrote beside it.
    pub note: String,
    /// Its row.
    pub place: Place,
}

impl CardOrder {
    /// What the card says of itself in file 15.
    pub fn public(&self) -> Vec<u8> {
        self.profile.public_content(&self.serial.0)
    }

    /// The diversification factors of its keys, highest level first.
    pub fn factors(&self) -> Vec<[u8; 8]> {
        self.profile.factors_of(&self.serial.0, &self.public())
    }
}

/// The profile with the key versions that a job asks for.
pub fn with_key_versions(profile: &Profile, keys: &KeyRule) -> Profile {
    let mut profile = profile.clone();
    for key in profile.directories.iter_mut().flat_map(|directory| &mut directory.keys) {
        let own = keys.versions.iter().find(|(kind, _)| *kind == key.kind);
        if let Some(version) = own.map(|(_, version)| *version).or(keys.version) {
            key.version = version;
        }
    }
    profile
}

/// Settles a row. `profile` is the job's, `moment` when its open trips began.
///
/// # Errors
/// What the card has no place for.
pub fn settle(
    job: &Job,
    profile: &Profile,
    row: &Row,
    moment: (Date, Time),
) -> Result<CardOrder, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut contents = Contents::new(profile, row.serial);
    // The public file first: other contents and the factors quote it.
    let (public, others): (Vec<&Wish>, Vec<&Wish>) =
        row.wishes.iter().partition(|wish| is_public(&wish.what));
    for wish in public.into_iter().chain(others) {
        let done = match &wish.what {
            What::City(city) => contents.city(*city),
            What::Trip(Trip::Open) => trip::open(&mut contents, job, moment),
            What::Trip(Trip::None) => Ok(()),
            What::Holder(field) => holder::put(&mut contents, field),
            What::Set(Setting::ValidFrom(date)) => contents.public(VALID_FROM, &date.0),
            What::Set(Setting::ValidTo(date)) => contents.public(VALID_TO, &date.0),
            What::Set(Setting::File { sfi, offset, data }) => contents.file(*sfi, *offset, data),
            What::Set(Setting::Record { sfi, number, data }) => {
                contents.record(*sfi, *number, data)
            }
            What::Set(_) => Ok(()),
        };
        if let Err(Unfit { message, mend }) = done {
            problems.push(wish.problem(message, mend));
        }
    }
    let state = CardState::of(profile, row, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(CardOrder {
        serial: row.serial,
        profile: Arc::new(contents.into_profile()),
        state,
        note: row.note.clone(),
        place: row.place.clone(),
    })
}

/// Whether it is about file 15.
fn is_public(what: &What) -> bool {
    match what {
        What::City(_) => true,
        What::Set(Setting::ValidFrom(_) | Setting::ValidTo(_)) => true,
        What::Set(Setting::File { sfi, .. }) => *sfi == Profile::PUBLIC_SFI,
        _ => false,
    }
}

/// The purse that a wish means: the one it names, or the EP, or the ED where there is no EP.
fn purse_of(profile: &Profile, named: Option<PurseKind>) -> Option<PurseKind> {
    let application = profile.application()?;
    let has = |kind: &PurseKind| application.purse(*kind).is_some();
    match named {
        Some(kind) => Some(kind).filter(has),
        None => [PurseKind::Purse, PurseKind::Deposit].into_iter().find(has),
    }
}

/// Why a wish does not fit the card.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unfit {
    message: String,
    mend: String,
}

impl Unfit {
    fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { message: message.into(), mend: mend.into() }
    }
}

#[cfg(test)]
mod tests;
