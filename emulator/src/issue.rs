//! Making cards: what all cards of a profile share, and one card after the other.

use std::sync::Arc;

use applet_spec::Profile;
use crypto::{KeyCache, SeededEntropy};
use nvm::Nvm;

use crate::native::personalise::{self, LabKeys, MasterKeys, PersonaliseError};
use crate::wrong::{Deviations, Wrong, WrongError};
use crate::{Card, Protocol};

/// What cards of one profile share: the profile and a bounded cache of key schedules.
pub struct CardSystem {
    /// The profile.
    pub profile: Arc<Profile>,
    /// What the cards act by: the profile, unless they are wrong on purpose.
    pub(crate) acts_by: Arc<Profile>,
    /// What they do that they should not.
    pub(crate) deviations: Deviations,
    wrong: Wrong,
    /// Key schedules of the cards in use.
    pub keys: KeyCache,
}

/// Most key schedules kept for the cards of one system.
const CACHED_KEYS: usize = 256;

impl CardSystem {
    /// For cards of `profile`.
    pub fn new(profile: Arc<Profile>) -> Arc<Self> {
        let (acts_by, deviations) = (profile.clone(), Deviations::default());
        let keys = KeyCache::new(CACHED_KEYS);
        Arc::new(Self { profile, acts_by, deviations, wrong: Wrong::default(), keys })
    }

    /// For cards that say to be of `profile`, and are wrong on purpose.
    ///
    /// # Errors
    /// A wrong card that is none of this profile, or leads to no profile.
    pub fn wrong(profile: Arc<Profile>, wrong: Wrong) -> Result<Arc<Self>, WrongError> {
        let (acts_by, deviations) = (wrong.profile(&profile)?, wrong.deviations());
        let keys = KeyCache::new(CACHED_KEYS);
        Ok(Arc::new(Self { profile, acts_by, deviations, wrong, keys }))
    }

    /// How the cards are wrong on purpose.
    pub fn wrongness(&self) -> &Wrong {
        &self.wrong
    }
}

/// Makes personalised cards of one profile; they share what is equal.
pub struct CardMaker {
    system: Arc<CardSystem>,
    template: Nvm,
}

impl CardMaker {
    /// Lays out the template.
    ///
    /// # Errors
    /// A profile that does not fit, or has no keys.
    pub fn new(profile: Arc<Profile>) -> Result<Self, PersonaliseError> {
        Self::of(CardSystem::new(profile))
    }

    /// For the cards of a system, right or wrong.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of(system: Arc<CardSystem>) -> Result<Self, PersonaliseError> {
        let mut template = personalise::template(&system.acts_by)?;
        // An image keeps what the card should be.
        template.add_blob(Arc::from(system.profile.text.as_bytes()));
        Ok(Self { system, template })
    }

    /// What the cards share.
    pub fn system(&self) -> &Arc<CardSystem> {
        &self.system
    }

    /// A card with the profile's own serial and lab keys.
    ///
    /// # Errors
    /// A profile that is not under lab custody.
    pub fn lab_card(&self, seed: u64) -> Result<Card, PersonaliseError> {
        let profile = &self.system.profile;
        self.card(&profile.serial, &LabKeys(profile), seed)
    }

    /// A card with a serial, keys made from `masters`, and randomness from `seed`.
    ///
    /// # Errors
    /// A missing master key.
    pub fn card(
        &self,
        serial: &[u8; 8],
        masters: &dyn MasterKeys,
        seed: u64,
    ) -> Result<Card, PersonaliseError> {
        let mut memory = self.template.fork();
        personalise::fill(&mut memory, &self.system.acts_by, serial, masters)?;
        Ok(Card::new(self.system.clone(), memory, SeededEntropy::new(seed), Protocol::T1))
    }
}
