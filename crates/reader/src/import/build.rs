//! A recording in the making.

use super::LogFormat;
use link::{Outcome, Pattern, Recording, RecordingError, Secrecy, Step, StepKind};

/// Puts steps together in the order of a log.
pub(super) struct Builder {
    steps: Vec<Step>,
    /// A command that has no answer yet, and its line.
    open: Option<(usize, Vec<u8>)>,
    secrecy: Secrecy,
}

impl Builder {
    pub(super) fn new(secrecy: Secrecy) -> Self {
        Self { steps: Vec::new(), open: None, secrecy }
    }

    /// The card was reset, or connected to for the first time; an empty ATR is one that the log does
    /// not tell.
    pub(super) fn reset(&mut self, line: usize, atr: Vec<u8>) {
        self.close();
        self.steps.push(Step { line, kind: StepKind::Reset(Outcome::Bytes(atr)) });
    }

    pub(super) fn power_off(&mut self, line: usize) {
        self.close();
        self.steps.push(Step { line, kind: StepKind::PowerOff });
    }

    /// A command. One before it that was not answered was silent.
    pub(super) fn command(&mut self, line: usize, command: Vec<u8>) {
        self.close();
        self.open = Some((line, command));
    }

    /// Whether a command waits for its answer.
    pub(super) fn waiting(&self) -> bool {
        self.open.is_some()
    }

    /// Whether nothing has happened yet.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.open.is_none()
    }

    /// The answer to the last command; an empty one is silence.
    pub(super) fn answer(&mut self, line: usize, answer: Outcome) -> Result<(), RecordingError> {
        let (at, command) = self.open.take().ok_or_else(|| RecordingError {
            line,
            problem: "an answer without its command before it".to_owned(),
        })?;
        let answer = match answer {
            Outcome::Bytes(bytes) if bytes.is_empty() => Outcome::Mute,
            Outcome::Bytes(bytes) if bytes.len() == 1 => {
                let problem = "an answer of one byte, where SW1 SW2 are due; is the line cut off?";
                return Err(RecordingError { line, problem: problem.to_owned() });
            }
            other => other,
        };
        self.exchange(at, &command, answer);
        Ok(())
    }

    pub(super) fn finish(mut self, format: LogFormat) -> Result<Recording, RecordingError> {
        self.close();
        let exchange = |step: &Step| matches!(step.kind, StepKind::Exchange(..));
        if !self.steps.iter().any(exchange) {
            let problem = format!(
                "no command and answer was found; is this a {format} log? --from names another"
            );
            return Err(RecordingError { line: 1, problem });
        }
        if !matches!(self.steps.first(), Some(Step { kind: StepKind::Reset(_), .. })) {
            let kind = StepKind::Reset(Outcome::Bytes(Vec::new()));
            self.steps.insert(0, Step { line: 1, kind });
        }
        Ok(Recording { steps: self.steps })
    }

    fn close(&mut self) {
        if let Some((line, command)) = self.open.take() {
            self.exchange(line, &command, Outcome::Mute);
        }
    }

    fn exchange(&mut self, line: usize, command: &[u8], answer: Outcome) {
        let command = Pattern::masked(command, self.secrecy);
        self.steps.push(Step { line, kind: StepKind::Exchange(command, answer) });
    }
}

/// What the words of a failure mean, where a log has them in place of an answer.
pub(super) fn failure(words: &str) -> Outcome {
    /// How a card that went away in the middle looks like to those who log it.
    const GONE: [&str; 8] = [
        "removed_card",
        "not_transacted",
        "unpowered_card",
        "unresponsive_card",
        "comm_error",
        "no_smartcard",
        "card removed",
        "unknown data received",
    ];
    let lower = words.to_ascii_lowercase();
    match GONE.iter().any(|sign| lower.contains(sign)) {
        true => Outcome::Mute,
        false => Outcome::Failed(words.trim().to_owned()),
    }
}
