//! Directories and files of a profile.

use super::{KeySpec, LogRouting, PinSpec, PurseSpec, RightsByte, SamKeySpec};
use crate::Template;

/// A DF: the MF, a payment system environment, or an application (ADF).
#[derive(Clone, Debug, PartialEq)]
pub struct Directory {
    /// File identifier.
    pub fid: u16,
    /// DF name (AID or PSE name), 1 to 16 bytes; empty where the DF is found by fid only.
    pub name: Vec<u8>,
    /// What SELECT answers.
    pub fci: FciForm,
    /// Label in the directory record (tag 50), where the DF is listed.
    pub label: Option<Vec<u8>>,
    /// Elementary files.
    pub files: Vec<FileSpec>,
    /// Keys.
    pub keys: Vec<KeySpec>,
    /// Keys that a PSAM works with; a DF with at least one is a PSAM application.
    pub sam_keys: Vec<SamKeySpec>,
    /// The PIN of this DF.
    pub pin: Option<PinSpec>,
    /// Purses; a DF with at least one is a purse application.
    pub purses: Vec<PurseSpec>,
    /// Where the log records go; present where there are purses.
    pub log: Option<LogRouting>,
}

/// The FCI of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FciForm {
    /// `6F .. 84 name A5 03 88 01 sfi`: SFI of the DIR file.
    Dir {
        /// SFI of the DIR file.
        sfi: u8,
    },
    /// `6F .. 84 name A5 .. BF0C .. 61 ..`: the applications, contactless form (PPSE).
    Ppse,
    /// `6F .. 84 name A5 .. [9F08 01 version] 9F0C .. <public file>`.
    PublicFile {
        /// Value of tag 9F08, where the card sends one.
        version: Option<Vec<u8>>,
        /// SFI of the file that is copied into 9F0C.
        sfi: u8,
    },
    /// `6F .. 84 name A5 00`.
    Bare,
}

impl FciForm {
    /// Most bytes of the public file that is copied into an FCI, which must fit an answer.
    pub const MOST_PUBLIC: u16 = 200;
}

/// An elementary file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSpec {
    /// Short file identifier, 01 to 1E.
    pub sfi: u8,
    /// File identifier.
    pub fid: u16,
    /// Structure and size.
    pub kind: FileKind,
    /// Initial content: one entry for a binary file, one per record (record 1 first) else.
    pub content: Vec<Template>,
    /// Who may read.
    pub read: Access,
    /// Who may update.
    pub update: Access,
    /// Line protection (线路保护) of updates.
    pub protection: Protection,
    /// Whether READ answers carry a MAC too (control byte b8 = 0 in FMCOS terms).
    pub protect_read: bool,
    /// Index of the maintenance key (DAMK 应用维护密钥) behind `protection`.
    pub key_index: u8,
    /// English name of the file.
    pub title: String,
    /// Chinese name of the file.
    pub title_zh: String,
}

/// Structure of an elementary file; sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Transparent (二进制文件).
    Binary {
        /// Bytes in the file.
        size: u16,
    },
    /// Linear fixed records (定长记录文件).
    Linear {
        /// Bytes per record.
        record: u8,
        /// Most records it can hold.
        count: u8,
    },
    /// Variable records (变长记录文件): each record is id, length, data; see [`CappRules`](crate::CappRules).
    Variable {
        /// Most bytes per record.
        record: u8,
        /// Most records it can hold.
        count: u8,
    },
    /// Cyclic (循环文件): record 1 is the newest.
    Cyclic {
        /// Bytes per record.
        record: u8,
        /// Records in the ring.
        count: u8,
    },
}

/// A right on a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Always.
    Free,
    /// After VERIFY.
    Pin,
    /// After EXTERNAL AUTHENTICATE with a key of the DF.
    Authenticated,
    /// Not after personalisation (internal file).
    #[default]
    Never,
    /// In a range of security states.
    State(RightsByte),
}

/// Line protection (线路保护) of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// Plain.
    #[default]
    None,
    /// CLA 04/84 with a 4-byte MAC.
    Mac,
    /// Enciphered data and MAC.
    EncryptedMac,
}
