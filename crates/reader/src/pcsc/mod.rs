//! PC/SC: real readers, and virtual ones with an emulator in them.

mod error;
mod exclusive;
mod status;
mod watch;

use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

use ::pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode};
use link::{Atr, CardTransport, LinkError};

use self::error::{Doing, explain, no_service};
use self::exclusive::Exclusive;
use crate::{ReaderError, choose};

pub use self::status::list_readers;
pub use self::watch::{Watch, wait_for_card};

/// Room for the longest answer: 65536 bytes and SW1 SW2. With less, a command would be executed and
/// its answer lost.
const MAX_ANSWER: usize = 65_538;
/// How long another program's transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(20);

/// Who else may use the card at the same time. (Direct access to a reader without card is not a
/// way to a card, and not offered.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Other programs may, but not between [`CardTransport::begin_exclusive`] and its end.
    Shared,
    /// Nobody else, as long as this reader is connected to.
    Exclusive,
}

/// A card in a PC/SC reader.
///
/// Dropping it leaves the card as it is, powered and selected; [`CardTransport::power_off`] ends a
/// session for good. Nothing resets the card but [`CardTransport::reset`].
///
/// Another program that holds the card is waited for, five seconds unless
/// [`PcscReader::patience`] says otherwise, and then the error is [`LinkError::Busy`].
pub struct PcscReader {
    context: Context,
    name: CString,
    share: Share,
    patience: Duration,
    hold: Hold,
    answer: Vec<u8>,
}

/// How the card is held.
enum Hold {
    /// Not connected to.
    None,
    Card(Card),
    /// Within a transaction of PC/SC.
    Exclusive(Exclusive),
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
        let answer = vec![0; MAX_ANSWER];
        Ok(Self { context, name, share, patience: PATIENCE, hold: Hold::None, answer })
    }

    /// Waits this long for another program's transaction.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn share_mode(&self) -> ShareMode {
        match self.share {
            Share::Shared => ShareMode::Shared,
            Share::Exclusive => ShareMode::Exclusive,
        }
    }

    /// Connects where that is not done yet. A connection without protocol cannot transmit.
    fn connect(&mut self) -> Result<(), LinkError> {
        if !matches!(self.hold, Hold::None) {
            return Ok(());
        }
        let mode = self.share_mode();
        let card =
            patiently(self.patience, || self.context.connect(&self.name, mode, Protocols::ANY))
                .map_err(|error| self.explain(error, Doing::Connecting))?;
        if card.status2_owned().is_ok_and(|status| status.protocol2().is_none()) {
            let_go(card, Disposition::LeaveCard);
            return Err(LinkError::Protocol(format!(
                "the card in {} speaks no protocol that PC/SC knows",
                self.describe()
            )));
        }
        self.hold = Hold::Card(card);
        Ok(())
    }

    fn give_up(&mut self, disposition: Disposition) {
        let card = match std::mem::replace(&mut self.hold, Hold::None) {
            Hold::None => None,
            Hold::Card(card) => Some(card),
            Hold::Exclusive(exclusive) => exclusive.end(),
        };
        if let Some(card) = card {
            let_go(card, disposition);
        }
    }

    fn explain(&self, error: Error, doing: Doing) -> LinkError {
        explain(error, doing, &self.describe())
    }
}

impl CardTransport for PcscReader {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.connect()?;
        let (mode, patience) = (self.share_mode(), self.patience);
        let reset = match &mut self.hold {
            Hold::None => Err(Error::InvalidHandle),
            Hold::Card(card) => {
                patiently(patience, || card.reconnect(mode, Protocols::ANY, Disposition::ResetCard))
                    .and_then(|()| Ok(card.status2_owned()?.atr().to_vec()))
            }
            Hold::Exclusive(exclusive) => exclusive.reset(mode),
        };
        reset.map(Atr).map_err(|error| {
            // The handle of a card that went away never works again.
            self.give_up(Disposition::LeaveCard);
            self.explain(error, Doing::Resetting)
        })
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        let card = match std::mem::replace(&mut self.hold, Hold::None) {
            Hold::None => None,
            Hold::Card(card) => Some(card),
            Hold::Exclusive(exclusive) => exclusive.end(),
        };
        match card.map(|card| card.disconnect(Disposition::UnpowerCard)) {
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
        self.connect()?;
        let patience = self.patience;
        let result = match &mut self.hold {
            Hold::None => Err(Error::InvalidHandle),
            // A violation of sharing is found before anything is sent: sending again is safe.
            Hold::Card(card) => {
                let buffer = &mut self.answer;
                patiently(patience, || card.transmit(command, buffer).map(<[u8]>::to_vec))
            }
            Hold::Exclusive(exclusive) => exclusive.transmit(command),
        };
        let explained = match result {
            Ok(answer) if answer.len() >= 2 => return Ok(answer),
            // The vpcd driver gives an empty answer when its card vanishes.
            Ok(_) => LinkError::Mute,
            Err(error) => self.explain(error, Doing::Transmitting),
        };
        match explained {
            LinkError::Mute => self.give_up(Disposition::UnpowerCard),
            // A handle that has seen another program's reset works only after a reconnection.
            LinkError::Disturbed(_) => self.give_up(Disposition::LeaveCard),
            _ => {}
        }
        Err(explained)
    }

    fn describe(&self) -> String {
        format!("reader '{}'", self.name.to_string_lossy())
    }

    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        self.connect()?;
        match std::mem::replace(&mut self.hold, Hold::None) {
            Hold::Card(card) => match Exclusive::begin(card, self.patience) {
                Ok(exclusive) => {
                    self.hold = Hold::Exclusive(exclusive);
                    Ok(())
                }
                Err(error) => Err(self.explain(error, Doing::Connecting)),
            },
            held => {
                self.hold = held;
                Ok(())
            }
        }
    }

    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        self.hold = match std::mem::replace(&mut self.hold, Hold::None) {
            Hold::Exclusive(exclusive) => exclusive.end().map_or(Hold::None, Hold::Card),
            held => held,
        };
        Ok(())
    }
}

impl Drop for PcscReader {
    fn drop(&mut self) {
        self.give_up(Disposition::LeaveCard);
    }
}

/// Tries until another program lets go of the card.
fn patiently<R>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<R, Error>,
) -> Result<R, Error> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(Error::SharingViolation) if start.elapsed() < patience => thread::sleep(PAUSE),
            done => return done,
        }
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
