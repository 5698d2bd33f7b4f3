//! Keys and PIN of a directory.

use crypto::Suite;

use super::RightsByte;

/// A key slot (密钥) of a directory.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySpec {
    /// What the key is for.
    pub kind: KeyKind,
    /// Key index (密钥索引).
    pub index: u8,
    /// Key version (密钥版本).
    pub version: u8,
    /// Algorithm id (算法标识), as INITIALIZE answers it.
    pub algorithm_id: u8,
    /// The suite that this id stands for.
    pub suite: Suite,
    /// Wrong tries allowed before the key locks; `None` is unlimited.
    pub tries: Option<u8>,
    /// Security state that EXTERNAL AUTHENTICATE with it leads to.
    pub next_state: u8,
    /// Who may use it, where the card keeps that with the key.
    pub use_right: Option<RightsByte>,
    /// Who may change it by WRITE KEY, where the card keeps that with the key.
    pub change_right: Option<RightsByte>,
    /// Master key given in the profile; else it is made from the lab seed.
    pub master: Option<KeyMaterial>,
}

/// The suite that an algorithm id (算法标识) stands for by custom; `None` where profiles must say
/// which they mean.
pub const fn suite_of_algorithm(id: u8) -> Option<Suite> {
    match id {
        0x00 | 0x01 => Some(Suite::TripleDes),
        0x04 => Some(Suite::Sm4),
        _ => None,
    }
}

/// A 16-byte master key written in a profile under lab custody. No `Debug` of the value.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyMaterial(pub [u8; 16]);

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}

/// Key kinds; the spelling in files and JSON is kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum KeyKind {
    /// DCCK 卡片主控密钥.
    CardMaster = 1,
    /// DACK 应用主控密钥.
    ApplicationMaster = 2,
    /// DAMK / DCMK 维护密钥: secure messaging of files, blocking.
    Maintenance = 3,
    /// DPK 消费密钥; the compound purchase uses it too.
    Purchase = 4,
    /// DLK 圈存密钥.
    Load = 5,
    /// DULK 圈提密钥.
    Unload = 6,
    /// DTK TAC 密钥.
    Tac = 7,
    /// DUK 透支密钥.
    Overdraft = 8,
    /// DPUK PIN 解锁密钥.
    PinUnblock = 9,
    /// DRPK PIN 重装密钥; spelled `pin-reload`.
    PinReset = 10,
    /// 应用锁定密钥; where a DF has none, the maintenance key serves.
    ApplicationBlock = 11,
    /// 应用解锁密钥; where a DF has none, the maintenance key serves.
    ApplicationUnblock = 12,
    /// 卡片锁定密钥; where a DF has none, the maintenance key serves.
    CardBlock = 13,
    /// 内部认证密钥; where a card has one for each mode, the one that enciphers (加密).
    InternalAuthentication = 14,
    /// 外部认证密钥.
    ExternalAuthentication = 15,
    /// 内部认证密钥 that deciphers (解密), on cards that have one for each mode.
    InternalDecipher = 16,
    /// 内部认证密钥 that makes MACs, on cards that have one for each mode.
    InternalMac = 17,
}

/// The PIN (个人密码) of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSpec {
    /// Index, P2 of VERIFY.
    pub index: u8,
    /// BCD bytes, 2 to 6.
    pub value: Vec<u8>,
    /// Tries.
    pub tries: u8,
    /// Security state that VERIFY leads to.
    pub next_state: u8,
}
