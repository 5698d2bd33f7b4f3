//! A terminal between two PC/SC readers whose card is pulled at every command of a flow:
//! `pcsc-terminal CARD-READER PSAM-READER CONTROL PROFILE FLOW`.
//!
//! For each command of the flow the card is pulled once before the command reaches it and once after
//! it was executed, put back, and tapped again; then it was charged exactly once, by its own word, and
//! one record tells so. Ends with the number of rounds on stdout, or with what was wrong.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use applet_spec::flow::{Flow, Stop};
use applet_spec::{Directory, Profile};
use link::{Atr, CardControl, CardTransport, LinkError, Loss};
use purse::{Amount, SelectBy, TerminalSerial};
use reader::{ControlClient, PcscReader, Share, Timeouts};
use terminal::{
    AttemptSteps, CardPsam, Check, Engine, FlowError, Ledger, LedgerError, LocalIssuer, Open,
    Order, Outcome, Program, RefusalRecord, Site, Timestamp, TransactionRecord, Verdict,
};

/// 2026-11-22T12:34:56, and a minute later, within every flow's window.
const FIRST: Timestamp = Timestamp::from_seconds(1_795_350_896);
const AGAIN: Timestamp = Timestamp::from_seconds(1_795_350_956);
const FARE: u32 = 250;
const DEADLINE: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(rounds) => {
            println!("{rounds}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pcsc-terminal: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<u32, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [card, psam, control, profile, flow] = <[String; 5]>::try_from(arguments)
        .map_err(|_| "usage: pcsc-terminal CARD-READER PSAM-READER CONTROL PROFILE FLOW")?;
    let profile = Profile::find(&profile)?;
    let program = Program::new(Flow::find(&flow)?, profile.clone())?;
    let custody = profile.lab_custody();
    let mut module = PcscReader::open(Some(&psam), Share::Shared)?;
    let mut engine = terminal(&profile, &custody, &mut module)?;
    let mut hand = ControlClient::connect(&control, Timeouts::default())?;
    hand.snapshot("whole")?;
    let mut rounds = 0;
    let mut serials: Vec<TerminalSerial> = Vec::new();
    for at in 1.. {
        for loss in [Loss::Command, Loss::Answer] {
            hand.restore("whole")?;
            let round = Round { name: &card, at, loss, program: &program };
            let Some(serial) = round.run(&mut engine, &mut hand)? else {
                return Ok(rounds);
            };
            if serials.contains(&serial) {
                return Err(format!("{round}: terminal serial {serial} was used before").into());
            }
            serials.push(serial);
            rounds += 1;
        }
    }
    Ok(rounds)
}

/// A terminal in the cards' own city, with the PSAM in the other reader.
fn terminal<'t>(
    profile: &'t Arc<Profile>,
    custody: &'t dyn crypto::custody::KeyCustody,
    module: &'t mut PcscReader,
) -> Result<Engine<'t>, Failure> {
    let serves =
        |psam: &&Arc<Profile>| psam.psam.as_ref().is_some_and(|spec| spec.serves == profile.name);
    let mut built_in = Profile::built_in_names().iter().filter_map(|name| Profile::built_in(name));
    let psam = built_in.find(serves).ok_or("there is no PSAM for these cards")?;
    let place = |directory: &Directory| SelectBy::Fid(directory.fid);
    let places: Vec<SelectBy> = psam.directories.iter().skip(1).map(place).collect();
    let public = profile.public_content(&profile.serial);
    let city = public.get(2..4).and_then(|city| city.try_into().ok()).unwrap_or_default();
    let site = Site { city, institution: [0x11; 8], stop: Stop { line: 1, station: 1 } };
    let issuer = LocalIssuer::new(profile, custody);
    let psam = CardPsam::open(module, profile, &places)?;
    Ok(Engine::new(Box::new(psam), Some(Box::new(issuer)), site))
}

/// A tap at which the card is pulled, and the tap that follows.
struct Round<'r> {
    name: &'r str,
    at: u64,
    loss: Loss,
    program: &'r Program,
}

