//! Keys in a PKCS#11 token: a hardware security module, or SoftHSM2.
//!
//! A key is a secret key object whose label is its [`KeyName`]. All that is asked of the token is
//! `CKM_DES3_ECB` encipherment; what tokens lack (SM4, 3DES derivation, CBC-MAC) is not missed, or
//! refused with words. An 8-byte key is kept as a 16-byte one of two equal halves, which enciphers
//! the same.

mod error;
mod login;
mod objects;

use std::collections::BTreeMap;
use std::path::Path;

use crypto::custody::{CustodyError, KeyCustody, KeyName, KeyRecord, whole_blocks};
use crypto::{BlockCipher, Key, KeyCheckValue, Suite};
use cryptoki::mechanism::Mechanism;
use cryptoki::session::Session;

use crate::KeystoreError;
use crate::import::{Imported, NewKey, Outcome, Replacing, other_key};
use crate::public::PublicKeys;
use crate::secret::SecretSource;
use login::Access;
use objects::{Template, TokenKey};

pub use error::TokenError;

/// An open session with a token.
pub struct Pkcs11Token {
    session: Session,
    provider: String,
    keys: BTreeMap<KeyName, Vec<TokenKey>>,
    public: PublicKeys,
}

impl Pkcs11Token {
    /// Opens a token of a module: the one with this label, or the only one.
    ///
    /// # Errors
    /// [`TokenError`], or no PIN.
    pub fn open(
        module: &Path,
        label: Option<&str>,
        secrets: &dyn SecretSource,
    ) -> Result<Self, KeystoreError> {
        Self::log_in(module, label, Access::Read, secrets)
    }

    /// The same, with the right to write.
    ///
    /// # Errors
    /// [`TokenError`], or no PIN.
    pub fn open_for_import(
        module: &Path,
        label: Option<&str>,
        secrets: &dyn SecretSource,
    ) -> Result<Self, KeystoreError> {
        Self::log_in(module, label, Access::Write, secrets)
    }

    /// Puts keys into the token, one after the other, once none of them is refused.
    ///
    /// # Errors
    /// [`CustodyError::Unsupported`] for SM4, [`KeystoreError::OtherKey`], or the token's refusal,
    /// which tells what was imported before it.
    pub fn import(
        mut self,
        keys: Vec<NewKey>,
        replacing: Replacing,
    ) -> Result<Vec<Imported>, KeystoreError> {
        let outcomes = keys.iter().map(|new| self.outcome(new, replacing));
        let outcomes: Vec<_> = outcomes.collect::<Result<_, _>>()?;
        let mut done: Vec<(KeyName, Outcome)> = Vec::with_capacity(keys.len());
        for (new, outcome) in keys.into_iter().zip(outcomes) {
            if outcome != Outcome::Unchanged {
                self.put(&new).map_err(|source| TokenError::Import {
                    name: new.name.clone(),
                    before: done.len(),
                    source: Box::new(source),
                })?;
            }
            done.push((new.name, outcome));
        }
        self.keys = objects::find(&self.session, &self.provider)?;
        let imported = |(name, outcome)| Ok(Imported { record: self.record(&name)?, outcome });
        done.into_iter().map(imported).collect()
    }

    fn log_in(
        module: &Path,
        label: Option<&str>,
        access: Access,
        secrets: &dyn SecretSource,
    ) -> Result<Self, KeystoreError> {
        let (session, provider) = login::log_in(module, label, access, secrets)?;
        let keys = objects::find(&session, &provider)?;
        Ok(Self { session, provider, keys, public: PublicKeys::known() })
    }

    /// What importing this key will come to.
    fn outcome(&self, new: &NewKey, replacing: Replacing) -> Result<Outcome, KeystoreError> {
        if new.suite == Suite::Sm4 {
            return Err(CustodyError::Unsupported {
                provider: self.provider.clone(),
                operation: format!("SM4 ({}): PKCS#11 has no common CKM_SM4_ECB", new.name),
                instead: "keep SM4 keys in a key file (file:PATH)",
            }
            .into());
        }
        let held = match (self.key(&new.name), replacing) {
            (Ok(held), _) => held,
            (Err(CustodyError::NoSuchKey { .. }), _) => return Ok(Outcome::Added),
            (Err(_), Replacing::Allowed) => return Ok(Outcome::Replaced(None)),
            (Err(why), Replacing::Never) => return Err(KeystoreError::Unusable(why)),
        };
        if self.is_one_of(std::iter::once(&new.key), held, &new.name)? {
            return Ok(Outcome::Unchanged);
        }
        let value = self.check_value(held, &new.name)?;
        match replacing {
            Replacing::Allowed => Ok(Outcome::Replaced(Some(value))),
            Replacing::Never => Err(other_key(self.provider.clone(), new, value)),
        }
    }

