//! The other side of every transaction, written from the fact sheet.
//!
//! Every command, session key input and MAC input is put together here byte by byte; nothing of the
//! command layer (`purse`) or of the flows (`terminal`) is used, only the ciphers of `crypto`.

use applet_spec::{KeyKind, PurseKind, Rules};
use crypto::{Key, Mac, SessionKey, Suite, secure_messaging_mac};

use super::{Bench, Chip};

pub const TERMINAL: [u8; 6] = [0x01, 0x10, 0x00, 0x00, 0x00, 0x01];
pub const DATE: [u8; 4] = [0x20, 0x26, 0x11, 0x22];
pub const TIME: [u8; 3] = [0x12, 0x34, 0x56];

/// A two-step transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Load,
    Purchase,
    Cash,
    Capp,
    Unload,
    Update,
}

/// First step: INITIALIZE FOR ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Init {
    pub kind: Kind,
    pub purse: PurseKind,
    pub key: u8,
    /// For an overdraft update the new limit, which only the second step says.
    pub amount: u32,
    pub terminal: [u8; 6],
}

/// What the card answered to the first step, and what the second one may add.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    pub init: Init,
    pub balance: u32,
    pub serial: u16,
    pub limit: u32,
    pub random: [u8; 4],
    pub terminal_serial: [u8; 4],
    /// Identification code that MAC1 covers.
    pub code: Option<[u8; 9]>,
}

/// The second step, and what a card must answer.
#[derive(Clone, Debug)]
pub struct Step {
    pub command: Vec<u8>,
    /// Answer data.
    pub answer: Vec<u8>,
    /// MAC and TAC as GET TRANSACTION PROOF tells them later.
    pub proof: Vec<u8>,
    pub balance_after: u32,
    /// The log record without its serial.
    pub log: Vec<u8>,
}

impl Init {
    pub fn new(kind: Kind, purse: PurseKind, amount: u32) -> Self {
        Self { kind, purse, key: 1, amount, terminal: TERMINAL }
    }

    /// Type byte in MACs, TAC, log and proof.
    pub fn type_byte(&self) -> u8 {
        match (self.kind, self.purse) {
            (Kind::Load, PurseKind::Deposit) => 0x01,
            (Kind::Load, PurseKind::Purse) => 0x02,
            (Kind::Unload, _) => 0x03,
            (Kind::Cash, _) => 0x04,
            (Kind::Purchase, PurseKind::Deposit) => 0x05,
            (Kind::Purchase, PurseKind::Purse) => 0x06,
            (Kind::Update, _) => 0x07,
            (Kind::Capp, _) => 0x09,
        }
    }

    /// Whether the online serial and the issuer are concerned.
    pub fn online(&self) -> bool {
        matches!(self.kind, Kind::Load | Kind::Unload | Kind::Update)
    }

    /// Length of the answer to the first step.
    pub fn answer_length(&self) -> u8 {
        match self.kind {
            Kind::Load | Kind::Unload => 0x10,
            Kind::Purchase | Kind::Cash | Kind::Capp => 0x0F,
            Kind::Update => 0x13,
        }
    }

    pub fn apdu(&self) -> Vec<u8> {
        let p1 = match self.kind {
            Kind::Load => 0x00,
            Kind::Purchase => 0x01,
            Kind::Cash => 0x02,
            Kind::Capp => 0x03,
            Kind::Update => 0x04,
            Kind::Unload => 0x05,
        };
        let header = [0x80, 0x50, p1, self.purse as u8];
        let amount = self.amount.to_be_bytes();
        let amount = if self.kind == Kind::Update { &[][..] } else { &amount };
        let data = [&[self.key], amount, &self.terminal].concat();
        [&header[..], &[data.len() as u8], &data, &[self.answer_length()]].concat()
    }

    fn key_kind(&self) -> KeyKind {
        match self.kind {
            Kind::Load => KeyKind::Load,
            Kind::Unload => KeyKind::Unload,
            Kind::Update => KeyKind::Overdraft,
            _ => KeyKind::Purchase,
        }
    }
}

