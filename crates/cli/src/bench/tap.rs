//! Taps of a metro gate: terminal, PSAM and card in one process, against the cipher work they must do.
//!
//! Every tap is a compound purchase with two records, through the whole flow: selection, files,
//! checks, balance, both steps, MAC2. Each is of another card than the one before, as at a real gate.
//! Both sides of the ratio alternate within one run, and each counts by its best round.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use applet_spec::Profile;
use applet_spec::flow::{Flow, Stop};
use emulator::{CardMaker, LabKeys, VirtualCard};
use link::{CardControl, CardTransport};
use purse::SelectBy;
use terminal::{
    CardPsam, Engine, Ledger, LedgerError, Open, Order, Outcome, Program, RefusalRecord, Site,
    Timestamp, TransactionRecord,
};

use super::cipher;

/// Times of one tap and of its cipher work.
pub struct Figures {
    /// Profile of the cards.
    pub profile: &'static str,
    /// Best time of a tap.
    pub tap: Duration,
    /// Best time of the bare cipher work.
    pub ciphers: Duration,
}

impl Figures {
    /// Tap over cipher work.
    pub fn ratio(&self) -> f64 {
        self.tap.as_secs_f64() / self.ciphers.as_secs_f64()
    }

    /// Taps per second.
    pub fn rate(&self) -> f64 {
        1.0 / self.tap.as_secs_f64()
    }
}

/// Cards that go through the gate; more than any cache of keys holds.
const CARDS: u32 = 512;
/// 2026-11-22T12:34:56.
const NOW: Timestamp = Timestamp::from_seconds(1_795_350_896);

/// Measures in and out of the metro with cards of `profile` and the PSAM profile `psam` for about
/// `budget`.
pub fn measure(profile: &'static str, psam: &str, budget: Duration) -> Result<Figures, String> {
    let psam = Profile::find(psam).map_err(|error| error.to_string())?;
    let cards = Profile::find(profile).map_err(|error| error.to_string())?;
    let mut module = VirtualCard::volatile(made(&psam, &psam.serial)?);
    let places: Vec<SelectBy> =
        psam.directories.iter().skip(1).map(|directory| SelectBy::Fid(directory.fid)).collect();
    let module = CardPsam::open(&mut module, &cards, &places).map_err(|error| error.to_string())?;
    let public = cards.public_content(&cards.serial);
    let city = public.get(2..).and_then(|code| code.first_chunk()).copied().unwrap_or_default();
    let site = Site { city, institution: [0x11; 8], stop: Stop { line: 1, station: 1 } };
    let mut engine = Engine::new(Box::new(module), None, site);
    let ways = [program("tunion-metro-entry", &cards)?, program("tunion-metro-exit", &cards)?];
    let mut fleet = (0..CARDS)
        .map(|number| {
            let [.., a, b, c, d] = number.to_be_bytes();
            let mut card = VirtualCard::volatile(made(&cards, &[0x99, 0x99, 0, 0, a, b, c, d])?);
            card.set("ep.balance", "900.00").map_err(|error| error.to_string())?;
            Ok(card)
        })
        .collect::<Result<Vec<VirtualCard>, String>>()?;
    let suite = cards.rules.suite;
    let mut figures = Figures { profile, tap: Duration::MAX, ciphers: Duration::MAX };
    let start = Instant::now();
    // Every pair of rounds costs each card a fare, so it can go on for a hundred.
    for _ in 0..100 {
        for way in &ways {
            let round = Instant::now();
            for card in &mut fleet {
                through(&mut engine, way, card)?;
            }
            figures.tap = figures.tap.min(round.elapsed() / CARDS);
        }
        let round = Instant::now();
        for seed in 0..CARDS {
            black_box(cipher::one_tap(suite, black_box(seed as u8)));
        }
        figures.ciphers = figures.ciphers.min(round.elapsed() / CARDS);
        if start.elapsed() > budget {
            break;
        }
    }
    Ok(figures)
}

fn through(engine: &mut Engine<'_>, way: &Program, card: &mut VirtualCard) -> Result<(), String> {
    card.reset().map_err(|error| error.to_string())?;
    let order = Order::default();
    match engine.tap(way, &order, NOW, card, &mut Unkept) {
        Ok(Outcome::Accepted) => Ok(()),
        Ok(other) => Err(format!("a tap of the measurement ended with {other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn program(flow: &str, profile: &Arc<Profile>) -> Result<Program, String> {
    let flow = Flow::find(flow).map_err(|error| error.to_string())?;
    Program::new(flow, profile.clone()).map_err(|error| error.to_string())
}

fn made(profile: &Arc<Profile>, serial: &[u8; 8]) -> Result<emulator::Card, String> {
    let maker = CardMaker::new(profile.clone()).map_err(|error| error.to_string())?;
    maker.card(serial, &LabKeys(profile), 1).map_err(|error| error.to_string())
}

/// Books that keep nothing: what a terminal writes down is its owner's time.
struct Unkept;

impl Ledger for Unkept {
    fn keep(&mut self, open: &Open<'_>) -> Result<(), LedgerError> {
        black_box(open);
        Ok(())
    }

    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError> {
        black_box(record);
        Ok(())
    }

    fn refusal(&mut self, record: &RefusalRecord) -> Result<(), LedgerError> {
        black_box(record);
        Ok(())
    }
}
