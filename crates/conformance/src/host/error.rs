//! Why a value of a case cannot be made.

use std::fmt;

use crypto::custody::CustodyError;

use crate::Written;

/// Why a value of a case cannot be made, and where it is written.
#[derive(Debug, thiserror::Error)]
pub struct HostError {
    /// Where the value is written; `None` for values that no file has.
    pub written: Option<Written>,
    /// What is wrong, and what to do.
    pub trouble: Trouble,
}

/// What is wrong with a value, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A name that nothing was captured under.
    #[error(
        "${name} is not known: the step that captures it failed or comes later, or it is spelled \
         otherwise there"
    )]
    NoSuchName {
        /// The name, without `$`.
        name: String,
    },
    /// A free byte where bytes must be known.
    #[error("?? stands for any byte only in what must come back: write the byte that is meant")]
    FreeByte,
    /// Keys.
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

impl HostError {
    /// Trouble with a value.
    pub(crate) fn at(written: Option<&Written>, trouble: Trouble) -> Self {
        Self { written: written.cloned(), trouble }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Written { origin, line, column }) = &self.written {
            write!(f, "{origin}:{line}:{column}: ")?;
        }
        self.trouble.fmt(f)
    }
}
