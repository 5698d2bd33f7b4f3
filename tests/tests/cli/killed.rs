//! `purse emulate --state` is killed at random instants; nothing acknowledged is lost, and no
//! command is half done.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use apdu::DfName;
use applet_spec::{Profile, PurseKind};
use emulator::{Protocol, VirtualCard};
use link::{Atr, CardControl, CardTransport, LinkError};
use nvm::image::Durability;
use purse::record::LogRecord;
use purse::{Amount, TerminalId};
use reader::{HexLineClient, Timeouts};
use terminal::{CardSession, FlowError, Terminal, Timestamp};

use crate::{Emulator, text};

const ROUNDS: u32 = 320;
const LOG_SFI: u8 = 0x18;
const LOG_LENGTH: usize = 10;

/// What the card is worth and what it remembers, by what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    balance: u32,
    online: u16,
    offline: u16,
    /// Type, serial, amount; newest first.
    log: Vec<(u8, u16, u32)>,
}

#[derive(Clone, Copy, Debug)]
enum Deal {
    Load(u32),
    Purchase(u32),
}

impl Model {
    fn after(&self, deal: Deal) -> Self {
        let mut next = self.clone();
        let entry = match deal {
            Deal::Load(amount) => {
                next.balance += amount;
                next.online += 1;
                (0x02, next.online, amount)
            }
            Deal::Purchase(amount) => {
                next.balance -= amount;
                next.offline += 1;
                (0x06, next.offline, amount)
            }
        };
        next.log.insert(0, entry);
        next.log.truncate(LOG_LENGTH);
        next
    }

    /// What the file holds, read by commands and by the card's status.
    fn of_file(path: &Path, aid: &DfName) -> Self {
        let mut card = VirtualCard::open(path, None, Durability::Process, Protocol::T1)
            .expect("a whole image");
        card.reset().expect("ATR");
        let status = card.status().expect("status");
        let serial = |key: &str| {
            let found = status.iter().find(|(known, _)| known == key).expect(key);
            let digits = found.1.strip_prefix("0x").expect("hexadecimal");
            u16::from_str_radix(digits, 16).expect("a serial")
        };
        let (online, offline) = (serial("ep.online-serial"), serial("ep.offline-serial"));
        let mut session = CardSession::new(&mut card);
        session.select(aid).expect("SELECT");
        let balance = session.balance(PurseKind::Purse).expect("GET BALANCE").0;
        let mut log = Vec::new();
        for number in 1..=LOG_LENGTH as u8 {
            let Some(record) = session.read_record(LOG_SFI, number).expect("READ RECORD") else {
                break;
            };
            let record = LogRecord::parse(&record).expect("a log record");
            log.push((record.transaction_type, record.serial, record.amount.0));
        }
        Self { balance, online, offline, log }
    }
}

/// A card behind the pipes of `purse emulate --stdio`.
struct Pipes {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Pipes {
    fn ask(&mut self, line: &str) -> Result<Vec<u8>, LinkError> {
        let failed = |source| LinkError::Io { what: "talking to the pipes".to_owned(), source };
        self.input.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).map_err(failed)?;
        // A line without its end was cut by the kill: it was never received.
        let whole = answer.strip_suffix('\n').ok_or(LinkError::Mute)?;
        hex::decode(whole).map_err(|error| LinkError::Protocol(format!("{whole}: {error}")))
    }
}

impl CardTransport for Pipes {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.ask("reset").map(Atr)
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.ask(&hex::encode_upper(command))
    }

    fn describe(&self) -> String {
        "pipes".to_owned()
    }
}

/// The card of a fresh process: behind a port and behind pipes by turns.
fn connect(emulator: &mut Emulator, round: u32) -> Box<dyn CardTransport> {
    if round.is_multiple_of(2) {
        let address = emulator.address("listening on ").to_string();
        Box::new(HexLineClient::connect(&address, Timeouts::default()).expect("a connection"))
    } else {
        let child = emulator.child();
        let input = child.stdin.take().expect("stdin");
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        Box::new(Pipes { input, output })
    }
}

/// Loads and buys until the card is gone, and keeps the model of what was acknowledged; the deal
/// that was not.
fn trade(card: &mut CardSession<'_>, terminal: &mut Terminal<'_>, model: &mut Model) -> Deal {
    loop {
        let deal = if model.balance < 500 { Deal::Load(1000) } else { Deal::Purchase(130) };
        let done = match deal {
            Deal::Load(amount) => terminal.load(card, PurseKind::Purse, Amount(amount)),
            Deal::Purchase(amount) => terminal.purchase(card, PurseKind::Purse, Amount(amount)),
        };
        match done {
            Ok(receipt) => {
                assert_eq!(receipt.balance_before.0, model.balance);
                *model = model.after(deal);
            }
            Err(FlowError::Link { .. }) => return deal,
            Err(other) => panic!("the card refuses: {other}"),
        }
    }
}

#[test]
fn a_kill_at_any_instant_loses_nothing_that_was_acknowledged() {
    let profile: Arc<Profile> = Profile::find("jtt978").unwrap();
    let application = profile.application().unwrap();
    let aid = DfName::new(&application.name).unwrap();
    let custody = profile.lab_custody();
    let id = TerminalId([0x01, 0x10, 0x00, 0x00, 0x00, 0x01]);
    let now = Timestamp::from_seconds(1_795_350_896);
    let mut terminal = Terminal::local(&profile, &custody, &profile.serial, id, now).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");

    let mut model = Model::default();
    let (mut traded, mut undone, mut unheard) = (0, 0, 0);
    let mut random = 0x2545_F491_u32;
    let start = Instant::now();
    for round in 0..ROUNDS {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let delay = Duration::from_micros(u64::from(random % 15_000));
        let link: &[&str] =
            if round.is_multiple_of(2) { &["--listen", "127.0.0.1:0"] } else { &["--stdio"] };
        let arguments =
            [&["--profile", "jtt978", "--seed", "1", "--state", text(&path)][..], link].concat();
        let mut emulator = Emulator::start(&arguments);
        // One kill in four hits the start, the others the trade.
        if round % 8 >= 6 {
            thread::sleep(delay / 3);
            drop(emulator);
            if path.exists() {
                assert_eq!(Model::of_file(&path, &aid), model, "round {round}");
            }
            continue;
        }
        let mut transport = connect(&mut emulator, round);
        transport.reset().expect("ATR");
        let mut card = CardSession::new(transport.as_mut());
        card.select(&aid).expect("SELECT");
        let acknowledged = model.clone();
        let in_flight = thread::scope(|scope| {
            let killer = scope.spawn(move || {
                thread::sleep(delay);
                drop(emulator);
            });
            let in_flight = trade(&mut card, &mut terminal, &mut model);
            killer.join().expect("the killer");
            in_flight
        });
        traded += u32::from(model != acknowledged);
        let found = Model::of_file(&path, &aid);
        if found == model {
            undone += 1;
        } else {
            let after = model.after(in_flight);
            assert_eq!(found, after, "round {round}: was {model:?}");
            unheard += 1;
            model = after;
        }
    }
    println!(
        "{ROUNDS} kills in {:?}: {traded} rounds traded, {undone} commands undone, {unheard} done \
         but not heard of",
        start.elapsed()
    );
    assert!(traded > ROUNDS / 4, "too few rounds traded at all: {traded}");
}
