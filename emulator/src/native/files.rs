//! READ BINARY, UPDATE BINARY, and what all file commands share: finding the file, its rights.

use apdu::StatusWord;
use applet_spec::{Access, RightsByte, SecurityStates};
use crypto::Mac;
use purse::{FileRef, Protected};

use super::tree::{Df, Ef, Structure};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn read_binary(
        &mut self,
        file: FileRef,
        offset: u16,
        ne: Option<u32>,
        mac: Option<Mac>,
    ) -> Outcome {
        let file = self.binary_file(file)?;
        self.check_access(file.read)?;
        self.check_read_protection(&file, mac)?;
        let left = file.size.checked_sub(offset).filter(|left| *left > 0);
        let Some(left) = left else { return self.beyond_end(ne) };
        let mut data = vec![0; usize::from(left)];
        self.memory.read(file.data + u32::from(offset), &mut data)?;
        self.shorten(&mut data, ne);
        self.protect_answer(&file, data)
    }

    pub(super) fn update_binary(
        &mut self,
        file: FileRef,
        offset: u16,
        data: &Protected,
    ) -> Outcome {
        let file = self.binary_file(file)?;
        self.check_update_access(&file)?;
        let data = self.unwrap_update(&file, data)?;
        if offset >= file.size {
            return Err(Halt::Status(StatusWord::WRONG_OFFSET));
        }
        if data.len() > usize::from(file.size - offset) {
            return Err(Halt::Status(StatusWord::WRONG_LENGTH));
        }
        let at = file.data + u32::from(offset);
        self.atomically(|session| Ok(session.memory.put_raw(at, &data)?))?;
        Ok(Reply::done())
    }

    /// The file a command is for; a file named by SFI becomes the current one.
    pub(super) fn file(&mut self, file: FileRef) -> Result<Ef, Halt> {
        match file {
            FileRef::Current => Ef::at(self.memory, self.state.current_file)?
                .ok_or(Halt::Status(StatusWord::NO_CURRENT_FILE)),
            FileRef::Sfi(sfi) => {
                let found = self.df().by_sfi(self.memory, sfi)?;
                let found = found.ok_or(StatusWord::FILE_NOT_FOUND)?;
                if self.state.current_file != found.address {
                    self.state.current_file = found.address;
                    self.state.current_record = 0;
                }
                Ok(found)
            }
        }
    }

    pub(super) fn check_access(&self, access: Access) -> Result<(), Halt> {
        let granted = match access {
            Access::Free => true,
            Access::Pin => self.state.rights.pin,
            Access::Authenticated => self.state.rights.authenticated,
            Access::State(right) => self.granted(right)?,
            Access::Never => return Err(Halt::Status(self.rules.status.internal_file)),
        };
        if granted { Ok(()) } else { Err(Halt::Status(StatusWord::SECURITY_STATUS)) }
    }

    /// Whether a right is given in the security states reached so far.
    pub(super) fn granted(&self, right: RightsByte) -> Result<bool, Halt> {
        if self.state.building {
            return Ok(true);
        }
        let directory = self.state.rights.state;
        let in_master = self.df() == Df::master(self.memory)?;
        let master = if in_master { directory } else { self.state.master_state };
        Ok(right.granted(SecurityStates { master, directory }))
    }

    /// A file that can be read but never updated is no internal one: the right is missing.
    pub(super) fn check_update_access(&self, file: &Ef) -> Result<(), Halt> {
        match (file.read, file.update) {
            (Access::Never, Access::Never) => self.check_access(Access::Never),
            (_, Access::Never) => Err(Halt::Status(StatusWord::SECURITY_STATUS)),
            (_, update) => self.check_access(update),
        }
    }

    /// Cuts an answer to the bytes asked for. T=0 needs the exact Le, which the transport checks:
    /// it is given everything where more was asked for than there is.
    pub(super) fn shorten(&self, data: &mut Vec<u8>, ne: Option<u32>) {
        if let Some(ne) = ne.filter(|_| !self.deviates(Deviation::LeIgnored)) {
            data.truncate(ne as usize);
        }
    }

    fn binary_file(&mut self, file: FileRef) -> Result<Ef, Halt> {
        let file = self.file(file)?;
        if file.is_internal() {
            return Err(Halt::Status(self.rules.status.internal_file));
        }
        if file.structure != Structure::Binary {
            return Err(Halt::Status(StatusWord::FILE_TYPE));
        }
        Ok(file)
    }
}
