//! `--card SPEC`: which card is meant, and the way to it.

mod ways;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use applet_spec::{Catalogue, Profile};
use emulator::{Protocol, VirtualCard};
use link::{CardControl, CardTransport, ControlledCard, Delay, Fault, GetResponse, Recorder};
use reader::{ControlClient, Timeouts};

use crate::error::CliError;
use crate::faults::{self, CardFault};
use crate::made;
use crate::trace;
use crate::ui::Ui;

#[cfg(not(feature = "pcsc"))]
pub use ways::BUILD_WITH_PCSC;

/// Options that name a card.
#[derive(Debug, clap::Args)]
pub struct CardArgs {
    /// Which card: virtual:PROFILE (a fresh one), virtual:PROFILE@FILE (kept in FILE),
    /// tcp:HOST:PORT (a running emulator), reader:NAME-PART|INDEX (PC/SC), vpcd:PORT (we are the
    /// reader, a virtual card connects to us), replay:FILE (a recording).
    #[arg(long, value_name = "SPEC", env = "PURSE_CARD", global = true)]
    card: Option<String>,
    /// Its family, where the card does not tell.
    #[arg(long, value_name = "P", global = true)]
    profile: Option<String>,
    /// Wait for the card, this long or until Ctrl-C.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, value_parser = seconds, global = true)]
    wait: Option<Option<Duration>>,
    /// Let something go wrong: mute@N, lost@N, delay=20ms; tear@K, wrong:NAME with virtual: cards.
    #[arg(long = "with", value_name = "FAULT", global = true)]
    faults: Vec<String>,
    /// Record what goes over the link in this new file; --card replay:FILE plays it.
    #[arg(long, value_name = "FILE", global = true)]
    record: Option<PathBuf>,
}

/// How long the card is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// As long as the way to it takes by itself.
    Usual,
    /// So long.
    Limit(Duration),
    /// For as long as it takes.
    Endless,
}

/// What a SPEC says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spec {
    Virtual { profile: Option<String>, file: Option<PathBuf> },
    Tcp(String),
    Reader(String),
    Vpcd(String),
    Replay(PathBuf),
}

/// A way to a card.
pub struct Opened {
    /// The card; GET RESPONSE and wrong Le are handled where that was asked for.
    pub transport: Box<dyn CardTransport>,
    /// Its family, where that is known.
    pub profile: Option<Arc<Profile>>,
    /// It was made or opened just now and has no power.
    pub unpowered: bool,
    /// Where it is.
    pub place: Place,
}

/// Where a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this process, made just now, and gone with it.
    Fresh,
    /// In this process, kept in a file; or a recording.
    Kept,
    /// Behind a socket: an emulator's, or whatever connects to us.
    Socket,
    /// In the PC/SC reader of this name: what happens there is not undone.
    #[cfg_attr(
        not(feature = "pcsc"),
        expect(dead_code, reason = "only a build with PC/SC has readers")
    )]
    Reader(String),
}

impl Place {
    /// Whether it is a PC/SC reader.
    pub fn is_reader(&self) -> bool {
        matches!(self, Self::Reader(_))
    }
}

/// A card to be tested: the way to it, and the hand at it where there is one.
pub struct Tested {
    /// Way and hand.
    pub way: Way,
    /// Its family, where that is known.
    pub profile: Option<Arc<Profile>>,
    /// Where it is.
    pub place: Place,
}

/// The way to a card to be tested.
pub enum Way {
    /// A card in this process: what drives it also is the hand at it.
    Whole(Box<dyn ControlledCard>),
    /// Some other card, and the control channel of the emulator that plays it.
    Apart(Box<dyn CardTransport>, Option<Box<dyn CardControl>>),
}

/// Where the cards of a batch are.
pub enum Stock {
    /// In this process.
    Virtual {
        /// Their profile.
        profile: Option<String>,
        /// Where they are kept.
        file: Option<PathBuf>,
    },
    /// Behind one way, one after the other.
    Way(Opened),
}

/// Where the cards of a batch are, by a SPEC; without one, in the only reader there is.
///
/// # Errors
/// No card named, or a way that cannot be gone.
pub fn stock(ui: &Ui, card: Option<&str>) -> Result<Stock, CliError> {
    let patience = Patience::Usual;
    let opened = match card.filter(|text| !text.is_empty()).map(Spec::parse).transpose()? {
        Some(Spec::Virtual { profile, file }) => return Ok(Stock::Virtual { profile, file }),
        Some(Spec::Replay(_)) => {
            return Err(CliError::mistyped(
                "a recording is no card that can be written",
                "--card virtual:PROFILE, --card reader:NAME-PART",
            ));
        }
        Some(spec) => spec.open(ui, patience, &[])?,
        None => ways::only_reader(ui, patience, &[])?,
    };
    let Opened { mut transport, profile, unpowered, place } = opened;
    if ui.verbose {
        transport = Box::new(trace::told_unknown(transport, *ui)?);
    }
    let transport = Box::new(GetResponse::new(transport));
    Ok(Stock::Way(Opened { transport, profile, unpowered, place }))
}

