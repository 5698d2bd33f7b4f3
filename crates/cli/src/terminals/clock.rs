//! The terminal's clock: the system's, or one that starts where it is told to.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use terminal::Timestamp;

/// Options of the clock.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ClockArgs {
    /// Start of the clock, such as 2026-11-22T12:34:56 [default: the system's time].
    #[arg(long, value_name = "ISO")]
    time: Option<Timestamp>,
    /// Hours that the system's time is ahead of UTC where the cards are used.
    #[arg(long, value_name = "HOURS", default_value_t = BEIJING, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-12..=14))]
    utc_offset: i64,
}

/// All of China has the time of Beijing.
const BEIJING: i64 = 8;

/// A clock that runs.
#[derive(Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
}

impl ClockArgs {
    /// Starts it.
    pub fn start(self) -> Clock {
        let start = self.time.unwrap_or_else(|| {
            let seconds =
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            Timestamp::from_seconds(seconds.saturating_add_signed(self.utc_offset * 3600))
        });
        Clock { start, began: Instant::now() }
    }
}

impl Clock {
    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed().as_secs())
    }
}
