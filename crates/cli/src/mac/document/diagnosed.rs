//! Documents of `purse mac diagnose`.

use diagnosis::{
    Advice, Diagnosis, Disagreement, Hypothesis, Made, Said, Trace, Transaction, Verdict,
};
use serde::Serialize;

use crate::ui::{Lang, hex_text};

/// A code that was looked into.
#[derive(Serialize)]
pub(in crate::mac) struct DiagnosisDocument {
    code: &'static str,
    maker: &'static str,
    line: usize,
    sent: String,
    right: Option<String>,
    /// `right`, `mistake`, `nothing-fits`, `missing` or `no-key`.
    verdict: &'static str,
    why: Option<String>,
    found: Vec<FindingDocument>,
    /// `whole`, or `singles`: neither pairs nor values of a field were tried.
    effort: &'static str,
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
    pub(in crate::mac) fn new(
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
            effort: one.effort.text(),
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
pub(in crate::mac) struct DisagreementDocument {
    about: &'static str,
    card: Option<String>,
    psam: Option<String>,
    text: String,
}

impl DisagreementDocument {
    pub(in crate::mac) fn new(trace: &Trace, one: &Disagreement, lang: Lang) -> Self {
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
pub(in crate::mac) fn advice(advice: &[Advice], lang: Lang) -> Vec<String> {
    advice.iter().map(|one| one.in_words(lang.into())).collect()
}