/// Who fetches waiting answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetching {
    /// We do: 61xx and 6Cxx are not seen.
    Done,
    /// Nobody: they are seen.
    Raw,
}

const FORMS: &str =
    "--card virtual:jtt978, --card virtual:jtt978@card.img, --card tcp:127.0.0.1:3965";

impl CardArgs {
    /// Whether this is the SPEC of the card too, and means one and the same: fresh virtual cards are
    /// each their own.
    pub fn names_the_same(&self, spec: &str) -> bool {
        let fresh = matches!(Spec::parse(spec), Ok(Spec::Virtual { file: None, .. }));
        !fresh && self.card.as_deref() == Some(spec)
    }

    /// Opens the card.
    ///
    /// # Errors
    /// No card named, one that is not there, or a profile that is wrong.
    pub fn open(&self, ui: &Ui, fetching: Fetching) -> Result<Opened, CliError> {
        let named = self.profile.as_deref().map(Profile::find).transpose()?;
        let faults = faults::read(&self.faults)?;
        let patience = match self.wait {
            None => Patience::Usual,
            Some(Some(limit)) => Patience::Limit(limit),
            Some(None) => Patience::Endless,
        };
        // An empty PURSE_CARD is none.
        let opened = match self.card.as_ref().filter(|text| !text.is_empty()) {
            Some(text) => Spec::parse(text)?.open(ui, patience, &faults)?,
            None => ways::only_reader(ui, patience, &faults)?,
        };
        let Opened { transport, profile, unpowered, place } = opened;
        let profile = named.or(profile);
        let mut transport = failing(transport, &faults);
        if let Some(path) = &self.record {
            transport = recorded(transport, path, profile.as_deref())?;
        }
        if ui.verbose {
            transport = match &profile {
                Some(profile) => Box::new(trace::told(transport, &profile.rules, *ui)),
                None => Box::new(trace::told_unknown(transport, *ui)?),
            };
        }
        if fetching == Fetching::Done {
            transport = Box::new(GetResponse::new(transport));
        }
        Ok(Opened { transport, profile, unpowered, place })
    }
}

impl CardArgs {
    /// Opens the card to be tested. `seed` is for one in this process, `control` the control channel
    /// of another emulator's.
    ///
    /// # Errors
    /// As for [`CardArgs::open`]; a control channel that is not there.
    pub fn open_tested(
        &self,
        ui: &Ui,
        seed: u64,
        control: Option<&str>,
    ) -> Result<Tested, CliError> {
        let text = self.card.as_ref().filter(|text| !text.is_empty());
        let spec = text.map(|text| Spec::parse(text)).transpose()?;
        if let Some(Spec::Virtual { profile, file: None }) = spec {
            if control.is_some() {
                return Err(CliError::mistyped(
                    "--control is for a card that another purse emulate plays",
                    "leave --control out; a virtual card is at hand here",
                ));
            }
            return self.tested_here(ui, self.profile.clone().or(profile), seed);
        }
        let Opened { transport, profile, place, .. } = self.open(ui, Fetching::Done)?;
        let hand = |address| ControlClient::connect(address, Timeouts::default());
        let control = control.map(hand).transpose()?;
        let control = control.map(|control| Box::new(control) as Box<dyn CardControl>);
        Ok(Tested { way: Way::Apart(transport, control), profile, place })
    }

    fn tested_here(&self, ui: &Ui, profile: Option<String>, seed: u64) -> Result<Tested, CliError> {
        let faults = faults::read(&self.faults)?;
        let wrong = faults::wrongness(&faults);
        let profile = made::or_default(profile.as_deref().map(Profile::find).transpose()?)?;
        let mut card =
            VirtualCard::volatile(made::wrong(&profile, wrong.clone(), seed, Protocol::T1)?);
        faults::label(ui, &wrong);
        faults::tear(&mut card, &faults)?;
        let plan = faults::on_the_wire(&faults);
        let card = Delay::new(Fault::planned(card, &plan), thread::sleep).any(plan.delay());
        let mut card: Box<dyn ControlledCard> = Box::new(card);
        if let Some(path) = &self.record {
            card = Box::new(recorder(card, path, Some(&profile))?);
        }
        if ui.verbose {
            card = Box::new(trace::told(card, &profile.rules, *ui));
        }
        let (way, place) = (Way::Whole(card), Place::Fresh);
        Ok(Tested { way, profile: Some(profile), place })
    }

    /// The words that name this card again, as they were typed; for a command to be repeated.
    pub fn words(&self) -> Vec<String> {
        let named = |option: &str, value: &Option<String>| {
            value.iter().flat_map(|value| [option.to_owned(), value.clone()]).collect::<Vec<_>>()
        };
        let faults = self.faults.iter().flat_map(|fault| ["--with".to_owned(), fault.clone()]);
        [named("--card", &self.card), named("--profile", &self.profile)]
            .concat()
            .into_iter()
            .chain(faults)
            .collect()
    }
}

