//! Where transactions come from: files, stdin, or commands and answers as arguments.

use std::path::Path;
use std::sync::Arc;

use applet_spec::{Catalogue, Profile};
use crypto::custody::{HeldKeys, KeyCustody};
use diagnosis::{Counted, Given, Known, Reading, Trace, Transaction};
use keystore::KeystoreError;
use reader::LogFormat;

use super::words;
use crate::error::CliError;
use crate::keys::provider::KeysArgs;
use crate::recordings;
use crate::ui::{Lang, Ui};

/// What both verbs take.
#[derive(Debug, clap::Args)]
pub(super) struct SourceArgs {
    /// Recordings or logs, or commands and answers in hex by turns.
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// Which card or PSAM of a log that has several: a part of its reader's name; may be repeated.
    #[arg(long, value_name = "NAME-PART")]
    reader: Vec<String>,
    /// The card's family, where its SELECT does not tell.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// The card's 8-byte serial, where neither file 15 nor SELECT tells it.
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    #[command(flatten)]
    keys: KeysArgs,
}

/// What was read, and who holds the keys.
pub(super) struct Source {
    pub(super) trace: Trace,
    pub(super) profile: Arc<Profile>,
    /// Families that the card may be of as well.
    others: Vec<Arc<Profile>>,
    pub(super) custody: Box<dyn KeyCustody>,
    pub(super) reading: Reading,
}

impl SourceArgs {
    /// Whether there is no input.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Reads the inputs.
    ///
    /// # Errors
    /// No input, one that cannot be read, or a family that nobody names.
    pub(super) fn open(&self, candidates: &[String]) -> Result<Source, CliError> {
        let trace = self.trace()?;
        let mut families = recordings::purse_families(&trace)?.into_iter();
        let profile = match &self.profile {
            Some(name) => Profile::find(name)?,
            None => families.next().ok_or_else(family_unknown)?,
        };
        let others = if self.profile.is_some() { Vec::new() } else { families.collect() };
        purse_family(&profile)?;
        let known = Known { serial: self.serial()?, candidates: given(candidates)? };
        let reading = Reading::new(&trace, &profile, &known);
        let custody = self.custody(&profile)?;
        Ok(Source { trace, profile, others, custody, reading })
    }

    /// The family and the keys, where there is no input to read.
    ///
    /// # Errors
    /// A family that nobody names.
    pub(super) fn named(&self) -> Result<(Arc<Profile>, Box<dyn KeyCustody>), CliError> {
        let profile = self.profile.as_deref().map(Profile::find).transpose()?;
        let profile = profile.ok_or_else(family_unknown)?;
        purse_family(&profile)?;
        let custody = self.custody(&profile)?;
        Ok((profile, custody))
    }

    /// Who holds the keys. Where nobody does, what needs no key is still told.
    fn custody(&self, profile: &Profile) -> Result<Box<dyn KeyCustody>, CliError> {
        match self.keys.open(&[profile]) {
            Err(CliError::Keystore(KeystoreError::NoLabKeys { profile })) => {
                Ok(Box::new(HeldKeys::new(format!("profile {profile} without keys"))))
            }
            opened => opened,
        }
    }

    /// The serial that was given.
    ///
    /// # Errors
    /// One that is no serial.
    pub(super) fn serial(&self) -> Result<Option<[u8; 8]>, CliError> {
        self.serial.as_deref().map(|text| bytes("--serial", text)).transpose()
    }

