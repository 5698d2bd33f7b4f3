//! What is wrong with a file.

use std::fmt;

/// A file that is not what it should be: which part of it, where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}, offset {offset} ({offset:#06x}): {problem}")]
pub struct Malformed {
    /// The part that was read.
    pub part: Part,
    /// Byte offset from the start of that part.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// A part of a file, in which offsets count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A component of a CAP file, by its name; offsets count from its tag.
    Component(&'static str),
    /// A class file, by its name or path.
    ClassFile(String),
    /// An export file, by its name or path.
    ExportFile(String),
    /// An archive, by its name or path.
    Archive(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(name) => write!(f, "{name} component"),
            Self::ClassFile(name) => write!(f, "class file {name}"),
            Self::ExportFile(name) => write!(f, "export file {name}"),
            Self::Archive(name) => write!(f, "archive {name}"),
        }
    }
}

/// What is wrong at an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The bytes end within something.
    #[error("{what} needs {wanted} bytes, {left} are left")]
    Ends {
        /// What was read.
        what: &'static str,
        /// Bytes it needs.
        wanted: usize,
        /// Bytes there are.
        left: usize,
    },
    /// Bytes follow the end.
    #[error("{0} bytes follow the end")]
    Trailing(usize),
    /// A value that may not stand there.
    #[error("{what} is {found}, {expected} is expected")]
    Value {
        /// What was read.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
}
