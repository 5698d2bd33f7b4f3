//! `purse terminal run`: cards come, are tapped through flows, and go.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use applet_spec::flow::{Flow, Stop, Transaction};
use applet_spec::{Custody, Profile};
use purse::{Amount, Pin};
use terminal::{AsksAmount, Engine, FlowError, Order, Outcome, Program, Side};

use super::books::{Books, Form};
use super::clock::Clock;
use super::desk::{DeskArgs, Started};
use super::field::Field;
use super::tables::Folder;
use crate::card;
use crate::error::CliError;
use crate::spec::{CardArgs, Fetching, Place};
use crate::ui::Ui;

/// Arguments of `purse terminal run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A fresh virtual card has nothing on it; --load puts it there first. Cards in this process are tapped \
one time after the other; in a reader each is waited for and taken away, until Ctrl-C. With --state a \
terminal that is killed at any instant settles what was open when the card comes back; without it, \
what is still open at the end becomes a grey record.

Tables in DIR are white.csv, bin.csv and black.csv; see docs/tables.md.

Examples:
  purse terminal run --card virtual:jtt978 --taps 10 --jsonl
  purse terminal run --card virtual:jtt978 --flow tunion-metro-entry,tunion-metro-exit \\
      --stop 1:1,2:2 --taps 4
  purse terminal run --card virtual:cjt166 --psam virtual:psam-cjt166 --taps 3
  purse terminal run --card reader:0 --psam reader:1 --state gate.json --tables tables/")]
pub struct Args {
    #[command(flatten)]
    card: CardArgs,
    /// Flows, by name or path; taps go through them in turn [default: the first for the card].
    #[arg(long, value_name = "NAME|PATH", value_delimiter = ',')]
    flow: Vec<String>,
    /// Where the terminal stands, one place per flow in turn.
    #[arg(long, value_name = "LINE:STATION", value_delimiter = ',', value_parser = stop,
          default_value = "1:1")]
    stop: Vec<Stop>,
    /// Taps to make [default: 1; in a reader, until Ctrl-C].
    #[arg(long, value_name = "N")]
    taps: Option<u64>,
    /// What each costs, in place of the flow's fare: 2.50 (yuan) or 250fen.
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<Amount>,
    /// What is loaded onto a fresh virtual card first [default: 100.00].
    #[arg(long, value_name = "AMOUNT")]
    load: Option<Amount>,
    /// One line of JSON per record.
    #[arg(long)]
    jsonl: bool,
    /// Folder with white, BIN and black tables, looked at again between taps.
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
    /// Milliseconds between taps of a card that no hand takes away.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    interval: u64,
    #[command(flatten)]
    desk: DeskArgs,
}

/// What is loaded onto a fresh card where nobody says otherwise: 100.00 yuan.
const FIRST_LOAD: Amount = Amount(10_000);
/// How often in a row a card may be lost before it is given up.
const PATIENCE: u32 = 5;

/// Runs.
///
/// # Errors
/// What ends the terminal, or after its last tap the first that was not as it should be.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    if ui.json && !args.jsonl {
        let message = "taps are a stream, not one document";
        return Err(CliError::mistyped(message, "purse terminal run --jsonl"));
    }
    if args.taps == Some(0) {
        let (message, next) = ("no tap is to be made".to_owned(), "--taps 1".to_owned());
        return Err(CliError::NothingThere { message, next });
    }
    let opened = args.card.open(ui, Fetching::Done)?;
    let mut field = Field::new(opened, Duration::from_millis(args.interval));
    let profile = field.family(ui)?;
    let programs = programs(&args.flow, &profile)?;
    check_amount(&programs, args.amount)?;
    let place = field.place.clone();
    if place != Place::Fresh && args.load.is_some_and(|load| load.0 > 0) {
        let message = "--load is for a fresh virtual card, and this one is not";
        return Err(CliError::mistyped(message, "purse card load AMOUNT"));
    }
    let taps = args.taps.unwrap_or(if place.is_reader() { u64::MAX } else { 1 });
    if place.is_reader() {
        args.desk.yes.confirm(ui, &plan(ui, &programs, args))?;
    }
    let clock = args.desk.clock.start();
    let mut desk = args.desk.open(ui, &profile, &args.card, &place)?;
    let first = args.stop.first().copied().unwrap_or_default();
    let Started { mut engine, state, open } = args.desk.start(&mut desk, &profile, first)?;
    let pin = pin(&place, &profile)?;
    let load = args.load.unwrap_or(FIRST_LOAD);
    if place == Place::Fresh && load.0 > 0 {
        let order = Order { amount: Some(load), pin: pin.clone() };
        match preload(ui, &mut engine, &mut field, &profile, &order, clock)? {
            Preloaded::Done => {
                let amount = super::record::yuan(ui, load);
                ui.say(&ui.lang.pick(
                    format!("a fresh card: {amount} were loaded first (--load 0fen: nothing)"),
                    format!("新卡: 已先圈存 {amount} (--load 0fen 则不圈存)"),
                ));
            }
            Preloaded::Not(why) if args.load.is_some() => {
                let message = format!("nothing can be loaded onto the fresh card: {why}");
                return Err(CliError::mistyped(message, "leave out --load, or --issuer local"));
            }
            Preloaded::Not(why) => {
                ui.say(&format!("a fresh card, and nothing was loaded onto it: {why}"));
            }
        }
    }
    // Only now: the preload has no books that would take the records of what is settled.
    engine.resume(open);
    let mut tables = match &args.tables {
        Some(path) => Some(Folder::open(path, engine.tables_mut(), ui, clock.now())?),
        None => None,
    };
    let form = if args.jsonl { Form::Lines } else { Form::Words };
    let flows = programs.iter().map(|program| program.flow().clone()).collect();
    let mut books = Books::new(*ui, form, state, flows);
    let order = Order { amount: args.amount, pin };
    let mut turn = Turn { ui, args, programs: &programs, order, clock, at: 0 };
    let done = turn.taps(taps, &mut engine, &mut field, &mut tables, &mut books);
    finish(ui, &mut engine, &mut books)?;
    done?;
    ended(&books)
}

