//! What of an outcome must not be shown.

use apdu::CommandApdu;
use applet_spec::Catalogue;
use purse::Language;

use super::words;
use crate::{Finding, Outcome, Text};

/// The secrets that a case sent: a card may give them back.
pub(super) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Those of the commands of a case.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let exchanges = outcome.steps.iter().flat_map(|step| &step.exchanges);
        let secrets = exchanges.filter_map(|exchange| {
            let command = CommandApdu::new(&exchange.command);
            if !Catalogue::carries_secret(command.ins()) {
                return None;
            }
            // Without Lc, the secret begins in its place.
            let rest = exchange.command.get(4..).unwrap_or_default();
            let data = if command.data().is_empty() { rest } else { command.data() };
            telling(data).then(|| data.to_vec())
        });
        Self(secrets.collect())
    }

    /// Whether one of them is in these bytes.
    pub(super) fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == secret))
    }

    /// The text, or that it is not shown.
    pub(super) fn shown(&self, text: &str, language: Language) -> String {
        if self.are_in_text(text) { words::NOT_SHOWN.of(language) } else { text }.to_owned()
    }

    /// The same of a text in both languages.
    pub(super) fn shown_in_both(&self, text: &Text) -> Text {
        Text {
            en: self.shown(&text.en, Language::English),
            zh: self.shown(&text.zh, Language::Chinese),
        }
    }

    /// The finding without them.
    pub(super) fn hide(&self, finding: &Finding) -> Finding {
        let mut shown = finding.clone();
        for text in [&mut shown.expected, &mut shown.actual] {
            *text = self.shown_in_both(text);
        }
        let told = shown.bytes.as_ref().is_some_and(|(expected, actual)| {
            let expected: Vec<u8> = expected.iter().map(|byte| byte.unwrap_or_default()).collect();
            self.are_in(&expected) || self.are_in(actual)
        });
        if told {
            shown.expected = words::NOT_SHOWN.in_both();
            shown.actual = words::NOT_SHOWN.in_both();
            shown.bytes = None;
        }
        shown
    }

    fn are_in_text(&self, text: &str) -> bool {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = digits.to_ascii_uppercase();
        self.0.iter().any(|secret| digits.contains(&hex::encode_upper(secret)))
    }
}

/// Whether bytes are enough to be known again: zeros of a wrong length are no PIN, and are found
/// in every balance.
fn telling(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes.windows(2).any(|pair| pair.first() != pair.last())
}
