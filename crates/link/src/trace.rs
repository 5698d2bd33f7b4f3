//! Tracing: tells a sink what goes over the link. How it is shown is the sink's business.

use std::time::Duration;

use crate::forward::{forward_decorator, forward_exclusive};
use crate::{Atr, CardTransport, LinkError};

/// What happened on the link. Commands may hold PINs: mask before showing.
#[derive(Debug)]
pub enum Event<'a> {
    /// A reset and what it gave.
    Reset {
        /// Answer to reset, or why there was none.
        answer: Result<&'a Atr, &'a LinkError>,
        /// How long it took.
        elapsed: Duration,
    },
    /// Power was taken away.
    PowerOff {
        /// Whether that worked.
        answer: Result<(), &'a LinkError>,
    },
    /// A command and its answer.
    Exchange {
        /// Command as sent.
        command: &'a [u8],
        /// Data and status word, or why there was no answer.
        answer: Result<&'a [u8], &'a LinkError>,
        /// How long it took.
        elapsed: Duration,
    },
}

/// Reports every event of the card below to a sink.
pub struct Traced<T> {
    inner: T,
    clock: Box<dyn FnMut() -> Duration + Send>,
    sink: Box<dyn FnMut(&Event<'_>) + Send>,
}

impl<T: CardTransport> Traced<T> {
    /// `clock` tells the time since any fixed moment; `sink` takes the events.
    pub fn new(
        inner: T,
        clock: impl FnMut() -> Duration + Send + 'static,
        sink: impl FnMut(&Event<'_>) + Send + 'static,
    ) -> Self {
        Self { inner, clock: Box::new(clock), sink: Box::new(sink) }
    }

    /// The card below.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: CardTransport> CardTransport for Traced<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let start = (self.clock)();
        let answer = self.inner.reset();
        let elapsed = (self.clock)().saturating_sub(start);
        (self.sink)(&Event::Reset { answer: answer.as_ref(), elapsed });
        answer
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        let answer = self.inner.power_off();
        (self.sink)(&Event::PowerOff { answer: answer.as_ref().copied() });
        answer
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let start = (self.clock)();
        let answer = self.inner.transmit(command);
        let elapsed = (self.clock)().saturating_sub(start);
        let shown = answer.as_ref().map(Vec::as_slice);
        (self.sink)(&Event::Exchange { command, answer: shown, elapsed });
        answer
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    forward_exclusive!(self => self.inner);
}

forward_decorator!(Traced);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::fixture::Scripted;

    #[test]
    fn every_event_reaches_the_sink_with_its_time() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let mut now = 0;
        let mut card = Traced::new(
            Scripted::new([Ok(vec![0x90, 0x00]), Err(LinkError::Mute)]),
            move || {
                now += 5;
                Duration::from_millis(now)
            },
            move |event| sink.lock().unwrap().push(format!("{event:?}")),
        );
        card.reset().unwrap();
        card.transmit(&[0, 0xA4, 4, 0]).unwrap();
        card.transmit(&[0, 0xB0, 0, 0]).unwrap_err();
        card.power_off().unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "Reset { answer: Ok(3B00), elapsed: 5ms }",
                "Exchange { command: [0, 164, 4, 0], answer: Ok([144, 0]), elapsed: 5ms }",
                "Exchange { command: [0, 176, 0, 0], answer: Err(Mute), elapsed: 5ms }",
                "PowerOff { answer: Ok(()) }",
            ]
        );
    }
}
