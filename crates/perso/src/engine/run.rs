//! The loop that does what the machine says.

use link::{CardTransport, LinkError};
use purse::Language;

use super::{
    Check, Choice, Do, Entry, Event, KeyLine, Machine, Outline, Serial, Sighting, Start, Tally,
    Told, Trouble, Wanted,
};
use crate::journal::JournalError;
use crate::order::CardOrder;
use crate::work::TalkError;

/// Where cards come from: a reader, or a maker of virtual cards.
pub trait CardSource {
    /// Waits a short while for a card, so that a person can be heard in between. `settled` tells the
    /// UIDs of cards that there is nothing more to do with.
    ///
    /// # Errors
    /// The reader or its service.
    fn wait(
        &mut self,
        wanted: &Wanted,
        settled: &dyn Fn(&str) -> bool,
    ) -> Result<Arrival, SourceError>;

    /// UID of the card that is in, asked again: it may be another one by now.
    ///
    /// # Errors
    /// The reader or its service, or no card.
    fn uid(&mut self) -> Result<Option<String>, LinkError>;

    /// The card that arrived.
    fn card(&mut self) -> &mut dyn CardTransport;

    /// Makes a virtual card in place of one that arrives, in this state beyond its contents: pairs
    /// as `--set` takes them. It is the card that is in, then.
    ///
    /// # Errors
    /// A source of real cards makes none: that is a bug of whoever asks it. With
    /// [`SourceError::Occupied`] something that is not ours stands in its place.
    fn press(
        &mut self,
        _order: &CardOrder,
        _settings: &[(String, String)],
        _replace: Replace,
    ) -> Result<(), SourceError> {
        Err(SourceError::Other("this source makes no virtual cards".into()))
    }

    /// Sets more of the virtual card that was made.
    ///
    /// # Errors
    /// A source of real cards sets nothing: that is a bug of whoever asks it.
    fn set(&mut self, _settings: &[(String, String)]) -> Result<(), SourceError> {
        Err(SourceError::Other("this source sets nothing of its cards".into()))
    }

    /// Waits a short while for the card to be taken away; whether it is.
    ///
    /// # Errors
    /// The reader or its service.
    fn take_away(&mut self) -> Result<bool, SourceError>;

    /// Whether its cards can come back in a later run.
    fn returning(&self) -> Returning;
}

/// What a short wait for a card gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// None yet.
    NotYet,
    /// A card; its UID, where the reader tells.
    Card(Option<String>),
    /// There will be no more.
    NoMore,
}

/// Whether cards can come back in a later run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returning {
    /// They can.
    Can,
    /// They end with this process.
    Never,
}

/// Whether what stands in the way may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It may not.
    Never,
    /// An interrupted run made it.
    OwnLeftover,
}

/// Why a source gives no cards.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The link to the reader.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Something that is not ours stands where a card was to be made. Nothing was made.
    #[error("{0}")]
    Occupied(Box<dyn std::error::Error + Send + Sync>),
    /// Anything else; with what to do.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Who works on cards: knows the commands and the keys.
pub trait Workshop: Titles {
    /// Itself, as one who says what steps do.
    fn titles(&self) -> &dyn Titles;

    /// Makes ready for a serial.
    ///
    /// # Errors
    /// What ends the run: keys that cannot be had.
    fn prepare(&mut self, serial: Serial) -> Result<Outline, WorkError>;

    /// Resets the card and says what it is. Nothing is written and no try of a key spent.
    ///
    /// # Errors
    /// [`Trouble`].
    fn look(&mut self, source: &mut dyn CardSource, uid: Option<&str>)
    -> Result<Sighting, Trouble>;

    /// Resets the card and brings it to where it can go on: at which step.
    ///
    /// # Errors
    /// [`ApproachError`].
    fn approach(
        &mut self,
        source: &mut dyn CardSource,
        serial: Serial,
        start: Start,
    ) -> Result<u32, ApproachError>;

    /// Takes a step. `again`: it may have been taken before.
    ///
    /// # Errors
    /// What ends the run.
    fn step(
        &mut self,
        source: &mut dyn CardSource,
        serial: Serial,
        at: u32,
        again: Again,
    ) -> Result<StepReport, WorkError>;
}

/// Whether a step may have been taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It was not.
    First,
    /// It may have been.
    Maybe,
}

/// Why a card cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum ApproachError {
    /// It is not the card that was begun, or no blank one.
    #[error("{why}")]
    NotThisCard {
        /// Why not.
        why: String,
        /// A key of it has one try left now.
        last_try: bool,
    },
    /// It is blank, and not the one that was begun.
    #[error("a blank card")]
    Blank,
    /// The card.
    #[error("{}", .0.text())]
    Trouble(Trouble),
    /// What ends the run.
    #[error(transparent)]
    Work(#[from] WorkError),
}

/// Why no card at all can be worked on.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Keys that cannot be had.
    #[error(transparent)]
    Keys(#[from] crypto::custody::CustodyError),
    /// A card that cannot be made; with what to do.
    #[error("{0}")]
    Order(String),
    /// The source of cards.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// What came of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Commands sent.
    pub apdus: u32,
    /// What was checked.
    pub checks: Vec<Check>,
    /// The checks are of the whole card, and take the place of earlier ones.
    pub whole: bool,
    /// Keys by their check values.
    pub keys: Vec<KeyLine>,
    /// Why it was not taken; `None` where it was.
    pub trouble: Option<Trouble>,
}

