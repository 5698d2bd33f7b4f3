//! `purse emulate`: be a card.

mod card_file;
mod plan;
mod serve;

use std::path::PathBuf;

use clap::{ArgGroup, ValueEnum};
use emulator::Protocol;
use link::ControlledCard;
use purse::setting::SETTINGS;

use crate::error::CliError;
use crate::trace;
use crate::ui::Ui;

/// Arguments of `purse emulate`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("link").required(true).args(["vpcd", "listen", "stdio"])))]
pub struct Args {
    /// Card family: a built-in name or the path of a profile [default: jtt978, or that of --state].
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// Keep the card in this file; made where there is none. It holds the state before each answer
    /// leaves.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// With --state: have each change on the disk (fsync), for a host that may lose power.
    #[arg(long, requires = "state")]
    durable: bool,
    /// Seed of the card's randomness; the same seed and commands give the same bytes [default: a
    /// random one].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Set a value of the card, in this order; see below.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// A reusable odd card: profile, seed, [set] and with in a TOML file.
    #[arg(long, value_name = "FILE")]
    card_file: Option<PathBuf>,
    /// Inject a fault: tear@K, mute@N, lost@N, delay=20ms, wrong:NAME; see below.
    #[arg(long = "with", value_name = "FAULT")]
    faults: Vec<String>,
    /// How the card talks.
    #[arg(long, value_enum, default_value = "t1")]
    protocol: ProtocolName,
    /// Be in a virtual reader: that of a pcscd with the vpcd driver (usually 127.0.0.1:35963), or of
    /// any purse command with --card vpcd:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    vpcd: Option<String>,
    /// Serve lines of hex to TCP clients; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// A line of hex in, a line of hex out; also the words reset, atr, off.
    #[arg(long)]
    stdio: bool,
    /// Let `purse control` at the card.
    #[arg(long, value_name = "HOST:PORT")]
    control: Option<String>,
}

/// How the card talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProtocolName {
    /// Contact, T=0: answers are fetched (61xx), a wrong Le is corrected (6Cxx).
    T0,
    /// Contact, T=1.
    T1,
    /// Contactless, as a PC/SC reader shows it.
    Tcl,
}

impl From<ProtocolName> for Protocol {
    fn from(name: ProtocolName) -> Self {
        match name {
            ProtocolName::T0 => Self::T0,
            ProtocolName::T1 => Self::T1,
            ProtocolName::Tcl => Self::Contactless,
        }
    }
}

/// The tables of what can be set and injected, for the end of the help.
pub fn after_help() -> String {
    let mut help =
        "Values for --set (also in card files, and purse control HOST:PORT set):\n".to_owned();
    for setting in SETTINGS {
        let head = format!("{}={}", setting.key, setting.value);
        help += &format!("  {head:34} {}\n", setting.help);
    }
    help += "\nFaults for --with (several times where several are wanted):\n\
        \x20 tear@K      power is lost at the K-th memory write\n\
        \x20 mute@N      the N-th command after power-on is neither executed nor answered\n\
        \x20 lost@N      the N-th command after power-on is executed, its answer is lost\n\
        \x20 delay=20ms  every answer waits (also 1s, 500us)\n\
        \x20 wrong:NAME  the card breaks one rule on purpose, such as wrong:mac2-field; NAME may be a\n\
        \x20             file of your own (docs/wrong-cards.md lists them and tells the form)\n\n\
        Examples:\n\
        \x20 purse emulate --profile jtt978 --vpcd 127.0.0.1:35963 --control 127.0.0.1:3966\n\
        \x20 purse emulate --profile cjt166 --state card.img --listen 127.0.0.1:3965\n\
        \x20 purse emulate --set balance=10.00 --set expired=yes --with mute@4 --stdio -v\n\n\
        Anybody who reaches a port can use the card: listen on 127.0.0.1 unless that is meant.";
    help
}

/// Is the card until the input ends or the program is ended.
///
/// # Errors
/// [`CliError`].
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let plan = plan::Plan::of(args)?;
    // An address that cannot be had is told before a state file is made.
    let links = serve::Links::open(ui, args)?;
    let delay = plan.on_the_wire().delay();
    let card = plan.card(ui, args)?;
    let system = card.inner().card().system().clone();
    let card: Box<dyn ControlledCard> = match ui.verbose {
        true => Box::new(trace::told(card, &system.profile.rules, *ui)),
        false => Box::new(card),
    };
    links.serve(ui, card, delay)
}