/// Whose turn it is.
struct Turn<'t> {
    ui: &'t Ui,
    args: &'t Args,
    programs: &'t [Program],
    order: Order,
    clock: Clock,
    at: usize,
}

impl Turn<'_> {
    fn taps(
        &mut self,
        taps: u64,
        engine: &mut Engine<'_>,
        field: &mut Field,
        tables: &mut Option<Folder>,
        books: &mut Books,
    ) -> Result<(), CliError> {
        let (mut done, mut lost) = (0, 0);
        while done < taps {
            field.next_card(self.ui)?;
            if let Some(tables) = tables {
                tables.refresh(engine.tables_mut(), self.ui, self.clock.now());
            }
            let tapped = self.tap(engine, field, books);
            let came_to_an_end = match &tapped {
                Ok(outcome) => *outcome != Outcome::Lost,
                Err(_) => false,
            };
            match tapped {
                Ok(Outcome::Lost) => self.say_lost(engine),
                Ok(_) => {}
                // Nothing was charged: the card comes again, or another one does.
                Err(error) if self.survived(&error, lost, field) => self.ui.say(&error.to_string()),
                Err(error) => return Err(error.into()),
            }
            if came_to_an_end {
                (done, lost) = (done + 1, 0);
                self.at = self.at.wrapping_add(1);
            } else {
                lost += 1;
                if lost > PATIENCE && !self.never_gives_up(field) {
                    return Err(CliError::TerminalCard(format!(
                        "the card fell silent {lost} times in a row"
                    )));
                }
                field.rests();
            }
            if done < taps {
                field.card_goes(self.ui)?;
            }
        }
        field.transport.power_off()?;
        Ok(())
    }

    fn tap(
        &self,
        engine: &mut Engine<'_>,
        field: &mut Field,
        books: &mut Books,
    ) -> Result<Outcome, FlowError> {
        let stops = &self.args.stop;
        let stop = stops.get(self.at % stops.len().max(1)).copied().unwrap_or_default();
        engine.site_mut().stop = stop;
        let Some(program) = self.programs.get(self.at % self.programs.len().max(1)) else {
            return Ok(Outcome::Accepted);
        };
        engine.tap(program, &self.order, self.clock.now(), field.transport.as_mut(), books)
    }

    /// Whether the terminal goes on after this error. Where a hand brings cards, one bad card ends
    /// nothing; a card that stays where it is can only have been disturbed for a while.
    fn survived(&self, error: &FlowError, lost: u32, field: &Field) -> bool {
        let patient = lost < PATIENCE || self.never_gives_up(field);
        match error {
            FlowError::Link { side: Side::Card, .. } => patient,
            other => other.is_of_the_card() && field.has_a_hand() && patient,
        }
    }

    /// A gate serves whoever comes next, however often one card fails there. Taps that somebody
    /// counts come to an end, and so do those of a card that no hand takes away.
    fn never_gives_up(&self, field: &Field) -> bool {
        field.place.is_reader() && self.args.taps.is_none()
    }

    fn say_lost(&self, engine: &Engine<'_>) {
        let why = engine.lost_by().map_or_else(String::new, |error| format!(" ({error})"));
        self.ui.say(&self.ui.lang.pick(
            format!("no answer to the second step{why}: tap the same card again"),
            format!("未收到交易应答{why}: 请用同一张卡重新刷卡"),
        ));
    }
}

/// PURSE_PIN; for a lab card in this process, the PIN that its profile gives it.
pub fn pin(place: &Place, profile: &Profile) -> Result<Option<Pin>, CliError> {
    if let Some(pin) = card::pin_of_environment()? {
        return Ok(Some(pin));
    }
    let here = matches!(place, Place::Fresh | Place::Kept) && profile.custody == Custody::Lab;
    let known = profile.application().and_then(|application| application.pin.as_ref());
    Ok(known.filter(|_| here).and_then(|pin| Pin::new(&pin.value).ok()))
}

