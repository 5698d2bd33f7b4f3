//! `--card SPEC`: which card is meant, and the way to it.

use std::path::PathBuf;
use std::sync::Arc;

use applet_spec::Profile;
use emulator::{Protocol, VirtualCard};
use link::{CardTransport, GetResponse};
use nvm::image::Durability;
use reader::{HexLineClient, Timeouts};

use crate::error::CliError;
use crate::made::{self, Origin, Wanted};
use crate::trace;
use crate::ui::Ui;

/// Options that name a card.
#[derive(Debug, clap::Args)]
pub struct CardArgs {
    /// Which card: virtual:PROFILE (a fresh one), virtual:PROFILE@FILE (kept in FILE),
    /// tcp:HOST:PORT (a running emulator), reader:NAME-PART|INDEX (PC/SC).
    #[arg(long, value_name = "SPEC", env = "PURSE_CARD", global = true)]
    card: Option<String>,
    /// Its family, where the card does not tell.
    #[arg(long, value_name = "P", global = true)]
    profile: Option<String>,
}

/// What a SPEC says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spec {
    Virtual { profile: Option<String>, file: Option<PathBuf> },
    Tcp(String),
    Reader(String),
    Vpcd(String),
}

/// A way to a card.
pub struct Opened {
    /// The card; GET RESPONSE and wrong Le are handled where that was asked for.
    pub transport: Box<dyn CardTransport>,
    /// Its family, where that is known.
    pub profile: Option<Arc<Profile>>,
    /// It was made or opened just now and has no power.
    pub unpowered: bool,
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

/// A fresh card in this process is the same at every run.
const SEED: u64 = 1;

impl CardArgs {
    /// Opens the card.
    ///
    /// # Errors
    /// No card named, one that is not there, or a profile that is wrong.
    pub fn open(&self, ui: &Ui, fetching: Fetching) -> Result<Opened, CliError> {
        let named = self.profile.as_deref().map(Profile::find).transpose()?;
        // An empty PURSE_CARD is none.
        let opened = match self.card.as_ref().filter(|text| !text.is_empty()) {
            Some(text) => Spec::parse(text)?.open(ui)?,
            None => only_reader()?,
        };
        let Opened { mut transport, profile, unpowered } = opened;
        let profile = named.or(profile);
        if ui.verbose {
            transport = match &profile {
                Some(profile) => Box::new(trace::told(transport, &profile.rules, *ui)),
                None => Box::new(trace::told_unknown(transport, *ui)?),
            };
        }
        if fetching == Fetching::Done {
            transport = Box::new(GetResponse::new(transport));
        }
        Ok(Opened { transport, profile, unpowered })
    }
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
            "vpcd" => Ok(Self::Vpcd(rest.to_owned())),
            _ => Err(unknown()),
        }
    }

    fn open(self, ui: &Ui) -> Result<Opened, CliError> {
        match self {
            Self::Virtual { profile, file } => {
                let profile = profile.as_deref().map(Profile::find).transpose()?;
                let card = virtual_card(ui, profile, file)?;
                let profile = Some(card.card().system().profile.clone());
                Ok(Opened { transport: Box::new(card), profile, unpowered: true })
            }
            Self::Tcp(address) => {
                let client = HexLineClient::connect(&address, Timeouts::default())?;
                Ok(Opened { transport: Box::new(client), profile: None, unpowered: false })
            }
            Self::Reader(name) => reader(Some(&name)),
            Self::Vpcd(port) => Err(CliError::NoReader {
                message: format!(
                    "vpcd:{port} is not in this version: it cannot yet be the reader that virtual \
                     cards connect to"
                ),
                next: FORMS.to_owned(),
            }),
        }
    }
}

fn virtual_card(
    ui: &Ui,
    profile: Option<Arc<Profile>>,
    file: Option<PathBuf>,
) -> Result<VirtualCard, CliError> {
    let (durability, protocol) = (Durability::Process, Protocol::T1);
    let Some(path) = file else {
        let profile = made::or_default(profile)?;
        return Ok(VirtualCard::volatile(made::fresh(&profile, SEED, protocol)?));
    };
    let wanted = Wanted { path: &path, durability, protocol, profile };
    let make = |profile: &_| made::fresh(profile, made::random_seed()?, protocol);
    let (card, origin) = made::kept(&wanted, make)?;
    if origin == Origin::New {
        let profile = &card.card().system().profile;
        let (name, version) = (&profile.name, &profile.version);
        ui.say(&format!("new card {name} {version}, kept in {}", path.display()));
    }
    Ok(card)
}

#[cfg(feature = "pcsc")]
fn reader(wanted: Option<&str>) -> Result<Opened, CliError> {
    let reader = reader::PcscReader::open(wanted, reader::Share::Shared)?;
    Ok(Opened { transport: Box::new(reader), profile: None, unpowered: false })
}

#[cfg(not(feature = "pcsc"))]
fn reader(wanted: Option<&str>) -> Result<Opened, CliError> {
    Err(CliError::NoReader {
        message: format!(
            "reader:{} needs PC/SC, which this build does not have",
            wanted.unwrap_or_default()
        ),
        next: format!("cargo build --release --features pcsc -p cli, or {FORMS}"),
    })
}

#[cfg(feature = "pcsc")]
fn only_reader() -> Result<Opened, CliError> {
    reader(None)
}

#[cfg(not(feature = "pcsc"))]
fn only_reader() -> Result<Opened, CliError> {
    Err(CliError::NoReader {
        message: "no card was named, and this build cannot look for PC/SC readers".to_owned(),
        next: format!("{FORMS}; or set PURSE_CARD"),
    })
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
        for wrong in ["", "virtual", "virtual:", "virtual:pboc@", "tcp:1", "pboc", "usb:1"] {
            assert_eq!(named(wrong), None, "{wrong:?}");
        }
    }
}
