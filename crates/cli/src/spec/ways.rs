//! The ways to a card, one for each kind of SPEC.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use applet_spec::{Catalogue, Profile};
use emulator::wrong::Wrong;
use emulator::{Protocol, VirtualCard};
use link::{Recording, Replay};
use nvm::image::Durability;
use reader::{HexLineClient, Timeouts, VpcdServer};

use super::{Opened, Patience, Place, Spec};
use crate::error::CliError;
use crate::faults::{self, CardFault};
use crate::made::{self, Origin, Wanted};
use crate::ui::Ui;

/// A fresh card in this process is the same at every run.
const SEED: u64 = 1;
/// How long a virtual card may take to connect to us where nobody says otherwise.
const CONNECTING: Duration = Duration::from_secs(30);

impl Spec {
    /// Goes the way. What is torn is told here: only a card in this process can be.
    ///
    /// # Errors
    /// A card that is not there, or does not come in time.
    pub(super) fn open(
        self,
        ui: &Ui,
        patience: Patience,
        faults: &[CardFault],
    ) -> Result<Opened, CliError> {
        if !matches!(self, Self::Virtual { .. }) {
            not_of_virtual(faults)?;
        }
        match self {
            Self::Virtual { profile, file } => {
                let profile = profile.as_deref().map(Profile::find).transpose()?;
                let place = if file.is_some() { Place::Kept } else { Place::Fresh };
                let wrong = faults::wrongness(faults);
                let mut card = virtual_card(ui, profile, file, wrong)?;
                faults::label(ui, card.card().system().wrongness());
                faults::tear(&mut card, faults)?;
                let profile = Some(card.card().system().profile.clone());
                Ok(Opened { transport: Box::new(card), profile, unpowered: true, place })
            }
            Self::Tcp(address) => {
                let client = hex_lines(ui, &address, patience)?;
                let (transport, place) = (Box::new(client), Place::Socket);
                Ok(Opened { transport, profile: None, unpowered: false, place })
            }
            Self::Reader(name) => reader(ui, Some(&name), patience),
            Self::Vpcd(address) => vpcd(ui, &address, patience),
            Self::Replay(path) => replay(ui, &path),
        }
    }
}

/// The only reader there is, or the only one with a card in it.
///
/// # Errors
/// None, or several.
pub(super) fn only_reader(
    ui: &Ui,
    patience: Patience,
    faults: &[CardFault],
) -> Result<Opened, CliError> {
    not_of_virtual(faults)?;
    reader(ui, None, patience)
}

fn not_of_virtual(faults: &[CardFault]) -> Result<(), CliError> {
    if faults.iter().any(|fault| matches!(fault, CardFault::Wrong(_))) {
        return Err(CliError::mistyped(
            "--with wrong:NAME makes a virtual card wrong, and this card is what it is",
            "--card virtual:PROFILE --with wrong:NAME, or purse emulate --with wrong:NAME",
        ));
    }
    if faults.iter().any(|fault| matches!(fault, CardFault::Tear(_))) {
        return Err(CliError::mistyped(
            "--with tear@K is of a virtual card's memory, and this card's is out of reach",
            "--card virtual:PROFILE --with tear@K, or purse emulate --with tear@K",
        ));
    }
    Ok(())
}

fn virtual_card(
    ui: &Ui,
    profile: Option<Arc<Profile>>,
    file: Option<PathBuf>,
    wrong: Wrong,
) -> Result<VirtualCard, CliError> {
    let (durability, protocol) = (Durability::Process, Protocol::T1);
    let Some(path) = file else {
        let profile = made::or_default(profile)?;
        return Ok(VirtualCard::volatile(made::wrong(&profile, wrong, SEED, protocol)?));
    };
    let wanted = Wanted { path: &path, durability, protocol, profile };
    // Refused before there is a file.
    wrong.check_made()?;
    let make = |profile: &_| {
        wrong.profile(profile)?;
        made::fresh(profile, made::random_seed()?, protocol)
    };
    let (mut card, origin) = made::kept(&wanted, make)?;
    card.go_wrong(wrong)?;
    if origin == Origin::New {
        let profile = &card.card().system().profile;
        let (name, version) = (&profile.name, &profile.version);
        ui.say(&format!("new card {name} {version}, kept in {}", path.display()));
    }
    Ok(card)
}

