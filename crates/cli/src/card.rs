//! `purse card`: what is on a card, read by ordinary commands.

mod balance;
mod decode;
mod files;
mod info;
mod pay;
mod psam;
pub mod reading;
mod records;

use applet_spec::flow::Transaction;
use link::{Atr, CardTransport};
use purse::Pin;
use terminal::CardSession;

use crate::error::CliError;
use crate::spec::{CardArgs, Fetching};
use crate::ui::Ui;
use reading::{Selected, What};

/// Arguments of `purse card`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Where a file, balance or load needs the PIN, set PURSE_PIN to its digits: it is sent after SELECT, \
once per command. A wrong one costs a try, and only the answer to it (63Cx) tells how many are left: \
at 63C1 the next wrong one locks the PIN. That the last try is at hand cannot be seen beforehand.

Load and purchase check every MAC and TAC. Without --psam and --keys they use the public lab keys of \
the card's profile, which are refused where the profile does not say custody = \"lab\". A card in a \
reader is charged after a question, or with --yes.

Examples:
  purse card info --card virtual:jtt978
  purse card dump --card tcp:127.0.0.1:3965 --json
  purse card load 10.00 --card virtual:jtt978@card.img
  purse card purchase 250fen --card virtual:jtt978@card.img --psam virtual:psam-jtt978")]
pub struct Args {
    #[command(flatten)]
    card: CardArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    #[command(flatten)]
    Look(Look),
    /// Load money onto it, with an issuer's keys.
    Load(Box<pay::Args>),
    /// Charge it, with a PSAM.
    Purchase(Box<pay::Args>),
}

/// Verbs that only look.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Look {
    /// What it is: ATR, application, family, serial, validity, balance; of a PSAM its terminal number.
    Info,
    /// What is on its purses.
    Balance,
    /// Its transaction logs, each newest first.
    Records,
    /// Its files: which may be read, and how much is in them.
    Files,
    /// Every file and record that may be read, in hex and in words.
    Dump,
}

const PIN_VARIABLE: &str = "PURSE_PIN";

/// A card that was reset, with its application selected.
struct OpenedCard {
    transport: Box<dyn CardTransport>,
    atr: Atr,
    selected: Selected,
}

impl OpenedCard {
    /// Name and version of the family.
    fn family(&self) -> Option<String> {
        self.selected.profile.as_ref().map(|one| format!("{} {}", one.name, one.version))
    }

    /// The same, where it is a PSAM's.
    fn psam_family(&self) -> Option<String> {
        self.selected.profile.as_ref().filter(|one| one.psam.is_some())?;
        self.family()
    }
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Look(verb) => look(ui, &args.card, *verb),
        Verb::Load(pay) => pay::run(ui, &args.card, pay, Transaction::Load),
        Verb::Purchase(pay) => pay::run(ui, &args.card, pay, Transaction::Purchase),
    }
}

fn look(ui: &Ui, card: &CardArgs, verb: Look) -> Result<(), CliError> {
    let mut opened = card.open(ui, Fetching::Done)?;
    let atr = opened.transport.reset()?;
    let selected = reading::select(opened.transport.as_mut(), opened.profile)?;
    // Balance and log are the same whichever of them it is.
    let told = !matches!(verb, Look::Balance | Look::Records);
    if let Some(others) = selected.may_also_be().filter(|_| told) {
        ui.say(&others);
    }
    if let Some(pin) = pin_of_environment()? {
        CardSession::new(opened.transport.as_mut()).verify(&pin)?;
    }
    let mut bench = OpenedCard { transport: opened.transport, atr, selected };
    if let (Look::Balance | Look::Records, Some(family)) = (verb, bench.psam_family()) {
        let message = format!("{family} is a PSAM and has no purse");
        return Err(CliError::mistyped(message, "purse card info, or purse card files"));
    }
    if bench.selected.what == What::BlankCard && matches!(verb, Look::Balance | Look::Records) {
        let message = match bench.selected.profile {
            Some(_) => "a blank card: it has no application yet, and no purse",
            None => "no application found: a blank or unknown card",
        };
        return Err(CliError::mistyped(message, "purse card info, or purse card files"));
    }
    if let (false, Some(family)) = (ui.json || matches!(verb, Look::Info), bench.family()) {
        ui.print(&format!("{family}\n"))?;
    }
    match verb {
        Look::Info => info::run(ui, &mut bench),
        Look::Balance => balance::run(ui, &mut bench),
        Look::Records => records::run(ui, &mut bench),
        Look::Files => files::list(ui, &mut bench),
        Look::Dump => files::dump(ui, &mut bench),
    }
}

/// The PIN, where there is one in the environment: it is a secret and comes by no argument.
pub fn pin_of_environment() -> Result<Option<Pin>, CliError> {
    let Some(text) = std::env::var_os(PIN_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || CliError::Usage(format!("{PIN_VARIABLE} is no PIN; set 4 to 12 digits"));
    let digits = text.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let bytes = digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(wrong)?;
    Pin::new(&bytes).map(Some).map_err(|_| wrong())
}
