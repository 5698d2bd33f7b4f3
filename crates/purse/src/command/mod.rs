//! The commands, typed: of purse cards, of PSAMs, and those that build cards.

mod any;
mod build;
mod cursor;
mod error;
mod issuing;
mod parse;
mod psam;

use applet_spec::{CommandId, PurseKind};
use crypto::Mac;

use crate::{Amount, Date, Limit, Pin, TerminalId, TerminalSerial, Time};

pub use any::Command;
pub use error::{CommandError, DataFault, Expected, Problem};
pub use issuing::{IssuingCommand, ProtectedKey};
pub use psam::{CryptMode, PsamCommand, SamPurchase};

/// A command of the purse applications, valid in itself. Whether the card accepts it depends on
/// the card's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurseCommand {
    /// SELECT 选择文件.
    Select {
        /// What to select.
        by: SelectBy,
        /// Which of several that fit.
        occurrence: Occurrence,
    },
    /// GET RESPONSE 取响应 (T=0 only).
    GetResponse {
        /// Bytes asked for.
        ne: u32,
    },
    /// READ BINARY 读二进制文件.
    ReadBinary {
        /// The file.
        file: FileRef,
        /// First byte.
        offset: u16,
        /// Bytes asked for; 256 (Le 00) is all there are.
        ne: Option<u32>,
        /// MAC of a protected read.
        mac: Option<Mac>,
    },
    /// UPDATE BINARY 修改二进制文件.
    UpdateBinary {
        /// The file.
        file: FileRef,
        /// First byte.
        offset: u16,
        /// What to write.
        data: Protected,
    },
    /// READ RECORD 读记录文件.
    ReadRecord {
        /// The file.
        file: FileRef,
        /// The record.
        record: RecordRef,
        /// Bytes asked for; 256 (Le 00) is the whole record.
        ne: Option<u32>,
        /// MAC of a protected read.
        mac: Option<Mac>,
    },
    /// UPDATE RECORD 修改记录文件.
    UpdateRecord {
        /// The file.
        file: FileRef,
        /// The record.
        record: RecordRef,
        /// What to write.
        data: Protected,
    },
    /// APPEND RECORD 追加记录.
    AppendRecord {
        /// The file.
        file: FileRef,
        /// The new record.
        data: Protected,
    },
    /// GET CHALLENGE 取随机数.
    GetChallenge {
        /// Bytes asked for: one of the profile's lengths.
        length: u8,
    },
    /// EXTERNAL AUTHENTICATE 外部认证.
    ExternalAuthenticate {
        /// Key index.
        key: u8,
        /// Cryptogram over the challenge.
        cryptogram: Vec<u8>,
    },
    /// INTERNAL AUTHENTICATE 内部认证.
    InternalAuthenticate {
        /// What to make of the data: 00 encipher, 01 decipher, 02 MAC.
        mode: u8,
        /// Key index.
        key: u8,
        /// Data.
        data: Vec<u8>,
    },
    /// VERIFY 校验 PIN.
    Verify {
        /// PIN index.
        index: u8,
        /// PIN.
        pin: Pin,
    },
    /// CHANGE PIN 修改 PIN.
    ChangePin {
        /// PIN index.
        index: u8,
        /// Old PIN.
        old: Pin,
        /// New PIN.
        new: Pin,
    },
    /// RELOAD PIN 重装 PIN.
    ReloadPin {
        /// PIN index.
        index: u8,
        /// New PIN.
        pin: Pin,
        /// MAC by DRPK over the PIN.
        mac: Mac,
    },
    /// PIN UNBLOCK 解锁 PIN.
    PinUnblock {
        /// P1: PIN index, or 00.
        index: u8,
        /// P2: 00 or 01.
        p2: u8,
        /// Enciphered `Ld ‖ PIN`.
        enciphered: Vec<u8>,
        /// Secure messaging MAC.
        mac: Mac,
    },
    /// APPLICATION BLOCK 应用锁定.
    ApplicationBlock {
        /// For a time, or for ever.
        kind: BlockKind,
        /// Secure messaging MAC.
        mac: Mac,
    },
    /// APPLICATION UNBLOCK 应用解锁.
    ApplicationUnblock {
        /// Secure messaging MAC.
        mac: Mac,
    },
    /// CARD BLOCK 卡片锁定.
    CardBlock {
        /// Secure messaging MAC.
        mac: Mac,
    },
    /// GET BALANCE 查询余额.
    GetBalance {
        /// P1: which of the profile's balance forms.
        form: u8,
        /// ED or EP.
        purse: PurseKind,
    },
    /// GET TRANSACTION PROOF 取交易认证.
    GetTransactionProof {
        /// Transaction type asked for.
        transaction_type: u8,
        /// Serial asked for.
        serial: u16,
    },
    /// GET of the 9-byte identification code 取安全认证识别码.
    GetIdentificationCode,
    /// INITIALIZE FOR LOAD 圈存初始化.
    InitializeForLoad(Initialize),
    /// CREDIT FOR LOAD 圈存.
    CreditForLoad(OnlineStep),
    /// INITIALIZE FOR PURCHASE 消费初始化.
    InitializeForPurchase(Initialize),
    /// INITIALIZE FOR CASH WITHDRAWAL 取现初始化.
    InitializeForCashWithdrawal(Initialize),
    /// INITIALIZE FOR CAPP PURCHASE 复合消费初始化.
    InitializeForCappPurchase(Initialize),
    /// UPDATE CAPP DATA CACHE 更新复合应用数据缓存.
    UpdateCappDataCache {
        /// SFI; 0 is the profile's default.
        sfi: u8,
        /// The record.
        record: RecordRef,
        /// Whole record or its beginning.
        data: Vec<u8>,
    },
    /// DEBIT FOR PURCHASE / CASH WITHDRAWAL / CAPP PURCHASE 消费/取现/复合消费.
    DebitForPurchase(Debit),
    /// INITIALIZE FOR UNLOAD 圈提初始化.
    InitializeForUnload(Initialize),
    /// DEBIT FOR UNLOAD 圈提.
    DebitForUnload(OnlineStep),
    /// INITIALIZE FOR UPDATE 修改透支限额初始化.
    InitializeForUpdate {
        /// ED or EP.
        purse: PurseKind,
        /// Key index.
        key: u8,
        /// Terminal number.
        terminal: TerminalId,
    },
    /// UPDATE OVERDRAW LIMIT 修改透支限额.
    UpdateOverdrawLimit {
        /// The new limit.
        limit: Limit,
        /// Date, time and MAC2.
        step: OnlineStep,
    },
}

