//! Who stands behind a terminal: `--psam`, `--issuer`, `--keys`, and where it stands.

use applet_spec::flow::Stop;
use applet_spec::{Custody, Profile};
use clap::ValueEnum;
use crypto::custody::KeyCustody;
use keystore::{KeysSpec, public_keys_held_for};
use link::CardTransport;
use purse::{SelectBy, TerminalId};
use terminal::{CardPsam, Engine, Issuer, LocalIssuer, LocalPsam, Psam, Site};

use crate::error::CliError;
use crate::keys::provider::KeysArgs;
use crate::spec::{self, CardArgs, Opened, Place};
use crate::ui::Ui;

/// Options that say who stands behind the terminal.
#[derive(Debug, clap::Args)]
pub struct RoleArgs {
    /// The PSAM: local (keys of this side), or a card named as --card names one.
    #[arg(long, value_name = "local|SPEC", default_value = LOCAL)]
    psam: String,
    /// The issuer: local (keys of this side), or none; it authorises loads and checks every TAC.
    #[arg(long, value_enum, default_value = "local", value_name = "local|none")]
    issuer: IssuerChoice,
    #[command(flatten)]
    keys: KeysArgs,
    /// Terminal number of a local PSAM, 12 hexadecimal digits [default: one in the card's own city].
    #[arg(long, value_name = "HEX", value_parser = fixed::<6>)]
    terminal: Option<[u8; 6]>,
    /// City of the terminal, 4 hexadecimal digits [default: that of the card's profile].
    #[arg(long, value_name = "HEX", value_parser = fixed::<2>)]
    city: Option<[u8; 2]>,
    /// Institution that runs the terminal, 16 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = fixed::<8>, default_value = "0000000000000000")]
    institution: [u8; 8],
}

const LOCAL: &str = "local";

/// Who plays the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IssuerChoice {
    /// Keys of this side.
    Local,
    /// Nobody.
    None,
}

/// What was opened for the roles; an engine works with it.
pub struct Backing {
    module: Option<Opened>,
    custody: Option<Box<dyn KeyCustody>>,
    issuer: IssuerChoice,
    terminal: Option<[u8; 6]>,
}

impl RoleArgs {
    /// Opens keys and PSAM for cards of `profile`, of which `card` names one at `place`.
    ///
    /// # Errors
    /// Keys that are not to be had, or not for these cards; a PSAM that is not there, or is the
    /// card.
    pub fn open(
        &self,
        ui: &Ui,
        profile: &Profile,
        card: &CardArgs,
        place: &Place,
    ) -> Result<Backing, CliError> {
        let same = || {
            CliError::mistyped(
                format!("--psam {} is where the card is: they are two cards", self.psam),
                "--psam SPEC with another reader or address, or --psam local",
            )
        };
        let module = match self.psam.as_str() {
            LOCAL => None,
            spec if card.names_the_same(spec) => return Err(same()),
            spec => Some(spec::open_second(ui, spec)?),
        };
        if place.is_reader() && module.as_ref().is_some_and(|module| module.place == *place) {
            return Err(same());
        }
        let known = module.as_ref().and_then(|module| module.profile.as_ref());
        if let Some(psam) = known.and_then(|known| known.psam.as_ref())
            && psam.serves != profile.name
        {
            let (serves, cards) = (&psam.serves, &profile.name);
            ui.say(&format!(
                "this PSAM has the keys of {serves} cards, and these are {cards} cards"
            ));
        }
        let sealed = profile.custody != Custody::Lab;
        let without_keys = sealed && self.keys.spec()? == KeysSpec::Lab;
        let mut issuer = self.issuer;
        if without_keys && module.is_none() {
            return Err(CliError::LabKeysForSealed { profile: profile.name.clone() });
        }
        if without_keys && issuer == IssuerChoice::Local {
            ui.say("no keys of these cards are here: nothing can be loaded, and no TAC is checked");
            issuer = IssuerChoice::None;
        }
        let custody = if without_keys || (module.is_some() && issuer == IssuerChoice::None) {
            None
        } else {
            let custody = self.keys.open(&[profile])?;
            public_keys_held_for(custody.as_ref(), profile)?;
            Some(custody)
        };
        Ok(Backing { module, custody, issuer, terminal: self.terminal })
    }

