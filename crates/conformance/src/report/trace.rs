//! What went over the link in words, step by step, without secrets.

use applet_spec::{Catalogue, Rules};
use link::Pattern;
use purse::Language;
use purse::trace::{Decoded, Decoder};

use super::secrets::Secrets;
use super::{on_one_line, words};
use crate::text::spaced;
use crate::{Action, Exchange, Outcome, Text};

/// A step as it was seen.
pub(super) struct StepTold {
    /// Number of the step, from 1.
    pub number: usize,
    /// What was done.
    pub title: String,
    /// What was expected.
    pub expected: Vec<String>,
    /// What went over the link.
    pub exchanges: Vec<ExchangeTold>,
}

/// A command and its answer in words.
pub(super) struct ExchangeTold {
    pub sent: Way,
    /// `None`: the card fell silent.
    pub got: Option<Way>,
    /// Milliseconds that it took.
    pub milliseconds: f64,
}

/// One way of an exchange.
pub(super) struct Way {
    /// Hexadecimal; `**` is a byte that is not shown.
    pub bytes: String,
    pub decoded: Decoded,
}

/// What was seen of a case, in words.
pub(super) fn told(outcome: &Outcome, rules: &Rules, language: Language) -> Vec<StepTold> {
    let mut decoder = Decoder::new(rules, language);
    let secrets = Secrets::of(outcome);
    let shown = |text: &Text| secrets.shown(text.in_language(language), language);
    let seen = outcome.steps.iter().map(|seen| {
        let step = outcome.case.steps.get(seen.step);
        if step.is_some_and(|step| matches!(step.action, Action::Do(_))) {
            decoder.reset();
        }
        let exchanges = seen.exchanges.iter().map(|exchange| {
            let sent = sent(&mut decoder, &exchange.command);
            let got = got(&mut decoder, &secrets, exchange, language);
            ExchangeTold { sent, got, milliseconds: exchange.elapsed.as_secs_f64() * 1e3 }
        });
        StepTold {
            number: seen.step + 1,
            title: shown(&seen.title),
            expected: seen.expected.iter().map(shown).collect(),
            exchanges: exchanges.collect(),
        }
    });
    seen.collect()
}

fn sent(decoder: &mut Decoder, command: &[u8]) -> Way {
    let masked = Pattern::masked(command, Catalogue::carries_secret);
    let byte = |byte: &Option<u8>| byte.map_or("**".to_owned(), |byte| format!("{byte:02X}"));
    let bytes = masked.0.iter().map(byte).collect::<Vec<_>>().join(" ");
    Way { bytes, decoded: decoder.command(command) }
}

fn got(
    decoder: &mut Decoder,
    secrets: &Secrets,
    exchange: &Exchange,
    language: Language,
) -> Option<Way> {
    let answer = exchange.answer.as_ref()?;
    let mut decoded = decoder.answer(answer);
    let mut bytes = spaced(answer);
    if secrets.are_in(answer) {
        bytes = words::NOT_SHOWN.of(language).to_owned();
        decoded.fields.clear();
        decoded.problem = Some(words::ECHOES.of(language).to_owned());
    }
    Some(Way { bytes, decoded })
}

/// As text: a line for each command, answer, and field.
pub(super) fn text(steps: &[StepTold], language: Language) -> String {
    let mut out = String::new();
    for step in steps {
        let title = on_one_line(&step.title);
        out += &format!("{} {}: {title}\n", words::STEP.of(language), step.number);
        for exchange in &step.exchanges {
            out += &way("->", &exchange.sent);
            match &exchange.got {
                Some(got) => out += &way("<-", got),
                None => out += &format!("  <- {}\n", words::SILENT.of(language)),
            }
        }
    }
    out
}

fn way(mark: &str, way: &Way) -> String {
    let title = on_one_line(&way.decoded.title);
    let mut out = format!("  {mark} {title}\n     {}\n", way.bytes);
    for field in &way.decoded.fields {
        let indent = 5 + 2 * field.depth;
        let (name, value) = (on_one_line(&field.name), on_one_line(&field.value));
        out += &match value.is_empty() {
            true => format!("{:indent$}{name}\n", ""),
            false => format!("{:indent$}{name}: {value}\n", ""),
        };
    }
    if let Some(problem) = &way.decoded.problem {
        out += &format!("     ! {}\n", on_one_line(problem));
    }
    out
}

/// An exchange on one line: `DEBIT FOR PURCHASE → 9000 done`.
pub(super) fn short(exchange: &ExchangeTold, language: Language) -> String {
    let got = exchange.got.as_ref().map(|got| got.decoded.title.as_str());
    let got = got.unwrap_or_else(|| words::SILENT.of(language));
    on_one_line(&format!("{} → {got}", exchange.sent.decoded.title))
}