impl Round<'_> {
    /// The terminal serial that charged; `None` where the flow has no such command any more.
    fn run(
        &self,
        engine: &mut Engine<'_>,
        hand: &mut ControlClient,
    ) -> Result<Option<TerminalSerial>, Failure> {
        let before = state(hand)?;
        let order = Order { amount: Some(Amount(FARE)), pin: None };
        let mut books = Books::default();
        let reader = PcscReader::open(Some(self.name), Share::Shared)?;
        let mut card =
            Pulled { reader, hand: &mut *hand, at: Some((self.at, self.loss)), commands: 0 };
        back(&mut card)?;
        let first = engine.tap(self.program, &order, FIRST, &mut card, &mut books);
        if card.at.is_some() {
            // The flow was over before: nothing was pulled.
            return if matches!(first, Ok(Outcome::Accepted)) {
                Ok(None)
            } else {
                Err(self.is(first))
            };
        }
        if !matches!(first, Ok(Outcome::Lost) | Err(FlowError::Link { .. })) {
            return Err(self.is(first));
        }
        card.hand.insert()?;
        back(&mut card)?;
        let second = engine.tap(self.program, &order, AGAIN, &mut card, &mut books);
        if !matches!(second, Ok(Outcome::Accepted | Outcome::Recovered)) {
            return Err(self.is(second));
        }
        drop(card);
        self.judge(before, state(hand)?, engine, &books).map(Some)
    }

    /// Charged once, and one good record of it.
    fn judge(
        &self,
        (balance, serial): (Amount, u16),
        after: (Amount, u16),
        engine: &Engine<'_>,
        books: &Books,
    ) -> Result<TerminalSerial, Failure> {
        if after != (Amount(balance.0 - FARE), serial + 1) {
            return Err(format!("{self}: {balance} and serial {serial} became {after:?}").into());
        }
        let [record] = books.transactions.as_slice() else {
            let count = books.transactions.len();
            return Err(format!("{self}: {count} records").into());
        };
        let right = record.verdict == Verdict::Accepted && record.tac_check == Check::Right;
        match record.attempt.steps {
            AttemptSteps::Purchase { serial, .. } if right && engine.open().is_empty() => {
                Ok(serial)
            }
            _ => Err(format!("{self}: {record:?}, {} still open", engine.open().len()).into()),
        }
    }

    fn is(&self, outcome: Result<Outcome, FlowError>) -> Failure {
        match outcome {
            Ok(outcome) => format!("{self}: {outcome:?}").into(),
            Err(error) => format!("{self}: {error}").into(),
        }
    }
}

impl std::fmt::Display for Round<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "pulled at command {} ({:?} lost)", self.at, self.loss)
    }
}

/// A card in a reader, and the hand that pulls it out at a command.
struct Pulled<'h> {
    reader: PcscReader,
    hand: &'h mut ControlClient,
    at: Option<(u64, Loss)>,
    commands: u64,
}

impl CardTransport for Pulled<'_> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.reader.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.reader.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.commands += 1;
        let Some((_, loss)) = self.at.take_if(|(at, _)| *at == self.commands) else {
            return self.reader.transmit(command);
        };
        if loss == Loss::Answer {
            self.reader.transmit(command)?;
        }
        if let Err(error) = self.hand.remove() {
            return Err(LinkError::Protocol(format!("the hand cannot pull: {error}")));
        }
        match loss {
            Loss::Answer => Err(LinkError::Mute),
            Loss::Command => self.reader.transmit(command),
        }
    }

    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        self.reader.begin_exclusive()
    }

    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        self.reader.end_exclusive()
    }

    fn describe(&self) -> String {
        self.reader.describe()
    }
}

/// Resets the card as soon as PC/SC sees it.
fn back(card: &mut Pulled<'_>) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        match card.reset() {
            Ok(_) => return Ok(()),
            Err(error) if start.elapsed() > DEADLINE => {
                return Err(format!("the card does not come back: {error}").into());
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Balance and offline serial, as the emulator itself has them.
fn state(hand: &mut ControlClient) -> Result<(Amount, u16), Failure> {
    let status = hand.status()?;
    let value = |key: &str| {
        let found = status.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).ok_or(format!("no {key} in the card's status"))
    };
    let serial = value("ep.offline-serial")?.trim_start_matches("0x").to_owned();
    Ok((value("ep.balance")?.parse()?, u16::from_str_radix(&serial, 16)?))
}

#[derive(Default)]
struct Books {
    transactions: Vec<TransactionRecord>,
}

impl Ledger for Books {
    fn keep(&mut self, _: &Open<'_>) -> Result<(), LedgerError> {
        Ok(())
    }

    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError> {
        self.transactions.push(record.clone());
        Ok(())
    }

    fn refusal(&mut self, record: &RefusalRecord) -> Result<(), LedgerError> {
        Err(format!("the card was refused: {:?}", record.reason).into())
    }
}
