//! One in-process EP purchase against the cipher work it must do.
//!
//! The same seed gives the same bytes, so the commands are recorded once on a fork of the card,
//! with a terminal that makes the MACs; only their replay on another fork is timed. Both sides of
//! the ratio alternate within one run, and each counts by its best round.

use std::hint::black_box;
use std::time::{Duration, Instant};

use applet_spec::{KeyKind, KeySpec, Profile, PurseKind};
use crypto::{BlockCipher, SessionKey};
use emulator::{Card, CardMaker, LabKeys, MasterKeys};
use purse::answer::PurchaseInitialized;
use purse::mac::{self, Moment};
use purse::{
    Amount, Date, Debit, Initialize, PurseCommand, TerminalId, TerminalSerial, Time,
    TransactionType,
};

use super::cipher;

/// Times of one purchase and of its cipher work.
pub struct Figures {
    /// Profile measured.
    pub profile: &'static str,
    /// Its version.
    pub version: String,
    /// Best time of a purchase (INITIALIZE and DEBIT).
    pub purchase: Duration,
    /// Best time of the bare cipher work.
    pub ciphers: Duration,
}

/// Purchases per round; the offline serial allows 65535.
const PURCHASES: u32 = 1_000;

impl Figures {
    /// Purchase over cipher work.
    pub fn ratio(&self) -> f64 {
        self.purchase.as_secs_f64() / self.ciphers.as_secs_f64()
    }
}

/// Measures `profile` for about `budget`.
pub fn measure(profile: &'static str, budget: Duration) -> Result<Figures, String> {
    let (card, commands) = record(profile)?;
    let suite = card.system().profile.rules.suite;
    let version = card.system().profile.version.clone();
    let mut figures = Figures { profile, version, purchase: Duration::MAX, ciphers: Duration::MAX };
    let start = Instant::now();
    while start.elapsed() < budget {
        let mut replayed = card.fork();
        let round = Instant::now();
        for command in &commands {
            black_box(replayed.transmit(command));
        }
        figures.purchase = figures.purchase.min(round.elapsed() / PURCHASES);
        check(&mut replayed)?;
        let round = Instant::now();
        for seed in 0..PURCHASES {
            black_box(cipher::one_purchase(suite, black_box(seed as u8)));
        }
        figures.ciphers = figures.ciphers.min(round.elapsed() / PURCHASES);
    }
    Ok(figures)
}

/// A loaded card with its application selected, and the commands of [`PURCHASES`] purchases.
fn record(name: &str) -> Result<(Card, Vec<Vec<u8>>), String> {
    let text = |what: &str| format!("profile {name}: {what}");
    let profile = Profile::built_in(name).ok_or_else(|| text("unknown"))?.clone();
    let directory = profile.application().ok_or_else(|| text("no application"))?;
    let factors = profile.factors_for(&profile.serial);
    let is_purchase = |key: &&KeySpec| key.kind == KeyKind::Purchase && key.index == 1;
    let spec = directory.keys.iter().find(is_purchase).ok_or_else(|| text("no purchase key 01"))?;
    let key = LabKeys(&profile).card_key(directory, spec, &factors);
    let key = BlockCipher::new(spec.suite, &key.map_err(|error| error.to_string())?);
    let maker = CardMaker::new(profile.clone()).map_err(|error| error.to_string())?;
    let mut card = maker.lab_card(1).map_err(|error| error.to_string())?;
    card.power_on();
    emulator::native::settings::set(card.memory_mut(), "ep.balance", "100000.00")
        .map_err(|error| error.to_string())?;
    let mut select = vec![0x00, 0xA4, 0x04, 0x00, directory.name.len() as u8];
    select.extend_from_slice(&directory.name);
    card.transmit(&select);
    let mut recorder = card.fork();
    let mut commands = Vec::new();
    let terminal = TerminalId([1; 6]);
    let (date, time) = (Date([0x20, 0x26, 1, 1]), Time([0x12, 0, 0]));
    for serial in 0..PURCHASES {
        let amount = Amount(1);
        let begin = Initialize { purse: PurseKind::Purse, key: 1, amount, terminal };
        let begin = bytes(&PurseCommand::InitializeForPurchase(begin))?;
        let answer = recorder.transmit(&begin);
        let answer = answer.get(..PurchaseInitialized::LENGTH).unwrap_or_default();
        let answer =
            PurchaseInitialized::parse(answer).map_err(|error| text(&error.to_string()))?;
        let terminal_serial = TerminalSerial(serial.to_be_bytes());
        let input = mac::offline_session_input(answer.random, answer.serial, terminal_serial);
        let session = SessionKey::derive(spec.suite, &key, &input);
        let transaction_type = TransactionType::PursePurchase;
        let moment = Moment { transaction_type, terminal, date, time };
        let mac1 = session.mac(mac::purchase_mac1(amount, &moment, None).as_bytes());
        let debit =
            bytes(&PurseCommand::DebitForPurchase(Debit { terminal_serial, date, time, mac1 }))?;
        recorder.transmit(&debit);
        commands.extend([begin, debit]);
    }
    check(&mut recorder)?;
    Ok((card, commands))
}

/// All purchases were made, each by one fen.
fn check(card: &mut Card) -> Result<(), String> {
    let expected = 10_000_000 - PURCHASES;
    let answer = card.transmit(&[0x80, 0x5C, 0x00, 0x02, 0x04]);
    if answer.starts_with(&expected.to_be_bytes()) {
        return Ok(());
    }
    Err("the replayed purchases did not all succeed".to_owned())
}

fn bytes(command: &PurseCommand) -> Result<Vec<u8>, String> {
    command.to_apdu().to_bytes().map_err(|error| error.to_string())
}
