//! APPLICATION BLOCK, APPLICATION UNBLOCK, CARD BLOCK.
//!
//! Wrong MACs of the two blocking commands cost nothing; those of unblocking count.

use apdu::StatusWord;
use applet_spec::KeyKind;
use crypto::Mac;
use purse::BlockKind;

use super::secure::WrongMac;
use super::tree::{self, Blocked, KeySlot};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn application_block(&mut self, kind: BlockKind, mac: Mac) -> Outcome {
        let slot = self
            .own_or_maintenance(KeyKind::ApplicationBlock)?
            .ok_or(StatusWord::KEY_INDEX_UNSUPPORTED)?;
        let slot = self.usable(Some(slot))?;
        if !self.deviates(Deviation::BlockMacUnchecked) {
            self.check_secured(&slot, &[], mac, WrongMac::IsFree)?;
        }
        let blocked = match kind {
            BlockKind::Temporary => Blocked::Temporarily,
            BlockKind::Permanent => Blocked::Permanently,
        };
        let df = self.df();
        df.block(self.memory, blocked)?;
        Ok(Reply::done())
    }

    pub(super) fn application_unblock(&mut self, mac: Mac) -> Outcome {
        let df = self.df();
        let blocked = df.blocked(self.memory)?;
        if blocked != Blocked::Temporarily && !self.lets_unblock(blocked) {
            return Err(Halt::Status(StatusWord::CONDITIONS));
        }
        let slot = self.own_or_maintenance(KeyKind::ApplicationUnblock)?;
        let slot = self.usable(slot)?;
        if !self.deviates(Deviation::UnblockMacUnchecked) {
            self.check_secured(&slot, &[], mac, WrongMac::Counts)?;
        }
        self.atomically(|session| {
            df.block(session.memory, Blocked::No)?;
            session.forget_wrong_macs()
        })?;
        Ok(Reply::done())
    }

    pub(super) fn card_block(&mut self, mac: Mac) -> Outcome {
        let slot = self.own_or_maintenance(KeyKind::CardBlock)?;
        let slot = self.usable(slot)?;
        self.check_secured(&slot, &[], mac, WrongMac::IsFree)?;
        if self.deviates(Deviation::CardBlockOneApplication) {
            self.df().block(self.memory, Blocked::Permanently)?;
            return Ok(Reply::done());
        }
        self.memory.put(tree::CARD_BLOCKED, &[u8::from(true)])?;
        Ok(Reply::done())
    }

    /// The key of its own kind, or where the directory has none, the maintenance key.
    fn own_or_maintenance(&self, kind: KeyKind) -> Result<Option<KeySlot>, Halt> {
        let df = self.df();
        Ok(match df.first_key(self.memory, kind)? {
            Some(slot) => Some(slot),
            None => df.first_key(self.memory, KeyKind::Maintenance)?,
        })
    }
}
