//! `purse perso run`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use perso::engine::{Hands, LastTry, Machine, Observer, RecordState, RunPolicy, Serial, Workshop};
use perso::job::Target;
use perso::journal::{Held, Journal, JournalError};
use perso::plan::Plan;
use perso::work::{FmcosWorkshop, Moment, VirtualWorkshop};

use super::end::{Ending, of_run};
use super::source::{self, Station};
use super::watch::{Interrupt, JsonLines, Lines, Silent};
use super::{JobArgs, Ready, journal, now, plan, screen, warn_of_public_keys};
use crate::confirm::YesArgs;
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse perso run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    /// Where the cards come from: virtual:PROFILE (fresh ones), virtual:PROFILE@DIRECTORY (kept in
    /// files), reader:NAME-PART|INDEX, tcp:HOST:PORT, vpcd:PORT.
    #[arg(long, value_name = "SPEC", env = "PURSE_CARD")]
    card: Option<String>,
    /// The journal [default: NAME.journal in this directory].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Go on with the journal that is there.
    #[arg(long)]
    resume: bool,
    /// Who works; goes into the journal and the reports.
    #[arg(long, value_name = "NAME", env = "PURSE_OPERATOR")]
    operator: Option<String>,
    /// Spend the last try of a key or PIN where the job or a card asks for that.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    yes: YesArgs,
    /// Make at most this many cards.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Make only the card with this serial; several times for several cards.
    #[arg(long, value_name = "SERIAL")]
    only: Vec<String>,
    /// Try cards again that were rejected.
    #[arg(long)]
    retry_rejected: bool,
    /// The begun card of this serial is lost: do not wait for it, never make the serial again.
    #[arg(long, value_name = "SERIAL")]
    give_up: Vec<String>,
    /// Lines instead of the screen.
    #[arg(long)]
    plain: bool,
    /// Every event a line of JSON.
    #[arg(long, conflicts_with = "plain")]
    jsonl: bool,
}

/// Makes the cards.
///
/// # Errors
/// Files, keys, journal, cards; [`CliError::Unfinished`] where not every card was made.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    if args.limit == Some(0) {
        let (message, next) = ("no card is to be made".to_owned(), "--limit 1".to_owned());
        return Err(CliError::NothingThere { message, next });
    }
    let mut ready = args.job.ready()?;
    let plan = Plan::of(&ready.batch, &*ready.custody)?;
    let last_try = if args.force { LastTry::Spend } else { LastTry::Keep };
    if (plan.needs(), last_try) == (LastTry::Spend, LastTry::Keep) {
        let needs = plan.warnings.iter().find(|warning| warning.needs_force);
        let text = needs.map_or("", |warning| ui.lang.pick(&warning.text, &warning.text_zh));
        return Err(CliError::mistyped(text, "purse perso run .. --force"));
    }
    warn_of_public_keys(ui, &ready);
    let only = serials(&args.job, &ready, &args.only)?;
    let give_up = serials(&args.job, &ready, &args.give_up)?;
    let Station { mut source, sync, by_hand } =
        source::open(ui, args.card.as_deref(), &ready.batch, &*ready.custody)?;
    if by_hand {
        // They are real as far as this program knows.
        args.yes.confirm(ui, &plan::text(ui, &ready, &plan))?;
    }
    let path = journal(args.journal.as_ref(), &ready.batch);
    let (mut ledger, held) = open_journal(ui, &path, &ready, args.resume)?;
    // Transactions are made now, and trips began when the batch did.
    let (date, time) = ready.batch.moment();
    let moment = Moment { terminal: ready.batch.job.transactions.terminal, date, time };
    ready.batch.began_at(ledger.binding().began);

    let policy = RunPolicy {
        cards: ready.batch.job.policy,
        sync,
        retry_rejected: args.retry_rejected,
        limit: args.limit,
        last_try,
    };
    lost(&held, &give_up)?;
    let serials = ready.batch.serials();
    let mut machine = Machine::new(serials, held.records, held.refused, policy);
    if !only.is_empty() {
        machine.restrict(&only);
    }
    machine.give_up(&give_up);
    let mut workshop: Box<dyn Workshop + '_> = match ready.batch.job.target {
        Target::Fmcos => {
            Box::new(FmcosWorkshop::new(&ready.batch, &*ready.custody, moment, last_try)?)
        }
        Target::Virtual => Box::new(VirtualWorkshop::new(&ready.batch, &*ready.custody)),
    };
    let interrupt = Interrupt::listen()?;
    let mut observer = observer(ui, args, &ready, &interrupt, by_hand)?;
    let operator = args.operator.as_deref().or(ready.batch.job.operator.as_deref());
    let hands = Hands {
        source: &mut *source,
        workshop: &mut *workshop,
        ledger: &mut ledger,
        observer: &mut *observer,
        clock: &mut now,
        operator,
    };
    let done = perso::engine::run(&mut machine, hands);
    drop(observer);
    let tally = done.map_err(of_run)?;
    let (journal, job) = (path.display().to_string(), args.job.job.display());
    let named = args.journal.as_ref().map_or(String::new(), |_| format!(" --journal {journal}"));
    let report = format!("purse perso report {job}{named} --html report.html");
    let interrupted = interrupt.pressed() && !machine.is_done();
    Ending { tally, interrupted, journal, report }.tell(ui, args.jsonl)
}

