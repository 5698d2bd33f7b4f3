//! The key-free part of a profile.

use apdu::StatusWord;
use crypto::Suite;

use super::IssuingRules;
use crate::CommandSet;

/// The key-free part of a profile: how commands look, what MACs cover, what a card answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Profile name and version, so that every report can print them.
    pub profile: String,
    /// Version of that profile.
    pub version: String,
    /// What the card understands.
    pub commands: CommandSet,
    /// Suite of the transaction keys.
    pub suite: Suite,
    /// GET BALANCE: P1 values and what each means.
    pub balance_p1: Vec<(u8, BalanceForm)>,
    /// When MAC1 covers the 9-byte identification code.
    pub code_in_mac1: CodeInMac1,
    /// CAPP records (复合应用记录).
    pub capp: CappRules,
    /// Serial in log records: before or after the increment.
    pub log_serial: SerialMoment,
    /// Serial that GET TRANSACTION PROOF compares with.
    pub proof_serial: SerialMoment,
    /// Status words that differ.
    pub status: StatusRules,
    /// Wrong transaction MACs before the application locks temporarily; `None`: not counted.
    pub wrong_mac_limit: Option<u8>,
    /// INITIALIZE while a compound purchase is running.
    pub initialize_in_capp: InitializeInCapp,
    /// READ keeps a running transaction (else it ends it).
    pub read_keeps_transaction: bool,
    /// A plain purchase may use the overdraft.
    pub purchase_uses_overdraft: bool,
    /// At serial FFFF: 9402 (`true`), or wrap to 0000.
    pub counter_stops: bool,
    /// Lengths GET CHALLENGE accepts.
    pub challenge_lengths: Vec<u8>,
    /// The EXTERNAL AUTHENTICATE cryptogram of a 16-byte block is folded to 8 bytes.
    pub fold_authentication: bool,
    /// Order of the checks after the command has been parsed.
    pub check_order: Vec<Check>,
    /// TAC key index: fixed, or the index of the transaction key.
    pub tac_index: Option<u8>,
    /// Transaction type of the overdraft update: 07, or 11 (mobile-operator purses, one vendor).
    pub overdraft_type: u8,
    /// How the card is delivered and built, where that is done by commands.
    pub issuing: Option<IssuingRules>,
}

impl Rules {
    /// Index of the TAC key of a transaction that was made with this key index.
    pub fn tac_index_for(&self, transaction_key: u8) -> u8 {
        self.tac_index.unwrap_or(transaction_key)
    }
}

/// What a GET BALANCE P1 answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceForm {
    /// Stored balance, the overdraft limit included.
    Stored,
    /// Overdraft limit.
    Limit,
    /// Overdraft used.
    Used,
    /// The holder's own money.
    Actual,
    /// Actual, limit, used, available: 16 bytes.
    FourWords,
}

/// When the 9-byte identification code (安全认证识别码) is part of MAC1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeInMac1 {
    /// Never.
    Never,
    /// Once the code was asked for by 80CA in the current selection.
    After80Ca,
    /// Always.
    Always,
}

/// Layout of CAPP records and rules of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CappRules {
    /// Bytes of the record id at the start: 1 (CJT) or 2 (JTT); P1 is its last byte.
    pub id_width: u8,
    /// Offset of the length byte.
    pub length_offset: u8,
    /// Offset of the lock flag.
    pub lock_offset: u8,
    /// SFI meant by SFI 0 in P2.
    pub default_sfi: u8,
    /// Most cached bytes in one transaction.
    pub cache: u16,
    /// DEBIT without any cached record is accepted.
    pub allow_no_record: bool,
    /// Whether the length byte of the sent record must fit the sent data.
    pub check_length: bool,
}

/// Before or after the increment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialMoment {
    /// The value before the increment.
    Before,
    /// The value after the increment.
    After,
}

/// Status words that differ between families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRules {
    /// A step that does not belong to the running transaction (6901 or 6985).
    pub wrong_state: StatusWord,
    /// SELECT of a temporarily blocked application.
    pub select_blocked: StatusWord,
    /// Whether SELECT of a temporarily blocked application also returns the FCI.
    pub fci_when_blocked: bool,
    /// Any other command while temporarily blocked.
    pub blocked: StatusWord,
    /// A permanently blocked application.
    pub permanently_blocked: StatusWord,
    /// GET TRANSACTION PROOF finds nothing.
    pub no_proof: StatusWord,
    /// Reading an internal file.
    pub internal_file: StatusWord,
}

/// INITIALIZE while a compound purchase is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitializeInCapp {
    /// The new transaction replaces it.
    Replace,
    /// 6901, and the card goes idle.
    Refuse,
}

/// A check a transaction command makes once it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The step belongs to the running transaction.
    State,
    /// The key index exists (9403).
    Key,
    /// PIN or authentication (6982).
    Rights,
    /// Balance, limit, maximum (9401, 6985).
    Amount,
    /// Serial below its maximum (9402).
    Counter,
}
