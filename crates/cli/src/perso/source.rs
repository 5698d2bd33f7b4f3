//! Where the cards of a batch come from: `--card SPEC`.

mod blanks;
pub mod images;
mod pressed;
pub mod reader;

use std::sync::Arc;
use std::time::Duration;

use applet_spec::Profile;
use crypto::custody::KeyCustody;
use perso::batch::Batch;
use perso::engine::{CardSource, SourceError, SyncPolicy};
use perso::job::Target;

use crate::error::CliError;
use crate::spec::{self, Stock};
use crate::ui::Ui;

pub use blanks::Blanks;

/// How long one wait for a card lasts, so that the person is heard in between.
const SLICE: Duration = Duration::from_millis(200);

/// Where cards come from, and what follows from that.
pub struct Station<'k> {
    /// The cards.
    pub source: Box<dyn CardSource + 'k>,
    /// When the journal is synced.
    pub sync: SyncPolicy,
    /// A person puts them in.
    pub by_hand: bool,
}

/// Opens the source that `--card` names.
///
/// # Errors
/// A card that cannot be reached, or that the job's target does not go with.
pub fn open<'k>(
    ui: &Ui,
    card: Option<&str>,
    batch: &Batch,
    custody: &'k dyn KeyCustody,
) -> Result<Station<'k>, CliError> {
    let place = spec::stock(ui, card)?;
    match (place, batch.job.target) {
        (Stock::Virtual { profile, file }, Target::Fmcos) => {
            let wanted = batch.blank.clone();
            let blank = profile.as_deref().map(Profile::find).transpose()?.or(wanted.clone());
            let blank = blank.ok_or_else(|| CliError::Bug("no blank cards".to_owned()))?;
            same_blank(&blank, wanted.as_ref())?;
            let kept = file.is_some();
            let source = match file {
                None => Blanks::volatile(&blank)?,
                Some(folder) => Blanks::kept(&blank, folder)?,
            };
            let sync = if kept { SyncPolicy::EachCard } else { SyncPolicy::EachCardOnly };
            Ok(Station { source: Box::new(source), sync, by_hand: false })
        }
        (Stock::Virtual { profile, file }, Target::Virtual) => {
            same_family(profile.as_deref(), batch)?;
            let kept = file.is_some();
            let source = pressed::Pressed::new(custody, file)?;
            let sync = if kept { SyncPolicy::EachCard } else { SyncPolicy::EachCardOnly };
            Ok(Station { source: Box::new(source), sync, by_hand: false })
        }
        (Stock::Way(opened), Target::Fmcos) => {
            let source = reader::Reader::new(opened.transport);
            Ok(Station { source: Box::new(source), sync: SyncPolicy::EachApdu, by_hand: true })
        }
        (Stock::Way(_), Target::Virtual) => Err(CliError::mistyped(
            "the job's target is virtual cards, and --card names a reader",
            "--card virtual:PROFILE@DIRECTORY, or target = \"fmcos\" in the job",
        )),
    }
}

/// Blank cards of another kind would be built by the wrong rules.
fn same_blank(blank: &Profile, wanted: Option<&Arc<Profile>>) -> Result<(), CliError> {
    match wanted {
        Some(wanted) if (&wanted.name, &wanted.version) != (&blank.name, &blank.version) => {
            Err(CliError::mistyped(
                format!(
                    "--card names cards of {} {}, and the job builds on {} {}",
                    blank.name, blank.version, wanted.name, wanted.version
                ),
                format!("--card virtual:{}", wanted.name),
            ))
        }
        _ => Ok(()),
    }
}

fn same_family(profile: Option<&str>, batch: &Batch) -> Result<(), CliError> {
    let Some(name) = profile else { return Ok(()) };
    let named = Profile::find(name)?;
    let own = &batch.profile;
    if (&named.name, &named.version) != (&own.name, &own.version) {
        return Err(CliError::mistyped(
            format!(
                "--card names {} {}, and the job makes cards of {} {}",
                named.name, named.version, own.name, own.version
            ),
            format!("--card virtual:{}@DIRECTORY", own.name),
        ));
    }
    Ok(())
}

/// A failure of this program's own sources.
fn failed(error: impl Into<CliError>) -> SourceError {
    SourceError::Other(Box::new(error.into()))
}
