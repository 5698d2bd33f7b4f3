//! A powered card spoken to in hexadecimal.

use std::fmt;

use emulator::Card;
use emulator::native::settings;

/// A card with power. Every command must get an answer; see [`Chip::attempt`] where it may not.
#[derive(Clone)]
pub struct Chip {
    pub card: Card,
}

/// Data and status word.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    pub data: Vec<u8>,
    pub status: u16,
}

/// Command bytes, or hexadecimal with blanks.
pub trait Bytes {
    fn wire(&self) -> Vec<u8>;
}

impl Chip {
    /// Gives power.
    pub fn new(mut card: Card) -> Self {
        card.power_on().expect("ATR");
        Self { card }
    }

    pub fn reset(&mut self) {
        self.card.power_on().expect("ATR");
    }

    /// `None` where power was lost.
    #[track_caller]
    pub fn attempt(&mut self, command: impl Bytes) -> Option<Answer> {
        let answer = self.card.transmit(&command.wire());
        assert_eq!(self.card.fault(), None, "{}", hex::encode_upper(command.wire()));
        assert!(!self.card.memory().in_transaction(), "memory transaction left open");
        let (data, status) = answer.split_last_chunk::<2>()?;
        Some(Answer { data: data.to_vec(), status: u16::from_be_bytes(*status) })
    }

    #[track_caller]
    pub fn send(&mut self, command: impl Bytes) -> Answer {
        let text = hex::encode_upper(command.wire());
        self.attempt(command).unwrap_or_else(|| panic!("{text}: no answer"))
    }

    /// The whole answer, in hexadecimal.
    #[track_caller]
    pub fn says(&mut self, command: impl Bytes, answer: &str) {
        let text = hex::encode_upper(command.wire());
        let found = self.send(command);
        assert_eq!(format!("{found:?}"), hex::encode_upper(answer.wire()), "{text}");
    }

    /// Data of a 9000.
    #[track_caller]
    pub fn ok(&mut self, command: impl Bytes) -> Vec<u8> {
        let text = hex::encode_upper(command.wire());
        let answer = self.send(command);
        assert_eq!(format!("{:04X}", answer.status), "9000", "{text}");
        answer.data
    }

    /// A status word without data.
    #[track_caller]
    pub fn refuses(&mut self, command: impl Bytes, status: u16) {
        let text = hex::encode_upper(command.wire());
        let answer = self.send(command);
        assert_eq!(format!("{answer:?}"), format!("{status:04X}"), "{text}");
    }

    /// Sets a value of the card from outside, as `--set` does.
    #[track_caller]
    pub fn set(&mut self, key: &str, value: &str) {
        settings::set(self.card.memory_mut(), key, value).expect(key);
    }

    /// A value of the card as its status shows it.
    #[track_caller]
    pub fn shown(&self, key: &str) -> String {
        let status = settings::status(self.card.memory()).expect("status");
        let found = status.into_iter().find(|(known, _)| known == key);
        found.unwrap_or_else(|| panic!("no {key} in the status")).1
    }

    /// Whether the persistent contents are those of `other`.
    pub fn same_memory(&self, other: &Self) -> bool {
        self.card.memory().same_contents(other.card.memory())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:04X}", hex::encode_upper(&self.data), self.status)
    }
}

impl<T: Bytes + ?Sized> Bytes for &T {
    fn wire(&self) -> Vec<u8> {
        (**self).wire()
    }
}

impl Bytes for str {
    fn wire(&self) -> Vec<u8> {
        let plain: String = self.chars().filter(|c| !c.is_whitespace()).collect();
        hex::decode(&plain).unwrap_or_else(|error| panic!("{self}: {error}"))
    }
}

impl Bytes for String {
    fn wire(&self) -> Vec<u8> {
        self.as_str().wire()
    }
}

impl Bytes for [u8] {
    fn wire(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Bytes for Vec<u8> {
    fn wire(&self) -> Vec<u8> {
        self.clone()
    }
}
