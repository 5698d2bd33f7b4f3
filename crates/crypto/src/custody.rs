//! Key custody (密钥保管): who holds the stored keys, and what may be asked of them.
//!
//! A provider holds master keys (主密钥) under a [`KeyName`] and never gives them out. It derives
//! card keys (子密钥), which live briefly and are zeroized, and works with either: blocks, MACs,
//! card keys wrapped for WRITE KEY. Providers that do I/O (key files, PKCS#11 tokens) are in the
//! crate `keystore`; what is here needs none.
//!
//! In both suites one level of diversification is ECB over `F ‖ not F`, so a provider that can do
//! no more than encipher whole blocks with a stored key (a token) is a whole provider: the other
//! operations of [`KeyCustody`] are made from that.

mod error;
mod held;
mod name;
mod public;

use zeroize::Zeroizing;

use crate::key::and_complement;
use crate::secure::protected;
use crate::{
    BlockCipher, Key, KeyCheckValue, Mac, Suite, TacKey, diversify, encipher,
    secure_messaging_input, secure_messaging_mac,
};

pub use error::CustodyError;
pub use held::{HeldKeys, Secrecy};
pub use name::{KeyName, KeyNameError};
pub use public::{is_public_test_key, public_test_keys};

/// What may be said of a stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name.
    pub name: KeyName,
    /// The suite it works in.
    pub suite: Suite,
    /// Its check value (密钥校验值).
    pub check_value: KeyCheckValue,
    /// Anybody may know it: a lab key, or a well-known test key. It protects nothing.
    pub public: bool,
    /// It is certain that it is public, so what is made of it may be shown. A mark that others can
    /// set, and a check value, which other keys share, make nothing certain.
    pub shown: bool,
}

/// Which MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacForm<'c> {
    /// Of secure messaging (线路保护), see [`secure_messaging_mac`].
    SecureMessaging {
        /// The card's challenge, 4 to 16 bytes; zero-filled it is the IV.
        challenge: &'c [u8],
    },
    /// With the halves of a 3DES key folded and zero IV: TAC, RELOAD PIN; see [`TacKey`].
    Folded,
}

/// A card key to be wrapped for the data field of WRITE KEY or PUT KEY.
#[derive(Clone, Copy)]
pub struct Wrapping<'w> {
    /// The stored key that the card key is derived from.
    pub name: &'w KeyName,
    /// Its factors, highest level first.
    pub factors: &'w [[u8; 8]],
    /// What stands before the key in the plaintext: type, use, version, algorithm and the like.
    pub head: &'w [u8],
    /// CLA INS P1 P2 of the command; its Lc follows from the rest.
    pub header: [u8; 4],
    /// The card's challenge.
    pub challenge: &'w [u8],
    /// What it is wrapped under.
    pub transport: Transport<'w>,
}

/// The key that a card key is wrapped under (传输密钥): the card's present master key.
#[derive(Clone, Copy)]
pub enum Transport<'w> {
    /// One of the provider's, with its factors; the stored key itself where there are none.
    Stored(&'w KeyName, &'w [[u8; 8]]),
    /// One that is known outside, such as that of a blank card.
    Given(Suite, &'w Key),
}

/// A wrapped card key: together the data field of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// `Ld ‖ head ‖ key`, padded and enciphered.
    pub ciphertext: Vec<u8>,
    /// Secure-messaging MAC over `header ‖ Lc ‖ ciphertext`.
    pub mac: Mac,
}

/// A holder of stored keys.
///
/// `factors` are diversification factors (分散因子), highest level first. Without any, an operation
/// works with the stored key itself; only [`derive`](Self::derive) then refuses, unless the key is
/// a public lab key.
pub trait KeyCustody: Send {
    /// The provider in words, for messages and reports: `key file lab.keys`.
    fn describe(&self) -> String;

    /// What is held, by name.
    ///
    /// # Errors
    /// A provider that cannot be asked.
    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError>;

    /// Why keys are held and cannot be worked with: [`records`](Self::records) leaves them out.
    fn left_out(&self) -> Vec<CustodyError> {
        Vec::new()
    }

    /// What is held under a name.
    ///
    /// # Errors
    /// [`CustodyError::NoSuchKey`], or a provider that cannot be asked.
    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError>;

