//! A batch of native cards, built by commands on blank ones in this process and fully verified, with
//! its journal on the disk: synced once per card, as for virtual cards, and before and after each
//! irreversible APDU, as for cards in readers.

use std::path::Path;
use std::time::{Duration, Instant};

use perso::batch::Batch;
use perso::engine::{
    Choice, Event, Hands, LastTry, Machine, Observer, RunPolicy, SyncPolicy, Tally, Titles,
};
use perso::job::Job;
use perso::journal::Journal;
use perso::work::{FmcosWorkshop, Moment};

use crate::perso::source::Blanks;

/// What batches cost.
pub struct Figures {
    /// Cards that were made with one sync each.
    pub cards: u32,
    /// Time of one of them.
    pub card: Duration,
    /// Time of a card whose journal is synced at each irreversible APDU.
    pub synced: Duration,
}

impl Figures {
    /// Cards per second.
    pub fn rate(&self) -> f64 {
        1.0 / self.card.as_secs_f64()
    }

    /// What syncing at each irreversible APDU costs: one card over another.
    pub fn ratio(&self) -> f64 {
        self.synced.as_secs_f64() / self.card.as_secs_f64()
    }
}

/// 2026-11-22T12:34:56, in UTC.
const NOW: u64 = 1_795_350_896;
/// Cards with a sync at each irreversible APDU: enough to tell what one costs.
const SYNCED: u32 = 50;

/// Makes this many cards of `fmcos-ep` on `fmcos-blank`, then fewer with all syncs.
pub fn measure(cards: u32) -> Result<Figures, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let once = made(cards, SyncPolicy::EachCardOnly, &folder.path().join("once"))?;
    let few = cards.min(SYNCED);
    let each = made(few, SyncPolicy::EachApdu, &folder.path().join("each"))?;
    Ok(Figures { cards, card: once / cards, synced: each / few })
}

/// The time that a batch takes from its first card to its last.
fn made(cards: u32, sync: SyncPolicy, journal: &Path) -> Result<Duration, String> {
    let text = format!(
        "name = \"bench\"\ntarget = \"fmcos\"\nprofile = \"fmcos-ep\"\ncount = {cards}\n\
         [serial]\nprefix = \"99990000\"\nstart = 1\n[defaults]\nbalance = \"50.00\"\n\
         [verify]\ntransaction = \"0.01\"\n"
    );
    let job = Job::parse(text.as_bytes(), Path::new("bench.toml")).map_err(words)?;
    let batch = Batch::assemble(job, text.into_bytes(), Vec::new(), NOW).map_err(words)?;
    let custody = batch.profile.lab_custody();
    let blank = batch.blank.clone().ok_or("the batch names no blank cards")?;
    let mut source = Blanks::volatile(&blank).map_err(words)?;
    let mut ledger = Journal::create(journal, &batch.binding(NOW)).map_err(words)?;
    let (date, time) = batch.moment();
    let moment = Moment { terminal: batch.job.transactions.terminal, date, time };
    let mut workshop =
        FmcosWorkshop::new(&batch, &custody, moment, LastTry::Keep).map_err(words)?;
    let policy = RunPolicy {
        cards: batch.job.policy,
        sync,
        retry_rejected: false,
        limit: None,
        last_try: LastTry::Keep,
    };
    let held = perso::journal::Held::default();
    let mut machine = Machine::new(batch.serials(), held.records, held.refused, policy);
    let start = Instant::now();
    let hands = Hands {
        source: &mut source,
        workshop: &mut workshop,
        ledger: &mut ledger,
        observer: &mut Nobody,
        clock: &mut || NOW,
        operator: None,
    };
    let tally = perso::engine::run(&mut machine, hands).map_err(words)?;
    let taken = start.elapsed();
    if tally.passed_now == cards {
        return Ok(taken);
    }
    Err(format!("of {cards} cards of the measurement {} passed", tally.passed_now))
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Nobody looks on.
struct Nobody;

impl Observer for Nobody {
    fn event(&mut self, _: &Event, _: &Tally, _: &dyn Titles) {}

    fn choice(&mut self) -> Choice {
        Choice::None
    }
}