    /// Makes the object, looks whether it is the key, and only then removes those in its place.
    fn put(&self, new: &NewKey) -> Result<(), TokenError> {
        let refused = |error| TokenError::refused(&self.provider, &error);
        let template = Template::of(new);
        let handle = self.session.create_object(template.attributes()).map_err(refused)?;
        let made = TokenKey { handle, marked_public: false, enciphers: true };
        if !matches!(self.is_one_of(std::iter::once(&new.key), &made, &new.name), Ok(true)) {
            // What it is instead is the reason; that it cannot be removed would be a second one.
            let _ = self.session.destroy_object(handle);
            let (provider, name) = (self.provider.clone(), new.name.clone());
            return Err(TokenError::NotTheKey { provider, name });
        }
        for old in self.keys.get(&new.name).into_iter().flatten() {
            if let Err(error) = self.session.destroy_object(old.handle) {
                let taken_out = self.session.destroy_object(handle).is_ok();
                let problem = TokenError::refused(&self.provider, &error).problem();
                let (provider, name) = (self.provider.clone(), new.name.clone());
                return Err(if taken_out {
                    TokenError::OldStays { provider, name, problem }
                } else {
                    TokenError::BothThere { provider, name, problem }
                });
            }
        }
        Ok(())
    }

    fn key(&self, name: &KeyName) -> Result<&TokenKey, CustodyError> {
        let provider = || self.provider.clone();
        let failed = |problem| Err(CustodyError::Provider { provider: provider(), problem });
        match self.keys.get(name).map(Vec::as_slice) {
            None | Some([]) => {
                Err(CustodyError::NoSuchKey { provider: provider(), name: name.clone() })
            }
            Some([key]) if key.enciphers => Ok(key),
            Some([_]) => failed(format!(
                "{name} may not encipher: its CKA_ENCRYPT is false. Give it that with the token's \
                 own tool, or import the key again in its place"
            )),
            Some(several) => failed(format!(
                "{} keys are labelled {name}, so none is meant. Remove all but one with the \
                 token's own tool, or import the key again in their place",
                several.len()
            )),
        }
    }

    fn encipher(&self, key: &TokenKey, blocks: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.session
            .encrypt(&Mechanism::Des3Ecb, key.handle, blocks)
            .map_err(|error| TokenError::refused(&self.provider, &error))
    }

    fn check_value(&self, key: &TokenKey, name: &KeyName) -> Result<KeyCheckValue, CustodyError> {
        let block = self.encipher(key, &[0; 8]).map_err(|error| self.failure(&error, name))?;
        let first = block.first_chunk().copied();
        first.map(KeyCheckValue).ok_or_else(|| CustodyError::Provider {
            provider: self.provider.clone(),
            problem: format!("{name} enciphered a block to {} bytes", block.len()),
        })
    }

    /// Whether a key of the token is one of these: whether it enciphers random blocks as one of them
    /// does. A check value of 24 bits would not tell.
    fn is_one_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k Key>,
        held: &TokenKey,
        name: &KeyName,
    ) -> Result<bool, CustodyError> {
        let mut keys = keys.peekable();
        if keys.peek().is_none() {
            return Ok(false);
        }
        let mut blocks = [0; 16];
        getrandom::fill(&mut blocks).map_err(|error| CustodyError::Provider {
            provider: self.provider.clone(),
            problem: format!("{name} cannot be tried, as there are no random bytes: {error}"),
        })?;
        let found = self.encipher(held, &blocks).map_err(|error| self.failure(&error, name))?;
        let same = |key| BlockCipher::new(Suite::TripleDes, key).encrypt_ecb(&blocks) == found;
        Ok(keys.any(same))
    }

    fn failure(&self, error: &TokenError, name: &KeyName) -> CustodyError {
        let problem = format!("{name}: {}", error.problem());
        CustodyError::Provider { provider: self.provider.clone(), problem }
    }
}

impl KeyCustody for Pkcs11Token {
    fn describe(&self) -> String {
        self.provider.clone()
    }

    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError> {
        let usable = self.keys.keys().filter(|name| self.key(name).is_ok());
        usable.map(|name| self.record(name)).collect()
    }

    fn left_out(&self) -> Vec<CustodyError> {
        self.keys.keys().filter_map(|name| self.key(name).err()).collect()
    }

    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError> {
        let key = self.key(name)?;
        let (suite, check_value) = (self.suite(name)?, self.check_value(key, name)?);
        // The mark is for anybody who may write to the token to set, so it only warns.
        let shown = self.is_one_of(self.public.with_check_value(check_value), key, name)?;
        let public = shown || key.marked_public;
        Ok(KeyRecord { name: name.clone(), suite, check_value, public, shown })
    }

    fn suite(&self, name: &KeyName) -> Result<Suite, CustodyError> {
        self.key(name).map(|_| Suite::TripleDes)
    }

    fn encrypt_by_stored(&self, name: &KeyName, blocks: &[u8]) -> Result<Vec<u8>, CustodyError> {
        whole_blocks(name, Suite::TripleDes, blocks)?;
        self.encipher(self.key(name)?, blocks).map_err(|error| self.failure(&error, name))
    }
}
