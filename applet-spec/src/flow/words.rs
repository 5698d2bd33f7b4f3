//! The spelling of the choices in flows, and what refusals say.

use super::step::{BalanceWord, Transaction, When};
use crate::text::{spelling, words};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $text:literal $en:literal $zh:literal;)*) => {
        /// Why a terminal does not serve a card (拒绝原因).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        words! { Refusal { $($text => Refusal::$name,)* } }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// In words: English and Chinese.
            pub const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($en, $zh),)* }
            }
        }
    };
}

refusals! {
    /// SELECT finds no application of this family.
    WrongFamily "wrong-family" "the card is of another family" "卡种不符";
    /// Card or application are blocked.
    Blocked "blocked" "the card or its application is locked" "卡片或应用已锁定";
    /// The application is not enabled, or stopped.
    NotEnabled "not-enabled" "the card is not enabled" "卡片未启用";
    /// Before the first day.
    NotYetValid "not-yet-valid" "the card is not valid yet" "卡片未到启用日期";
    /// After the last day.
    Expired "expired" "the card has expired" "卡片已过有效期";
    /// A foreign card that is good at home only.
    NotInteroperable "not-interoperable" "the card is good in its own city only" "卡片未开通互联互通";
    /// The issuer is not on the white list.
    IssuerNotListed "issuer-not-listed" "the card's issuer is not on the white list" "发卡机构不在白名单";
    /// No BIN of the table fits.
    BinNotListed "bin-not-listed" "the card number is of no BIN in the table" "卡 BIN 不在白名单";
    /// The card number is on the black list.
    BlackListed "black-listed" "the card is on the black list" "黑名单卡";
    /// The PSAM does not take the identification code.
    NotGenuine "not-genuine" "the PSAM refuses the card's identification code" "安全认证识别码校验失败";
    /// More on the card than the terminal takes.
    BalanceTooHigh "balance-too-high" "more on the card than this terminal takes" "余额超过终端上限";
    /// Not enough on the card.
    BalanceInsufficient "balance-insufficient" "not enough on the card" "余额不足";
    /// The compound purchase record is locked.
    RecordLocked "record-locked" "the compound purchase record is locked" "复合消费记录已锁定";
    /// An exit without an entry.
    NoEntry "no-entry" "the card was not used to enter" "无进站记录";
    /// An entry while a trip is open.
    NoExit "no-exit" "a trip on the card is not closed" "上次行程未出站";
    /// The fare table does not know the way.
    NoFare "no-fare" "no fare from where the card entered" "无法计算票价";
    /// The PIN is needed and was not given, or is wrong.
    Pin "pin" "the PIN is needed, or wrong" "需要 PIN 或 PIN 错误";
    /// The serial of the card is at its end.
    CounterAtMaximum "counter-at-maximum" "the card's transaction counter is at its end" "交易计数器已达最大值";
    /// A load that would bring more onto the card than it takes.
    AboveMaximum "above-maximum" "the card does not take so much" "超过钱包余额上限";
    /// Whether an earlier transaction happened cannot be decided with this card.
    Unsettled "unsettled" "an earlier transaction of this card cannot be settled" "前一笔交易无法确认";
    /// Any other status word.
    CardRefuses "card-refuses" "the card refuses" "卡片拒绝";
}

words! {
    Transaction {
        "purchase" => Transaction::Purchase,
        "capp" => Transaction::Capp,
        "cash" => Transaction::Cash,
        "load" => Transaction::Load,
        "unload" => Transaction::Unload,
    }
    When { "always" => When::Always, "foreign" => When::Foreign }
    BalanceWord { "stored" => BalanceWord::Stored, "actual" => BalanceWord::Actual }
}

impl Refusal {
    /// Spelling in flows and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}

impl Transaction {
    /// Spelling in flows and JSON.
    pub fn text(self) -> &'static str {
        spelling(self)
    }
}
