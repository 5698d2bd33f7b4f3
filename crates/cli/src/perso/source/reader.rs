//! A reader that a person puts one card after the other into.

use std::thread;

use link::{CardTransport, LinkError};
use perso::engine::{Arrival, CardSource, Returning, SourceError, Wanted};

use super::SLICE;
use crate::ui::hex_text;

/// Asks a reader for the UID of a contactless card. A reader with contacts passes it on, and every
/// card refuses that class.
const GET_UID: [u8; 5] = [0xFF, 0xCA, 0x00, 0x00, 0x00];

/// A reader.
pub struct Reader {
    transport: Box<dyn CardTransport>,
    /// UID of the card that is in.
    uid: Option<String>,
}

impl Reader {
    /// Through this way.
    pub fn new(transport: Box<dyn CardTransport>) -> Self {
        Self { transport, uid: None }
    }

    /// The UID, where the reader tells one.
    fn ask_uid(&mut self) -> Result<Option<String>, LinkError> {
        let answer = self.transport.transmit(&GET_UID)?;
        Ok(match answer.split_last_chunk::<2>() {
            Some((uid, [0x90, 0x00])) if (4..=10).contains(&uid.len()) => Some(hex_text(uid)),
            _ => None,
        })
    }

    fn arrived(&mut self) -> Result<Arrival, LinkError> {
        self.transport.reset()?;
        self.uid = self.ask_uid()?;
        // Nobody else may come between the steps of a card.
        self.transport.begin_exclusive()?;
        Ok(Arrival::Card(self.uid.clone()))
    }
}

/// Whether the reader is there and has no card that answers.
fn is_absent(error: &LinkError) -> bool {
    matches!(
        error,
        LinkError::NoCard(_)
            | LinkError::Mute
            | LinkError::Timeout(_)
            | LinkError::Busy(_)
            | LinkError::Disturbed(_)
            | LinkError::Protocol(_)
    )
}

impl CardSource for Reader {
    fn wait(
        &mut self,
        _wanted: &Wanted,
        _settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError> {
        match self.arrived() {
            Err(error) if is_absent(&error) => {
                thread::sleep(SLICE);
                Ok(Arrival::NotYet)
            }
            arrived => Ok(arrived?),
        }
    }

    fn uid(&mut self) -> Result<Option<String>, LinkError> {
        self.uid = self.ask_uid()?;
        Ok(self.uid.clone())
    }

    fn card(&mut self) -> &mut dyn CardTransport {
        &mut *self.transport
    }

    /// It is away when nothing answers, or another card does.
    fn take_away(&mut self) -> Result<bool, SourceError> {
        match self.ask_uid() {
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(uid) if uid != self.uid => {}
            Ok(_) => {
                thread::sleep(SLICE);
                return Ok(false);
            }
        }
        // The scope went with the card.
        let _ = self.transport.end_exclusive();
        Ok(true)
    }

    fn returning(&self) -> Returning {
        Returning::Can
    }
}
