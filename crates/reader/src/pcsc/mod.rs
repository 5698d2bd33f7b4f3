//! PC/SC: real readers, and virtual ones with an emulator in them.

use std::ffi::CString;

use ::pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode};
use link::{Atr, CardTransport, LinkError};

use crate::pcsc_error::{Doing, explain, no_service};
use crate::{ReaderError, choose};

/// Room for the longest answer: 65536 bytes and SW1 SW2. With less, a command would be executed and
/// its answer lost.
const MAX_ANSWER: usize = 65_538;

/// Who else may use the card at the same time. (Direct access to a reader without card is not a
/// way to a card, and not offered.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Other programs may.
    Shared,
    /// Nobody else.
    Exclusive,
}

/// A card in a PC/SC reader.
///
/// Dropping it leaves the card as it is, powered and selected; [`CardTransport::power_off`] ends a
/// session for good.
pub struct PcscReader {
    context: Context,
    name: CString,
    share: Share,
    card: Option<Card>,
    answer: Vec<u8>,
}

/// The names of the readers, in PC/SC's order.
///
/// # Errors
/// [`LinkError::Service`] where PC/SC does not run.
pub fn list_readers() -> Result<Vec<String>, LinkError> {
    let names = names(&service()?)?;
    Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect())
}

impl PcscReader {
    /// The reader that `wanted` means (see [`choose`]). The card is connected to by the first
    /// command or reset.
    ///
    /// # Errors
    /// [`ReaderError`].
    pub fn open(wanted: Option<&str>, share: Share) -> Result<Self, ReaderError> {
        let context = service()?;
        let names = names(&context)?;
        let shown: Vec<_> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let chosen = choose(wanted, &shown)?;
        let name = names.into_iter().nth(chosen).ok_or(ReaderError::None)?;
        Ok(Self { context, name, share, card: None, answer: vec![0; MAX_ANSWER] })
    }

    fn share_mode(&self) -> ShareMode {
        match self.share {
            Share::Shared => ShareMode::Shared,
            Share::Exclusive => ShareMode::Exclusive,
        }
    }

    /// The card, connected to where it is not yet. A connection without protocol cannot transmit.
    fn connected(&mut self) -> Result<&mut Card, LinkError> {
        let card = match self.card.take() {
            Some(card) => card,
            None => {
                let mode = self.share_mode();
                let card = self
                    .context
                    .connect(&self.name, mode, Protocols::ANY)
                    .map_err(|error| self.explain(error, Doing::Connecting))?;
                if card.status2_owned().is_ok_and(|status| status.protocol2().is_none()) {
                    let_go(card, Disposition::LeaveCard);
                    return Err(LinkError::Protocol(format!(
                        "the card in {} speaks no protocol that PC/SC knows",
                        self.describe()
                    )));
                }
                card
            }
        };
        Ok(self.card.insert(card))
    }

    fn give_up(&mut self, disposition: Disposition) {
        if let Some(card) = self.card.take() {
            let_go(card, disposition);
        }
    }

    fn explain(&self, error: Error, doing: Doing) -> LinkError {
        explain(error, doing, &self.describe())
    }
}

impl CardTransport for PcscReader {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let mode = self.share_mode();
        let card = self.connected()?;
        let reset = card
            .reconnect(mode, Protocols::ANY, Disposition::ResetCard)
            .and_then(|()| card.status2_owned());
        match reset {
            Ok(status) => Ok(Atr(status.atr().to_vec())),
            Err(error) => {
                // The handle of a card that went away never works again.
                self.give_up(Disposition::LeaveCard);
                Err(self.explain(error, Doing::Resetting))
            }
        }
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        match self.card.take().map(|card| card.disconnect(Disposition::UnpowerCard)) {
            None | Some(Ok(())) => Ok(()),
            Some(Err((card, error))) => {
                std::mem::forget(card);
                match self.explain(error, Doing::PoweringOff) {
                    LinkError::NoCard(_) | LinkError::Mute => Ok(()),
                    other => Err(other),
                }
            }
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let mut buffer = std::mem::take(&mut self.answer);
        buffer.resize(MAX_ANSWER, 0);
        let result =
            self.connected().map(|card| card.transmit(command, &mut buffer).map(<[u8]>::to_vec));
        self.answer = buffer;
        let explained = match result? {
            Ok(answer) if answer.len() >= 2 => return Ok(answer),
            // The vpcd driver gives an empty answer when its card vanishes.
            Ok(_) => LinkError::Mute,
            Err(error) => self.explain(error, Doing::Transmitting),
        };
        if matches!(explained, LinkError::Mute) {
            self.give_up(Disposition::UnpowerCard);
        }
        Err(explained)
    }

    fn describe(&self) -> String {
        format!("reader '{}'", self.name.to_string_lossy())
    }
}

impl Drop for PcscReader {
    fn drop(&mut self) {
        self.give_up(Disposition::LeaveCard);
    }
}

/// Gives a handle back. Dropping it would reset the card behind everybody's back; one that cannot
/// be given back is of a card that is gone.
fn let_go(card: Card, disposition: Disposition) {
    if let Err((card, _)) = card.disconnect(disposition) {
        std::mem::forget(card);
    }
}

fn service() -> Result<Context, LinkError> {
    Context::establish(Scope::User).map_err(no_service)
}

fn names(context: &Context) -> Result<Vec<CString>, LinkError> {
    match context.list_readers_owned() {
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        other => other.map_err(no_service),
    }
}
