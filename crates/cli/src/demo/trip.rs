//! The records of a metro trip, for the compound purchase.
//!
//! Layouts of the transport-ministry card: facts on records 1A and 1E, from terminals and readers
//! of public origin; other families have no public layout, so theirs is our own.

use applet_spec::{Directory, FileKind, Profile};
use purse::record::capp_id;
use purse::{Amount, RecordRef, TerminalId};
use terminal::CappRecord;

use super::story::NOW;

/// SFI of the trip records, on cards that have them.
const TRIPS: u8 = 0x1E;
/// Bytes of a trip record.
const TRIP: u8 = 48;

/// A ride that was paid for.
pub struct Ride {
    /// Where.
    pub terminal: TerminalId,
    /// How much.
    pub amount: Amount,
    /// What is left.
    pub balance_after: Amount,
}

impl Ride {
    /// Records that the compound purchase writes; none where the card has no place for them.
    pub fn records(&self, profile: &Profile, application: &Directory) -> Vec<CappRecord> {
        let rules = &profile.rules.capp;
        let Some(file) = application.file(rules.default_sfi) else { return Vec::new() };
        let Some(template) = file.content.first() else { return Vec::new() };
        let mut data = template.fill(&profile.serial, &profile.public_content(&profile.serial));
        let Some(id) = capp_id(rules, &data) else { return Vec::new() };
        if rules.id_width == 2 {
            self.metro(&mut data);
        } else {
            put(&mut data, usize::from(rules.lock_offset) + 1, &self.own());
        }
        let mut records = vec![CappRecord { sfi: file.sfi, record: RecordRef::First(id), data }];
        let trips = application.file(TRIPS).map(|trips| trips.kind);
        if let Some(FileKind::Cyclic { record: TRIP, .. }) = trips {
            let record = RecordRef::First(0);
            records.push(CappRecord { sfi: TRIPS, record, data: self.trip() });
        }
        records
    }

    /// Record 2701: out of the metro.
    fn metro(&self, data: &mut [u8]) {
        const OUT: u8 = 0x02;
        put(data, 14, &[OUT]);
        put(data, 15, &self.city());
        put(data, 17, &self.city());
        put(data, 59, &self.terminal8());
        put(data, 74, &now());
        put(data, 95, &self.amount.to_bytes());
    }

    /// Terminal, date and time, amount.
    fn own(&self) -> Vec<u8> {
        [&self.terminal.0[..], &now(), &self.amount.to_bytes()].concat()
    }

    /// A trip record.
    fn trip(&self) -> Vec<u8> {
        const PURSE_OUT: u8 = 0x04;
        const METRO: u8 = 0x01;
        let mut data = vec![0; usize::from(TRIP)];
        put(&mut data, 0, &[PURSE_OUT]);
        put(&mut data, 1, &self.terminal8());
        put(&mut data, 9, &[METRO]);
        put(&mut data, 17, &self.amount.to_bytes());
        put(&mut data, 21, &self.balance_after.to_bytes());
        put(&mut data, 25, &now());
        put(&mut data, 32, &self.city());
        data
    }

    fn city(&self) -> [u8; 2] {
        let [high, low, ..] = self.terminal.0;
        [high, low]
    }

    /// Terminal number with two zero bytes before it.
    fn terminal8(&self) -> Vec<u8> {
        [&[0, 0][..], &self.terminal.0].concat()
    }
}

fn now() -> Vec<u8> {
    [&NOW.date().0[..], &NOW.time().0].concat()
}

fn put(data: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in data.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
