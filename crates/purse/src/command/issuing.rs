//! What builds and keys a card (发卡指令), as FMCOS has it.

use std::fmt;

use apdu::CommandBuf;
use applet_spec::CommandId;

use super::build::assemble;
use super::cursor::Fields;
use super::{CommandError, Protected};

/// A command that builds or keys a card. Its `Debug` shows no key.
#[derive(Clone, PartialEq, Eq)]
pub enum IssuingCommand {
    /// CREATE FILE 建立文件 in the current directory.
    CreateFile {
        /// P1 P2: file identifier.
        fid: u16,
        /// What file.
        description: Vec<u8>,
    },
    /// ERASE DIRECTORY 擦除目录: everything in the current directory.
    EraseDirectory,
    /// WRITE KEY 写密钥 into the key file of the current directory.
    WriteKey {
        /// P1: 01 adds a key; else the type of the key that is changed.
        target: u8,
        /// P2: key index.
        index: u8,
        /// Key record, enciphered where it is under secure messaging.
        data: Protected,
    },
}

impl IssuingCommand {
    /// Its entry in the catalogue.
    pub fn id(&self) -> CommandId {
        match self {
            Self::CreateFile { .. } => CommandId::CreateFile,
            Self::EraseDirectory => CommandId::EraseDirectory,
            Self::WriteKey { .. } => CommandId::WriteKey,
        }
    }

    /// The command as an APDU, with the Le that a caller normally sends.
    pub fn to_apdu(&self) -> CommandBuf {
        let (secured, parameters, data) = match self {
            Self::CreateFile { fid, description } => {
                (false, fid.to_be_bytes(), description.clone())
            }
            Self::EraseDirectory => (false, [0x00, 0x00], Vec::new()),
            Self::WriteKey { target, index, data } => {
                (data.mac().is_some(), [*target, *index], data.to_bytes())
            }
        };
        assemble(self.id(), secured, parameters, data, None)
    }
}

impl fmt::Debug for IssuingCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateFile { fid, description } => {
                write!(f, "CreateFile({fid:04X}, {description:02X?})")
            }
            Self::EraseDirectory => f.write_str("EraseDirectory"),
            Self::WriteKey { target, index, data } => {
                write!(f, "WriteKey({target:02X}, {index:02X}, {} bytes)", data.data().len())
            }
        }
    }
}

impl Fields<'_> {
    /// The issuing command of the catalogue entry; `None` where the entry is no such command.
    pub(super) fn issuing_command(&mut self) -> Result<Option<IssuingCommand>, CommandError> {
        let (p1, p2) = (self.apdu.p1(), self.apdu.p2());
        Ok(Some(match self.spec.id {
            CommandId::CreateFile => IssuingCommand::CreateFile {
                fid: u16::from_be_bytes([p1, p2]),
                description: self.all(),
            },
            CommandId::EraseDirectory => IssuingCommand::EraseDirectory,
            CommandId::WriteKey => {
                IssuingCommand::WriteKey { target: p1, index: p2, data: self.protected()? }
            }
            _ => return Ok(None),
        }))
    }
}
