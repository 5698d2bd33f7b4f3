//! APDU rate through pcscd and the virtual reader: our card against one that answers a constant,
//! over the same link in the same run.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use applet_spec::Profile;
use emulator::links::vpcd::{self, Timing};
use emulator::links::SharedCard;
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
const ROUND: u32 = 2_000;
const ROUNDS: usize = 5;

/// Measures both cards in the reader `name`, whose vpcd listens at `address`.
pub fn measure(address: &str, name: Option<&str>, profile: &str) -> Result<Figures, String> {
    let profile = Profile::built_in(profile).ok_or("unknown profile")?.clone();
    let select = select(&profile)?;
    let atr = {
        let maker = CardMaker::new(profile.clone()).map_err(|error| error.to_string())?;
        maker.lab_card(1).map_err(|error| error.to_string())?.atr()
    };
    let mut figures = Figures { card: 0.0, constant: 0.0 };
    for _ in 0..ROUNDS {
        let constant = Constant { atr: atr.clone() };
        figures.constant = figures.constant.max(rate(address, name, constant, &select)?);
        let maker = CardMaker::new(profile.clone()).map_err(|error| error.to_string())?;
        let card = maker.lab_card(1).map_err(|error| error.to_string())?;
        let card = VirtualCard::volatile(card);
        figures.card = figures.card.max(rate(address, name, card, &select)?);
    }
    Ok(figures)
}

fn select(profile: &Profile) -> Result<Vec<u8>, String> {
    let directory = profile.application().ok_or("no purse application")?;
    let mut select = vec![0x00, 0xA4, 0x04, 0x00, directory.name.len() as u8];
    select.extend_from_slice(&directory.name);
    select.push(0);
    Ok(select)
}

fn rate<C>(address: &str, name: Option<&str>, card: C, select: &[u8]) -> Result<f64, String>
where
    C: CardTransport + CardControl + Send + 'static,
{
    let shared = SharedCard::new(Arc::new(Mutex::new(card)));
    std::thread::scope(|scope| {
        let link = scope.spawn(|| vpcd::serve(&shared, address, Timing::default(), |_| ()));
        let measured = drive(name, select);
        shared.stop();
        match link.join() {
            Ok(Ok(())) => measured,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the vpcd link panicked".to_owned()),
        }
    })
}

fn drive(name: Option<&str>, select: &[u8]) -> Result<f64, String> {
    let mut reader = wait_for_card(name)?;
    let send = |reader: &mut PcscReader, command: &[u8]| {
        let answer = reader.transmit(command).map_err(|error| error.to_string())?;
        match answer.ends_with(&[0x90, 0x00]) {
            true => Ok(()),
            false => Err(format!("the card answered {}", hex::encode_upper(answer))),
        }
    };
    send(&mut reader, select)?;
    for _ in 0..100 {
        send(&mut reader, &GET_BALANCE)?;
    }
    let start = Instant::now();
    for _ in 0..ROUND {
        send(&mut reader, &GET_BALANCE)?;
    }
    let elapsed = start.elapsed();
    reader.power_off().map_err(|error| error.to_string())?;
    Ok(f64::from(ROUND) / elapsed.as_secs_f64())
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

/// A card that answers every command with the same balance.
struct Constant {
    atr: Atr,
}

impl CardTransport for Constant {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        Ok(self.atr.clone())
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, LinkError> {
        Ok(vec![0, 0, 0, 0, 0x90, 0x00])
    }

    fn describe(&self) -> String {
        "constant card".to_owned()
    }
}

impl CardControl for Constant {
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

    fn set(&mut self, _key: &str, _value: &str) -> Result<(), ControlError> {
        unsupported()
    }

    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        Ok(Vec::new())
    }
}

fn unsupported() -> Result<(), ControlError> {
    Err(ControlError::Unsupported("a card that answers a constant".to_owned()))
}
