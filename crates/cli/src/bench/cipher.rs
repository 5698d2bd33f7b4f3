//! The floor: the cipher work that one purchase, or one tap, must do, run bare on the cipher crates.
//!
//! 3DES: 10 DES block operations and 4 key schedules (session key by the 16-byte purchase key: 3
//! and 2; MAC1 3 and 1; MAC2 1; TAC 3 and 1). SM4: 6 blocks and 3 key schedules (session key 1 and
//! 1; MAC1 2 and 1; MAC2 1; TAC 2 and 1).

use std::hint::black_box;

use cipher::{Array, BlockCipherEncrypt, KeyInit};
use crypto::Suite;
use des::{Des, TdesEde2};
use sm4::Sm4;

/// Does the work of one purchase; the result depends on all of it.
pub fn one_purchase(suite: Suite, seed: u8) -> u8 {
    match suite {
        Suite::TripleDes => triple_des(seed),
        Suite::Sm4 => sm4(seed),
    }
}

/// Does the work of one tap: a purchase of the card, and its PSAM's side.
///
/// 3DES: 19 DES block operations and 7 key schedules more (the card's key by two levels: 12 and 4;
/// session key by it: 3 and 2; MAC1 3 and 1; MAC2 1). SM4: 6 blocks and 4 key schedules more (the
/// card's key 2 and 2; session key 1 and 1; MAC1 2 and 1; MAC2 1).
pub fn one_tap(suite: Suite, seed: u8) -> u8 {
    let card = one_purchase(suite, seed);
    let psam = match suite {
        Suite::TripleDes => triple_des_psam(seed),
        Suite::Sm4 => sm4_psam(seed),
    };
    card ^ psam
}

fn triple_des_psam(seed: u8) -> u8 {
    let mut key = [0x33 ^ seed; 16];
    for _ in 0..2 {
        let level = TdesEde2::new(&black_box(key).into());
        for half in key.as_chunks_mut::<8>().0 {
            let mut block = Array::from(*half);
            level.encrypt_block(&mut block);
            *half = block.into();
        }
    }
    let mut block = Array::from([seed; 8]);
    TdesEde2::new(&black_box(key).into()).encrypt_block(&mut block);
    let session = Des::new(&block);
    for _ in 0..4 {
        session.encrypt_block(&mut block);
    }
    block.first().copied().unwrap_or_default()
}

fn sm4_psam(seed: u8) -> u8 {
    let mut block = Array::from([0x33 ^ seed; 16]);
    for _ in 0..3 {
        let key = black_box(block);
        Sm4::new(&key).encrypt_block(&mut block);
    }
    let session = Sm4::new(&block);
    for _ in 0..3 {
        session.encrypt_block(&mut block);
    }
    block.first().copied().unwrap_or_default()
}

fn triple_des(seed: u8) -> u8 {
    let mut block = Array::from([seed; 8]);
    TdesEde2::new(&black_box([0x5A ^ seed; 16]).into()).encrypt_block(&mut block);
    let session = Des::new(&block);
    for _ in 0..4 {
        session.encrypt_block(&mut block);
    }
    let tac = Des::new(&black_box([0xA5 ^ seed; 8]).into());
    for _ in 0..3 {
        tac.encrypt_block(&mut block);
    }
    block.first().copied().unwrap_or_default()
}

fn sm4(seed: u8) -> u8 {
    let mut block = Array::from([seed; 16]);
    Sm4::new(&black_box([0x5A ^ seed; 16]).into()).encrypt_block(&mut block);
    let session = Sm4::new(&block);
    for _ in 0..3 {
        session.encrypt_block(&mut block);
    }
    let tac = Sm4::new(&black_box([0xA5 ^ seed; 16]).into());
    for _ in 0..2 {
        tac.encrypt_block(&mut block);
    }
    block.first().copied().unwrap_or_default()
}
