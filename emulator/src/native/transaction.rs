//! The running transaction: a value that each step takes and gives back.

use crypto::{Mac, SessionKey};
use purse::{Amount, TerminalId, TransactionType};

use super::psam;
use super::tree::{Address, KeySlot, Purse};

/// Where a transaction stands (交易状态).
#[derive(Clone, Default)]
pub enum Transaction {
    /// None is running.
    #[default]
    Idle,
    /// INITIALIZE FOR LOAD was answered.
    Load(Box<OnlineInitialized>),
    /// INITIALIZE FOR PURCHASE or CASH WITHDRAWAL was answered.
    Purchase(Initialized),
    /// INITIALIZE FOR UNLOAD was answered.
    Unload(Box<OnlineInitialized>),
    /// INITIALIZE FOR UPDATE was answered.
    Update(Box<OnlineInitialized>),
    /// INITIALIZE FOR CAPP PURCHASE was answered; records may be cached.
    Capp(CompoundInitialized),
    /// A PSAM is in the middle of something.
    Sam(psam::Running),
}

/// What every INITIALIZE leaves behind.
#[derive(Clone, Copy)]
pub struct Initialized {
    /// Transaction type.
    pub transaction_type: TransactionType,
    /// The purse.
    pub purse: Purse,
    /// The transaction key.
    pub key: KeySlot,
    /// Amount.
    pub amount: Amount,
    /// Terminal number.
    pub terminal: TerminalId,
    /// Random that was given out.
    pub random: [u8; 4],
}

/// A load, unload or overdraft update whose session key and MAC1 were made.
#[derive(Clone)]
pub struct OnlineInitialized {
    /// The common part.
    pub begun: Initialized,
    /// Session key.
    pub session: SessionKey,
}

/// A compound purchase with the records that wait for the debit.
#[derive(Clone)]
pub struct CompoundInitialized {
    /// The common part.
    pub begun: Initialized,
    /// Records to be written with the debit, in order.
    pub cache: Vec<CachedRecord>,
}

/// A record of UPDATE CAPP DATA CACHE (复合应用数据缓存).
#[derive(Clone)]
pub struct CachedRecord {
    /// Header address of the file.
    pub file: Address,
    /// Where the record's bytes are; `None` appends to a ring.
    pub slot: Option<Address>,
    /// The whole record.
    pub data: Vec<u8>,
}

/// Evidence that the terminal's MAC1 was right.
pub struct Mac1Verified(());

/// Evidence that the issuer's MAC2 was right.
pub struct Mac2Verified(());

impl Mac1Verified {
    /// Compares in constant time.
    pub fn compare(received: Mac, computed: Mac) -> Option<Self> {
        (received == computed).then_some(Self(()))
    }
}

impl Mac2Verified {
    /// Compares in constant time.
    pub fn compare(received: Mac, computed: Mac) -> Option<Self> {
        (received == computed).then_some(Self(()))
    }
}

impl Transaction {
    /// For status displays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Load(_) => "load",
            Self::Purchase(_) => "purchase",
            Self::Unload(_) => "unload",
            Self::Update(_) => "overdraft-update",
            Self::Capp(compound) if compound.cache.is_empty() => "capp-initialized",
            Self::Capp(_) => "capp-cached",
            Self::Sam(running) => running.name(),
        }
    }
}
