//! What is in the files.

use apdu::StatusWord;
use applet_spec::{Access, Directory, FileKind, FileSpec, RightsByte};
use purse::record::LogRecord;
use purse::{FileRef, PurseCommand, RecordRef};

use super::{Found, Told, Verifier, by_name, differs, refusal};
use crate::work::TalkError;

/// What READ BINARY gives at once.
const AT_ONCE: u16 = 0x100;

impl Verifier<'_, '_> {
    /// Every file that can be read without a key.
    pub(super) fn files(&mut self, told: &mut Told) -> Result<(), TalkError> {
        let order = self.order;
        for directory in &order.profile.directories {
            if directory.files.is_empty() {
                continue;
            }
            let selected = self.talk.ask(by_name(directory)?)?;
            told.pin_given = false;
            let fid = directory.fid;
            let fault = refusal(&selected, StatusWord::OK);
            if fault.is_some() {
                let (what, what_zh) =
                    (format!("directory {fid:04X} selected"), format!("选择目录 {fid:04X}"));
                told.found.note(what, what_zh, fault);
                continue;
            }
            for file in directory.files.iter().filter(|file| readable(file)) {
                self.file(directory, file, &mut told.found)?;
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        directory: &Directory,
        file: &FileSpec,
        found: &mut Found,
    ) -> Result<(), TalkError> {
        let fault = match file.kind {
            FileKind::Binary { size } => self.binary(file, size)?,
            _ if is_log(directory, file.sfi) => self.log(file)?,
            _ => self.records(file)?,
        };
        let (sfi, fid) = (file.sfi, directory.fid);
        let what = format!("file {sfi:02X} of {fid:04X}, {}", file.title);
        found.note(what, format!("{fid:04X} 文件 {sfi:02X}, {}", file.title_zh), fault);
        Ok(())
    }

    fn binary(&mut self, file: &FileSpec, size: u16) -> Result<Option<String>, TalkError> {
        let mut read = Vec::new();
        let mut from = FileRef::Sfi(file.sfi);
        while read.len() < usize::from(size) {
            let offset = read.len() as u16;
            let ne = Some(u32::from(AT_ONCE.min(size - offset)));
            let command = PurseCommand::ReadBinary { file: from, offset, ne, mac: None };
            let answer = self.talk.ask(command)?;
            if let Some(fault) = refusal(&answer, StatusWord::OK) {
                return Ok(Some(fault));
            }
            if answer.data.is_empty() {
                break;
            }
            read.extend(answer.data);
            // What was read by its short identifier is the current file.
            from = FileRef::Current;
        }
        let mut expected = self.contents(file).into_iter().next().unwrap_or_default();
        expected.resize(usize::from(size), 0);
        Ok(differs(&read, &expected))
    }

    fn records(&mut self, file: &FileSpec) -> Result<Option<String>, TalkError> {
        let expected = self.contents(file);
        for (number, content) in (1..=u8::MAX).zip(&expected) {
            let fault = match self.record(file.sfi, number)? {
                Ok(record) => differs(&record, content),
                Err(fault) => Some(fault),
            };
            if let Some(fault) = fault {
                return Ok(Some(format!("record {number}: {fault}")));
            }
        }
        let beyond = expected.len() as u8 + 1;
        Ok(self.record(file.sfi, beyond)?.ok().map(|_| format!("there is a record {beyond}")))
    }

    /// The newest records of the transaction log are those of the card's own transactions.
    fn log(&mut self, file: &FileSpec) -> Result<Option<String>, TalkError> {
        let FileKind::Cyclic { count, .. } = file.kind else { return Ok(None) };
        let Some(wanted) = self.expected.log else { return Ok(None) };
        let wanted = wanted.min(u32::from(count));
        let mut records = 0;
        for number in 1..=count {
            match self.record(file.sfi, number)? {
                Ok(record) if LogRecord::parse(&record).is_some() => records += 1,
                _ => break,
            }
        }
        Ok((records != wanted).then(|| format!("{records} transactions in it, not {wanted}")))
    }

    fn record(&mut self, sfi: u8, number: u8) -> Result<Result<Vec<u8>, String>, TalkError> {
        let (file, record) = (FileRef::Sfi(sfi), RecordRef::Number(number));
        let command = PurseCommand::ReadRecord { file, record, ne: Some(0x100), mac: None };
        let answer = self.talk.ask(command)?;
        Ok(refusal(&answer, StatusWord::OK).map_or(Ok(answer.data), Err))
    }

    fn contents(&self, file: &FileSpec) -> Vec<Vec<u8>> {
        let (serial, public) = (&self.order.serial.0, self.order.public());
        file.content.iter().map(|content| content.fill(serial, &public)).collect()
    }
}

/// Whether anybody may read it without a key or PIN.
pub(crate) fn readable(file: &FileSpec) -> bool {
    let free = match file.read {
        Access::Free => true,
        Access::State(right) => right == RightsByte::ALWAYS,
        Access::Pin | Access::Authenticated | Access::Never => false,
    };
    free && !file.protect_read
}

fn is_log(directory: &Directory, sfi: u8) -> bool {
    directory.log.is_some_and(|log| {
        [Some(log.purchase), Some(log.load), log.other_city].contains(&Some(sfi))
    })
}
