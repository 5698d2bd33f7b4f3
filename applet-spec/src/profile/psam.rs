//! PSAMs (消费安全存取模块): what differs between them, and the keys they hold.

use apdu::StatusWord;
use crypto::Suite;

use super::{KeyKind, KeyMaterial};

/// What makes a profile that of a PSAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsamSpec {
    /// The built-in card profile it works for: its lab master keys are those cards', and so is the
    /// rule about the identification code in MAC1, unless its own rules say another.
    pub serves: String,
    /// Terminal number (终端机编号) of a fresh PSAM; the content of MF file 16.
    pub terminal: [u8; 6],
    /// SFI of the 4-byte file that holds the terminal transaction serial (终端交易序号): the one
    /// that the next MAC1 is made with.
    pub serial_file: u8,
    /// When the serial goes on.
    pub serial_advances: SerialAdvance,
    /// CREDIT SAM FOR PURCHASE with a MAC2 that is not right (9302 or 6988).
    pub wrong_mac2: StatusWord,
    /// Bytes of a MAC that CRYPT answers: 4 or 8.
    pub mac_length: u8,
    /// How the identification code (安全认证识别码) is checked.
    pub identification: IdentificationCheck,
    /// Purposes of the keys that DELIVER KEY gives to CRYPT.
    pub deliver: Vec<SamPurpose>,
}

/// When the terminal transaction serial goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialAdvance {
    /// At INITIALIZE SAM FOR PURCHASE: no two MAC1 have the same.
    AtInitialize,
    /// After CREDIT SAM FOR PURCHASE with a right MAC2.
    AfterCredit,
}

/// How a PSAM checks the 9-byte identification code of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentificationCheck {
    /// By the algorithm of this laboratory, which is not the ministry's: the last 4 bytes are a MAC
    /// over the 5 before, by the undiversified MAC key with this index.
    Lab {
        /// Index of the key.
        key: u8,
    },
    /// It is one of these.
    List(Vec<[u8; 9]>),
    /// Every code is right.
    Any,
    /// There is no such check.
    None,
}

/// A key slot of a PSAM. Its value is a master key still, to be diversified by the factors of a
/// command.
#[derive(Clone, Debug, PartialEq)]
pub struct SamKeySpec {
    /// Purpose and levels.
    pub usage: SamUsage,
    /// Key index (密钥索引); selects all keys but those of purchases.
    pub index: u8,
    /// Key version (密钥版本); selects purchase keys.
    pub version: u8,
    /// Algorithm id (算法标识).
    pub algorithm_id: u8,
    /// The suite that this id stands for.
    pub suite: Suite,
    /// Where its value comes from.
    pub origin: SamKeyOrigin,
}

/// Where the value of a PSAM's key comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum SamKeyOrigin {
    /// It is the master key of this kind and index of the application that the PSAM serves,
    /// diversified by the highest factors where the PSAM's key has fewer levels.
    Served {
        /// Kind of the card's key.
        kind: KeyKind,
        /// Index of the card's key.
        index: u8,
    },
    /// It is written in the profile.
    Given(KeyMaterial),
    /// It is made from the profile's lab seed.
    Own,
}

/// The usage byte (密钥用途) of a PSAM's key: levels of diversification in the high three bits,
/// purpose in the low five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SamUsage(pub u8);

impl SamUsage {
    /// The master key that WRITE SAM KEY works with.
    pub const MASTER: Self = Self(0x00);

    /// The undiversified MAC key behind the identification codes of this laboratory.
    pub const IDENTIFICATION: Self = Self(0x06);

    /// Most levels that commands bring factors for.
    pub const MOST_LEVELS: u8 = 3;

    /// Levels of diversification (分散级数) that the value still takes.
    pub const fn levels(self) -> u8 {
        self.0 >> 5
    }

    /// What the key is for; `None` where no source knows the purpose.
    pub fn purpose(self) -> Option<SamPurpose> {
        SamPurpose::ALL.into_iter().find(|purpose| *purpose as u8 == self.0 & 0x1F)
    }

