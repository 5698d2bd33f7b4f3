//! What a flow charges.

use std::sync::Arc;

use super::FieldAt;
use crate::ProfileErrors;
use crate::text::{self, Log, Section};

/// What a flow charges (票价).
#[derive(Clone, Debug, PartialEq)]
pub enum Fare {
    /// What the caller says.
    Given,
    /// Nothing: a compound purchase of 0 fen.
    Free,
    /// Always the same, in fen, unless the caller says otherwise.
    Flat(u32),
    /// By a table, from where the card entered to this terminal.
    Table {
        /// The table.
        table: Arc<FareTable>,
        /// Line of the entry; 1 byte.
        entry_line: FieldAt,
        /// Station of the entry; its first two bytes.
        entry_station: FieldAt,
        /// Time of the entry; 7 bytes.
        entry_time: Option<FieldAt>,
    },
}

/// Fares between zones.
#[derive(Clone, Debug, PartialEq)]
pub struct FareTable {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// One sentence in English.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
    /// In fen; charged for a ride that took too long (超时).
    pub maximum: u32,
    /// Minutes that a ride may take; `None`: as long as it likes.
    pub limit_minutes: Option<u32>,
    stations: Vec<(Stop, usize)>,
    fares: Vec<Vec<u32>>,
}

/// Where a terminal stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// Line.
    pub line: u8,
    /// Station.
    pub station: u16,
}

const TABLE_KEYS: &[&str] =
    &["name", "version", "summary", "summary-zh", "maximum", "limit-minutes", "stations", "fares"];
const STATION_KEYS: &[&str] = &["line", "station", "zone"];

impl FareTable {
    /// Reads a table from a text. `origin` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ProfileErrors> {
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let table = Section::open(&log, &root, "", TABLE_KEYS).and_then(|top| read(&top));
        log.finish(table)
    }

    /// The fare of a ride in fen; `None` where a stop is not in the table.
    pub fn fare(&self, from: Stop, to: Stop, minutes: Option<u64>) -> Option<u32> {
        let zone = |stop| self.stations.iter().find(|(known, _)| *known == stop).map(|(_, z)| *z);
        let fare = *self.fares.get(zone(from)?)?.get(zone(to)?)?;
        let limit = self.limit_minutes.map(u64::from);
        let late = limit.is_some_and(|limit| minutes.is_some_and(|minutes| minutes > limit));
        Some(if late { self.maximum } else { fare })
    }

    /// The stops it knows.
    pub fn stops(&self) -> impl Iterator<Item = Stop> + '_ {
        self.stations.iter().map(|(stop, _)| *stop)
    }
}

fn read(top: &Section<'_>) -> Option<FareTable> {
    let name = top.need("name");
    let version = top.need("version");
    let summary = top.need("summary");
    let summary_zh = top.need("summary-zh");
    let maximum = top.need("maximum");
    let limit_minutes = top.maybe("limit-minutes");
    let fares: Option<Vec<Vec<u32>>> = top.list("fares");
    let zones = fares.as_ref().map_or(0, Vec::len);
    let stations = stations(top, zones);
    if zones == 0 {
        top.missing("fares");
    }
    for (at, row) in fares.iter().flatten().enumerate() {
        if row.len() != zones {
            let message = format!("{} fares, there are {zones} zones", row.len());
            top.wrong_item("fares", at, message, "write one fare for every zone in every row");
        }
    }
    Some(FareTable {
        name: name?,
        version: version?,
        summary: summary?,
        summary_zh: summary_zh?,
        maximum: maximum?,
        limit_minutes: limit_minutes?,
        stations: stations?,
        fares: fares?,
    })
}

fn stations(top: &Section<'_>, zones: usize) -> Option<Vec<(Stop, usize)>> {
    let mut known: Vec<(Stop, usize)> = Vec::new();
    let mut whole = true;
    for section in top.sections("stations", STATION_KEYS)? {
        let (line, station) = (section.need("line"), section.need("station"));
        let (Some(line), Some(station), Some(zone)) = (line, station, section.need::<u16>("zone"))
        else {
            whole = false;
            continue;
        };
        let stop = Stop { line, station };
        if known.iter().any(|(other, _)| *other == stop) {
            let message = format!("station {station} of line {line} is listed already");
            section.wrong("station", message, "list every station once");
        }
        let zone = usize::from(zone);
        if !(1..=zones).contains(&zone) {
            let message = format!("zone {zone}, there are {zones} rows of fares");
            section.wrong("zone", message, "write the number of a row, from 1");
        }
        known.push((stop, zone.saturating_sub(1)));
    }
    whole.then_some(known)
}
