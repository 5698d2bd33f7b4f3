//! The PSAM (消费安全存取模块) as part of the native card system.
//!
//! A purchase in progress and a MAC in pieces are transactions like those of cards: the command
//! that goes on with one takes it, and any other ends it. A delivered key and a checked
//! identification code are [`Granted`]: they last until the next selection or reset.

mod crypt;
mod identification;
mod places;
mod purchase;
mod write_key;

use apdu::StatusWord;
use applet_spec::{PsamSpec, SamUsage};
use crypto::{BlockMac, Key, diversify};
use purse::{IdentificationCode, PsamCommand};

use super::transaction::Transaction;
use super::tree::{Df, SamKeySlot};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::Halt;

use crypt::Delivered;
pub use places::{application, serial_file, terminal_file};
use purchase::Purchase;

/// What a PSAM is in the middle of.
#[derive(Clone)]
pub enum Running {
    /// INITIALIZE SAM FOR PURCHASE was answered.
    Purchase(Box<Purchase>),
    /// Pieces of a MAC were given to CRYPT, and not yet the last.
    Mac(Box<BlockMac>),
}

/// What was granted in this selection.
#[derive(Clone, Default)]
pub struct Granted {
    /// The key that CRYPT works with.
    delivered: Option<Delivered>,
    /// The card's identification code that was found right.
    code: Option<IdentificationCode>,
}

impl Granted {
    /// Without the identification code.
    pub(super) fn only_key(self) -> Self {
        Self { code: None, ..self }
    }
}

impl Running {
    /// For status displays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Purchase(_) => "sam-purchase",
            Self::Mac(_) => "sam-mac",
        }
    }
}

impl Session<'_, '_> {
    pub(super) fn execute_psam(
        &mut self,
        command: PsamCommand,
        transaction: Transaction,
    ) -> Outcome {
        let running = match transaction {
            Transaction::Sam(running) => Some(running),
            _ => None,
        };
        match command {
            PsamCommand::InitializeForPurchase(asked) => self.initialize_sam_for_purchase(&asked),
            PsamCommand::CreditForPurchase { mac2 } => self.credit_sam_for_purchase(running, mac2),
            PsamCommand::DeliverKey { usage, key, factors } => {
                self.deliver_key(SamUsage(usage), key, &factors)
            }
            PsamCommand::Crypt { mode, data } => self.crypt(running, mode, &data),
            PsamCommand::CheckIdentificationCode { code } => self.check_identification_code(code),
            PsamCommand::WriteKey { enciphered, mac } => self.write_sam_key(&enciphered, mac),
        }
    }

    fn run(&mut self, running: Running) {
        self.state.transaction = Transaction::Sam(running);
    }

    /// What the profile says of this PSAM.
    fn psam(&self) -> Result<&PsamSpec, Halt> {
        let missing = || Halt::Bug("a PSAM's command on a card of no PSAM".to_owned());
        self.system.acts_by.psam.as_ref().ok_or_else(missing)
    }

    /// The current directory, where it has keys to work with.
    fn sam_application(&self) -> Result<Df, Halt> {
        let df = self.df();
        let there = df.sam_serial(self.memory)?.is_some();
        if there { Ok(df) } else { Err(Halt::Status(StatusWord::CONDITIONS)) }
    }

    /// The value of a slot diversified by the factors of a command, which come in the order of the
    /// card, its own first, and are applied highest first. There must be as many as the key has
    /// levels.
    fn diversified(&self, slot: &SamKeySlot, factors: &[[u8; 8]]) -> Result<Key, Halt> {
        if factors.len() != usize::from(slot.usage.levels()) {
            return Err(Halt::Status(StatusWord::WRONG_LENGTH));
        }
        let root = slot.value(self.memory)?;
        if self.deviates(Deviation::PsamFactorsSwapped) {
            return Ok(factors.iter().fold(root, |key, one| diversify(slot.suite, &key, one)));
        }
        Ok(factors.iter().rev().fold(root, |key, factor| diversify(slot.suite, &key, factor)))
    }
}
