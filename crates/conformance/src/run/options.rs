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
    /// At which of the writes that a case tears power is lost.
    pub tears: Tears,
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
            tears: Tears::Every,
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

/// At which memory writes power is lost where a case says `tear = "every-write"`. A PC/SC reader takes
/// about a second to find its card again, and a purchase has some hundred places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tears {
    /// At each, and at each of the recovery after it.
    Every,
    /// At so many of each command, evenly spread with the first and the last among them, and not in
    /// the recovery.
    Spread(u32),
}

impl Tears {
    /// Whether power is lost at write `write`, from 1, of `writes`.
    pub(super) fn at(self, write: u64, writes: u64) -> bool {
        match self {
            Self::Every => true,
            Self::Spread(0) => false,
            Self::Spread(1) => write == writes,
            // Whether a point of the spread lies between this write and the one before.
            Self::Spread(count) => {
                let (count, first) = (u64::from(count), write.saturating_sub(1));
                let points = |up_to: u64| up_to * (count - 1) / writes.saturating_sub(1).max(1);
                first == 0 || points(first) > points(first - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_many_writes_are_torn_as_asked_the_first_and_the_last_among_them(
            writes in 1_u64..300,
            count in 2_u32..40,
        ) {
            let torn: Vec<u64> =
                (1..=writes).filter(|write| Tears::Spread(count).at(*write, writes)).collect();
            prop_assert_eq!(torn.len() as u64, writes.min(u64::from(count)));
            prop_assert_eq!((torn.first(), torn.last()), (Some(&1), Some(&writes)));
        }
    }
}
