//! A PSAM on the bench.

use std::sync::Arc;

use applet_spec::{Directory, KeyKind, Profile, PurseKind};
use crypto::{BlockCipher, Key, SessionKey, diversify, secure_messaging_mac};
use emulator::{Card, CardMaker};

use crate::common::{Begun, Bench, Bytes, Chip, DATE, Init, Kind, TIME};

/// Card families and their PSAMs.
pub const PAIRS: [(&str, &str); 4] = [
    ("pboc", "psam-pboc"),
    ("cjt166", "psam-cjt166"),
    ("jtt978", "psam-jtt978"),
    ("jtt978-sm4", "psam-jtt978-sm4"),
];

/// A PSAM with power, and its profile.
#[derive(Clone)]
pub struct Module {
    pub profile: Arc<Profile>,
    pub chip: Chip,
}

/// What INITIALIZE SAM FOR PURCHASE is asked.
#[derive(Clone)]
pub struct Asked {
    pub random: [u8; 4],
    pub serial: u16,
    pub amount: u32,
    pub kind: u8,
    pub version: u8,
    pub algorithm: u8,
    /// The card's first.
    pub factors: Vec<[u8; 8]>,
}

/// Terminal serial and MAC1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initialized {
    pub serial: [u8; 4],
    pub mac1: [u8; 4],
}

impl Module {
    pub fn new(name: &str) -> Self {
        Self::of(Profile::find(name).expect("built-in profile"))
    }

    /// A built-in profile with `changes` laid over it.
    pub fn with(base: &str, changes: &str) -> Self {
        let head = format!("extends = \"{base}\"\nname = \"changed\"\nversion = \"0\"\n");
        let profile = Profile::parse(&(head + changes), "changes");
        Self::of(Arc::new(profile.unwrap_or_else(|errors| panic!("{errors}"))))
    }

    /// Powered, with its application selected.
    pub fn of(profile: Arc<Profile>) -> Self {
        let card = CardMaker::new(profile.clone()).and_then(|maker| maker.lab_card(7));
        let mut module = Self { profile, chip: Chip::new(card.expect("a lab PSAM")) };
        module.select();
        module
    }

    pub fn application(&self) -> &Directory {
        self.profile.sam_application().expect("keys")
    }

    /// Selects the application by its fid.
    #[track_caller]
    pub fn select(&mut self) {
        let [high, low] = self.application().fid.to_be_bytes();
        self.chip.ok(vec![0x00, 0xA4, 0x00, 0x00, 0x02, high, low]);
    }

    pub fn card(&self) -> &Card {
        &self.chip.card
    }

    pub fn terminal(&self) -> [u8; 6] {
        self.chip.shown("terminal").wire().try_into().unwrap()
    }

    /// The serial of the next MAC1.
    pub fn next_serial(&self) -> u32 {
        let shown = self.chip.shown("terminal-serial");
        u32::from_str_radix(shown.strip_prefix("0x").unwrap(), 16).unwrap()
    }

    #[track_caller]
    pub fn initialize(&mut self, asked: &Asked) -> Initialized {
        let data = self.chip.ok(asked.apdu());
        assert_eq!(data.len(), 8);
        Initialized { serial: data[..4].try_into().unwrap(), mac1: data[4..].try_into().unwrap() }
    }

    /// MAC2 of the card whose purchase this is.
    pub fn mac2(&self, asked: &Asked, made: Initialized) -> [u8; 4] {
        let served = self.profile.served().unwrap();
        let application = served.application().unwrap();
        let key = application.key(KeyKind::Purchase, 1).unwrap();
        let root = served.lab_master(application, key).unwrap();
        let highest_first = asked.factors.iter().rev();
        let card_key =
            highest_first.fold(root, |value, factor| diversify(key.suite, &value, factor));
        let input = [&asked.random[..], &asked.serial.to_be_bytes(), &made.serial[2..]].concat();
        let cipher = BlockCipher::new(key.suite, &card_key);
        let session = SessionKey::derive(key.suite, &cipher, &input.try_into().unwrap());
        session.mac(&asked.amount.to_be_bytes()).0
    }

    /// DELIVER KEY; `factors` are the card's first.
    #[track_caller]
    pub fn deliver(&mut self, usage: u8, number: u8, factors: &[[u8; 8]]) {
        self.chip.ok(deliver(usage, number, factors));
    }

