//! Which transaction is running: what decides over the next command, at the card and at the host.

use applet_spec::{CommandId, CommandSet};

use crate::Text;
use crate::text::text;

/// Which transaction is running (交易状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransactionState {
    /// None.
    Idle,
    /// Load 圈存, initialized.
    Load,
    /// Purchase 消费, initialized.
    Purchase,
    /// Cash withdrawal 取现, initialized.
    Cash,
    /// Unload 圈提, initialized.
    Unload,
    /// Overdraft update 修改透支限额, initialized.
    Overdraft,
    /// Compound purchase 复合消费, initialized.
    Capp,
    /// Compound purchase with at least one record cached.
    CappCached,
    /// Of a PSAM: MAC1 was given, MAC2 is expected.
    SamPurchase,
    /// Of a PSAM: a MAC in pieces.
    SamMac,
}

impl TransactionState {
    /// The states of cards of a set, idle first.
    pub const fn of(set: CommandSet) -> &'static [Self] {
        match set {
            CommandSet::Purse => &[
                Self::Idle,
                Self::Load,
                Self::Purchase,
                Self::Cash,
                Self::Unload,
                Self::Overdraft,
                Self::Capp,
                Self::CappCached,
            ],
            CommandSet::Psam => &[Self::Idle, Self::SamPurchase, Self::SamMac],
            // Transactions begin once such a card is built; then it is a purse card.
            CommandSet::Fmcos => &[Self::Idle],
        }
    }

    /// When it is so, to go on with "while ..".
    pub fn words(self) -> Text {
        let (en, zh) = match self {
            Self::Idle => ("no transaction is running", "无进行中的交易"),
            Self::Load => ("a load is running", "圈存进行中"),
            Self::Purchase => ("a purchase is running", "消费进行中"),
            Self::Cash => ("a cash withdrawal is running", "取现进行中"),
            Self::Unload => ("an unload is running", "圈提进行中"),
            Self::Overdraft => ("an overdraft update is running", "修改透支限额进行中"),
            Self::Capp => ("a compound purchase has begun", "复合消费已初始化"),
            Self::CappCached => ("a compound purchase has a record", "复合消费已缓存记录"),
            Self::SamPurchase => ("MAC2 is expected", "等待校验 MAC2"),
            Self::SamMac => ("a MAC in pieces is running", "分段 MAC 计算中"),
        };
        text(en, zh)
    }

    /// Where a command that begins a transaction leads.
    pub const fn begun_by(command: CommandId) -> Option<Self> {
        Some(match command {
            CommandId::InitializeForLoad => Self::Load,
            CommandId::InitializeForPurchase => Self::Purchase,
            CommandId::InitializeForCashWithdrawal => Self::Cash,
            CommandId::InitializeForUnload => Self::Unload,
            CommandId::InitializeForUpdate => Self::Overdraft,
            CommandId::InitializeForCappPurchase => Self::Capp,
            CommandId::InitializeSamForPurchase => Self::SamPurchase,
            _ => return None,
        })
    }

    /// The command that is expected next; none where nothing is running.
    pub const fn next_step(self) -> Option<CommandId> {
        Some(match self {
            Self::Idle => return None,
            Self::Load => CommandId::CreditForLoad,
            Self::Purchase | Self::Cash | Self::CappCached => CommandId::DebitForPurchase,
            Self::Unload => CommandId::DebitForUnload,
            Self::Overdraft => CommandId::UpdateOverdrawLimit,
            Self::Capp => CommandId::UpdateCappDataCache,
            Self::SamPurchase => CommandId::CreditSamForPurchase,
            Self::SamMac => CommandId::Crypt,
        })
    }

    /// Where a command that goes on with what is running leads.
    pub const fn continued_by(self, command: CommandId) -> Option<Self> {
        Some(match (self, command) {
            (Self::Load, CommandId::CreditForLoad)
            | (
                Self::Purchase | Self::Cash | Self::Capp | Self::CappCached,
                CommandId::DebitForPurchase,
            )
            | (Self::Unload, CommandId::DebitForUnload)
            | (Self::Overdraft, CommandId::UpdateOverdrawLimit)
            | (Self::SamPurchase, CommandId::CreditSamForPurchase) => Self::Idle,
            (Self::Capp | Self::CappCached, CommandId::UpdateCappDataCache) => Self::CappCached,
            _ => return None,
        })
    }
}
