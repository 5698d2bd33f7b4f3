//! CREATE FILE 建立文件.

use apdu::{DfName, StatusWord};
use applet_spec::{Access, FciForm, IssuingRules, PinUse, PurseKind};
use purse::Amount;
use purse::issuing::{
    FileStructure, NewDirectory, NewFile, NewKeyFile, NewPurse, NewWorkingFile, PublicSfi,
};
use purse::record::LogRecord;

use crate::application::{Halt, Reply};
use crate::native::personalise::bit;
use crate::native::tree::{Df, Ef, NewDf, PurseTerms, Site, Structure};
use crate::native::{Outcome, Session};

/// Directories below the MF that may lie in each other.
const DEEPEST: usize = 3;

/// Room of files that are a header and nothing behind it.
const NO_ROOM: u32 = 0;

impl Session<'_, '_> {
    pub(super) fn create_file(
        &mut self,
        rules: &IssuingRules,
        fid: u16,
        description: &[u8],
    ) -> Outcome {
        let file = NewFile::parse(description).map_err(|_| StatusWord::WRONG_DATA)?;
        let site = self.site()?;
        if !self.granted(site.create)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        self.check_new(fid, &file)?;
        let counted = file.takes(rules).0;
        match file {
            NewFile::Directory(new) => self.create_directory(rules, &site, fid, &new, counted),
            NewFile::Working(new) => self.create_working_file(rules, &site, fid, &new, counted),
            NewFile::Purse(new) => self.create_purse(rules, &site, fid, new, counted),
            NewFile::Keys(new) => self.create_key_file(rules, &site, fid, new, counted),
        }?;
        Ok(Reply::done())
    }

    /// Bytes that the current directory holds, by the card's own count.
    pub(super) fn counted(&self, rules: &IssuingRules) -> Result<u32, Halt> {
        let overhead = u32::from(rules.file_overhead);
        let df = self.df();
        let files: u32 = df.files(self.memory).map(|file| content(&file) + overhead).sum();
        let children = df.children(self.memory).map(|(_, site)| u32::from(site.size) + overhead);
        Ok(files + children.sum::<u32>())
    }

    /// Whether it may be there: its identifier and name are free, its place is right.
    fn check_new(&self, fid: u16, file: &NewFile) -> Result<(), Halt> {
        let refuse = |status| Err(Halt::Status(status));
        let df = self.df();
        let names_it = |other: &Df| other.fid(self.memory).is_ok_and(|other| other == fid);
        let is_directory = matches!(file, NewFile::Directory(_));
        let taken = df.by_fid(self.memory, fid)?.is_some()
            || is_directory && Df::all(self.memory).any(|other| names_it(&other))
            || df.children(self.memory).any(|(other, _)| names_it(&other));
        if taken {
            return refuse(StatusWord::FILE_EXISTS);
        }
        match file {
            NewFile::Directory(NewDirectory { name, .. }) => {
                if matches!(fid, 0x0000 | 0xFFFF) {
                    return refuse(StatusWord::WRONG_DATA);
                }
                let has_name = |other: Df| match (name, other.name(self.memory)) {
                    (Some(name), Ok(other)) => name.as_bytes() == other,
                    _ => false,
                };
                if Df::all(self.memory).any(has_name) {
                    return refuse(StatusWord::FILE_EXISTS);
                }
                if self.depth()? >= DEEPEST {
                    return refuse(StatusWord::CONDITIONS);
                }
            }
            NewFile::Keys(_) if df.files(self.memory).next().is_some() => {
                return refuse(StatusWord::CONDITIONS);
            }
            NewFile::Keys(_) | NewFile::Purse(_) | NewFile::Working(_) => {}
        }
        Ok(())
    }

    /// How many directories lie around the current one, the MF not counted, and it itself.
    fn depth(&self) -> Result<usize, Halt> {
        let mut at = self.df();
        let mut depth = 0;
        // The MF has no parent; that of another directory lies before it, so this ends.
        while let Some(site) = at.site(self.memory)?.filter(|site| site.parent != 0) {
            at = Df(site.parent);
            depth += 1;
        }
        Ok(depth)
    }

