//! One card, shared by all links, with what they must agree on: whether it has power,
//! what its ATR was, whether it left since someone looked, and whether the program is to end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::POLL;

use link::{Atr, CardControl, CardTransport, ControlError, LinkError};

/// A card and what its links share. Clones share the same card.
pub struct SharedCard<C> {
    card: Arc<Mutex<C>>,
    state: Arc<State>,
}

/// Ends the links of a card, from wherever (a signal handler's thread, say).
#[derive(Clone)]
pub struct Stopper {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    departures: AtomicU64,
    power: Mutex<Power>,
    delay: Mutex<Duration>,
    failure: Mutex<Option<LinkError>>,
}

#[derive(Default)]
struct Power {
    on: bool,
    atr: Option<Atr>,
}

impl<C: CardTransport + CardControl + Send> SharedCard<C> {
    /// Shares `card`, which has no power yet.
    pub fn new(card: Arc<Mutex<C>>) -> Self {
        Self { card, state: Arc::default() }
    }

    /// Resets the card, powering it up where it is off.
    ///
    /// # Errors
    /// [`LinkError::NoCard`] where it is out, and what the card says.
    pub fn reset(&self) -> Result<Atr, LinkError> {
        self.reset_held(&mut *self.present()?)
    }

    /// Takes the power away; a card that is out has none.
    ///
    /// # Errors
    /// What the card says.
    pub fn power_off(&self) -> Result<(), LinkError> {
        let mut card = self.card()?;
        unpoisoned(&self.state.power).on = false;
        if card.inserted() { card.power_off() } else { Ok(()) }
    }

    /// The answer to the last reset. A card that was never powered since it was put in is powered
    /// up for it and down again; one that has power is not touched.
    ///
    /// # Errors
    /// [`LinkError::NoCard`] where it is out, and what the card says.
    pub fn atr(&self) -> Result<Atr, LinkError> {
        let mut card = self.present()?;
        if let Some(atr) = &unpoisoned(&self.state.power).atr {
            return Ok(atr.clone());
        }
        let atr = self.reset_held(&mut *card)?;
        unpoisoned(&self.state.power).on = false;
        card.power_off()?;
        Ok(atr)
    }

    /// Sends a command. A card without power is mute.
    ///
    /// # Errors
    /// [`LinkError::NoCard`] where it is out, and what the card says.
    pub fn transmit(&self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.exchange(command, false)
    }

    /// Sends a command to a card that is powered up first where it has no power.
    ///
    /// # Errors
    /// [`LinkError::NoCard`] where it is out, and what the card says.
    pub fn transmit_powered(&self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.exchange(command, true)
    }

    fn exchange(&self, command: &[u8], power_up: bool) -> Result<Vec<u8>, LinkError> {
        let departures = self.departures();
        let answer = {
            let mut card = self.present()?;
            match (self.powered(), power_up) {
                (false, false) => return Err(LinkError::Mute),
                (false, true) => {
                    self.reset_held(&mut *card)?;
                }
                (true, _) => {}
            }
            let answer = card.transmit(command);
            if answer.is_err() {
                unpoisoned(&self.state.power).on = false;
            }
            answer?
        };
        self.wait_for_answer(departures)?;
        Ok(answer)
    }

    /// Every answer waits this long on its way.
    pub fn set_delay(&self, delay: Duration) {
        *unpoisoned(&self.state.delay) = delay;
    }

