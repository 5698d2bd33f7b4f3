//! The card: power, answer to reset, transmission protocol, dispatch. No I/O.

use std::sync::Arc;

use apdu::{Case, CommandApdu, StatusWord};
use crypto::SeededEntropy;
use link::Atr;
use nvm::{Nvm, NvmError};

use crate::application::{Application, Context, Halt, Reply};
use crate::issue::CardSystem;
use crate::native::{NativeSystem, wrong};
use crate::wrong::{Wrong, WrongError};

/// A virtual card. [`Card::fork`] copies it for the price of a few pointers.
#[derive(Clone)]
pub struct Card {
    system: Arc<CardSystem>,
    memory: Nvm,
    entropy: SeededEntropy,
    native: NativeSystem,
    protocol: Protocol,
    /// Protocol from the next power-on.
    next_protocol: Protocol,
    /// T=0: answer bytes that wait for GET RESPONSE.
    pending: Vec<u8>,
    fault: Option<Arc<CardFault>>,
}

/// Transmission protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Contact, T=0: answers to commands with data are fetched (61xx), wrong Le is 6Cxx.
    T0,
    /// Contact, T=1.
    T1,
    /// Contactless (ISO 14443-4), as a PC/SC reader shows it.
    Contactless,
}

/// A bug in the emulator that the card ran into; it is mute from then on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, while the card executed {command}")]
pub struct CardFault {
    /// What happened.
    pub what: String,
    /// Header of the command.
    pub command: String,
}

impl Card {
    /// A card with its memory, without power.
    pub fn new(
        system: Arc<CardSystem>,
        mut memory: Nvm,
        entropy: SeededEntropy,
        protocol: Protocol,
    ) -> Self {
        memory.power_off();
        let native = NativeSystem::new(system.clone());
        let pending = Vec::new();
        let next_protocol = protocol;
        Self { system, memory, entropy, native, protocol, next_protocol, pending, fault: None }
    }

    /// Copies the card with everything it holds and is in the middle of.
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// Gives power, or resets a card that has it. The answer to reset; `None` where power is lost
    /// again while the memory recovers, or the card has a fault.
    pub fn power_on(&mut self) -> Option<Atr> {
        self.power_off();
        self.protocol = self.next_protocol;
        if self.fault.is_some() {
            return None;
        }
        self.start().map_err(|error| self.stop(error.into(), "power-on")).ok()?;
        self.native.reset(&self.memory);
        Some(self.atr())
    }

    fn start(&mut self) -> Result<(), NvmError> {
        self.memory.power_on()?;
        wrong::after_reset(&self.system, &mut self.memory)
    }

    /// Takes power away.
    pub fn power_off(&mut self) {
        self.pending.clear();
        self.memory.power_off();
    }

    /// Whether it has power.
    pub fn powered(&self) -> bool {
        self.memory.powered()
    }

    /// The answer to reset for the protocol in use.
    pub fn atr(&self) -> Atr {
        let historical = &self.system.profile.chip.historical;
        // A profile has 15 at most.
        let count = historical.len() as u8;
        let head: &[u8] = match self.protocol {
            Protocol::T0 => &[0x3B, count],
            Protocol::T1 => &[0x3B, 0x80 | count, 0x01],
            Protocol::Contactless => &[0x3B, 0x80 | count, 0x80, 0x01],
        };
        let mut out = [head, historical].concat();
        if self.protocol != Protocol::T0 {
            // TCK covers everything after TS.
            out.push(out.iter().skip(1).fold(0, |check, byte| check ^ byte));
        }
        Atr(out)
    }

    /// The answer to select of the contactless side (ATS).
    pub fn ats(&self) -> &[u8] {
        &self.system.profile.chip.ats
    }

