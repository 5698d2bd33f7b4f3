//! Watching the readers: who comes and goes.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use ::pcsc::{Context, PNP_NOTIFICATION, ReaderState, State};
use link::LinkError;

use super::status::{look, slot, wait};
use super::{PAUSE, service};
use crate::slots::{ReaderEvent, ReaderSlot, Slot, changes};
use crate::{ReaderError, choose_reader};

/// How long one wait of PC/SC lasts: a service that tells nothing of new readers is asked again.
const SLICE: Duration = Duration::from_millis(500);

/// A watch over all readers. It has a context of its own: waiting blocks everything else on one.
pub struct Watch {
    context: Context,
    states: Vec<ReaderState>,
    seen: Vec<ReaderSlot>,
    waiting: VecDeque<ReaderEvent>,
}

impl Watch {
    /// Begins; what is there is told first, as initial events.
    ///
    /// # Errors
    /// [`LinkError::Service`] where PC/SC does not run, or refuses.
    pub fn start() -> Result<Self, LinkError> {
        let context = service()?;
        let mut watch =
            Self { context, states: Vec::new(), seen: Vec::new(), waiting: VecDeque::new() };
        watch.look(true)?;
        Ok(watch)
    }

    /// The next event; `None` where there is none within `limit`.
    ///
    /// # Errors
    /// [`LinkError::Service`] where PC/SC ends.
    pub fn next_event(
        &mut self,
        limit: Option<Duration>,
    ) -> Result<Option<ReaderEvent>, LinkError> {
        let start = Instant::now();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            self.wait(left.map_or(SLICE, |left| left.min(SLICE)))?;
            self.look(false)?;
            if self.waiting.is_empty() {
                // PC/SC also wakes for what is no event, and where it cannot wait it never sleeps.
                thread::sleep(PAUSE);
            }
        }
    }

    /// Waits until something differs from what was seen, at most for `slice`.
    fn wait(&mut self, slice: Duration) -> Result<(), LinkError> {
        self.states.push(ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
        wait(&self.context, slice, &mut self.states)
    }

    fn look(&mut self, initial: bool) -> Result<(), LinkError> {
        self.states = look(&self.context)?;
        let found: Vec<ReaderSlot> = self.states.iter().map(slot).collect();
        self.states.iter_mut().for_each(ReaderState::sync_current_state);
        let event = |(reader, change)| ReaderEvent { reader, change, initial };
        self.waiting.extend(changes(&self.seen, &found).into_iter().map(event));
        self.seen = found;
        Ok(())
    }
}

/// Waits until there is a card in the reader that `wanted` means (see [`choose_reader`]), or until the
/// reader is plugged in and has one; the reader's name. Without `limit`, for as long as it takes.
///
/// # Errors
/// [`ReaderError::NoCardCame`], and [`ReaderError::Ambiguous`] where several readers may be meant.
pub fn wait_for_card(wanted: Option<&str>, limit: Option<Duration>) -> Result<String, ReaderError> {
    let start = Instant::now();
    let mut watch = Watch::start()?;
    loop {
        let watched = match choose_reader(wanted, &watch.seen) {
            Ok(reader) => Some(reader),
            Err(ReaderError::None | ReaderError::NoMatch { .. }) => None,
            Err(error) => return Err(error),
        };
        let full = |reader: &&ReaderSlot| matches!(reader.slot, Slot::Card { .. });
        if let Some(reader) = watched.filter(full) {
            return Ok(reader.name.clone());
        }
        let reader = watched.map(|reader| format!("reader '{}'", reader.name));
        watch.waiting.clear();
        let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
        if watch.next_event(left)?.is_none() {
            let asked = || wanted.map_or("any reader".to_owned(), |part| format!("reader:{part}"));
            let (reader, limit) = (reader.unwrap_or_else(asked), limit.unwrap_or_default());
            return Err(ReaderError::NoCardCame { reader, limit });
        }
    }
}
