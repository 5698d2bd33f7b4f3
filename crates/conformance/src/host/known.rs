//! What the host knows from the exchange so far.

use std::collections::BTreeMap;

use applet_spec::SamUsage;
use zeroize::Zeroizing;

use super::transaction::Transaction;
use crate::TransactionState;

/// What the host knows from the exchange so far.
#[derive(Clone)]
pub(super) struct Known {
    pub state: TransactionState,
    /// The running transaction, or the last one.
    pub transaction: Option<Transaction>,
    pub challenge: Option<Vec<u8>>,
    /// The identification code that the card told, or that a PSAM found right.
    pub code: Option<[u8; 9]>,
    /// That was in the current selection.
    pub code_counts: bool,
    /// The current directory, as an index into the profile's.
    pub directory: usize,
    /// SFI of the current file.
    pub file: Option<u8>,
    /// A PIN was verified in the current selection.
    pub verified: bool,
    /// The PIN, once it was changed.
    pub pin: Option<Zeroizing<Vec<u8>>>,
    /// The key that a PSAM delivered to CRYPT.
    pub delivered: Option<Delivered>,
    /// What was captured.
    pub names: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

/// A key that DELIVER KEY gave to CRYPT.
#[derive(Clone)]
pub(super) struct Delivered {
    pub usage: SamUsage,
    pub number: u8,
    /// Highest level first.
    pub factors: Vec<[u8; 8]>,
}

impl Known {
    /// Before anything was said; `directory` is current.
    pub(super) fn nothing(directory: usize) -> Self {
        Self {
            state: TransactionState::Idle,
            transaction: None,
            challenge: None,
            code: None,
            code_counts: false,
            directory,
            file: None,
            verified: false,
            pin: None,
            delivered: None,
            names: BTreeMap::new(),
        }
    }

    /// Another directory is current: what was granted in the one before is gone.
    pub(super) fn enter(&mut self, directory: usize) {
        self.directory = directory;
        self.file = None;
        self.verified = false;
        self.code_counts = false;
        self.delivered = None;
    }
}
