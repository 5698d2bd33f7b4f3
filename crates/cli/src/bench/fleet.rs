//! Forks and fleets: what a copy of a card costs, and a hundred thousand cards at once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use applet_spec::Profile;
use emulator::{Card, CardMaker, LabKeys};

/// Cost of a fork.
pub struct Fork {
    /// Best time of one fork.
    pub time: Duration,
    /// Bytes of a fork that has not diverged: the card's own, and memory it does not share.
    pub bytes: usize,
}

/// Cost of many personalised cards.
pub struct Fleet {
    /// Cards made, each with its own serial and keys.
    pub cards: usize,
    /// Growth of the process's resident memory; `None` where the system does not tell.
    pub resident: Option<u64>,
    /// Time to personalise all of them.
    pub time: Duration,
}

/// Measures forks of a personalised, powered card.
pub fn fork(profile: &str, budget: Duration) -> Result<Fork, String> {
    const ROUND: u32 = 10_000;
    let maker = maker(profile)?;
    let mut card = maker.lab_card(1).map_err(|error| error.to_string())?;
    card.power_on();
    let mut best = Duration::MAX;
    let start = Instant::now();
    while start.elapsed() < budget {
        let round = Instant::now();
        for _ in 0..ROUND {
            black_box(black_box(&card).fork());
        }
        best = best.min(round.elapsed() / ROUND);
    }
    let copy = card.fork();
    let bytes = size_of::<Card>() + copy.memory().heap_bytes_apart_from(card.memory());
    Ok(Fork { time: best, bytes })
}

/// Personalises `count` cards with distinct serials and keeps them all.
pub fn fleet(profile: &str, count: usize) -> Result<Fleet, String> {
    let maker = maker(profile)?;
    let profile = maker.system().profile.clone();
    let lab = LabKeys(&profile);
    let before = resident();
    let start = Instant::now();
    let mut cards = Vec::with_capacity(count);
    for number in 0..count as u64 {
        let serial = number.to_be_bytes();
        cards.push(maker.card(&serial, &lab, number).map_err(|error| error.to_string())?);
    }
    let time = start.elapsed();
    let resident = before.zip(resident()).map(|(before, after)| after.saturating_sub(before));
    black_box(&cards);
    Ok(Fleet { cards: cards.len(), resident, time })
}

fn maker(profile: &str) -> Result<CardMaker, String> {
    let profile = Profile::built_in(profile).ok_or("unknown profile")?.clone();
    CardMaker::new(profile).map_err(|error| error.to_string())
}

/// Resident bytes of this process, where /proc tells.
fn resident() -> Option<u64> {
    super::resident_bytes("VmRSS:")
}
