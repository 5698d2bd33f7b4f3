//! What is this card? Asked without a key.

use apdu::StatusWord;
use applet_spec::Profile;
use purse::{FileRef, PurseCommand};

use super::transact::select;
use super::{Talk, TalkError};
use crate::engine::{Holds, Identity, Serial, Sighting, Trouble};

/// Resets the card and looks for an application of the family and its serial. Nothing is written and
/// no try of a key or PIN is spent.
///
/// # Errors
/// [`TalkError`].
pub fn identify(
    talk: &mut Talk<'_>,
    profile: &Profile,
    uid: Option<&str>,
) -> Result<Sighting, TalkError> {
    let atr = talk.reset()?;
    let card = Identity { uid: uid.map(str::to_owned), atr, look: String::new() };
    let Some(application) = profile.application() else {
        let text = format!("{} has no purse application", profile.name);
        return Err(Trouble::Wrong(text).into());
    };
    let selected = talk.ask(select(application)?)?;
    let holds = match selected.status {
        StatusWord::FILE_NOT_FOUND => Holds::Nothing,
        StatusWord::LOCKED | StatusWord::PERMANENTLY_LOCKED | StatusWord::SELECTED_INVALID => {
            Holds::Locked(format!("SELECT was answered {}", selected.status))
        }
        status if !status.is_ok() => {
            let (text, meaning) = (status.to_string(), status.meaning());
            Holds::Unreadable(format!("an application that answers SELECT with {text} ({meaning})"))
        }
        _ => public(talk, profile)?,
    };
    Ok(Sighting { card, holds })
}

/// What file 15 of the selected application says. A card under construction has none yet, or one
/// that is not written.
fn public(talk: &mut Talk<'_>, profile: &Profile) -> Result<Holds, TalkError> {
    let file = FileRef::Sfi(Profile::PUBLIC_SFI);
    let read = PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None };
    let answer = talk.ask(read)?;
    let told = Some(&answer).filter(|answer| answer.status.is_ok());
    let serial = told.and_then(|answer| profile.serial_in(&answer.data));
    let written = serial.filter(|serial| *serial != [0; 8] && *serial != [0xFF; 8]);
    let unfinished = || Holds::Unreadable("an application that tells no serial".to_owned());
    Ok(written.map_or_else(unfinished, |serial| Holds::Card(Serial(serial))))
}
