//! The cards of a batch: serial, state and holder of each, from the rows of a table.

mod wish;

use std::collections::{BTreeMap, BTreeSet};

use applet_spec::text::nearest;

use crate::engine::Serial;
use crate::job::{Default, Job};
use crate::problem::{Place, Problem};
use crate::table::{Cell, Table};

pub use wish::{HolderField, Slot, Trip, What, Wish};

/// One card to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its serial.
    pub serial: Serial,
    /// What is wanted of it beyond the profile: its row's wishes, and the job's defaults where the
    /// row has none.
    pub wishes: Vec<Wish>,
    /// What somebody wrote beside it, for the reports.
    pub note: String,
    /// Where its row begins; where the job file says how many, there.
    pub place: Place,
}

/// Column of the serial.
const SERIAL: &str = "serial";
/// Column of the remark.
const NOTE: &str = "note";

impl Row {
    /// Every column that a table may have, for its documentation.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        Wish::columns().chain([SERIAL, NOTE])
    }
}

/// Reads the cards of a table.
///
/// # Errors
/// Everything that is wrong with it.
pub fn of_table(job: &Job, table: &Table) -> Result<Vec<Row>, Vec<Problem>> {
    let mut problems = Vec::new();
    let defaults = defaults(job, &mut problems);
    let columns = columns(table, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut rows = Vec::with_capacity(table.rows.len());
    let mut running = 0;
    let mut seen = BTreeMap::new();
    for cells in &table.rows {
        let row = Cells { job, columns: &columns, cells }.read(&defaults, &mut running);
        match row {
            Ok(row) => {
                if let Some(line) = seen.insert(row.serial, row.place.line) {
                    let message = format!("serial {} is in line {line} already", row.serial);
                    let mend = "give every card a serial of its own";
                    problems.push(row.place.problem(SERIAL, message, mend));
                }
                rows.push(row);
            }
            Err(found) => problems.extend(found),
        }
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
    }
    if rows.is_empty() && problems.is_empty() {
        let place = table.header.first().map(|cell| cell.place.clone());
        let mend = "write one line for each card below the names of the columns";
        problems.extend(place.map(|place| place.problem("", "there are no cards in it", mend)));
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// As many cards as the job says, all alike.
///
/// # Errors
/// Wrong defaults, or a serial rule that does not reach.
pub fn of_count(job: &Job, count: u32) -> Result<Vec<Row>, Vec<Problem>> {
    let mut problems = Vec::new();
    let wishes: Vec<Wish> = defaults(job, &mut problems);
    let place = job.profile_place.clone();
    let mut rows = Vec::new();
    for nth in 0..u64::from(count) {
        match next_serial(job, nth, &place) {
            Ok(serial) => {
                let (wishes, place) = (wishes.clone(), place.clone());
                rows.push(Row { serial, wishes, note: String::new(), place });
            }
            Err(problem) => {
                problems.push(*problem);
                break;
            }
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Most problems that are told; nobody reads more.
const MOST_PROBLEMS: usize = 100;

fn defaults(job: &Job, problems: &mut Vec<Problem>) -> Vec<Wish> {
    let mut out: Vec<Wish> = Vec::new();
    for Default { key, value, place } in &job.defaults {
        match Wish::read(key, value, place) {
            Ok(wish) if out.iter().any(|known| known.slot() == wish.slot()) => {
                let message = "it says again what another default says";
                problems.push(place.problem(key, message, "take one of them out"));
            }
            Ok(wish) => out.push(wish),
            Err(mut problem) => {
                problem.key.insert_str(0, "defaults.");
                problems.push(*problem);
            }
        }
    }
    out
}

/// What a column holds.
enum Column {
    Serial,
    Note,
    Wish(String),
    /// Nothing in the header.
    Nameless,
}

fn columns(table: &Table, problems: &mut Vec<Problem>) -> Vec<Column> {
    let mut names = BTreeSet::new();
    let mut out = Vec::new();
    for cell in &table.header {
        let name = cell.text.to_lowercase();
        if !name.is_empty() && !names.insert(name.clone()) {
            let message = format!("column {name:?} is there twice");
            problems.push(cell.place.problem("", message, "take one of them out"));
        }
        out.push(match name.as_str() {
            "" => Column::Nameless,
            SERIAL => Column::Serial,
            NOTE => Column::Note,
            _ if Wish::knows(&cell.text) => Column::Wish(cell.text.clone()),
            _ if Wish::knows(&name) => Column::Wish(name),
            _ => {
                problems.push(unknown(cell));
                Column::Nameless
            }
        });
    }
    out
}

fn unknown(cell: &Cell) -> Problem {
    let mend = match nearest(&cell.text, Row::columns()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => {
            format!("take it out; columns are {}", Row::columns().collect::<Vec<_>>().join(", "))
        }
    };
    cell.place.problem("", format!("unknown column {:?}", cell.text), mend)
}

struct Cells<'c> {
    job: &'c Job,
    columns: &'c [Column],
    cells: &'c [Cell],
}

impl Cells<'_> {
    fn read(&self, defaults: &[Wish], running: &mut u64) -> Result<Row, Vec<Problem>> {
        let place = self.cells.first().map_or(self.job.profile_place.clone(), |c| c.place.clone());
        let mut problems = Vec::new();
        let (mut serial, mut note) = (None, String::new());
        let mut wishes: Vec<Wish> = Vec::new();
        for (at, cell) in self.cells.iter().enumerate().filter(|(_, c)| !c.text.is_empty()) {
            match self.columns.get(at) {
                Some(Column::Serial) => match self.job.serial.read(&cell.text) {
                    Ok(bytes) => serial = Some(Serial(bytes)),
                    Err(error) => {
                        problems.push(cell.place.problem(SERIAL, error.to_string(), error.mend()));
                    }
                },
                Some(Column::Note) => note.clone_from(&cell.text),
                Some(Column::Wish(key)) => match Wish::read(key, &cell.text, &cell.place) {
                    Ok(wish) if wishes.iter().any(|known| known.slot() == wish.slot()) => {
                        let message = "it says again what another column of this row says";
                        problems.push(cell.place.problem(key, message, "leave one of them empty"));
                    }
                    Ok(wish) => wishes.push(wish),
                    Err(problem) => problems.push(*problem),
                },
                Some(Column::Nameless) | None => {
                    let message = format!("{:?} stands in a column without a name", cell.text);
                    let mend = "name the column in the first line, or empty the cell";
                    problems.push(cell.place.problem("", message, mend));
                }
            }
        }
        let has_serial = self.named_serial();
        let serial = match serial {
            Some(serial) => Some(serial),
            // A cell that could not be read is told of already.
            None if has_serial => None,
            None => {
                *running += 1;
                next_serial(self.job, *running - 1, &place).map_err(|p| problems.push(*p)).ok()
            }
        };
        let absent = |wish: &&Wish| !wishes.iter().any(|own| own.slot() == wish.slot());
        let inherited: Vec<Wish> = defaults.iter().filter(absent).cloned().collect();
        wishes.extend(inherited);
        match serial {
            Some(serial) if problems.is_empty() => Ok(Row { serial, wishes, note, place }),
            _ => Err(problems),
        }
    }

    /// Whether the row has something in its serial column.
    fn named_serial(&self) -> bool {
        let pairs = self.columns.iter().zip(self.cells);
        pairs
            .into_iter()
            .any(|(column, cell)| matches!(column, Column::Serial) && !cell.text.is_empty())
    }
}

fn next_serial(job: &Job, nth: u64, place: &Place) -> Result<Serial, Box<Problem>> {
    let mend = "mend [serial] in the job file, or write the serials out";
    let wrong = |message: String| Box::new(place.problem(SERIAL, message, mend));
    let number = job
        .serial
        .running(nth)
        .ok_or_else(|| wrong("the running numbers grow beyond 64 bits".to_owned()))?;
    job.serial.of_number(number).map(Serial).map_err(|error| wrong(error.to_string()))
}

/// A table as tests write it.
#[cfg(test)]
pub(crate) fn of_text(job: &Job, text: &str) -> Result<Vec<Row>, String> {
    let joined = |problems: Vec<Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let table = Table::parse(text.as_bytes(), "cards.csv").map_err(joined)?;
    of_table(job, &table).map_err(joined)
}

#[cfg(test)]
mod tests;
