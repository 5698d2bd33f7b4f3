//! Everything wrong with a batch's files, at once.

use std::fmt;

pub use applet_spec::Problem;

/// Everything wrong with the files of a batch, in the order of their texts. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BatchErrors {
    problems: Vec<Problem>,
}

impl BatchErrors {
    /// The problems, in the order of the texts.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Vec<Problem>> for BatchErrors {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| {
            (&a.origin, a.line, a.column, &a.key).cmp(&(&b.origin, b.line, b.column, &b.key))
        });
        Self { problems }
    }
}

impl From<Problem> for BatchErrors {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for BatchErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Where something stands in a file of the batch. A file's rows have a place each, so it is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File.
    pub origin: std::sync::Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// Something wrong here.
    pub fn problem(
        &self,
        key: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Problem {
        Problem {
            origin: self.origin.to_string(),
            line: Some(self.line),
            column: Some(self.column),
            key: key.to_owned(),
            message: message.into(),
            mend: mend.into(),
        }
    }
}

/// Something wrong with a file as a whole.
pub(crate) fn of_file(
    origin: &str,
    message: impl Into<String>,
    mend: impl Into<String>,
) -> Problem {
    Problem {
        origin: origin.to_owned(),
        line: None,
        column: None,
        key: String::new(),
        message: message.into(),
        mend: mend.into(),
    }
}
