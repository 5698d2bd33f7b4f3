//! Why a flow ended.

use apdu::StatusWord;
use link::LinkError;
use purse::answer::AnswerError;

/// Why a flow ended. The first split is whose fault it is: the link's, the card's refusal, the
/// card's cryptography, or the caller's keys.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// No answer.
    #[error("{step}: {source}")]
    Link {
        /// The command.
        step: &'static str,
        /// The link's reason.
        source: LinkError,
    },
    /// The card refused.
    #[error("{step}: card answered {status} ({})", status.meaning())]
    Refused {
        /// The command.
        step: &'static str,
        /// Status word.
        status: StatusWord,
    },
    /// The answer has another form.
    #[error("{step}: {source}")]
    Answer {
        /// The command.
        step: &'static str,
        /// What is wrong with it.
        source: AnswerError,
    },
    /// A MAC or TAC of the card is not what its key gives.
    #[error(
        "{step}: the card's {code} is {received}, its key gives {expected}: another key, \
         diversification or algorithm than this side has"
    )]
    WrongMac {
        /// The command.
        step: &'static str,
        /// MAC1, MAC2, MAC3 or TAC.
        code: &'static str,
        /// What the card sent.
        received: crypto::Mac,
        /// What was computed.
        expected: crypto::Mac,
    },
    /// This side lacks a key.
    #[error("no {kind} key with index {index:02X} on this side")]
    NoKey {
        /// Kind.
        kind: &'static str,
        /// Index.
        index: u8,
    },
}