    fn trace(&self) -> Result<Trace, CliError> {
        let mut trace = Trace::new();
        let file = |input: &String| input == "-" || Path::new(input).exists();
        let hex =
            |input: &String| input.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b' ');
        match self.inputs.as_slice() {
            [] => {
                return Err(CliError::mistyped(
                    "there is nothing to read",
                    "purse mac diagnose FILE, or commands and answers in hex by turns",
                ));
            }
            inputs if inputs.iter().all(file) => {
                inputs.iter().try_for_each(|input| self.add(&mut trace, input))?;
            }
            // With one argument a file is meant, whatever its name looks like.
            [_, _, ..] if self.inputs.iter().all(hex) => {
                let lines = self.inputs.join("\n");
                let recording = LogFormat::Hex.read(&lines, None, Catalogue::carries_secret);
                let recording = recording.map_err(|error| {
                    CliError::mistyped(
                        format!("argument {}: {}", error.line, error.problem),
                        "give a command, its answer with status word, the next command, ..",
                    )
                })?;
                trace.add("arguments", Counted::Arguments, &recording);
            }
            inputs => {
                let neither = |input: &&String| !file(input) && !hex(input);
                let missing = inputs.iter().find(neither).or(inputs.iter().find(|one| !file(one)));
                let missing = missing.map_or("", String::as_str).escape_debug();
                return Err(CliError::Recording(format!(
                    "{missing}: there is no such file; commands and answers are given in hex, all \
                     of them, by turns"
                )));
            }
        }
        Ok(trace)
    }

    fn add(&self, trace: &mut Trace, input: &str) -> Result<(), CliError> {
        let text = recordings::read(Path::new(input))?;
        let format = LogFormat::recognise(&text);
        let mut add = |reader: Option<&str>| {
            let recording = format.read(&text, reader, Catalogue::carries_secret);
            let recording = recording.map_err(|error| {
                CliError::Recording(format!("{input}:{}: {}", error.line, error.problem))
            })?;
            let name = reader.map_or(input.to_owned(), |reader| format!("{input} ({reader})"));
            trace.add(&name, Counted::Lines, &recording);
            Ok(())
        };
        if self.reader.is_empty() {
            return add(None);
        }
        self.reader.iter().try_for_each(|reader| add(Some(reader)))
    }
}

impl Source {
    /// Which other families the trace may be of, in a line; nothing where there is none.
    pub(super) fn other_families(&self, lang: Lang) -> String {
        let names: Vec<&str> = self.others.iter().map(|one| one.name.as_str()).collect();
        match (names.join(", "), lang) {
            (names, _) if names.is_empty() => String::new(),
            (names, Lang::En) => format!("\nthe card may also be of {names}: --profile\n"),
            (names, Lang::Zh) => format!("\n该卡也可能属于 {names}: --profile\n"),
        }
    }

    /// Its transactions.
    ///
    /// # Errors
    /// There is none; what looks like one is said.
    pub(super) fn transactions(&self, ui: &Ui) -> Result<&[Transaction], CliError> {
        let found = &self.reading.transactions;
        if !found.is_empty() {
            return Ok(found);
        }
        let asides = self.reading.asides.iter();
        let asides: Vec<String> =
            asides.map(|aside| words::aside(&self.trace, aside, ui.lang)).collect();
        let message = match asides.as_slice() {
            [] => "there is no transaction in it: no INITIALIZE (8050) with its answer".to_owned(),
            asides => format!("there is no whole transaction in it: {}", asides.join("; ")),
        };
        let next = "record the session from SELECT on: --record FILE beside --card";
        Err(CliError::NothingThere { message, next: next.to_owned() })
    }
}

/// Hex of a fixed length.
///
/// # Errors
/// Anything else, with the option's name.
pub(super) fn bytes<const N: usize>(option: &str, text: &str) -> Result<[u8; N], CliError> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).map_err(|_| {
        CliError::Usage(format!("{option} '{text}' is not {} hexadecimal digits", 2 * N))
    })?;
    Ok(out)
}

fn given(candidates: &[String]) -> Result<Vec<Given>, CliError> {
    let one = |text: &String| {
        let bytes = hex::decode(text).map_err(|_| {
            CliError::Usage(format!("--candidate '{text}' is not hex, two digits a byte"))
        })?;
        Given::new(&bytes)
            .map_err(|error| CliError::Usage(format!("--candidate '{text}': {error}")))
    };
    candidates.iter().map(one).collect()
}

fn family_unknown() -> CliError {
    CliError::mistyped(
        "the card's family is not told: there is no SELECT of a known purse application with its \
         answer",
        "--profile P, such as --profile jtt978",
    )
}

fn purse_family(profile: &Profile) -> Result<(), CliError> {
    if profile.application().is_some() {
        return Ok(());
    }
    let message = format!("profile {} has no purse application", profile.name);
    Err(CliError::mistyped(message, "--profile of the card, not of the PSAM"))
}
