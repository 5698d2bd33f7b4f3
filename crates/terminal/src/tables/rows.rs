//! Tables as text: lines of comma-separated values, as spreadsheets write them.
//!
//! ```text
//! # table black
//! # version 7
//! # effective 2026-11-22T03:00:00
//! # rows 1
//! 03104770040067442802
//! ```

use applet_spec::{Problem, ProfileErrors};

use super::{Prefix, Rows, Table, TableKind};
use crate::Timestamp;

/// Most problems that are told; nobody reads more.
const MOST_TOLD: usize = 20;

struct Reader<'r> {
    origin: &'r str,
    problems: Vec<Problem>,
    version: Option<u32>,
    effective: Option<Timestamp>,
    named: bool,
    /// Rows that there are, and that the head says there should be.
    count: u32,
    promised: Option<u32>,
}

pub(super) fn read(kind: TableKind, text: &str, origin: &str) -> Result<Table, ProfileErrors> {
    let mut reader = Reader {
        origin,
        problems: Vec::new(),
        version: None,
        effective: None,
        named: false,
        count: 0,
        promised: None,
    };
    let mut rows = match kind {
        TableKind::White => Rows::White(Vec::new()),
        TableKind::Bin => Rows::Bin(Vec::new()),
        TableKind::Black => Rows::Black(Vec::new()),
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        // A spreadsheet pads short lines with commas.
        let bare = content.trim_end_matches(',').trim_end();
        if let Some(head) = bare.strip_prefix('#') {
            reader.head(kind, line, head.trim());
        } else if !bare.is_empty() {
            reader.count += 1;
            reader.row(&mut rows, line, content);
        }
        if reader.problems.len() >= MOST_TOLD {
            break;
        }
    }
    reader.finish(kind, rows)
}

impl Reader<'_> {
    /// `table KIND`, `version N`, `effective TIME`, `rows N`; anything else after a # is a comment.
    fn head(&mut self, kind: TableKind, line: u32, text: &str) {
        let (key, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let value = value.trim();
        match key {
            "table" => {
                self.named = true;
                if value != kind.text() {
                    let message = format!("a table {value:?}, and {kind} was wanted");
                    self.wrong(line, message, "give the file to the right table");
                }
            }
            "version" => match value.parse() {
                Ok(version) => self.version = Some(version),
                Err(_) => self.wrong(
                    line,
                    format!("{value:?} is no version"),
                    "write a number that grows with every change: # version 7",
                ),
            },
            "rows" => match value.parse() {
                Ok(rows) => self.promised = Some(rows),
                Err(_) => self.wrong(line, format!("{value:?} is no number of rows"), "mend it"),
            },
            "effective" => match value.parse() {
                Ok(time) => self.effective = Some(time),
                Err(error) => self.wrong(line, format!("{error}"), "mend the time"),
            },
            _ => {}
        }
    }

    fn row(&mut self, rows: &mut Rows, line: u32, content: &str) {
        let mut values = content.split(',').map(|value| value.trim().trim_matches('"').trim());
        let first = values.next().unwrap_or_default();
        match rows {
            Rows::White(prefixes) => {
                if let Some(prefix) = self.prefix(line, first, 16, "the beginning of an issuer id")
                {
                    prefixes.push(prefix);
                }
            }
            Rows::Bin(bins) => {
                let bin = self.prefix(line, first, 10, "the beginning of card numbers");
                let owner = values.next().filter(|owner| !owner.is_empty());
                let owner = match owner {
                    None => Some(None),
                    Some(text) => {
                        self.prefix(line, text, 16, "the beginning of an issuer id").map(Some)
                    }
                };
                if let (Some(bin), Some(owner)) = (bin, owner) {
                    bins.push((bin, owner));
                }
            }
            Rows::Black(numbers) => {
                if let Some(Prefix(digits)) = self.prefix(line, first, 20, "a card number") {
                    let mut number = [0; 10];
                    // Right-justified, two digits to a byte.
                    for (at, digit) in digits.iter().rev().enumerate() {
                        if let Some(byte) = number.iter_mut().rev().nth(at / 2) {
                            *byte |= digit << (at % 2 * 4);
                        }
                    }
                    numbers.push(number);
                }
            }
        }
    }

    fn prefix(&mut self, line: u32, text: &str, most: usize, what: &str) -> Option<Prefix> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        match digits {
            Some(digits) if (1..=most).contains(&digits.len()) => Some(Prefix(digits)),
            _ => {
                let shown: String = text.chars().take(40).collect();
                let mend = format!("write {what}: 1 to {most} hexadecimal digits");
                self.wrong(line, format!("{shown:?} is not {what}"), &mend);
                None
            }
        }
    }

    fn finish(mut self, kind: TableKind, mut rows: Rows) -> Result<Table, ProfileErrors> {
        if !self.named {
            let mend = format!("write `# table {kind}` at the top");
            self.wrong(1, "the file does not say which table it is".to_owned(), &mend);
        }
        if self.version.is_none() {
            self.wrong(1, "no version".to_owned(), "write `# version 1` at the top");
        }
        if let Some(promised) = self.promised.filter(|promised| *promised != self.count) {
            let message = format!("{} rows, and the head says {promised}", self.count);
            self.wrong(1, message, "the file was cut or changed; get it again");
        }
        if let Rows::Black(numbers) = &mut rows {
            numbers.sort_unstable();
            numbers.dedup();
        }
        match self.version {
            Some(version) if self.problems.is_empty() => {
                Ok(Table { version, effective: self.effective, rows })
            }
            _ => Err(ProfileErrors::from(self.problems)),
        }
    }

    fn wrong(&mut self, line: u32, message: String, mend: &str) {
        self.problems.push(Problem {
            origin: self.origin.to_owned(),
            line: Some(line),
            column: Some(1),
            key: String::new(),
            message,
            mend: mend.to_owned(),
        });
    }
}
