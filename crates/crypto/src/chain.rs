//! MACs over data that comes in pieces and padded already: what a PSAM calculates for a terminal.

use zeroize::Zeroize;

use crate::cipher::initial;
use crate::mac::folded_cipher;
use crate::{BlockCipher, Key, Suite};

/// A CBC-MAC in progress. Nothing is padded: over data with padding 80 00.. it is the MAC of
/// [`secure_messaging_mac`](crate::secure_messaging_mac) or [`TacKey`](crate::TacKey). Vector
/// `d-app-block-mac`. Zeroized on drop.
#[derive(Clone)]
pub struct BlockMac {
    cipher: BlockCipher,
    /// Finishes the last block by D(right), E(left): ISO 9797-1 algorithm 3.
    right: Option<BlockCipher>,
    state: [u8; 16],
}

/// Data that is not whole cipher blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are not whole blocks of {block} bytes")]
pub struct NotWholeBlocks {
    /// Bytes that were given.
    pub length: usize,
    /// Bytes per block.
    pub block: usize,
}

impl Drop for BlockMac {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

impl BlockMac {
    /// Of secure messaging (线路保护), from `initial` zero-filled on the right to one block.
    pub fn secure_messaging(suite: Suite, key: &Key, initial_value: &[u8]) -> Self {
        let single = |half| BlockCipher::single_des(half);
        let (cipher, right) = match suite {
            Suite::TripleDes if key.len() == 8 => (single(key.left()), None),
            Suite::TripleDes => (single(key.left()), Some(single(key.right()))),
            Suite::Sm4 => (BlockCipher::new(suite, key), None),
        };
        Self { cipher, right, state: initial(initial_value) }
    }

    /// With the halves of a 3DES key folded (左右异或), as a TAC is made; SM4 keys are used as they
    /// are.
    pub fn folded(suite: Suite, key: &Key, initial_value: &[u8]) -> Self {
        let (cipher, right) = (folded_cipher(suite, key), None);
        Self { cipher, right, state: initial(initial_value) }
    }

    /// Takes whole blocks, also none.
    ///
    /// # Errors
    /// [`NotWholeBlocks`]; nothing of them was taken.
    pub fn update(&mut self, blocks: &[u8]) -> Result<(), NotWholeBlocks> {
        let (length, block) = (blocks.len(), self.cipher.block());
        if !length.is_multiple_of(block) {
            return Err(NotWholeBlocks { length, block });
        }
        self.cipher.cbc(&mut self.state, blocks);
        Ok(())
    }

    /// Takes the last of the data, padded 80 00.. here, and gives what [`Self::finish`] does.
    pub(crate) fn finish_padded(mut self, data: &[u8]) -> [u8; 8] {
        self.cipher.cbc_padded(&mut self.state, data);
        self.finish()
    }

    /// The left eight bytes; a MAC is the first four of them.
    pub fn finish(mut self) -> [u8; 8] {
        if let Some(right) = &self.right {
            right.decrypt(&mut self.state);
            self.cipher.encrypt(&mut self.state);
        }
        self.state.first_chunk().copied().unwrap_or_default()
    }
}
