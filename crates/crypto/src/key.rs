//! Keys, where they come from, and what may be said of them.

use std::fmt;

use sm3::{Digest, Sm3};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{BlockCipher, Suite};

/// A master, intermediate or card key of 8 or 16 bytes. Zeroized on drop; no `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key {
    bytes: [u8; 16],
    length: u8,
}

/// Why bytes are not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key has 8 or 16 bytes, not {length}: give 16 or 32 hexadecimal digits")]
pub struct KeyError {
    /// Bytes that were given.
    pub length: usize,
}

/// Key check value (密钥校验值): the first three bytes of a zero block enciphered with the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyCheckValue(pub [u8; 3]);

impl Key {
    /// Takes 8 or 16 bytes.
    ///
    /// # Errors
    /// Any other length.
    pub fn new(value: &[u8]) -> Result<Self, KeyError> {
        let mut bytes = [0; 16];
        let length = match value.len() {
            8 => 8,
            16 => 16,
            length => return Err(KeyError { length }),
        };
        for (to, from) in bytes.iter_mut().zip(value) {
            *to = *from;
        }
        Ok(Self { bytes, length })
    }

    /// A 16-byte key.
    pub const fn double(bytes: [u8; 16]) -> Self {
        Self { bytes, length: 16 }
    }

    /// The key's bytes. Every use of this is a place where a key leaves its wrapper.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or(&self.bytes)
    }

    /// 8 or 16.
    #[expect(clippy::len_without_is_empty, reason = "a key is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Check value under `suite`.
    pub fn check_value(&self, suite: Suite) -> KeyCheckValue {
        let mut block = [0; 16];
        BlockCipher::new(suite, self).encrypt(&mut block);
        let [a, b, c, ..] = block;
        KeyCheckValue([a, b, c])
    }

    /// Left half xor right half (左右异或): what a 16-byte TAC key is used as. An 8-byte key is
    /// used as it is.
    pub(crate) fn folded(&self) -> [u8; 8] {
        let mut out = self.left();
        for (to, from) in out.iter_mut().zip(self.bytes.iter().skip(8)) {
            *to ^= from;
        }
        out
    }

    pub(crate) fn left(&self) -> [u8; 8] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    pub(crate) fn right(&self) -> [u8; 8] {
        self.bytes.last_chunk().copied().unwrap_or_default()
    }

    pub(crate) fn padded(&self) -> &[u8; 16] {
        &self.bytes
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.length.ct_eq(&other.length) & self.bytes.ct_eq(&other.bytes))
    }
}

impl Eq for Key {}

impl fmt::Display for KeyCheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for KeyCheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KCV {self}")
    }
}

/// One level of diversification (密钥分散). 3DES: `E(K, F) ‖ E(K, not F)`; SM4:
/// `E(K, F ‖ not F)`. Source: vectors `diversify-psam-blog`, `d-sm4-diversify`.
pub fn diversify(suite: Suite, master: &Key, factor: &[u8; 8]) -> Key {
    let cipher = BlockCipher::new(suite, master);
    let mut bytes = [0; 16];
    let mut enciphered = cipher.encrypt_ecb(&and_complement(factor));
    for (to, from) in bytes.iter_mut().zip(&enciphered) {
        *to = *from;
    }
    enciphered.zeroize();
    Key::double(bytes)
}

/// `F ‖ not F`: what one level of diversification enciphers, by ECB in both suites.
pub(crate) fn and_complement(factor: &[u8; 8]) -> [u8; 16] {
    let mut out = [0; 16];
    for (at, (to, from)) in out.iter_mut().zip(factor.iter().chain(factor)).enumerate() {
        *to = if at < 8 { *from } else { !from };
    }
    out
}

/// A lab master key: the left 16 bytes of `SM3(seed ‖ 00 ‖ label)`. Public by construction, so
/// only good for cards under lab custody.
pub fn lab_master(seed: &str, label: &str) -> Key {
    let digest = Sm3::new()
        .chain_update(seed.as_bytes())
        .chain_update([0])
        .chain_update(label.as_bytes())
        .finalize();
    Key::double(digest.first_chunk().copied().unwrap_or_default())
}
