//! Cards made in this process: fresh ones, and those kept in a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use applet_spec::Profile;
use emulator::wrong::Wrong;
use emulator::{Card, CardMaker, CardSystem, Protocol, VirtualCard};
use nvm::image::{Durability, ImageError};

use crate::error::CliError;

/// The profile that is meant where none is named.
pub const DEFAULT_PROFILE: &str = "jtt978";

/// The profile's own card with lab keys.
///
/// # Errors
/// A profile that makes no card without keys from elsewhere.
pub fn fresh(profile: &Arc<Profile>, seed: u64, protocol: Protocol) -> Result<Card, CliError> {
    let mut card = CardMaker::new(profile.clone())?.lab_card(seed)?;
    card.set_protocol(protocol);
    Ok(card)
}

/// As [`fresh`], wrong on purpose from its making.
///
/// # Errors
/// As there, and a wrong card that is none of the profile.
pub fn wrong(
    profile: &Arc<Profile>,
    wrong: Wrong,
    seed: u64,
    protocol: Protocol,
) -> Result<Card, CliError> {
    let system = CardSystem::wrong(profile.clone(), wrong)?;
    let mut card = CardMaker::of(system)?.lab_card(seed)?;
    card.set_protocol(protocol);
    Ok(card)
}

/// Where a card comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made just now.
    New,
    /// It goes on as its file has it.
    Kept,
}

/// What is wanted of a card kept in a file.
pub struct Wanted<'w> {
    /// Its file.
    pub path: &'w Path,
    /// Whether each change is on the disk before its answer leaves.
    pub durability: Durability,
    /// Transmission protocol.
    pub protocol: Protocol,
    /// The profile it must be of; where there is none, any will do.
    pub profile: Option<Arc<Profile>>,
}

/// Opens the card in a file, or makes one there where there is no such file.
///
/// # Errors
/// The file, or what `make` says; then there is no file.
pub fn kept(
    wanted: &Wanted<'_>,
    make: impl FnOnce(&Arc<Profile>) -> Result<Card, CliError>,
) -> Result<(VirtualCard, Origin), CliError> {
    let Wanted { path, durability, protocol, .. } = *wanted;
    // A dangling link or a directory is somebody's mistake; the image layer says which.
    if path.symlink_metadata().is_ok() {
        let card = VirtualCard::open(path, wanted.profile.as_deref(), durability, protocol)?;
        return Ok((card, Origin::Kept));
    }
    let card = make(&or_default(wanted.profile.clone())?)?;
    match VirtualCard::create(card, path, durability) {
        // Another program was faster; what it made is opened, or told to be in use.
        Err(ImageError::Exists { .. }) => {
            let card = VirtualCard::open(path, wanted.profile.as_deref(), durability, protocol)?;
            Ok((card, Origin::Kept))
        }
        made => Ok((made?, Origin::New)),
    }
}

/// The profile, or the default one.
///
/// # Errors
/// A built-in profile that does not load.
pub fn or_default(profile: Option<Arc<Profile>>) -> Result<Arc<Profile>, CliError> {
    Ok(match profile {
        Some(profile) => profile,
        None => Profile::find(DEFAULT_PROFILE)?,
    })
}

/// The error of a profile that has no purse where one is wanted; it says which have.
pub fn no_purse(name: &str) -> CliError {
    let names: Vec<&str> = Profile::built_in_cards().map(|profile| profile.name.as_str()).collect();
    let message = format!("profile {name} has no purse application");
    CliError::mistyped(message, format!("--profile with one of {}", names.join(", ")))
}

/// A seed nobody knows beforehand.
///
/// # Errors
/// A system without `/dev/urandom`.
pub fn random_seed() -> Result<u64, CliError> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| CliError::Usage(format!("no random seed ({error}); give --seed N")))?;
    Ok(u64::from_be_bytes(bytes))
}
