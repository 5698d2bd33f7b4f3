//! The steps of a flow, typed.

use std::sync::Arc;

use super::{Field, FieldAt, Layout, Refusal};

/// A step of a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// SELECT by name.
    Select {
        /// Names to try in this order; empty where the profile's application is meant.
        names: Vec<Vec<u8>>,
        /// The flow goes on where there is none.
        optional: bool,
    },
    /// READ BINARY of a whole file.
    ReadBinary {
        /// Short file identifier.
        sfi: u8,
        /// Where it is kept; nowhere where nobody asks for it later.
        slot: Option<usize>,
        /// The flow goes on where there is none.
        optional: bool,
    },
    /// READ RECORD.
    ReadRecord {
        /// Short file identifier.
        sfi: u8,
        /// Which record.
        record: RecordChoice,
        /// Where it is kept.
        slot: Option<usize>,
        /// The flow goes on where there is none.
        optional: bool,
    },
    /// Refuses the card where something is not as it should be.
    Check(CheckStep),
    /// VERIFY, where the profile's purse asks for the PIN.
    Pin,
    /// GET BALANCE.
    Balance {
        /// Which balance; the stored one where the family has no other.
        is: BalanceWord,
    },
    /// The identification code (安全认证识别码): 80CA to the card, then to the PSAM.
    Code,
    /// INITIALIZE FOR ..
    Initialize(Transaction),
    /// MAC1 of the PSAM.
    Mac1,
    /// UPDATE CAPP DATA CACHE.
    Cache(CacheStep),
    /// MAC2 of the issuer.
    Authorise,
    /// The second step of a purchase or unload.
    Debit,
    /// The second step of a load.
    Credit,
    /// MAC2 of the card to the PSAM.
    CheckMac2,
    /// TAC of the card to the PSAM, where that has the key.
    CheckTac,
    /// APPLICATION BLOCK by the PSAM's delivered key.
    Block(Blocking),
}

/// What INITIALIZE begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// Purchase 消费.
    Purchase,
    /// Compound purchase 复合消费.
    Capp,
    /// Cash withdrawal 取现.
    Cash,
    /// Load 圈存.
    Load,
    /// Unload 圈提.
    Unload,
}

/// How an application is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// Until it is unblocked (临时锁定).
    Temporary,
    /// For ever (永久锁定).
    Permanent,
}

/// Which balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceWord {
    /// With the overdraft limit.
    Stored,
    /// The holder's own money.
    Actual,
}

/// A check, and what comes of it where it fails.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckStep {
    /// What must be so.
    pub that: Condition,
    /// For which cards.
    pub when: When,
    /// What is said where it is not so.
    pub refuse: Refusal,
    /// The application is blocked then.
    pub block: Option<Blocking>,
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A field has one of these values.
    Equals {
        /// The field.
        field: FieldAt,
        /// Values of its width.
        values: Vec<Vec<u8>>,
    },
    /// Today is not before one date and not after the other.
    Valid {
        /// First day.
        from: FieldAt,
        /// Last day.
        to: FieldAt,
    },
    /// Issuer and card number are in the tables of those who are served.
    WhiteList,
    /// The card number is not in the table of those who are not.
    BlackList,
    /// GET BALANCE told no more than this, in fen.
    BalanceAtMost(u32),
}

/// For which cards a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// Those of another city than the terminal's (异地卡).
    Foreign,
}

/// A record that a compound purchase writes.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheStep {
    /// Short file identifier.
    pub sfi: u8,
    /// Which record.
    pub record: RecordChoice,
    /// The record read before that it starts from; else it starts from zeros.
    pub base: Option<usize>,
    /// Where its fields are.
    pub layout: Arc<Layout>,
    /// What is put into it.
    pub set: Vec<Setting>,
}

/// Which record of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordChoice {
    /// The first with this id.
    Id(u8),
    /// By number.
    Number(u8),
    /// A new one, at the front of a ring.
    Append,
}

/// A value that is put into a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The field.
    pub field: Field,
    /// The value.
    pub value: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Written in the flow.
    Bytes(Vec<u8>),
    /// A field of something that was read.
    Field(FieldAt),
    /// Terminal number; 6 bytes.
    Terminal,
    /// Terminal serial, once the PSAM gave it; 4 bytes.
    TerminalSerial,
    /// Date and time; 7 bytes.
    Now,
    /// Date; 4 bytes.
    Date,
    /// Time; 3 bytes.
    Time,
    /// Amount; 4 bytes.
    Amount,
    /// The holder's own money before; 4 bytes.
    BalanceBefore,
    /// The holder's own money after; 4 bytes.
    BalanceAfter,
    /// Offline serial of the card, before the increment; 2 bytes.
    CardSerial,
    /// Card number; 10 bytes.
    CardNumber,
    /// City of the terminal; 2 bytes.
    City,
    /// Institution that runs the terminal; 8 bytes.
    Institution,
    /// Line of the terminal; 1 byte.
    Line,
    /// Station of the terminal; 2 bytes.
    Station,
}

impl Source {
    /// The names that stand in braces.
    pub(super) const NAMES: &[(&str, Self)] = &[
        ("terminal", Self::Terminal),
        ("terminal-serial", Self::TerminalSerial),
        ("now", Self::Now),
        ("date", Self::Date),
        ("time", Self::Time),
        ("amount", Self::Amount),
        ("balance-before", Self::BalanceBefore),
        ("balance-after", Self::BalanceAfter),
        ("card-serial", Self::CardSerial),
        ("card-number", Self::CardNumber),
        ("city", Self::City),
        ("institution", Self::Institution),
        ("line", Self::Line),
        ("station", Self::Station),
    ];

    /// Bytes it gives.
    pub fn width(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Field(at) => at.field.width,
            Self::Line => 1,
            Self::CardSerial | Self::City | Self::Station => 2,
            Self::Time => 3,
            Self::TerminalSerial
            | Self::Date
            | Self::Amount
            | Self::BalanceBefore
            | Self::BalanceAfter => 4,
            Self::Terminal => 6,
            Self::Now => 7,
            Self::Institution => 8,
            Self::CardNumber => 10,
        }
    }
}

impl Transaction {
    /// Whether it is made with an issuer, else with a PSAM.
    pub const fn online(self) -> bool {
        matches!(self, Self::Load | Self::Unload)
    }
}
