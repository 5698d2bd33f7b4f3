//! Recording: writes down what goes over the link, in the format of [`Recording`].
//!
//! [`Recording`]: crate::Recording

use std::io::Write;

use crate::forward::{forward_decorator, forward_exclusive};
use crate::recording::HEADER;
use crate::{Atr, CardTransport, LinkError, Outcome, Pattern, StepKind};

/// Writes every event of the card below to a recording.
///
/// What carries a PIN is masked; see [`Recorder::with_secrets`].
pub struct Recorder<T> {
    inner: T,
    out: Box<dyn Write + Send>,
    secrets: Secrets,
    failed: Option<std::io::Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Masked,
    Written,
}

impl<T: CardTransport> Recorder<T> {
    /// Records to `out`, with the data of PIN commands masked (`**`).
    ///
    /// # Errors
    /// [`LinkError::Io`] when the first line cannot be written.
    pub fn new(inner: T, out: impl Write + Send + 'static) -> Result<Self, LinkError> {
        Self::start(inner, Box::new(out), Secrets::Masked)
    }

    /// Records every byte, PINs too.
    ///
    /// # Errors
    /// [`LinkError::Io`] when the first line cannot be written.
    pub fn with_secrets(inner: T, out: impl Write + Send + 'static) -> Result<Self, LinkError> {
        Self::start(inner, Box::new(out), Secrets::Written)
    }

    fn start(inner: T, out: Box<dyn Write + Send>, secrets: Secrets) -> Result<Self, LinkError> {
        let mut recorder = Self { inner, out, secrets, failed: None };
        recorder.write(&format!("{HEADER}\n"));
        recorder.check()?;
        Ok(recorder)
    }

    /// The card below.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// A failure is kept for the next call: the answer at hand is worth more than its record.
    fn write(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        if self.failed.is_none() {
            self.failed = written.err();
        }
    }

    fn check(&mut self) -> Result<(), LinkError> {
        match self.failed.take() {
            None => Ok(()),
            Some(source) => Err(LinkError::Io {
                what: "writing the recording (the command was not sent)".to_owned(),
                source,
            }),
        }
    }

    fn pattern(&self, command: &[u8]) -> Pattern {
        match self.secrets {
            Secrets::Masked => Pattern::masked(command),
            Secrets::Written => Pattern::whole(command),
        }
    }
}

impl<T: CardTransport> CardTransport for Recorder<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.check()?;
        let answer = self.inner.reset();
        let outcome = Outcome::of(answer.as_ref().map(|atr| &atr.0));
        self.write(&StepKind::Reset(outcome).to_string());
        answer
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inner.power_off()?;
        self.write(&StepKind::PowerOff.to_string());
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.check()?;
        let answer = self.inner.transmit(command);
        let step = StepKind::Exchange(self.pattern(command), Outcome::of(answer.as_ref()));
        self.write(&step.to_string());
        answer
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    forward_exclusive!(self => self.inner);
}

forward_decorator!(Recorder);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::fixture::{Scripted, bytes};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Shared {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn script() -> Scripted {
        Scripted::new([Ok(bytes("6F009000")), Ok(bytes("9000")), Err(LinkError::Mute)])
    }

    fn drive(card: &mut impl CardTransport) {
        card.reset().unwrap();
        card.transmit(&bytes("00A4040000")).unwrap();
        card.transmit(&bytes("0020000003123456")).unwrap();
        card.transmit(&bytes("00B0950000")).unwrap_err();
        card.power_off().unwrap();
    }

    #[test]
    fn a_session_is_written_line_by_line_with_the_pin_masked() {
        let out = Shared::default();
        drive(&mut Recorder::new(script(), out.clone()).unwrap());
        assert_eq!(
            out.text(),
            "# recording 1\n# ATR 3B00\n> 00A4040000\n< 6F009000\n> 0020000003******\n< 9000\n\
             > 00B0950000\n< mute\n# OFF\n"
        );
    }

    #[test]
    fn secrets_are_written_when_asked_for() {
        let out = Shared::default();
        drive(&mut Recorder::with_secrets(script(), out.clone()).unwrap());
        assert!(out.text().contains("> 0020000003123456\n"));
    }

    #[test]
    fn what_was_recorded_replays() {
        let out = Shared::default();
        drive(&mut Recorder::new(script(), out.clone()).unwrap());
        let mut replay = crate::Replay::parse("test", &out.text()).unwrap();
        drive(&mut replay);
        assert_eq!(replay.remaining(), 0);
    }

    #[test]
    fn a_full_disk_stops_the_next_command_and_loses_no_answer() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut card = Recorder::new(script(), Full(1)).unwrap();
        card.transmit(&bytes("00A4040000")).unwrap();
        let error = card.transmit(&bytes("00A4040000")).unwrap_err();
        assert!(error.to_string().contains("not sent"), "{error}");
        assert_eq!(card.into_inner().commands.len(), 1);
    }
}
