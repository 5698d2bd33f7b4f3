//! What a run tells those who watch it.

use super::{Serial, Stranger};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A card is wanted.
    Insert {
        /// The serial that it will get; `None` where only begun cards are waited for.
        next: Option<Serial>,
        /// Begun serials whose cards are missing, and rejected ones where these are tried again.
        begun: Vec<Serial>,
    },
    /// A card is there.
    Arrived {
        /// Its UID, where the reader tells.
        uid: Option<String>,
    },
    /// Work on a card starts.
    Started {
        /// Serial.
        serial: Serial,
        /// How.
        how: How,
        /// Steps in all.
        steps: u32,
    },
    /// A step is being taken.
    Step {
        /// Serial.
        serial: Serial,
        /// Which, from 0.
        at: u32,
        /// Steps in all.
        steps: u32,
    },
    /// Something went wrong and is tried again.
    Again {
        /// Serial.
        serial: Serial,
        /// What went wrong.
        why: String,
    },
    /// The card went away or fell silent while it was worked on; the serial waits for it.
    Interrupted {
        /// Serial.
        serial: Serial,
        /// What happened.
        why: String,
    },
    /// A card is made and verified.
    Passed {
        /// Serial.
        serial: Serial,
    },
    /// A card failed; its serial will not be made.
    Rejected {
        /// Serial.
        serial: Serial,
        /// Why.
        why: String,
    },
    /// A card failed before it bore the serial, which waits for another one.
    BadCard {
        /// Serial.
        serial: Serial,
        /// Why.
        why: String,
    },
    /// A finished card came again.
    Already {
        /// Serial.
        serial: Serial,
        /// It passed; else it was rejected.
        passed: bool,
    },
    /// A card that is not to be worked on.
    Turned {
        /// Why.
        why: Stranger,
    },
    /// A begun serial waits for a new card, since the one it was begun on is gone with its process.
    Released {
        /// Serial.
        serial: Serial,
    },
    /// The person left a serial out.
    Skipped {
        /// Serial.
        serial: Serial,
    },
    /// The card is to be taken away.
    TakeAway,
    /// The run ends.
    Ended {
        /// Why it ended before everything was made; `None` where all is done.
        left: Option<Left>,
    },
}

/// How work on a card starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// On a blank card.
    New,
    /// On a used card, which is erased first.
    EraseUsed,
    /// Where it was.
    Resume {
        /// The step.
        at: u32,
    },
    /// From the beginning, after an erasure.
    Redo,
}

/// Why a run ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person ended it.
    Finished,
    /// It was interrupted.
    Stopped,
    /// There are no more cards.
    NoMoreCards,
    /// As many were made as were asked for.
    Limit,
}

/// How many cards are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Serials of the batch.
    pub total: u32,
    /// Made and verified.
    pub passed: u32,
    /// Of these, in this run.
    pub passed_now: u32,
    /// Rejected.
    pub rejected: u32,
    /// Begun and not finished.
    pub begun: u32,
    /// Not begun.
    pub waiting: u32,
    /// Cards turned away in this run.
    pub turned: u32,
}
