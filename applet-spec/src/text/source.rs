//! The texts being read, and the problems found in them.

use std::cell::RefCell;

use crate::{Problem, ProfileErrors};

/// Longest text that is read at all, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// Most problems that are told; nobody reads more.
const MAX_PROBLEMS: usize = 100;

/// A place in one of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which text, as [`Log::open`] numbered it.
    pub text: usize,
    /// Byte offset.
    pub offset: usize,
}

/// The texts in play, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Log {
    texts: RefCell<Vec<(String, String)>>,
    problems: RefCell<Vec<Problem>>,
}

impl Log {
    /// Takes a text in, so that places in it can be told as line and column.
    pub fn open(&self, origin: &str, text: &str) -> usize {
        let mut texts = self.texts.borrow_mut();
        texts.push((origin.to_owned(), text.to_owned()));
        texts.len() - 1
    }

    /// Adds a problem.
    pub fn problem(
        &self,
        at: Place,
        key: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        if self.is_full() {
            return;
        }
        let (origin, line, column) = self.locate(at);
        let problem = Problem {
            origin,
            line: Some(line),
            column: Some(column),
            key: key.into(),
            message: message.into(),
            mend: mend.into(),
        };
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Whether so many problems are told already that no more are taken.
    pub fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MAX_PROBLEMS
    }

    /// How many problems are told so far.
    pub fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// What is wrong, in the order it was found.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// The value, if there were no problems at all.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, ProfileErrors> {
        let problems = self.problems.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ if problems.is_empty() => Err(ProfileErrors::of_file(
                "this program",
                "the text was refused without a reason",
                "this is a bug, please report it with the file",
            )),
            _ => Err(ProfileErrors::from(problems)),
        }
    }

    /// Name of the text, line, column in characters.
    pub fn locate(&self, at: Place) -> (String, u32, u32) {
        let texts = self.texts.borrow();
        let Some((origin, text)) = texts.get(at.text) else {
            return (String::new(), 1, 1);
        };
        let mut end = at.offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        (origin.clone(), u32::try_from(line).unwrap_or(u32::MAX), column.try_into().unwrap_or(1))
    }
}
