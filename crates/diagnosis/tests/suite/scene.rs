//! A card in the middle of a transaction, with everything that was said before, recorded.
//!
//! The card is the emulator's, the recording is that of [`Recorder`]. What was said to a PSAM in
//! the same trace is put in as text: what it was told, and what it answered, differs from the
//! transaction in every value.

use std::io::Write;
use std::sync::{Arc, Mutex};

use applet_spec::{Catalogue, KeyKind, KeySpec, Profile, PurseKind};
use crypto::custody::{HeldKeys, KeyCustody};
use crypto::{Key, Suite, lab_master};
use diagnosis::{
    Advice, Code, Counted, Diagnosis, Effort, Flow, Given, Known, Reading, Trace, advice, diagnose,
};
use emulator::{Card, CardMaker, VirtualCard};
use link::{CardTransport, Recorder, Recording};

use super::maker::{Maker, Stored, Way, and_complement, pad_80};
use super::values::*;

/// A serial that is not the profile's own, so that the trace must tell it.
pub const SERIAL: [u8; 8] = *b"\x41\x00\x01\x00\x13\x57\x24\x68";
const OFFLINE_SERIAL: u16 = 0x0107;
const ONLINE_SERIAL: u16 = 0x0042;
const BALANCE: u32 = 200_000;
const OLD_LIMIT: u32 = 10_000;

/// A transaction of a family.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub profile: &'static str,
    pub flow: Flow,
    pub purse: PurseKind,
    /// The card gives its identification code before.
    pub code: bool,
}

/// What the card answered to INITIALIZE, by position in the answer.
#[derive(Clone, Copy, Debug)]
struct Begun {
    balance: u32,
    serial: [u8; 2],
    limit: [u8; 3],
    random: [u8; 4],
}

/// A card that waits for the second step of a transaction.
pub struct Scene {
    pub setting: Setting,
    pub profile: Arc<Profile>,
    pub custody: HeldKeys,
    /// Answer to GET CHALLENGE.
    pub challenge: [u8; 4],
    /// Random and serial of the transaction before.
    pub earlier: ([u8; 4], [u8; 2]),
    /// The MAC it was sent with.
    pub earlier_mac: [u8; 4],
    /// The card's other serial.
    pub other_serial: [u8; 2],
    pub public: Vec<u8>,
    begun: Begun,
    stored: Stored,
    card: Card,
    said: String,
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A card that is driven while it is recorded.
struct Driven {
    recorder: Recorder<VirtualCard>,
    sink: Sink,
}

impl Driven {
    fn new(card: Card) -> Self {
        let sink = Sink::default();
        Self {
            recorder: Recorder::new(
                VirtualCard::volatile(card),
                sink.clone(),
                Catalogue::carries_secret,
            )
            .unwrap(),
            sink,
        }
    }

    fn send(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        let mut answer = self.recorder.transmit(command).unwrap();
        let status = answer.split_off(answer.len() - 2);
        (answer, u16::from_be_bytes([status[0], status[1]]))
    }

    #[track_caller]
    fn ok(&mut self, command: &[u8]) -> Vec<u8> {
        let (data, status) = self.send(command);
        assert_eq!(status, 0x9000, "{}", hex::encode_upper(command));
        data
    }

    /// Something that was said on the same bench to somebody else.
    fn overhear(&mut self, command: &[u8], answer: &[u8]) {
        let line = format!("> {}\n< {}9000\n", hex::encode(command), hex::encode(answer));
        self.sink.0.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn end(self) -> (Card, String) {
        let said = String::from_utf8(self.sink.0.lock().unwrap().clone()).unwrap();
        (self.recorder.into_inner().card().fork(), said)
    }
}

impl Setting {
    pub const fn online(&self) -> bool {
        matches!(self.flow, Flow::Load | Flow::Unload | Flow::Overdraft)
    }

