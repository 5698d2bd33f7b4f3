//! What a card tells for nothing, before a key of it is tried: which applications answer, and what
//! all of that looks like.

use std::sync::Arc;

use apdu::StatusWord;
use applet_spec::{Directory, Profile};
use purse::{Occurrence, PurseCommand, SelectBy};

use super::transact::select;
use super::{Talk, TalkError};
use crate::engine::{Holds, Sighting};

/// Commands that are asked of a blank card.
pub(crate) fn commands(family: &Profile, blank: &Profile) -> u32 {
    1 + others_by_name(family, blank).len() as u32
}

/// Selects whatever a card of the family, or of another built-in one, would have. A card of another
/// family is told by that; of any other the sighting gets its look. `blank` is no other family.
///
/// # Errors
/// [`TalkError`].
pub(super) fn survey(
    talk: &mut Talk<'_>,
    family: &Profile,
    blank: &Profile,
    sighting: &mut Sighting,
) -> Result<(), TalkError> {
    let Some(own) = family.application() else { return Ok(()) };
    let main = talk.ask(by_fid(family.main_directory().map_or(MAIN, |main| main.fid)))?;
    let mut look = format!("{}{}", hex::encode_upper(&main.data), main.status);
    for (other, application) in others_by_name(family, blank) {
        let status = talk.ask(select(application)?)?.status;
        if found(status) {
            sighting.holds = Holds::Foreign(other.name.clone());
            return Ok(());
        }
        look += &format!(" {status}");
    }
    if let Holds::Card(_) | Holds::Unreadable(_) = sighting.holds {
        let same = others(family, blank).filter(|other| {
            other.application().is_some_and(|application| application.name == own.name)
        });
        for other in same {
            let Some(application) = other.application() else { continue };
            if answers_as(talk, own, application)? {
                sighting.holds = Holds::Foreign(other.name.clone());
                return Ok(());
            }
        }
        look += &files(talk, own)?;
        if let Holds::Card(serial) = sighting.holds {
            look += &format!(" {serial}");
        }
    }
    sighting.card.look = look;
    Ok(())
}

/// The built-in families beside this one.
fn others<'f>(
    family: &'f Profile,
    blank: &'f Profile,
) -> impl Iterator<Item = &'static Arc<Profile>> + 'f {
    let all = Profile::built_in_names().iter().filter_map(|name| Profile::built_in(name));
    all.filter(|other| other.name != family.name && other.name != blank.name)
}

/// Their applications of other names than the family's own, each name once.
fn others_by_name(
    family: &Profile,
    blank: &Profile,
) -> Vec<(&'static Arc<Profile>, &'static Directory)> {
    let own = family.application().map(|own| own.name.as_slice()).unwrap_or_default();
    let mut out: Vec<(&'static Arc<Profile>, &'static Directory)> = Vec::new();
    for other in others(family, blank) {
        let Some(application) = other.application().or(other.directories.get(1)) else { continue };
        let name = application.name.as_slice();
        let known = name.is_empty() || name == own || out.iter().any(|(_, one)| one.name == name);
        if !known {
            out.push((other, application));
        }
    }
    out
}

/// Fid of every MF.
const MAIN: u16 = 0x3F00;

fn by_fid(fid: u16) -> PurseCommand {
    PurseCommand::Select { by: SelectBy::Fid(fid), occurrence: Occurrence::First }
}

/// Whether something of that name is there, though it may be locked.
fn found(status: StatusWord) -> bool {
    status != StatusWord::FILE_NOT_FOUND && !matches!(status.0 >> 8, 0x67 | 0x6B..=0x6F)
}

/// Whether the application that is called as our own has what only the other family's has: its fid,
/// or a file.
fn answers_as(talk: &mut Talk<'_>, own: &Directory, other: &Directory) -> Result<bool, TalkError> {
    if other.fid != own.fid {
        talk.ask(by_fid(MAIN))?;
        return Ok(talk.ask(by_fid(other.fid))?.status.is_ok());
    }
    for file in other.files.iter().filter(|file| own.files.iter().all(|f| f.fid != file.fid)) {
        talk.ask(select(own)?)?;
        if talk.ask(by_fid(file.fid))?.status.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which files of the application answer.
fn files(talk: &mut Talk<'_>, own: &Directory) -> Result<String, TalkError> {
    let mut out = String::new();
    for file in &own.files {
        talk.ask(select(own)?)?;
        let status = talk.ask(by_fid(file.fid))?.status;
        out += &format!(" {status}");
    }
    Ok(out)
}
