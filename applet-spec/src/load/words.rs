//! The spelling of every choice in a profile.

use crypto::Suite;

use super::psam::CheckWord;
use crate::text::{FromNode, Node, Refusal, Value, Word, spelling, word, words};
use crate::{
    Access, BalanceForm, Check, CodeInMac1, CommandSet, Custody, IdentificationCheck,
    InitializeInCapp, KeyKind, KeyUpdate, PinUse, PlainKeys, Protection, PurseKind, RightsByte,
    SamPurpose, SerialAdvance, SerialMoment,
};

/// Structure of a file, before its sizes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Structure {
    Binary,
    Linear,
    Variable,
    Cyclic,
}

/// Form of an FCI, before its values are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FciWord {
    Dir,
    Ppse,
    PublicFile,
    Bare,
}

/// How the applications are listed in a DIR file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// `61 L 4F name 50 label`
    Plain,
    /// `70 L 61 L 4F name 50 label`
    Wrapped,
}

words! {
    Suite { "3des" => Suite::TripleDes, "sm4" => Suite::Sm4 }
    Custody { "lab" => Custody::Lab, "sealed" => Custody::Sealed }
    Structure {
        "binary" => Structure::Binary,
        "linear" => Structure::Linear,
        "variable" => Structure::Variable,
        "cyclic" => Structure::Cyclic,
    }
    FciWord {
        "dir" => FciWord::Dir,
        "ppse" => FciWord::Ppse,
        "public-file" => FciWord::PublicFile,
        "bare" => FciWord::Bare,
    }
    Listing { "plain" => Listing::Plain, "wrapped" => Listing::Wrapped }
    Protection {
        "none" => Protection::None,
        "mac" => Protection::Mac,
        "encrypted-mac" => Protection::EncryptedMac,
    }
    KeyKind {
        "card-master" => KeyKind::CardMaster,
        "application-master" => KeyKind::ApplicationMaster,
        "maintenance" => KeyKind::Maintenance,
        "purchase" => KeyKind::Purchase,
        "load" => KeyKind::Load,
        "unload" => KeyKind::Unload,
        "tac" => KeyKind::Tac,
        "overdraft" => KeyKind::Overdraft,
        "pin-unblock" => KeyKind::PinUnblock,
        "pin-reload" => KeyKind::PinReset,
        "application-block" => KeyKind::ApplicationBlock,
        "application-unblock" => KeyKind::ApplicationUnblock,
        "card-block" => KeyKind::CardBlock,
        "internal-authentication" => KeyKind::InternalAuthentication,
        "external-authentication" => KeyKind::ExternalAuthentication,
        "internal-decipher" => KeyKind::InternalDecipher,
        "internal-mac" => KeyKind::InternalMac,
    }
    SamPurpose {
        "master" => SamPurpose::Master,
        "maintenance" => SamPurpose::Maintenance,
        "purchase" => SamPurpose::Purchase,
        "pin-unblock" => SamPurpose::PinUnblock,
        "tac" => SamPurpose::Tac,
        "application-maintenance" => SamPurpose::ApplicationMaintenance,
        "mac" => SamPurpose::Mac,
        "encrypt" => SamPurpose::Encrypt,
        "mac-and-encrypt" => SamPurpose::MacAndEncrypt,
        "load" => SamPurpose::Load,
        "vendor-tac" => SamPurpose::VendorTac,
        "pin" => SamPurpose::Pin,
        "external-authentication" => SamPurpose::ExternalAuthentication,
        "internal-authentication" => SamPurpose::InternalAuthentication,
        "export" => SamPurpose::Export,
    }
    SerialAdvance {
        "at-8070" => SerialAdvance::AtInitialize,
        "after-8072" => SerialAdvance::AfterCredit,
    }
    CheckWord {
        "lab" => CheckWord::Lab,
        "list" => CheckWord::List,
        "any" => CheckWord::Any,
        "none" => CheckWord::None,
    }
    PurseKind { "deposit" => PurseKind::Deposit, "purse" => PurseKind::Purse }
    PinUse {
        "balance" => PinUse::Balance,
        "load" => PinUse::Load,
        "purchase" => PinUse::Purchase,
        "cash" => PinUse::Cash,
        "unload" => PinUse::Unload,
        "overdraft" => PinUse::Overdraft,
        "capp" => PinUse::Capp,
    }
    BalanceForm {
        "stored" => BalanceForm::Stored,
        "limit" => BalanceForm::Limit,
        "used" => BalanceForm::Used,
        "actual" => BalanceForm::Actual,
        "four-words" => BalanceForm::FourWords,
    }
    CodeInMac1 {
        "never" => CodeInMac1::Never,
        "after-80ca" => CodeInMac1::After80Ca,
        "always" => CodeInMac1::Always,
    }
    PlainKeys {
        "always" => PlainKeys::Always,
        "building" => PlainKeys::Building,
        "never" => PlainKeys::Never,
    }
    KeyUpdate {
        "either" => KeyUpdate::Either,
        "record" => KeyUpdate::Record,
        "value" => KeyUpdate::Value,
    }
    SerialMoment { "before" => SerialMoment::Before, "after" => SerialMoment::After }
    InitializeInCapp {
        "replace" => InitializeInCapp::Replace,
        "refuse" => InitializeInCapp::Refuse,
    }
    Check {
        "state" => Check::State,
        "key" => Check::Key,
        "rights" => Check::Rights,
        "amount" => Check::Amount,
        "counter" => Check::Counter,
    }
}

