//! One exchange, in words and on one line.

use apdu::CommandApdu;
use purse::trace::{Decoded, DecodedField};
use serde::Serialize;

use self::Tell::{Named, Value};

/// Columns of a line, without its indentation.
const WIDTH: usize = 98;
/// Columns of a command, where it needs no more.
const COMMAND: usize = 34;

/// A command and its answer in words.
#[derive(Serialize)]
pub struct Exchange {
    command: String,
    fields: Vec<Field>,
    status: String,
    answer: Vec<Field>,
    #[serde(skip)]
    short: (String, String),
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
}

impl Exchange {
    /// From the bytes and what the decoder says of them.
    pub fn new(command: &[u8], said: Decoded, answered: Decoded) -> Self {
        let (of_command, of_answer) = telling(&CommandApdu::new(command));
        let status = answered.title.split(' ').next().unwrap_or_default().to_owned();
        let command = join(&said.title, &said.fields, of_command);
        let answer = join(&status, &answered.fields, of_answer);
        let fields = |decoded: Vec<DecodedField>| {
            decoded
                .into_iter()
                .map(|field| Field { name: field.name, value: field.value })
                .collect()
        };
        Self {
            command: said.title,
            fields: fields(said.fields),
            status,
            answer: fields(answered.fields),
            short: (command, answer),
        }
    }

    /// The telling fields on one line.
    pub fn line(&self) -> String {
        let (command, answer) = &self.short;
        let pad = " ".repeat(COMMAND.saturating_sub(columns(command)));
        cut(&format!("-> {command}{pad}  <- {answer}"))
    }
}

/// A field that tells the story, by its place.
#[derive(Clone, Copy)]
enum Tell {
    /// With its name.
    Named(usize),
    /// Its value speaks for itself.
    Value(usize),
}

/// What tells the story of the command, and of its answer.
fn telling(apdu: &CommandApdu<'_>) -> (&'static [Tell], &'static [Tell]) {
    const LOAD: u8 = 0x00;
    match (apdu.ins(), apdu.p1()) {
        (0xA4, _) => (&[Value(1)], &[]),
        (0x20, _) => (&[Value(1)], &[]),
        (0x5C, _) => (&[Value(1)], &[Named(0)]),
        (0x50, LOAD) => (&[Value(2)], &[Named(0), Named(1), Named(5)]),
        (0x50, _) => (&[Value(2)], &[Named(0), Named(1)]),
        (0x52, _) => (&[Named(2)], &[Named(0)]),
        (0x54, _) => (&[Value(0), Named(3)], &[Named(0), Named(1)]),
        (0xDC, _) => (&[Value(1), Value(0)], &[]),
        (0xB2, _) => (&[Value(1), Value(0)], &[Named(0), Value(2), Value(3)]),
        (0x5A, _) => (&[Value(0), Value(1)], &[Named(0), Named(1)]),
        (0xCA, _) => (&[], &[Value(0)]),
        _ => (&[Named(0), Named(1)], &[Named(0), Named(1)]),
    }
}

fn join(title: &str, fields: &[DecodedField], telling: &[Tell]) -> String {
    // Amounts and numbers say it twice, the second time in brackets.
    let once = |value: &str| value.split(" (").next().unwrap_or(value).to_owned();
    let shown: Vec<String> = telling
        .iter()
        .filter_map(|tell| match *tell {
            Named(at) => fields.get(at).map(|one| format!("{} {}", one.name, once(&one.value))),
            Value(at) => fields.get(at).map(|one| once(&one.value)),
        })
        .collect();
    if shown.is_empty() { title.to_owned() } else { format!("{title} {}", shown.join(", ")) }
}

/// Columns on a terminal: Chinese characters take two.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(character: char) -> usize {
    if character >= '\u{2E80}' { 2 } else { 1 }
}

fn cut(text: &str) -> String {
    if columns(text) <= WIDTH {
        return text.to_owned();
    }
    let mut room = WIDTH - 2;
    let fits = |character: &char| match room.checked_sub(width(*character)) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    let start: String = text.chars().take_while(fits).collect();
    format!("{start}..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_columns_in_both_languages() {
        assert_eq!(columns(&cut(&"x".repeat(200))), WIDTH);
        assert_eq!(columns(&cut(&"余".repeat(200))), WIDTH);
        assert_eq!(cut("余额"), "余额");
    }
}