    fn key(&self) -> KeyKind {
        match self.flow {
            Flow::Load => KeyKind::Load,
            Flow::Unload => KeyKind::Unload,
            Flow::Overdraft => KeyKind::Overdraft,
            Flow::Purchase | Flow::Cash | Flow::Capp => KeyKind::Purchase,
        }
    }

    fn kind(&self) -> u8 {
        match (self.flow, self.purse) {
            (Flow::Load, PurseKind::Deposit) => 0x01,
            (Flow::Load, PurseKind::Purse) => 0x02,
            (Flow::Unload, _) => 0x03,
            (Flow::Cash, _) => 0x04,
            (Flow::Purchase, PurseKind::Deposit) => 0x05,
            (Flow::Purchase, PurseKind::Purse) => 0x06,
            (Flow::Overdraft, _) => 0x07,
            (Flow::Capp, _) => 0x09,
        }
    }

    fn initialize(&self, amount: u32, terminal: &[u8; 6]) -> Vec<u8> {
        let p1 = match self.flow {
            Flow::Load => 0,
            Flow::Purchase => 1,
            Flow::Cash => 2,
            Flow::Capp => 3,
            Flow::Overdraft => 4,
            Flow::Unload => 5,
        };
        let amount = amount.to_be_bytes();
        let amount = if self.flow == Flow::Overdraft { &[][..] } else { &amount };
        let data = [&[0x01], amount, terminal].concat();
        [&[0x80, 0x50, p1, self.purse as u8, data.len() as u8], &data[..]].concat()
    }

    fn begun(&self, answer: &[u8]) -> Begun {
        let has_limit = !matches!(self.flow, Flow::Load | Flow::Unload);
        let (limit, at) = if has_limit { (&answer[6..9], 9) } else { (&[0; 3][..], 6) };
        Begun {
            balance: u32::from_be_bytes(answer[..4].try_into().unwrap()),
            serial: answer[4..6].try_into().unwrap(),
            limit: limit.try_into().unwrap(),
            random: answer[at + 2..at + 6].try_into().unwrap(),
        }
    }

    /// The second step.
    fn step(
        &self,
        amount: u32,
        terminal_serial: &[u8; 4],
        date: &[u8; 4],
        time: &[u8; 3],
        mac: [u8; 4],
    ) -> Vec<u8> {
        let moment = [&date[..], time, &mac].concat();
        let limit = &amount.to_be_bytes()[1..];
        let (header, data) = match self.flow {
            Flow::Load => ([0x80, 0x52, 0, 0], moment),
            Flow::Unload => ([0x80, 0x54, 3, 0], moment),
            Flow::Overdraft => ([0x80, 0x58, 0, 0], [limit, &moment].concat()),
            Flow::Purchase | Flow::Cash | Flow::Capp => {
                ([0x80, 0x54, 1, 0], [&terminal_serial[..], &moment].concat())
            }
        };
        [&header[..], &[data.len() as u8], &data].concat()
    }

