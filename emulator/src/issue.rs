//! Making cards: what all cards of a profile share, and one card after the other.

use std::sync::Arc;

use applet_spec::Profile;
use crypto::{KeyCache, SeededEntropy};
use nvm::Nvm;

use crate::native::personalise::{self, LabKeys, MasterKeys, PersonaliseError};
use crate::{Card, Protocol};

/// What cards of one profile share: the profile and a bounded cache of key schedules.
pub struct CardSystem {
    /// The profile.
    pub profile: Arc<Profile>,
    /// Key schedules of the cards in use.
    pub keys: KeyCache,
}

/// Most key schedules kept for the cards of one system.
const CACHED_KEYS: usize = 256;

impl CardSystem {
    /// For cards of `profile`.
    pub fn new(profile: Arc<Profile>) -> Arc<Self> {
        Arc::new(Self { profile, keys: KeyCache::new(CACHED_KEYS) })
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
        let mut template = personalise::template(&profile)?;
        template.add_blob(Arc::from(profile.text.as_bytes()));
        let system = CardSystem::new(profile);
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
        personalise::fill(&mut memory, &self.system.profile, serial, masters)?;
        Ok(Card::new(self.system.clone(), memory, SeededEntropy::new(seed), Protocol::T1))
    }
}