impl Step {
    /// The command with one bit of its MAC turned.
    pub fn with_wrong_mac(&self) -> Vec<u8> {
        let mut command = self.command.clone();
        let last_of_mac = command.len() - 2;
        command[last_of_mac] ^= 0x01;
        command
    }
}

impl Bench {
    /// First step; checks everything in the answer that can be checked.
    #[track_caller]
    pub fn begin(&self, chip: &mut Chip, init: Init) -> Result<Begun, u16> {
        let answer = chip.send(init.apdu());
        if answer.status != 0x9000 {
            assert!(answer.data.is_empty());
            return Err(answer.status);
        }
        let data = answer.data;
        assert_eq!(data.len(), usize::from(init.answer_length()), "{init:?}");
        let u32_at = |at: usize| u32::from_be_bytes(data[at..at + 4].try_into().unwrap());
        let serial = u16::from_be_bytes([data[4], data[5]]);
        let has_limit = !matches!(init.kind, Kind::Load | Kind::Unload);
        let (limit, at) = if has_limit { (u32_at(5) & 0xFF_FFFF, 9) } else { (0, 6) };
        let directory = self.profile.application().unwrap();
        let key = directory.key(init.key_kind(), init.key).expect("the card knows the key");
        assert_eq!(data[at..at + 2], [key.version, key.algorithm_id], "version, algorithm");
        let begun = Begun {
            init,
            balance: u32_at(0),
            serial,
            limit,
            random: data[at + 2..at + 6].try_into().unwrap(),
            terminal_serial: [0x0A, 0x0B, 0x0C, 0x0D],
            code: None,
        };
        if init.online() {
            let amount = init.amount.to_be_bytes();
            let old = limit.to_be_bytes();
            let value = if init.kind == Kind::Update { &old[1..] } else { &amount[..] };
            let balance = begun.balance.to_be_bytes();
            let input = [&balance[..], value, &[init.type_byte()], &init.terminal].concat();
            let mac1 = self.session(&begun).mac(&input);
            assert_eq!(data[at + 6..], mac1.0, "MAC1 of the card");
        } else {
            assert_eq!(data.len(), at + 6);
        }
        Ok(begun)
    }

    /// Second step with everything right.
    pub fn step(&self, begun: &Begun) -> Step {
        let Begun { init, balance, serial, limit, .. } = *begun;
        let session = self.session(begun);
        let tac_key = self.keys.tac(self.profile.rules.tac_index_for(init.key)).unwrap();
        let amount = init.amount.to_be_bytes();
        let tail = [&[init.type_byte()], &init.terminal[..], &DATE, &TIME].concat();
        let moment = [&DATE[..], &TIME].concat();
        let balance_after = match init.kind {
            Kind::Load => balance.wrapping_add(init.amount),
            Kind::Update => balance.wrapping_add(init.amount).wrapping_sub(limit),
            _ => balance.wrapping_sub(init.amount),
        };
        let after = [&balance_after.to_be_bytes()[..], &serial.to_be_bytes()].concat();
        let limit_after = if init.kind == Kind::Update { init.amount } else { begun.limit };
        let log = [&limit_after.to_be_bytes()[1..], &amount, &tail].concat();
        let (command, answer, proof) = match init.kind {
            Kind::Load => {
                let mac2 = session.mac(&[&amount[..], &tail].concat());
                let tac = tac_key.tac(&[&after[..], &amount, &tail].concat());
                let command = [&[0x80, 0x52, 0, 0, 0x0B], &moment[..], &mac2.0, &[4]].concat();
                (command, tac.0.to_vec(), [[0; 4], tac.0].concat())
            }
            Kind::Unload => {
                let mac2 = session.mac(&[&amount[..], &tail].concat());
                let mac3 = session.mac(&[&after[..], &amount, &tail].concat());
                let command = [&[0x80, 0x54, 3, 0, 0x0B], &moment[..], &mac2.0, &[4]].concat();
                (command, mac3.0.to_vec(), [mac3.0, [0; 4]].concat())
            }
            Kind::Update => {
                let new = &amount[1..];
                let mac2 = session.mac(&[new, &tail].concat());
                let tac = tac_key.tac(&[&after[..], new, &tail].concat());
                let head = [&[0x80, 0x58, 0, 0, 0x0E], new].concat();
                let command = [&head[..], &moment, &mac2.0, &[4]].concat();
                (command, tac.0.to_vec(), [[0; 4], tac.0].concat())
            }
            Kind::Purchase | Kind::Cash | Kind::Capp => {
                let code = begun.code.as_ref().map_or(&[][..], |code| code);
                let mac1 = session.mac(&[&amount[..], &tail, code].concat());
                let mac2 = session.mac(&amount);
                let at = [&[init.type_byte()], &init.terminal[..], &begun.terminal_serial].concat();
                let tac = tac_key.tac(&[&amount[..], &at, &moment].concat());
                let head = [&[0x80, 0x54, 1, 0, 0x0F], &begun.terminal_serial[..]].concat();
                let command = [&head[..], &moment, &mac1.0, &[8]].concat();
                (command, [tac.0, mac2.0].concat(), [mac2.0, tac.0].concat())
            }
        };
        Step { command, answer, proof, balance_after, log }
    }

