//! The sequence of commands that turns a blank card into one of a family.
//!
//! MF: authentication with the key of a blank card, erasure, key file, its own master key, an
//! authentication with that, the other keys, files. Then each application: directory, key file,
//! keys, PIN, files with their contents, purses. What a family has that such a card cannot have is
//! told before anything is sent.
//!
//! The MF's key file takes keys from anybody, as in the published sequence: a card that is taken
//! away right after that file was made could never be erased again otherwise. What is made in the
//! applications asks for an authentication in the MF.

mod build;
mod fits;

use applet_spec::Profile;

use super::step::Action;
use super::{Step, TransportKey};

/// Steps in their order, and how to go on where they were interrupted.
#[derive(Clone)]
pub struct Sequence {
    steps: Vec<Step>,
}

/// How a sequence is made.
#[derive(Clone)]
pub struct Choices {
    /// The present key 39/00 of the card.
    pub present: TransportKey,
    /// How keys travel.
    pub keys: KeyWriting,
}

/// How keys travel once there is a master key to protect them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWriting {
    /// Enciphered with a MAC, and so they must be when they are changed.
    Enciphered,
    /// In clear.
    Plain,
}

/// Why a blank card cannot become one of a family: everything that stands against it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{blank} cannot become a card of {family}: {}", reasons.join("; "))]
pub struct SequenceError {
    /// Profile of the family.
    pub family: String,
    /// Profile of the blank card.
    pub blank: String,
    /// What stands against it.
    pub reasons: Vec<String>,
}

impl Default for Choices {
    /// A card as it was delivered; keys enciphered.
    fn default() -> Self {
        Self { present: TransportKey::blank(), keys: KeyWriting::Enciphered }
    }
}

impl Sequence {
    /// The steps that make the card of `family` with `serial` out of a card of profile `blank`.
    /// Card keys are those of the family's [custody names](Profile::custody_name), diversified for
    /// the serial. Balances begin at zero whatever the family says: only a load makes money.
    ///
    /// # Errors
    /// [`SequenceError`].
    pub fn of(
        family: &Profile,
        serial: &[u8; 8],
        blank: &Profile,
        choices: &Choices,
    ) -> Result<Self, SequenceError> {
        let reasons = fits::reasons(family, blank);
        let refused = |reasons| SequenceError {
            family: format!("{} {}", family.name, family.version),
            blank: format!("{} {}", blank.name, blank.version),
            reasons,
        };
        let Some(rules) = blank.rules.issuing.as_ref().filter(|_| reasons.is_empty()) else {
            return Err(refused(reasons));
        };
        let steps = build::steps(family, serial, rules, choices);
        fits::room(family, rules, &steps).map_err(refused)?;
        Ok(Self { steps })
    }

    /// The steps, for a card just reset.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Which step erases the card; `None` where none does.
    pub fn erasure(&self) -> Option<usize> {
        self.steps.iter().position(is_erase)
    }

    /// What goes on with step `at` after the card was reset: selections and the authentication that
    /// lead there, then it and all that follow. The first of them that is no selection may already
    /// have been [done before](super::Verdict::DoneBefore); ask its [probe](Step::probe) first.
    pub fn resume(&self, at: usize) -> Vec<Step> {
        let mut out = self.approach(at);
        out.extend(self.steps.iter().skip(at).cloned());
        out
    }

    /// What begins again from the erasure after the card was reset, where step `reached` may have
    /// been done. Authentications in it may find [no key](super::Verdict::DoneBefore) any more.
    pub fn restart(&self, reached: usize) -> Vec<Step> {
        let (erase, own) = (self.first(is_erase), self.first_authentication_after_erasure());
        let mut out = if reached <= erase {
            self.approach(erase)
        } else if reached <= own {
            // Without its own master key the card is not erased: it is given that first.
            let mut out = self.approach(reached);
            out.extend(self.steps.iter().take(own + 1).skip(reached).cloned());
            out
        } else {
            self.steps.iter().take(1).chain(self.steps.get(own)).cloned().collect()
        };
        out.extend(self.steps.iter().skip(erase).cloned());
        out
    }

    /// The selections and the authentication that step `at` needs.
    fn approach(&self, at: usize) -> Vec<Step> {
        let (erase, own) = (self.first(is_erase), self.first_authentication_after_erasure());
        if at <= erase {
            return self.steps.iter().take(at).cloned().collect();
        }
        let mut out: Vec<Step> = self.steps.iter().take(1).cloned().collect();
        if at > own {
            out.extend(self.steps.get(own).cloned());
        }
        if let Some(place) = self.steps.get(at).map(Step::place) {
            let master = self.steps.first().map(|first| first.place.directory);
            if Some(place.directory) != master {
                out.push(Step::select(super::Place::of(place.directory)));
            }
            if place.file.is_some() {
                out.push(Step::select(place));
            }
        }
        out
    }

    /// Which step authenticates with the card's own master key for the first time.
    pub fn own_authentication(&self) -> usize {
        self.first_authentication_after_erasure()
    }

    fn first_authentication_after_erasure(&self) -> usize {
        let erase = self.first(is_erase);
        erase + self.steps.iter().skip(erase).position(is_authentication).unwrap_or_default()
    }

    fn first(&self, wanted: impl Fn(&Step) -> bool) -> usize {
        self.steps.iter().position(wanted).unwrap_or_default()
    }
}

fn is_erase(step: &Step) -> bool {
    matches!(step.action, Action::Erase)
}

fn is_authentication(step: &Step) -> bool {
    matches!(step.action, Action::Authenticate { .. })
}
