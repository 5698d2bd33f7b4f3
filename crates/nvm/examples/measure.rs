//! Prints what the memory costs on this machine:
//! `cargo run --release -p nvm --example measure`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use nvm::image::{CardImage, Durability};
use nvm::{Nvm, NvmError};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const ROUNDS: u32 = 2_000_000;

fn main() -> Outcome {
    println!("processor: {}", processor());
    println!("size_of::<Nvm>() = {} bytes", size_of::<Nvm>());
    for kib in [4, 64, 256, 1024, 16 * 1024] {
        println!("memory of {kib} KiB");
        measure(kib * 1024)?;
    }
    measure_image()?;
    Ok(())
}

fn measure(size: u32) -> Outcome {
    let mut card = filled(size)?;
    report("read 4 bytes, one field", ROUNDS, |_| {
        black_box(card.be32(black_box(0x123)))?;
        Ok(())
    })?;
    report("read 4 bytes, all over", ROUNDS, |round| {
        black_box(card.be32(round.wrapping_mul(2_654_435_761) % (size - 4)))?;
        Ok(())
    })?;
    report("put of 4 bytes, no transaction", ROUNDS, |round| {
        Ok(card.put(0x120, &round.to_be_bytes())?)
    })?;
    report("begin, put 4 + 12 + 30, commit", ROUNDS, |round| Ok(transaction(&mut card, round)?))?;
    report("fork and drop", ROUNDS, |_| {
        black_box(card.fork());
        Ok(())
    })?;
    let base = card.fork();
    report("fork, one transaction, drop", ROUNDS / 10, |round| {
        Ok(transaction(&mut base.fork(), round)?)
    })?;
    let fork = base.fork();
    println!("  {:<34} {:>8} bytes", "a fork", fork.heap_bytes_apart_from(&base));
    let mut fork = base.fork();
    transaction(&mut fork, 7)?;
    let apart = fork.heap_bytes_apart_from(&base);
    println!("  {:<34} {apart:>8} bytes", "a fork after one transaction");
    Ok(())
}

fn measure_image() -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("card");
    let mut card = filled(64 * 1024)?;
    println!("image of a 64 KiB card in {}", directory.path().display());
    let mut image = CardImage::create(&path, &card, b"meta", Durability::Process)?;
    println!("  {:<34} {:>8} bytes", "a new image", std::fs::metadata(&path)?.len());
    transaction(&mut card, 1)?;
    let before = std::fs::metadata(&path)?.len();
    image.persist(&card, b"meta")?;
    let record = std::fs::metadata(&path)?.len() - before;
    println!("  {:<34} {record:>8} bytes", "the record of one transaction");
    report("persist, nothing changed", ROUNDS / 10, |_| Ok(image.persist(&card, b"meta")?))?;
    report("transaction and persist", ROUNDS / 100, |round| {
        transaction(&mut card, round)?;
        Ok(image.persist(&card, b"meta")?)
    })?;
    Ok(())
}

/// Like a debit: a balance, a counter and a record that lies elsewhere.
fn transaction(card: &mut Nvm, round: u32) -> Result<(), NvmError> {
    card.begin()?;
    card.put(0x120, &round.to_be_bytes())?;
    card.put(0x140, &[round as u8; 12])?;
    card.put(0x910, &[round as u8; 30])?;
    card.commit()
}

fn filled(size: u32) -> Result<Nvm, NvmError> {
    let mut card = Nvm::new(size);
    for page in 0..size / 256 {
        card.put(page * 256, &[page as u8 | 1; 256])?;
    }
    Ok(card)
}

/// The best of five runs, per round.
fn report(what: &str, rounds: u32, mut once: impl FnMut(u32) -> Outcome) -> Outcome {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        (0..rounds / 5).try_for_each(&mut once)?;
        best = best.min(start.elapsed());
    }
    println!("  {what:<34} {:>8.1} ns", best.as_nanos() as f64 / f64::from(rounds / 5));
    Ok(())
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown".into(), |(_, name)| name.into())
}