/// Data of the INITIALIZE commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initialize {
    /// ED or EP.
    pub purse: PurseKind,
    /// Key index (密钥索引).
    pub key: u8,
    /// Amount.
    pub amount: Amount,
    /// Terminal number.
    pub terminal: TerminalId,
}

/// Second step with an issuer: load, unload, overdraft update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineStep {
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
    /// MAC2.
    pub mac2: Mac,
}

/// Second step of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debit {
    /// Terminal transaction serial.
    pub terminal_serial: TerminalSerial,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
    /// MAC1.
    pub mac1: Mac,
}

/// What SELECT looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectBy {
    /// The MF: by fid without one.
    Mf,
    /// A file identifier.
    Fid(u16),
    /// A DF name, or its beginning.
    Name(apdu::DfName),
}

/// Which of several DFs that a name fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// The first.
    First,
    /// The one after the current.
    Next,
}

/// Which file a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRef {
    /// The current EF.
    Current,
    /// Short file identifier, 01 to 1E.
    Sfi(u8),
}

/// Which record: P1 and the low bits of P2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordRef {
    /// Record number (mode 100).
    Number(u8),
    /// First record with this id (mode 000).
    First(u8),
    /// Last record with this id (mode 001).
    Last(u8),
    /// Next record with this id (mode 010).
    Next(u8),
    /// Previous record (mode 011); writing it to a cyclic file appends.
    Previous(u8),
}

/// Data that may be under secure messaging (线路保护).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protected {
    /// Class 00: as it is.
    Plain(Vec<u8>),
    /// Class 04: with a MAC, and enciphered where the file asks for it.
    Secured {
        /// Data as sent.
        data: Vec<u8>,
        /// Secure messaging MAC.
        mac: Mac,
    },
}

