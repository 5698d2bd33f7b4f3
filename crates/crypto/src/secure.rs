//! Secure messaging (线路保护) and authentication cryptograms.

use zeroize::Zeroizing;

use crate::{BlockCipher, BlockMac, Key, Mac, Suite};

/// MAC of a protected command or response. The challenge is the IV, left-justified and
/// zero-filled. 3DES: ISO 9797-1 algorithm 3 (CBC with the left half, last block finished by
/// D(right), E(left)); SM4: plain CBC-MAC. An 8-byte key is plain DES CBC.
pub fn secure_messaging_mac(suite: Suite, key: &Key, challenge: &[u8], data: &[u8]) -> Mac {
    let [a, b, c, d, ..] = BlockMac::secure_messaging(suite, key, challenge).finish_padded(data);
    Mac([a, b, c, d])
}

/// What a secure messaging MAC (线路保护) of a command covers: `CLA INS P1 P2 Lc data`, Lc with the
/// MAC counted in. `data` has at most 251 bytes, as Lc takes one. Vector `klks-mac-update-binary`.
pub fn secure_messaging_input(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    let lc = (data.len() + 4) as u8;
    [&header[..], &[lc], data].concat()
}

/// Enciphers protected data: `Ld ‖ data`, padding 80 00.. only if that is not whole blocks, ECB.
/// `data` has at most 255 bytes, as its length takes one.
pub fn encipher(suite: Suite, key: &Key, data: &[u8]) -> Vec<u8> {
    BlockCipher::new(suite, key).encrypt_ecb(&Zeroizing::new(protected(suite, data)))
}

/// The plaintext of [`encipher`]: `Ld ‖ data`, padding 80 00.. only if that is not whole blocks.
pub(crate) fn protected(suite: Suite, data: &[u8]) -> Vec<u8> {
    debug_assert!(data.len() <= 0xFF, "the length takes one byte");
    let block = suite.block();
    let mut plain = Vec::with_capacity((data.len() + 1).next_multiple_of(block));
    plain.push(data.len() as u8);
    plain.extend_from_slice(data);
    if !plain.len().is_multiple_of(block) {
        plain.push(0x80);
        plain.resize(plain.len().next_multiple_of(block), 0);
    }
    plain
}

/// Why protected data does not decipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecipherError {
    /// Not whole blocks, or none.
    #[error("{length} bytes are not whole cipher blocks")]
    NotWholeBlocks {
        /// Bytes that were given.
        length: usize,
    },
    /// The length byte or the padding does not fit: a wrong key, or data of something else.
    #[error("the deciphered length or padding does not fit: wrong key, or not enciphered data")]
    Inconsistent,
}

/// Undoes [`encipher`].
///
/// # Errors
/// [`DecipherError`].
pub fn decipher(suite: Suite, key: &Key, data: &[u8]) -> Result<Vec<u8>, DecipherError> {
    let block = suite.block();
    if data.is_empty() || !data.len().is_multiple_of(block) {
        return Err(DecipherError::NotWholeBlocks { length: data.len() });
    }
    let plain = BlockCipher::new(suite, key).decrypt_ecb(data);
    let (length, rest) = plain.split_first().ok_or(DecipherError::Inconsistent)?;
    let (content, padding) =
        rest.split_at_checked(usize::from(*length)).ok_or(DecipherError::Inconsistent)?;
    let padded = match padding.split_first() {
        None => true,
        Some((first, zeros)) => {
            padding.len() < block && *first == 0x80 && zeros.iter().all(|byte| *byte == 0)
        }
    };
    if padded { Ok(content.to_vec()) } else { Err(DecipherError::Inconsistent) }
}

/// The cryptogram of EXTERNAL AUTHENTICATE over `challenge` (4, 8 or 16 bytes), zero-filled to
/// whole blocks. `fold` gives the 8-byte form of a 16-byte result (upper xor lower half).
pub fn authentication_cryptogram(suite: Suite, key: &Key, challenge: &[u8], fold: bool) -> Vec<u8> {
    let out = BlockCipher::new(suite, key).encrypt_ecb(challenge);
    match (fold, out.split_at_checked(8)) {
        (true, Some((upper, lower))) if lower.len() == 8 => {
            upper.iter().zip(lower).map(|(a, b)| a ^ b).collect()
        }
        _ => out,
    }
}
