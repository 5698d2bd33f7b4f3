//! A card that answers from a list, for the tests of the decorators.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::{Atr, CardTransport, LinkError};

/// Answers from a list and keeps the commands, and the beginnings and ends of exclusive scopes.
pub(crate) struct Scripted {
    answers: VecDeque<Result<Vec<u8>, LinkError>>,
    pub(crate) commands: Vec<Vec<u8>>,
    pub(crate) scopes: Arc<Mutex<Vec<&'static str>>>,
}

impl Scripted {
    pub(crate) fn new(answers: impl IntoIterator<Item = Result<Vec<u8>, LinkError>>) -> Self {
        let answers = answers.into_iter().collect();
        Self { answers, commands: Vec::new(), scopes: Arc::default() }
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

    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        self.scopes.lock().unwrap().push("begin");
        Ok(())
    }

    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        self.scopes.lock().unwrap().push("end");
        Ok(())
    }
}

/// Bytes of a hex literal.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// The PIN of VERIFY is a secret.
pub(crate) fn pins(ins: u8) -> bool {
    ins == 0x20
}
