//! PC/SC: real readers, and virtual ones with an emulator in them.

mod error;
mod holder;
mod status;
mod watch;

use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

use ::pcsc::{Context, Disposition, Error, Scope, ShareMode};
use link::{Atr, CardTransport, LinkError};

use self::error::{Doing, explain, no_service};
use self::holder::{Failure, Holder};
use crate::{ReaderError, ReaderSlot, choose_reader};

use self::status::{look, slot};

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
    /// The card, where it is connected to.
    holder: Option<Holder>,
}

impl PcscReader {
    /// The reader that `wanted` means (see [`choose_reader`]). The card is connected to by the first
    /// command or reset.
    ///
    /// # Errors
    /// [`ReaderError`].
    pub fn open(wanted: Option<&str>, share: Share) -> Result<Self, ReaderError> {
        let context = service()?;
        let readers: Vec<ReaderSlot> = look(&context)?.iter().map(slot).collect();
        let chosen = &choose_reader(wanted, &readers)?.name;
        let meant = |name: &CString| name.to_string_lossy() == *chosen;
        let name = names(&context)?.into_iter().find(meant).ok_or(ReaderError::None)?;
        Ok(Self { context, name, share, patience: PATIENCE, holder: None })
    }

    /// Waits this long for another program's transaction.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Its name, as [`list_readers`] tells it.
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    fn share_mode(&self) -> ShareMode {
        match self.share {
            Share::Shared => ShareMode::Shared,
            Share::Exclusive => ShareMode::Exclusive,
        }
    }

    /// The card, connected to where it is not yet.
    fn connected(&mut self) -> Result<&mut Holder, LinkError> {
        let holder = match self.holder.take() {
            Some(holder) => holder,
            None => Holder::connect(&self.context, &self.name, self.share_mode(), self.patience)
                .map_err(|error| match error {
                    Error::ProtoMismatch => LinkError::Protocol(format!(
                        "the card in {} speaks no protocol that PC/SC knows",
                        self.describe()
                    )),
                    error => self.explain(error, Doing::Connecting),
                })?,
        };
        Ok(self.holder.insert(holder))
    }

    fn give_up(&mut self, disposition: Disposition) {
        if let Some(holder) = self.holder.take() {
            // There is nobody left to tell.
            let _ = holder.let_go(disposition);
        }
    }

    /// What a failure means; a handle that never works again is given up.
    fn failed(&mut self, failure: Failure, doing: Doing) -> LinkError {
        let error = match failure {
            Failure::NotSent(error) => self.explain(error, Doing::Connecting),
            Failure::Sent(error) => self.explain(error, doing),
        };
        match error {
            LinkError::Mute => self.give_up(Disposition::UnpowerCard),
            // The thread that still waits for another program gives the card back by itself.
            LinkError::Busy(_) => self.holder = None,
            _ => self.give_up(Disposition::LeaveCard),
        }
        error
    }

    fn explain(&self, error: Error, doing: Doing) -> LinkError {
        explain(error, doing, &self.describe())
    }
}

impl CardTransport for PcscReader {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let atr = self.connected()?.reset();
        // Another program's reset is no reason not to reset: a new handle knows nothing of it.
        let atr = match atr {
            Err(Failure::NotSent(Error::ResetCard)) => {
                self.give_up(Disposition::LeaveCard);
                self.connected()?.reset()
            }
            atr => atr,
        };
        atr.map(Atr).map_err(|failure| self.failed(failure, Doing::Resetting))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        let Some(holder) = self.holder.take() else { return Ok(()) };
        match holder.let_go(Disposition::UnpowerCard) {
            Ok(()) => Ok(()),
            Err(error) => match self.explain(error, Doing::PoweringOff) {
                LinkError::NoCard(_) | LinkError::Mute => Ok(()),
                other => Err(other),
            },
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        match self.connected()?.transmit(command) {
            Ok(answer) if answer.len() >= 2 => Ok(answer),
            // The vpcd driver gives an empty answer when its card vanishes.
            Ok(_) => {
                self.give_up(Disposition::UnpowerCard);
                Err(LinkError::Mute)
            }
            Err(failure) => Err(self.failed(failure, Doing::Transmitting)),
        }
    }

    fn describe(&self) -> String {
        format!("reader '{}'", self.name.to_string_lossy())
    }

    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        let begun = self.connected()?.begin();
        begun.map_err(|failure| self.failed(failure, Doing::Connecting))
    }

    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        match self.holder.as_mut().map(Holder::end) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(failure)) => Err(self.failed(failure, Doing::Connecting)),
        }
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

fn service() -> Result<Context, LinkError> {
    Context::establish(Scope::User).map_err(no_service)
}

fn names(context: &Context) -> Result<Vec<CString>, LinkError> {
    match context.list_readers_owned() {
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        other => other.map_err(no_service),
    }
}