    /// The card is not held meanwhile: it can be pulled, and then its answer is lost.
    fn wait_for_answer(&self, departures: u64) -> Result<(), LinkError> {
        let delay = *unpoisoned(&self.state.delay);
        let start = Instant::now();
        while let Some(left) = delay.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            if self.departures() != departures || self.stopped() {
                return Err(LinkError::Mute);
            }
            thread::sleep(left.min(POLL));
        }
        Ok(())
    }

    /// Whether the card has power.
    pub fn powered(&self) -> bool {
        unpoisoned(&self.state.power).on
    }

    /// Whether the card is in.
    ///
    /// # Errors
    /// [`LinkError::Bug`] where a thread died with the card in its hands.
    pub fn inserted(&self) -> Result<bool, LinkError> {
        Ok(self.card()?.inserted())
    }

    /// Does something to the card that its reader does not notice.
    ///
    /// # Errors
    /// What the card says.
    pub fn control<R>(
        &self,
        action: impl FnOnce(&mut C) -> Result<R, ControlError>,
    ) -> Result<R, ControlError> {
        let mut card = self.card().map_err(|error| ControlError::Bug(error.to_string()))?;
        action(&mut card)
    }

    /// The same, for what ends with the card out or without power (pulling it, going back to a
    /// snapshot): readers see it leave, and its ATR is asked for anew.
    ///
    /// # Errors
    /// What the card says; then it has not left.
    pub fn departure<R>(
        &self,
        action: impl FnOnce(&mut C) -> Result<R, ControlError>,
    ) -> Result<R, ControlError> {
        let mut card = self.card().map_err(|error| ControlError::Bug(error.to_string()))?;
        let result = action(&mut card)?;
        *unpoisoned(&self.state.power) = Power::default();
        self.state.departures.fetch_add(1, Ordering::SeqCst);
        Ok(result)
    }

    /// How often the card has left; whoever remembers the number sees that it did.
    pub fn departures(&self) -> u64 {
        self.state.departures.load(Ordering::SeqCst)
    }

    /// Ends all links of this card because of `error`; the first one is what they return.
    pub fn fail(&self, error: LinkError) {
        unpoisoned(&self.state.failure).get_or_insert(error);
        self.stopper().stop();
    }

    /// Whether the links are to end.
    pub fn stopped(&self) -> bool {
        self.state.stop.load(Ordering::SeqCst)
    }

    /// Ends all links of this card.
    pub fn stop(&self) {
        self.stopper().stop();
    }

    /// A handle that can end the links and knows nothing of the card.
    pub fn stopper(&self) -> Stopper {
        Stopper { state: Arc::clone(&self.state) }
    }

    /// What a link returns at its end: the error that [`SharedCard::fail`] was told, to the first that
    /// asks.
    ///
    /// # Errors
    /// That error.
    pub fn outcome(&self) -> Result<(), LinkError> {
        unpoisoned(&self.state.failure).take().map_or(Ok(()), Err)
    }

    /// What the card is.
    ///
    /// # Errors
    /// [`LinkError::Bug`] where a thread died with the card in its hands.
    pub fn describe(&self) -> Result<String, LinkError> {
        Ok(self.card()?.describe())
    }

    fn reset_held(&self, card: &mut C) -> Result<Atr, LinkError> {
        let answer = card.reset();
        let mut power = unpoisoned(&self.state.power);
        power.on = answer.is_ok();
        if let Ok(atr) = &answer {
            power.atr = Some(atr.clone());
        }
        answer
    }

    fn present(&self) -> Result<MutexGuard<'_, C>, LinkError> {
        let card = self.card()?;
        if card.inserted() { Ok(card) } else { Err(LinkError::NoCard(card.describe())) }
    }

    fn card(&self) -> Result<MutexGuard<'_, C>, LinkError> {
        self.card.lock().map_err(|_| LinkError::Bug("a thread died using the card".to_owned()))
    }
}

impl Stopper {
    /// Ends the links.
    pub fn stop(&self) {
        self.state.stop.store(true, Ordering::SeqCst);
    }
}

impl<C> Clone for SharedCard<C> {
    fn clone(&self) -> Self {
        Self { card: Arc::clone(&self.card), state: Arc::clone(&self.state) }
    }
}

/// Errors that end the emulator: a bug, and a state that cannot be kept.
pub(super) fn fatal(error: &LinkError) -> bool {
    matches!(error, LinkError::Bug(_) | LinkError::Storage(_))
}

/// What these mutexes guard is whole at any instant.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
