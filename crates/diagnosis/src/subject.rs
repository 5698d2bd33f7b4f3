//! The codes of a transaction, and the fields each of them covers.

use applet_spec::{KeyKind, PurseKind, Rules};
use purse::{Language, TransactionType};

/// A two-step transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Load 圈存.
    Load,
    /// Purchase 消费.
    Purchase,
    /// Cash withdrawal 取现.
    Cash,
    /// Compound purchase 复合消费.
    Capp,
    /// Unload 圈提.
    Unload,
    /// Overdraft limit update 修改透支限额.
    Overdraft,
}

/// One of the four-byte codes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// MAC1: of a purchase made by the terminal's PSAM, else by the card.
    Mac1,
    /// MAC2: of a purchase made by the card, else by the issuer.
    Mac2,
    /// MAC3 of an unload, made by the card.
    Mac3,
    /// TAC 交易验证码, made by the card.
    Tac,
}

/// Who makes a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The card.
    Card,
    /// The terminal's PSAM 消费安全存取模块.
    Psam,
    /// The issuer's host 发卡方.
    Issuer,
}

/// A field that a MAC or TAC covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Field {
    /// Stored balance before, 4 bytes.
    Balance,
    /// Stored balance after, 4 bytes.
    BalanceAfter,
    /// Card serial before the increment, 2 bytes.
    Serial,
    /// Amount, 4 bytes.
    Amount,
    /// Overdraft limit so far, 3 bytes.
    OldLimit,
    /// New overdraft limit, 3 bytes.
    NewLimit,
    /// Transaction type, 1 byte.
    Type,
    /// Terminal number, 6 bytes.
    Terminal,
    /// Terminal serial, 4 bytes.
    TerminalSerial,
    /// Date, 4 bytes.
    Date,
    /// Time, 3 bytes.
    Time,
    /// Identification code, 9 bytes.
    IdentificationCode,
}

impl Flow {
    /// Every flow.
    pub const ALL: [Self; 6] =
        [Self::Load, Self::Purchase, Self::Cash, Self::Capp, Self::Unload, Self::Overdraft];

    /// The transaction type byte of this flow on a purse.
    pub fn transaction_type(self, purse: PurseKind, rules: &Rules) -> TransactionType {
        match self {
            Self::Load => TransactionType::load(purse),
            Self::Unload => TransactionType::Unload,
            Self::Cash => TransactionType::Cash,
            Self::Purchase => TransactionType::purchase(purse),
            Self::Capp => TransactionType::Capp,
            Self::Overdraft => TransactionType::overdraft(rules),
        }
    }

    /// The kind of key its session key is made from.
    pub const fn key(self) -> KeyKind {
        match self {
            Self::Load => KeyKind::Load,
            Self::Purchase | Self::Cash | Self::Capp => KeyKind::Purchase,
            Self::Unload => KeyKind::Unload,
            Self::Overdraft => KeyKind::Overdraft,
        }
    }

    /// Whether it is made with an issuer and counts the online serial.
    pub const fn online(self) -> bool {
        matches!(self, Self::Load | Self::Unload | Self::Overdraft)
    }

