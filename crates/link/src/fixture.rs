//! A card that answers from a list, for the tests of the decorators.

use std::collections::VecDeque;

use crate::{Atr, CardTransport, LinkError};

/// Answers from a list and keeps the commands.
pub(crate) struct Scripted {
    answers: VecDeque<Result<Vec<u8>, LinkError>>,
    pub(crate) commands: Vec<Vec<u8>>,
}

impl Scripted {
    pub(crate) fn new(answers: impl IntoIterator<Item = Result<Vec<u8>, LinkError>>) -> Self {
        Self { answers: answers.into_iter().collect(), commands: Vec::new() }
    }
}

impl CardTransport for Scripted {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        Ok(Atr(vec![0x3B, 0x00]))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.commands.push(command.to_vec());
        self.answers.pop_front().unwrap_or(Err(LinkError::Mute))
    }

    fn describe(&self) -> String {
        "script".to_owned()
    }
}

/// Bytes of a hex literal.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}
