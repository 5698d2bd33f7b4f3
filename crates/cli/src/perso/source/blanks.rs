//! Blank virtual cards: fresh ones in this process, or kept in the files of a directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use applet_spec::Profile;
use emulator::{CardMaker, Protocol, VirtualCard};
use link::{CardTransport, LinkError};
use nvm::image::Durability;
use perso::engine::{Arrival, CardSource, Returning, SourceError, Wanted};

use super::failed;
use crate::error::CliError;
use crate::made;

/// Blank virtual cards.
pub struct Blanks {
    maker: CardMaker,
    made: u64,
    kept: Option<Folder>,
    card: Option<VirtualCard>,
    /// Name of its file.
    name: Option<String>,
}

/// A directory of card images.
struct Folder {
    path: PathBuf,
    /// Cards that were put in already in this run.
    shown: BTreeSet<String>,
    /// Number of the newest image.
    newest: u32,
}

impl Blanks {
    /// Fresh cards that end with this process.
    ///
    /// # Errors
    /// A profile that makes no card.
    pub fn volatile(blank: &Arc<Profile>) -> Result<Self, CliError> {
        Ok(Self {
            maker: CardMaker::new(blank.clone())?,
            made: 0,
            kept: None,
            card: None,
            name: None,
        })
    }

    /// Cards that live in the files of a directory, which is made where there is none.
    ///
    /// # Errors
    /// A directory that cannot be had.
    pub fn kept(blank: &Arc<Profile>, path: PathBuf) -> Result<Self, CliError> {
        let failed = |source| CliError::Write { path: path.display().to_string(), source };
        std::fs::create_dir_all(&path).map_err(failed)?;
        let newest = images(&path)?.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
        let kept = Some(Folder { path, shown: BTreeSet::new(), newest });
        Ok(Self { kept, ..Self::volatile(blank)? })
    }

    fn fresh(&mut self, seed: u64) -> Result<emulator::Card, CliError> {
        let mut card = self.maker.lab_card(seed)?;
        card.set_protocol(Protocol::T1);
        Ok(card)
    }

    /// The next card of the directory: one that was begun, one that nobody knows, or a new one.
    fn next_kept(
        &mut self,
        wanted: &Wanted,
        settled: &dyn Fn(&str) -> bool,
    ) -> Result<Option<String>, CliError> {
        let Some(folder) = &mut self.kept else { return Ok(None) };
        let there = images(&folder.path)?;
        let fresh = |name: &&String| !folder.shown.contains(*name);
        let begun = wanted.begun.iter().filter(|name| there.contains(name.as_str()));
        let unknown = there.iter().filter(|name| !settled(name));
        if let Some(name) = begun.chain(unknown).find(fresh).cloned() {
            let path = folder.path.join(&name);
            folder.shown.insert(name.clone());
            let profile = &self.maker.system().profile;
            let card = VirtualCard::open(&path, Some(profile), Durability::Process, Protocol::T1)?;
            self.card = Some(card);
            return Ok(Some(name));
        }
        if wanted.next.is_none() {
            return Ok(None);
        }
        let newest = folder.newest.checked_add(1).ok_or_else(|| {
            let last = folder.path.join(name_of(folder.newest));
            CliError::mistyped(
                format!("{} has the last number that an image can have", last.display()),
                "--card virtual:PROFILE@DIRECTORY, another directory, or another name for it",
            )
        })?;
        folder.newest = newest;
        let name = name_of(newest);
        let path = folder.path.join(&name);
        folder.shown.insert(name.clone());
        let card = self.fresh(made::random_seed()?)?;
        self.card = Some(VirtualCard::create(card, &path, Durability::Process)?);
        Ok(Some(name))
    }
}

impl CardSource for Blanks {
    fn wait(
        &mut self,
        wanted: &Wanted,
        settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        if self.kept.is_some() {
            let next = self.next_kept(wanted, settled).map_err(failed)?;
            self.name.clone_from(&next);
            return Ok(next.map_or(Arrival::NoMore, |name| Arrival::Card(Some(name))));
        }
        if wanted.next.is_none() {
            return Ok(Arrival::NoMore);
        }
        self.made += 1;
        let card = self.fresh(self.made).map_err(failed)?;
        self.card = Some(VirtualCard::volatile(card));
        Ok(Arrival::Card(None))
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
        if self.kept.is_some() { Returning::Can } else { Returning::Never }
    }
}

impl CardTransport for Blanks {
    fn reset(&mut self) -> Result<link::Atr, LinkError> {
        self.inside()?.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inside()?.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.inside()?.transmit(command)
    }

    fn describe(&self) -> String {
        format!("virtual cards {}", self.maker.system().profile.name)
    }
}

impl Blanks {
    fn inside(&mut self) -> Result<&mut VirtualCard, LinkError> {
        self.card.as_mut().ok_or_else(|| LinkError::NoCard("the virtual reader".to_owned()))
    }
}

/// The images of a directory, by name.
pub(super) fn images(folder: &Path) -> Result<BTreeSet<String>, CliError> {
    let failed = |source| CliError::Write { path: folder.display().to_string(), source };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if let Some(name) = name.to_str().filter(|name| name.ends_with(".img")) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

fn name_of(number: u32) -> String {
    format!("card-{number:06}.img")
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix("card-")?.strip_suffix(".img")?.parse().ok()
}
