//! A transaction field by field, from options.

use applet_spec::{PinUse, Profile, PurseKind};
use diagnosis::{Card, Flow, Source, Transaction, Values};
use purse::{Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time};

use super::source::bytes;
use crate::error::CliError;

/// The fields of a transaction; each code needs some of them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Field by field")]
pub(super) struct FieldArgs {
    /// Which: load, purchase, cash, capp, unload or overdraft.
    #[arg(long, value_name = "FLOW", value_parser = flow)]
    transaction: Option<Flow>,
    /// Which purse: ed or ep; without it, the first of the family that has such a transaction.
    #[arg(long, value_name = "PURSE", value_parser = purse, requires = "transaction")]
    purse: Option<PurseKind>,
    /// Key index.
    #[arg(long, value_name = "HEX", default_value = "01", requires = "transaction")]
    key_index: String,
    /// Amount, 10.00 or 1000fen.
    #[arg(long, value_name = "AMOUNT", requires = "transaction")]
    amount: Option<Amount>,
    /// Stored balance before, overdraft limit included.
    #[arg(long, value_name = "AMOUNT", requires = "transaction")]
    balance: Option<Amount>,
    /// Overdraft limit so far.
    #[arg(long, value_name = "AMOUNT", requires = "transaction")]
    old_limit: Option<Amount>,
    /// New overdraft limit.
    #[arg(long, value_name = "AMOUNT", requires = "transaction")]
    new_limit: Option<Amount>,
    /// Random of the card, 4 bytes.
    #[arg(long, value_name = "HEX", requires = "transaction")]
    random: Option<String>,
    /// Transaction serial of the card (offline or online), 2 bytes, before the increment.
    #[arg(long, value_name = "HEX", requires = "transaction")]
    counter: Option<String>,
    /// Terminal number, 6 bytes.
    #[arg(long, value_name = "HEX", requires = "transaction")]
    terminal: Option<String>,
    /// Terminal serial, 4 bytes.
    #[arg(long, value_name = "HEX", requires = "transaction")]
    terminal_serial: Option<String>,
    /// Date, YYYYMMDD.
    #[arg(long, value_name = "YYYYMMDD", requires = "transaction")]
    date: Option<String>,
    /// Time, HHMMSS.
    #[arg(long, value_name = "HHMMSS", requires = "transaction")]
    time: Option<String>,
    /// Identification code, 9 bytes, where MAC1 covers it.
    #[arg(long, value_name = "HEX", requires = "transaction")]
    code: Option<String>,
}

impl FieldArgs {
    /// The transaction; `None` where none is given.
    ///
    /// # Errors
    /// A value that is none.
    pub(super) fn transaction(
        &self,
        profile: &Profile,
        serial: Option<[u8; 8]>,
    ) -> Result<Option<Transaction>, CliError> {
        let Some(flow) = self.transaction else { return Ok(None) };
        let application = profile.application().map_or(0, |application| application.fid);
        let purse = self.purse.or_else(|| purse_of(profile, flow)).ok_or_else(|| {
            let message =
                format!("no purse of {} has a transaction '{}'", profile.name, flow.text());
            CliError::mistyped(message, format!("purse profile show {}", profile.name))
        })?;
        let [key_index] = bytes("--key-index", &self.key_index)?;
        let source = if serial.is_some() { Source::Given } else { Source::Profile };
        Ok(Some(Transaction {
            place: None,
            flow,
            purse,
            transaction_type: flow.transaction_type(purse, &profile.rules),
            directory: application,
            key_index,
            key_version: None,
            algorithm: None,
            card: Card::of_profile(profile, serial.unwrap_or(profile.serial), source),
            values: self.values()?,
            step: None,
            received: Vec::new(),
        }))
    }

    fn values(&self) -> Result<Values, CliError> {
        Ok(Values {
            amount: self.amount,
            balance: self.balance,
            serial: hex("--counter", &self.counter, u16::from_be_bytes)?,
            old_limit: limit("--old-limit", self.old_limit)?,
            new_limit: limit("--new-limit", self.new_limit)?,
            random: hex("--random", &self.random, |bytes| bytes)?,
            terminal: hex("--terminal", &self.terminal, TerminalId)?,
            terminal_serial: hex("--terminal-serial", &self.terminal_serial, TerminalSerial)?,
            date: hex("--date", &self.date, Date)?,
            time: hex("--time", &self.time, Time)?,
            code: hex("--code", &self.code, IdentificationCode)?,
        })
    }
}

fn hex<const N: usize, T>(
    option: &str,
    text: &Option<String>,
    make: impl FnOnce([u8; N]) -> T,
) -> Result<Option<T>, CliError> {
    let read = text.as_deref().map(|text| bytes(option, text)).transpose()?;
    Ok(read.map(make))
}

fn limit(option: &str, amount: Option<Amount>) -> Result<Option<Limit>, CliError> {
    let Some(amount) = amount else { return Ok(None) };
    let wrong = || CliError::Usage(format!("{option} {amount} does not fit three bytes"));
    Limit::new(amount.0).map(Some).ok_or_else(wrong)
}

/// The first purse that has such a transaction, EP before ED.
fn purse_of(profile: &Profile, flow: Flow) -> Option<PurseKind> {
    let needed = match flow {
        Flow::Load => PinUse::Load,
        Flow::Purchase => PinUse::Purchase,
        Flow::Cash => PinUse::Cash,
        Flow::Capp => PinUse::Capp,
        Flow::Unload => PinUse::Unload,
        Flow::Overdraft => PinUse::Overdraft,
    };
    let application = profile.application()?;
    let has = |kind: &PurseKind| {
        application.purse(*kind).is_some_and(|purse| purse.allows.contains(&needed))
    };
    [PurseKind::Purse, PurseKind::Deposit].into_iter().find(has)
}

fn flow(text: &str) -> Result<Flow, String> {
    let known = Flow::ALL.into_iter().find(|flow| flow.text() == text);
    known.ok_or_else(|| "write load, purchase, cash, capp, unload or overdraft".to_owned())
}

fn purse(text: &str) -> Result<PurseKind, String> {
    match text {
        "ed" => Ok(PurseKind::Deposit),
        "ep" => Ok(PurseKind::Purse),
        _ => Err("write ed or ep".to_owned()),
    }
}
