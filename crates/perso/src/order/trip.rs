//! An open trip: the records as the terminal at the entrance leaves them, by its flow.

use applet_spec::flow::{CacheStep, Fare, Flow, RecordChoice, Source, Step, Transaction};
use applet_spec::{FileKind, Profile};
use purse::record::capp_id;
use purse::{Date, Time};

use super::Unfit;
use super::content::{Contents, put};
use crate::job::Job;

/// Where the trip began.
const LINE: u8 = 1;
const STATION: [u8; 2] = [0, 1];

pub(super) fn open(
    contents: &mut Contents,
    job: &Job,
    (date, time): (Date, Time),
) -> Result<(), Unfit> {
    let profile = contents.profile();
    let unknown = || {
        Unfit::new(
            format!("no flow is known that opens a trip on a card of {}", contents.profile().name),
            "write the record itself, in a column such as record.17.1",
        )
    };
    let entry = Flow::of_profile(profile)
        .into_iter()
        .find(|flow| flow.fare == Fare::Free && flow.transaction() == Some(Transaction::Capp));
    let flow = entry.ok_or_else(unknown)?;
    let city = city_of(&flow, profile);
    let gate = Gate { terminal: job.transactions.terminal.0, city, date: date.0, time: time.0 };
    for step in &flow.steps {
        if let Step::Cache(step) = step {
            gate.write(contents, step)?;
        }
    }
    Ok(())
}

/// The card's own city: the trip began at home.
fn city_of(flow: &Flow, profile: &Profile) -> Vec<u8> {
    let public = profile.public_content(&profile.serial);
    flow.card.city.as_ref().and_then(|at| at.of(&public)).map_or(vec![0, 0], <[u8]>::to_vec)
}

/// The gate at the entrance.
struct Gate {
    terminal: [u8; 6],
    city: Vec<u8>,
    date: [u8; 4],
    time: [u8; 3],
}

impl Gate {
    /// Writes the record that a step of the flow caches.
    fn write(&self, contents: &mut Contents, step: &CacheStep) -> Result<(), Unfit> {
        let sfi = step.sfi;
        let number = number_of(contents, step).ok_or_else(|| {
            let message = format!("file {sfi:02X} has no record for the trip");
            Unfit::new(message, "write it in a column such as record.17.1")
        })?;
        let base = step.base.and_then(|_| contents.record_content(sfi, number));
        let mut record = base.unwrap_or_default();
        record.resize(record.len().max(step.layout.length), 0);
        for setting in &step.set {
            let (at, width) = (setting.field.at, setting.field.width);
            match self.value(&setting.value) {
                Some(value) => setting.field.put(&mut record, &value),
                None => put(&mut record, at, &vec![0; width]),
            }
        }
        contents.record(sfi, number, &record)
    }

    /// What the gate puts into a field. Nothing was charged and nothing is on the card yet.
    fn value(&self, source: &Source) -> Option<Vec<u8>> {
        Some(match source {
            Source::Bytes(bytes) => bytes.clone(),
            Source::Terminal => self.terminal.to_vec(),
            Source::Now => [&self.date[..], &self.time].concat(),
            Source::Date => self.date.to_vec(),
            Source::Time => self.time.to_vec(),
            Source::City => self.city.clone(),
            Source::Line => vec![LINE],
            Source::Station => STATION.to_vec(),
            Source::Field(_)
            | Source::TerminalSerial
            | Source::Amount
            | Source::BalanceBefore
            | Source::BalanceAfter
            | Source::CardSerial
            | Source::CardNumber
            | Source::Institution => return None,
        })
    }
}

/// The number of the record that the step writes.
fn number_of(contents: &Contents, step: &CacheStep) -> Option<u8> {
    let file = contents.file_spec(step.sfi)?;
    match step.record {
        RecordChoice::Number(number) => Some(number),
        RecordChoice::Append => {
            matches!(file.kind, FileKind::Cyclic { .. }).then_some(file.content.len() as u8 + 1)
        }
        RecordChoice::Id(id) => {
            let rules = &contents.profile().rules.capp;
            (1..=file.content.len() as u8).find(|number| {
                let record = contents.record_content(step.sfi, *number);
                record.is_some_and(|record| capp_id(rules, &record) == Some(id))
            })
        }
    }
}
