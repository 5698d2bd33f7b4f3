//! Documents of `purse mac explain`.

use diagnosis::{Explanation, KeyRole, Keyed, Making, StandsIn};
use serde::Serialize;

use crate::mac::words;
use crate::ui::{Lang, hex_text};

/// How a code is made.
#[derive(Serialize)]
pub(in crate::mac) struct ExplanationDocument {
    code: &'static str,
    maker: &'static str,
    computed: Option<String>,
    received: Vec<ReceivedDocument>,
    why: Option<String>,
    #[serde(flatten)]
    made: Option<MakingDocument>,
}

#[derive(Serialize)]
struct ReceivedDocument {
    mac: String,
    line: usize,
    /// `initialize-answer`, `step`, `step-answer` or `proof`.
    stands_in: &'static str,
    fits: Option<bool>,
}

#[derive(Serialize)]
struct MakingDocument {
    algorithm: &'static str,
    key: KeyDocument,
    session: Option<SessionDocument>,
    input: Vec<PieceDocument>,
    padding: String,
    blocks: Vec<BlockDocument>,
}

#[derive(Serialize)]
struct KeyDocument {
    name: String,
    kind: &'static str,
    index: u8,
    version: u8,
    factors: Vec<String>,
    /// `session`, `folded` or `whole`.
    role: &'static str,
    kcv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
}

#[derive(Serialize)]
struct SessionDocument {
    input: Vec<PieceDocument>,
    kcv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Serialize)]
struct PieceDocument {
    offset: usize,
    bytes: String,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize)]
struct BlockDocument {
    plain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mixed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
}

impl ExplanationDocument {
    pub(in crate::mac) fn new(one: &Explanation, lang: Lang) -> Self {
        let computed = one.computed();
        let why = match &one.made {
            Err(missing) => Some(missing.in_words(lang.into())),
            Ok(making) => making.keyed.as_ref().err().map(ToString::to_string),
        };
        let received = one.received.iter();
        Self {
            code: one.code.text(),
            maker: one.maker.text(),
            computed: computed.map(|mac| mac.to_string()),
            received: received
                .map(|received| ReceivedDocument {
                    mac: received.mac.to_string(),
                    line: received.place.line,
                    stands_in: match received.stands_in {
                        StandsIn::Initialized => "initialize-answer",
                        StandsIn::Step => "step",
                        StandsIn::StepAnswer => "step-answer",
                        StandsIn::Proof => "proof",
                    },
                    fits: computed.map(|mac| mac == received.mac),
                })
                .collect(),
            why,
            made: one.made.as_ref().ok().map(|making| MakingDocument::new(making, lang)),
        }
    }
}

impl MakingDocument {
    fn new(making: &Making, lang: Lang) -> Self {
        let keyed: Option<&Keyed> = making.keyed.as_ref().ok();
        let input = making.input.iter().map(|piece| PieceDocument {
            offset: piece.offset,
            bytes: hex_text(&piece.bytes),
            name: piece.what.name(lang.into()),
            value: Some(words::value(piece.what, &piece.bytes, lang)),
        });
        let clear = |key: &Option<Vec<u8>>| key.as_deref().map(hex_text);
        let session = making.session.as_ref().map(|pieces| SessionDocument {
            input: pieces
                .iter()
                .map(|piece| PieceDocument {
                    offset: piece.offset,
                    bytes: hex_text(&piece.bytes),
                    name: piece.what.name(lang.into()),
                    value: None,
                })
                .collect(),
            kcv: keyed.and_then(|keyed| keyed.session_check_value).map(|value| value.to_string()),
            key: keyed.and_then(|keyed| clear(&keyed.session_key)),
        });
        let key = &making.key;
        let rounds = keyed.map_or(&[][..], |keyed| keyed.rounds.as_slice());
        Self {
            algorithm: making.suite.name(),
            key: KeyDocument {
                name: key.name.clone(),
                kind: key.kind.text(),
                index: key.index,
                version: key.version,
                factors: key.factors.iter().map(|factor| hex_text(factor)).collect(),
                role: match key.role {
                    KeyRole::Session => "session",
                    KeyRole::Folded => "folded",
                    KeyRole::Whole => "whole",
                },
                kcv: keyed.map(|keyed| keyed.check_value.to_string()),
                card: keyed.and_then(|keyed| clear(&keyed.card_key)),
            },
            session,
            input: input.collect(),
            padding: hex_text(&making.padding.bytes),
            blocks: rounds
                .iter()
                .map(|round| {
                    let chain = round.chain.as_ref();
                    BlockDocument {
                        plain: hex_text(&round.plain),
                        mixed: chain.map(|(mixed, _)| hex_text(mixed)),
                        result: chain.map(|(_, result)| hex_text(result)),
                    }
                })
                .collect(),
        }
    }
}