    /// The application's master key (a lab key, diversified by the module's own serial).
    pub fn master_key(&self) -> Key {
        let (directory, profile) = (self.application(), &self.profile);
        let key = &directory.keys[0];
        assert_eq!(key.kind, KeyKind::ApplicationMaster);
        let master = profile.lab_master(directory, key).unwrap();
        let factors = profile.factors_for(&profile.serial);
        factors.iter().fold(master, |value, factor| diversify(key.suite, &value, factor))
    }

    /// A command under secure messaging by the application's master key.
    #[track_caller]
    pub fn secured(&mut self, header: &str, data: &[u8]) -> Vec<u8> {
        let key = self.master_key();
        self.secured_by(&key, header, data)
    }

    #[track_caller]
    pub fn secured_by(&mut self, key: &Key, header: &str, data: &[u8]) -> Vec<u8> {
        let challenge = self.chip.ok("0084000004");
        let suite = self.application().keys[0].suite;
        let body = [&header.wire()[..], &[(data.len() + 4) as u8], data].concat();
        let mac = secure_messaging_mac(suite, key, &challenge, &body);
        [&body[..], &mac.0].concat()
    }
}

impl Asked {
    /// Anything that the PSAM makes a MAC1 of.
    pub fn any(module: &Module) -> Self {
        let key = &module.application().sam_keys[0];
        let levels = usize::from(key.usage.levels());
        let factors = (0..levels).map(|level| [0x10 + level as u8; 8]).collect();
        Self {
            random: [1, 2, 3, 4],
            serial: 5,
            amount: 600,
            kind: 0x06,
            version: key.version,
            algorithm: key.algorithm_id,
            factors,
        }
    }

    /// What the card began.
    pub fn of(bench: &Bench, begun: &Begun) -> Self {
        let application = bench.profile.application().unwrap();
        let key = application.key(KeyKind::Purchase, begun.init.key).unwrap();
        Self {
            random: begun.random,
            serial: begun.serial,
            amount: begun.init.amount,
            kind: begun.init.type_byte(),
            version: key.version,
            algorithm: key.algorithm_id,
            factors: card_first(&bench.profile),
        }
    }

    pub fn apdu(&self) -> Vec<u8> {
        let head = [&self.random[..], &self.serial.to_be_bytes(), &self.amount.to_be_bytes()];
        let moment = [&[self.kind][..], &DATE, &TIME, &[self.version, self.algorithm]];
        let data = [head.concat(), moment.concat(), self.factors.concat()].concat();
        [&[0x80, 0x70, 0x00, 0x00, data.len() as u8], &data[..], &[8]].concat()
    }
}

/// Diversification factors of the profile's own card, as terminals send them.
pub fn card_first(profile: &Profile) -> Vec<[u8; 8]> {
    let mut factors = profile.factors_for(&profile.serial);
    factors.reverse();
    factors
}

pub fn deliver(usage: u8, number: u8, factors: &[[u8; 8]]) -> Vec<u8> {
    let data = factors.concat();
    [&[0x80, 0x1A, usage, number, data.len() as u8], &data[..]].concat()
}

pub fn crypt(mode: u8, data: &[u8]) -> Vec<u8> {
    [&[0x80, 0xFA, mode, 0x00, data.len() as u8], data, &[0x00]].concat()
}

pub fn credit(mac2: &[u8]) -> Vec<u8> {
    [&[0x80, 0x72, 0x00, 0x00, 0x04], mac2].concat()
}

/// Padded 80 00.. to whole blocks, as a terminal must.
pub fn padded(block: usize, data: &[u8]) -> Vec<u8> {
    let mut out = [data, &[0x80]].concat();
    out.resize(out.len().next_multiple_of(block), 0);
    out
}

/// First step of a purchase at a terminal with this PSAM; a compound purchase caches its records.
#[track_caller]
pub fn begin(bench: &Bench, card: &mut Chip, module: &Module, kind: Kind, amount: u32) -> Begun {
    let terminal = module.terminal();
    bench.begun(card, Init { terminal, ..Init::new(kind, PurseKind::Purse, amount) })
}

/// The rest of a purchase: MAC1 by the PSAM, which must be what the card expects; the debit; MAC2.
#[track_caller]
pub fn pay(bench: &Bench, card: &mut Chip, module: &mut Module, begun: Begun) {
    let made = module.initialize(&Asked::of(bench, &begun));
    let begun = Begun { terminal_serial: made.serial, ..begun };
    let step = bench.step(&begun);
    let mac1 = &step.command[step.command.len() - 5..step.command.len() - 1];
    assert_eq!(made.mac1, mac1, "{} at {}", bench.profile.name, module.profile.name);
    let answer = card.ok(&step.command);
    assert_eq!(answer, step.answer);
    module.chip.says(credit(&answer[4..]), "9000");
}