    /// Both steps; a compound purchase caches [`Bench::cache`] of its amount in between.
    #[track_caller]
    pub fn transact(&self, chip: &mut Chip, init: Init) -> Begun {
        let begun = self.begun(chip, init);
        let step = self.step(&begun);
        assert_eq!(chip.ok(&step.command), step.answer, "{init:?}");
        begun
    }

    /// First step, and for a compound purchase its records: the second step is next.
    #[track_caller]
    pub fn begun(&self, chip: &mut Chip, init: Init) -> Begun {
        let begun = self.begin(chip, init).unwrap_or_else(|sw| panic!("{init:?}: {sw:04X}"));
        if init.kind == Kind::Capp {
            for command in self.cache(init.amount as u8) {
                chip.ok(command);
            }
        }
        begun
    }

    /// UPDATE CAPP DATA CACHE commands the profile's card takes, filled with `byte`.
    pub fn cache(&self, byte: u8) -> Vec<String> {
        let fill = |count: usize| format!("{byte:02X}").repeat(count);
        match self.profile.rules.capp.id_width {
            2 => vec![
                format!("80DC 01 D0 80 2701 7D 01 01 00 {}", fill(122)),
                format!("80DC 00 F0 30 {}", fill(48)),
            ],
            _ => vec![
                format!("80DC 01 B8 30 01 2E 00 {}", fill(45)),
                format!("80DC 02 BC 30 02 2E 00 {}", fill(45)),
            ],
        }
    }

    fn session(&self, begun: &Begun) -> SessionKey {
        let init = begun.init;
        let (suite, cipher) = self.keys.cipher(init.key_kind(), init.key).unwrap();
        let end = match init.online() {
            true => [0x80, 0x00],
            false => [begun.terminal_serial[2], begun.terminal_serial[3]],
        };
        let input = [&begun.random[..], &begun.serial.to_be_bytes(), &end].concat();
        SessionKey::derive(suite, cipher, &input.try_into().unwrap())
    }

    /// A command under secure messaging: asks for a challenge and puts the MAC behind the data.
    #[track_caller]
    pub fn secured(&self, chip: &mut Chip, header: &str, data: &[u8], kind: KeyKind) -> Vec<u8> {
        let index = self.keys.first_index(kind).unwrap();
        let challenge = chip.ok("0084000004");
        self.secured_with(&challenge, header, data, self.keys.key(kind, index).unwrap())
    }

    pub fn secured_with(
        &self,
        challenge: &[u8],
        header: &str,
        data: &[u8],
        (suite, key): (Suite, &Key),
    ) -> Vec<u8> {
        let header = super::Bytes::wire(header);
        let body = [&header[..], &[(data.len() + 4) as u8], data].concat();
        let Mac(mac) = secure_messaging_mac(suite, key, challenge, &body);
        [&body[..], &mac].concat()
    }

    pub fn rules(&self) -> &Rules {
        &self.profile.rules
    }
}

/// Turns one bit of the last byte: of the MAC, where a command ends in one.
pub fn spoilt(mut command: Vec<u8>) -> Vec<u8> {
    let last = command.len() - 1;
    command[last] ^= 0x01;
    command
}
