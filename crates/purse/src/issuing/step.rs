//! One step of building a card: what a host sends, what it costs, and how to know that it was done.

use apdu::StatusWord;
use applet_spec::{IssuingRules, Protection};
use crypto::custody::{CustodyError, KeyCustody};

use super::{KeyData, KeyHead, KeyType, NewFile, Seal, TransportKey};
use crate::{
    Command, FileRef, IssuingCommand, Occurrence, Protected, PurseCommand, RecordRef, SelectBy,
};

/// A step of a [`Sequence`](super::Sequence). No `Debug`: a PIN may be in it.
///
/// To take it: where [`challenge`](Self::challenge) says so, send GET CHALLENGE; then send what
/// [`command`](Self::command) makes of the answer, and give the status word to
/// [`verdict`](Self::verdict).
#[derive(Clone)]
pub struct Step {
    pub(super) place: Place,
    pub(super) action: Action,
}

/// Where a step takes place: what is selected before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Fid of the directory.
    pub directory: u16,
    /// Fid of the file, for steps that cannot name it themselves.
    pub file: Option<u16>,
}

/// The key of the card that loses a try where a step is made with a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentTry {
    /// Fid of the directory.
    pub directory: u16,
    /// Its type.
    pub key_type: KeyType,
    /// Its index.
    pub index: u8,
}

/// What a status word says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Done,
    /// It had been done before: good where an interrupted run goes on with this very step, a
    /// failure anywhere else.
    DoneBefore,
    /// Refused.
    Refused,
}

#[derive(Clone)]
pub(super) enum Action {
    Select,
    Authenticate { index: u8, key: TransportKey },
    Erase,
    Create { fid: u16, file: NewFile },
    WriteKey { index: u8, head: KeyHead, data: KeyData, transport: TransportKey },
    Update { file: FileRef, offset: u16, data: Vec<u8>, line: Option<Line> },
    Append { sfi: u8, number: u8, data: Vec<u8>, line: Option<Line> },
}

/// Line protection of a file that is written, and the maintenance key behind it.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) protection: Protection,
    pub(super) index: u8,
    pub(super) key: TransportKey,
}

impl Step {
    pub(super) fn select(place: Place) -> Self {
        Self { place, action: Action::Select }
    }

    /// Bytes that the file it makes takes of its directory, by the card's own count.
    pub(super) fn takes(&self, rules: &IssuingRules) -> Option<u32> {
        match &self.action {
            Action::Create { file, .. } => Some(file.takes(rules).0),
            _ => None,
        }
    }

    /// Bytes of the key or PIN that it writes.
    pub(super) fn value_length(&self) -> u16 {
        match &self.action {
            Action::WriteKey { data: KeyData::Pin(pin), .. } => pin.expose().len() as u16,
            Action::WriteKey { data: KeyData::Held(_), .. } => 16,
            _ => 0,
        }
    }

    /// Bytes of the challenge that the command needs, by GET CHALLENGE right before it.
    pub fn challenge(&self) -> Option<u8> {
        match &self.action {
            Action::Authenticate { .. } => Some(8),
            Action::WriteKey { head, .. } if head.protection != Protection::None => Some(4),
            Action::Update { line: Some(_), .. } | Action::Append { line: Some(_), .. } => Some(4),
            _ => None,
        }
    }

    /// The command. Keys in it come from `custody`; one in clear lives as long as the command.
    ///
    /// # Errors
    /// The holder of the keys.
    pub fn command(
        &self,
        custody: &dyn KeyCustody,
        challenge: &[u8],
    ) -> Result<Command, CustodyError> {
        let protected = |command, line: &Option<Line>| match line {
            Some(Line { protection, key, .. }) => {
                Seal { key, custody, challenge }.protect(command, *protection)
            }
            None => Ok(command),
        };
        Ok(match &self.action {
            Action::Select => self.place.select().into(),
            Action::Authenticate { index, key } => {
                Seal { key, custody, challenge }.authenticate(*index)?.into()
            }
            Action::Erase => IssuingCommand::EraseDirectory.into(),
            Action::Create { fid, file } => file.create(*fid).into(),
            Action::WriteKey { index, head, data, transport: key } => {
                Seal { key, custody, challenge }.write_key(*index, head, data)?.into()
            }
            Action::Update { file, offset, data, line } => {
                let (file, offset) = (*file, *offset);
                let data = Protected::Plain(data.clone());
                protected(PurseCommand::UpdateBinary { file, offset, data }, line)?.into()
            }
            Action::Append { sfi, data, line, .. } => {
                let (file, data) = (FileRef::Sfi(*sfi), Protected::Plain(data.clone()));
                protected(PurseCommand::AppendRecord { file, data }, line)?.into()
            }
        })
    }

    /// What is selected before it.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether it makes another card of the card, so that a journal must know of it before and
    /// after: what it erased is gone, what it made is there and cannot be made twice. The others
    /// can be repeated at will.
    pub fn irreversible(&self) -> bool {
        match &self.action {
            Action::Erase
            | Action::Create { .. }
            | Action::WriteKey { .. }
            | Action::Append { .. } => true,
            Action::Select | Action::Authenticate { .. } | Action::Update { .. } => false,
        }
    }

    /// The key of the card that loses a try where the step is made with a wrong one: look at its
    /// tries before.
    pub fn spends_try(&self) -> Option<SpentTry> {
        let directory = self.place.directory;
        let of = |key_type, index| Some(SpentTry { directory, key_type, index });
        self.challenge()?;
        match &self.action {
            Action::Authenticate { index, .. } => of(KeyType::AUTHENTICATION, *index),
            Action::WriteKey { .. } => of(KeyType::AUTHENTICATION, 0x00),
            Action::Update { line: Some(line), .. } | Action::Append { line: Some(line), .. } => {
                of(KeyType::MAINTENANCE, line.index)
            }
            _ => None,
        }
    }

    /// What the card's answer says.
    pub fn verdict(&self, status: StatusWord) -> Verdict {
        if status.is_ok() {
            return Verdict::Done;
        }
        let before = match &self.action {
            // The key went with an erasure that had happened.
            Action::Authenticate { .. } => StatusWord::KEY_NOT_FOUND,
            Action::Create { .. } => StatusWord::FILE_EXISTS,
            Action::WriteKey { .. } => StatusWord::CLASS_NOT_FOR_FILE,
            _ => return Verdict::Refused,
        };
        if status == before { Verdict::DoneBefore } else { Verdict::Refused }
    }

    /// A reading command that succeeds only where the step has been done, for steps that neither
    /// can be repeated nor are refused the second time: send it before such a step when an
    /// interrupted run goes on with it.
    pub fn probe(&self) -> Option<PurseCommand> {
        match &self.action {
            Action::Append { sfi, number, .. } => {
                let (file, record) = (FileRef::Sfi(*sfi), RecordRef::Number(*number));
                Some(PurseCommand::ReadRecord { file, record, ne: Some(0x100), mac: None })
            }
            _ => None,
        }
    }
}

impl Place {
    pub(super) fn of(directory: u16) -> Self {
        Self { directory, file: None }
    }

    fn select(self) -> PurseCommand {
        let by = SelectBy::Fid(self.file.unwrap_or(self.directory));
        PurseCommand::Select { by, occurrence: Occurrence::First }
    }
}
