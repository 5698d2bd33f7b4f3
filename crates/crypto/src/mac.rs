//! Transaction MACs and the TAC. All are four bytes: the left of a CBC-MAC with zero IV and
//! padding 80 00.. that is always added.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::key::and_complement;
use crate::{BlockCipher, Key, Suite};

/// A MAC or TAC of four bytes. Equality takes the same time for every value.
#[derive(Clone, Copy, Eq)]
pub struct Mac(pub [u8; 4]);

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A session key (过程密钥), good for one transaction. 3DES: one enciphered block, used as a
/// single DES key. SM4: `E(K, input ‖ not input)`, 16 bytes.
#[derive(Clone)]
pub struct SessionKey {
    suite: Suite,
    bytes: [u8; 16],
    cipher: BlockCipher,
}

impl SessionKey {
    /// Derives it from a card key and the 8-byte input of the transaction (`rand4 ‖ serial2 ‖
    /// 8000`, or `rand4 ‖ serial2 ‖ low half of the terminal serial`).
    pub fn derive(suite: Suite, key: &BlockCipher, input: &[u8; 8]) -> Self {
        let mut bytes = and_complement(input);
        key.encrypt(&mut bytes);
        Self::from_bytes(suite, bytes)
    }

    /// The second derivation of a grey lock (灰锁): `E(session, terminal random ‖ 80000000)`.
    pub fn derive_again(&self, input: &[u8; 8]) -> Self {
        Self::derive(self.suite, &self.cipher, input)
    }

    /// MAC1, MAC2, MAC3 or GMAC over `data`.
    pub fn mac(&self, data: &[u8]) -> Mac {
        left(self.cipher.cbc_last_block(&[], data))
    }

    /// The key's own bytes, 8 (3DES) or 16 (SM4); for `explain` under lab custody.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.suite.block()).unwrap_or(&self.bytes)
    }

    fn from_bytes(suite: Suite, bytes: [u8; 16]) -> Self {
        let cipher = match suite {
            Suite::TripleDes => {
                BlockCipher::single_des(bytes.first_chunk().copied().unwrap_or_default())
            }
            Suite::Sm4 => BlockCipher::new(suite, &Key::double(bytes)),
        };
        Self { suite, bytes, cipher }
    }
}

impl Drop for SessionKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// A TAC key (DTK), scheduled: 3DES halves folded (left xor right) and used as single DES; SM4 as
/// it is.
#[derive(Clone)]
pub struct TacKey(BlockCipher);

impl TacKey {
    /// Schedules it.
    pub fn new(suite: Suite, key: &Key) -> Self {
        Self(folded_cipher(suite, key))
    }

    /// TAC (交易验证码) over `data`.
    pub fn tac(&self, data: &[u8]) -> Mac {
        left(self.0.cbc_last_block(&[], data))
    }
}

/// MAC of RELOAD PIN (重装 PIN): folded key, zero IV, over the PIN bytes only. Vector
/// `d-reload-pin-mac`.
pub fn pin_reload_mac(suite: Suite, key: &Key, pin: &[u8]) -> Mac {
    left(folded_cipher(suite, key).cbc_last_block(&[], pin))
}

pub(crate) fn left(block: [u8; 16]) -> Mac {
    Mac(block.first_chunk().copied().unwrap_or_default())
}

pub(crate) fn folded_cipher(suite: Suite, key: &Key) -> BlockCipher {
    match suite {
        Suite::TripleDes => BlockCipher::single_des(key.folded()),
        Suite::Sm4 => BlockCipher::new(suite, key),
    }
}