    fn create_directory(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        fid: u16,
        new: &NewDirectory,
        counted: u32,
    ) -> Result<(), Halt> {
        let new = NewDf {
            fid,
            name: new.name.as_ref().map_or(&[][..], DfName::as_bytes),
            fci: match new.public {
                PublicSfi::Application(sfi) => FciForm::PublicFile { version: None, sfi },
                PublicSfi::Directory(0) => FciForm::Bare,
                PublicSfi::Directory(sfi) => FciForm::Dir { sfi },
            },
            size: new.size,
            create: new.create,
            erase: new.erase,
            inner: DEEPEST.saturating_sub(self.depth()? + 1),
        };
        self.make_room(rules, site, counted, new.bytes())?;
        let df = self.df();
        self.atomically(|session| Ok(df.add_child(session.memory, &new).map(|_| ())?))
    }

    fn create_working_file(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        fid: u16,
        new: &NewWorkingFile,
        counted: u32,
    ) -> Result<(), Halt> {
        let header = Ef {
            read: Access::State(new.read),
            update: Access::State(new.update),
            protection: new.protection,
            protect_read: new.keys.protect_read,
            key: new.keys.update,
            read_key: new.keys.read,
            ..Ef::purse_file(fid)
        };
        let (header, room) = match new.structure {
            FileStructure::Binary { size } => {
                (Ef { structure: Structure::Binary, size, ..header }, u32::from(size))
            }
            FileStructure::Variable { size } => {
                let (record, count) = (Ef::MOST_RECORD, Ef::MOST_RECORDS);
                let structure = Structure::Packed;
                (Ef { structure, size, record, count, ..header }, Ef::packed_room(size))
            }
            FileStructure::Fixed { count, record } => {
                let room = u32::from(count) * u32::from(record);
                (Ef { structure: Structure::Linear, record, count, ..header }, room)
            }
            FileStructure::Cyclic { count, record } => {
                let room = u32::from(count) * u32::from(record);
                (Ef { structure: Structure::Cyclic, record, count, ..header }, room)
            }
        };
        self.make_room(rules, site, counted, Ef::HEADER + room)?;
        let df = self.df();
        self.atomically(|session| Ok(df.add_file(session.memory, header, room)?))
    }

    fn create_key_file(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        fid: u16,
        new: NewKeyFile,
        counted: u32,
    ) -> Result<(), Halt> {
        self.make_room(rules, site, counted, Ef::HEADER)?;
        let header = Ef::key_file(fid, new.size, new.add);
        let df = self.df();
        self.atomically(|session| Ok(df.add_file(session.memory, header, NO_ROOM)?))
    }

    fn create_purse(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        fid: u16,
        new: NewPurse,
        counted: u32,
    ) -> Result<(), Halt> {
        let kind = purse_of(fid).ok_or(StatusWord::WRONG_DATA)?;
        let df = self.df();
        let log = df.by_sfi(self.memory, new.log)?;
        if !log.is_some_and(|file| {
            file.structure == Structure::Cyclic && usize::from(file.record) == LogRecord::LENGTH
        }) {
            return Err(Halt::Status(StatusWord::CONDITIONS));
        }
        let own = match kind {
            PurseKind::Deposit => bit(PinUse::Cash) | bit(PinUse::Unload) | bit(PinUse::Overdraft),
            PurseKind::Purse => bit(PinUse::Capp),
        };
        let terms = PurseTerms {
            maximum: Amount(rules.maximum),
            pin_for: 0,
            allows: bit(PinUse::Load) | bit(PinUse::Purchase) | own,
            log: new.log,
            use_right: new.use_right,
        };
        self.make_room(rules, site, counted, Ef::HEADER + PurseTerms::ROOM)?;
        self.atomically(|session| {
            df.add_file(session.memory, Ef::purse_file(fid), NO_ROOM)?;
            Ok(df.add_purse(session.memory, kind, &terms).map(|_| ())?)
        })
    }
}

/// The purse that a fid is reserved for.
fn purse_of(fid: u16) -> Option<PurseKind> {
    match fid {
        0x0001 => Some(PurseKind::Deposit),
        0x0002 => Some(PurseKind::Purse),
        _ => None,
    }
}

/// Bytes of a file's content, by the card's own count: as [`NewFile::takes`] has it.
fn content(file: &Ef) -> u32 {
    match file.structure {
        Structure::Binary | Structure::Packed | Structure::Keys => u32::from(file.size),
        Structure::Linear | Structure::Cyclic | Structure::Variable => {
            u32::from(file.count) * (u32::from(file.record) + 1)
        }
        Structure::Purse => 2 * (8 + 1),
    }
}
