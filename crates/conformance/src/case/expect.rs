//! What must come back from a step, what of it is kept for later, and what of the card may change.

use std::time::Duration;

use super::Value;

/// What must come back. Of a reset only `fields` are asked, of other
/// steps without an answer (`do`, `set`) nothing.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Status words, one of which it must be.
    pub status: Vec<StatusPattern>,
    /// Fields of the answer, by their catalogue name.
    pub fields: Vec<(String, Value)>,
    /// The whole answer data.
    pub data: Option<Value>,
    /// Bytes of answer data.
    pub length: Option<u16>,
    /// What is at a path of tags.
    pub tlv: Vec<(Vec<u32>, TlvExpect)>,
    /// What the answer data must not be.
    pub differs: Option<Value>,
    /// Longest time.
    pub within: Option<Duration>,
    /// What of the card may be in between after a loss of power that `tear` asks for.
    pub torn: Vec<Change>,
}

/// A status word, or several with some digits free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// Four hexadecimal digits; `None` is any digit.
    Digits([Option<u8>; 4]),
    /// The profile's `rules.status.FIELD`, without `status.`; or another field by its whole name,
    /// `psam.wrong-mac2`. [`status_field`](crate::profile_fields::status_field) knows them.
    Profile(String),
}

impl StatusPattern {
    /// Exactly this status word.
    pub fn exactly(status: apdu::StatusWord) -> Self {
        Self::Digits([12, 8, 4, 0].map(|shift| Some((status.0 >> shift & 0xF) as u8)))
    }
}

/// What is at a path.
#[derive(Clone, Debug)]
pub enum TlvExpect {
    /// The element is there.
    Present,
    /// It is not.
    Absent,
    /// Its value.
    Is(Value),
}

/// A name for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The name, without `$`.
    pub name: String,
    /// What it is.
    pub from: CaptureFrom,
}

/// What is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureFrom {
    /// A field of the answer.
    Field(String),
    /// The answer data from a byte on, up to another.
    Data(usize, Option<usize>),
    /// The value at a path.
    Tlv(Vec<u32>),
}

/// A part of a card's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Stored balance of a purse.
    Balance(PurseName),
    /// Overdraft limit.
    Limit(PurseName),
    /// Offline serial.
    Offline(PurseName),
    /// Online serial.
    Online(PurseName),
    /// What GET TRANSACTION PROOF knows.
    Proof,
    /// Content or records of a file of the main application.
    File(u8),
    /// The files that the profile's transaction logs go to.
    Log,
    /// The PIN or its tries.
    Pin,
    /// Tries of keys.
    Keys,
    /// Locks of application and card.
    Lock,
    /// Wrong transaction MACs counted.
    WrongMacs,
    /// Terminal transaction serial of a PSAM.
    TerminalSerial,
    /// Everything.
    Anything,
}

/// Which purse a [`Change`] is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PurseName {
    /// Electronic deposit 电子存折.
    Ed,
    /// Electronic purse 电子钱包.
    Ep,
}
