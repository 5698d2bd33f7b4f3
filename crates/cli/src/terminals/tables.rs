//! `--tables DIR`: the tables of a folder, looked at again between taps.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use terminal::{Offered, TableError, TableKind, Tables, Timestamp};

use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Longest table: a million card numbers.
const MOST: u64 = 64 * 1024 * 1024;

/// A folder with white.csv, bin.csv and black.csv, each of which may be missing.
pub struct Folder {
    path: PathBuf,
    /// The file as it was looked at last.
    seen: HashMap<TableKind, (SystemTime, u64)>,
}

impl Folder {
    /// Reads the tables for the first time: what is wrong now is an error, since nothing else is held.
    ///
    /// # Errors
    /// A folder that is not there, or a table that is wrong.
    pub fn open(
        path: &Path,
        tables: &mut Tables,
        ui: &Ui,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        if !path.is_dir() {
            let message = format!("--tables {}: there is no such folder", path.display());
            return Err(CliError::Usage(message));
        }
        let mut folder = Self { path: path.to_owned(), seen: HashMap::new() };
        for kind in TableKind::ALL {
            match folder.offer(kind, tables, now)? {
                Some(offered) => folder.tell(kind, tables, offered, ui),
                None => ui.say(&format!("no {}: nobody is refused by it", file_name(kind))),
            }
        }
        Ok(folder)
    }

    /// Looks again. What is wrong is told, and the last good table stays.
    pub fn refresh(&mut self, tables: &mut Tables, ui: &Ui, now: Timestamp) {
        for kind in TableKind::ALL {
            match self.offer(kind, tables, now) {
                Ok(None | Some(Offered::Unchanged)) => {}
                Ok(Some(offered)) => self.tell(kind, tables, offered, ui),
                Err(error) => {
                    let tone = ui.toned_talk(Tone::Warning, "warning:");
                    let held = match tables.version(kind) {
                        Some(version) => format!("version {version} stays"),
                        None => "none is held".to_owned(),
                    };
                    ui.say(&format!("{tone} {error}\n{held}"));
                }
            }
        }
    }

    /// Offers a file that has changed; `None` where there is none, or nothing new.
    fn offer(
        &mut self,
        kind: TableKind,
        tables: &mut Tables,
        now: Timestamp,
    ) -> Result<Option<Offered>, CliError> {
        let path = self.path.join(file_name(kind));
        let origin = path.display().to_string();
        let unreadable = |error| CliError::Table(format!("{origin}: {error}"));
        let about = match fs::metadata(&path) {
            // A table that cannot be looked at is no table that is missing: it may refuse somebody.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            about => about.map_err(unreadable)?,
        };
        let stamp = (about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len());
        if self.seen.get(&kind) == Some(&stamp) {
            return Ok(None);
        }
        if about.len() > MOST {
            self.seen.insert(kind, stamp);
            return Err(CliError::Table(format!("{origin}: too long for a table")));
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        // Only now: what could not be read is tried again, what is wrong is told once.
        self.seen.insert(kind, stamp);
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line =
                bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            CliError::Table(format!("{origin}:{}: not UTF-8 from here on", line + 1))
        })?;
        match tables.offer(kind, text, &origin, now) {
            Ok(offered) => Ok(Some(offered)),
            Err(
                error @ (TableError::Wrong(_)
                | TableError::Older { .. }
                | TableError::Changed { .. }),
            ) => Err(CliError::Table(error.to_string())),
        }
    }

    fn tell(&self, kind: TableKind, tables: &Tables, offered: Offered, ui: &Ui) {
        match (offered, tables.version(kind)) {
            (Offered::Waiting(time), _) => ui.say(&format!("{kind} table waits until {time}")),
            (_, Some(version)) => ui.say(&format!("{kind} table: version {version}")),
            _ => {}
        }
    }
}

fn file_name(kind: TableKind) -> String {
    format!("{kind}.csv")
}
