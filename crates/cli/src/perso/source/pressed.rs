//! Virtual cards that are made whole: in this process, or each in a file called like its serial.

use std::path::PathBuf;

use crypto::custody::KeyCustody;
use emulator::native::personalise::CustodyKeys;
use emulator::{CardMaker, Protocol, VirtualCard, VirtualCardError};
use link::{Atr, CardTransport, LinkError};
use nvm::image::{Durability, ImageError};
use perso::engine::{Arrival, CardSource, Replace, Returning, SourceError, Wanted};
use perso::order::CardOrder;

use super::failed;
use crate::error::CliError;
use crate::made;

/// Makes virtual cards.
pub struct Pressed<'k> {
    custody: &'k dyn KeyCustody,
    folder: Option<PathBuf>,
    card: Option<VirtualCard>,
    made: u64,
    /// Name of the file of the card in its place.
    name: Option<String>,
}

impl<'k> Pressed<'k> {
    /// Into the files of a directory, which is made where there is none, or into this process.
    ///
    /// # Errors
    /// A directory that cannot be had.
    pub fn new(custody: &'k dyn KeyCustody, folder: Option<PathBuf>) -> Result<Self, CliError> {
        if let Some(path) = &folder {
            let failed = |source| CliError::Write { path: path.display().to_string(), source };
            std::fs::create_dir_all(path).map_err(failed)?;
        }
        Ok(Self { custody, folder, card: None, made: 0, name: None })
    }

    fn make(
        &mut self,
        order: &CardOrder,
        settings: &[(String, String)],
        replace: Replace,
    ) -> Result<VirtualCard, CliError> {
        let maker = CardMaker::new(order.profile.clone())?;
        let keys = CustodyKeys { profile: &order.profile, custody: self.custody };
        self.made += 1;
        let seed = if self.folder.is_some() { made::random_seed()? } else { self.made };
        let mut card = maker.card(&order.serial.0, &keys, seed)?;
        card.set_protocol(Protocol::T1);
        let Some(folder) = &self.folder else {
            let mut card = VirtualCard::volatile(card);
            card.set_all(settings)?;
            return Ok(card);
        };
        let path = folder.join(format!("{}.img", order.serial));
        if replace == Replace::OwnLeftover && path.is_file() {
            let failed = |source| CliError::Write { path: path.display().to_string(), source };
            std::fs::remove_file(&path).map_err(failed)?;
        }
        let mut card = VirtualCard::create(card, &path, Durability::Process)?;
        card.set_all(settings)?;
        Ok(card)
    }
}

impl CardSource for Pressed<'_> {
    /// A place for the card that was begun, or for the next one. What stands in the next one's place
    /// is refused before the serial is begun: what a begun serial finds there is its own.
    fn wait(
        &mut self,
        wanted: &Wanted,
        _settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        let begun = wanted.begun.first().cloned();
        let fresh = wanted.next.filter(|_| begun.is_none()).map(|serial| format!("{serial}.img"));
        if let (Some(folder), Some(name)) = (&self.folder, &fresh) {
            let path = folder.join(name);
            if path.symlink_metadata().is_ok() {
                return Err(not_made(ImageError::Exists { path }.into()));
            }
        }
        let Some(name) = begun.or(fresh) else { return Ok(Arrival::NoMore) };
        self.name = self.folder.is_some().then_some(name);
        Ok(Arrival::Card(self.name.clone()))
    }

    fn uid(&mut self) -> Result<Option<String>, LinkError> {
        Ok(self.name.clone())
    }

    fn card(&mut self) -> &mut dyn CardTransport {
        self
    }

    fn press(
        &mut self,
        order: &CardOrder,
        settings: &[(String, String)],
        replace: Replace,
    ) -> Result<(), SourceError> {
        self.card = None;
        self.card = Some(self.make(order, settings, replace).map_err(not_made)?);
        Ok(())
    }

    fn set(&mut self, settings: &[(String, String)]) -> Result<(), SourceError> {
        let absent = || failed(CliError::Bug("no card was made".to_owned()));
        self.card.as_mut().ok_or_else(absent)?.set_all(settings).map_err(failed)
    }

    fn take_away(&mut self) -> Result<bool, SourceError> {
        self.card = None;
        Ok(true)
    }

    fn returning(&self) -> Returning {
        if self.folder.is_some() { Returning::Can } else { Returning::Never }
    }
}

impl CardTransport for Pressed<'_> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.inside()?.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inside()?.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.inside()?.transmit(command)
    }

    fn describe(&self) -> String {
        "virtual cards".to_owned()
    }
}

/// Why no card was made.
fn not_made(error: CliError) -> SourceError {
    match &error {
        CliError::Image(ImageError::Exists { .. })
        | CliError::VirtualCard(VirtualCardError::Image(ImageError::Exists { .. })) => {
            SourceError::Occupied(Box::new(error))
        }
        _ => failed(error),
    }
}

impl Pressed<'_> {
    fn inside(&mut self) -> Result<&mut VirtualCard, LinkError> {
        self.card.as_mut().ok_or_else(|| LinkError::NoCard("the virtual reader".to_owned()))
    }
}
