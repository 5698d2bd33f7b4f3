//! What is done to a card once it is built, to bring it into its state.

use applet_spec::PurseKind;
use purse::{Amount, BlockKind, Language, Limit};

use crate::engine::StepKind;

/// What is done to a built card. Serials are those the card has before: a deed that was done
/// already is recognised by them, and not done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Change the overdraft limit (修改透支限额).
    Limit {
        /// Purse.
        purse: PurseKind,
        /// The new limit.
        limit: Limit,
        /// Online serial before.
        online: u16,
    },
    /// Load (圈存).
    Load {
        /// Purse.
        purse: PurseKind,
        /// How much.
        amount: Amount,
        /// Online serial before.
        online: u16,
    },
    /// Purchase (消费).
    Purchase {
        /// Purse.
        purse: PurseKind,
        /// How much.
        amount: Amount,
        /// Offline serial before.
        offline: u16,
    },
    /// Read everything back and have the keys proved.
    Verify,
    /// Give a wrong PIN, so that this many tries are left.
    WrongPin {
        /// Tries left afterwards.
        left: u8,
    },
    /// Lock the application (应用锁定).
    BlockApplication(BlockKind),
    /// Lock the card (卡片锁定).
    BlockCard,
    /// See that it is left as it should be.
    CheckLock,
}

impl Deed {
    /// As the run's machine needs to know it.
    pub fn kind(self) -> StepKind {
        match self {
            Self::Verify | Self::CheckLock => StepKind::Free,
            _ => StepKind::Once,
        }
    }

    /// Whether it leaves a record in the transaction log.
    pub fn transacts(self) -> bool {
        matches!(self, Self::Limit { .. } | Self::Load { .. } | Self::Purchase { .. })
    }

    /// What it does, for the one who watches.
    pub fn in_words(self, language: Language) -> String {
        let name = |purse: PurseKind| if purse == PurseKind::Deposit { "ED" } else { "EP" };
        let english = language == Language::English;
        match self {
            Self::Limit { purse, limit, .. } => {
                let (purse, limit) = (name(purse), Amount(limit.fen()));
                if english {
                    format!("set the overdraft limit of the {purse} to {limit}")
                } else {
                    format!("{purse} 透支限额改为 {limit}")
                }
            }
            Self::Load { purse, amount, .. } => {
                let purse = name(purse);
                if english {
                    format!("load {amount} into the {purse}")
                } else {
                    format!("{purse} 圈存 {amount}")
                }
            }
            Self::Purchase { purse, amount, .. } => {
                let purse = name(purse);
                if english {
                    format!("pay {amount} with the {purse}")
                } else {
                    format!("{purse} 消费 {amount}")
                }
            }
            Self::Verify => {
                language.pick("read back, have the keys proved", "回读并验证密钥").to_owned()
            }
            Self::WrongPin { left } => {
                if english {
                    format!("give a wrong PIN: {left} tries left")
                } else {
                    format!("输入错误 PIN, 剩余 {left} 次")
                }
            }
            Self::BlockApplication(BlockKind::Temporary) => {
                language.pick("lock the application for a time", "临时锁定应用").to_owned()
            }
            Self::BlockApplication(BlockKind::Permanent) => {
                language.pick("lock the application for ever", "永久锁定应用").to_owned()
            }
            Self::BlockCard => language.pick("lock the card", "锁定卡片").to_owned(),
            Self::CheckLock => language.pick("see that it is locked", "检查锁定状态").to_owned(),
        }
    }
}