    /// Executes a command. An empty answer is no answer: the card has no power, lost it, or ran
    /// into a bug ([`Self::fault`]).
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if !self.powered() {
            return Vec::new();
        }
        let command = CommandApdu::new(command);
        if let Some(answer) = self.get_response(&command) {
            return answer;
        }
        self.pending.clear();
        let position = self.native.position();
        let mut context = Context {
            memory: &mut self.memory,
            entropy: &mut self.entropy,
            protocol: self.protocol,
        };
        match self.native.process(&mut context, &command) {
            Ok(reply) => match self.right_le(&command, &reply) {
                // The command is sent again: NEXT must not go on twice.
                Some(le) => {
                    self.native.return_to(position);
                    le.bytes().to_vec()
                }
                None => self.answer(&command, reply),
            },
            Err(Halt::Status(status)) => status.bytes().to_vec(),
            Err(halt) => self.stop(halt, &format!("{command:?}")),
        }
    }

    /// The bug the card ran into, if any.
    pub fn fault(&self) -> Option<&CardFault> {
        self.fault.as_deref()
    }

    /// What the card shares with others of its profile.
    pub fn system(&self) -> &Arc<CardSystem> {
        &self.system
    }

    /// Makes a card wrong that is made already; it loses power.
    ///
    /// # Errors
    /// A wrong card that has to be wrong from its making, or is none of this card's profile.
    pub fn go_wrong(&mut self, wrong: Wrong) -> Result<(), WrongError> {
        wrong.check_made()?;
        self.power_off();
        self.system = CardSystem::wrong(self.system.profile.clone(), wrong)?;
        self.native = NativeSystem::new(self.system.clone());
        Ok(())
    }

    /// The memory, to look at.
    pub fn memory(&self) -> &Nvm {
        &self.memory
    }

    /// The memory, to tear and to set up.
    pub fn memory_mut(&mut self) -> &mut Nvm {
        &mut self.memory
    }

    /// Seed and position of the card's randomness.
    pub fn entropy_position(&self) -> (u64, u64) {
        self.entropy.position()
    }

    /// Which transaction is running, in one word.
    pub fn transaction_name(&self) -> &'static str {
        self.native.transaction_name()
    }

    /// Uses another protocol from the next power-on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.next_protocol = protocol;
        if !self.powered() {
            self.protocol = protocol;
        }
    }

    /// T=0: the Le that should have been asked for, where it was another.
    fn right_le(&self, command: &CommandApdu<'_>, reply: &Reply) -> Option<StatusWord> {
        let length = reply.data.len();
        match command.case() {
            Case::Answer { ne, .. } if self.protocol == Protocol::T0 && !reply.data.is_empty() => {
                (ne as usize != length).then(|| StatusWord::right_le(length))
            }
            _ => None,
        }
    }

    /// T=0 keeps the answer data of a command with data back; T=1 and contactless send it. A
    /// warning takes the place of 61xx.
    fn answer(&mut self, command: &CommandApdu<'_>, mut reply: Reply) -> Vec<u8> {
        let sent_at_once = matches!(command.case(), Case::Answer { .. });
        if self.protocol == Protocol::T0 && !reply.data.is_empty() && !sent_at_once {
            let waits = StatusWord::more(reply.data.len());
            self.pending = reply.data;
            return if reply.status.is_ok() { waits } else { reply.status }.bytes().to_vec();
        }
        reply.data.extend_from_slice(&reply.status.bytes());
        reply.data
    }

    /// GET RESPONSE belongs to the transport: it touches no state of the applications.
    fn get_response(&mut self, command: &CommandApdu<'_>) -> Option<Vec<u8>> {
        const GET_RESPONSE: u8 = 0xC0;
        let Case::Answer { ne, .. } = command.case() else { return None };
        let wanted = ne as usize;
        if command.ins() != GET_RESPONSE || command.cla() & 0x7F != 0 || self.pending.is_empty() {
            return None;
        }
        let length = self.pending.len();
        if wanted > length && wanted != 0x100 {
            return Some(StatusWord::right_le(length).bytes().to_vec());
        }
        let rest = self.pending.split_off(wanted.min(length));
        let mut out = std::mem::replace(&mut self.pending, rest);
        let status = match self.pending.len() {
            0 => StatusWord::OK,
            more => StatusWord::more(more),
        };
        out.extend_from_slice(&status.bytes());
        Some(out)
    }

    /// The silence of a card that was stopped: it lost its power, or ran into a bug, which costs it
    /// the power for good.
    fn stop(&mut self, halt: Halt, command: &str) -> Vec<u8> {
        self.power_off();
        if let Halt::Bug(what) = halt {
            self.fault = Some(Arc::new(CardFault { what, command: command.to_owned() }));
        }
        Vec::new()
    }
}