    /// Its codes, in the order they are made.
    pub const fn codes(self) -> &'static [Code] {
        match self {
            Self::Unload => &[Code::Mac1, Code::Mac2, Code::Mac3],
            Self::Load | Self::Purchase | Self::Cash | Self::Capp | Self::Overdraft => {
                &[Code::Mac1, Code::Mac2, Code::Tac]
            }
        }
    }

    /// Who makes a code of it.
    pub const fn maker(self, code: Code) -> Maker {
        match (code, self.online()) {
            (Code::Mac1, false) => Maker::Psam,
            (Code::Mac2, true) => Maker::Issuer,
            (Code::Mac1, true) | (Code::Mac2, false) | (Code::Mac3 | Code::Tac, _) => Maker::Card,
        }
    }

    /// What a code of it covers, in order, without the identification code.
    pub(crate) const fn layout(self, code: Code) -> &'static [Field] {
        use Field::{
            Amount, Balance, BalanceAfter, Date, NewLimit, OldLimit, Serial, Terminal,
            TerminalSerial, Time, Type,
        };
        match (self, code) {
            (Self::Purchase | Self::Cash | Self::Capp, Code::Mac1) => {
                &[Amount, Type, Terminal, Date, Time]
            }
            (Self::Purchase | Self::Cash | Self::Capp, Code::Mac2) => &[Amount],
            (Self::Purchase | Self::Cash | Self::Capp, Code::Mac3 | Code::Tac) => {
                &[Amount, Type, Terminal, TerminalSerial, Date, Time]
            }
            (Self::Load | Self::Unload, Code::Mac1) => &[Balance, Amount, Type, Terminal],
            (Self::Load | Self::Unload, Code::Mac2) => &[Amount, Type, Terminal, Date, Time],
            (Self::Load | Self::Unload, Code::Mac3 | Code::Tac) => {
                &[BalanceAfter, Serial, Amount, Type, Terminal, Date, Time]
            }
            (Self::Overdraft, Code::Mac1) => &[Balance, OldLimit, Type, Terminal],
            (Self::Overdraft, Code::Mac2) => &[NewLimit, Type, Terminal, Date, Time],
            (Self::Overdraft, Code::Mac3 | Code::Tac) => {
                &[BalanceAfter, Serial, NewLimit, Type, Terminal, Date, Time]
            }
        }
    }

    /// Spelling in JSON and on the command line.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Purchase => "purchase",
            Self::Cash => "cash",
            Self::Capp => "capp",
            Self::Unload => "unload",
            Self::Overdraft => "overdraft",
        }
    }
}

impl Code {
    /// `MAC1`, `MAC2`, `MAC3` or `TAC`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Mac1 => "MAC1",
            Self::Mac2 => "MAC2",
            Self::Mac3 => "MAC3",
            Self::Tac => "TAC",
        }
    }
}

impl Maker {
    /// Spelling in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Psam => "psam",
            Self::Issuer => "issuer",
        }
    }

    /// Name.
    pub const fn name(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Card => ("card", "卡片"),
            Self::Psam => ("PSAM", "PSAM"),
            Self::Issuer => ("issuer", "发卡方"),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

impl Field {
    /// How many there are.
    pub(crate) const COUNT: usize = 12;

    /// Every field.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Balance,
        Self::BalanceAfter,
        Self::Serial,
        Self::Amount,
        Self::OldLimit,
        Self::NewLimit,
        Self::Type,
        Self::Terminal,
        Self::TerminalSerial,
        Self::Date,
        Self::Time,
        Self::IdentificationCode,
    ];

    /// Bytes of the field where nothing is wrong with it.
    pub const fn width(self) -> usize {
        match self {
            Self::Type => 1,
            Self::Serial => 2,
            Self::OldLimit | Self::NewLimit | Self::Time => 3,
            Self::Balance
            | Self::BalanceAfter
            | Self::Amount
            | Self::TerminalSerial
            | Self::Date => 4,
            Self::Terminal => 6,
            Self::IdentificationCode => 9,
        }
    }

    /// Name.
    pub fn name(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Balance => ("balance before", "交易前余额"),
            Self::BalanceAfter => ("balance after", "交易后余额"),
            Self::Serial => ("card serial", "卡片交易序号"),
            Self::Amount => ("amount", "交易金额"),
            Self::OldLimit => ("overdraft limit so far", "原透支限额"),
            Self::NewLimit => ("new overdraft limit", "新透支限额"),
            Self::Type => ("transaction type", "交易类型标识"),
            Self::Terminal => ("terminal number", "终端机编号"),
            Self::TerminalSerial => ("terminal serial", "终端交易序号"),
            Self::Date => ("date", "交易日期"),
            Self::Time => ("time", "交易时间"),
            Self::IdentificationCode => ("identification code", "安全认证识别码"),
        };
        language.pick(english, chinese)
    }
}
