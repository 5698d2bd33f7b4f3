//! What builds and keys a card (发卡指令), as FMCOS has it.

use std::fmt;

use apdu::CommandBuf;
use applet_spec::CommandId;
use crypto::Mac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::CommandError;
use super::build::{assemble, with_mac};
use super::cursor::Fields;

/// A command that builds or keys a card.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// Key record, or the value alone.
        data: ProtectedKey,
    },
}

/// Data of WRITE KEY, in clear or under line protection (线路保护): what
/// [`Protected`](super::Protected) is, of a secret. Zeroized on drop, compared in constant time; its
/// `Debug` shows no key.
#[derive(Clone)]
pub struct ProtectedKey {
    data: Zeroizing<Vec<u8>>,
    mac: Option<Mac>,
}

impl ProtectedKey {
    /// Class 80: as it is.
    pub fn plain(data: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        Self { data: data.into(), mac: None }
    }

    /// Class 84: with a MAC, and enciphered where the key asks for it.
    pub fn secured(data: impl Into<Zeroizing<Vec<u8>>>, mac: Mac) -> Self {
        Self { data: data.into(), mac: Some(mac) }
    }

    /// The data as sent, without MAC.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The secure messaging MAC; `None` where the data is in clear.
    pub fn mac(&self) -> Option<Mac> {
        self.mac
    }
}

impl PartialEq for ProtectedKey {
    fn eq(&self, other: &Self) -> bool {
        self.mac == other.mac && bool::from(self.data.ct_eq(&other.data))
    }
}

impl Eq for ProtectedKey {}

impl fmt::Debug for ProtectedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secured = if self.mac.is_some() { ", secured" } else { "" };
        write!(f, "ProtectedKey({} bytes{secured})", self.data.len())
    }
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
                let sent = match data.mac() {
                    Some(mac) => with_mac(data.data(), mac),
                    None => data.data().to_vec(),
                };
                (data.mac().is_some(), [*target, *index], sent)
            }
        };
        assemble(self.id(), secured, parameters, data, None)
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
                let data = if self.secured() {
                    let (data, mac) = self.split_mac()?;
                    ProtectedKey::secured(data.to_vec(), mac)
                } else {
                    ProtectedKey::plain(self.all())
                };
                IssuingCommand::WriteKey { target: p1, index: p2, data }
            }
            _ => return Ok(None),
        }))
    }
}