/// Where entries are kept.
pub trait Ledger {
    /// Keeps entries, all or none; with [`Lasting::Power`] they are on the disk when it returns.
    ///
    /// # Errors
    /// [`JournalError`]; what was kept before is still there.
    fn keep(&mut self, entries: &[Entry], lasting: Lasting) -> Result<(), JournalError>;
}

/// How long what is kept must last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Beyond the end of this process.
    Process,
    /// Beyond a loss of power.
    Power,
}

/// Says what a step does.
pub trait Titles {
    /// The step of the work that was prepared last.
    fn title(&self, at: u32, language: Language) -> String;
}

/// Who watches and decides.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: &Event, tally: &Tally, titles: &dyn Titles);

    /// What the person wants now.
    fn choice(&mut self) -> Choice;
}

/// Tells the time: seconds since 1970 (UTC).
pub trait Clock {
    /// Now.
    fn seconds(&mut self) -> u64;
}

impl<F: FnMut() -> u64> Clock for F {
    fn seconds(&mut self) -> u64 {
        self()
    }
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The source of cards.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Keys, or a card that cannot be made.
    #[error(transparent)]
    Work(#[from] WorkError),
}

/// Everything a run works with.
pub struct Hands<'h> {
    /// Where cards come from.
    pub source: &'h mut dyn CardSource,
    /// Who works on them.
    pub workshop: &'h mut dyn Workshop,
    /// Where it is written down.
    pub ledger: &'h mut dyn Ledger,
    /// Who watches.
    pub observer: &'h mut dyn Observer,
    /// What time it is.
    pub clock: &'h mut dyn Clock,
    /// Who works, for the records.
    pub operator: Option<&'h str>,
}

/// Runs the machine to its end.
///
/// # Errors
/// [`RunError`]; the journal has everything that was done.
pub fn run(machine: &mut Machine, mut hands: Hands<'_>) -> Result<Tally, RunError> {
    if hands.source.returning() == Returning::Never {
        machine.release_begun();
    }
    machine.set_operator(hands.operator);
    loop {
        machine.set_time(hands.clock.seconds());
        machine.choose(hands.observer.choice());
        let next = machine.ask();
        hands.tell(machine);
        if next == Do::End {
            return Ok(machine.tally());
        }
        if let Some(told) = hands.perform(machine, next)? {
            machine.tell(told);
        }
        hands.tell(machine);
    }
}

impl Hands<'_> {
    /// Passes on what happened.
    fn tell(&mut self, machine: &mut Machine) {
        let events: Vec<Event> = machine.events().collect();
        if !events.is_empty() {
            let tally = machine.tally();
            for event in &events {
                self.observer.event(event, &tally, self.workshop.titles());
            }
        }
    }

    /// Says what the card is that is in now.
    fn look(&mut self) -> Result<Result<Sighting, Trouble>, RunError> {
        match self.source.uid().map_err(TalkError::from) {
            Ok(uid) => Ok(self.workshop.look(self.source, uid.as_deref())),
            Err(error) => Ok(Err(error.trouble()?)),
        }
    }

    /// Does it; `None` where nothing came of it yet.
    fn perform(&mut self, machine: &mut Machine, what: Do) -> Result<Option<Told>, RunError> {
        Ok(Some(match what {
            Do::Await(wanted) => match self.source.wait(&wanted, &|uid| machine.is_settled(uid))? {
                Arrival::NotYet => return Ok(None),
                Arrival::NoMore => Told::NoMoreCards,
                Arrival::Card(uid) => Told::Arrived(uid),
            },
            Do::Look => match self.look()? {
                Ok(sighting) => Told::Seen(sighting),
                Err(trouble) => Told::Failed(trouble),
            },
            Do::Prepare(serial) => Told::Prepared(self.workshop.prepare(serial)?),
            Do::Approach { serial, start } => {
                match self.workshop.approach(self.source, serial, start) {
                    Ok(at) => Told::Approached(at),
                    Err(ApproachError::NotThisCard { why, last_try }) => {
                        Told::NotThisCard { why, last_try }
                    }
                    Err(ApproachError::Blank) => Told::Blank,
                    Err(ApproachError::Trouble(trouble)) => Told::Failed(trouble),
                    Err(ApproachError::Work(error)) => return Err(error.into()),
                }
            }
            Do::Step { serial, at, again } => {
                let again = if again { Again::Maybe } else { Again::First };
                let step = self.workshop.step(self.source, serial, at, again);
                if let Err(WorkError::Source(SourceError::Occupied(_))) = &step {
                    // A later run must not take what stands there for what this one left behind.
                    self.ledger.keep(&[Entry::Released(serial)], Lasting::Power)?;
                }
                let mut report = step?;
                let trouble = report.trouble.take();
                machine.note(report);
                trouble.map_or(Told::Stepped, Told::Failed)
            }
            Do::Keep { entries, sync } => {
                let lasting = if sync { Lasting::Power } else { Lasting::Process };
                self.ledger.keep(&entries, lasting)?;
                Told::Kept
            }
            Do::TakeAway => {
                if !self.source.take_away()? {
                    return Ok(None);
                }
                Told::Gone
            }
            Do::End => return Ok(None),
        }))
    }
}
