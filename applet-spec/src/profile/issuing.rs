//! How a card is delivered that its owner builds by commands (发卡).

use super::RightsByte;

/// What differs between cards that are built by CREATE FILE and WRITE KEY, and how they are
/// delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuingRules {
    /// Bytes of the MF, by the card's own count: all files, keys and directories go into them.
    pub room: u16,
    /// Bytes that the card counts for a file or directory beside its content.
    pub file_overhead: u8,
    /// Bytes that the card counts for a key beside its value.
    pub key_overhead: u8,
    /// Right to create files and directories in the MF.
    pub create: RightsByte,
    /// Right to erase the MF.
    pub erase: RightsByte,
    /// Bytes of the MF's key file (密钥文件) as delivered.
    pub key_file: u16,
    /// Right to add keys to it.
    pub add_key: RightsByte,
    /// When WRITE KEY takes keys in clear.
    pub plain_keys: PlainKeys,
    /// What the data of WRITE KEY is that changes a key.
    pub key_update: KeyUpdate,
    /// ERASE DIRECTORY leaves the key file of the directory.
    pub erase_keeps_keys: bool,
    /// Most that the balance of a purse may become.
    pub maximum: u32,
}

/// When WRITE KEY takes keys in clear (class 80).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainKeys {
    /// Whenever the key's own line protection asks for no more.
    Always,
    /// While its directory is being built: from the erasure, or the creation, until it is left.
    Building,
    /// Never.
    Never,
}

/// What the data of WRITE KEY is that changes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUpdate {
    /// Whole record or new value alone, told apart by the first byte and the length.
    Either,
    /// The whole record, as when a key is added.
    Record,
    /// The new value alone.
    Value,
}
