//! `--state FILE`: what a killed terminal finds again. docs/formats/terminal-state.md tells the format.
//!
//! A file is replaced whole: written beside, synced, renamed, and the folder synced. The lock lies
//! beside it, since a lock on the file itself would go with every replacement.

mod kept;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use purse::TerminalId;
use serde::{Deserialize, Serialize};
use terminal::{Attempt, Open};

use crate::error::CliError;
use crate::whole_file::{replace, with_ending};
use kept::Kept;

/// A terminal's state, kept in a file.
pub struct StateFile {
    path: PathBuf,
    terminal: Option<TerminalId>,
    /// Held as long as the terminal runs.
    _lock: File,
}

/// What was in it.
#[derive(Default)]
pub struct Found {
    /// Terminal number that the state is of.
    pub terminal: Option<TerminalId>,
    /// Terminal serial that was used last, where a local PSAM counts it.
    pub serial: Option<u32>,
    /// Transactions whose outcome is not known.
    pub open: Vec<Attempt>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    terminal: String,
    terminal_serial: Option<u32>,
    open: Vec<Kept>,
}

const FORMAT: u32 = 1;
/// Longest file that is read: no terminal has so much open.
const MOST: u64 = 4 * 1024 * 1024;

impl StateFile {
    /// Opens the state in a file, or a new one where there is no such file.
    ///
    /// # Errors
    /// Another terminal has it, or it is damaged.
    pub fn open(path: &Path) -> Result<(Self, Found), CliError> {
        let lock = lock(path)?;
        let found = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::default(),
            Err(error) => return Err(unreadable(path, &error)),
            Ok(about) if about.len() > MOST => {
                return Err(damaged(path, "it is longer than any state"));
            }
            Ok(_) => read(path)?,
        };
        Ok((Self { path: path.to_owned(), terminal: None, _lock: lock }, found))
    }

    /// The terminal that goes on with it.
    ///
    /// # Errors
    /// It was another's.
    pub fn belongs_to(&mut self, terminal: TerminalId, found: &Found) -> Result<(), CliError> {
        if let Some(other) = found.terminal.filter(|other| *other != terminal) {
            return Err(CliError::TerminalState(format!(
                "{} is the state of terminal {other}, and this is terminal {terminal}; use that PSAM \
                 or terminal number, or another file",
                self.path.display()
            )));
        }
        self.terminal = Some(terminal);
        Ok(())
    }

    /// Keeps what is open; it is on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, open: &Open<'_>) -> Result<(), CliError> {
        let document = Document {
            format: FORMAT,
            terminal: self.terminal.unwrap_or_default().to_string(),
            terminal_serial: open.terminal_serial,
            open: open.attempts.iter().map(Kept::of).collect(),
        };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| CliError::Bug(format!("a state is no JSON: {error}")))?;
        replace(&self.path, text.as_bytes())
            .map_err(|source| CliError::Write { path: self.path.display().to_string(), source })
    }
}

fn lock(path: &Path) -> Result<File, CliError> {
    let beside = with_ending(path, "lock");
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&beside);
    let lock =
        opened.map_err(|source| CliError::Write { path: beside.display().to_string(), source })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CliError::TerminalState(format!(
            "{} is in use by another terminal; wait for it, or use another file",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unreadable(path, &error)),
    }
}

fn read(path: &Path) -> Result<Found, CliError> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let document: Document =
        serde_json::from_str(&text).map_err(|error| damaged(path, &error.to_string()))?;
    if document.format != FORMAT {
        let format = document.format;
        return Err(damaged(path, &format!("its format is {format}, and this program knows 1")));
    }
    let terminal =
        kept::bytes(&document.terminal, "terminal").map_err(|why| damaged(path, &why))?;
    let open = document.open.into_iter().map(Kept::attempt).collect::<Result<Vec<_>, _>>();
    Ok(Found {
        terminal: Some(TerminalId(terminal)),
        serial: document.terminal_serial,
        open: open.map_err(|why| damaged(path, &why))?,
    })
}

fn damaged(path: &Path, why: &str) -> CliError {
    CliError::TerminalState(format!(
        "{} is no state of a terminal, or damaged: {why}; keep it for whoever settles its open \
         transactions, and use another file",
        path.display()
    ))
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    CliError::TerminalState(format!("{}: {error}; check the path and its rights", path.display()))
}
