//! CREATE FILE 建立文件.

use apdu::{DfName, StatusWord};
use applet_spec::{Access, FciForm, IssuingRules, PinUse, PurseKind};
use purse::Amount;
use purse::issuing::{
    FileStructure, NewDirectory, NewFile, NewKeyFile, NewPurse, NewWorkingFile, PublicSfi,
};
use purse::record::LogRecord;

use crate::application::{Halt, Reply};
use crate::native::personalise::bits;
use crate::native::tree::{Df, Ef, NewDf, PurseTerms, Site, Structure};
use crate::native::{Outcome, Session};

/// Directories below the MF that may lie in each other.
const DEEPEST: usize = 3;

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
            NewFile::Purse(NewPurse { log, .. }) => {
                if purse_of(fid).is_none() {
                    return refuse(StatusWord::WRONG_DATA);
                }
                let is_log = |file: &Ef| {
                    file.structure == Structure::Cyclic
                        && usize::from(file.record) == LogRecord::LENGTH
                };
                if !df.by_sfi(self.memory, *log)?.as_ref().is_some_and(is_log) {
                    return refuse(StatusWord::CONDITIONS);
                }
            }
            NewFile::Keys(_) | NewFile::Working(_) => {}
        }
        Ok(())
    }

    /// How many directories lie around the current one, the MF not counted, and it itself.
    fn depth(&self) -> Result<usize, Halt> {
        let mut at = self.df();
        let mut depth = 0;
        // A parent lies before its child, so this ends.
        while let Some(site) = at.site(self.memory)?.filter(|site| (1..at.0).contains(&site.parent))
        {
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
        self.check_room(rules, site, new.bytes(), counted)?;
        self.clear(site.free(), NewDf::HEADERS)?;
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
        let (structure, size, record, count, room) = match new.structure {
            FileStructure::Binary { size } => (Structure::Binary, size, 0, 0, u32::from(size)),
            FileStructure::Variable { size } => {
                let room = Ef::packed_room(size);
                (Structure::Packed, size, Ef::MOST_RECORD, Ef::MOST_RECORDS, room)
            }
            FileStructure::Fixed { count, record } => {
                (Structure::Linear, 0, record, count, u32::from(count) * u32::from(record))
            }
            FileStructure::Cyclic { count, record } => {
                (Structure::Cyclic, 0, record, count, u32::from(count) * u32::from(record))
            }
        };
        let header = Ef {
            structure,
            size,
            record,
            count,
            read: Access::State(new.read),
            update: Access::State(new.update),
            protection: new.protection,
            protect_read: new.keys.protect_read,
            key: new.keys.update,
            read_key: new.keys.read,
            ..Ef::purse_file(fid)
        };
        self.add(rules, site, header, room, counted, |_, _| Ok(()))
    }

    fn create_key_file(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        fid: u16,
        new: NewKeyFile,
        counted: u32,
    ) -> Result<(), Halt> {
        let header = Ef::key_file(fid, new.size, new.add);
        self.add(rules, site, header, 0, counted, |_, _| Ok(()))
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
        let uses: &[PinUse] = match kind {
            PurseKind::Deposit => &[
                PinUse::Balance,
                PinUse::Load,
                PinUse::Purchase,
                PinUse::Cash,
                PinUse::Unload,
                PinUse::Overdraft,
            ],
            PurseKind::Purse => &[PinUse::Balance, PinUse::Load, PinUse::Purchase, PinUse::Capp],
        };
        let terms = PurseTerms {
            maximum: Amount(rules.maximum),
            pin_for: 0,
            allows: bits(uses),
            log: new.log,
            use_right: new.use_right,
        };
        let header = Ef::purse_file(fid);
        self.add(rules, site, header, PurseTerms::ROOM, counted, |session, df| {
            Ok(df.add_purse(session.memory, kind, &terms).map(|_| ())?)
        })
    }

    /// Adds a file with `room` bytes behind its header, of which `more` may take its own.
    fn add(
        &mut self,
        rules: &IssuingRules,
        site: &Site,
        header: Ef,
        room: u32,
        counted: u32,
        more: impl FnOnce(&mut Self, Df) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        let bytes = Ef::HEADER + room;
        self.check_room(rules, site, bytes, counted)?;
        self.clear(site.free(), bytes)?;
        let df = self.df();
        let own = if header.is_internal() { 0 } else { room };
        self.atomically(|session| {
            df.add_file(session.memory, header, own)?;
            more(session, df)
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
