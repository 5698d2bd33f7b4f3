//! How a card is locked.

use crate::Text;
use crate::text::text;

/// How a card is locked (锁定状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockState {
    /// The application, until it is unblocked.
    Temporary,
    /// The application, for good.
    Permanent,
    /// The card.
    Card,
}

impl LockState {
    /// All.
    pub const ALL: [Self; 3] = [Self::Temporary, Self::Permanent, Self::Card];

    /// When it is so, to go on with "while ..".
    pub fn words(self) -> Text {
        let (en, zh) = match self {
            Self::Temporary => ("the application is temporarily locked", "应用临时锁定"),
            Self::Permanent => ("the application is permanently locked", "应用永久锁定"),
            Self::Card => ("the card is locked", "卡片锁定"),
        };
        text(en, zh)
    }
}
