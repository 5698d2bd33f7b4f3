//! `purse perso verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use perso::engine::{
    Arrival, CardSource, Entry, Holds, Identity, Lasting, Ledger, Record, RecordState, Serial,
    Sighting, Trouble, Wanted,
};
use perso::journal::Journal;
use perso::work::{Inspector, Moment, Talk, identify};
use serde_json::json;

use super::end::of_run;
use super::source::{self, images};
use super::watch::Interrupt;
use super::{JobArgs, Ready, journal, now};
use crate::error::CliError;
use crate::exit::Exit;
use crate::spec::{self, Stock};
use crate::ui::{Tone, Ui};

/// Arguments of `purse perso verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    /// Where the cards are: virtual:PROFILE@DIRECTORY, reader:NAME-PART|INDEX, tcp:HOST:PORT,
    /// vpcd:PORT.
    #[arg(long, value_name = "SPEC", env = "PURSE_CARD")]
    card: Option<String>,
    /// The journal [default: NAME.journal in this directory].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// What was found.
#[derive(Default)]
struct Results {
    good: u32,
    faults: Vec<(Serial, String)>,
    strangers: u32,
    seen: BTreeSet<Serial>,
}

/// Which of the cards that passed were put in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of them.
    Whole,
    /// Not all.
    Part,
}

/// Checks the cards of the journal that are put in, one after the other.
///
/// # Errors
/// Files, keys, journal, cards; [`CliError::Unfinished`] where a card is not as it should be, or was not
/// put in.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let mut ready = args.job.ready()?;
    let path = journal(args.journal.as_ref(), &ready.batch);
    let (ledger, held) = Journal::open(&path)?;
    ledger.serves(&ready.batch.binding(now()))?;
    let records = held.records;
    // Transactions are made now, and trips began when the batch did.
    let (date, time) = ready.batch.moment();
    let moment = Moment { terminal: ready.batch.job.transactions.terminal, date, time };
    ready.batch.began_at(ledger.binding().began);
    let mut source = open(ui, args.card.as_deref())?;
    let interrupt = Interrupt::listen()?;
    let made = records.values().filter(|record| is_made(record)).count();
    let mut check =
        Check { ui, ready: &ready, moment, ledger, records, results: Results::default() };
    while check.results.seen.len() < made && !interrupt.pressed() {
        match source.wait(&Wanted::default(), &|_| false).map_err(|e| of_run(e.into()))? {
            Arrival::NotYet => {}
            Arrival::NoMore => break,
            Arrival::Card(uid) => {
                check.one(&mut *source, uid.as_deref())?;
                while !source.take_away().map_err(|e| of_run(e.into()))? && !interrupt.pressed() {}
            }
        }
    }
    let Check { records, results, .. } = check;
    let passed = |(_, record): &(&Serial, &Record)| record.state == RecordState::Passed;
    let missing = records.iter().filter(passed).any(|(serial, _)| !results.seen.contains(serial));
    let extent =
        if missing || results.seen.is_empty() && made > 0 { Extent::Part } else { Extent::Whole };
    results.tell(ui, &args.job, made, extent, interrupt.pressed())
}

/// Whether its making has ended, well or not. Of another card nothing is known yet.
fn is_made(record: &Record) -> bool {
    record.state != RecordState::Begun
}

/// Cards that were made are in files or in a reader.
fn open(ui: &Ui, card: Option<&str>) -> Result<Box<dyn CardSource>, CliError> {
    match spec::stock(ui, card)? {
        Stock::Virtual { file: Some(folder), .. } => Ok(Box::new(images::Images::of(folder)?)),
        Stock::Virtual { file: None, .. } => Err(CliError::mistyped(
            "fresh cards in this process were not made by anybody",
            "--card virtual:PROFILE@DIRECTORY, the directory that run was given",
        )),
        Stock::Way(opened) => Ok(Box::new(source::reader::Reader::new(opened.transport))),
    }
}

/// A check of the cards that are put in.
struct Check<'c> {
    ui: &'c Ui,
    ready: &'c Ready,
    /// When and where transactions are made.
    moment: Moment,
    ledger: Journal,
    /// What the journal has.
    records: BTreeMap<Serial, Record>,
    results: Results,
}

