//! A transaction from the moment its second step is sent, and the records that come of it.

use apdu::StatusWord;
use applet_spec::PurseKind;
use applet_spec::flow::{Blocking, Refusal, Stop};
use crypto::Mac;
use purse::{Amount, Limit, TerminalId, TerminalSerial, TransactionType};
use std::sync::Arc;

use crate::{Authorisation, Check, KeyId, Named, OnlineRequest, Purchase, Timestamp};

/// A transaction whose second step is about to be sent, or was: until an answer comes, only the card
/// knows whether it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Flow.
    pub flow: Named,
    /// Profile of the card.
    pub profile: Named,
    /// Whose card.
    pub card: CardIdentity,
    /// The purse.
    pub purse: PurseKind,
    /// The steps so far.
    pub steps: AttemptSteps,
    /// Stored balance before, overdraft limit included.
    pub balance_before: Amount,
    /// Overdraft limit, where the card told it.
    pub limit: Option<Limit>,
    /// Terminal number.
    pub terminal: TerminalId,
    /// When it was begun.
    pub at: Timestamp,
    /// Seconds in which the card may come back and finish the same trip.
    pub window: u32,
    /// Where the terminal stands.
    pub site: Site,
    /// The records that a compound purchase writes.
    pub records: Vec<WrittenRecord>,
}

/// The steps of a transaction up to its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptSteps {
    /// With a PSAM.
    Purchase {
        /// What INITIALIZE left.
        purchase: Purchase,
        /// Terminal serial of the PSAM.
        serial: TerminalSerial,
    },
    /// With an issuer.
    Online {
        /// What INITIALIZE left.
        request: OnlineRequest,
        /// What the issuer gave.
        authorised: Authorisation,
    },
}

/// Who a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardIdentity {
    /// Card number, 10 bytes of BCD.
    pub number: [u8; 10],
    /// Issuer.
    pub issuer: [u8; 8],
}

/// Where a terminal stands, and who runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// City code.
    pub city: [u8; 2],
    /// Institution.
    pub institution: [u8; 8],
    /// Line and station.
    pub stop: Stop,
}

/// A record that a compound purchase writes, with the layout it was made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRecord {
    /// SFI of the file.
    pub sfi: u8,
    /// Name of the layout.
    pub layout: Arc<str>,
    /// Content.
    pub data: Vec<u8>,
}

/// A transaction that is known to have happened, or that nobody will know of (灰记录): what a terminal
/// hands over to clearing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionRecord {
    /// The transaction.
    pub attempt: Attempt,
    /// What became of it.
    pub verdict: Verdict,
    /// TAC (of an unload: MAC3), where the card gave it.
    pub tac: Option<Mac>,
    /// What came of checking the TAC.
    pub tac_check: Check,
    /// What came of giving MAC2 to the PSAM.
    pub mac2_check: Check,
    /// Its answer was lost, and it was completed when the card came back.
    pub recovered: bool,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened, and nothing that could be checked was wrong.
    Accepted,
    /// It may have happened, and there is no code that proves it (灰记录).
    Grey,
    /// The card answered, and the PSAM refuses its MAC2.
    WrongMac2,
    /// The card answered, and its TAC is not what the key gives.
    WrongTac,
}

/// A card that was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRecord {
    /// Flow.
    pub flow: Named,
    /// Profile.
    pub profile: Named,
    /// When.
    pub at: Timestamp,
    /// Terminal number.
    pub terminal: TerminalId,
    /// Whose card, where it came so far.
    pub card: Option<CardIdentity>,
    /// What it would have cost, where it came so far.
    pub amount: Option<Amount>,
    /// Why.
    pub reason: Refusal,
    /// The card's status word, where that is the reason.
    pub status: Option<StatusWord>,
    /// The application was blocked by this terminal (锁卡).
    pub blocked: Option<Blocking>,
}

impl Attempt {
    /// Transaction type.
    pub fn transaction_type(&self) -> TransactionType {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => purchase.transaction_type,
            AttemptSteps::Online { request, .. } => request.transaction_type,
        }
    }

    /// Amount; of an overdraft update the new limit.
    pub fn amount(&self) -> Amount {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => purchase.amount,
            AttemptSteps::Online { request, .. } => request.amount(),
        }
    }

    /// Serial of the card, before the increment.
    pub fn serial(&self) -> u16 {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => purchase.serial,
            AttemptSteps::Online { request, .. } => request.serial,
        }
    }

    /// The transaction key.
    pub fn key(&self) -> KeyId {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => purchase.key,
            AttemptSteps::Online { request, .. } => request.key,
        }
    }

    /// Random of the card.
    pub fn random(&self) -> [u8; 4] {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => purchase.random,
            AttemptSteps::Online { request, .. } => request.random,
        }
    }

    /// Terminal serial; none with an issuer.
    pub fn terminal_serial(&self) -> Option<TerminalSerial> {
        match &self.steps {
            AttemptSteps::Purchase { serial, .. } => Some(*serial),
            AttemptSteps::Online { .. } => None,
        }
    }

    /// Date and time that the codes cover.
    pub fn covered(&self) -> (purse::Date, purse::Time) {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => (purchase.date, purchase.time),
            AttemptSteps::Online { authorised, .. } => (authorised.date, authorised.time),
        }
    }

    /// Stored balance after, if it happened.
    pub fn balance_after(&self) -> Amount {
        match &self.steps {
            AttemptSteps::Purchase { purchase, .. } => {
                Amount(self.balance_before.0.saturating_sub(purchase.amount.0))
            }
            AttemptSteps::Online { request, .. } => request.balance_after(),
        }
    }

    /// Whether its time has run out.
    pub fn expired(&self, now: Timestamp) -> bool {
        now.seconds_since(self.at) > u64::from(self.window)
    }
}
