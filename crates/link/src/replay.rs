//! Replay: a recording as a card.

use crate::{
    Atr, CardTransport, LinkError, Outcome, Pattern, Recording, RecordingError, Secrecy, Step,
    StepKind,
};

/// Answers from a recording, in its order; a command that differs is an error naming the line.
pub struct Replay {
    name: String,
    steps: Vec<Step>,
    at: usize,
    secrecy: Secrecy,
}

impl Replay {
    /// A card of `recording`; `name` is its file, for errors, which do not tell the data of commands
    /// that `secrecy` names.
    pub fn new(name: &str, recording: Recording, secrecy: Secrecy) -> Self {
        Self { name: name.to_owned(), steps: recording.steps, at: 0, secrecy }
    }

    /// A card of the recording in `text`.
    ///
    /// # Errors
    /// [`RecordingError`].
    pub fn parse(name: &str, text: &str, secrecy: Secrecy) -> Result<Self, RecordingError> {
        Ok(Self::new(name, Recording::parse(text)?, secrecy))
    }

    /// Whether the recording begins with the card being powered up.
    pub fn begins_with_reset(&self) -> bool {
        matches!(self.steps.first(), Some(Step { kind: StepKind::Reset(_), .. }))
    }

    /// Steps that were not played yet.
    pub fn remaining(&self) -> usize {
        self.steps.len().saturating_sub(self.at)
    }

    /// Plays the next step, if `fits` it.
    fn play(
        &mut self,
        came: impl FnOnce() -> String,
        fits: impl FnOnce(&StepKind) -> Option<&Outcome>,
    ) -> Result<Vec<u8>, LinkError> {
        let Some(step) = self.steps.get(self.at) else {
            return Err(LinkError::Protocol(format!(
                "{}: the recording is at its end, and {} came; record a longer session",
                self.name,
                came()
            )));
        };
        let Some(outcome) = fits(&step.kind) else {
            return Err(LinkError::Protocol(format!(
                "{}, line {}: the recording goes on with {}, and {} came; \
                 send what was recorded or record anew",
                self.name,
                step.line,
                expected(&step.kind, self.secrecy),
                came()
            )));
        };
        self.at += 1;
        outcome.result(&self.name)
    }
}

impl CardTransport for Replay {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let fits = |kind: &StepKind| matches!(kind, StepKind::Reset(_));
        // A power-off that is followed by a reset is part of it for whoever powers up.
        if let Some(Step { kind: StepKind::PowerOff, .. }) = self.steps.get(self.at)
            && self.steps.get(self.at + 1).is_some_and(|step| fits(&step.kind))
        {
            self.at += 1;
        }
        self.play(
            || "a reset".to_owned(),
            |kind| match kind {
                StepKind::Reset(outcome) => Some(outcome),
                _ => None,
            },
        )
        .map(Atr)
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        if let Some(Step { kind: StepKind::PowerOff, .. }) = self.steps.get(self.at) {
            self.at += 1;
        }
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let secrecy = self.secrecy;
        self.play(
            || Pattern::masked(command, secrecy).to_string(),
            |kind| match kind {
                StepKind::Exchange(pattern, outcome) if pattern.matches(command) => Some(outcome),
                _ => None,
            },
        )
    }

    fn describe(&self) -> String {
        format!("recording {}", self.name)
    }
}

fn expected(kind: &StepKind, secrecy: Secrecy) -> String {
    match kind {
        StepKind::Reset(_) => "a reset".to_owned(),
        StepKind::PowerOff => "a power-off".to_owned(),
        StepKind::Exchange(command, _) => command.clone().hiding(secrecy).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{bytes, pins};

    const SESSION: &str = "# recording 1\n# made by hand\n# ATR 3B00\n\n> 00 84 00 00 04\n\
                           < 01020304 9000\n> 0020000003 **34 **\n< 63C2\n# OFF\n";

    #[test]
    fn commands_are_answered_in_order_and_masked_bytes_match_any() {
        let mut card = Replay::parse("a.rec", SESSION, pins).unwrap();
        assert_eq!(card.reset().unwrap().to_string(), "3B00");
        assert_eq!(card.transmit(&bytes("0084000004")).unwrap(), bytes("010203049000"));
        assert_eq!(card.transmit(&bytes("0020000003993455")).unwrap(), bytes("63C2"));
        card.power_off().unwrap();
        assert_eq!(card.remaining(), 0);
    }

    #[test]
    fn a_different_command_is_refused_with_its_line_and_does_not_advance() {
        let mut card = Replay::parse("a.rec", SESSION, pins).unwrap();
        let error = card.transmit(&bytes("0084000004")).unwrap_err().to_string();
        assert!(error.contains("a.rec, line 3") && error.contains("a reset"), "{error}");
        card.reset().unwrap();
        let error = card.transmit(&bytes("0084000008")).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("0084000004"), "{error}");
        card.transmit(&bytes("0084000004")).unwrap();
    }

    #[test]
    fn an_error_tells_no_secret() {
        let mut card = Replay::parse("a.rec", "> 0020000003998877\n< 9000", pins).unwrap();
        let error = card.transmit(&bytes("0020000004123456")).unwrap_err().to_string();
        assert!(error.contains("0020000003******"), "{error}");
        assert!(error.contains("00200000********"), "{error}");
    }

    #[test]
    fn the_end_of_the_recording_is_said() {
        let mut card = Replay::parse("a.rec", "# ATR 3B00", pins).unwrap();
        card.reset().unwrap();
        let error = card.transmit(&bytes("0084000004")).unwrap_err().to_string();
        assert!(error.contains("at its end"), "{error}");
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line, word) in [
            ("# recording 2", 1, "newer"),
            ("# ATR 3B0", 1, "half a byte"),
            ("\n> 00A4\n> 00A4", 3, "a second command"),
            ("> 00A4", 1, "no answer"),
            ("< 9000", 1, "without command"),
            ("> 00A4\n< **00", 2, "not of an answer"),
            ("> 00A4\n< 90zz", 2, "not hex"),
            ("hello", 1, "lines start with"),
        ] {
            let error = Recording::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.problem.contains(word), "{error}");
        }
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Outcome::Bytes),
            Just(Outcome::Mute),
            Just(Outcome::NoCard),
            "[a-z]([a-z ]{0,9}[a-z])?".prop_map(Outcome::Failed),
        ]
    }

    fn kind() -> impl Strategy<Value = StepKind> {
        let pattern = proptest::collection::vec(any::<Option<u8>>(), 0..20).prop_map(Pattern);
        prop_oneof![
            outcome().prop_map(StepKind::Reset),
            Just(StepKind::PowerOff),
            (pattern, outcome()).prop_map(|(command, answer)| StepKind::Exchange(command, answer)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(kinds in proptest::collection::vec(kind(), 0..12)) {
            let steps = kinds.iter().cloned().map(|kind| Step { line: 0, kind }).collect();
            let text = Recording { steps }.to_string();
            let read = Recording::parse(&text).unwrap();
            prop_assert_eq!(read.steps.into_iter().map(|step| step.kind).collect::<Vec<_>>(), kinds);
        }

        #[test]
        fn no_text_panics(text in "[#><ATROF0-9a-f* \n]{0,80}") {
            let _ = Recording::parse(&text);
        }
    }
}
