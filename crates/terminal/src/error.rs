//! Why a flow ended.

use std::fmt;

use apdu::StatusWord;
use crypto::custody::CustodyError;
use link::LinkError;
use purse::answer::AnswerError;

use crate::ledger::LedgerError;

/// Why a flow ended. The first split is whose fault it is: the link's, a refusal, the card's
/// cryptography, or the keys of this side.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// No answer.
    #[error("{step}{}: {source}", side.suffix())]
    Link {
        /// Who was spoken to.
        side: Side,
        /// The command.
        step: &'static str,
        /// The link's reason.
        source: LinkError,
    },
    /// A refusal.
    #[error("{step}: {side} answered {status} ({})", status.meaning())]
    Refused {
        /// Who was spoken to.
        side: Side,
        /// The command.
        step: &'static str,
        /// Status word.
        status: StatusWord,
    },
    /// The answer has another form.
    #[error("{step}{}: {source}", side.suffix())]
    Answer {
        /// Who was spoken to.
        side: Side,
        /// The command.
        step: &'static str,
        /// What is wrong with it.
        source: AnswerError,
    },
    /// A MAC or TAC of the card is not what its key gives.
    #[error(
        "{step}: the card's {code} is {received}, and {by}: another key, diversification or \
         algorithm than this side has"
    )]
    WrongMac {
        /// The command.
        step: &'static str,
        /// MAC1, MAC2, MAC3 or TAC.
        code: &'static str,
        /// What the card sent.
        received: crypto::Mac,
        /// Who says what: `the issuer computes another`, `the PSAM refuses it`. Never the
        /// right code: whoever sends wrong ones would learn it.
        by: String,
    },
    /// The PSAM does not take the card's identification code.
    #[error(
        "the PSAM says that the card's identification code {code} is not genuine (安全认证识别码)"
    )]
    WrongCode {
        /// The code.
        code: purse::IdentificationCode,
    },
    /// This side lacks a key.
    #[error("no {kind} key with index {index:02X}{} on this side", Version(*version))]
    NoKey {
        /// Kind.
        kind: &'static str,
        /// Index.
        index: u8,
        /// Version, where one was asked for.
        version: Option<u8>,
    },
    /// The flow charges what it is told.
    #[error("flow {flow} has no fare of its own, and no amount was given")]
    NoAmount {
        /// Flow.
        flow: String,
    },
    /// A load or unload without an issuer.
    #[error("this terminal has no issuer behind it, and nothing is loaded without one")]
    NoIssuer,
    /// What must not be lost cannot be kept.
    #[error("the terminal's books cannot be kept: {0}")]
    Ledger(LedgerError),
    /// Whoever holds the keys fails.
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

/// Who is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The user's card.
    Card,
    /// The PSAM.
    Psam,
}

impl FlowError {
    /// Whether the card in the field is to blame, or its link: another card may fare better.
    pub fn is_of_the_card(&self) -> bool {
        match self {
            Self::Link { side, .. } | Self::Refused { side, .. } | Self::Answer { side, .. } => {
                *side == Side::Card
            }
            Self::WrongMac { .. } | Self::WrongCode { .. } => true,
            Self::NoKey { .. }
            | Self::NoAmount { .. }
            | Self::NoIssuer
            | Self::Ledger(_)
            | Self::Custody(_) => false,
        }
    }
}

impl Side {
    fn suffix(self) -> &'static str {
        match self {
            Self::Card => "",
            Self::Psam => " to the PSAM",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Card => "card",
            Self::Psam => "PSAM",
        })
    }
}

/// A key version as the end of a sentence about its key.
struct Version(Option<u8>);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |version| write!(f, ", version {version:02X}"))
    }
}
