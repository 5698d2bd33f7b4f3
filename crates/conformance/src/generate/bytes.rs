//! Command bytes and steps.

use apdu::StatusWord;
use applet_spec::{CommandSpec, Lengths, Pattern};

use crate::text::{spaced, text};
use crate::{Action, Expect, Send, StatusPattern, Step, Value};

/// A command as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) class: u8,
    pub(super) ins: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    /// At most 255 bytes.
    pub(super) data: Vec<u8>,
    /// 256 is sent as 00.
    pub(super) le: Option<u16>,
}

impl Bytes {
    /// The shortest form of a command that its entry in the catalogue allows: data of zeros.
    pub(super) fn of(spec: &CommandSpec) -> Self {
        Self {
            class: spec.cla.first().copied().unwrap_or_default(),
            ins: spec.ins,
            p1: first(&spec.p1),
            p2: first(&spec.p2),
            data: vec![0; shortest(&spec.lc)],
            le: spec.le,
        }
    }

    pub(super) fn with_class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    pub(super) fn with_parameters(self, p1: u8, p2: u8) -> Self {
        Self { p1, p2, ..self }
    }

    pub(super) fn with_data(self, data: impl Into<Vec<u8>>) -> Self {
        Self { data: data.into(), ..self }
    }

    pub(super) fn with_le(self, le: Option<u16>) -> Self {
        Self { le, ..self }
    }

    /// The step that sends it and expects `status`.
    pub(super) fn answers(&self, status: StatusWord) -> Step {
        self.step().expecting([StatusPattern::exactly(status)])
    }

    /// The step that sends it and expects 9000.
    pub(super) fn step(&self) -> Step {
        Step::new(Action::Raw(Value::literal(self.text())))
    }

    fn text(&self) -> String {
        let mut bytes = vec![self.class, self.ins, self.p1, self.p2];
        if !self.data.is_empty() {
            bytes.push(self.data.len() as u8);
            bytes.extend(&self.data);
        }
        bytes.extend(self.le.map(|le| (le & 0xFF) as u8));
        spaced(&bytes)
    }
}

/// What steps here say beside what they do.
pub(super) trait StepWords: Sized {
    /// These status words, one of which must come.
    fn expecting(self, status: impl IntoIterator<Item = StatusPattern>) -> Self;
    /// Bytes of answer data.
    fn of_length(self, length: u16) -> Self;
    /// For the report.
    fn noted(self, en: impl Into<String>, zh: impl Into<String>) -> Self;
}

impl StepWords for Step {
    fn expecting(mut self, status: impl IntoIterator<Item = StatusPattern>) -> Self {
        self.expect = Expect { status: status.into_iter().collect(), ..self.expect };
        self
    }

    fn of_length(mut self, length: u16) -> Self {
        self.expect.length = Some(length);
        self
    }

    fn noted(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.note = Some(text(en, zh));
        self
    }
}

/// The step that sends a command of the catalogue and expects 9000.
pub(super) fn sent(send: Send) -> Step {
    Step::new(Action::Send(Box::new(send)))
}

/// The status word that a profile names.
pub(super) fn profiles(field: &str) -> StatusPattern {
    StatusPattern::Profile(field.to_owned())
}

fn first(pattern: &Pattern) -> u8 {
    (0..=0xFF).find(|value| pattern.matches(*value)).unwrap_or_default()
}

fn shortest(lengths: &Lengths) -> usize {
    (0..=0xFF).find(|length| lengths.allows(*length)).unwrap_or_default()
}