    /// Where the terminal stands, at `stop`.
    pub fn site(&self, profile: &Profile, stop: Stop) -> Site {
        let city = self.city.unwrap_or_else(|| city_of(profile));
        Site { city, institution: self.institution, stop }
    }
}

impl Backing {
    /// What to try where a code is refused: the card may be of other families, its keys or the PSAM
    /// others.
    pub fn advice(&self, cards: &Profile, others: Option<&str>) -> String {
        let cards = &cards.name;
        let card = match others {
            Some(others) => format!("the card {others}"),
            None => format!("the card may be of another family than {cards}: --profile NAME"),
        };
        let serves = |module: &Opened| Some(module.profile.as_ref()?.psam.as_ref()?.serves.clone());
        let keys = match &self.module {
            None => "its keys may be others: --keys SPEC".to_owned(),
            Some(module) => match serves(module).filter(|serves| serves != cards) {
                Some(serves) => format!(
                    "the PSAM has the keys of {serves} cards, and this is a {cards} card: --psam SPEC \
                     with one for {cards}"
                ),
                None => format!("the PSAM may not have the keys of {cards} cards: --psam SPEC"),
            },
        };
        format!("{keys}; {card}; --record FILE, and purse mac diagnose FILE tells more")
    }

    /// The engine. `last` is the terminal serial that a local PSAM used last.
    ///
    /// # Errors
    /// A PSAM that does not answer as one, or keys that are missing.
    pub fn engine<'b>(
        &'b mut self,
        profile: &'b Profile,
        site: Site,
        last: u32,
    ) -> Result<Engine<'b>, CliError> {
        let custody = self.custody.as_deref();
        let psam: Box<dyn Psam + 'b> = match (&mut self.module, custody) {
            (Some(opened), _) => {
                let places = places(profile, opened.profile.as_deref());
                let transport: &mut dyn CardTransport = opened.transport.as_mut();
                Box::new(CardPsam::open(transport, profile, &places)?)
            }
            (None, Some(custody)) => {
                let id = TerminalId(self.terminal.unwrap_or_else(|| terminal_of(profile)));
                Box::new(LocalPsam::new(profile, custody, id, last)?)
            }
            (None, None) => {
                return Err(CliError::LabKeysForSealed { profile: profile.name.clone() });
            }
        };
        let issuer = custody.filter(|_| self.issuer == IssuerChoice::Local);
        let issuer =
            issuer.map(|custody| Box::new(LocalIssuer::new(profile, custody)) as Box<dyn Issuer>);
        Ok(Engine::new(psam, issuer, site))
    }
}

/// Where a PSAM's application may be: that of its own profile, else those of the built-in ones, first
/// of all those that serve the cards.
fn places(cards: &Profile, own: Option<&Profile>) -> Vec<SelectBy> {
    let place = |profile: &Profile| {
        let directory = profile.main_directory()?;
        Some(match apdu::DfName::new(&directory.name) {
            Ok(name) => SelectBy::Name(name),
            Err(_) => SelectBy::Fid(directory.fid),
        })
    };
    if let Some(own) = own.filter(|own| own.psam.is_some()) {
        return place(own).into_iter().collect();
    }
    let serves =
        |profile: &Profile| profile.psam.as_ref().is_some_and(|psam| psam.serves == cards.name);
    let all = Profile::built_in_names().iter().filter_map(|name| Profile::built_in(name));
    let mut psams: Vec<&Profile> =
        all.map(AsRef::as_ref).filter(|profile| profile.psam.is_some()).collect();
    psams.sort_by_key(|profile| !serves(profile));
    let mut out = Vec::new();
    for place in psams.into_iter().filter_map(place) {
        if !out.contains(&place) {
            out.push(place);
        }
    }
    out
}

/// City code in the public file of the profile's cards.
fn city_of(profile: &Profile) -> [u8; 2] {
    let public = profile.public_content(&profile.serial);
    public.get(2..).and_then(|code| code.first_chunk()).copied().unwrap_or_default()
}

/// A terminal in the cards' own city, whose code the first bytes are: cards may keep a log of their
/// own for other cities.
pub fn terminal_of(profile: &Profile) -> [u8; 6] {
    let [high, low] = city_of(profile);
    [high, low, 0x00, 0x00, 0x00, 0x01]
}

/// So many bytes in hexadecimal digits.
fn fixed<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("write {} hexadecimal digits", 2 * N))
}