    /// Which code the second step carries.
    pub fn sent(&self) -> Code {
        if self.online() { Code::Mac2 } else { Code::Mac1 }
    }
}

impl Scene {
    /// Plays everything up to the second step.
    pub fn new(setting: Setting) -> Self {
        let profile = Profile::find(setting.profile).unwrap();
        let application = profile.application().unwrap();
        let (custody, stored) = keys(&profile);
        let maker = CardMaker::new(profile.clone()).unwrap();
        let mut card =
            VirtualCard::volatile(maker.card(&SERIAL, &emulator::LabKeys(&profile), 7).unwrap());
        let purse = if setting.purse == PurseKind::Deposit { "ed" } else { "ep" };
        let mut values = vec![
            ("balance", format!("{BALANCE}fen")),
            ("offline-serial", OFFLINE_SERIAL.to_string()),
            ("online-serial", ONLINE_SERIAL.to_string()),
        ];
        if setting.flow == Flow::Overdraft {
            values.push(("overdraft-limit", format!("{OLD_LIMIT}fen")));
        }
        let values: Vec<_> =
            values.into_iter().map(|(key, value)| (format!("{purse}.{key}"), value)).collect();
        card.set_all(&values).unwrap();
        let mut driven = Driven::new(card.card().fork());
        driven.recorder.reset().unwrap();

        // Another card lay on the reader before, and the terminal's PSAM was opened.
        driven.overhear(b"\x00\xB0\x95\x00\x1E", &profile.public_content(&OTHER_CARD));
        driven.overhear(b"\x80\xCA\x00\x00\x09", &OTHER_CODE);
        driven.overhear(b"\x00\xB0\x96\x00\x06", &SAM_TERMINAL);
        driven.overhear(&[&b"\x80\xCA\x00\x00\x09"[..], &SAM_CODE].concat(), &[]);
        let name = &application.name;
        let select = [&[0x00, 0xA4, 0x04, 0x00, name.len() as u8], &name[..]].concat();
        driven.ok(&select);
        driven.ok(b"\x00\x20\x00\x00\x03\x12\x34\x56");
        let challenge = driven.ok(b"\x00\x84\x00\x00\x04").try_into().unwrap();
        if setting.code {
            driven.ok(b"\x80\xCA\x00\x00\x09");
        }
        let other =
            Setting { flow: if setting.online() { Flow::Purchase } else { Flow::Load }, ..setting };
        let other_serial = other.begun(&driven.ok(&other.initialize(1, &TERMINAL))).serial;

        let mut scene = Self {
            setting,
            public: profile.public_content(&SERIAL),
            challenge,
            earlier: ([0; 4], [0; 2]),
            earlier_mac: [0; 4],
            other_serial,
            begun: Begun { balance: 0, serial: [0; 2], limit: [0; 3], random: [0; 4] },
            card: card.card().fork(),
            said: String::new(),
            profile: profile.clone(),
            custody,
            stored,
        };
        scene.earlier(&mut driven);
        scene.begun = setting.begun(&driven.ok(&setting.initialize(AMOUNT, &TERMINAL)));
        scene.cache(&mut driven);
        let told = [
            &SAM_RANDOM[..],
            &SAM_SERIAL,
            &SAM_AMOUNT.to_be_bytes(),
            &[0x06],
            &SAM_DATE,
            &SAM_TIME,
            &[0x00, 0x00],
            &SAM_FACTORS.concat(),
        ]
        .concat();
        let told = [&b"\x80\x70\x00\x00"[..], &[told.len() as u8], &told].concat();
        driven.overhear(&told, &[&SAM_TERMINAL_SERIAL[..], &[9; 4]].concat());
        (scene.card, scene.said) = driven.end();
        scene
    }

    /// The transaction before, with everything right.
    fn earlier(&mut self, driven: &mut Driven) {
        let setting = self.setting;
        let answer = driven.ok(&setting.initialize(EARLIER_AMOUNT, &EARLIER_TERMINAL));
        self.begun = setting.begun(&answer);
        self.earlier = (self.begun.random, self.begun.serial);
        self.cache(driven);
        let mut maker = self.maker(setting.sent());
        maker.put("terminal", &EARLIER_TERMINAL);
        maker.put("date", &EARLIER_DATE);
        maker.put("time", &EARLIER_TIME);
        maker.put("amount", &EARLIER_AMOUNT.to_be_bytes());
        maker.put("new limit", &EARLIER_AMOUNT.to_be_bytes()[1..]);
        if !setting.online() {
            maker.tail = EARLIER_TERMINAL_SERIAL[2..].to_vec();
        }
        self.earlier_mac = maker.code();
        driven.ok(&setting.step(
            EARLIER_AMOUNT,
            &EARLIER_TERMINAL_SERIAL,
            &EARLIER_DATE,
            &EARLIER_TIME,
            self.earlier_mac,
        ));
    }

