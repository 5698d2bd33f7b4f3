//! `purse card`: what is on a card, read by ordinary commands.

mod balance;
mod decode;
mod files;
mod info;
mod psam;
mod reading;
mod records;

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
Where a file or balance needs the PIN, set PURSE_PIN to its digits: it is sent after SELECT, and a
wrong one costs a try.

Examples:
  purse card info --card virtual:jtt978
  purse card dump --card tcp:127.0.0.1:3965 --json")]
pub struct Args {
    #[command(flatten)]
    card: CardArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Verb {
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
    let mut opened = args.card.open(ui, Fetching::Done)?;
    let atr = opened.transport.reset()?;
    let selected = reading::select(opened.transport.as_mut(), opened.profile)?;
    if let Some(pin) = pin_of_environment()? {
        CardSession::new(opened.transport.as_mut()).verify(&pin)?;
    }
    let mut bench = OpenedCard { transport: opened.transport, atr, selected };
    if let (Verb::Balance | Verb::Records, Some(family)) = (args.verb, bench.psam_family()) {
        let message = format!("{family} is a PSAM and has no purse");
        return Err(CliError::mistyped(message, "purse card info, or purse card files"));
    }
    if bench.selected.what == What::BlankCard && matches!(args.verb, Verb::Balance | Verb::Records)
    {
        let message = "a blank card: it has no application yet, and no purse".to_owned();
        return Err(CliError::mistyped(message, "purse card info, or purse card files"));
    }
    if let (false, Some(family)) = (ui.json || matches!(args.verb, Verb::Info), bench.family()) {
        ui.print(&format!("{family}\n"))?;
    }
    match args.verb {
        Verb::Info => info::run(ui, &mut bench),
        Verb::Balance => balance::run(ui, &mut bench),
        Verb::Records => records::run(ui, &mut bench),
        Verb::Files => files::list(ui, &mut bench),
        Verb::Dump => files::dump(ui, &mut bench),
    }
}

/// The PIN, where there is one in the environment: it is a secret and comes by no argument.
fn pin_of_environment() -> Result<Option<Pin>, CliError> {
    let Some(text) = std::env::var_os(PIN_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || CliError::Usage(format!("{PIN_VARIABLE} is no PIN; set 4 to 12 digits"));
    let digits = text.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let bytes = digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(wrong)?;
    Pin::new(&bytes).map(Some).map_err(|_| wrong())
}
