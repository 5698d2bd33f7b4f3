//! The serials of a batch and what is known of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::decide::Known;
use crate::engine::{Identity, Record, RecordState, Refusal, Serial, Tally};

/// The serials of a batch in their order, with their records.
pub(super) struct Batch {
    order: Vec<Serial>,
    of_batch: BTreeSet<Serial>,
    pub(super) records: BTreeMap<Serial, Record>,
    by_uid: BTreeMap<String, Serial>,
    refused: BTreeMap<String, Refusal>,
    /// Cards without a UID, by what they look like.
    looks: BTreeMap<(String, String), Refusal>,
    begun: BTreeSet<Serial>,
    passed: u32,
    rejected: u32,
    /// Serials before this place in the order have a record.
    begun_up_to: usize,
}

impl Batch {
    pub(super) fn new(
        order: Vec<Serial>,
        records: impl IntoIterator<Item = (Serial, Record)>,
        refused: impl IntoIterator<Item = Refusal>,
    ) -> Self {
        let of_batch = order.iter().copied().collect();
        let mut batch = Self {
            order,
            of_batch,
            records: BTreeMap::new(),
            by_uid: BTreeMap::new(),
            refused: BTreeMap::new(),
            looks: BTreeMap::new(),
            begun: BTreeSet::new(),
            passed: 0,
            rejected: 0,
            begun_up_to: 0,
        };
        for (serial, record) in records {
            batch.insert(serial, record);
        }
        refused.into_iter().for_each(|refusal| batch.refuse(&refusal));
        batch
    }

    pub(super) fn insert(&mut self, serial: Serial, record: Record) {
        self.uncount(serial);
        match record.state {
            RecordState::Begun => {
                self.begun.insert(serial);
            }
            RecordState::Passed => self.passed += 1,
            RecordState::Rejected => self.rejected += 1,
        }
        if let Some(uid) = record.card.as_ref().and_then(|card| card.uid.clone()) {
            self.by_uid.insert(uid, serial);
        }
        self.records.insert(serial, record);
        while self.order.get(self.begun_up_to).is_some_and(|s| self.records.contains_key(s)) {
            self.begun_up_to += 1;
        }
    }

    /// The serial waits for a card again.
    pub(super) fn forget(&mut self, serial: Serial) {
        self.uncount(serial);
        self.records.remove(&serial);
        self.by_uid.retain(|_, known| *known != serial);
        self.begun_up_to = 0;
    }

    fn uncount(&mut self, serial: Serial) {
        match self.records.get(&serial).map(|record| record.state) {
            Some(RecordState::Begun) => {
                self.begun.remove(&serial);
            }
            Some(RecordState::Passed) => self.passed -= 1,
            Some(RecordState::Rejected) => self.rejected -= 1,
            None => {}
        }
    }

    /// The card is turned away from now on.
    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        let Identity { uid, atr, look } = &refusal.card;
        if let Some(uid) = uid {
            self.refused.insert(uid.clone(), refusal.clone());
        } else if !look.is_empty() {
            self.looks.insert((atr.clone(), look.clone()), refusal.clone());
        }
    }

    /// Serials without a record, in their order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Serial> {
        let rest = self.order.iter().skip(self.begun_up_to).copied();
        rest.filter(|serial| !self.records.contains_key(serial))
    }

    /// Every serial.
    pub(super) fn all(&self) -> impl Iterator<Item = Serial> {
        self.order.iter().copied()
    }

    /// Whether there is nothing more to do with the card of this UID.
    pub(super) fn is_settled(&self, uid: &str, rejected: bool) -> bool {
        let record = self.by_uid.get(uid).and_then(|serial| self.records.get(serial));
        match record.map(|record| record.state) {
            Some(RecordState::Passed) => true,
            Some(RecordState::Rejected) => !rejected,
            Some(RecordState::Begun) => false,
            None => !rejected && self.refused.contains_key(uid),
        }
    }

    /// Serials whose cards are begun.
    pub(super) fn begun(&self) -> Vec<Serial> {
        self.begun.iter().copied().collect()
    }

    /// Serials that there is more to do with on a card that has been in.
    pub(super) fn open(&self, rejected: bool) -> Vec<Serial> {
        if !rejected {
            return self.begun();
        }
        let open = self.records.iter().filter(|(_, record)| record.state != RecordState::Passed);
        open.map(|(serial, _)| *serial).collect()
    }

    /// UIDs of the cards that there is more to do with: of those that were begun, and of those that
    /// were rejected where they are tried again.
    pub(super) fn open_uids(&self, rejected: bool) -> Vec<String> {
        let uid = |record: &Record| record.card.as_ref()?.uid.clone();
        if !rejected {
            let records = self.begun.iter().filter_map(|serial| self.records.get(serial));
            return records.filter_map(uid).collect();
        }
        let open = |record: &&Record| record.state != RecordState::Passed;
        self.records.values().filter(open).filter_map(uid).collect()
    }

    /// Whether there are rejected cards.
    pub(super) fn has_rejected(&self) -> bool {
        self.rejected > 0
    }

    pub(super) fn tally(&self) -> Tally {
        let (total, known) = (self.order.len() as u32, self.records.len() as u32);
        Tally {
            total,
            passed: self.passed,
            rejected: self.rejected,
            begun: self.begun.len() as u32,
            waiting: total.saturating_sub(known),
            ..Tally::default()
        }
    }
}

impl Known for Batch {
    fn record(&self, serial: Serial) -> Option<&Record> {
        self.records.get(&serial)
    }

    fn of_batch(&self, serial: Serial) -> bool {
        self.of_batch.contains(&serial)
    }

    fn by_uid(&self, uid: &str) -> Option<Serial> {
        self.by_uid.get(uid).copied()
    }

    fn refused(&self, card: &Identity) -> Option<&Refusal> {
        match &card.uid {
            Some(uid) => self.refused.get(uid),
            None => self.looks.get(&(card.atr.clone(), card.look.clone())),
        }
    }

    fn half_made(&self) -> Option<Serial> {
        let nameless = |serial: &Serial| {
            let card = self.records.get(serial).and_then(|record| record.card.as_ref());
            card.is_none_or(|card| card.uid.is_none())
        };
        self.begun.iter().copied().find(nameless)
    }
}
