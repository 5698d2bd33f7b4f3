//! Cards that are wrong on purpose (错误卡): each breaks one rule, and is right in everything else.
//!
//! Whoever writes terminals, PSAMs or test suites wants to see what happens with a card that does
//! not keep the rules. A wrong card is described in a TOML file: which rule, on which card families,
//! and how, as a [`Deviation`] of the native card system, as changes of the profile, or both. The
//! files under `tests/wrong-cards/` come with the program ([`shelf`]); `docs/wrong-cards.md` shows
//! them. Nothing of it is kept in card images.

mod card;
mod shelf;

use std::sync::Arc;

use applet_spec::{Profile, ProfileErrors};

pub use crate::native::wrong::{Deviation, Deviations};
pub use card::WrongCard;
pub use shelf::{find, page, shelf};

/// How a card is wrong, by one wrong card or several; the default is in no way.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    cards: Vec<Arc<WrongCard>>,
}

/// Why a card cannot be made wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongError {
    /// No such wrong card.
    #[error("no wrong card is called '{name}'{}", did_you_mean(near.as_deref()))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// Its file, or the profile that it leads to.
    #[error(transparent)]
    File(#[from] ProfileErrors),
    /// It is none of this family.
    #[error(
        "{name} is a wrong card of {}, and a card of {profile} would be right: take one of those \
         profiles",
        profiles.join(", ")
    )]
    OtherProfile {
        /// Wrong card.
        name: String,
        /// Profiles that it is of.
        profiles: Vec<String>,
        /// Profile of the card.
        profile: String,
    },
    /// It must be wrong from its making, and the card is made already.
    #[error(
        "{name} is wrong from its making, and a card in a file goes on as it was made: take a fresh \
         one, without a file"
    )]
    Made {
        /// Wrong card.
        name: String,
    },
}

impl Wrong {
    /// Wrong as all of `cards` are.
    pub fn of(cards: Vec<Arc<WrongCard>>) -> Self {
        Self { cards }
    }

    /// The wrong cards.
    pub fn cards(&self) -> &[Arc<WrongCard>] {
        &self.cards
    }

    /// Whether it is in no way wrong.
    pub fn is_right(&self) -> bool {
        self.cards.is_empty()
    }

    /// Their names with commas between them.
    pub fn names(&self) -> String {
        self.cards.iter().map(|card| card.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What the card does that it should not.
    pub fn deviations(&self) -> Deviations {
        self.cards.iter().filter_map(|card| card.deviation).collect()
    }

    /// Whether a card that is made already can be so.
    ///
    /// # Errors
    /// A wrong card that has to be wrong from its making.
    pub fn check_made(&self) -> Result<(), WrongError> {
        match self.cards.iter().find(|card| card.from_making()) {
            Some(card) => Err(WrongError::Made { name: card.name.clone() }),
            None => Ok(()),
        }
    }

    /// What a card of `profile` acts by.
    ///
    /// # Errors
    /// A wrong card that is none of this profile, or that leads to no profile.
    pub fn profile(&self, profile: &Arc<Profile>) -> Result<Arc<Profile>, WrongError> {
        let mut acts_by = profile.clone();
        for card in &self.cards {
            if !card.profiles.contains(&profile.name) {
                return Err(WrongError::OtherProfile {
                    name: card.name.clone(),
                    profiles: card.profiles.clone(),
                    profile: profile.name.clone(),
                });
            }
            if card.changes_profile() {
                acts_by = Arc::new(card.laid_over(&acts_by)?);
            }
        }
        if self.deviations().has(Deviation::FactorsSwapped) {
            let mut swapped = Profile::clone(&acts_by);
            swapped.factors.reverse();
            acts_by = Arc::new(swapped);
        }
        Ok(acts_by)
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default()
}
