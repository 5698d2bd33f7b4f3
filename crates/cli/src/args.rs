//! The command line: what may be typed, and who does it.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{Color, Lang, Ui};
use crate::{
    apdu_command, applet, bench, cap, card, conform, control, demo, doctor, emulate, keys, mac,
    perso, profile, readers, shell, terminals, traces,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "purse",
    version,
    about = "Electronic-purse cards: made, emulated and tested",
    long_about = "PurseKit is the workshop in which electronic-purse smart cards (Chinese transit \
                  and bank purses: CJ/T 166, JT/T 978, PBOC; 3DES and SM4) are made, emulated and \
                  tested.",
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Cli {
    /// One JSON document on stdout, also where the command fails.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Language of what cards say: en or zh.
    #[arg(
        long,
        global = true,
        env = "PURSE_LANG",
        value_enum,
        default_value = "en",
        hide_possible_values = true,
        help_heading = "Everywhere"
    )]
    pub lang: Lang,
    /// When to colour: auto, always or never; NO_COLOR is honoured.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        hide_possible_values = true,
        help_heading = "Everywhere"
    )]
    pub color: Color,
    /// Tell on stderr what goes over the link, in words.
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, one per noun.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole story of a card in one process, without hardware.
    Demo(demo::Args),
    /// Be a card: in a virtual PC/SC reader, or behind lines of hex.
    Emulate(emulate::Args),
    /// Do to an emulated card what a hand or a mishap does: pull it, tear it, set it.
    Control(control::Args),
    /// The card families: list them, show one, check a file of one's own.
    Profile(profile::Args),
    /// The PC/SC readers: list them, watch who comes and goes.
    Reader(readers::Args),
    /// What is on a card.
    Card(card::Args),
    /// Batches of cards: plan, make, verify, report.
    Perso(perso::Args),
    /// What a card must do, in numbered cases, run against any card.
    Conform(conform::Args),
    /// What MACs and TACs cover, and why one is wrong (9302).
    Mac(mac::Args),
    /// Taps of cards through flows, as a gate, bus or shop makes them.
    Terminal(terminals::Args),
    /// Master keys: who holds them, their check values, card keys made from them.
    Keys(keys::Args),
    /// Java Card applets from sources or class files to CAP and export files.
    Applet(applet::Args),
    /// Java Card packages as files: CAP and export files, shown and compared.
    Cap(cap::Args),
    /// Send raw commands, or a script of them.
    Apdu(apdu_command::Args),
    /// What went over a link: in words, or turned into a recording.
    Trace(traces::Args),
    /// Measure; ratios within one run decide.
    Bench(bench::Args),
    /// What is installed, running and missing here, and what to type next.
    Doctor(doctor::Args),
    /// Print the completions of a shell.
    Completions(shell::CompletionsArgs),
    /// Write the manual pages.
    Man(shell::ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  purse demo                                              the whole story, no hardware
  purse emulate --profile jtt978 --vpcd 127.0.0.1:35963   a card in a virtual PC/SC reader
  purse emulate --profile jtt978 --listen 127.0.0.1:3965  a card behind lines of hex
  purse card balance --card tcp:127.0.0.1:3965            what is on it
  purse profile show jtt978                               its files and test keys
  purse doctor                                            what is missing here, and what to type";

/// The command as clap knows it, with the help that is made from tables.
pub fn command() -> clap::Command {
    let after = format!("{EXAMPLES}\n\nExit codes:\n{}", Exit::listing());
    Cli::command()
        .after_long_help(after)
        .after_help("purse --help has examples and the exit codes.")
        .mut_subcommand("emulate", |command| command.after_long_help(emulate::after_help()))
}

/// Reads the command line, does what it says, ends with the exit code.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let parsed = command()
        .color(clap_color(&arguments))
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return refused(&error, &arguments),
    };
    let ui = Ui { json: cli.json, lang: cli.lang, verbose: cli.verbose, color: cli.color };
    // The default hook has told where; what is left is the promised exit code.
    let done = catch_unwind(AssertUnwindSafe(|| dispatch(&ui, &cli.command)))
        .unwrap_or_else(|_| Err(CliError::Bug("this program panicked".to_owned())));
    match done {
        Ok(()) => ExitCode::from(Exit::Ok.code()),
        Err(error) => {
            ui.fail(&error);
            ExitCode::from(Exit::of(&error).code())
        }
    }
}

/// Runs a command in this process; the words are those behind `purse`.
///
/// # Errors
/// What the command line or the command ends with.
pub fn as_if_typed(words: &[OsString]) -> Result<(), CliError> {
    let typed = std::iter::once(OsString::from("purse")).chain(words.iter().cloned());
    let parsed = command().try_get_matches_from(typed);
    let parsed = parsed.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = parsed.map_err(|error| CliError::Usage(error.to_string()))?;
    let ui = Ui { json: cli.json, lang: cli.lang, verbose: cli.verbose, color: cli.color };
    dispatch(&ui, &cli.command)
}

fn dispatch(ui: &Ui, command: &Command) -> Result<(), CliError> {
    match command {
        Command::Demo(args) => demo::run(ui, args),
        Command::Emulate(args) => emulate::run(ui, args),
        Command::Control(args) => control::run(ui, args),
        Command::Profile(args) => profile::run(ui, args),
        Command::Reader(args) => readers::run(ui, args),
        Command::Card(args) => card::run(ui, args),
        Command::Perso(args) => perso::run(ui, args),
        Command::Conform(args) => conform::run(ui, args),
        Command::Mac(args) => mac::run(ui, args),
        Command::Terminal(args) => terminals::run(ui, args),
        Command::Keys(args) => keys::run(ui, args),
        Command::Applet(args) => applet::run(ui, args),
        Command::Cap(args) => cap::run(ui, args),
        Command::Apdu(args) => apdu_command::run(ui, args),
        Command::Trace(args) => traces::run(ui, args),
        Command::Bench(args) => bench::run(ui, args),
        Command::Doctor(args) => doctor::run(ui, args),
        Command::Completions(args) => shell::completions(ui, args),
        Command::Man(args) => shell::man(ui, args),
    }
}

/// Help and version are results; anything else is a usage error, in JSON where that was asked for.
fn refused(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = arguments.iter().any(|argument| argument == "--json");
    if json && !asked {
        let ui = Ui { json, lang: Lang::En, verbose: false, color: Color::Never };
        let text = error.render().to_string();
        let (message, usage) = text.split_once("\n\n").unwrap_or((&text, "purse --help"));
        let message = message.trim().trim_start_matches("error: ");
        ui.fail(&CliError::mistyped(message, usage.trim()));
    } else {
        // Where nobody listens there is nobody to tell.
        let _ = error.print();
    }
    ExitCode::from(if asked { Exit::Ok.code() } else { Exit::Usage.code() })
}

/// `--color` as clap's own messages take it, which are made before the arguments are read.
fn clap_color(arguments: &[OsString]) -> clap::ColorChoice {
    let follows = |pair: &[OsString]| pair.first().is_some_and(|first| first == "--color");
    let spaced = arguments.windows(2).find(|pair| follows(pair)).and_then(|pair| pair.last());
    let joined = || arguments.iter().find_map(|one| one.to_str()?.strip_prefix("--color="));
    match spaced.and_then(|value| value.to_str()).or_else(joined) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
