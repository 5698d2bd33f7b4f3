//! JSON documents of `purse mac`.

use diagnosis::{
    Advice, Diagnosis, Disagreement, Explanation, Hypothesis, KeyRole, Keyed, Made, Making, Said,
    StandsIn, Trace, Transaction, Verdict,
};
use serde::Serialize;

use super::words;
use crate::ui::{Lang, hex_text};

/// The document of either verb.
#[derive(Serialize)]
pub(super) struct Document<C: Serialize> {
    pub(super) ok: bool,
    pub(super) profile: String,
    pub(super) version: String,
    pub(super) keys: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<Vec<Found>>,
    pub(super) transactions: Vec<TransactionDocument<C>>,
    pub(super) asides: Vec<String>,
}

/// What fits a code, in short.
#[derive(Serialize)]
pub(super) struct Found {
    /// Number of the transaction, from 1.
    pub(super) transaction: usize,
    pub(super) code: &'static str,
    pub(super) mistakes: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct TransactionDocument<C: Serialize> {
    number: usize,
    transaction: &'static str,
    r#type: String,
    line: Option<usize>,
    amount_fen: Option<u32>,
    terminal: Option<String>,
    date: Option<String>,
    time: Option<String>,
    serial: String,
    status: Option<String>,
    pub(super) codes: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disagreements: Option<Vec<DisagreementDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Vec<String>>,
}

impl<C: Serialize> TransactionDocument<C> {
    pub(super) fn new(number: usize, one: &Transaction, codes: Vec<C>) -> Self {
        let values = &one.values;
        Self {
            number,
            transaction: one.flow.text(),
            r#type: format!("{:02X}", one.transaction_type as u8),
            line: one.place.map(|place| place.line),
            amount_fen: values.amount.map(|amount| amount.0),
            terminal: values.terminal.map(|terminal| terminal.to_string()),
            date: values.date.map(|date| date.to_string()),
            time: values.time.map(|time| time.to_string()),
            serial: hex_text(&one.card.serial),
            status: one.step.and_then(|step| step.status).map(|status| status.to_string()),
            codes,
            disagreements: None,
            advice: None,
        }
    }
}

/// A code that was looked into.
#[derive(Serialize)]
pub(super) struct DiagnosisDocument {
    code: &'static str,
    maker: &'static str,
    line: usize,
    sent: String,
    right: Option<String>,
    /// `right`, `mistake`, `nothing-fits`, `missing` or `no-key`.
    verdict: &'static str,
    why: Option<String>,
    found: Vec<FindingDocument>,
    tried: TriedDocument,
    untried: Vec<UntriedDocument>,
}

#[derive(Serialize)]
struct FindingDocument {
    mistakes: Vec<MistakeDocument>,
    /// Others that give the same bytes here.
    same_bytes: Vec<Vec<&'static str>>,
}

#[derive(Serialize)]
struct MistakeDocument {
    id: &'static str,
    group: &'static str,
    text: &'static str,
    differences: Vec<DifferenceDocument>,
    source: Option<String>,
}

#[derive(Serialize)]
struct DifferenceDocument {
    name: &'static str,
    used: String,
    right: String,
}

#[derive(Serialize)]
struct TriedDocument {
    singles: usize,
    pairs: usize,
    searched: usize,
    expected_by_chance: f64,
}

#[derive(Serialize)]
struct UntriedDocument {
    id: &'static str,
    why: String,
}

impl DiagnosisDocument {
    pub(super) fn new(
        trace: &Trace,
        transaction: &Transaction,
        one: &Diagnosis,
        lang: Lang,
    ) -> Self {
        let (verdict, why) = match &one.verdict {
            Verdict::Right => ("right", None),
            Verdict::Found(_) => ("mistake", None),
            Verdict::NothingFits => ("nothing-fits", None),
            Verdict::Missing(missing) => ("missing", Some(missing.in_words(lang.into()))),
            Verdict::NoKey(error) => ("no-key", Some(error.to_string())),
        };
        let findings = match &one.verdict {
            Verdict::Found(findings) => findings.as_slice(),
            _ => &[],
        };
        let untried = one.untried.iter();
        Self {
            code: one.received.code.text(),
            maker: transaction.flow.maker(one.received.code).text(),
            line: one.received.place.line,
            sent: one.received.mac.to_string(),
            right: one.right.map(|mac| mac.to_string()),
            verdict,
            why,
            found: findings
                .iter()
                .filter_map(|finding| {
                    let (first, others) = finding.alike.split_first()?;
                    let made = |one: &Made| MistakeDocument::new(trace, one, lang);
                    Some(FindingDocument {
                        mistakes: first.mistakes.iter().map(made).collect(),
                        same_bytes: others.iter().map(Hypothesis::ids).collect(),
                    })
                })
                .collect(),
            tried: TriedDocument {
                singles: one.tried.singles,
                pairs: one.tried.pairs,
                searched: one.tried.searched,
                expected_by_chance: one.tried.expected_by_chance(),
            },
            untried: untried
                .map(|one| UntriedDocument { id: one.mistake.id, why: one.why.to_string() })
                .collect(),
        }
    }
}

impl MistakeDocument {
    fn new(trace: &Trace, made: &Made, lang: Lang) -> Self {
        let differences = made.differences.iter();
        Self {
            id: made.mistake.id,
            group: made.mistake.group.text(),
            text: made.mistake.sentence(lang.into()),
            differences: differences
                .map(|one| DifferenceDocument {
                    name: one.name(lang.into()),
                    used: one.used(lang.into()),
                    right: one.right(lang.into()),
                })
                .collect(),
            source: made.source.map(|source| source.in_words(trace, lang.into())),
        }
    }
}

/// What card and PSAM were told differently.
#[derive(Serialize)]
pub(super) struct DisagreementDocument {
    about: &'static str,
    card: Option<String>,
    psam: Option<String>,
    text: String,
}

impl DisagreementDocument {
    pub(super) fn new(trace: &Trace, one: &Disagreement, lang: Lang) -> Self {
        let said = |said: &Said| said.source.map(|_| hex_text(&said.bytes));
        Self {
            about: one.about.text(),
            card: said(&one.card),
            psam: said(&one.psam),
            text: one.in_words(trace, lang.into()),
        }
    }
}

/// Advice in words.
pub(super) fn advice(advice: &[Advice], lang: Lang) -> Vec<String> {
    advice.iter().map(|one| one.in_words(lang.into())).collect()
}

/// How a code is made.
#[derive(Serialize)]
pub(super) struct ExplanationDocument {
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
    pub(super) fn new(one: &Explanation, lang: Lang) -> Self {
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
