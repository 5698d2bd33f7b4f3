//! What a journal holds of a card.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Identity;

/// The serial (应用序列号, last 8 bytes) of a card.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(pub [u8; 8]);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Serial {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("no serial of sixteen digits"))
    }
}

/// How far a serial is. One without a record waits for a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordState {
    /// A card was begun with it.
    Begun,
    /// Its card is made and verified.
    Passed,
    /// It is not to be made any more, or its card failed.
    Rejected,
}

/// How far a card is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How often a card was begun with the serial.
    pub attempts: u32,
    /// Steps that are surely done.
    pub done: u32,
    /// A step that was begun and may be done.
    pub doing: Option<u32>,
    /// The card may bear the serial.
    pub bears: bool,
}

impl Progress {
    /// The first step that is not surely done.
    pub fn reached(&self) -> u32 {
        self.doing.unwrap_or(self.done)
    }
}

/// What the journal holds of a serial. No key ever, only check values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// How far it is.
    pub state: RecordState,
    /// The card; `None` where none was begun.
    pub card: Option<Identity>,
    /// How far the card is.
    #[serde(flatten)]
    pub progress: Progress,
    /// Steps in all.
    pub steps: u32,
    /// Commands sent to the card.
    pub apdus: u32,
    /// When the card was begun, in seconds since 1970 (UTC).
    pub began: u64,
    /// When it was finished.
    pub ended: Option<u64>,
    /// Who worked.
    pub operator: Option<String>,
    /// Keys of the card by their check values.
    pub keys: Vec<KeyLine>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// How often a load and a purchase were made with it since it was made.
    #[serde(default)]
    pub tried_out: u32,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// A key or PIN of the card has one try left: it is not tried again unless a person says so.
    #[serde(default)]
    pub last_try: bool,
}

/// A key of a card, by its check value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLine {
    /// `DIRECTORY/KIND/INDEX/VERSION`.
    pub name: String,
    /// Check value (密钥校验值), three bytes in hex.
    pub kcv: String,
    /// How the card proved that it has it; `None` where it allows no proof.
    pub proof: Option<String>,
}

/// Something that was checked of a finished card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What, in English.
    pub what: String,
    /// What, in Chinese.
    pub what_zh: String,
    /// What was expected and found, where they differ.
    pub fault: Option<String>,
}

impl Record {
    /// Adds a key, or how one that is there was proved.
    pub fn note_key(&mut self, line: KeyLine) {
        match self.keys.iter_mut().find(|known| known.name == line.name) {
            Some(known) => known.proof = line.proof.or(known.proof.take()),
            None => self.keys.push(line),
        }
    }

    /// A card that is begun now.
    pub fn begun(card: Identity, steps: u32, began: u64) -> Self {
        Self {
            state: RecordState::Begun,
            card: Some(card),
            progress: Progress::default(),
            steps,
            apdus: 0,
            began,
            ended: None,
            operator: None,
            keys: Vec::new(),
            checks: Vec::new(),
            tried_out: 0,
            reason: None,
            last_try: false,
        }
    }
}

/// A card that was turned away, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The card.
    pub card: Identity,
    /// Why.
    pub reason: String,
    /// A key of it has one try left.
    pub last_try: bool,
}

/// Something to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// A serial's record is this now.
    Record(Serial, Box<Record>),
    /// How far a begun card is: steps surely done, and the step that may be.
    Step {
        /// Serial.
        serial: Serial,
        /// How far.
        progress: Progress,
    },
    /// The serial waits for a card again: the one it was begun on cannot bear it any more.
    Released(Serial),
    /// A card was turned away.
    Refused(Refusal),
}
