//! Tables as people save them (CSV): cells with their places, quotes checked.
//!
//! Comma, semicolon or tab, whichever the header has; a byte order mark, CRLF, Excel's `sep=;`
//! line, empty lines and empty columns at the end are fine. A cell in quotes may hold anything, with
//! two quotes for one.

use std::iter::Peekable;
use std::str::CharIndices;
use std::sync::Arc;

use crate::problem::{Place, Problem, of_file};

/// A table: its header, and its rows without the empty ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// First line.
    pub header: Vec<Cell>,
    /// The lines after it that have anything in them.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell: its text without blanks around it, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// Most bytes of a table.
pub const LONGEST: usize = 32 << 20;
/// Most rows of a table.
pub const MOST_ROWS: usize = 100_000;
/// Most columns of a table.
pub const MOST_COLUMNS: usize = 256;

impl Table {
    /// Reads a table. `origin` is what errors call it: a file name.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Vec<Problem>> {
        if bytes.len() > LONGEST {
            let message = format!("longer than {} MiB", LONGEST >> 20);
            return Err(vec![of_file(origin, message, "split the batch into several files")]);
        }
        let text = text_of(bytes, origin)?;
        let mut reader = Reader::new(text, origin);
        let mut rows = reader.rows();
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        if rows.is_empty() {
            let mend = "write a line with the names of the columns, and one line for each card";
            return Err(vec![of_file(origin, "the file is empty", mend)]);
        }
        let header = rows.remove(0);
        Ok(Self { header, rows })
    }
}

fn text_of<'t>(bytes: &'t [u8], origin: &str) -> Result<&'t str, Vec<Problem>> {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let line = good.matches('\n').count() + 1;
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = Place { origin: Arc::from(origin), line: line as u32, column: column as u32 };
        let mend =
            "save it in Excel as \"CSV UTF-8 (comma delimited)\"; plain \"CSV\" is GBK there";
        vec![place.problem("", "not UTF-8 from here on", mend)]
    })
}

struct Reader<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    separator: char,
    origin: Arc<str>,
    line: u32,
    column: u32,
    problems: Vec<Problem>,
}

/// How a cell ended.
#[derive(PartialEq, Eq)]
enum End {
    Cell,
    Row,
    File,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, origin: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let announced = first.strip_prefix("sep=").and_then(|rest| {
            let mut chars = rest.chars();
            chars.next().filter(|_| chars.next().is_none())
        });
        let separator = announced.unwrap_or_else(|| separator_of(first));
        let mut reader = Self {
            text,
            chars: text.char_indices().peekable(),
            separator,
            origin: Arc::from(origin),
            line: 1,
            column: 1,
            problems: Vec::new(),
        };
        if announced.is_some() {
            while reader.next().is_some_and(|c| c != '\n') {}
        }
        reader
    }

    /// Every row that has anything in it.
    fn rows(&mut self) -> Vec<Vec<Cell>> {
        let (mut rows, mut row) = (Vec::new(), Vec::new());
        loop {
            let end = self.cell(&mut row);
            if row.len() > MOST_COLUMNS {
                let message = format!("more than {MOST_COLUMNS} columns");
                self.wrong(&message, "this is no table of cards; one has a few columns");
                return rows;
            }
            if end == End::Cell {
                continue;
            }
            if row.iter().any(|cell: &Cell| !cell.text.is_empty()) {
                rows.push(std::mem::take(&mut row));
                if rows.len() > MOST_ROWS + 1 {
                    let message = format!("more than {MOST_ROWS} rows");
                    self.wrong(&message, "split the batch into several files");
                }
            }
            row.clear();
            // One broken quote makes nonsense of what follows.
            if end == End::File || !self.problems.is_empty() {
                return rows;
            }
        }
    }

    fn cell(&mut self, row: &mut Vec<Cell>) -> End {
        while self.peek().is_some_and(|c| c != self.separator && is_blank(c)) {
            self.next();
        }
        let place = self.place();
        let text = if self.peek() == Some('"') {
            self.next();
            self.quoted(&place)
        } else {
            self.plain()
        };
        row.push(Cell { text: text.trim_matches(is_blank).to_owned(), place });
        self.end()
    }

    fn plain(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !self.ends(*c)) {
            if c == '"' {
                let mend = "put the whole cell in quotes, and write each quote in it twice";
                self.wrong("a quote in the middle of a cell", mend);
            }
            text.push(c);
            self.next();
        }
        text
    }

    /// The rest of a cell in quotes, to the separator after it.
    fn quoted(&mut self, begin: &Place) -> String {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') if self.peek() == Some('"') => {
                    self.next();
                    text.push('"');
                }
                Some('"') => break,
                Some(c) => text.push(c),
                None => {
                    let mend = "close it, and write each quote inside a cell twice";
                    self.problems.push(begin.problem("", "this quote is never closed", mend));
                    return text;
                }
            }
        }
        while self.peek().is_some_and(is_blank) {
            self.next();
        }
        if self.peek().is_some_and(|c| !self.ends(c)) {
            self.wrong("text after a cell in quotes", "write each quote inside a cell twice");
            while self.peek().is_some_and(|c| !self.ends(c)) {
                self.next();
            }
        }
        text
    }

    fn end(&mut self) -> End {
        match self.next() {
            None => End::File,
            Some('\r') => {
                if self.peek() == Some('\n') {
                    self.next();
                }
                End::Row
            }
            Some('\n') => End::Row,
            Some(_) => End::Cell,
        }
    }

    fn ends(&self, c: char) -> bool {
        c == self.separator || c == '\n' || c == '\r'
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn next(&mut self) -> Option<char> {
        let (at, c) = self.chars.next()?;
        // The CR of CRLF ends no line; the LF does.
        let alone = c == '\r' && !self.text.get(at + 1..).is_some_and(|r| r.starts_with('\n'));
        if c == '\n' || alone {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn place(&self) -> Place {
        Place { origin: self.origin.clone(), line: self.line, column: self.column }
    }

    fn wrong(&mut self, message: &str, mend: &str) {
        let problem = self.place().problem("", message, mend);
        self.problems.push(problem);
    }
}

/// What separates the columns: whatever comes first in the header, outside quotes.
fn separator_of(header: &str) -> char {
    let mut quoted = false;
    for c in header.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' | '\t' if !quoted => return c,
            _ => {}
        }
    }
    ','
}

/// Blanks around a cell, also the wide ones of Chinese text. A tab may be the separator.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{A0}' | '\u{3000}')
}

#[cfg(test)]
mod tests;
