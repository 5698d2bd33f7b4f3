//! The two purse suites (3DES and SM4): session keys, MACs, diversification, key check values.
//!
//! This room knows no command, no card and no file: it takes typed bytes and gives typed bytes.
//! The block ciphers are the RustCrypto crates; what is built from them (PBOC padding, folding,
//! two-block diversification, ISO 9797-1 algorithm 3) is written here, once per rule.
//!
//! [`custody`] is who holds stored keys, and what may be asked of them. Keys are [`Key`]: zeroized on drop, compared in constant time, without `Debug`. What may be
//! printed is a [`KeyCheckValue`].

#![warn(clippy::indexing_slicing)]

mod cache;
mod chain;
mod cipher;
pub mod custody;
mod key;
mod mac;
mod random;
mod secure;
mod suite;

pub use cache::KeyCache;
pub use chain::{BlockMac, NotWholeBlocks};
pub use cipher::BlockCipher;
pub use key::{Key, KeyCheckValue, KeyError, diversify, lab_master};
pub use mac::{Mac, SessionKey, TacKey, pin_reload_mac};
pub use random::{Entropy, SeededEntropy};
pub use secure::{
    DecipherError, authentication_cryptogram, decipher, encipher, secure_messaging_input,
    secure_messaging_mac,
};
pub use suite::Suite;
