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
#[non_exhaustive]
pub enum Trouble {
    /// A name that nothing was captured under.
    #[error(
        "${name} was not captured: the step that captures it failed or comes later, or calls it \
         otherwise"
    )]
    NotCaptured {
        /// The name, without `$`.
        name: String,
    },
    /// Something of a transaction, and none was initialized.
    #[error(
        "{what} is of a transaction, and none was begun: the INITIALIZE before was refused or is \
         missing"
    )]
    NoTransaction {
        /// `$balance`, `mac1()`.
        what: String,
    },
    /// A code that this transaction does not have.
    #[error("{call}() is none of a {transaction}: ask for one that it has")]
    NoSuchCode {
        /// The call.
        call: &'static str,
        /// The transaction.
        transaction: &'static str,
    },
    /// No challenge was given.
    #[error("{what} needs a challenge, and the card gave none: send get-challenge before")]
    NoChallenge {
        /// `$challenge`, `sm()`.
        what: &'static str,
    },
    /// The card has no such thing, and neither does its profile.
    #[error("the profile has no {what}: let the case apply only where there is one")]
    NotInProfile {
        /// `PIN`, `load key with index 01`.
        what: String,
    },
    /// A free byte where bytes must be known.
    #[error("?? stands for any byte only in what must come back: write the byte that is meant")]
    FreeByte,
    /// A literal that is not what its field takes.
    #[error("'{text}' is not {wanted}")]
    Unreadable {
        /// As written.
        text: String,
        /// What it must be, with an example.
        wanted: String,
    },
    /// What stands behind `key=`.
    #[error(
        "it is no key: write a kind of key as profiles do (key=load), or the 8 or 16 bytes of one \
         that the case has made"
    )]
    NotAKey,
    /// A number that its width does not hold, or that is below zero.
    #[error("{what} does not fit {width} bytes: keep it from 0 to the largest they hold")]
    OutOfRange {
        /// The number, or the operation that it comes of.
        what: String,
        /// Bytes.
        width: usize,
    },
    /// Bytes of another length than is needed.
    #[error("{what} has {actual} bytes, it must have {wanted}")]
    Length {
        /// What.
        what: String,
        /// Bytes it must have, in words.
        wanted: String,
        /// Bytes it has.
        actual: usize,
    },
    /// A call that there is not.
    #[error("there is no {name}(): {known}")]
    NoSuchCall {
        /// As written.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A call's input that it does not have.
    #[error("{call}() takes no {name}: {known}")]
    NoSuchInput {
        /// The call.
        call: &'static str,
        /// As written.
        name: String,
        /// Those it takes.
        known: String,
    },
    /// A call without an input that nothing else gives.
    #[error("{call}() needs {name}: write {call}({name}=..)")]
    MissingInput {
        /// The call.
        call: &'static str,
        /// The input.
        name: &'static str,
    },
    /// A field that the command does not have.
    #[error("{command} has no field '{name}': {known}")]
    NoSuchField {
        /// The command.
        command: String,
        /// As written.
        name: String,
        /// Those it has.
        known: String,
    },
    /// A field, range or path that the answer does not have.
    #[error("the answer of {actual} bytes has no {what}: the command was refused, or is another")]
    NotInAnswer {
        /// What.
        what: String,
        /// Bytes of answer data.
        actual: usize,
    },
    /// A field of the profile's status words that there is not.
    #[error("the profile has no status word '{field}': {known}")]
    NoSuchStatus {
        /// As written.
        field: String,
        /// Those there are.
        known: String,
    },
    /// Expressions within each other without end.
    #[error("the value is too deep or too long: take it apart, or make it shorter")]
    TooMuch,
    /// Data that does not decipher.
    #[error("it does not decipher: {0}")]
    Decipher(#[from] crypto::DecipherError),
    /// A command that cannot be written.
    #[error(transparent)]
    Command(#[from] apdu::BuildError),
    /// Keys.
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

impl Trouble {
    /// A length that is not what it must be.
    pub(super) fn length(what: &str, wanted: impl fmt::Display, actual: usize) -> Self {
        Self::Length { what: what.to_owned(), wanted: wanted.to_string(), actual }
    }

    /// Something that the profile does not have.
    pub(super) fn not_in_profile(what: impl Into<String>) -> Self {
        Self::NotInProfile { what: what.into() }
    }
}

impl HostError {
    /// Trouble with a value.
    pub(super) fn at(written: Option<&Written>, trouble: Trouble) -> Self {
        Self { written: written.cloned(), trouble }
    }
}

impl From<Trouble> for HostError {
    fn from(trouble: Trouble) -> Self {
        Self { written: None, trouble }
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