fn programs(names: &[String], profile: &Arc<Profile>) -> Result<Vec<Program>, CliError> {
    let flows = if names.is_empty() {
        let default = Flow::of_profile(profile).into_iter().next();
        vec![default.ok_or_else(|| {
            CliError::mistyped(
                format!("no flow is made for cards of profile {}", profile.name),
                "--flow NAME|PATH; purse terminal flows",
            )
        })?]
    } else {
        let find = |name: &String| Flow::find(name).map_err(CliError::FlowFile);
        names.iter().map(find).collect::<Result<Vec<_>, _>>()?
    };
    flows.into_iter().map(|flow| Ok(Program::new(flow, profile.clone())?)).collect()
}

fn check_amount(programs: &[Program], amount: Option<Amount>) -> Result<(), CliError> {
    let always = programs.iter().find(|program| program.asks_amount() == AsksAmount::Always);
    if let (Some(program), None) = (always, amount) {
        let message = format!("flow {} has no fare of its own", program.flow().name);
        return Err(CliError::mistyped(message, "--amount 2.50"));
    }
    let free = programs.iter().all(|program| program.asks_amount() == AsksAmount::Never);
    if free && amount.is_some() {
        let message = "none of these flows takes an amount: they charge nothing";
        return Err(CliError::mistyped(message, "leave out --amount, or name another flow"));
    }
    Ok(())
}

fn plan(ui: &Ui, programs: &[Program], args: &Args) -> String {
    let names: Vec<&str> = programs.iter().map(|program| program.flow().name.as_str()).collect();
    let names = names.join(", ");
    let amount = args
        .amount
        .map_or_else(String::new, |amount| format!(", {}", super::record::yuan(ui, amount)));
    ui.lang.pick(
        format!("every card that comes is taken through {names}{amount}"),
        format!("每张卡都将执行 {names}{amount}"),
    )
}

/// What came of the load of a fresh card.
enum Preloaded {
    /// It is there.
    Done,
    /// It cannot be loaded here, for this reason.
    Not(String),
}

/// Puts money onto a fresh card, by the load flow of its family.
fn preload(
    ui: &Ui,
    engine: &mut Engine<'_>,
    field: &mut Field,
    profile: &Arc<Profile>,
    order: &Order,
    clock: Clock,
) -> Result<Preloaded, CliError> {
    let load = |flow: &Arc<Flow>| flow.transaction() == Some(Transaction::Load);
    let Some(flow) = Flow::of_profile(profile).into_iter().find(load) else {
        let name = &profile.name;
        return Ok(Preloaded::Not(format!("no built-in flow makes a load with cards of {name}")));
    };
    let program = Program::new(flow, profile.clone())?;
    let mut silent = Books::new(*ui, Form::Silent, None, Vec::new());
    let mut tries = 0;
    let loaded = loop {
        field.next_card(ui)?;
        let card = field.transport.as_mut();
        let tapped = engine.tap(&program, order, clock.now(), card, &mut silent);
        let again =
            matches!(tapped, Ok(Outcome::Lost) | Err(FlowError::Link { side: Side::Card, .. }));
        tries += 1;
        if !again || tries > PATIENCE {
            break tapped;
        }
        field.rests();
    };
    match loaded {
        Ok(Outcome::Accepted | Outcome::Recovered) => Ok(Preloaded::Done),
        Ok(_) => ended(&silent).and(Err(CliError::TerminalCard(
            "the load of the fresh card came to no end; --load 0fen loads nothing".to_owned(),
        ))),
        Err(error @ FlowError::NoIssuer) => Ok(Preloaded::Not(error.to_string())),
        Err(other) => Err(other.into()),
    }
}

/// What is open is kept, or where nothing keeps it, becomes grey records.
fn finish(ui: &Ui, engine: &mut Engine<'_>, books: &mut Books) -> Result<(), CliError> {
    let open = engine.open().len();
    if open == 0 {
        return Ok(());
    }
    if books.keeps() {
        ui.say(&ui.lang.pick(
            format!("{open} transactions are open; the state keeps them"),
            format!("{open} 笔交易未完成, 已保存在状态文件中"),
        ));
        return Ok(());
    }
    Ok(engine.give_up(books)?)
}

/// The first that was not as it should be ends the program.
///
/// # Errors
/// That one.
fn ended(books: &Books) -> Result<(), CliError> {
    books.first_bad.map_or(Ok(()), |bad| Err(bad.into()))
}

fn stop(text: &str) -> Result<Stop, String> {
    let parts = text.split_once(':');
    let stop = parts.and_then(|(line, station)| {
        Some(Stop { line: line.parse().ok()?, station: station.parse().ok()? })
    });
    stop.ok_or_else(|| "write a line and a station, such as 1:3".to_owned())
}
