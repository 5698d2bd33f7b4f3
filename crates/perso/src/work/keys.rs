//! The keys of one card, from whoever holds the masters; each lives as long as it is used.

use applet_spec::{Directory, KeyKind, KeySpec, Profile};
use crypto::custody::{CustodyError, KeyCustody, MacForm};
use crypto::{BlockCipher, Key, KeyCheckValue, Mac, Suite, TacKey};

use crate::engine::KeyLine;

/// The keys of one card.
#[derive(Clone, Copy)]
pub struct CardKeys<'k> {
    /// Who holds the masters.
    pub custody: &'k dyn KeyCustody,
    /// Its profile.
    pub profile: &'k Profile,
    /// Its diversification factors, highest level first.
    pub factors: &'k [[u8; 8]],
}

impl CardKeys<'_> {
    /// The key of a slot.
    ///
    /// # Errors
    /// [`CustodyError`].
    pub fn key(&self, directory: &Directory, spec: &KeySpec) -> Result<Key, CustodyError> {
        self.custody.derive(&self.profile.custody_name(directory, spec), self.factors)
    }

    /// The key of a slot, scheduled.
    ///
    /// # Errors
    /// [`CustodyError`].
    pub fn cipher(
        &self,
        directory: &Directory,
        spec: &KeySpec,
    ) -> Result<(Suite, BlockCipher), CustodyError> {
        Ok((spec.suite, BlockCipher::new(spec.suite, &self.key(directory, spec)?)))
    }

    /// The TAC key that goes with a transaction key.
    ///
    /// # Errors
    /// [`CustodyError`], also where the card has none.
    pub fn tac(&self, directory: &Directory, spec: &KeySpec) -> Result<TacKey, CustodyError> {
        let index = self.profile.rules.tac_index.unwrap_or(spec.index);
        let tac = directory.key(KeyKind::Tac, index).ok_or_else(|| CustodyError::Provider {
            provider: self.custody.describe(),
            problem: format!("{} has no TAC key {index:02X}", self.profile.name),
        })?;
        Ok(TacKey::new(tac.suite, &self.key(directory, tac)?))
    }

    /// A secure messaging MAC by a slot.
    ///
    /// # Errors
    /// [`CustodyError`].
    pub fn mac(
        &self,
        directory: &Directory,
        spec: &KeySpec,
        challenge: &[u8],
        data: &[u8],
    ) -> Result<Mac, CustodyError> {
        let name = self.profile.custody_name(directory, spec);
        self.custody.mac(&name, self.factors, MacForm::SecureMessaging { challenge }, data)
    }

    /// What a report says of every key: its slot and its check value.
    ///
    /// # Errors
    /// [`CustodyError`].
    pub fn lines(&self) -> Result<Vec<KeyLine>, CustodyError> {
        let slots =
            self.profile.directories.iter().flat_map(|d| d.keys.iter().map(move |k| (d, k)));
        let line = |(directory, spec): (&Directory, &KeySpec)| {
            let value: KeyCheckValue = self.key(directory, spec)?.check_value(spec.suite);
            Ok(KeyLine { name: spec.label(directory), kcv: value.to_string(), proof: None })
        };
        slots.map(line).collect()
    }
}