/// How an application is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Until APPLICATION UNBLOCK (临时锁定).
    Temporary,
    /// For ever (永久锁定).
    Permanent,
}

impl PurseCommand {
    /// Its entry in the catalogue.
    pub fn id(&self) -> CommandId {
        match self {
            Self::Select { .. } => CommandId::Select,
            Self::GetResponse { .. } => CommandId::GetResponse,
            Self::ReadBinary { .. } => CommandId::ReadBinary,
            Self::UpdateBinary { .. } => CommandId::UpdateBinary,
            Self::ReadRecord { .. } => CommandId::ReadRecord,
            Self::UpdateRecord { .. } => CommandId::UpdateRecord,
            Self::AppendRecord { .. } => CommandId::AppendRecord,
            Self::GetChallenge { .. } => CommandId::GetChallenge,
            Self::ExternalAuthenticate { .. } => CommandId::ExternalAuthenticate,
            Self::InternalAuthenticate { .. } => CommandId::InternalAuthenticate,
            Self::Verify { .. } => CommandId::Verify,
            Self::ChangePin { .. } => CommandId::ChangePin,
            Self::ReloadPin { .. } => CommandId::ReloadPin,
            Self::PinUnblock { .. } => CommandId::PinUnblock,
            Self::ApplicationBlock { .. } => CommandId::ApplicationBlock,
            Self::ApplicationUnblock { .. } => CommandId::ApplicationUnblock,
            Self::CardBlock { .. } => CommandId::CardBlock,
            Self::GetBalance { .. } => CommandId::GetBalance,
            Self::GetTransactionProof { .. } => CommandId::GetTransactionProof,
            Self::GetIdentificationCode => CommandId::GetIdentificationCode,
            Self::InitializeForLoad(_) => CommandId::InitializeForLoad,
            Self::CreditForLoad(_) => CommandId::CreditForLoad,
            Self::InitializeForPurchase(_) => CommandId::InitializeForPurchase,
            Self::InitializeForCashWithdrawal(_) => CommandId::InitializeForCashWithdrawal,
            Self::InitializeForCappPurchase(_) => CommandId::InitializeForCappPurchase,
            Self::UpdateCappDataCache { .. } => CommandId::UpdateCappDataCache,
            Self::DebitForPurchase(_) => CommandId::DebitForPurchase,
            Self::InitializeForUnload(_) => CommandId::InitializeForUnload,
            Self::DebitForUnload(_) => CommandId::DebitForUnload,
            Self::InitializeForUpdate { .. } => CommandId::InitializeForUpdate,
            Self::UpdateOverdrawLimit { .. } => CommandId::UpdateOverdrawLimit,
        }
    }
}

impl FileRef {
    /// SFI as P2 carries it: 0 for the current file.
    pub fn sfi(self) -> u8 {
        match self {
            Self::Current => 0,
            Self::Sfi(sfi) => sfi,
        }
    }

    fn from_sfi(sfi: u8) -> Self {
        if sfi == 0 { Self::Current } else { Self::Sfi(sfi) }
    }
}

impl RecordRef {
    /// P1 and the low three bits of P2.
    pub fn parameters(self) -> (u8, u8) {
        match self {
            Self::First(id) => (id, 0b000),
            Self::Last(id) => (id, 0b001),
            Self::Next(id) => (id, 0b010),
            Self::Previous(p1) => (p1, 0b011),
            Self::Number(number) => (number, 0b100),
        }
    }

    fn from_parameters(p1: u8, mode: u8) -> Option<Self> {
        Some(match mode {
            0b000 => Self::First(p1),
            0b001 => Self::Last(p1),
            0b010 => Self::Next(p1),
            0b011 => Self::Previous(p1),
            0b100 => Self::Number(p1),
            _ => return None,
        })
    }
}

impl Protected {
    /// The data as sent, without MAC.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Plain(data) | Self::Secured { data, .. } => data,
        }
    }

    /// The secure messaging MAC.
    pub fn mac(&self) -> Option<Mac> {
        match self {
            Self::Plain(_) => None,
            Self::Secured { mac, .. } => Some(*mac),
        }
    }
}
