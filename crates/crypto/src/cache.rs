//! Scheduled card keys, kept outside the cards and bounded.
//!
//! A card's memory holds key bytes only, so a hundred thousand cards stay small; the key schedules
//! of those in use live here. One slot per hash, the newest key wins, and dropping a slot zeroizes
//! its schedule.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{BlockCipher, Key, Suite, TacKey};

/// A bounded cache of key schedules; share it between cards by `Arc`.
pub struct KeyCache {
    ciphers: Mutex<Slots<BlockCipher>>,
    tacs: Mutex<Slots<TacKey>>,
}

impl KeyCache {
    /// Room for about `keys` schedules of each form, at least 16.
    pub fn new(keys: usize) -> Self {
        let slots = keys.max(16).next_power_of_two();
        Self { ciphers: Mutex::new(Slots::new(slots)), tacs: Mutex::new(Slots::new(slots)) }
    }

    /// The schedule of a card key.
    pub fn cipher(&self, suite: Suite, key: &Key) -> Arc<BlockCipher> {
        lookup(&self.ciphers, suite, key, BlockCipher::new)
    }

    /// The schedule of a TAC key.
    pub fn tac(&self, suite: Suite, key: &Key) -> Arc<TacKey> {
        lookup(&self.tacs, suite, key, TacKey::new)
    }
}

struct Slots<T>(Vec<Option<(Suite, Key, Arc<T>)>>);

impl<T> Slots<T> {
    fn new(slots: usize) -> Self {
        Self((0..slots).map(|_| None).collect())
    }
}

fn lookup<T>(
    slots: &Mutex<Slots<T>>,
    suite: Suite,
    key: &Key,
    make: impl FnOnce(Suite, &Key) -> T,
) -> Arc<T> {
    // A slot is replaced whole, so a poisoned lock still guards good slots.
    let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
    let mask = slots.0.len() - 1;
    let Some(slot) = slots.0.get_mut(hash(key) & mask) else {
        return Arc::new(make(suite, key));
    };
    match slot {
        Some((held_suite, held_key, schedule)) if *held_suite == suite && held_key == key => {
            schedule.clone()
        }
        _ => {
            let schedule = Arc::new(make(suite, key));
            *slot = Some((suite, key.clone(), schedule.clone()));
            schedule
        }
    }
}

/// Card keys are pseudo-random, so mixing the halves is enough.
fn hash(key: &Key) -> usize {
    let half = |at: usize| {
        key.padded().get(at..at + 8).and_then(|s| s.first_chunk().copied()).unwrap_or_default()
    };
    let mixed = u64::from_be_bytes(half(0)) ^ u64::from_be_bytes(half(8)).rotate_left(23);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}
