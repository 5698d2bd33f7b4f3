//! A session with a card whose answers are written down and never judged.

use std::sync::Arc;

use applet_spec::{KeyKind, Profile, PurseKind};
use emulator::Card;

use crate::common::{Answer, Begun, Bench, Bytes, Chip, Init, Kind, Step, spoilt};

/// Step and answer.
pub type Line = (String, String);

/// A card, and what it answered.
pub struct Script<'b> {
    bench: Option<&'b Bench>,
    pub profile: Arc<Profile>,
    pub chip: Chip,
    pub lines: Vec<Line>,
}

pub const EP: PurseKind = PurseKind::Purse;
pub const ED: PurseKind = PurseKind::Deposit;
pub const MAINTENANCE: KeyKind = KeyKind::Maintenance;

impl<'b> Script<'b> {
    pub fn new(bench: Option<&'b Bench>, profile: Arc<Profile>, card: Card) -> Self {
        Self { bench, profile, chip: Chip::new(card), lines: Vec::new() }
    }

    /// The other side of a purse card.
    pub fn bench(&self) -> &'b Bench {
        self.bench.expect("a purse card")
    }

    /// Sends a command and writes down what comes.
    pub fn say(&mut self, step: &str, command: impl Bytes) -> Answer {
        let answer = self.quietly(command);
        self.lines.push((step.to_owned(), format!("{answer:?}")));
        answer
    }

    /// Sends a command.
    pub fn quietly(&mut self, command: impl Bytes) -> Answer {
        self.chip.attempt(command).unwrap_or(Answer { data: Vec::new(), status: 0 })
    }

    pub fn has(&self, purse: PurseKind) -> bool {
        self.bench().purses().contains(&purse)
    }

    pub fn select(&mut self) {
        self.quietly(self.bench().select());
    }

    pub fn verify(&mut self) {
        self.quietly("0020 0000 03 123456");
    }

    /// Application selected, PIN verified, 100.00 in each purse.
    pub fn open(&mut self) {
        for (purse, key) in [(ED, "ed.balance"), (EP, "ep.balance")] {
            if self.has(purse) {
                self.chip.set(key, "100.00");
            }
        }
        self.select();
        self.verify();
    }

    /// First step. A card that refuses it leaves a transaction that is none.
    pub fn begin(&mut self, step: &str, init: Init) -> Begun {
        let answer = self.say(step, init.apdu());
        begun(init, &answer.data)
    }

    /// Second step with everything right.
    pub fn finish(&mut self, step: &str, begun: &Begun) -> Answer {
        let Step { command, .. } = self.bench().step(begun);
        self.say(step, command)
    }

    /// Second step with a wrong MAC.
    pub fn finish_wrongly(&mut self, step: &str, begun: &Begun) -> Answer {
        let command = self.bench().step(begun).with_wrong_mac();
        self.say(step, command)
    }

    /// Both steps; a compound purchase caches its records in between.
    pub fn transact(&mut self, step: &str, init: Init) -> Begun {
        let begun = self.begin(&format!("{step}, initialize"), init);
        if init.kind == Kind::Capp {
            for (at, command) in self.bench().cache(init.amount as u8).iter().enumerate() {
                self.say(&format!("{step}, record {}", at + 1), command);
            }
        }
        self.finish(&format!("{step}, debit or credit"), &begun);
        begun
    }

    /// A command with a right MAC under a fresh challenge.
    pub fn secured(&mut self, step: &str, header: &str, data: &[u8], key: KeyKind) -> Answer {
        let command = self.secured_command(header, data, key);
        self.say(step, command)
    }

    /// The same with a wrong MAC.
    pub fn secured_wrongly(&mut self, step: &str, header: &str, key: KeyKind) -> Answer {
        let command = spoilt(self.secured_command(header, &[], key));
        self.say(step, command)
    }

    pub fn secured_command(&mut self, header: &str, data: &[u8], key: KeyKind) -> Vec<u8> {
        let challenge = self.quietly("0084000004").data;
        self.secured_with(&challenge, header, data, key)
    }

    pub fn secured_with(
        &self,
        challenge: &[u8],
        header: &str,
        data: &[u8],
        key: KeyKind,
    ) -> Vec<u8> {
        let keys = &self.bench().keys;
        let index = keys.first_index(key).unwrap();
        self.bench().secured_with(challenge, header, data, keys.key(key, index).unwrap())
    }

    /// Balance of the purse.
    pub fn look(&mut self, step: &str) {
        self.say(step, "805C 0002 04");
    }
}

/// What an answer to the first step says, as far as it goes.
pub fn begun(init: Init, data: &[u8]) -> Begun {
    let byte = |at: usize| data.get(at).copied().unwrap_or_default();
    let has_limit = !matches!(init.kind, Kind::Load | Kind::Unload);
    let at = if has_limit { 9 } else { 6 };
    let limit = u32::from_be_bytes([0, byte(6), byte(7), byte(8)]);
    Begun {
        init,
        balance: u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)]),
        serial: u16::from_be_bytes([byte(4), byte(5)]),
        limit: if has_limit { limit } else { 0 },
        random: [byte(at + 2), byte(at + 3), byte(at + 4), byte(at + 5)],
        terminal_serial: [0x0A, 0x0B, 0x0C, 0x0D],
        code: None,
    }
}
