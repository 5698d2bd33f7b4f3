//! Odd states (异常卡状态): every value of a card that a tester may want to set, typed.
//!
//! One table ([`SETTINGS`]) gives the keys, their help and their meaning; `--set`, card files, the
//! control channel and the columns of a personalisation batch all come here. What a value does to a
//! card is another room's: the emulator writes it into card memory, a batch reaches it by commands.

mod parse;

use applet_spec::{KeyKind, PurseKind};

use crate::{Amount, Date, Limit, TerminalId, TerminalSerial};

/// A key that can be set: its spelling, what its value looks like, what it does.
pub struct SettingForm {
    /// Key, with `SFI`, `N` and the like standing for numbers.
    pub key: &'static str,
    /// Form of the value.
    pub value: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every key.
pub const SETTINGS: &[SettingForm] = &[
    SettingForm {
        key: "balance",
        value: "10.00|1000fen",
        help: "stored balance of the EP (of the ED where there is no EP), overdraft limit included; ed.balance and ep.balance name the purse",
    },
    SettingForm {
        key: "overdraft-limit",
        value: "10.00|1000fen",
        help: "overdraft limit; the stored balance does not move with it",
    },
    SettingForm {
        key: "offline-serial",
        value: "0..65535|0xHHHH",
        help: "offline transaction serial (脱机交易序号)",
    },
    SettingForm {
        key: "online-serial",
        value: "0..65535|0xHHHH",
        help: "online transaction serial (联机交易序号)",
    },
    SettingForm {
        key: "locked",
        value: "no|temporary|permanent|card",
        help: "application or card block",
    },
    SettingForm {
        key: "expired",
        value: "yes|no",
        help: "validity in file 15: ends 20200102, or 20991231",
    },
    SettingForm { key: "valid-from", value: "YYYYMMDD", help: "start of validity in file 15" },
    SettingForm { key: "valid-to", value: "YYYYMMDD", help: "end of validity in file 15" },
    SettingForm { key: "pin-tries", value: "0..15", help: "PIN tries left" },
    SettingForm {
        key: "key-tries.KIND.INDEX",
        value: "0..15",
        help: "tries left of a key of the application, or else of the MF, e.g. key-tries.maintenance.1",
    },
    SettingForm {
        key: "wrong-macs",
        value: "0..255",
        help: "wrong transaction MACs counted so far",
    },
    SettingForm {
        key: "log",
        value: "empty|full",
        help: "transaction logs emptied, or filled with purchases of 0.01",
    },
    SettingForm {
        key: "terminal",
        value: "HHHHHHHHHHHH",
        help: "of a PSAM: terminal number (终端机编号)",
    },
    SettingForm {
        key: "terminal-serial",
        value: "0..4294967295|0xHHHHHHHH",
        help: "of a PSAM: terminal transaction serial (终端交易序号) of the next MAC1",
    },
    SettingForm {
        key: "record.SFI.N",
        value: "HEX",
        help: "record N of a file (SFI hexadecimal); N one beyond the last appends",
    },
    SettingForm {
        key: "file.SFI",
        value: "HEX",
        help: "content of a binary file from its start (SFI hexadecimal)",
    },
    SettingForm {
        key: "file.SFI.OFFSET",
        value: "HEX",
        help: "content of a binary file from an offset (decimal)",
    },
];

/// Offset of the start date in file 15; the end date follows.
pub const VALID_FROM: u16 = 20;
/// Offset of the end date in file 15.
pub const VALID_TO: u16 = VALID_FROM + 4;

/// A value of a card. `purse` is the purse that was named; without one the EP is meant, or the ED of
/// a card that has no EP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Stored balance, overdraft limit included.
    Balance {
        /// The purse that was named.
        purse: Option<PurseKind>,
        /// The balance.
        amount: Amount,
    },
    /// Overdraft limit (透支限额).
    OverdraftLimit {
        /// The purse that was named.
        purse: Option<PurseKind>,
        /// The limit.
        limit: Limit,
    },
    /// Offline transaction serial (脱机交易序号).
    OfflineSerial {
        /// The purse that was named.
        purse: Option<PurseKind>,
        /// The serial.
        serial: u16,
    },
    /// Online transaction serial (联机交易序号).
    OnlineSerial {
        /// The purse that was named.
        purse: Option<PurseKind>,
        /// The serial.
        serial: u16,
    },
    /// Application or card block.
    Locked(Lock),
    /// Start of validity in file 15. Eight digits, which need be no day of the calendar.
    ValidFrom(Date),
    /// End of validity in file 15. Eight digits, which need be no day of the calendar.
    ValidTo(Date),
    /// PIN tries left.
    PinTries(u8),
    /// Tries left of a key.
    KeyTries {
        /// Kind.
        kind: KeyKind,
        /// Key index.
        index: u8,
        /// Tries.
        tries: u8,
    },
    /// Wrong transaction MACs counted so far.
    WrongMacs(u8),
    /// Transaction logs.
    Log(LogFill),
    /// Terminal number of a PSAM.
    Terminal(TerminalId),
    /// Terminal transaction serial of a PSAM: that of the next MAC1.
    TerminalSerial(TerminalSerial),
    /// A record of a file.
    Record {
        /// The file.
        sfi: u8,
        /// Record number, from 1; one beyond the last appends.
        number: u8,
        /// Content.
        data: Vec<u8>,
    },
    /// Content of a binary file.
    File {
        /// The file.
        sfi: u8,
        /// First byte.
        offset: u16,
        /// Content.
        data: Vec<u8>,
    },
}

/// How a card is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Not at all.
    No,
    /// The application, until it is unblocked (应用临时锁定).
    Temporary,
    /// The application, for ever (应用永久锁定).
    Permanent,
    /// The card (卡片锁定).
    Card,
}

/// What is in the transaction logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFill {
    /// No record.
    Empty,
    /// As many records as they hold: purchases of 0.01.
    Full,
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such key.
    #[error("no setting '{key}': {}", known_keys())]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The value does not fit.
    #[error("{key} = '{value}': {reason}; write {expected}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
        /// What fits.
        expected: &'static str,
    },
    /// The card has no such thing.
    #[error("{key}: this card has no {what}")]
    Absent {
        /// The key.
        key: String,
        /// What is missing.
        what: String,
    },
}

impl SettingError {
    /// Refuses a value that is of the right form and does not fit the card. `form` is the key in
    /// the table.
    pub fn unfit(key: &str, value: &str, form: &str, reason: impl Into<String>) -> Self {
        let expected = SETTINGS.iter().find(|known| known.key == form).map_or("", |f| f.value);
        let (key, value) = (key.to_owned(), value.to_owned());
        Self::Value { key, value, reason: reason.into(), expected }
    }

    /// Refuses what the card has no place for.
    pub fn absent(key: &str, what: impl Into<String>) -> Self {
        Self::Absent { key: key.to_owned(), what: what.into() }
    }
}

fn known_keys() -> String {
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    format!("there are {}", keys.join(", "))
}
