//! The card in front of a terminal: it comes, is tapped, and goes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use applet_spec::Profile;
use link::{CardTransport, LinkError};
#[cfg(any(test, feature = "pcsc"))]
use reader::{ReaderSlot, Slot};

use crate::card;
use crate::card::reading::What;
use crate::error::CliError;
use crate::spec::{Opened, Place};
use crate::ui::Ui;

/// Where cards come to.
pub struct Field {
    pub transport: Box<dyn CardTransport>,
    pub place: Place,
    profile: Option<Arc<Profile>>,
    interval: Duration,
}

/// How often a reader is looked at.
const PAUSE: Duration = Duration::from_millis(150);

impl Field {
    /// Around an opened card; where no hand takes it away, the next tap comes after `interval`.
    pub fn new(opened: Opened, interval: Duration) -> Self {
        let Opened { transport, profile, place, .. } = opened;
        Self { transport, place, profile, interval }
    }

    /// The family of the cards; where nobody said, the first one is waited for and asked.
    ///
    /// # Errors
    /// A card of no family that is known.
    pub fn family(&mut self, ui: &Ui) -> Result<Arc<Profile>, CliError> {
        if let Some(profile) = &self.profile {
            return Ok(profile.clone());
        }
        self.next_card(ui)?;
        let (profile, others) = family_of(self.transport.as_mut())?;
        if let Some(others) = others {
            ui.say(&others);
        }
        Ok(profile)
    }

    /// Waits until a card is there and powered.
    ///
    /// # Errors
    /// A link that is gone for good.
    pub fn next_card(&mut self, ui: &Ui) -> Result<(), CliError> {
        let mut told = false;
        loop {
            match self.transport.reset() {
                Ok(_) => return Ok(()),
                Err(LinkError::NoCard(_)) if self.has_a_hand() => {
                    if !told {
                        let place = self.transport.describe();
                        ui.progress(&ui.lang.pick(
                            format!("put a card to {place}; Ctrl-C ends"),
                            format!("请将卡片放到 {place}; 按 Ctrl-C 结束"),
                        ));
                        told = true;
                    }
                    thread::sleep(PAUSE);
                }
                // A card that was only half there comes again.
                Err(LinkError::Mute | LinkError::Protocol(_)) if self.place.is_reader() => {
                    thread::sleep(PAUSE);
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Waits until the card is gone; where no hand takes it, takes its power.
    ///
    /// # Errors
    /// A link that is gone for good.
    pub fn card_goes(&mut self, ui: &Ui) -> Result<(), CliError> {
        self.transport.power_off()?;
        let Place::Reader(name) = &self.place else {
            thread::sleep(self.interval);
            return Ok(());
        };
        ui.progress(ui.lang.pick("take the card away", "请取走卡片"));
        wait_until_gone(ui, name);
        Ok(())
    }

    /// Gives a card that failed the time to come back: what is behind it may only just begin again.
    pub fn rests(&self) {
        if self.has_a_hand() {
            thread::sleep(PAUSE);
        }
    }

    /// Whether a hand, or whoever plays it, brings and takes the card.
    pub fn has_a_hand(&self) -> bool {
        matches!(self.place, Place::Reader(_) | Place::Socket)
    }
}

/// The family of a card that has power, and which others it may be of, in words.
///
/// # Errors
/// One that is not known.
pub fn family_of(card: &mut dyn CardTransport) -> Result<(Arc<Profile>, Option<String>), CliError> {
    let selected = card::reading::select(card, None)?;
    let others = selected.may_also_be();
    let message = match selected.what {
        What::Application => "the card does not tell its family",
        What::BlankCard => "no application found: a blank or unknown card",
    };
    let profile = selected.profile;
    let profile =
        profile.ok_or_else(|| CliError::mistyped(message, "--profile NAME; purse profile list"))?;
    Ok((profile, others))
}

/// Waits until the card has left a reader. As long as PC/SC fails, it is looked at again: a card that
/// rests there must not be charged once more.
#[cfg(feature = "pcsc")]
fn wait_until_gone(ui: &Ui, name: &str) {
    let mut told = false;
    loop {
        let looked = reader::list_readers();
        match &looked {
            Ok(slots) if has_left(slots, name) => return,
            Err(error) if !told => {
                ui.say(&format!("whether the card is gone cannot be told yet: {error}"));
                told = true;
            }
            _ => {}
        }
        thread::sleep(PAUSE);
    }
}

/// Without PC/SC no card is in a reader.
#[cfg(not(feature = "pcsc"))]
fn wait_until_gone(_ui: &Ui, _name: &str) {}

/// Whether the card is known to have left its reader. A reader that is unplugged or refuses to tell
/// may come back with the same card in it.
#[cfg(any(test, feature = "pcsc"))]
fn has_left(slots: &[ReaderSlot], name: &str) -> bool {
    slots.iter().any(|slot| slot.name == name && slot.slot == Slot::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_left_only_where_its_own_reader_is_empty() {
        let reader = |name: &str, slot| ReaderSlot { name: name.to_owned(), slot, events: 1 };
        let card = Slot::Card { atr: link::Atr(vec![0x3B, 0x00]), used: reader::Use::Nobody };
        assert!(has_left(&[reader("B", card.clone()), reader("A", Slot::Empty)], "A"));
        for rests in [card, Slot::Mute, Slot::Unavailable] {
            assert!(!has_left(&[reader("B", Slot::Empty), reader("A", rests)], "A"));
        }
        assert!(!has_left(&[], "A"), "an unplugged reader tells nothing");
    }
}
