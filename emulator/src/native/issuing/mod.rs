//! CREATE FILE, ERASE DIRECTORY and WRITE KEY (发卡指令), on cards that are built by commands.
//!
//! A directory without a key file is open ground: all rights are given in it until it is left, and
//! after its erasure. Every command happens as a whole or not at all; bytes that nobody has yet are
//! zeroed before, and bytes that nobody has any more after it.

mod create;
mod erase;
mod write_key;

use apdu::StatusWord;
use applet_spec::IssuingRules;
use purse::IssuingCommand;

use super::tree::{Address, Site};
use super::{Outcome, Session};
use crate::application::Halt;

impl Session<'_, '_> {
    pub(super) fn execute_issuing(&mut self, command: IssuingCommand) -> Outcome {
        let rules = self.rules.issuing.ok_or(StatusWord::UNKNOWN_INS)?;
        match command {
            IssuingCommand::CreateFile { fid, description } => {
                self.create_file(&rules, fid, &description)
            }
            IssuingCommand::EraseDirectory => self.erase_directory(&rules),
            IssuingCommand::WriteKey { target, index, data } => {
                self.write_key(&rules, target, index, &data)
            }
        }
    }

    /// How the current directory is built.
    fn site(&self) -> Result<Site, Halt> {
        let site = self.df().site(self.memory)?;
        // All directories of such a card are built by commands.
        site.ok_or_else(|| Halt::Bug("a directory has no site".to_owned()))
    }

    /// Zeroes `length` bytes of the current directory's region that nobody has yet, where they are
    /// not: leftovers of what was erased by a command that was torn afterwards.
    fn clear(&mut self, at: Address, length: u32) -> Result<(), Halt> {
        let mut held = vec![0; length as usize];
        self.memory.read(at, &mut held)?;
        if held.iter().any(|byte| *byte != 0) {
            held.fill(0);
            self.memory.put_raw(at, &held)?;
        }
        Ok(())
    }

    /// Refuses what the region of the current directory, or its size by the card's own count, has
    /// no room for. `bytes` are taken of card memory, `counted` by that count.
    fn check_room(
        &self,
        rules: &IssuingRules,
        site: &Site,
        bytes: u32,
        counted: u32,
    ) -> Result<(), Halt> {
        let taken = self.counted(rules)?;
        if taken + counted > u32::from(site.size) || bytes > site.room() {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        Ok(())
    }
}
