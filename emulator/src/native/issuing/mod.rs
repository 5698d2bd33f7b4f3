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

use super::tree::{self, Address, Site};
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
        Ok(tree::write(self.memory, at, &vec![0; length as usize])?)
    }

    /// Sees to it that the current directory's size, by the card's own count, has room for `counted`,
    /// and its region for the next `bytes`, which are zero then.
    fn make_room(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        counted: u32,
        bytes: u32,
    ) -> Result<(), Halt> {
        let taken = self.counted(rules)?;
        if taken + counted > u32::from(site.size) {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        self.reserve(site, bytes)
    }

    /// Sees to it that the next `bytes` of the current directory's region are there, and zero.
    fn reserve(&mut self, site: &Site, bytes: u32) -> Result<(), Halt> {
        if bytes > site.room() {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        self.clear(site.free(), bytes)
    }
}