    fn cache(&self, driven: &mut Driven) {
        if self.setting.flow != Flow::Capp {
            return;
        }
        let record = if self.profile.rules.capp.id_width == 1 {
            [&b"\x80\xDC\x01\xB8\x30\x01\x2E\x00"[..], &[7; 45]].concat()
        } else {
            [&b"\x80\xDC\x02\xD0\x80\x27\x02\x7D\x01\x01\x00"[..], &[7; 122]].concat()
        };
        driven.ok(&record);
    }

    /// What makes a code of the transaction right.
    pub fn maker(&self, code: Code) -> Maker {
        let Begun { balance, serial, limit, random } = self.begun;
        let setting = self.setting;
        let amount = if setting.flow == Flow::Overdraft { LIMIT } else { AMOUNT };
        let after = self.balance_after();
        let amount = amount.to_be_bytes();
        let balance = ("balance", balance.to_be_bytes().to_vec());
        let after = ("balance after", after.to_be_bytes().to_vec());
        let serial_field = ("serial", serial.to_vec());
        let amount_field = match setting.flow {
            Flow::Overdraft => ("new limit", amount[1..].to_vec()),
            _ => ("amount", amount.to_vec()),
        };
        let kind = ("type", vec![setting.kind()]);
        let terminal = ("terminal", TERMINAL.to_vec());
        let (date, time) = (("date", DATE.to_vec()), ("time", TIME.to_vec()));
        let data = match (setting.online(), code) {
            (false, Code::Mac1) => {
                let mut data = vec![amount_field, kind, terminal, date, time];
                if setting.code {
                    let code = self.profile.authentication_code.unwrap();
                    data.push(("code", code.to_vec()));
                }
                data
            }
            (false, Code::Mac2) => vec![amount_field],
            (false, _) => {
                let serial = ("terminal serial", TERMINAL_SERIAL.to_vec());
                vec![amount_field, kind, terminal, serial, date, time]
            }
            (true, Code::Mac1) if setting.flow == Flow::Overdraft => {
                vec![balance, ("old limit", limit.to_vec()), kind, terminal]
            }
            (true, Code::Mac1) => vec![balance, amount_field, kind, terminal],
            (true, Code::Mac2) => vec![amount_field, kind, terminal, date, time],
            (true, _) => vec![after, serial_field, amount_field, kind, terminal, date, time],
        };
        let suite = self.profile.rules.suite;
        let (key, index) = match code {
            Code::Tac => (KeyKind::Tac, self.profile.rules.tac_index_for(1)),
            _ => (setting.key(), 1),
        };
        let way = match (code, suite) {
            (Code::Tac, Suite::TripleDes) => Way::Folded,
            (Code::Tac, Suite::Sm4) => Way::Whole,
            _ => Way::Session(and_complement),
        };
        Maker {
            stored: self.stored.clone(),
            kind: key,
            index,
            version: 1,
            factors: self.factors(),
            halves: |key| key,
            suites: [suite; 3],
            way,
            random: random.to_vec(),
            serial: serial.to_vec(),
            tail: if setting.online() { vec![0x80, 0x00] } else { TERMINAL_SERIAL[2..].to_vec() },
            order: [0, 1, 2],
            data,
            initial: Vec::new(),
            pad: pad_80,
            take: |block| block[..4].to_vec(),
        }
    }

    /// Stored balance before.
    pub fn balance(&self) -> u32 {
        self.begun.balance
    }

    /// Stored balance after.
    pub fn balance_after(&self) -> u32 {
        match self.setting.flow {
            Flow::Load => self.begun.balance + AMOUNT,
            Flow::Overdraft => self.begun.balance + LIMIT - self.old_limit(),
            _ => self.begun.balance - AMOUNT,
        }
    }

    /// Overdraft limit before.
    pub fn old_limit(&self) -> u32 {
        let [a, b, c] = self.begun.limit;
        u32::from_be_bytes([0, a, b, c])
    }

