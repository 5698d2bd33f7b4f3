//! A ledger of paper, and what of it a loss of power leaves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use perso::engine::{Entry, Lasting, Ledger, Progress, Record, Refusal, Serial};
use perso::journal::JournalError;

use super::{Instant, Mishap, Shared};

/// The ledger: what outlasts a loss of power, and what only outlasts the program.
#[derive(Clone, Default)]
pub struct PaperLedger {
    pub records: BTreeMap<Serial, Record>,
    pub refused: Vec<Refusal>,
    mark: Option<(Serial, Progress)>,
}

/// A ledger that lives beyond its programs.
pub struct Writing {
    pub ledger: Rc<RefCell<PaperLedger>>,
    pub world: Shared,
    /// The disk forgot what was not synced.
    pub lost: Rc<Cell<bool>>,
}

impl Writing {
    fn write(&self, entries: &[Entry], lasting: Lasting) {
        let mut ledger = self.ledger.borrow_mut();
        if let (Lasting::Process, [Entry::Step { serial, progress }]) = (lasting, entries) {
            ledger.mark = Some((*serial, *progress));
            return;
        }
        assert_eq!(lasting, Lasting::Power, "only single steps may be marked");
        for entry in entries {
            match entry {
                Entry::Record(serial, record) => {
                    ledger.records.insert(*serial, (**record).clone());
                }
                Entry::Step { serial, progress } => {
                    if let Some(record) = ledger.records.get_mut(serial) {
                        record.progress = *progress;
                    }
                }
                Entry::Released(serial) => {
                    ledger.records.remove(serial);
                }
                Entry::Refused(refusal) => ledger.refused.push(refusal.clone()),
            }
        }
    }
}

impl Ledger for Writing {
    fn keep(&mut self, entries: &[Entry], lasting: Lasting) -> Result<(), JournalError> {
        let full = || JournalError::Full { path: "paper".into() };
        let (instant, mishap) = self.world.borrow_mut().instant();
        match instant {
            Instant::End => Err(full()),
            Instant::EndAfter => {
                // With the power goes what was not synced.
                if mishap == Some(Mishap::PowerLost) {
                    self.ledger.borrow_mut().mark = None;
                    self.lost.set(true);
                } else {
                    self.write(entries, lasting);
                }
                Err(full())
            }
            _ => {
                self.write(entries, lasting);
                Ok(())
            }
        }
    }
}

impl PaperLedger {
    /// As a program that starts finds it: the mark is taken in before another one is made.
    pub fn found(&mut self) -> BTreeMap<Serial, Record> {
        if let Some((serial, progress)) = self.mark.take()
            && let Some(record) = self.records.get_mut(&serial)
            && progress.attempts == record.progress.attempts
            && progress.reached() >= record.progress.reached()
        {
            record.progress = progress;
        }
        self.records.clone()
    }
}
