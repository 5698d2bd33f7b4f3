//! APDU rate through pcscd and the virtual reader: our card against one that answers a constant,
//! over the same link in the same run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use applet_spec::Profile;
use emulator::links::SharedCard;
use emulator::links::vpcd::{self, Timing};
use emulator::{CardMaker, VirtualCard};
use link::{Atr, CardControl, CardTransport, ControlError, LinkError};
use reader::{PcscReader, Share};

/// Rates in APDUs per second, each of its best round.
pub struct Figures {
    /// GET BALANCE of the emulated card.
    pub card: f64,
    /// The same command to a card that answers a constant.
    pub constant: f64,
}

const GET_BALANCE: [u8; 5] = [0x80, 0x5C, 0x00, 0x02, 0x04];
/// Commands per round: short, so that rounds of both kinds meet the same load of the machine.
const ROUND: u32 = 250;
/// Rounds of each kind, in turns.
const ROUNDS: usize = 40;

/// Measures in the reader `name`, whose vpcd listens at `address`.
pub fn measure(address: &str, name: Option<&str>, profile: &str) -> Result<Figures, String> {
    let profile = Profile::built_in(profile).ok_or("unknown profile")?.clone();
    let maker = CardMaker::new(profile.clone()).map_err(|error| error.to_string())?;
    let card = maker.lab_card(1).map_err(|error| error.to_string())?;
    let constant = Arc::new(AtomicBool::new(false));
    let switched = Switched { card: VirtualCard::volatile(card), constant: Arc::clone(&constant) };
    let select = select(&profile)?;
    let shared = SharedCard::new(Arc::new(Mutex::new(switched)));
    std::thread::scope(|scope| {
        let link = scope.spawn(|| vpcd::serve(&shared, address, Timing::default(), |_| ()));
        let measured = drive(name, &select, &constant);
        shared.stop();
        match link.join() {
            Ok(Ok(())) => measured,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the vpcd link panicked".to_owned()),
        }
    })
}

fn select(profile: &Profile) -> Result<Vec<u8>, String> {
    let directory = profile.application().ok_or("no purse application")?;
    let mut select = vec![0x00, 0xA4, 0x04, 0x00, directory.name.len() as u8];
    select.extend_from_slice(&directory.name);
    select.push(0);
    Ok(select)
}

fn drive(name: Option<&str>, select: &[u8], constant: &AtomicBool) -> Result<Figures, String> {
    let mut reader = wait_for_card(name)?;
    send(&mut reader, select)?;
    let mut figures = Figures { card: 0.0, constant: 0.0 };
    for _ in 0..ROUNDS {
        constant.store(true, Ordering::Relaxed);
        figures.constant = figures.constant.max(round(&mut reader)?);
        constant.store(false, Ordering::Relaxed);
        figures.card = figures.card.max(round(&mut reader)?);
    }
    reader.power_off().map_err(|error| error.to_string())?;
    Ok(figures)
}

fn round(reader: &mut PcscReader) -> Result<f64, String> {
    let start = Instant::now();
    for _ in 0..ROUND {
        send(reader, &GET_BALANCE)?;
    }
    Ok(f64::from(ROUND) / start.elapsed().as_secs_f64())
}

fn send(reader: &mut PcscReader, command: &[u8]) -> Result<(), String> {
    let answer = reader.transmit(command).map_err(|error| error.to_string())?;
    match answer.ends_with(&[0x90, 0x00]) {
        true => Ok(()),
        false => Err(format!("the card answered {}", hex::encode_upper(answer))),
    }
}

fn wait_for_card(name: Option<&str>) -> Result<PcscReader, String> {
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let opened = PcscReader::open(name, Share::Exclusive).map_err(|error| error.to_string());
        let opened = opened.and_then(|mut reader| {
            reader.reset().map_err(|error| error.to_string()).map(|_| reader)
        });
        match opened {
            Ok(reader) => return Ok(reader),
            Err(error) if Instant::now() >= deadline => {
                return Err(format!("no card in a PC/SC reader within 15 s: {error}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The emulated card, or where the switch says so, a card that answers a constant: both behind
/// one link.
struct Switched {
    card: VirtualCard,
    constant: Arc<AtomicBool>,
}

impl CardTransport for Switched {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.card.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        if self.constant.load(Ordering::Relaxed) {
            return Ok(vec![0, 0, 0, 0, 0x90, 0x00]);
        }
        self.card.transmit(command)
    }

    fn describe(&self) -> String {
        self.card.describe()
    }
}

impl CardControl for Switched {
    fn insert(&mut self) -> Result<(), ControlError> {
        unsupported()
    }

    fn remove(&mut self) -> Result<(), ControlError> {
        unsupported()
    }

    fn inserted(&self) -> bool {
        true
    }

    fn tear(&mut self, _write: u64) -> Result<(), ControlError> {
        unsupported()
    }

    fn snapshot(&mut self, _name: &str) -> Result<(), ControlError> {
        unsupported()
    }

    fn restore(&mut self, _name: &str) -> Result<(), ControlError> {
        unsupported()
    }

    fn resume(&mut self, _name: &str) -> Result<(), ControlError> {
        unsupported()
    }

    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError> {
        self.card.rehearse(commands)
    }

    fn set(&mut self, _key: &str, _value: &str) -> Result<(), ControlError> {
        unsupported()
    }

    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        Ok(Vec::new())
    }
}

fn unsupported() -> Result<(), ControlError> {
    Err(ControlError::Unsupported("a card being measured".to_owned()))
}