/// An emulator that is yet to start is waited for.
fn hex_lines(ui: &Ui, address: &str, patience: Patience) -> Result<HexLineClient, CliError> {
    const PAUSE: Duration = Duration::from_millis(100);
    let start = Instant::now();
    let mut told = false;
    loop {
        let error = match HexLineClient::connect(address, Timeouts::default()) {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        match patience {
            Patience::Usual => return Err(error.into()),
            Patience::Limit(limit) if start.elapsed() >= limit => {
                return Err(CliError::TooLate {
                    message: format!("{error}, for {limit:?}"),
                    next: "start purse emulate --listen with that address, or give more time, as in \
                           --wait 60",
                });
            }
            _ if !told => {
                told = true;
                ui.progress(&format!("waiting for an emulator at {address}; Ctrl-C ends"));
            }
            _ => {}
        }
        std::thread::sleep(PAUSE);
    }
}

/// We are the reader. The address is told in any case: whoever starts the card needs it.
fn vpcd(ui: &Ui, address: &str, patience: Patience) -> Result<Opened, CliError> {
    let mut server = VpcdServer::bind(address, Timeouts::default().answer)?;
    if let Some(warning) = server.warning() {
        ui.say(&format!("warning: {warning}"));
    }
    ui.say(&format!("listening on {}", server.address()));
    ui.progress(
        "waiting for a card to connect: purse emulate --vpcd with that address, or any vpicc",
    );
    let limit = match patience {
        Patience::Usual => Some(CONNECTING),
        Patience::Limit(limit) => Some(limit),
        Patience::Endless => None,
    };
    match server.wait_for_card(limit) {
        Err(link::LinkError::Timeout(limit)) => Err(CliError::TooLate {
            message: format!("no card connected to {} within {limit:?}", server.address()),
            next: "connect a card, as purse emulate --vpcd with that address, or give more time, as \
                   in --wait 60",
        }),
        waited => {
            waited?;
            let (transport, place) = (Box::new(server), Place::Socket);
            Ok(Opened { transport, profile: None, unpowered: true, place })
        }
    }
}

/// A recording that begins with a reset is of a card that is powered up.
fn replay(ui: &Ui, path: &Path) -> Result<Opened, CliError> {
    let name = path.display().to_string();
    let text = crate::recordings::read(path)?;
    let recording = crate::recordings::parse(&name, &text)?;
    let profile = Recording::family(&text).and_then(|family| recorded_family(ui, &name, family));
    let replay = Replay::new(&name, recording, Catalogue::carries_secret);
    let unpowered = replay.begins_with_reset();
    Ok(Opened { transport: Box::new(replay), profile, unpowered, place: Place::Kept })
}

/// The family a recording names, where it is built in: whoever recorded with another one has its
/// file.
fn recorded_family(ui: &Ui, file: &str, named: (&str, &str)) -> Option<Arc<Profile>> {
    let (name, version) = named;
    let known = Profile::built_in(name).cloned();
    match &known {
        None => ui.say(&format!(
            "{file} was recorded with profile {name} {version}, which is not built in: name its file \
             with --profile"
        )),
        Some(known) if known.version != version => ui.say(&format!(
            "{file} was recorded with profile {name} {version}, and here it is {}",
            known.version
        )),
        Some(_) => {}
    }
    known
}

#[cfg(feature = "pcsc")]
fn reader(ui: &Ui, wanted: Option<&str>, patience: Patience) -> Result<Opened, CliError> {
    let limit = match patience {
        Patience::Usual => None,
        Patience::Limit(limit) => Some(Some(limit)),
        Patience::Endless => Some(None),
    };
    let came = limit.map(|limit| wait_for_card(ui, wanted, limit)).transpose()?;
    let wanted = came.as_deref().or(wanted);
    let reader = reader::PcscReader::open(wanted, reader::Share::Shared)?;
    let place = Place::Reader(reader.name());
    let transport = Box::new(reader);
    Ok(Opened { transport, profile: None, unpowered: false, place })
}

/// Waits, and says so only where there is something to wait for.
#[cfg(feature = "pcsc")]
fn wait_for_card(
    ui: &Ui,
    wanted: Option<&str>,
    limit: Option<Duration>,
) -> Result<String, CliError> {
    use reader::ReaderError;

    match reader::wait_for_card(wanted, Some(Duration::ZERO)) {
        Err(ReaderError::NoCardCame { reader, .. }) => {
            ui.progress(&format!("waiting for a card in {reader}; Ctrl-C ends"));
            Ok(reader::wait_for_card(wanted, limit)?)
        }
        done => Ok(done?),
    }
}

#[cfg(not(feature = "pcsc"))]
fn reader(_: &Ui, wanted: Option<&str>, _: Patience) -> Result<Opened, CliError> {
    use super::FORMS;
    let Some(wanted) = wanted else {
        return Err(CliError::NoReader {
            message: "no card was named, and this build cannot look for PC/SC readers".to_owned(),
            next: format!("{FORMS}; or set PURSE_CARD"),
        });
    };
    Err(CliError::NoReader {
        message: format!("reader:{wanted} needs PC/SC, which this build does not have"),
        next: format!("{BUILD_WITH_PCSC}, or {FORMS}"),
    })
}

/// What to type where a build has no PC/SC.
#[cfg(not(feature = "pcsc"))]
pub const BUILD_WITH_PCSC: &str = "cargo build --release --features pcsc -p cli";