impl Check<'_> {
    fn one(&mut self, source: &mut dyn CardSource, uid: Option<&str>) -> Result<(), CliError> {
        let batch = &self.ready.batch;
        let mut talk = Talk::to(source.card());
        let found = match identify(&mut talk, &batch.profile, uid) {
            Ok(sighting) => serial_of(&sighting, &self.records),
            Err(error) => {
                self.leave_out(error.trouble()?.text());
                return Ok(());
            }
        };
        let Some(serial) = found.filter(|serial| !self.results.seen.contains(serial)) else {
            let why = found.map_or("no card of this journal", |_| "it was checked already");
            self.leave_out(why);
            return Ok(());
        };
        let Some(record) = self.records.get(&serial).filter(|record| is_made(record)) else {
            self.leave_out("it is not finished: purse perso run .. --resume goes on with it");
            return Ok(());
        };
        let mut record = record.clone();
        let order = batch.order(serial).map_err(CliError::Batch)?;
        let inspector = Inspector { batch, custody: &*self.ready.custody, moment: self.moment };
        let mut checked = inspector.check(&mut talk, &order, &record);
        if let Ok(found) = &mut checked
            && found.fault().is_none()
            && inspector.tries_out(&order)
        {
            // Kept first: serials are not what they were, whatever becomes of it.
            record.tried_out += 1;
            self.keep(serial, &record)?;
            if let Err(error) = inspector.try_out(&mut talk, &order, found) {
                checked = Err(error);
            }
        }
        let fault = match checked {
            Ok(found) => {
                let fault = found.fault();
                record.checks = found.checks;
                found.keys.into_iter().for_each(|key| record.note_key(key));
                fault
            }
            Err(error) => match error.trouble()? {
                Trouble::NoCard(why) | Trouble::Silent(why) => {
                    self.leave_out(&why);
                    return Ok(());
                }
                trouble => Some(trouble.text().to_owned()),
            },
        };
        if let Some(fault) = &fault {
            record.state = RecordState::Rejected;
            record.reason = Some(format!("verification: {fault}"));
        }
        self.keep(serial, &record)?;
        self.results.seen.insert(serial);
        self.tell(serial, &record, fault)
    }

    /// In the journal, and as the next look at the card needs it.
    fn keep(&mut self, serial: Serial, record: &Record) -> Result<(), CliError> {
        let entry = Entry::Record(serial, Box::new(record.clone()));
        self.ledger.keep(&[entry], Lasting::Power)?;
        self.records.insert(serial, record.clone());
        Ok(())
    }

    fn tell(
        &mut self,
        serial: Serial,
        record: &Record,
        fault: Option<String>,
    ) -> Result<(), CliError> {
        let (ui, results) = (self.ui, &mut self.results);
        let proved = record.keys.iter().filter(|key| key.proof.is_some()).count();
        let (checks, keys) = (record.checks.len(), record.keys.len());
        let (tone, line) = match fault {
            None => {
                results.good += 1;
                let line = ui.lang.pick(
                    format!("ok {serial}: {checks} checks, {proved} of {keys} keys proved"),
                    format!("正常 {serial}: {checks} 项检查, {keys} 个密钥中 {proved} 个已验证"),
                );
                (Tone::Good, line)
            }
            Some(fault) => {
                let line = ui
                    .lang
                    .pick(format!("FAULT {serial}: {fault}"), format!("异常 {serial}: {fault}"));
                results.faults.push((serial, fault));
                (Tone::Bad, line)
            }
        };
        if ui.json { Ok(()) } else { ui.print(&format!("{}\n", ui.toned(tone, &line))) }
    }

    fn leave_out(&mut self, why: &str) {
        self.results.strangers += 1;
        let said = self.ui.lang.pick(format!("not checked: {why}"), format!("未检查: {why}"));
        self.ui.say(&said);
    }
}

/// The serial of a card by its UID. Where the journal or the reader has none, as with contacts, it is
/// the serial that the card tells, by the rule that a run goes on by.
fn serial_of(sighting: &Sighting, records: &BTreeMap<Serial, Record>) -> Option<Serial> {
    let Identity { uid, atr, .. } = &sighting.card;
    let known = |record: &Record, uid: &String| {
        record.card.as_ref().is_some_and(|card| card.uid.as_ref() == Some(uid))
    };
    let by_uid = uid.as_ref().and_then(|uid| records.iter().find(|(_, record)| known(record, uid)));
    if let Some((serial, _)) = by_uid {
        return Some(*serial);
    }
    let Holds::Card(serial) = sighting.holds else { return None };
    let kept = records.get(&serial)?.card.as_ref()?;
    let same = (kept.uid.is_none() || uid.is_none()) && kept.atr == *atr;
    same.then_some(serial)
}

impl Results {
    fn tell(
        self,
        ui: &Ui,
        job: &JobArgs,
        made: usize,
        extent: Extent,
        interrupted: bool,
    ) -> Result<(), CliError> {
        let (good, bad) = (self.good, self.faults.len());
        let all_good = bad == 0 && extent == Extent::Whole;
        let summary = ui.lang.pick(
            format!("{good} of {made} cards are as they should be, {bad} are not"),
            format!("{made} 张卡中 {good} 张正常, {bad} 张异常"),
        );
        let faults: Vec<_> = self
            .faults
            .iter()
            .map(|(serial, fault)| json!({ "serial": serial.to_string(), "fault": fault }))
            .collect();
        let document = json!({
            "ok": !interrupted && all_good,
            "made": made,
            "good": good,
            "faults": faults,
            "not_checked": self.strangers,
        });
        let exit = match (interrupted, all_good) {
            (true, _) => Exit::Interrupted,
            (false, true) if ui.json => return ui.document(&document),
            (false, true) => return ui.print(&format!("{summary}\n")),
            (false, false) => Exit::Rejected,
        };
        let next = format!("purse perso report {} --html FILE", job.job.display());
        let document = Some(Box::new(document));
        Err(CliError::Unfinished { exit, message: summary, next, document })
    }
}

#[cfg(test)]
mod tests;