fn serials(job: &JobArgs, ready: &Ready, texts: &[String]) -> Result<Vec<Serial>, CliError> {
    let serial = |text: &String| {
        let read = ready.batch.job.serial.read(text);
        let serial = read.map(Serial).ok().filter(|serial| ready.batch.row(*serial).is_some());
        serial.ok_or_else(|| {
            let message = format!("the batch has no card {text}");
            let next =
                format!("purse perso report {} --csv - lists the serials", job.job.display());
            CliError::mistyped(message, next)
        })
    };
    texts.iter().map(serial).collect()
}

/// Only what is begun can be given up.
fn lost(held: &Held, serials: &[Serial]) -> Result<(), CliError> {
    for serial in serials {
        let why = match held.records.get(serial).map(|record| record.state) {
            Some(RecordState::Begun) => continue,
            Some(RecordState::Passed) => "its card passed",
            Some(RecordState::Rejected) => "it was rejected already",
            None => "no card was begun with it in this journal",
        };
        let message = format!("{serial} cannot be given up: {why}");
        return Err(CliError::mistyped(message, "purse perso run .. --resume without --give-up"));
    }
    Ok(())
}

/// A journal that goes on, or a new one. Whoever says --resume before anything was begun means to
/// begin.
fn open_journal(
    ui: &Ui,
    path: &Path,
    ready: &Ready,
    resume: bool,
) -> Result<(Journal, Held), CliError> {
    let binding = ready.batch.binding(now());
    if resume && path.symlink_metadata().is_ok() {
        let (journal, held) = Journal::open(path)?;
        journal.serves(&binding)?;
        return Ok((journal, held));
    }
    if resume {
        ui.say(&ui.lang.pick(
            format!("there is no journal {} yet: it is begun", path.display()),
            format!("尚无日志 {}, 新建", path.display()),
        ));
    }
    match Journal::create(path, &binding) {
        Err(JournalError::Missing { path }) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            let message = format!("there is no directory {} for the journal", folder.display());
            Err(CliError::mistyped(message, "--journal FILE in a directory that is there"))
        }
        made => Ok((made?, Held::default())),
    }
}

fn observer<'o>(
    ui: &Ui,
    args: &Args,
    ready: &Ready,
    interrupt: &Interrupt,
    by_hand: bool,
) -> Result<Box<dyn Observer + 'o>, CliError> {
    let interrupt = interrupt.clone();
    if args.jsonl {
        return Ok(Box::new(JsonLines::new(ui, interrupt)));
    }
    if ui.json {
        return Ok(Box::new(Silent(interrupt)));
    }
    if args.plain || !std::io::stdout().is_terminal() {
        return Ok(Box::new(Lines::new(ui, interrupt, by_hand)));
    }
    let profile = &ready.batch.profile;
    let title = format!("{} · {} {}", ready.batch.job.name, profile.name, profile.version);
    Ok(Box::new(screen::Screen::open(ui.lang, title, interrupt)?))
}
