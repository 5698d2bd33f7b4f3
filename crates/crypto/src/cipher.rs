//! A keyed block cipher of either suite.

use ::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2};
use sm4::Sm4;

use crate::{Key, Suite};

/// A key schedule, ready to work. Zeroized on drop by the cipher crates.
#[derive(Clone)]
pub enum BlockCipher {
    /// Single DES: an 8-byte card key, or a 3DES session key.
    Des(Des),
    /// Two-key triple DES.
    TripleDes(TdesEde2),
    /// SM4.
    Sm4(Sm4),
}

impl BlockCipher {
    /// Schedules a card key. Under [`Suite::TripleDes`] an 8-byte key means single DES; under
    /// [`Suite::Sm4`] the 16 bytes are used, a shorter key being padded by zeros.
    pub fn new(suite: Suite, key: &Key) -> Self {
        match (suite, key.len()) {
            (Suite::TripleDes, 8) => Self::single_des(key.left()),
            (Suite::TripleDes, _) => Self::TripleDes(TdesEde2::new(&Array::from(*key.padded()))),
            (Suite::Sm4, _) => Self::Sm4(Sm4::new(&Array::from(*key.padded()))),
        }
    }

    /// Schedules single DES.
    pub fn single_des(key: [u8; 8]) -> Self {
        Self::Des(Des::new(&Array::from(key)))
    }

    /// Bytes per block: 8 or 16.
    pub fn block(&self) -> usize {
        match self {
            Self::Des(_) | Self::TripleDes(_) => 8,
            Self::Sm4(_) => 16,
        }
    }

    /// Enciphers the first [`Self::block`] bytes of `block`; the rest stays as it is.
    pub fn encrypt(&self, block: &mut [u8; 16]) {
        match self {
            Self::Des(des) => on_8(block, |b| des.encrypt_block(b)),
            Self::TripleDes(des) => on_8(block, |b| des.encrypt_block(b)),
            Self::Sm4(sm4) => sm4.encrypt_block((&mut *block).into()),
        }
    }

    /// Deciphers the first [`Self::block`] bytes of `block`; the rest stays as it is.
    pub fn decrypt(&self, block: &mut [u8; 16]) {
        match self {
            Self::Des(des) => on_8(block, |b| des.decrypt_block(b)),
            Self::TripleDes(des) => on_8(block, |b| des.decrypt_block(b)),
            Self::Sm4(sm4) => sm4.decrypt_block((&mut *block).into()),
        }
    }

    /// ECB over whole blocks; a short last block is zero-filled first.
    pub fn encrypt_ecb(&self, data: &[u8]) -> Vec<u8> {
        self.ecb(data, Self::encrypt)
    }

    /// ECB decipherment over whole blocks; a short last block is zero-filled first.
    pub fn decrypt_ecb(&self, data: &[u8]) -> Vec<u8> {
        self.ecb(data, Self::decrypt)
    }

    /// CBC over `data` with padding 80 00.. (always added), from `iv` zero-filled on the right.
    /// Returns the last block; only its first [`Self::block`] bytes mean anything.
    pub(crate) fn cbc_last_block(&self, iv: &[u8], data: &[u8]) -> [u8; 16] {
        let mut state = initial(iv);
        self.cbc_padded(&mut state, data);
        state
    }

    /// CBC over `data` with padding 80 00.. (always added), from `state` and into it.
    pub(crate) fn cbc_padded(&self, state: &mut [u8; 16], data: &[u8]) {
        let rest = self.cbc(state, data);
        xor(state, rest);
        if let Some(pad) = state.get_mut(rest.len()) {
            *pad ^= 0x80;
        }
        self.encrypt(state);
    }

    /// CBC over the whole blocks of `data`, from `state` and into it. Returns what is left of
    /// `data`, less than a block.
    pub(crate) fn cbc<'d>(&self, state: &mut [u8; 16], data: &'d [u8]) -> &'d [u8] {
        let mut blocks = data.chunks_exact(self.block());
        for block in &mut blocks {
            xor(state, block);
            self.encrypt(state);
        }
        blocks.remainder()
    }

    fn ecb(&self, data: &[u8], step: fn(&Self, &mut [u8; 16])) -> Vec<u8> {
        let size = self.block();
        let mut out = Vec::with_capacity(data.len().next_multiple_of(size));
        for chunk in data.chunks(size) {
            let mut block = [0; 16];
            xor(&mut block, chunk);
            step(self, &mut block);
            out.extend(block.iter().take(size));
        }
        out
    }
}

/// An initial value, zero-filled on the right.
pub(crate) fn initial(iv: &[u8]) -> [u8; 16] {
    let mut state = [0; 16];
    xor(&mut state, iv);
    state
}

fn on_8(block: &mut [u8; 16], work: impl FnOnce(&mut Array<u8, ::cipher::consts::U8>)) {
    if let Some(first) = block.first_chunk_mut::<8>() {
        work(first.into());
    }
}

fn xor(state: &mut [u8; 16], data: &[u8]) {
    for (to, from) in state.iter_mut().zip(data) {
        *to ^= from;
    }
}
