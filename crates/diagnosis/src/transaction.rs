//! A transaction: what its codes cover, and the codes that were sent.

use apdu::StatusWord;
use applet_spec::{CommandId, KeySpec, Profile, PurseKind};
use crypto::Mac;
use purse::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};

use crate::{Code, Flow, Place, Source};

/// A transaction as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// Where its INITIALIZE stands; `None` where it was not read from a trace.
    pub place: Option<Place>,
    /// Which.
    pub flow: Flow,
    /// ED or EP.
    pub purse: PurseKind,
    /// Its type byte.
    pub transaction_type: TransactionType,
    /// Fid of the directory that it happens in.
    pub directory: u16,
    /// Key index that INITIALIZE names.
    pub key_index: u8,
    /// Key version that the card answered.
    pub key_version: Option<u8>,
    /// Algorithm id that the card answered.
    pub algorithm: Option<u8>,
    /// The card.
    pub card: Card,
    /// What goes into its codes.
    pub values: Values,
    /// How its second step went.
    pub step: Option<Step>,
    /// The codes that were sent, in the order they appear.
    pub received: Vec<Received>,
}

/// Which card: what its keys are derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The 8-byte serial.
    pub serial: [u8; 8],
    /// The public file (file 15); as the profile has it where the trace does not.
    pub public: Vec<u8>,
    /// Where the serial was found.
    pub source: Source,
}

/// What goes into the codes of a transaction; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Amount.
    pub amount: Option<Amount>,
    /// Stored balance before.
    pub balance: Option<Amount>,
    /// Card serial before the increment.
    pub serial: Option<u16>,
    /// Overdraft limit so far.
    pub old_limit: Option<Limit>,
    /// New overdraft limit.
    pub new_limit: Option<Limit>,
    /// Random of the card.
    pub random: Option<[u8; 4]>,
    /// Terminal number.
    pub terminal: Option<TerminalId>,
    /// Terminal serial.
    pub terminal_serial: Option<TerminalSerial>,
    /// Date.
    pub date: Option<Date>,
    /// Time.
    pub time: Option<Time>,
    /// The identification code, where MAC1 covers it.
    pub code: Option<IdentificationCode>,
}

/// The second step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// Which command.
    pub command: CommandId,
    /// What the card answered; `None` where it was silent.
    pub status: Option<StatusWord>,
}

/// A code that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub code: Code,
    /// Its value.
    pub mac: Mac,
    /// Where it stands.
    pub place: Place,
    /// What it stands in.
    pub stands_in: StandsIn,
}

/// What a code stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandsIn {
    /// The answer to INITIALIZE.
    Initialized,
    /// The command of the second step.
    Step,
    /// The answer to it.
    StepAnswer,
    /// The answer to GET TRANSACTION PROOF.
    Proof,
}

impl Card {
    /// The card of a profile with this serial.
    pub fn of_profile(profile: &Profile, serial: [u8; 8], source: Source) -> Self {
        Self { serial, public: profile.public_content(&serial), source }
    }

    /// The diversification factors of its keys, highest level first.
    pub fn factors(&self, profile: &Profile) -> Vec<[u8; 8]> {
        profile.factors_of(&self.serial, &self.public)
    }
}

impl Transaction {
    /// A code that was sent, as it was sent first.
    pub fn first(&self, code: Code) -> Option<&Received> {
        self.received.iter().find(|received| received.code == code)
    }

    /// The key slot of its session key, or of its TAC.
    pub(crate) fn key<'p>(&self, profile: &'p Profile, code: Code) -> Option<&'p KeySpec> {
        let directory = profile.directories.iter().find(|one| one.fid == self.directory)?;
        match code {
            Code::Tac => {
                let index = profile.rules.tac_index_for(self.key_index);
                directory.key(applet_spec::KeyKind::Tac, index)
            }
            Code::Mac1 | Code::Mac2 | Code::Mac3 => directory.key(self.flow.key(), self.key_index),
        }
    }
}
