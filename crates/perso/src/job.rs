//! The job file (作业文件): what is made, from which cards file, under which policy.

mod read;
mod serial;

use std::path::PathBuf;

use applet_spec::KeyKind;
use purse::{Amount, Date, TerminalId, Time};

use crate::Place;

pub use serial::{CheckDigit, SerialError, SerialRule};

/// What a job file says. Its profile and cards file are named, not read.
#[derive(Clone, Debug)]
pub struct Job {
    /// Name of the batch.
    pub name: String,
    /// Where its cards come from and how they are reached.
    pub target: Target,
    /// The card family: a built-in name, or a path seen from where the program runs.
    pub profile: String,
    /// Where the profile is named.
    pub profile_place: Place,
    /// Profile of the blank cards that native cards are built on, where it is not the usual one.
    pub blank: Option<String>,
    /// Which cards.
    pub cards: CardList,
    /// How serials are made.
    pub serial: SerialRule,
    /// Which keys.
    pub keys: KeyRule,
    /// State of every card whose row says nothing else: key, value, place.
    pub defaults: Vec<Default>,
    /// How transactions are made, where states and checks need some.
    pub transactions: Transactions,
    /// What is checked of a finished card.
    pub verify: VerifyRule,
    /// What becomes of cards that are not blank.
    pub policy: Policy,
    /// Who works, where the command line does not say.
    pub operator: Option<String>,
}

/// A value of `[defaults]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Default {
    /// Key, as a column is called.
    pub key: String,
    /// Value, as a cell holds it.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// What the cards are and how they are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Native cards built by FMCOS commands, through APDUs.
    Fmcos,
    /// Virtual cards, made in this process.
    Virtual,
}

/// Which cards a batch has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardList {
    /// One for each row of a table.
    File(PathBuf),
    /// So many, all alike.
    Count(u32),
}

/// Which keys the cards get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRule {
    /// Who holds them, as `--keys` says it; `None`: whoever holds the profile's own.
    pub from: Option<String>,
    /// Version of every key, where it is not the profile's.
    pub version: Option<u8>,
    /// Versions of single kinds.
    pub versions: Vec<(KeyKind, u8)>,
}

/// How transactions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transactions {
    /// Terminal number (终端机编号).
    pub terminal: TerminalId,
    /// Date and time, where they are not those of the run.
    pub moment: Option<(Date, Time)>,
}

/// What is checked of a finished card beside what can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyRule {
    /// A load and a purchase of this amount.
    pub transaction: Option<Amount>,
}

/// What becomes of cards that are not blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A card that holds something that is not of this batch.
    pub used: OnUsed,
    /// A card of this batch that was begun and not finished.
    pub half_done: OnHalfDone,
    /// How often a step is tried again at once, where that does no harm.
    pub retries: u8,
}

/// A used card is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUsed {
    /// It is left as it is.
    Refuse,
    /// It is erased and used; only under lab custody.
    Erase,
}

/// A half-done card comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHalfDone {
    /// It goes on where it was.
    Continue,
    /// It is erased and begun again; only under lab custody.
    Erase,
}

impl Target {
    /// Spelling in job files.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Fmcos => "fmcos",
            Self::Virtual => "virtual",
        }
    }
}
