//! Purses of a directory, and where they write their log.

/// Which purse (P2 of the purse commands).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PurseKind {
    /// ED 电子存折, P2 01.
    Deposit = 1,
    /// EP 电子钱包, P2 02.
    Purse = 2,
}

impl PurseKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deposit, Self::Purse];
}

/// A purse (钱包文件) of a directory. Amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurseSpec {
    /// ED or EP.
    pub kind: PurseKind,
    /// Balance of a fresh card.
    pub balance: u32,
    /// Most that the stored balance may become; more is 6985 at INITIALIZE FOR LOAD.
    pub maximum: u32,
    /// Overdraft limit of a fresh card; `None` where the purse has no overdraft.
    pub overdraft: Option<u32>,
    /// Transactions that need the PIN.
    pub pin_for: Vec<PinUse>,
    /// Transactions this purse has at all.
    pub allows: Vec<PinUse>,
}

/// A use of a purse that may exist, and that may ask for the PIN first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUse {
    /// GET BALANCE.
    Balance,
    /// Load 圈存.
    Load,
    /// Purchase 消费.
    Purchase,
    /// Cash withdrawal 取现.
    Cash,
    /// Unload 圈提.
    Unload,
    /// Overdraft limit update 修改透支限额.
    Overdraft,
    /// Compound purchase 复合消费.
    Capp,
}

/// Which file a log record goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRouting {
    /// SFI for purchases (and everything else that has no own file).
    pub purchase: u8,
    /// SFI for loads.
    pub load: u8,
    /// SFI for purchases at terminals of other cities: the first two bytes of the terminal number
    /// differ from bytes 2..4 of the public file.
    pub other_city: Option<u8>,
}
