//! `purse conform run`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use applet_spec::Profile;
use conformance::report::shell_word;
use conformance::run::{
    Clock, Destructive, Options, Order, Partition, Selection, Stop, Tears, Trace, select,
};
use conformance::{Case, Heading, RunReport, Runner, Target};
use link::Atr;
use terminal::Timestamp;

use super::reports::{self, ReportArgs};
use super::watch::Watch;
use super::{cases, target};
use crate::error::CliError;
use crate::exit::Exit;
use crate::keys::provider::KeysArgs;
use crate::perso::Interrupt;
use crate::spec::{CardArgs, Tested, Way};
use crate::terminals;
use crate::ui::Ui;

/// Losses of power in each torn step of a card in a reader.
const TEARS_IN_A_READER: u32 = 2;

/// Arguments of `purse conform run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A real card is touched only where --serial or --atr says that it is the one that is meant, and cases \
that may lock it or use up tries are run only with --allow-destructive. Emulated cards are taken back \
to one state before each case.

Ends with 0 (all passed), 4 (nothing was selected), 11 (the card fell silent or left), 96 (a suite \
file is wrong) or 100 (a case failed).

Examples:
  purse conform run all --card virtual:jtt978 --junit out.xml --html out.html
  purse conform run purchase capp --card virtual:cjt166 --stop-on-first
  purse conform run all --card virtual:jtt978 --with wrong:mac2-field
  purse conform run ./mine.toml --card tcp:127.0.0.1:3965 --control 127.0.0.1:3966
  purse conform run all --card reader:ACS --serial 9999000000000001 --plan")]
pub struct Args {
    /// Suites: all, families by name, or suite files [default: all].
    suites: Vec<String>,
    #[command(flatten)]
    card: CardArgs,
    #[command(flatten)]
    keys: KeysArgs,
    /// Control channel of the emulator behind --card, which can then be set, torn and taken back.
    #[arg(long, value_name = "HOST:PORT")]
    control: Option<String>,
    /// Seed of the randomness of a card in this process.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this case, by its id with or without parameters; several times for several.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Only cases with this text in id, purpose, rules or wrong cards.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only this part of the cases: hash:1/4 is the first of four.
    #[arg(long, value_name = "hash:I/N")]
    partition: Option<Partition>,
    /// Run in an order shuffled by this seed.
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Stop at the first case that does not pass.
    #[arg(long)]
    stop_on_first: bool,
    /// Try a case that does not pass so often again; the report says so.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// On a real card: run cases that may lock it for good or use up tries.
    #[arg(long)]
    allow_destructive: bool,
    /// The real card that is meant, by its serial: 16 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    /// The real card that is meant, by its answer to reset.
    #[arg(long, value_name = "HEX")]
    atr: Option<String>,
    /// Print what would be run. The card is only looked at, to know its family.
    #[arg(long)]
    plan: bool,
    /// Tell only cases that do not pass, and the end.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    reports: ReportArgs,
}

/// Runs suites against a card.
///
/// # Errors
/// Suites, card, keys, reports; [`CliError::Told`] where a case did not pass.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    args.reports.check(&args.suites)?;
    let Tested { way, profile, place } =
        args.card.open_tested(ui, args.seed, args.control.as_deref())?;
    let in_process = matches!(way, Way::Whole(_));
    let mut target = match way {
        Way::Whole(card) => Target::controlled(card),
        Way::Apart(transport, Some(control)) => Target::with_control(transport, control),
        Way::Apart(transport, None) => Target::plain(transport),
    };
    let profile = match profile {
        Some(profile) => profile,
        None => {
            target.transport().reset()?;
            terminals::family_of(target.transport())?.0
        }
    };
    let all = cases::named(&args.suites, &profile)?;
    let options = Options {
        // In a reader each loss of power takes a second.
        tears: if place.is_reader() { Tears::Spread(TEARS_IN_A_READER) } else { Tears::Every },
        ..args.options()
    };
    let selection = select(&all, &options, &profile, target.hand());
    args.check(&selection)?;
    if args.plan {
        return target::tell_plan(ui, &selection, &profile);
    }
    let real = place.is_reader() && args.control.is_none();
    let mut atr = None;
    if real || args.serial.is_some() || args.atr.is_some() {
        let wanted = target::Wanted { serial: args.serial.as_deref(), atr: args.atr.as_deref() };
        atr = Some(target::meant(target.transport(), &profile, &wanted)?);
    }
    if real {
        target::announce(ui, &selection, &profile);
    }
    let custody = args.keys.open(&[&profile])?;
    let heading = Heading {
        target: target.transport().describe(),
        profile: profile.name.clone(),
        profile_version: profile.version.clone(),
        ..args.heading(in_process, atr)
    };
    let mut clock = SystemClock(Instant::now());
    let interrupt = Interrupt::listen()?;
    let mut watch = Watch::new(ui, args.quiet, &args.reports, heading.clone(), interrupt.clone())?;
    let report = Runner::new(&profile, &*custody, &mut clock, options).heading(heading).run(
        &all,
        &mut target,
        &mut watch,
    );
    // The reports come first: whatever became of stdout, they hold what ran.
    let written = reports::write(ui, &args.reports, &report, &profile);
    watch.finish()?;
    written?;
    if interrupt.pressed() {
        return Err(CliError::Told(Exit::Interrupted));
    }
    verdict(&report)
}

