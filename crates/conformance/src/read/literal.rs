//! Literals: whether they are what the field or the input that they stand for takes.

use applet_spec::text::{Refusal, Word, nearest};
use applet_spec::{FieldFormat, KeyKind};
use purse::Amount;

use crate::expression::{LiteralForm, argument_form};
use crate::text::number;
use crate::{Expression, Operator};

/// How literals of a field of this format are read.
pub(super) fn form_of(format: FieldFormat) -> LiteralForm {
    match format {
        FieldFormat::Fen => LiteralForm::Fen,
        FieldFormat::Number => LiteralForm::Number,
        FieldFormat::Date => LiteralForm::Date,
        FieldFormat::Time => LiteralForm::Time,
        FieldFormat::Hex | FieldFormat::Mac | FieldFormat::Tlv | FieldFormat::Secret => {
            LiteralForm::Bytes
        }
    }
}

/// Calls `see` with each literal in the order of the text, and with how it is read there.
pub(super) fn each(
    expression: &Expression,
    form: LiteralForm,
    see: &mut impl FnMut(&str, LiteralForm),
) {
    match expression {
        Expression::Literal(text) => see(text, form),
        Expression::Name(_) => {}
        Expression::Slice(of, ..) => each(of, LiteralForm::Bytes, see),
        Expression::Call(_, arguments) => {
            for (input, value) in arguments {
                each(value, argument_form(input).unwrap_or(LiteralForm::Bytes), see);
            }
        }
        Expression::Operation(Operator::Plus | Operator::Minus, left, right) => {
            for operand in [left, right] {
                let literal = matches!(**operand, Expression::Literal(_));
                each(operand, if literal { LiteralForm::Quantity } else { form }, see);
            }
        }
        Expression::Operation(Operator::Xor, left, right) => {
            each(left, if form == LiteralForm::Mask { LiteralForm::Bytes } else { form }, see);
            each(right, LiteralForm::Bytes, see);
        }
        Expression::Operation(Operator::Join, left, right) => {
            let masked = form == LiteralForm::Mask;
            let bytes = if masked { LiteralForm::Mask } else { LiteralForm::Bytes };
            each(left, bytes, see);
            each(right, bytes, see);
        }
    }
}

/// Why a literal is not of the form.
pub(super) fn refuse(text: &str, form: LiteralForm) -> Option<Refusal> {
    let digits = |count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = match form {
        LiteralForm::Fen => is_amount(text),
        LiteralForm::Number => number(text).is_some(),
        LiteralForm::Quantity => is_amount(text) || number(text).is_some(),
        LiteralForm::Date => digits(8),
        LiteralForm::Time => digits(6),
        LiteralForm::Bytes => are_bytes(text, false),
        LiteralForm::Mask => are_bytes(text, true),
        LiteralForm::BytesOrNone => text == "none" || are_bytes(text, false),
        LiteralForm::Key => return refuse_key(text),
    };
    if good {
        return None;
    }
    let message = match form {
        LiteralForm::Bytes if are_bytes(text, true) => {
            "?? can stand only in what must come back, in data and tlv".to_owned()
        }
        LiteralForm::Bytes | LiteralForm::Mask if is_odd(text) => {
            format!("{text:?} has half a byte too much or too little")
        }
        _ => format!("{text:?} is not {}", wanted(form)),
    };
    Some(Refusal::new(message, format!("write {}", wanted(form))))
}

/// What to write.
pub(super) fn wanted(form: LiteralForm) -> &'static str {
    match form {
        LiteralForm::Fen => "an amount, such as 2.50 or 250fen",
        LiteralForm::Number => "a number, such as 21 or 0x15",
        LiteralForm::Quantity => "a number or an amount, such as 21, 0x15 or 2.50",
        LiteralForm::Date => "a date, YYYYMMDD",
        LiteralForm::Time => "a time, HHMMSS",
        LiteralForm::Bytes => "bytes, two hexadecimal digits each, such as 01 A0",
        LiteralForm::Mask => "bytes, two hexadecimal digits each, or ?? for any byte",
        LiteralForm::BytesOrNone => "bytes, two hexadecimal digits each, or none",
        LiteralForm::Key => "a kind of key, such as load, or its 16 bytes",
    }
}

/// An amount, or its fen as `0x..`.
fn is_amount(text: &str) -> bool {
    text.parse::<Amount>().is_ok() || text.starts_with("0x") && number(text).is_some()
}

/// Whether the text is whole bytes; `masked` if `??` may be among them.
fn are_bytes(text: &str, masked: bool) -> bool {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        && pairs.iter().all(|pair| match pair {
            [b'?', b'?'] => masked,
            _ => pair.iter().all(u8::is_ascii_hexdigit),
        })
}

fn is_odd(text: &str) -> bool {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    digits.clone().all(|byte| byte.is_ascii_hexdigit()) && digits.count() % 2 == 1
}

fn refuse_key(text: &str) -> Option<Refusal> {
    let mut known = KeyKind::WORDS.iter().map(|(known, _)| *known);
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    let own = digits == 32 && are_bytes(text, false);
    if own || known.clone().any(|known| known == text) {
        return None;
    }
    let mend = match nearest(text, known.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write one of {}", known.by_ref().collect::<Vec<_>>().join(", ")),
    };
    Some(Refusal::new(format!("no kind of key {text:?}"), mend))
}
