//! `purse perso verify`.

use std::path::PathBuf;

use perso::engine::{
    Arrival, CardSource, Entry, Lasting, Ledger, Record, RecordState, Serial, Sighting, Trouble,
    Wanted,
};
use perso::journal::{Held, Journal};
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
    seen: Vec<Serial>,
}

/// Checks the cards of the journal that are put in, one after the other.
///
/// # Errors
/// Files, keys, journal, cards; [`CliError::Unfinished`] where a card is not as it should be.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let ready = args.job.ready()?;
    let path = journal(args.journal.as_ref(), &ready.batch);
    let (mut ledger, held) = Journal::open(&path)?;
    ledger.serves(&ready.batch.binding(now()))?;
    let mut source = open(ui, args.card.as_deref())?;
    let interrupt = Interrupt::listen()?;
    let mut results = Results::default();
    let made = held.records.values().filter(|record| record.state != RecordState::Begun).count();
    while results.seen.len() < made && !interrupt.pressed() {
        match source.wait(&Wanted::default(), &|_| false).map_err(|e| of_run(e.into()))? {
            Arrival::NotYet => {}
            Arrival::NoMore => break,
            Arrival::Card(uid) => {
                one(ui, &ready, &mut ledger, &held, &mut *source, uid.as_deref(), &mut results)?;
                while !source.take_away().map_err(|e| of_run(e.into()))? && !interrupt.pressed() {}
            }
        }
    }
    results.tell(ui, made, interrupt.pressed())
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

fn one(
    ui: &Ui,
    ready: &Ready,
    ledger: &mut Journal,
    held: &Held,
    source: &mut dyn CardSource,
    uid: Option<&str>,
    results: &mut Results,
) -> Result<(), CliError> {
    let batch = &ready.batch;
    let mut talk = Talk::to(source.card());
    let found = match identify(&mut talk, &batch.profile, uid) {
        Ok(sighting) => serial_of(&sighting, held),
        Err(error) => {
            say_stranger(ui, error.trouble()?.text(), results);
            return Ok(());
        }
    };
    let Some((serial, record)) = found else {
        say_stranger(ui, "no card of this journal", results);
        return Ok(());
    };
    let order = batch.order(serial).map_err(CliError::Batch)?;
    let (date, time) = batch.moment();
    let moment = Moment { terminal: batch.job.transactions.terminal, date, time };
    let inspector = Inspector { batch, custody: &*ready.custody, moment };
    let mut record = record.clone();
    let checked = inspector.check(&mut talk, &order, &record).and_then(|mut found| {
        if found.fault().is_none() && inspector.tries_out(&order) {
            // Kept first: serials are not what they were, whatever becomes of it.
            record.tried_out += 1;
            keep(ledger, serial, &record);
            inspector.try_out(&mut talk, &order, &mut found)?;
        }
        Ok(found)
    });
    let fault = match checked {
        Ok(found) => {
            let fault = found.fault();
            record.checks = found.checks;
            found.keys.into_iter().for_each(|key| record.note_key(key));
            fault
        }
        Err(error) => match error.trouble()? {
            Trouble::NoCard(why) | Trouble::Silent(why) => {
                say_stranger(ui, &why, results);
                return Ok(());
            }
            trouble => Some(trouble.text().to_owned()),
        },
    };
    if let Some(fault) = &fault {
        record.state = RecordState::Rejected;
        record.reason = Some(format!("verification: {fault}"));
    }
    ledger.keep(&[Entry::Record(serial, Box::new(record.clone()))], Lasting::Power)?;
    results.seen.push(serial);
    let proved = record.keys.iter().filter(|key| key.proof.is_some()).count();
    let (checks, keys) = (record.checks.len(), record.keys.len());
    let (tone, line) = match &fault {
        None => {
            results.good += 1;
            let line = ui.lang.pick(
                format!("ok {serial}: {checks} checks, {proved} of {keys} keys proved"),
                format!("正常 {serial}: {checks} 项检查, {keys} 个密钥中 {proved} 个已验证"),
            );
            (Tone::Good, line)
        }
        Some(fault) => {
            results.faults.push((serial, fault.clone()));
            (
                Tone::Bad,
                ui.lang.pick(format!("FAULT {serial}: {fault}"), format!("异常 {serial}: {fault}")),
            )
        }
    };
    if ui.json { Ok(()) } else { ui.print(&format!("{}\n", ui.toned(tone, &line))) }
}

/// What could not be kept is told by the record that is kept in the end.
fn keep(ledger: &mut Journal, serial: Serial, record: &Record) {
    let _ = ledger.keep(&[Entry::Record(serial, Box::new(record.clone()))], Lasting::Power);
}

/// The serial of a card by its UID, or by what it tells.
fn serial_of<'h>(sighting: &Sighting, held: &'h Held) -> Option<(Serial, &'h Record)> {
    let uid = sighting.card.uid.as_ref()?;
    let by_uid = held.records.iter().find(|(_, record)| {
        record.card.as_ref().is_some_and(|card| card.uid.as_ref() == Some(uid))
    });
    by_uid.map(|(serial, record)| (*serial, record))
}

fn say_stranger(ui: &Ui, why: &str, results: &mut Results) {
    results.strangers += 1;
    ui.say(&ui.lang.pick(format!("not checked: {why}"), format!("未检查: {why}")));
}

impl Results {
    fn tell(self, ui: &Ui, made: usize, interrupted: bool) -> Result<(), CliError> {
        let (good, bad) = (self.good, self.faults.len());
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
            "ok": bad == 0 && !interrupted,
            "made": made,
            "good": good,
            "faults": faults,
            "not_checked": self.strangers,
        });
        let exit = match (interrupted, bad) {
            (true, _) => Exit::Interrupted,
            (false, 0) if ui.json => return ui.document(&document),
            (false, 0) => return ui.print(&format!("{summary}\n")),
            (false, _) => Exit::Rejected,
        };
        let next = "purse perso report JOB --html FILE".to_owned();
        let document = Some(Box::new(document));
        Err(CliError::Unfinished { exit, message: summary, next, document })
    }
}