impl Args {
    fn options(&self) -> Options {
        Options {
            order: self.shuffle.map_or(Order::Written, Order::Shuffled),
            only: self.only.clone(),
            containing: self.filter.clone(),
            partition: self.partition,
            destructive: match self.allow_destructive {
                true => Destructive::Run,
                false => Destructive::Skipped,
            },
            stop: if self.stop_on_first { Stop::AtFirstFailure } else { Stop::AtEnd },
            retries: self.retries,
            trace: Trace::All,
            ..Options::default()
        }
    }

    /// Whether anything is left to be run.
    fn check(&self, selection: &Selection) -> Result<(), CliError> {
        if let Some(id) = selection.unknown.first() {
            return Err(cases::unknown(id));
        }
        if selection.run().next().is_none() {
            let mut why: Vec<&str> = selection.skipped().map(|(_, why)| why.en.as_str()).collect();
            why.dedup();
            let message = match (selection.entries.len(), why.first()) {
                (0, _) | (_, None) => "no case is selected".to_owned(),
                (1, Some(why)) => format!("no case is selected that can be run: {why}"),
                (count, Some(why)) => {
                    format!("none of the {count} cases that are selected can be run: {why}")
                }
            };
            return Err(CliError::NothingThere { message, next: "purse conform list".to_owned() });
        }
        Ok(())
    }

    fn heading(&self, in_process: bool, atr: Option<Atr>) -> Heading {
        Heading {
            atr: atr.map(|atr| atr.to_string()).unwrap_or_default(),
            seed: in_process.then_some(self.seed),
            revision: revision(),
            when: now_in_words(),
            command: self.command(in_process),
            ..Heading::default()
        }
    }

    /// What is typed to run a case of these again, but for its id.
    fn command(&self, in_process: bool) -> String {
        let mut words = vec!["purse".to_owned(), "conform".to_owned(), "run".to_owned()];
        words.extend(self.suites.iter().cloned());
        words.extend(self.card.words());
        words.extend(self.keys.words());
        if let Some(control) = &self.control {
            words.extend(["--control".to_owned(), control.clone()]);
        }
        if in_process && self.seed != 1 {
            words.extend(["--seed".to_owned(), self.seed.to_string()]);
        }
        for (option, value) in [("--serial", &self.serial), ("--atr", &self.atr)] {
            words.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        if self.allow_destructive {
            words.push("--allow-destructive".to_owned());
        }
        words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }
}

/// How the program ends.
fn verdict(report: &RunReport) -> Result<(), CliError> {
    let counts = report.counts();
    if report.broken_off.is_some() {
        return Err(CliError::Told(Exit::CardGone));
    }
    match (counts.failed, counts.broken) {
        (0, 0) if counts.passed == 0 => Err(CliError::NothingThere {
            message: "every case was skipped; the report says why".to_owned(),
            next: "purse conform run .. --plan, or another card".to_owned(),
        }),
        (0, 0) => Ok(()),
        (0, _) => Err(CliError::Told(Exit::CardGone)),
        _ => Err(CliError::Told(Exit::TestsFailed)),
    }
}

/// Version and revision of this program.
fn revision() -> String {
    let version = concat!("purse ", env!("CARGO_PKG_VERSION"));
    match option_env!("PURSEKIT_REVISION") {
        Some(revision) => format!("{version} ({revision})"),
        None => version.to_owned(),
    }
}

/// Now, in UTC.
fn now_in_words() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_seconds(since.as_secs());
    format!("{now} UTC")
}

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// For the list: what would be selected of `cases`.
pub fn all_of(cases: &[Arc<Case>], profile: &Profile) -> Selection {
    select(cases, &Options::default(), profile, conformance::run::Hand::AtTheCard)
}