/// The word of a spelling.
fn known<W: crate::text::Word + Copy>(text: &str) -> Option<W> {
    W::WORDS.iter().find(|(known, _)| *known == text).map(|(_, value)| *value)
}

impl Word for Access {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("free", Self::Free),
        ("pin", Self::Pin),
        ("authenticated", Self::Authenticated),
        ("never", Self::Never),
    ];
}

/// A word, or the number of a rights byte.
impl FromNode for Access {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Number { .. } => RightsByte::from_node(node).map(Self::State),
            _ => word(node),
        }
    }
}

impl FromNode for RightsByte {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        u8::from_node(node).map(Self)
    }
}

impl CommandSet {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}

impl KeyKind {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }

    /// The kind spelled so.
    pub fn from_text(text: &str) -> Option<Self> {
        known(text)
    }

    /// The kind of this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::WORDS.iter().map(|(_, kind)| *kind).find(|kind| *kind as u8 == byte)
    }

    /// The field's Chinese word.
    pub const fn text_zh(self) -> &'static str {
        match self {
            Self::CardMaster => "卡片主控密钥",
            Self::ApplicationMaster => "应用主控密钥",
            Self::Maintenance => "应用维护密钥",
            Self::Purchase => "消费密钥",
            Self::Load => "圈存密钥",
            Self::Unload => "圈提密钥",
            Self::Tac => "TAC 密钥",
            Self::Overdraft => "透支密钥",
            Self::PinUnblock => "PIN 解锁密钥",
            Self::PinReset => "PIN 重装密钥",
            Self::ApplicationBlock => "应用锁定密钥",
            Self::ApplicationUnblock => "应用解锁密钥",
            Self::CardBlock => "卡片锁定密钥",
            Self::InternalAuthentication => "内部认证密钥",
            Self::ExternalAuthentication => "外部认证密钥",
            Self::InternalDecipher => "内部认证解密密钥",
            Self::InternalMac => "内部认证 MAC 密钥",
        }
    }
}

impl SamPurpose {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}

impl IdentificationCheck {
    /// Spelling in profiles and JSON.
    pub fn text(&self) -> &'static str {
        spelling(match self {
            Self::Lab { .. } => CheckWord::Lab,
            Self::List(_) => CheckWord::List,
            Self::Any => CheckWord::Any,
            Self::None => CheckWord::None,
        })
    }
}

impl SerialAdvance {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}

impl PurseKind {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}

impl PinUse {
    /// Spelling in profiles and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}
