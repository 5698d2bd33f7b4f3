//! Steps of a case as they are written, in the words of `purse conform explain`.

use applet_spec::{Catalogue, FieldFormat};
use purse::Language;

use super::words;
use crate::explain::step_words;
use crate::{Action, Case, Expression, Send, Step, Value};

/// A step in words.
pub(super) struct Written {
    /// Its number, from 1.
    pub number: usize,
    /// What is done.
    pub action: String,
    /// What must come back, and what may change.
    pub expect: Vec<String>,
    /// What its author notes.
    pub note: Option<String>,
}

/// The steps of a case. What the catalogue says is secret is left out where it is written as bytes:
/// it may be the PIN of somebody's card.
pub(super) fn written(case: &Case, language: Language) -> Vec<Written> {
    let words = |(index, step): (usize, &Step)| {
        let words = step_words(&masked(step, language));
        let mut action = words.action.in_language(language).to_owned();
        if words.repeat > 1 {
            action += &format!(", {} × {}", words::REPEATED.of(language), words.repeat);
        }
        if words.tear {
            action += &format!(", {}", words::TORN.of(language));
        }
        let mut expect: Vec<String> =
            words.expect.iter().map(|text| text.in_language(language).to_owned()).collect();
        expect.extend(words.captures.iter().map(|(name, from)| format!("${name} := {from}")));
        if !words.changes.is_empty() {
            let changes = words.changes.join(", ");
            expect.push(format!("{}: {changes}", words::MAY_CHANGE.of(language)));
        }
        if !step.expect.torn.is_empty() {
            let torn: Vec<String> = step.expect.torn.iter().map(ToString::to_string).collect();
            expect.push(format!("{}: {}", words::MAY_BE_BETWEEN.of(language), torn.join(", ")));
        }
        let note = words.note.as_ref().map(|note| note.in_language(language).to_owned());
        Written { number: index + 1, action, expect, note }
    };
    case.steps.iter().enumerate().map(words).collect()
}

fn masked(step: &Step, language: Language) -> Step {
    let mut masked = step.clone();
    match &mut masked.action {
        Action::Send(send) => mask(send, language),
        Action::Raw(value) => mask_raw(value, language),
        Action::Select(_) | Action::Run(_) | Action::Do(_) | Action::Set(_) => {}
    }
    masked
}

fn mask(send: &mut Send, language: Language) {
    let spec = Catalogue::entry(send.command);
    for (name, value) in &mut send.fields {
        let field = spec.fields.iter().find(|field| field.name == *name);
        if field.is_some_and(|field| field.format == FieldFormat::Secret) {
            mask_value(value, language);
        }
    }
    if Catalogue::carries_secret(spec.ins) {
        send.body.iter_mut().for_each(|value| mask_value(value, language));
    }
}

/// Names and calls say nothing of the bytes that they stand for.
fn mask_value(value: &mut Value, language: Language) {
    if !matches!(value.expression, Expression::Name(_) | Expression::Call(..)) {
        *value = Value::literal(words::NOT_SHOWN.of(language));
    }
}

/// A command written as bytes keeps its header.
fn mask_raw(value: &mut Value, language: Language) {
    let text = value.expression.to_string();
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digit = |at: usize| digits.get(at).and_then(|c| c.to_digit(16));
    let ins = digit(2).zip(digit(3)).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
    if digits.len() > 8 && ins.is_some_and(Catalogue::carries_secret) {
        let header: String = digits.iter().take(8).collect();
        *value = Value::literal(format!("{header} ({})", words::NOT_SHOWN.of(language)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn actions(actions: Vec<Action>) -> Vec<String> {
        let case =
            fixture::case("EP_YZ_001", "pin", &[fixture::rule("pin.tries", "words")], "words");
        let mut case = Case::clone(&case);
        let Some(first) = case.steps.first().cloned() else { panic!("a step") };
        case.steps = actions.into_iter().map(|action| Step { action, ..first.clone() }).collect();
        written(&case, Language::English).into_iter().map(|step| step.action).collect()
    }

    #[test]
    fn a_pin_that_is_written_is_not_shown_and_a_name_for_one_is() {
        let verify = |value: Value| {
            let mut send = Send::new(applet_spec::CommandId::Verify);
            send.fields.push(("PIN".to_owned(), value));
            Action::Send(Box::new(send))
        };
        let mut body = Send::new(applet_spec::CommandId::Verify);
        body.body = Some(Value::literal("123456"));
        let name = Value { written: None, expression: Expression::Name("pin".to_owned()) };
        let said = actions(vec![
            verify(Value::literal("123456")),
            verify(name),
            Action::Send(Box::new(body)),
            Action::Raw(Value::literal("00 20 00 00 03 12 34 56")),
            Action::Raw(Value::literal("80 5C 00 02 04")),
        ]);
        let expected = [
            "VERIFY: PIN = not shown",
            "VERIFY: PIN = $pin",
            "VERIFY: data = not shown",
            "bytes 00200000 (not shown)",
            "bytes 80 5C 00 02 04",
        ];
        assert_eq!(said, expected);
    }
}
