//! Card images of a directory, one after the other, as they are.

use std::path::PathBuf;

use emulator::{Protocol, VirtualCard};
use link::{Atr, CardTransport, LinkError};
use nvm::image::Durability;
use perso::engine::{Arrival, CardSource, Returning, SourceError, Wanted};

use super::{blanks, failed};
use crate::error::CliError;

/// The images.
pub struct Images {
    folder: PathBuf,
    left: Vec<String>,
    card: Option<VirtualCard>,
    name: Option<String>,
}

impl Images {
    /// Of this directory.
    ///
    /// # Errors
    /// A directory that is not there.
    pub fn of(folder: PathBuf) -> Result<Self, CliError> {
        if !folder.is_dir() {
            return Err(CliError::mistyped(
                format!("there is no directory {}", folder.display()),
                "--card virtual:PROFILE@DIRECTORY, the directory that run was given",
            ));
        }
        let left = blanks::images(&folder)?.into_iter().rev().collect();
        Ok(Self { folder, left, card: None, name: None })
    }

    fn inside(&mut self) -> Result<&mut VirtualCard, LinkError> {
        self.card.as_mut().ok_or_else(|| LinkError::NoCard("the virtual reader".to_owned()))
    }
}

impl CardSource for Images {
    fn wait(
        &mut self,
        _wanted: &Wanted,
        _settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        let Some(name) = self.left.pop() else { return Ok(Arrival::NoMore) };
        let path = self.folder.join(&name);
        let card = VirtualCard::open(&path, None, Durability::Process, Protocol::T1);
        self.card = Some(card.map_err(failed)?);
        self.name = Some(name.clone());
        Ok(Arrival::Card(Some(name)))
    }

    fn uid(&mut self) -> Result<Option<String>, LinkError> {
        Ok(self.name.clone())
    }

    fn card(&mut self) -> &mut dyn CardTransport {
        self
    }

    fn take_away(&mut self) -> Result<bool, SourceError> {
        self.card = None;
        Ok(true)
    }

    fn returning(&self) -> Returning {
        Returning::Can
    }
}

impl CardTransport for Images {
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
        format!("card images in {}", self.folder.display())
    }
}