    /// The suite that a stored key works in.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn suite(&self, name: &KeyName) -> Result<Suite, CustodyError> {
        self.record(name).map(|record| record.suite)
    }

    /// ECB over whole blocks with a stored key itself: what every provider can do.
    ///
    /// # Errors
    /// [`CustodyError::NotWholeBlocks`], an unknown key, or a provider that cannot be asked.
    fn encrypt_by_stored(&self, name: &KeyName, blocks: &[u8]) -> Result<Vec<u8>, CustodyError>;

    /// A MAC with a stored key itself. A provider that only enciphers blocks cannot: the halves of
    /// a 3DES key are used apart.
    ///
    /// # Errors
    /// [`CustodyError::Unsupported`], an unknown key, or a provider that cannot be asked.
    fn mac_by_stored(
        &self,
        name: &KeyName,
        form: MacForm<'_>,
        data: &[u8],
    ) -> Result<Mac, CustodyError> {
        let _ = (form, data);
        Err(CustodyError::Unsupported {
            provider: self.describe(),
            operation: format!("a MAC with the stored key {name} itself"),
            instead: "derive a card key from it by at least one factor, or keep this key in a key \
                      file",
        })
    }

    /// A stored key itself: given by nobody but holders of public lab keys.
    ///
    /// # Errors
    /// [`CustodyError::NoFactor`], or an unknown key.
    fn give_stored(&self, name: &KeyName) -> Result<Key, CustodyError> {
        Err(CustodyError::NoFactor { name: name.clone() })
    }

    /// The card key. It lives as long as the value and is zeroized then; do not keep it.
    ///
    /// # Errors
    /// [`CustodyError::NoFactor`] where the stored key itself would leave its provider, an unknown
    /// key, or a provider that cannot be asked.
    fn derive(&self, name: &KeyName, factors: &[[u8; 8]]) -> Result<Key, CustodyError> {
        let Some((highest, lower)) = factors.split_first() else {
            return self.give_stored(name);
        };
        let suite = self.suite(name)?;
        let halves = Zeroizing::new(self.encrypt_by_stored(name, &and_complement(highest))?);
        let first = Key::new(&halves).map_err(|error| CustodyError::Provider {
            provider: self.describe(),
            problem: format!("it enciphered two blocks with {name} to something else: {error}"),
        })?;
        Ok(lower.iter().fold(first, |key, factor| diversify(suite, &key, factor)))
    }

    /// ECB over whole blocks.
    ///
    /// # Errors
    /// [`CustodyError::NotWholeBlocks`], an unknown key, or a provider that cannot be asked.
    fn encrypt(
        &self,
        name: &KeyName,
        factors: &[[u8; 8]],
        blocks: &[u8],
    ) -> Result<Vec<u8>, CustodyError> {
        if factors.is_empty() {
            return self.encrypt_by_stored(name, blocks);
        }
        let suite = self.suite(name)?;
        whole_blocks(name, suite, blocks)?;
        let key = self.derive(name, factors)?;
        Ok(BlockCipher::new(suite, &key).encrypt_ecb(blocks))
    }

    /// A MAC.
    ///
    /// # Errors
    /// [`CustodyError::Unsupported`] where the provider cannot with the stored key itself, an
    /// unknown key, or a provider that cannot be asked.
    fn mac(
        &self,
        name: &KeyName,
        factors: &[[u8; 8]],
        form: MacForm<'_>,
        data: &[u8],
    ) -> Result<Mac, CustodyError> {
        if factors.is_empty() {
            return self.mac_by_stored(name, form, data);
        }
        let suite = self.suite(name)?;
        Ok(form.compute(suite, &self.derive(name, factors)?, data))
    }

    /// A card key as WRITE KEY or PUT KEY takes it; the clear card key stays here.
    ///
    /// # Errors
    /// As [`derive`](Self::derive) for the card key and as [`encrypt`](Self::encrypt) and
    /// [`mac`](Self::mac) for the transport key; [`CustodyError::TooLong`].
    fn wrap(&self, wrapping: &Wrapping<'_>) -> Result<Wrapped, CustodyError> {
        let Wrapping { name, factors, head, header, challenge, transport } = *wrapping;
        let key = self.derive(name, factors)?;
        let content = Zeroizing::new([head, key.expose()].concat());
        if content.len() > MOST_WRAPPED {
            return Err(CustodyError::TooLong { length: content.len(), most: MOST_WRAPPED });
        }
        let ciphertext = match transport {
            Transport::Given(suite, key) => encipher(suite, key, &content),
            Transport::Stored(name, factors) => {
                let suite = self.suite(name)?;
                self.encrypt(name, factors, &Zeroizing::new(protected(suite, &content)))?
            }
        };
        let form = MacForm::SecureMessaging { challenge };
        let covered = secure_messaging_input(header, &ciphertext);
        let mac = match transport {
            Transport::Given(suite, key) => form.compute(suite, key, &covered),
            Transport::Stored(name, factors) => self.mac(name, factors, form, &covered)?,
        };
        Ok(Wrapped { ciphertext, mac })
    }
}

/// Bytes of head and key that still fit a short command, with their length, padding and MAC.
const MOST_WRAPPED: usize = 239;

impl MacForm<'_> {
    /// The MAC under a key that is at hand.
    pub fn compute(self, suite: Suite, key: &Key, data: &[u8]) -> Mac {
        match self {
            Self::SecureMessaging { challenge } => {
                secure_messaging_mac(suite, key, challenge, data)
            }
            Self::Folded => TacKey::new(suite, key).tac(data),
        }
    }
}

/// Refuses what is not whole blocks of the suite, or none.
///
/// # Errors
/// [`CustodyError::NotWholeBlocks`].
pub fn whole_blocks(name: &KeyName, suite: Suite, blocks: &[u8]) -> Result<(), CustodyError> {
    let (length, block) = (blocks.len(), suite.block());
    if length == 0 || !length.is_multiple_of(block) {
        return Err(CustodyError::NotWholeBlocks { name: name.clone(), length, block });
    }
    Ok(())
}