    /// Whether commands name the key by its version; others they name by index.
    pub fn by_version(self) -> bool {
        self.purpose() == Some(SamPurpose::Purchase)
    }
}

impl SamKeySpec {
    /// What P2 of DELIVER KEY, or the key version of INITIALIZE SAM FOR PURCHASE, names it by.
    pub fn number(&self) -> u8 {
        if self.usage.by_version() { self.version } else { self.index }
    }
}

/// Purpose of a PSAM's key; the spelling in files and JSON is kebab-case. 00 to 08 are known from
/// four sources, the others from one vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SamPurpose {
    /// Master key.
    Master = 0x00,
    /// Maintenance of the module's own files.
    Maintenance = 0x01,
    /// Purchase: MAC1 and MAC2.
    Purchase = 0x02,
    /// PIN UNBLOCK of cards.
    PinUnblock = 0x03,
    /// RELOAD PIN of cards, and TAC: the halves are folded.
    Tac = 0x04,
    /// Application maintenance of cards: blacklist lock, files.
    ApplicationMaintenance = 0x05,
    /// MAC.
    Mac = 0x06,
    /// Encipherment.
    Encrypt = 0x07,
    /// MAC and encipherment.
    MacAndEncrypt = 0x08,
    /// Load.
    Load = 0x09,
    /// TAC, of one vendor.
    VendorTac = 0x0C,
    /// PIN.
    Pin = 0x0D,
    /// EXTERNAL AUTHENTICATE.
    ExternalAuthentication = 0x0E,
    /// INTERNAL AUTHENTICATE.
    InternalAuthentication = 0x0F,
    /// Export of keys.
    Export = 0x1E,
}

/// Which MAC CRYPT calculates with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamMac {
    /// That of secure messaging.
    SecureMessaging,
    /// With the halves of a 3DES key folded: TAC, RELOAD PIN.
    Folded,
}

impl SamPurpose {
    /// Every purpose.
    pub const ALL: [Self; 15] = [
        Self::Master,
        Self::Maintenance,
        Self::Purchase,
        Self::PinUnblock,
        Self::Tac,
        Self::ApplicationMaintenance,
        Self::Mac,
        Self::Encrypt,
        Self::MacAndEncrypt,
        Self::Load,
        Self::VendorTac,
        Self::Pin,
        Self::ExternalAuthentication,
        Self::InternalAuthentication,
        Self::Export,
    ];

    /// Chinese name.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Master => "主控密钥",
            Self::Maintenance => "维护密钥",
            Self::Purchase => "消费密钥",
            Self::PinUnblock => "PIN 解锁密钥",
            Self::Tac => "PIN 重装/TAC 密钥",
            Self::ApplicationMaintenance => "用户卡应用维护密钥",
            Self::Mac => "MAC 密钥",
            Self::Encrypt => "加密密钥",
            Self::MacAndEncrypt => "MAC, 加密密钥",
            Self::Load => "圈存密钥",
            Self::VendorTac => "TAC 密钥",
            Self::Pin => "PIN",
            Self::ExternalAuthentication => "外部认证密钥",
            Self::InternalAuthentication => "内部认证密钥",
            Self::Export => "导出密钥",
        }
    }

    /// The MAC that CRYPT calculates with such a key, if it does.
    pub const fn mac(self) -> Option<SamMac> {
        match self {
            Self::Tac | Self::VendorTac => Some(SamMac::Folded),
            Self::PinUnblock | Self::ApplicationMaintenance | Self::Mac | Self::MacAndEncrypt => {
                Some(SamMac::SecureMessaging)
            }
            _ => None,
        }
    }

    /// Whether CRYPT enciphers with such a key. Application maintenance keys do: one terminal
    /// authenticates to the card with one.
    pub const fn enciphers(self) -> bool {
        matches!(
            self,
            Self::PinUnblock
                | Self::ApplicationMaintenance
                | Self::Encrypt
                | Self::MacAndEncrypt
                | Self::ExternalAuthentication
                | Self::InternalAuthentication
        )
    }

    /// Whether CRYPT has any use for it.
    pub const fn calculates(self) -> bool {
        self.mac().is_some() || self.enciphers()
    }
}