/// Opens a second card, named as `--card` names the first. GET RESPONSE and wrong Le are handled.
///
/// # Errors
/// As for [`CardArgs::open`].
pub fn open_second(ui: &Ui, text: &str) -> Result<Opened, CliError> {
    let opened = Spec::parse(text)?.open(ui, Patience::Usual, &[])?;
    let mut transport = opened.transport;
    if ui.verbose {
        transport = match &opened.profile {
            Some(profile) => Box::new(trace::told(transport, &profile.rules, *ui)),
            None => Box::new(trace::told_unknown(transport, *ui)?),
        };
    }
    Ok(Opened { transport: Box::new(GetResponse::new(transport)), ..opened })
}

/// The faults of the wire around a card. Unlike an emulator's links, its host waits on the spot.
fn failing(card: Box<dyn CardTransport>, faults: &[CardFault]) -> Box<dyn CardTransport> {
    let plan = faults::on_the_wire(faults);
    if plan == link::FaultPlan::default() {
        return card;
    }
    Box::new(Delay::new(Fault::planned(card, &plan), thread::sleep).any(plan.delay()))
}

/// A recorder around a card, above its faults: what the host hears is what is recorded.
fn recorded(
    card: Box<dyn CardTransport>,
    path: &Path,
    family: Option<&Profile>,
) -> Result<Box<dyn CardTransport>, CliError> {
    Ok(Box::new(recorder(card, path, family)?))
}

fn recorder<T: CardTransport>(
    card: T,
    path: &Path,
    family: Option<&Profile>,
) -> Result<Recorder<T>, CliError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => CliError::mistyped(
            format!("{} is there already, and a recording is not written over", path.display()),
            "--record with another name",
        ),
        _ => CliError::Write { path: path.display().to_string(), source },
    })?;
    let recorder = Recorder::new(card, file, Catalogue::carries_secret)?;
    Ok(match family {
        Some(family) => recorder.of_family(&family.name, &family.version)?,
        None => recorder,
    })
}

/// A time in whole seconds. Five digits at most: a command in hex that was meant for something else
/// is never a time.
fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.map(Duration::from_secs).ok_or_else(|| {
        "not a number of seconds up to 99999; write --wait before another option to wait for as \
         long as it takes"
            .to_owned()
    })
}

impl Spec {
    fn parse(text: &str) -> Result<Self, CliError> {
        let unknown = || {
            let message = format!("--card '{text}' names no card");
            CliError::mistyped(message, format!("{FORMS}, --card reader:NAME-PART"))
        };
        let (kind, rest) =
            text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(unknown)?;
        match kind {
            "virtual" => {
                let (profile, file) = match rest.split_once('@') {
                    Some((_, "")) => return Err(unknown()),
                    Some((profile, file)) => (profile, Some(PathBuf::from(file))),
                    None => (rest, None),
                };
                let profile = Some(profile.to_owned()).filter(|name| !name.is_empty());
                Ok(Self::Virtual { profile, file })
            }
            "tcp" if rest.contains(':') => Ok(Self::Tcp(rest.to_owned())),
            "tcp" => Err(CliError::mistyped(
                format!("--card '{text}' has no port"),
                "--card tcp:127.0.0.1:3965",
            )),
            "reader" => Ok(Self::Reader(rest.to_owned())),
            "vpcd" if rest.contains(':') || rest.parse::<u16>().is_ok() => {
                Ok(Self::Vpcd(rest.to_owned()))
            }
            "vpcd" => {
                Err(CliError::mistyped(format!("--card '{text}' has no port"), "--card vpcd:35963"))
            }
            "replay" => Ok(Self::Replay(PathBuf::from(rest))),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_names_a_card_one_way() {
        let named = |text: &str| Spec::parse(text).ok();
        let kept = |profile: Option<&str>, file: Option<&str>| {
            let (profile, file) = (profile.map(str::to_owned), file.map(PathBuf::from));
            Some(Spec::Virtual { profile, file })
        };
        assert_eq!(named("virtual:pboc"), kept(Some("pboc"), None));
        assert_eq!(named("virtual:./a.toml@b@c"), kept(Some("./a.toml"), Some("b@c")));
        assert_eq!(named("virtual:@card.img"), kept(None, Some("card.img")));
        assert_eq!(named("tcp:127.0.0.1:1"), Some(Spec::Tcp("127.0.0.1:1".to_owned())));
        assert_eq!(named("reader:ACS"), Some(Spec::Reader("ACS".to_owned())));
        assert_eq!(named("vpcd:35963"), Some(Spec::Vpcd("35963".to_owned())));
        assert_eq!(named("replay:a:b"), Some(Spec::Replay(PathBuf::from("a:b"))));
        for wrong in
            ["", "virtual", "virtual:", "virtual:pboc@", "tcp:1", "vpcd:a", "pboc", "usb:1"]
        {
            assert_eq!(named(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_wait_is_in_seconds_and_a_command_is_none() {
        assert_eq!(seconds("30"), Ok(Duration::from_secs(30)));
        assert_eq!(seconds("99999"), Ok(Duration::from_secs(99_999)));
        for wrong in ["", "0084000004", "00000084", "1.5", "-1", "10s", "+5"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
