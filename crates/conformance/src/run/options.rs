//! What of a suite is run, and how.

use std::time::Duration;

use super::Partition;

/// What of a suite is run, and how. The default runs everything once, in the order of the files.
#[derive(Clone, Debug)]
pub struct Options {
    /// In which order.
    pub order: Order,
    /// Only these cases, by id or by id without parameters; all where it is empty.
    pub only: Vec<String>,
    /// Only cases with this text in their id, purpose, rules or wrong cards, in either case.
    pub containing: Option<String>,
    /// Only this part.
    pub partition: Option<Partition>,
    /// Cases that may lock a real card for good or use up tries.
    pub destructive: Destructive,
    /// When to stop.
    pub stop: Stop,
    /// How often a case that did not pass is tried again.
    pub retries: u32,
    /// What of the exchanges is kept.
    pub trace: Trace,
    /// How long a card that fell silent or was pulled is waited for.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            order: Order::Written,
            only: Vec::new(),
            containing: None,
            partition: None,
            destructive: Destructive::Skipped,
            stop: Stop::AtEnd,
            retries: 0,
            trace: Trace::All,
            patience: Duration::from_secs(5),
        }
    }
}

/// In which order cases are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they are given.
    Written,
    /// Shuffled; the same seed gives the same order.
    Shuffled(u64),
}

/// Cases that may lock something for good or use up tries. With a hand at the card they are run: it
/// is taken back to its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destructive {
    /// Not run.
    Skipped,
    /// Run.
    Run,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At the end.
    AtEnd,
    /// At the first case that fails or breaks.
    AtFirstFailure,
}

/// What of the exchanges is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Those of all cases.
    All,
    /// Those of cases that did not pass.
    Failures,
}
