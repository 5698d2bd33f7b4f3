//! The card in front of a terminal: it comes, is tapped, and goes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use applet_spec::Profile;
use link::{CardTransport, LinkError};

use crate::card;
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
        family_of(self.transport.as_mut())
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
                Err(LinkError::Mute | LinkError::Protocol(_)) if self.place == Place::Reader => {
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
        if self.place != Place::Reader {
            thread::sleep(self.interval);
            return Ok(());
        }
        ui.progress(ui.lang.pick("take the card away", "请取走卡片"));
        while present(&self.transport.describe()) {
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Whether a hand, or whoever plays it, brings and takes the card.
    pub fn has_a_hand(&self) -> bool {
        matches!(self.place, Place::Reader | Place::Socket)
    }
}

/// The family of a card that has power.
///
/// # Errors
/// One that is not known.
pub fn family_of(card: &mut dyn CardTransport) -> Result<Arc<Profile>, CliError> {
    let selected = card::reading::select(card, None)?;
    selected.profile.ok_or_else(|| {
        CliError::mistyped(
            "the card does not tell its family",
            "--profile NAME; purse profile list",
        )
    })
}

/// Whether there is a card in a reader, as its way describes it. Where PC/SC does not tell, there is
/// none: the next tap finds out.
#[cfg(feature = "pcsc")]
fn present(described: &str) -> bool {
    use reader::Slot;

    let name = described.strip_prefix("reader '").and_then(|rest| rest.strip_suffix('\''));
    let slots = reader::list_readers().unwrap_or_default();
    let of_name = slots.iter().find(|slot| Some(slot.name.as_str()) == name);
    of_name.is_some_and(|slot| matches!(slot.slot, Slot::Card { .. } | Slot::Mute))
}

#[cfg(not(feature = "pcsc"))]
fn present(_described: &str) -> bool {
    false
}
