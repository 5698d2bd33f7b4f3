//! White, BIN and black tables (白名单, BIN 表, 黑名单): versions, effective times, and applied between
//! taps only.

mod rows;

use std::fmt;

use applet_spec::ProfileErrors;
use applet_spec::flow::Refusal;

use crate::{CardIdentity, Timestamp};

/// The tables of a terminal. A table that was never offered refuses nobody.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    white: Versions,
    bin: Versions,
    black: Versions,
}

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// Issuers that are served (白名单): prefixes of the issuer id.
    White,
    /// Beginnings of card numbers that are served (BIN), with their issuers.
    Bin,
    /// Card numbers that are not served (黑名单).
    Black,
}

/// What became of an offered table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It holds from the next tap on.
    Active,
    /// It holds from that moment on.
    Waiting(Timestamp),
    /// It is the one that is held already.
    Unchanged,
}

/// Why a table is not taken; the one before stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Something in it is wrong.
    #[error("{0}")]
    Wrong(ProfileErrors),
    /// A newer one is held.
    #[error(
        "{origin}: version {offered} is older than version {held}, which is held; it is not taken"
    )]
    Older {
        /// What errors call the table's text.
        origin: String,
        /// Version of the offered table.
        offered: u32,
        /// Version that is held.
        held: u32,
    },
    /// The same version with another content.
    #[error(
        "{origin}: version {version} is held already with another content; a changed table needs a \
         higher version"
    )]
    Changed {
        /// What errors call the table's text.
        origin: String,
        /// Version.
        version: u32,
    },
}

/// A table that holds, and one that waits for its time.
#[derive(Clone, Debug, Default)]
struct Versions {
    active: Option<Table>,
    waiting: Option<Table>,
}

/// A table as it was read.
#[derive(Clone, Debug, PartialEq)]
struct Table {
    version: u32,
    effective: Option<Timestamp>,
    rows: Rows,
}

/// The rows of a table, ordered for looking up.
#[derive(Clone, Debug, PartialEq)]
enum Rows {
    /// Prefixes of issuer ids.
    White(Vec<Prefix>),
    /// Prefixes of card numbers, and the prefix that their issuers must have.
    Bin(Vec<(Prefix, Option<Prefix>)>),
    /// Card numbers, sorted.
    Black(Vec<[u8; 10]>),
}

/// Hexadecimal digits that a value begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prefix(Vec<u8>);

impl Tables {
    /// Offers a table. `origin` is what errors call it: a file name. What is wrong changes nothing.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn offer(
        &mut self,
        kind: TableKind,
        text: &str,
        origin: &str,
        now: Timestamp,
    ) -> Result<Offered, TableError> {
        let table = rows::read(kind, text, origin).map_err(TableError::Wrong)?;
        let versions = self.versions_mut(kind);
        let held = versions.waiting.as_ref().or(versions.active.as_ref());
        if let Some(held) = held {
            let origin = origin.to_owned();
            if *held == table {
                return Ok(Offered::Unchanged);
            }
            if table.version == held.version {
                return Err(TableError::Changed { origin, version: table.version });
            }
            if table.version < held.version {
                let (offered, held) = (table.version, held.version);
                return Err(TableError::Older { origin, offered, held });
            }
        }
        Ok(match table.effective.filter(|effective| *effective > now) {
            Some(effective) => {
                versions.waiting = Some(table);
                Offered::Waiting(effective)
            }
            None => {
                *versions = Versions { active: Some(table), waiting: None };
                Offered::Active
            }
        })
    }

    /// Lets the tables hold whose time has come. The engine does so between taps.
    pub fn advance(&mut self, now: Timestamp) {
        for versions in [&mut self.white, &mut self.bin, &mut self.black] {
            let due = |table: &mut Table| table.effective.is_none_or(|time| time <= now);
            if let Some(table) = versions.waiting.take_if(due) {
                versions.active = Some(table);
            }
        }
    }

    /// Version of the table that holds.
    pub fn version(&self, kind: TableKind) -> Option<u32> {
        self.versions(kind).active.as_ref().map(|table| table.version)
    }

    /// Why the white list or the BIN table does not let a card through.
    pub fn unlisted(&self, card: &CardIdentity) -> Option<Refusal> {
        if let Some(Rows::White(prefixes)) = self.rows(TableKind::White) {
            let issuer = digits(&card.issuer);
            if !prefixes.iter().any(|prefix| prefix.begins(&issuer)) {
                return Some(Refusal::IssuerNotListed);
            }
        }
        let Some(Rows::Bin(bins)) = self.rows(TableKind::Bin) else { return None };
        let issuer = digits(&card.issuer);
        // Numbers are filled with zeros on the left; a BIN begins with their first digit.
        let number = digits(&card.number);
        let start = number.iter().position(|digit| *digit != 0).unwrap_or(number.len());
        let number = number.get(start..).unwrap_or_default();
        let fitting = bins.iter().filter(|(bin, _)| bin.begins(number));
        let longest = fitting.max_by_key(|(bin, _)| bin.0.len());
        let served = longest
            .is_some_and(|(_, owner)| owner.as_ref().is_none_or(|owner| owner.begins(&issuer)));
        (!served).then_some(Refusal::BinNotListed)
    }

    /// Whether a card is on the black list.
    pub fn black_listed(&self, card: &CardIdentity) -> bool {
        match self.rows(TableKind::Black) {
            Some(Rows::Black(numbers)) => numbers.binary_search(&card.number).is_ok(),
            _ => false,
        }
    }

    fn rows(&self, kind: TableKind) -> Option<&Rows> {
        self.versions(kind).active.as_ref().map(|table| &table.rows)
    }

    fn versions(&self, kind: TableKind) -> &Versions {
        match kind {
            TableKind::White => &self.white,
            TableKind::Bin => &self.bin,
            TableKind::Black => &self.black,
        }
    }

    fn versions_mut(&mut self, kind: TableKind) -> &mut Versions {
        match kind {
            TableKind::White => &mut self.white,
            TableKind::Bin => &mut self.bin,
            TableKind::Black => &mut self.black,
        }
    }
}

impl TableKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::White, Self::Bin, Self::Black];

    /// The word for it in files and their names.
    pub const fn text(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Bin => "bin",
            Self::Black => "black",
        }
    }
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl Prefix {
    fn begins(&self, digits: &[u8]) -> bool {
        digits.starts_with(&self.0)
    }
}

/// The hexadecimal digits of bytes.
fn digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).collect()
}
