//! Which card is this? Nothing has been written to it yet.

use serde::{Deserialize, Serialize};

use super::{Record, RecordState, Refusal, Serial};
use crate::job::{OnHalfDone, OnUsed, Policy};

/// What tells a card from all others of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// UID of a contactless chip, or the name of the file that a virtual card lives in. Readers with
    /// contacts tell none.
    pub uid: Option<String>,
    /// Answer to reset, in hex. Cards of a kind often have the same.
    pub atr: String,
    /// What answers on it, as far as that was asked for: it tells no card from another one that is as
    /// far.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub look: String,
}

/// A card as it is found in the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Who it is.
    pub card: Identity,
    /// What it holds.
    pub holds: Holds,
}

/// What a card holds, as far as it tells without a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// No application of the family: it may be blank, or begun.
    Nothing,
    /// A purse application with this serial.
    Card(Serial),
    /// Something whose serial cannot be read.
    Unreadable(String),
    /// An application of this other family.
    Foreign(String),
    /// It refuses everything: locked, or its application is.
    Locked(String),
}

/// Why a card is not worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It holds a card that is not of this batch.
    Used(String),
    /// It is a card of this other family.
    Foreign(String),
    /// It refuses the key that it should have.
    KeyRefused(String),
    /// It has no UID, and a card that looks the same refused a key before.
    SameLook(String),
    /// It is blank, and a card without a UID that was begun must come back first.
    BegunFirst(Serial),
    /// It bears a serial that the journal has on another card.
    Twin(Serial),
    /// It bears a serial of this batch that the journal has not issued.
    NotIssued(Serial),
    /// The journal has it under another serial than the one it bears.
    OtherSerial {
        /// In the journal.
        journal: Serial,
        /// On the card.
        card: Serial,
    },
    /// It is locked.
    Locked(String),
    /// It does not answer as a card should.
    Silent(String),
    /// It is not the card that was begun with this serial.
    NotTheBegun(Serial),
    /// It was turned away before.
    Before(String),
    /// A key or PIN of it has one try left.
    LastTry(String),
    /// There is nothing left to make.
    NothingLeft,
}

/// What to do with a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Begin the next serial on it.
    New,
    /// Erase it and begin the next serial on it.
    EraseUsed,
    /// Go on with this serial where it was.
    Resume(Serial),
    /// Erase it and begin this serial again.
    Redo(Serial),
    /// It is finished.
    Done(Serial),
    /// It was rejected.
    Rejected(Serial),
    /// Leave it alone.
    Turn(Stranger),
}

/// What the journal knows, as a decision asks for it.
pub(super) trait Known {
    /// Records, by serial.
    fn record(&self, serial: Serial) -> Option<&Record>;
    /// Whether the serial is one of the batch.
    fn of_batch(&self, serial: Serial) -> bool;
    /// The serial whose card has this UID.
    fn by_uid(&self, uid: &str) -> Option<Serial>;
    /// Why this card was turned away before, or one without a UID that looks the same.
    fn refused(&self, card: &Identity) -> Option<&Refusal>;
    /// The serial that was begun on a card without a UID, which is not finished.
    fn half_made(&self) -> Option<Serial>;
}

/// What a person or the machine knows of the card that is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// It has not been taken out since this serial was begun on it.
    pub(super) serial: Option<Serial>,
    /// It is to be tried again whatever was said of it.
    pub(super) again: bool,
    /// The last try of its keys may be spent.
    pub(super) spend: bool,
}

/// A half-done card is known by its UID, by the serial that it tells, or because it has not been
/// taken out. Of cards without a UID only one is half done at a time: another that tells no serial may
/// be it, and whoever approaches it finds out.
pub(super) fn decide(
    known: &impl Known,
    sighting: &Sighting,
    policy: &Policy,
    presence: Presence,
) -> Decision {
    let Presence { serial: present, again, spend } = presence;
    let Sighting { card, holds } = sighting;
    if let Some(serial) = card.uid.as_deref().and_then(|uid| known.by_uid(uid)) {
        return match holds {
            Holds::Card(found) if *found != serial => {
                Decision::Turn(Stranger::OtherSerial { journal: serial, card: *found })
            }
            _ => by_record(known, serial, policy, presence),
        };
    }
    if let Holds::Foreign(family) = holds {
        return Decision::Turn(Stranger::Foreign(family.clone()));
    }
    let made = matches!(holds, Holds::Card(serial) if known.record(*serial).is_some());
    let refused = known.refused(card).filter(|_| !made);
    if let (None, Some(Refusal { reason, .. })) = (&card.uid, refused) {
        // Of cards that look the same none is told from the other, not even by a person.
        if !spend {
            return Decision::Turn(Stranger::SameLook(reason.clone()));
        }
    } else if let Some(Refusal { reason, last_try, .. }) = refused {
        if *last_try && !spend {
            return Decision::Turn(Stranger::LastTry(reason.clone()));
        }
        if !again {
            return Decision::Turn(Stranger::Before(reason.clone()));
        }
    }
    // Its key tells whether it is the one: nothing that can be asked for free does.
    let begun = present.or_else(|| known.half_made());
    let tells = matches!(holds, Holds::Card(_) | Holds::Locked(_)) && present.is_none();
    let present =
        begun.filter(|_| !tells).filter(|_| card.uid.is_none() && !matches!(holds, Holds::Card(_)));
    if let Some(serial) = present {
        return by_record(known, serial, policy, presence);
    }
    match holds {
        Holds::Card(serial) if known.of_batch(*serial) => {
            let Some(record) = known.record(*serial) else {
                return match policy.used {
                    OnUsed::Erase => Decision::EraseUsed,
                    OnUsed::Refuse => Decision::Turn(Stranger::NotIssued(*serial)),
                };
            };
            // Two cards with a UID each are two cards, and so are two with other answers to reset.
            let same = record.card.as_ref().is_some_and(|kept| {
                (kept.uid.is_none() || card.uid.is_none()) && kept.atr == card.atr
            });
            if same {
                by_record(known, *serial, policy, presence)
            } else {
                Decision::Turn(Stranger::Twin(*serial))
            }
        }
        Holds::Locked(why) => Decision::Turn(Stranger::Locked(why.clone())),
        Holds::Nothing => Decision::New,
        Holds::Card(serial) => used(policy, format!("serial {serial}")),
        Holds::Unreadable(what) => used(policy, what.clone()),
        Holds::Foreign(family) => Decision::Turn(Stranger::Foreign(family.clone())),
    }
}

fn used(policy: &Policy, what: String) -> Decision {
    match policy.used {
        OnUsed::Erase => Decision::EraseUsed,
        OnUsed::Refuse => Decision::Turn(Stranger::Used(what)),
    }
}

fn by_record(known: &impl Known, serial: Serial, policy: &Policy, presence: Presence) -> Decision {
    let record = known.record(serial);
    if let Some(record) = record.filter(|record| record.last_try && !presence.spend) {
        let reason = record.reason.clone().unwrap_or_else(|| "a key refused it".to_owned());
        return Decision::Turn(Stranger::LastTry(reason));
    }
    let half_done = match policy.half_done {
        OnHalfDone::Continue => Decision::Resume(serial),
        OnHalfDone::Erase => Decision::Redo(serial),
    };
    match record.map(|record| record.state) {
        Some(RecordState::Passed) => Decision::Done(serial),
        Some(RecordState::Rejected) if !presence.again => Decision::Rejected(serial),
        Some(RecordState::Rejected | RecordState::Begun) => half_done,
        None => Decision::New,
    }
}