    /// Whether the transaction has such a code.
    pub fn has(&self, code: Code) -> bool {
        self.setting.flow.codes().contains(&code)
    }

    /// The card's factors, highest level first.
    fn factors(&self) -> Vec<Vec<u8>> {
        match self.setting.profile {
            "cjt166" => vec![vec![0x41, 0x00, 0xFF, 0, 0, 0, 0, 0], SERIAL.to_vec()],
            "pboc" | "pboc-sm4" => vec![SERIAL.to_vec()],
            _ => vec![self.public[..8].to_vec(), SERIAL.to_vec()],
        }
    }

    /// The whole recording with `mac` in the second step; and what the card answered.
    pub fn recorded(&self, mac: [u8; 4]) -> (String, Vec<u8>, u16) {
        let amount = if self.setting.flow == Flow::Overdraft { LIMIT } else { AMOUNT };
        let step = self.setting.step(amount, &TERMINAL_SERIAL, &DATE, &TIME, mac);
        let mut driven = Driven::new(self.card.fork());
        let (data, status) = driven.send(&step);
        let (_, said) = driven.end();
        (format!("{}{said}", self.said), data, status)
    }

    /// What is found out about a code of the transaction that a recording ends with.
    pub fn diagnosed(&self, recording: &str, code: Code) -> Diagnosis {
        self.diagnosed_by(&self.custody, Effort::Whole, recording, code)
    }

    /// The same with keys of another custody.
    pub fn diagnosed_by(
        &self,
        custody: &dyn KeyCustody,
        effort: Effort,
        recording: &str,
        code: Code,
    ) -> Diagnosis {
        let given: [&[u8]; 7] = [
            &GIVEN_TERMINAL,
            &GIVEN_MOMENT,
            &GIVEN_FOUR,
            &GIVEN_LIMIT,
            &GIVEN_SERIAL,
            &GIVEN_FACTOR,
            &GIVEN_CODE,
        ];
        let candidates = given.iter().map(|bytes| Given::new(bytes).unwrap()).collect();
        let mut trace = Trace::new();
        trace.add("trace", Counted::Lines, &Recording::parse(recording).unwrap());
        let reading = Reading::new(&trace, &self.profile, &Known { serial: None, candidates });
        let last = reading.transactions.last().unwrap();
        assert!(last.step.is_some(), "{:?}", reading.asides);
        let all = diagnose(&self.profile, custody, &reading, last, effort);
        all.into_iter().find(|one| one.received.code == code).unwrap()
    }

    /// What to do next about the transaction that a recording ends with.
    pub fn advised(&self, recording: &str) -> Vec<Advice> {
        let mut trace = Trace::new();
        trace.add("trace", Counted::Lines, &Recording::parse(recording).unwrap());
        let reading = Reading::new(&trace, &self.profile, &Known::default());
        let last = reading.transactions.last().unwrap();
        let diagnoses = diagnose(&self.profile, &self.custody, &reading, last, Effort::Whole);
        advice(&reading, last, &diagnoses)
    }
}

/// The profile's lab keys, and for each also one of another version and one of another index.
fn keys(profile: &Profile) -> (HeldKeys, Stored) {
    let directory = profile.application().unwrap();
    let mut stored = Stored::new();
    let mut held = Vec::new();
    for key in &directory.keys {
        let others = [(key.index, key.version), (key.index, 5), (key.index + 8, key.version)];
        for (index, version) in others {
            let spec = KeySpec { index, version, ..key.clone() };
            let seed = profile.lab_seed.as_ref().unwrap();
            let master = lab_master(seed, &spec.label(directory));
            stored.insert((key.kind, index, version), master.expose().try_into().unwrap());
            let master = Key::new(master.expose()).unwrap();
            held.push((profile.custody_name(directory, &spec), key.suite, master));
        }
    }
    (HeldKeys::public("keys of the bench", held), stored)
}
