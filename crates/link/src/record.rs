//! Recording: writes down what goes over the link, in the format of [`Recording`].
//!
//! [`Recording`]: crate::Recording

use std::io::Write;

use crate::forward::{forward_decorator, forward_exclusive};
use crate::recording::{FAMILY, HEADER};
use crate::{Atr, CardTransport, LinkError, Outcome, Pattern, Secrecy, StepKind};

/// Writes every event of the card below to a recording.
pub struct Recorder<T> {
    inner: T,
    out: Box<dyn Write + Send>,
    secrecy: Secrecy,
    failed: Option<std::io::Error>,
}

impl<T: CardTransport> Recorder<T> {
    /// Records to `out`, with the data of commands that `secrecy` names masked (`**`).
    ///
    /// # Errors
    /// [`LinkError::Io`] when the first line cannot be written.
    pub fn new(
        inner: T,
        out: impl Write + Send + 'static,
        secrecy: Secrecy,
    ) -> Result<Self, LinkError> {
        let mut recorder = Self { inner, out: Box::new(out), secrecy, failed: None };
        recorder.write(&format!("{HEADER}\n"));
        recorder.check()?;
        Ok(recorder)
    }

    /// Writes which family the card is taken for; see [`Recording::family`](crate::Recording::family).
    ///
    /// # Errors
    /// [`LinkError::Io`] when the line cannot be written.
    pub fn of_family(mut self, name: &str, version: &str) -> Result<Self, LinkError> {
        self.write(&format!("{FAMILY}{name} {version}\n"));
        self.check()?;
        Ok(self)
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
        let pattern = Pattern::masked(command, self.secrecy);
        let step = StepKind::Exchange(pattern, Outcome::of(answer.as_ref()));
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
    use crate::fixture::{Scripted, bytes, pins};

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
        drive(&mut Recorder::new(script(), out.clone(), pins).unwrap());
        assert_eq!(
            out.text(),
            "# recording 1\n# ATR 3B00\n> 00A4040000\n< 6F009000\n> 0020000003******\n< 9000\n\
             > 00B0950000\n< mute\n# OFF\n"
        );
    }

    #[test]
    fn what_is_no_secret_to_the_caller_is_written() {
        let out = Shared::default();
        drive(&mut Recorder::new(script(), out.clone(), |_| false).unwrap());
        assert!(out.text().contains("> 0020000003123456\n"));
    }

    #[test]
    fn what_was_recorded_replays() {
        let out = Shared::default();
        drive(&mut Recorder::new(script(), out.clone(), pins).unwrap());
        let mut replay = crate::Replay::parse("test", &out.text(), pins).unwrap();
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
        let mut card = Recorder::new(script(), Full(1), pins).unwrap();
        card.transmit(&bytes("00A4040000")).unwrap();
        let error = card.transmit(&bytes("00A4040000")).unwrap_err();
        assert!(error.to_string().contains("not sent"), "{error}");
        assert_eq!(card.into_inner().commands.len(), 1);
    }
}
