//! What a run does where there is a choice.

use crate::job::Policy;

/// When the journal is written, and when it is synced to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Real readers: written and synced before and after each irreversible APDU. A power loss at any
    /// instant leaves the journal knowing how far the card is.
    EachApdu,
    /// Virtual cards kept in files: marked at each irreversible APDU, synced once per card. The end
    /// of this program at any instant leaves the journal knowing how far the card is.
    EachCard,
    /// Virtual cards that end with this process: written and synced once per card.
    EachCardOnly,
}

impl SyncPolicy {
    /// Whether the journal is written at each irreversible APDU.
    pub const fn writes_steps(self) -> bool {
        matches!(self, Self::EachApdu | Self::EachCard)
    }

    /// Whether what is written at each irreversible APDU is synced at once.
    pub const fn syncs_steps(self) -> bool {
        matches!(self, Self::EachApdu)
    }
}

/// What a run does where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPolicy {
    /// Cards that are not blank, and retries.
    pub cards: Policy,
    /// The journal.
    pub sync: SyncPolicy,
    /// Cards that this batch rejected are tried again.
    pub retry_rejected: bool,
    /// Most cards that are made in this run.
    pub limit: Option<u32>,
    /// The last try of a key or PIN.
    pub last_try: LastTry,
}

/// The last try of a key or PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    /// It is never spent.
    Keep,
    /// It may be: the person said so.
    Spend,
}

/// What the person at the reader decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    None,
    /// Leave this serial out for now.
    Skip,
    /// Try the card again.
    Retry,
    /// Finish the card that is in and end.
    Finish,
    /// End after the APDU that is under way; the state is kept.
    Stop,
}
