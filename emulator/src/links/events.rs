//! What the vpcd link tells the user.

use std::{fmt, io};

use link::LinkError;

/// What the user may want to know.
#[derive(Debug)]
pub enum Event<'a> {
    /// The driver is not there; told once, and when the reason changes.
    Waiting {
        /// Whom we wait for.
        address: &'a str,
        /// Why.
        reason: &'a io::Error,
    },
    /// The card is in the reader.
    Connected {
        /// Whose reader.
        address: &'a str,
    },
    /// The card is out of the reader.
    Left(&'a Departure),
}

/// Why the card is out of the reader.
#[derive(Debug)]
pub enum Departure {
    /// The driver closed the connection.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// The card was pulled, or went back to a snapshot.
    Removed,
    /// The card gave no answer.
    Silent(LinkError),
    /// The link is to end.
    Stopped,
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { address, reason } => write!(
                f,
                "no vpcd at {address} ({reason}); waiting for it: a pcscd with the vpcd driver, or \
                 purse with --card vpcd:{address}"
            ),
            Self::Connected { address } => write!(f, "card in the reader of vpcd at {address}"),
            Self::Left(departure) => departure.fmt(f),
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("vpcd closed the connection; waiting for it to come back"),
            Self::Broken(error) => write!(f, "the connection to vpcd broke ({error}); connecting"),
            Self::Removed => f.write_str("card out of the reader"),
            Self::Silent(error) => write!(f, "card out of the reader: {error}; it comes back soon"),
            Self::Stopped => f.write_str("card out of the reader: the program ends"),
        }
    }
}
