//! What is wrong with a profile (or with the catalogue), where, and what to do about it.

use std::fmt;

/// One thing wrong in a file of ours or of a user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// File name or built-in name the text came from.
    pub origin: String,
    /// Line, from 1; `None` where the file as a whole is meant.
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// Key, as in `directory[1].file[3].sfi`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub mend: String,
}

/// Everything wrong with a profile, in the order of the text. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ProfileErrors {
    problems: Vec<Problem>,
}

impl ProfileErrors {
    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// As the writer of `origin` reads them: what lies in a profile that theirs extends is mended
    /// in theirs.
    pub(crate) fn seen_from(mut self, origin: &str) -> Self {
        for problem in self.problems.iter_mut().filter(|problem| problem.origin != origin) {
            problem.mend += &format!(" ({origin} extends this: say it there, \"none\" unsets)");
        }
        self
    }

    pub(crate) fn of_file(
        origin: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            problems: vec![Problem {
                origin: origin.to_owned(),
                line: None,
                column: None,
                key: String::new(),
                message: message.into(),
                mend: mend.into(),
            }],
        }
    }
}

impl From<Vec<Problem>> for ProfileErrors {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| {
            (&a.origin, a.line, a.column, &a.key).cmp(&(&b.origin, b.line, b.column, &b.key))
        });
        Self { problems }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.message, self.mend)
    }
}

impl fmt::Display for ProfileErrors {
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
