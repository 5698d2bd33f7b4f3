//! Delay: a card that takes its time, as real ones do.

use std::collections::BTreeMap;
use std::time::Duration;

use apdu::CommandApdu;

use crate::forward::{forward_decorator, forward_exclusive};
use crate::{Atr, CardTransport, LinkError};

/// Holds every answer back for a while; the sleeping is done by a function that is passed in.
pub struct Delay<T> {
    inner: T,
    sleep: Box<dyn FnMut(Duration) + Send>,
    any: Duration,
    instructions: BTreeMap<u8, Duration>,
}

impl<T: CardTransport> Delay<T> {
    /// Delays nothing yet. `sleep` is `std::thread::sleep` where time is real.
    pub fn new(inner: T, sleep: impl FnMut(Duration) + Send + 'static) -> Self {
        let instructions = BTreeMap::new();
        Self { inner, sleep: Box::new(sleep), any: Duration::ZERO, instructions }
    }

    /// Delays the reset and every command by `duration`.
    #[must_use]
    pub fn any(mut self, duration: Duration) -> Self {
        self.any = duration;
        self
    }

    /// Delays commands with instruction `ins` by `duration` instead.
    #[must_use]
    pub fn instruction(mut self, ins: u8, duration: Duration) -> Self {
        self.instructions.insert(ins, duration);
        self
    }

    /// The card below.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn wait(&mut self, duration: Duration) {
        if !duration.is_zero() {
            (self.sleep)(duration);
        }
    }
}

impl<T: CardTransport> CardTransport for Delay<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let answer = self.inner.reset();
        self.wait(self.any);
        answer
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inner.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let answer = self.inner.transmit(command);
        let ins = CommandApdu::new(command).ins();
        self.wait(self.instructions.get(&ins).copied().unwrap_or(self.any));
        answer
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    forward_exclusive!(self => self.inner);
}

forward_decorator!(Delay);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::fixture::Scripted;

    #[test]
    fn an_instruction_s_own_delay_replaces_the_general_one() {
        let slept = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&slept);
        let ok = || Ok(vec![0x90, 0x00]);
        let mut card = Delay::new(Scripted::new([ok(), ok(), ok()]), move |time| {
            log.lock().unwrap().push(time.as_millis());
        })
        .any(Duration::from_millis(3))
        .instruction(0x54, Duration::from_millis(40))
        .instruction(0xB0, Duration::ZERO);
        card.reset().unwrap();
        for ins in [0xA4, 0x54, 0xB0] {
            card.transmit(&[0x80, ins, 0, 0]).unwrap();
        }
        assert_eq!(*slept.lock().unwrap(), [3, 3, 40]);
    }
}
